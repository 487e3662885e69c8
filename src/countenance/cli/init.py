"""`countenance init`: make a library."""

from pathlib import Path

import click

from countenance.cli.answer import answer, say
from countenance.cli.command import Call, command
from countenance.errors import UsageError


@command(
    "init",
    changes="makes the folder DIR with a catalog and a vault, and beside it DIR.keys with the "
    "keys, readable by their owner only",
    example="countenance init gala",
)
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--catalog",
    metavar="ADDRESS",
    default="",
    help="PostgreSQL that keeps the catalog, such as postgresql://db.example/gala; of no database, "
    "a new one is made. Else the setting `catalog`, else a file.",
)
def init(call: Call, folder: Path | None, catalog: str) -> None:
    """
    Make a library.

    It stands in the folder DIR, or else where --library or COUNTENANCE_LIBRARY say, or else in the
    folder one stands in. No password is written down: PGPASSWORD has it, or ~/.pgpass.
    """
    from countenance.library import Library

    if folder is not None and call.folder is not None:
        raise UsageError("the library's folder is named twice, as DIR and with --library")
    call.folder = folder or call.folder
    settings = call.settings(**({"catalog": catalog} if catalog else {}))
    with Library.init(call.root, settings) as made:
        kept = made.catalog_address
    text = [f"made a library in {call.root}", f"its keys are in {settings.keys_dir}"]
    text += [f"its catalog is in {kept}"] if kept else []
    answer(call, {"library": call.root, "keys": settings.keys_dir, "catalog": kept or None}, text)
    say("keep a copy of the keys, but in no backup of the library: together they open everything")
    say("next: countenance source add folder LOCATION --granted-by WHO --until DATE")
