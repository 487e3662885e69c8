"""
Merges: two enrolments of the same human, of which one stands for both for a while.

    kept     stands: its references are in the gallery, and what was seen of either is its own
    other    rests: it is not looked for, and keeps its name, consents, references and keys

Nothing of a consent is changed, and none covers more than it did: the one that stands must be the
stricter, which `require_covered` says. A merge can be taken back, and is by itself as soon as a
consent of either ends: what is to go then is what was that enrolment's own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from countenance.catalog import guardians, people, steps
from countenance.catalog.people import Person
from countenance.catalog.steps import Kept, NewStep, OnRoster, Step, StepKind
from countenance.catalog.tables import person, photo, roster, sighting, step
from countenance.core.canonical import Digest, canonical_json, digest
from countenance.core.ids import FaceId, PersonId, PhotoId, SightingId
from countenance.errors import Refused
from countenance.gallery.bands import Band
from countenance.people.consent import Consent
from countenance.people.guardians import AgeBand
from countenance.people.purpose import RECOGNISING, Purpose, Wish

_BANDS: Mapping[str | None, int] = {None: 0, Band.SURE: 1, Band.LIKELY: 2, Band.UNSURE: 3}


@dataclass(frozen=True, slots=True)
class MergePlan:
    """
    What a merge would do, and why it may not be done, in sentences, if it may not.

    `moved` sightings of the other become those of the kept, `set_aside` go while the merge stands,
    because both were seen in one photo; `resting` are references that are not looked with. `mark`
    is of all that was looked at: a merge that names another mark was decided on something else.
    """

    kept: Person
    other: Person
    moved: int
    set_aside: int
    resting: int
    roster: int
    consents: tuple[Consent, ...]
    against: tuple[str, ...]
    mark: Digest


def plan(tx: Connection, kept: Person, other: Person, *, at: datetime) -> MergePlan:
    """What it would do to merge `other` into `kept` at `at`. Nothing is changed."""
    own = people.consents(tx, people=[kept.id, other.id])
    seen = steps.snapshot(tx, sighting.c.person_id.in_((kept.id, other.id)))
    joined = _joined(seen.values())
    against = (*_against(tx, kept, other, own, at=at), *joined.against)
    moving = [one for one in joined.rows if seen[one.id].person == other.id]
    resting = people.references_of(tx, other.id, list(RECOGNISING))
    return MergePlan(
        kept,
        other,
        moved=len(moving),
        set_aside=len(seen) - len(joined.rows),
        resting=len(resting),
        roster=len(_roster(tx, other.id)),
        consents=tuple(own),
        against=against,
        mark=_mark(tx, kept, other, own, seen),
    )


def merge(tx: Connection, agreed: MergePlan, *, why: str, actor: str, at: datetime) -> Step:
    """
    Do what `agreed` says, which was made in this transaction.

    Raises `Refused` with the reasons if there are any against it.
    """
    if agreed.against:
        raise Refused(f"these two may not be merged: {'; '.join(agreed.against)}")
    kept, other = agreed.kept.id, agreed.other.id
    both = sighting.c.person_id.in_((kept, other))
    before = steps.snapshot(tx, both)
    joined = _joined(before.values())
    gone = before.keys() - {one.id for one in joined.rows}
    steps.remove(tx, gone)
    tx.execute(update(sighting).where(sighting.c.person_id == other).values(person_id=kept))
    lines = _move_roster(tx, kept, other)
    tx.execute(update(person).where(person.c.id == other).values(same_as=kept))
    was, now = steps.changes(before, steps.snapshot(tx, both))
    new = NewStep(StepKind.MERGED, kept, other, why=why, before=was, after=now, roster=tuple(lines))
    _look_without(tx)
    return steps.add(tx, new, actor=actor, at=at)


def take_apart(tx: Connection, done: Step, *, at: datetime) -> None:
    """
    Take a merge back: each sighting goes to whom it was of, with what was decided on it since.

    What was set aside comes back where its place is still free. Photos that were compared
    meanwhile are compared again.
    """
    kept, other = done.what.person, done.what.other
    assert other is not None  # noqa: S101  a merge is of two
    for one in done.what.before:
        if one.person != other:
            continue
        here = (sighting.c.id == one.id) & (sighting.c.person_id == kept)
        taken = (sighting.c.face_id == one.face) & (sighting.c.person_id == other)
        if tx.execute(select(sighting.c.id).where(taken)).first() is None:
            tx.execute(update(sighting).where(here).values(person_id=other))
    there = {one.id for one in done.what.after}
    steps.put_back(tx, [one for one in done.what.before if one.id not in there])
    _put_roster_back(tx, done.what)
    tx.execute(update(person).where(person.c.id == other).values(same_as=None))
    steps.mark_undone(tx, done.id, at=at)
    people.raise_gallery_version(tx)


def dissolve(tx: Connection, who: PersonId, *, at: datetime) -> tuple[PersonId, ...]:
    """Take every merge back that a person is in. Gives the others who were in them."""
    others: list[PersonId] = []
    for done in steps.standing_merges(tx, who):
        take_apart(tx, done, at=at)
        others += [one for one in (done.what.person, done.what.other) if one and one != who]
    return tuple(dict.fromkeys(others))


def standing_for(tx: Connection, who: PersonId) -> list[Person]:
    """The other enrolments that a person stands for while they are merged, by id."""
    own = select(person.c.id).where(person.c.same_as == who).order_by(person.c.id)
    return [people.get(tx, which) for which in tx.execute(own).scalars().all()]


# --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Joined:
    """The sightings that stay when two become one, and what says that they are two."""

    rows: Sequence[Kept]
    against: tuple[str, ...]


def _against(
    tx: Connection, kept: Person, other: Person, own: Iterable[Consent], *, at: datetime
) -> list[str]:
    """What speaks against it, but for what was seen of them."""
    if kept.id == other.id:
        return ["they are one and the same enrolment"]
    said = []
    for one in (kept, other):
        if one.same_as is not None or steps.standing_merges(tx, one.id):
            said.append(f"{one.id} is merged with another already: take that back first")
        if guardians.standing(tx, one.id):
            said.append(f"an objection of {one.id} stands")
        if one.standing.band is not AgeBand.ADULT:
            said.append(f"{one.id} is not enrolled as an adult: others speak for them")
    return [*said, *_not_covered(kept, other, own, at=at)]


def _not_covered(
    kept: Person, other: Person, own: Iterable[Consent], *, at: datetime
) -> Iterable[str]:
    """
    What the kept may be used for, and the other may not: then the other is the stricter.

    What was seen of the other is answered under the consents of the kept from then on, so that each
    of these must be covered by one of the other's that lasts as long.
    """
    live: dict[PersonId, dict[Wish, datetime | None]] = {kept.id: {}, other.id: {}}
    for one in own:
        if one.in_force(at):
            live[one.person][one.wish] = one.events[-1].until
    if not any(wish.purpose in RECOGNISING for wish in live[kept.id]):
        yield f"{kept.id} has no consent in force to be recognised"
    for wish, until in sorted(live[kept.id].items(), key=lambda pair: pair[0]):
        if wish.purpose is Purpose.KEEP_PICTURE:
            continue  # each keeps their own: nothing that was seen is answered under it
        theirs = live[other.id].get(wish)
        if wish not in live[other.id]:
            yield f"{kept.id} agreed to {wish}, and {other.id} did not: keep the stricter, or ask"
        elif until is None or theirs is None or theirs < until:
            yield f"{other.id} agreed to {wish} for a shorter time: keep the stricter, or ask"


def _joined(seen: Iterable[Kept]) -> _Joined:
    """
    Which of the sightings of two stay. What a person decided stays before what the model saw (P12),
    and of what the model saw the surer.

    Where people decided both Yes and No of one face, or that both are in one photo, they are not
    the same human.
    """
    ordered = sorted(seen, key=lambda one: (_decided(one), _BANDS[one.band], one.id))
    pairs: dict[FaceId, Kept] = {}
    there: dict[PhotoId, Kept] = {}
    twice, both = set[PhotoId](), set[PhotoId]()
    for one in ordered:
        before = pairs.get(one.face)
        if before is not None:
            if _decided(one) == 0 and before.state != one.state:
                twice.add(one.photo)
            continue
        if one.state != "rejected" and not one.in_film and one.photo in there:
            if one.state == there[one.photo].state == "confirmed":
                both.add(one.photo)
            continue
        pairs[one.face] = one
        if one.state != "rejected" and not one.in_film:
            there[one.photo] = one
    against = []
    if both:
        against.append(f"in {len(both)} photos both were confirmed, side by side: they are two")
    if twice:
        against.append(f"in {len(twice)} photos one was confirmed where the other was rejected")
    return _Joined(list(pairs.values()), tuple(against))


def _decided(one: Kept) -> int:
    return 1 if one.state == "candidate" else 0


def _roster(tx: Connection, who: PersonId) -> list[OnRoster]:
    rows = tx.execute(
        select(roster).where(roster.c.person_id == who).order_by(roster.c.collection_id)
    )
    return [OnRoster(row.collection_id, who, row.added_at, row.number) for row in rows]


def _move_roster(tx: Connection, kept: PersonId, other: PersonId) -> list[OnRoster]:
    """The kept joins the rosters of the other. Gives the lines that went, and those that came."""
    lines, there = _roster(tx, other), {one.collection for one in _roster(tx, kept)}
    tx.execute(delete(roster).where(roster.c.person_id == other))
    come = [replace(one, person=kept) for one in lines if one.collection not in there]
    _put_on(tx, come)
    return [*lines, *come]


def _put_roster_back(tx: Connection, done: NewStep) -> None:
    """The kept leaves the rosters that it came to by the merge, and the other is on them again."""
    for one in done.roster:
        if one.person == done.person:
            own = (roster.c.collection_id == one.collection, roster.c.person_id == one.person)
            tx.execute(delete(roster).where(*own))
    gone = [one for one in done.roster if one.person == done.other]
    there = {line.collection for one in gone for line in _roster(tx, one.person)}
    _put_on(tx, [one for one in gone if one.collection not in there])


def _put_on(tx: Connection, lines: Sequence[OnRoster]) -> None:
    rows = [
        {
            "collection_id": one.collection,
            "person_id": one.person,
            "added_at": one.added_at,
            "number": one.number,
        }
        for one in lines
    ]
    if rows:
        tx.execute(insert(roster), rows)


def _look_without(tx: Connection) -> None:
    """Galleries are opened anew; no photo has to be compared again, for nobody is new in them."""
    before = people.gallery_version(tx)
    now = people.raise_gallery_version(tx)
    tx.execute(update(photo).where(photo.c.compared_with == before).values(compared_with=now))


def _mark(
    tx: Connection,
    kept: Person,
    other: Person,
    own: Iterable[Consent],
    seen: Mapping[SightingId, Kept],
) -> Digest:
    """Of all that somebody saw before they decided."""
    last = tx.execute(
        select(step.c.id)
        .where(step.c.person_id.in_((kept.id, other.id)))
        .order_by(step.c.number.desc())
        .limit(1)
    ).scalar()
    return digest(
        canonical_json(
            {
                "people": [[one.id, one.name, one.same_as or ""] for one in (kept, other)],
                "consents": [[one.id, len(one.events)] for one in own],
                "sightings": sorted([one.id, one.person, one.state] for one in seen.values()),
                "step": last or "",
            }
        )
    )
