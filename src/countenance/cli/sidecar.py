"""`countenance sidecar`: who is in pictures, as files that other programs read."""

from pathlib import Path

import click

from countenance.cli.answer import answer, counted, say, table
from countenance.cli.arguments import SearchingPurpose
from countenance.cli.command import Call, command
from countenance.cli.exits import IN_PART
from countenance.cli.writing import write_new
from countenance.errors import Unavailable
from countenance.people.purpose import Purpose


@command(
    "sidecar",
    changes="the folder of --out: a new .xmp for each photo and film, named like it; and the audit "
    "log: who asked, for whom, and why",
    example="countenance sidecar Ada Bo --out sidecars",
)
@click.argument("people", metavar="PERSON...", nargs=-1, required=True)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    metavar="DIR",
    help="Where to: a folder for each source, and in it the source's own folders.",
)
@click.option(
    "--purpose",
    type=SearchingPurpose(),
    default=Purpose.FIND_ME.value,
    show_default=True,
    help="Why: find-me, for the person themselves, or staff-find.",
)
def sidecar(call: Call, people: tuple[str, ...], *, out: Path, purpose: Purpose) -> None:
    """
    Write who is in pictures into files beside them.

    For each photo and film that one of these people is in: regions of faces in a photo (MWG), times
    in a film (xmpDM), of these people and nobody else. Each is searched for, as find does: under a
    purpose, counted, logged. Whoever did not agree to that is in no file. What is unsure is left
    out. What was written is out of the library: a withdrawal does not reach it.
    """
    with call.open() as library:
        made = library.sidecars(people, purpose=purpose)
    paths = []
    for one in made.written:
        path = out.joinpath(*one.place)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise Unavailable(f"{path.parent}: cannot be made: {exc.strerror}") from exc
        write_new(path, one.document.decode())
        paths.append(path)
    skips = [{"locator": where, "reason": reason} for where, reason in made.skipped]
    document = {"written": paths, "unsure": made.unsure, "skips": skips}
    lines = [f"{counted(len(paths), 'sidecar')} written", *(f"  {path}" for path in paths)]
    lines += table((f"  {reason}", where) for where, reason in made.skipped)
    answer(call, document, lines)
    if made.unsure:
        say(f"{counted(made.unsure, 'unsure sighting')} left out: countenance sighting confirm ID")
    if made.skipped:
        raise click.exceptions.Exit(IN_PART)
