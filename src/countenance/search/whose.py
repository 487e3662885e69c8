"""
Whose: two enrolments that are one human are merged, and sightings of another human split off.

Both are verbs of their own, never a side effect of a name: `plan` shows what would be done, with a
mark of all that it looked at, and the merge that follows names that mark. If anything of it has
changed, nothing is done (`Stale`). Both can be taken back (`review.take_back`).
"""

from collections.abc import Collection

from countenance.audit.entry import Act, Entry
from countenance.catalog import log, merges, people, sightings, steps
from countenance.catalog.merges import MergePlan
from countenance.catalog.sightings import SightingState
from countenance.catalog.steps import NewStep, Step, StepKind
from countenance.catalog.stores import Stores
from countenance.core.ids import PhotoId, SightingId
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


def merge(
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


def split(
    who: str, which: Collection[str], *, to: str = "", actor: str, stores: Stores
) -> Step:
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
        at, whose = stores.now(tx), people.get(tx, who)
        other = people.get(tx, to) if to else None
        if other is not None and other.id == whose.id:
            raise UsageError(f"{to}: they are one and the same enrolment")
        for each in (whose, *((other,) if other else ())):
            own = people.consents(tx, people=[each.id])
            if not admitted(own, purposes=(Purpose.STAFF_FIND,), at=at):
                raise NoConsent(f"{each.id}: no consent in force to be found by staff")
        known = [sightings.get(tx, SightingId(one)) for one in wanted]
        for one in known:
            if one.person != whose.id or one.state is SightingState.REJECTED:
                raise Stale(f"{one.id}: it is not of {whose.id} any more")
        seen = frozenset(PhotoId(one.photo) for one in known)
        before = {key: row for photo in seen for key, row in steps.in_photo(tx, photo).items()}
        said = []
        for one in known:
            sightings.decide(tx, one, SightingState.REJECTED, at=at)
            said.append(Entry(Act.REJECTED, at, actor, "", (one.person, one.photo), (one.id,)))
            if other is not None:
                require(tx, one.photo, other.id, at=at)
                new = sightings.add_by_hand(tx, one.photo, one.face, other.id, at=at)
                said.append(Entry(Act.CONFIRMED, at, actor, "", (other.id, one.photo), (new.id,)))
        after = {key: row for photo in seen for key, row in steps.in_photo(tx, photo).items()}
        was, now = steps.changes(before, after)
        done = steps.add(
            tx,
            NewStep(
                StepKind.SPLIT,
                whose.id,
                other=None if other is None else other.id,
                before=was,
                after=now,
            ),
            actor=actor,
            at=at,
        )
        whom = (whose.id, *((other.id,) if other else ()))
        log.record_all(tx, [*said, Entry(Act.SPLIT, at, actor, "", (done.id, *whom))])
    return done
