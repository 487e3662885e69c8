"""`countenance backup`: copies of the data: made, listed, deleted when their time is over."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, counted, table
from countenance.cli.asking import confirm
from countenance.cli.command import Call, command, group
from countenance.cli.exits import FINDINGS

if TYPE_CHECKING:
    from countenance.catalog.backups import Backup

backup = group("backup", "Copy the data, and see to it that copies go.")


@command(
    "make",
    of=backup,
    changes="writes a new folder in DIR; the library's list of backups",
    example="countenance backup make ~/backups --expires 14",
)
@click.argument("into", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--expires",
    "days",
    metavar="DAYS",
    type=click.IntRange(min=1),
    default=30,
    show_default=True,
    help="After so many days it is to be deleted, and with it what was erased since.",
)
def make(call: Call, into: Path, days: int) -> None:
    """
    Copy catalog, previews, evidence and settings as they stand now, while others work.

    The keys are not in it: back up their folder elsewhere, and more often.
    """
    with call.open() as library:
        done = library.back_up(into, days=days)
        at = library.now()
    document = {
        **_document(done.backup, at=at),
        "files": done.files,
        "bytes": done.bytes,
        "damaged": done.damaged,
    }
    text = [f"backed up {counted(done.files, 'file')} into {done.backup.location}"]
    text += [f"damaged, and not in it: {one}" for one in done.damaged]
    answer(call, document, text)
    if done.damaged:
        raise click.exceptions.Exit(FINDINGS)


@command("list", of=backup, changes="nothing", example="countenance backup list")
def list_backups(call: Call) -> None:
    """List the backups, those that are gone as well."""
    with call.open() as library:
        found, at = library.backups(), library.now()
    rows = [
        (one.id, f"{one.made_at:%Y-%m-%d}", f"{one.expires_at:%Y-%m-%d}", _state(one, at=at))
        for one in found
    ]
    lines = table(rows, heads=("BACKUP", "MADE", "EXPIRES", "STATE"))
    document = {"backups": [_document(one, at=at) for one in found]}
    answer(call, document, lines or ["there is no backup"])


@command(
    "prune",
    of=backup,
    changes="deletes the backups whose time is over, where they can be reached",
    example="countenance backup prune --yes",
)
@click.option("--dry-run", is_flag=True, help="Say what is due, and delete nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def prune(call: Call, *, dry_run: bool, yes: bool) -> None:
    """
    Delete the backups whose time is over, and what is left of those never finished.

    One that is due and cannot be reached is named, and the exit code is 6.
    """
    with call.open() as library:
        at = library.now()
        due = [one for one in library.backups() if _state(one, at=at) == "due"]
        if dry_run:
            document = {"dry_run": True, "due": [_document(one, at=at) for one in due]}
            answer(call, document, [f"due: {one.location}" for one in due] or ["nothing is due"])
            return
        if due:
            confirm(f"{counted(len(due), 'backup')} will be deleted. Go on?", yes=yes)
        done = library.prune_backups()
    document = {
        "dry_run": False,
        "due": [_document(one, at=at) for one in due],
        "gone": [one.id for one in done.gone],
        "unreachable": [one.id for one in done.unreachable],
    }
    text = [f"deleted: {one.location}" for one in done.gone]
    text += [
        f"due, and not to be reached: {one.id}, {one.location}; countenance backup gone {one.id}"
        for one in done.unreachable
    ]
    answer(call, document, text or ["nothing is due"])
    if done.unreachable:
        raise click.exceptions.Exit(FINDINGS)


@command(
    "gone",
    of=backup,
    changes="the library's list of backups: the one named counts as gone",
    example="countenance backup gone b_7q2m0c4x9v1ksz3d --reason 'the disk was shredded'",
)
@click.argument("which", metavar="ID")
@click.option(
    "--reason", metavar="TEXT", required=True, help="How it is known; at least 10 characters."
)
def gone(call: Call, which: str, reason: str) -> None:
    """Say that a backup is gone, where the program cannot see it."""
    with call.open() as library:
        ended = library.end_backup(which, reason=reason)
        at = library.now()
    answer(call, _document(ended, at=at), [f"{ended.id} is gone: {ended.reason}"])


# --------------------------------------------------------------------------------------------------


def _state(one: "Backup", *, at: datetime) -> str:
    if one.gone_at is not None:
        return "gone"
    return "due" if one.expires_at <= at else "kept"


def _document(one: "Backup", *, at: datetime) -> dict[str, object]:
    return {
        "id": one.id,
        "location": one.location,
        "made_at": one.made_at,
        "expires_at": one.expires_at,
        "state": _state(one, at=at),
        "gone_at": one.gone_at,
        "reason": one.reason,
        "ended_by": one.ended_by,
    }
