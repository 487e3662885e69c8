"""
The ledger of items: what the sources list, and how far the work on each has come.

    listed ──> working ──> done
                       ├─> failed        cannot be read; the reason stands beside it
                       └─> refused       no grant in force covered it when the work was stored
    any ──> vanished                     it is no longer at its source
    any ──> listed                       it came back, or changed

An attempt is counted before the work, so that a file which kills the process is known by its
count. The engine that runs the stages owns no state: this table does (P29).

Workers on other machines take items by lease. Whoever holds none that is in force stores nothing:
so what a lost worker had is done once, by another, even where it was only slow and not lost.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from countenance.catalog import words
from countenance.catalog.tables import item
from countenance.core.ids import GrantId, ItemId, PhotoId, SourceId
from countenance.errors import Reason
from countenance.sources.source import Entry

MAX_ATTEMPTS = 8
"""A file in whose company the process died this often is tried once more, alone, and then no more.

From its second attempt on a file is decoded in a process of its own, where its guilt shows at
once; so this many deaths come from something else that the file triggers, or from somebody who
killed the run each time. Of which of the two, the attempt alone tells."""


class ItemState(StrEnum):
    """How far the work on an item has come."""

    LISTED = "listed"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    VANISHED = "vanished"


@dataclass(frozen=True, slots=True)
class Claim:
    """
    An item taken for work. `attempt` is 1 the first time.

    `holder` is who took it by lease, or empty: then the run holds it that holds the library.
    """

    id: ItemId
    source: SourceId
    locator: str
    attempt: int
    holder: str = ""


@dataclass(frozen=True, slots=True)
class Lease:
    """Who takes, at most 80 characters, and until when, if it is not renewed."""

    holder: str
    until: datetime


@dataclass(frozen=True, slots=True)
class NoResult:
    """Why an item has no result: `state` is `FAILED` or `REFUSED`, `detail` for a person."""

    state: ItemState
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """An item that has no result, and why; one that is done has it only in part."""

    source: SourceId
    locator: str
    state: ItemState
    reason: Reason
    detail: str


def stamps(tx: Connection, source: SourceId) -> dict[str, str]:
    """
    Locator to stamp of every item of `source` that was there at the last listing.

    What stood in the way of some may be gone though the file is the same: their stamp is empty, so
    that they count as changed and are tried again.
    """
    rows = tx.execute(
        select(item.c.locator, item.c.stamp, item.c.reason).where(
            item.c.source_id == source, item.c.state != ItemState.VANISHED
        )
    )
    return {row.locator: "" if row.reason in _PASSING else row.stamp for row in rows}


def put_new(tx: Connection, source: SourceId, entries: Sequence[Entry], *, at: datetime) -> None:
    """List `entries`: new ones, and ones that had vanished and are back."""
    back = _ids(tx, source, [entry.locator for entry in entries])
    put_changed(tx, source, [entry for entry in entries if entry.locator in back], at=at)
    rows = [
        {
            "source_id": source,
            "locator": entry.locator,
            "stamp": entry.stamp,
            "state": ItemState.LISTED,
            "attempts": 0,
            "changed_at": at,
            "page": entry.page,
            "words": entry.words,
        }
        for entry in entries
        if entry.locator not in back
    ]
    if rows:
        tx.execute(insert(item), rows)


def put_changed(
    tx: Connection, source: SourceId, entries: Iterable[Entry], *, at: datetime
) -> None:
    """List again `entries` whose stamp is another. What they were stays until the work is done."""
    for entry in entries:
        tx.execute(
            update(item)
            .where(item.c.source_id == source, item.c.locator == entry.locator)
            .values(
                stamp=entry.stamp,
                state=ItemState.LISTED,
                attempts=0,
                reason=None,
                detail=None,
                changed_at=at,
                page=entry.page,
                words=entry.words,
            )
        )


def put_vanished(
    tx: Connection, source: SourceId, locators: Collection[str], *, at: datetime
) -> None:
    """Mark `locators` as gone from their source: from here on they are in no answer."""
    for part in _parts(sorted(locators)):
        tx.execute(
            update(item)
            .where(item.c.source_id == source, item.c.locator.in_(part))
            .values(state=ItemState.VANISHED, changed_at=at)
        )


def take_back(tx: Connection, *, at: datetime) -> None:
    """
    Put what a run left unfinished back on the list, and give up what killed too many runs.

    What an earlier run gave up so is listed as well, if it was not tried alone yet. To be called by
    the one run that holds the library, before it claims anything.
    """
    tx.execute(
        update(item)
        .where(
            item.c.state == ItemState.FAILED,
            item.c.reason == Reason.KILLED_THE_RUN,
            item.c.attempts == MAX_ATTEMPTS,
        )
        .values(state=ItemState.LISTED, reason=None, detail=None, changed_at=at)
    )
    died = f"the run died {MAX_ATTEMPTS} times while this file was worked on"
    for how_often, detail in (
        (item.c.attempts == MAX_ATTEMPTS, f"{died}; the next ingest tries it alone"),
        (item.c.attempts > MAX_ATTEMPTS, f"{died}, and once more with this file alone"),
    ):
        tx.execute(
            update(item)
            .where(item.c.state == ItemState.WORKING, how_often)
            .values(
                state=ItemState.FAILED,
                reason=Reason.KILLED_THE_RUN,
                detail=detail,
                changed_at=at,
                **_FREE,
            )
        )
    tx.execute(
        update(item)
        .where(item.c.state == ItemState.WORKING)
        .values(state=ItemState.LISTED, changed_at=at, **_FREE)
    )


def claim(
    tx: Connection,
    sources: Sequence[SourceId],
    *,
    count: int,
    at: datetime,
    suspect: bool = False,
) -> list[Claim]:
    """
    Take at most `count` listed items, those with the fewest attempts first.

    What died in somebody's hands is thus tried last, when everything else is done. With `suspect`
    those are taken that were given up once, and else they are not.
    """
    chosen = (
        select(item.c.id)
        .where(
            item.c.state == ItemState.LISTED,
            item.c.source_id.in_(sources),
            _SUSPECT if suspect else ~_SUSPECT,
        )
        .order_by(item.c.attempts, item.c.id)
        .limit(count)
    )
    taken = tx.execute(
        update(item)
        .where(item.c.id.in_(chosen.scalar_subquery()))
        .values(state=ItemState.WORKING, attempts=item.c.attempts + 1, changed_at=at)
        .returning(item.c.id, item.c.source_id, item.c.locator, item.c.attempts)
    )
    return [
        Claim(ItemId(row.id), SourceId(row.source_id), row.locator, row.attempts) for row in taken
    ]


def claim_these(
    tx: Connection,
    sources: Sequence[SourceId],
    which: Sequence[ItemId],
    *,
    lease: Lease,
    at: datetime,
) -> list[Claim]:
    """
    Take by lease those of `which` that are listed, of `sources`, and were not given up before.

    The others are in somebody's hands, done, or no longer wanted. At most some hundred at once.
    """
    taken = tx.execute(
        update(item)
        .where(
            item.c.id.in_(which),
            item.c.state == ItemState.LISTED,
            item.c.source_id.in_(sources),
            ~_SUSPECT,
        )
        .values(
            state=ItemState.WORKING,
            attempts=item.c.attempts + 1,
            changed_at=at,
            taken_by=lease.holder,
            taken_until=lease.until,
        )
        .returning(item.c.id, item.c.source_id, item.c.locator, item.c.attempts)
    )
    return [
        Claim(ItemId(row.id), SourceId(row.source_id), row.locator, row.attempts, lease.holder)
        for row in taken
    ]


def to_be_taken(tx: Connection, sources: Sequence[SourceId], *, count: int) -> list[ItemId]:
    """At most `count` listed items that were not given up before, in the order of `claim`."""
    query = (
        select(item.c.id)
        .where(item.c.state == ItemState.LISTED, item.c.source_id.in_(sources), ~_SUSPECT)
        .order_by(item.c.attempts, item.c.id)
    )
    return [ItemId(which) for which in tx.execute(query.limit(count)).scalars()]


def holds(tx: Connection, held: Claim) -> bool:
    """Whether what was taken by lease is still its holder's, and nobody took it since."""
    query = select(item.c.id).where(
        item.c.id == held.id,
        item.c.state == ItemState.WORKING,
        item.c.taken_by == held.holder,
        item.c.attempts == held.attempt,
    )
    return tx.execute(query).first() is not None


def renew(tx: Connection, lease: Lease) -> None:
    """Let everything that its holder has be its own until then."""
    tx.execute(
        update(item)
        .where(item.c.state == ItemState.WORKING, item.c.taken_by == lease.holder)
        .values(taken_until=lease.until)
    )


def take_back_late(tx: Connection, *, at: datetime, but: Collection[ItemId] = ()) -> list[ItemId]:
    """
    List again what is held by a lease that has run out, `but` these; its attempt stays counted.

    Gives which those are. Nothing is asked of whoever held it: it may be gone, or only slow.
    """
    return _list_again(tx, item.c.taken_until <= at, at=at, but=but)


def any_late(tx: Connection, *, at: datetime) -> bool:
    """Whether a lease has run out."""
    query = select(item.c.id).where(item.c.state == ItemState.WORKING, item.c.taken_until <= at)
    return tx.execute(query.limit(1)).first() is not None


def take_back_from(
    tx: Connection, holder: str, *, at: datetime, but: Collection[ItemId] = ()
) -> list[ItemId]:
    """List again what a lost `holder` has, `but` these, before its lease runs out."""
    return _list_again(tx, item.c.taken_by == holder, at=at, but=but)


def any_suspect(tx: Connection, sources: Sequence[SourceId]) -> bool:
    """Whether something is listed that was given up once."""
    query = select(item.c.id).where(
        item.c.state == ItemState.LISTED, item.c.source_id.in_(sources), _SUSPECT
    )
    return tx.execute(query.limit(1)).first() is not None


def release(tx: Connection, claims: Iterable[Claim], *, at: datetime) -> None:
    """Put claims that were never begun back on the list, their attempt not counted."""
    for held in claims:
        tx.execute(
            update(item)
            .where(
                item.c.id == held.id,
                item.c.state == ItemState.WORKING,
                *((item.c.taken_by == held.holder,) if held.holder else ()),
            )
            .values(state=ItemState.LISTED, attempts=item.c.attempts - 1, changed_at=at, **_FREE)
        )


def finish(  # noqa: PLR0913  all that is said of an item, in one statement
    tx: Connection,
    held: ItemId,
    photo: PhotoId,
    grant: GrantId,
    *,
    at: datetime,
    short: tuple[Reason, str] | None = None,
) -> PhotoId | None:
    """
    Mark an item as done. Gives the photo that it was before, if that was another one.

    `short` is why not all of it could be read, if that is so.
    """
    before = tx.execute(select(item.c.photo_id).where(item.c.id == held)).scalar()
    tx.execute(
        update(item)
        .where(item.c.id == held)
        .values(
            state=ItemState.DONE,
            photo_id=photo,
            grant_id=grant,
            reason=short[0] if short else None,
            detail=short[1] if short else None,
            changed_at=at,
            **_FREE,
        )
    )
    words.put(tx, held)
    return PhotoId(before) if before is not None and before != photo else None


def give_up(tx: Connection, held: ItemId, why: NoResult, *, at: datetime) -> PhotoId | None:
    """Mark an item as without result. Gives the photo that it was before, if any."""
    before = tx.execute(select(item.c.photo_id).where(item.c.id == held)).scalar()
    # Of what was taken down not even the words are kept that its page says of it again.
    forgotten = {"page": "", "words": ""} if why.reason is Reason.ERASED else {}
    values = {"state": why.state, "reason": why.reason, "detail": why.detail, **forgotten, **_FREE}
    tx.execute(update(item).where(item.c.id == held).values(**values, photo_id=None, changed_at=at))
    words.remove(tx, held)
    return None if before is None else PhotoId(before)


def try_again(tx: Connection, source: SourceId, reason: Reason) -> None:
    """Let items of `source` that have no result for this reason count as changed."""
    tx.execute(
        update(item).where(item.c.source_id == source, item.c.reason == reason).values(stamp="")
    )


def count_by_state(tx: Connection, sources: Sequence[SourceId]) -> Mapping[ItemState, int]:
    rows = tx.execute(
        select(item.c.state, func.count())
        .where(item.c.source_id.in_(sources))
        .group_by(item.c.state)
    )
    return {ItemState(state): number for state, number in rows}


def troubles(
    tx: Connection, sources: Sequence[SourceId], *, since: datetime | None = None
) -> list[Trouble]:
    """The items of `sources` with no result, or only in part, by locator; those `since` then."""
    rows = tx.execute(
        select(item)
        .where(
            item.c.source_id.in_(sources),
            # Whatever has no result says why, and so what has one says nothing: an index of those
            # that do is short.
            item.c.reason.is_not(None),
            item.c.state.in_((ItemState.FAILED, ItemState.REFUSED, ItemState.DONE)),
            *(() if since is None else (item.c.changed_at >= since,)),
        )
        .order_by(item.c.source_id, item.c.locator)
    )
    return [
        Trouble(
            source=SourceId(row.source_id),
            locator=row.locator,
            state=ItemState(row.state),
            reason=Reason(row.reason),
            detail=row.detail or "",
        )
        for row in rows
    ]


# --------------------------------------------------------------------------------------------

_PASSING = frozenset(
    {
        Reason.NO_GRANT,
        Reason.NO_PERMISSION,
        Reason.VANISHED,
        Reason.VETO,
        Reason.SERVER_ERROR,
        Reason.NO_DECODER,
    }
)
"""Reasons that may end without the file being written again."""

_FREE: Mapping[str, None] = {"taken_by": None, "taken_until": None}

_SUSPECT = item.c.attempts >= MAX_ATTEMPTS

_PART = 500  # values in one statement; SQLite of old builds takes 999


def _list_again(
    tx: Connection, whose: ColumnElement[bool], *, at: datetime, but: Collection[ItemId]
) -> list[ItemId]:
    taken = tx.execute(
        update(item)
        .where(
            item.c.state == ItemState.WORKING,
            item.c.taken_by.is_not(None),
            whose,
            item.c.id.not_in(but),
        )
        .values(state=ItemState.LISTED, changed_at=at, **_FREE)
        .returning(item.c.id)
    )
    return [ItemId(row.id) for row in taken]


def _parts(values: Sequence[str]) -> Iterable[Sequence[str]]:
    return (values[start : start + _PART] for start in range(0, len(values), _PART))


def _ids(tx: Connection, source: SourceId, locators: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for part in _parts(locators):
        rows = tx.execute(
            select(item.c.locator).where(item.c.source_id == source, item.c.locator.in_(part))
        )
        found.update(row.locator for row in rows)
    return found
