"""`countenance source`: the places pictures come from, and the grants they are read under."""

from typing import TYPE_CHECKING

import click

from countenance.cli.adding import add
from countenance.cli.answer import answer, counted, table
from countenance.cli.command import Call, command, group
from countenance.cli.exits import IN_PART
from countenance.cli.progress import ProgressLine
from countenance.cli.sources import (
    grant_in_words,
    grant_lines,
    say_unlisted,
    site_document,
    site_lines,
    source_document,
    unlisted_document,
)
from countenance.cli.stores import add_archive, add_bucket, add_iiif
from countenance.sources.source import SourceKind

if TYPE_CHECKING:
    from countenance.catalog.collections import Collection
    from countenance.library import Library
    from countenance.sources.source import Source

source = group("source", "Say where pictures come from, and who allows it.")
source.add_command(add)
for adding in (add_archive, add_bucket, add_iiif):
    add.add_command(adding)


@command("list", of=source, changes="nothing", example="countenance source list --json")
def list_sources(call: Call) -> None:
    """List the sources, each with the state of its grant."""
    with call.open() as library:
        at = library.now()
        known = {one.id: one for one in library.collections()}
        listed = [(one, known[one.collection], library.grants(one.id)) for one in library.sources()]
    document = {"sources": [source_document(*one, at=at) for one in listed]}
    rows = [
        (one.id, one.location, where.name, grant_in_words(grants, at=at))
        for one, where, grants in listed
    ]
    heads = ("SOURCE", "LOCATION", "COLLECTION", "GRANT")
    answer(call, document, table(rows, heads=heads) or ["there is no source yet"])


@command(
    "show",
    of=source,
    changes="nothing",
    example="countenance source show d_7q2m0c4x9v1ksz3d",
)
@click.argument("which", metavar="ID")
def show(call: Call, which: str) -> None:
    """Show a source: its grants, and which of its files could not be read, and why."""
    with call.open() as library:
        at = library.now()
        found, where = _look_up(library, which)
        grants, troubles = library.grants(found.id), library.troubles(found.id)
        site = library.site(found.id) if found.kind is SourceKind.SITE else None
    document = source_document(found, where, grants, at=at) | {
        "troubles": [
            {"locator": one.locator, "reason": one.reason, "detail": one.detail} for one in troubles
        ],
        "site": None if site is None else site_document(site),
    }
    text = [
        f"source {found.id}: {found.location}",
        f"collection {where.name}, recognition {'on' if where.recognises else 'off'}",
        *([] if site is None else site_lines(site)),
        *(f"grant {one.id}: {line}" for one in grants for line in grant_lines(one, at=at)),
        f"{counted(len(troubles), 'file')} without result",
        *table((f"  {one.reason}", one.locator, one.detail) for one in troubles),
    ]
    answer(call, document, text)


@command(
    "scan",
    of=source,
    changes="nothing: files are listed, none is read",
    example="countenance source scan d_7q2m0c4x9v1ksz3d",
)
@click.argument("which", metavar="ID")
def scan(call: Call, which: str) -> None:
    """Say what is new, changed and gone at a source since the last ingest."""
    with call.open() as library, ProgressLine() as progress:
        scanned = library.scan(which, progress=progress)
    changes = scanned.changes
    new, changed, vanished = len(changes.new), len(changes.changed), len(changes.vanished)
    document = {
        "source": which,
        "new": new,
        "changed": changed,
        "vanished": vanished,
        "unlisted": unlisted_document(scanned.unlisted),
        "passed_over": scanned.passed_over,
    }
    answer(call, document, [f"{new:,} new, {changed:,} changed, {vanished:,} vanished"])
    if scanned.unlisted:
        say_unlisted(scanned.unlisted)
        raise click.exceptions.Exit(IN_PART)


@command(
    "revoke",
    of=source,
    changes="the same as takedown: ends every grant of the source, for good, and removes all that "
    "came from it",
    example="countenance source revoke d_7q2m0c4x9v1ksz3d --dry-run",
)
@click.argument("which", metavar="ID")
@click.option("--dry-run", is_flag=True, help="Say what would end, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def revoke(call: Call, which: str, *, dry_run: bool, yes: bool) -> None:
    """End the grants of a source, because whoever gave them says so."""
    from countenance.cli.takedown import take_down

    take_down(call, which, dry_run=dry_run, yes=yes)


# --------------------------------------------------------------------------------------------------


def _look_up(library: "Library", which: str) -> "tuple[Source, Collection]":
    found = library.source(which)
    where = next(one for one in library.collections() if one.id == found.collection)
    return found, where
