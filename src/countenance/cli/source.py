"""`countenance source`: the places pictures come from, and the grants they are read under."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, counted, last_day, say, table
from countenance.cli.arguments import FILE, GrantPurposes, LastDay, read_file
from countenance.cli.command import Call, command, group
from countenance.cli.exits import IN_PART
from countenance.core.canonical import digest

if TYPE_CHECKING:
    from countenance.catalog.collections import Collection
    from countenance.library import Library
    from countenance.sources.grant import Grant, GrantPurpose
    from countenance.sources.source import Source, Unlisted

source = group("source", "Say where pictures come from, and who allows it.")
add = group("add", "Add a source, under a grant.")
source.add_command(add)


@command(
    "folder",
    of=add,
    changes="the library's list of sources, and its collections if the one named is new; nothing "
    "at the source",
    example="countenance source add folder ~/Pictures/gala --granted-by 'Ada, photographer' "
    "--until 2027-05-31",
)
@click.argument("location", type=click.Path(path_type=Path))
@click.option("--granted-by", metavar="WHO", required=True, help="Who allows it, in words.")
@click.option("--until", type=LastDay(), required=True, help="The last day on which they do.")
@click.option(
    "--evidence", type=FILE, help="What shows it. Its digest is recorded; keep the file itself."
)
@click.option(
    "--scope",
    metavar="GLOB",
    multiple=True,
    default=("**",),
    show_default=True,
    help="What they allow: paths below LOCATION, such as 'gala/**'. May be given several times.",
)
@click.option(
    "--purposes",
    metavar="P",
    type=GrantPurposes(),
    default="match",
    help="What they allow to be done: `match` (find faces), `publish` (give out), or both with a "
    "comma.",
)
@click.option(
    "--collection", metavar="C", default="", help="What the pictures belong to. Else: its name."
)
@click.option(
    "--recognition-ground",
    metavar="TEXT",
    default="",
    help="Why faces in the collection may be recognised. Without it, that stays as it is: off, "
    "in a new one.",
)
@click.option(
    "--erased-too",
    is_flag=True,
    help="The grant covers what was taken down before, too. Else that stays refused.",
)
def add_folder(
    call: Call,
    *,
    location: Path,
    granted_by: str,
    until: datetime,
    evidence: Path | None,
    scope: tuple[str, ...],
    purposes: "frozenset[GrantPurpose]",
    collection: str,
    recognition_ground: str,
    erased_too: bool,
) -> None:
    """
    Add a folder of pictures, under a grant.

    The pictures stay where they are; `countenance ingest` reads them. A folder that is a source
    already has its grant renewed. One that lies in or around another source is refused: --scope
    grants a part.
    """
    from countenance.library import Given

    given = Given(
        by=granted_by,
        until=until,
        scope=scope,
        purposes=purposes,
        evidence=None if evidence is None else digest(read_file(evidence)),
        erased_too=erased_too,
    )
    with call.open() as library:
        added = library.add_folder(
            location, given, collection=collection, ground=recognition_ground
        )
        at = library.now()
    document = _document(added.source, added.collection, [added.grant], at=at)
    rule = "on" if added.collection.recognises else "off"
    text = [
        f"{_done(renewed=added.renewed)} source {added.source.id}: {added.source.location}",
        f"granted by {added.grant.granted_by} until {last_day(added.grant.until)}",
        f"collection {added.collection.name}, recognition {rule}",
    ]
    answer(call, document, text)
    if not added.collection.recognises:
        say("faces will be boxes without names until the collection has a ground for more:")
        say(f'countenance collection rule "{added.collection.name}" --recognition on --ground TEXT')


@command("list", of=source, changes="nothing", example="countenance source list --json")
def list_sources(call: Call) -> None:
    """List the sources, each with the state of its grant."""
    with call.open() as library:
        at = library.now()
        known = {one.id: one for one in library.collections()}
        listed = [(one, known[one.collection], library.grants(one.id)) for one in library.sources()]
    document = {"sources": [_document(*one, at=at) for one in listed]}
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
    document = _document(found, where, grants, at=at) | {
        "troubles": [
            {"locator": one.locator, "reason": one.reason, "detail": one.detail} for one in troubles
        ]
    }
    text = [
        f"source {found.id}: {found.location}",
        f"collection {where.name}, recognition {'on' if where.recognises else 'off'}",
        *(f"grant {one.id}: {line}" for one in grants for line in _grant_lines(one, at=at)),
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
    with call.open() as library:
        scanned = library.scan(which)
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


def unlisted_document(unlisted: "Sequence[Unlisted]") -> list[dict[str, str]]:
    return [{"locator": one.locator, "detail": one.message} for one in unlisted]


def say_unlisted(unlisted: "Sequence[Unlisted]") -> None:
    """Name the folders that could not be looked into."""
    for one in unlisted:
        say(f"{one.locator}: could not be listed: {one.message}")


def grant_in_words(grants: "Sequence[Grant]", *, at: datetime) -> str:
    """What the grants of a source come to at the instant `at`: that of the best one."""
    in_force = [one.until for one in grants if one.in_force(at)]
    if in_force:
        return f"until {last_day(max(in_force))}"
    return _state(grants[-1], at=at) if grants else "none"


# --------------------------------------------------------------------------------------------------


def _done(*, renewed: bool) -> str:
    return "renewed the grant of" if renewed else "added"


def _look_up(library: "Library", which: str) -> "tuple[Source, Collection]":
    found = library.source(which)
    where = next(one for one in library.collections() if one.id == found.collection)
    return found, where


def _state(grant: "Grant", *, at: datetime) -> str:
    if grant.revoked_at is not None:
        return f"revoked {grant.revoked_at:%Y-%m-%d}"
    return f"until {last_day(grant.until)}" if grant.in_force(at) else "expired"


def _grant_lines(grant: "Grant", *, at: datetime) -> Iterator[str]:
    yield f"{_state(grant, at=at)}, granted by {grant.granted_by}"
    yield f"for {', '.join(sorted(grant.purposes))} in {', '.join(grant.scope)}"
    if grant.evidence is not None:
        yield f"evidence sha256 {grant.evidence}"


def _document(
    one: "Source", where: "Collection", grants: "Sequence[Grant]", *, at: datetime
) -> dict[str, object]:
    return {
        "source": one.id,
        "kind": one.kind,
        "location": one.location,
        "collection": where.name,
        "recognition": where.recognises,
        "added_at": one.added_at,
        "grants": [
            {
                "id": grant.id,
                "granted_by": grant.granted_by,
                "scope": grant.scope,
                "purposes": grant.purposes,
                "given_at": grant.given_at,
                "until": grant.until,
                "evidence": grant.evidence,
                "revoked_at": grant.revoked_at,
                "in_force": grant.in_force(at),
            }
            for grant in grants
        ],
    }
