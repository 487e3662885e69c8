"""
Whose: two enrolments that are one human are merged, and sightings of another human split off.

Both are verbs of their own, never a side effect of a name: `plan` shows what would be done, with a
mark of all that it looked at, and the merge that follows names that mark. If anything of it has
changed, nothing is done (`Stale`). Both can be taken back (`review.take_back`).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection

from countenance.audit.entry import Act, Entry
from countenance.catalog import log, merges, people, sightings, steps
from countenance.catalog.merges import MergePlan
from countenance.catalog.sightings import Decision, SightingState
from countenance.catalog.steps import Kept, NewStep, Step, StepKind
from countenance.catalog.stores import Stores
from countenance.core.ids import PersonId, SightingId
from countenance.errors import NoConsent, Stale, UsageError
from countenance.people.gate import admitted
from countenance.people.purpose import Purpose
from countenance.search.byhand import require

MAX_SPLIT = 500
"""Sightings split off at once."""


def plan(kept: str, other: str, *, stores: Stores) -> MergePlan:
    """
    What it would do to merge the person `other` into `kept`, each an id or a name.

    Raises `NotFound` if there is no such person.
    """
    with stores.database.read() as tx:
        at = stores.now(tx)
        return merges.plan(tx, people.get(tx, kept), people.get(tx, other), at=at)


def merge(  # noqa: PLR0913  whom, as it was shown, and who says why
    kept: str, other: str, *, mark: str, why: str, actor: str, stores: Stores
) -> tuple[MergePlan, Step]:
    """
    Merge `other` into `kept`, as it was shown under `mark`. `why` says how it is known.

    Raises `UsageError` if it is not said why, `Stale` if anything that was shown has changed since,
    and `Refused` if consents do not cover it, or what was seen of the two speaks against it.
    """
    if not why.strip():
        raise UsageError("a merge needs to say how it is known that the two are one human")
    with stores.database.write() as tx:
        at = stores.now(tx)
        one, two = people.get(tx, kept), people.get(tx, other)
        agreed = merges.plan(tx, one, two, at=at)
        if agreed.mark != mark:
            raise Stale(
                "what was shown of the two has changed since: nothing was merged",
                hint="look at them again",
            )
        done = merges.merge(tx, agreed, why=why.strip(), actor=actor, at=at)
        live = tuple(sorted(each.id for each in agreed.consents if each.in_force(at)))
        log.record(tx, Entry(Act.MERGED, at, actor, "", (done.id, one.id, two.id), live))
    return agreed, done


def split(who: str, which: Collection[str], *, to: str = "", actor: str, stores: Stores) -> Step:
    """
    Say of the sightings `which` that they are not of `who`; but of `to`, if somebody is named.

    Each is a No for good (P12), and a Yes for `to`, whose own consent must cover it. Raises
    `NotFound` if there is no such person or sighting, `Stale` if one is not of `who` any more,
    `UsageError` if none is named or a face or photo is confirmed otherwise, and `Refused` if `to`
    did not agree to be found, or grant or roster does not cover it.
    """
    wanted = list(dict.fromkeys(which))
    if not 0 < len(wanted) <= MAX_SPLIT:
        raise UsageError(f"name the sightings to be split off, at most {MAX_SPLIT}")
    with stores.database.write() as tx:
        at, whose = stores.now(tx), people.get(tx, who).id
        other = people.get(tx, to).id if to else None
        whom = (whose,) if other is None else (whose, other)
        _require_two(tx, whom, at=at)
        known = [_of(tx, SightingId(one), whose) for one in wanted]
        before = _in_photos(tx, known)
        said = [entry for one in known for entry in _move(tx, one, other, actor, at=at)]
        was, now = steps.changes(before, _in_photos(tx, known))
        new = NewStep(StepKind.SPLIT, whose, other=other, before=was, after=now)
        done = steps.add(tx, new, actor=actor, at=at)
        log.record_all(tx, [*said, Entry(Act.SPLIT, at, actor, "", (done.id, *whom))])
    return done


# --------------------------------------------------------------------------------------------


def _require_two(tx: Connection, whom: Sequence[PersonId], *, at: datetime) -> None:
    if len(set(whom)) < len(whom):
        raise UsageError(f"{whom[0]}: they are one and the same enrolment")
    own = people.consents(tx, people=whom)
    agreed = admitted(own, purposes=(Purpose.STAFF_FIND,), at=at)
    for one in whom:
        if one not in agreed:
            raise NoConsent(f"{one}: no consent in force to be found by staff")


def _of(tx: Connection, which: SightingId, whose: PersonId) -> Decision:
    known = sightings.get(tx, which)
    if known.person != whose or known.state is SightingState.REJECTED:
        raise Stale(f"{which}: it is not of {whose} any more")
    return known


def _in_photos(tx: Connection, known: Iterable[Decision]) -> dict[SightingId, Kept]:
    photos = dict.fromkeys(one.photo for one in known)
    return {which: row for one in photos for which, row in steps.in_photo(tx, one).items()}


def _move(
    tx: Connection, one: Decision, other: PersonId | None, actor: str, *, at: datetime
) -> Iterator[Entry]:
    """A No for whose it was, and a Yes for the other, if there is one; what the log says of it."""
    sightings.decide(tx, one, SightingState.REJECTED, at=at)
    yield Entry(Act.REJECTED, at, actor, "", (one.person, one.photo), (one.id,))
    if other is not None:
        require(tx, one.photo, other, at=at)
        new = sightings.add_by_hand(tx, one.photo, one.face, other, at=at)
        yield Entry(Act.CONFIRMED, at, actor, "", (other, one.photo), (new.id,))
