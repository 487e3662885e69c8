"""`countenance restore`: a library again, from a backup; who was erased since is not in it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, counted
from countenance.cli.asking import confirm
from countenance.cli.command import Call, command
from countenance.cli.exits import FINDINGS
from countenance.cli.progress import ProgressLine
from countenance.settings import load_settings

if TYPE_CHECKING:
    from countenance.keeping.restore import Restored

FOLDER = click.Path(file_okay=False, path_type=Path)


@command(
    "restore",
    changes="makes the library DIR; in the folder of keys, writes the journal and destroys the "
    "keys that nothing needs any more",
    example="countenance restore ~ --to gala --yes",
)
@click.argument(
    "backup", metavar="BACKUP", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option(
    "--to", metavar="DIR", type=FOLDER, required=True, help="A new folder, or an empty one."
)
@click.option(
    "--keys",
    metavar="KEYSDIR",
    type=FOLDER,
    help="The folder of the library's keys. Else the setting `keys_dir`.",
)
@click.option(
    "--catalog",
    metavar="ADDRESS",
    help="PostgreSQL that keeps the catalog, as for init. Else the setting `catalog`, else a file.",
)
@click.option("--dry-run", is_flag=True, help="Verify the backup, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def restore(
    call: Call,
    backup: Path,
    *,
    to: Path,
    keys: Path | None,
    catalog: str | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """
    Make a library again from a backup.

    What ended since the backup ends again before anybody can open it. What is lost is listed, and
    the exit code is 6 then. The library that was backed up, if it still is somewhere, opens no more
    with these keys. With --catalog a library moves into PostgreSQL, and without it out of it.
    """
    from countenance.library import Library

    manifest = Library.verify_backup(backup)
    which = f"{manifest.backup} of {manifest.made_at:%Y-%m-%d}"
    if dry_run:
        document = {"dry_run": True, "backup": manifest.backup, "library": to}
        answer(call, document, [f"{which}: {counted(len(manifest.files), 'file')}, sound"])
        return
    confirm(
        f"{which} becomes the library {to}; "
        "the one it was made of opens no more with these keys. Go on?",
        yes=yes,
    )
    with ProgressLine() as line:
        actor = call.settings().actor
        place = load_settings(to, given={"catalog": catalog} if catalog else {}).catalog
        done = Library.restore(*(backup, to), keys=keys, catalog=place, actor=actor, progress=line)
    document = {
        "dry_run": False,
        "backup": done.backup,
        "library": done.root,
        "entries": done.entries,
        "erased": done.erased,
        "revoked": sorted(done.revoked),
        "remaining": [
            {"act": one.act, "subject": one.subject, "said": one.said} for one in done.remaining
        ],
    }
    answer(call, document, _text(done))
    if done.remaining:
        raise click.exceptions.Exit(FINDINGS)


# --------------------------------------------------------------------------------------------------


def _text(done: "Restored") -> Iterator[str]:
    yield f"restored {done.backup} into {done.root}"
    if done.entries:
        entries = counted(done.entries, "entry", "entries")
        erased = counted(len(done.erased), "person", "people")
        yield f"{entries} of the log came after it; {erased} erased again"
    for one in done.remaining:
        yield f"{one.subject}: {one.said}"
