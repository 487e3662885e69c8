"""`countenance upload`: keep pictures that have no other home."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from countenance.cli.adding import Granting, belonging, given_by, granted_whole
from countenance.cli.answer import answer, counted, last_day, table
from countenance.cli.arguments import FILE
from countenance.cli.command import Call, command
from countenance.cli.exits import IN_PART
from countenance.cli.progress import ProgressLine
from countenance.errors import Refused

if TYPE_CHECKING:
    from countenance.library import UploadDone


@command(
    "upload",
    changes="the vault, which keeps the pictures, and the library's list of sources; the files "
    "themselves stay where they are",
    example="countenance upload selfie.jpg probe.jpg --collection gala --granted-by Ada "
    "--until 2027-05-31",
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@granted_whole
def upload(call: Call, *, files: tuple[Path, ...], **granting: Unpack[Granting]) -> None:
    """
    Keep pictures that have no other home.

    They are copied into the library's own vault, under a grant for them; `countenance ingest` reads
    them there. Each file
    is taken whole or not at all; what is no picture, or too large for one, is refused with its
    reason, and makes the exit code 3, or 4 if nothing was taken. The same bytes again are kept
    once.
    """
    with call.open() as library, ProgressLine() as progress:
        done = library.upload(files, given_by(granting), **belonging(granting), progress=progress)
    answer(call, _document(done), _text(done))
    if not done.taken:
        raise click.exceptions.Exit(Refused.exit_code)
    if done.refused:
        raise click.exceptions.Exit(IN_PART)


# --------------------------------------------------------------------------------------------------


def _document(done: "UploadDone") -> dict[str, object]:
    added = done.added
    return {
        "source": None if added is None else added.source.id,
        "collection": None if added is None else added.collection.name,
        "grant": None if added is None else added.grant.id,
        "taken": [
            {"file": str(one.file), "locator": one.locator, "known": one.known}
            for one in done.taken
        ],
        "refused": [
            {"file": str(one.file), "reason": one.reason, "detail": one.message}
            for one in done.refused
        ],
    }


def _text(done: "UploadDone") -> Iterator[str]:
    known = sum(one.known for one in done.taken)
    yield f"{counted(len(done.taken), 'file')} taken" + (f", {known} known before" if known else "")
    if done.added is not None:
        grant = done.added.grant
        yield f"source {done.added.source.id}, collection {done.added.collection.name}"
        yield f"granted by {grant.granted_by} until {last_day(grant.until)}"
    if done.refused:
        yield f"{counted(len(done.refused), 'file')} not taken:"
        yield from table((f"  {one.reason}", str(one.file), one.message) for one in done.refused)
