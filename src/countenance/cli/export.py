"""`countenance person export`: all that is held of somebody, written out for them."""

import json
from pathlib import Path

import click

from countenance.cli.answer import answer, say
from countenance.cli.command import Call, command
from countenance.cli.writing import write_new
from countenance.errors import Unavailable, UsageError

_EXPORTED = ("consent.jsonld", "consent.jws", "consent.txt")


@command(
    "export",
    changes="the log says that it was written; with --out, writes files into DIR that must not be "
    "there yet",
    example="countenance person export Ada --out ada",
)
@click.argument("who", metavar="ID")
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write consent.jsonld, consent.jws and consent.txt there, and picture-1.jpg and so on of "
    "what they chose to have kept. Else the JSON-LD to stdout.",
)
def export(call: Call, who: str, *, out: Path | None) -> None:
    """
    Write out all that is held of somebody, signed, for them. ID is a person's id or name.

    What they agreed to, where they appear, who received what and who looked for them.
    """
    if out is not None:
        _make_room(out)
    with call.open() as library:
        done = library.export(who)
    if out is None:
        click.echo(json.dumps(done.document, indent=2))
        return
    texts = (f"{json.dumps(done.document, indent=2)}\n", f"{done.jws}\n", done.words)
    for name, text in zip(_EXPORTED, texts, strict=True):
        write_new(out / name, text)
    pictures = [f"picture-{number}.jpg" for number in range(1, len(done.portraits) + 1)]
    for name, data in zip(pictures, done.portraits, strict=True):
        write_new(out / name, data)
    files = (*_EXPORTED, *pictures)
    document = {"person": done.person, "out": out, "files": files, "key": done.key}
    answer(call, document, [f"{out / name}" for name in files])
    say("these files are about one person: give them to that person, and keep no copy")


# --------------------------------------------------------------------------------------------------


def _make_room(out: Path) -> None:
    """Before anything is logged: the folder is there, and none of the files is."""
    for name in _EXPORTED:
        if (out / name).exists():
            raise UsageError(f"{out / name}: is there already")
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise Unavailable(f"{out}: cannot be made: {exc.strerror}") from exc
