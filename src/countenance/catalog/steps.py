"""
Steps: what was decided at the desk, each with the sightings that it changed, so that it can be
taken back exactly.

A step holds the rows as they were before it and as they were after it. It is taken back only where
they are still as it left them: what somebody decided since is not undone with it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, or_, select, update

from countenance.catalog.tables import face, photo, sighting, step, step_sighting
from countenance.core.ids import FaceId, PersonId, PhotoId, SightingId, StepId, new_id
from countenance.errors import NotFound


class StepKind(StrEnum):
    """What was decided. An answer of the review queue, or about whose the sightings are."""

    YES = "yes"
    NO = "no"
    NOT_SURE = "not-sure"
    MERGED = "merged"
    SPLIT = "split"


@dataclass(frozen=True, slots=True)
class Kept:
    """One sighting, as all of its row."""

    id: SightingId
    photo: PhotoId
    face: FaceId
    person: PersonId
    band: str | None
    state: str
    made_at: datetime
    in_film: bool


@dataclass(frozen=True, slots=True)
class OnRoster:
    """One line of a roster: of which collection, since when, under which number."""

    collection: str
    person: PersonId
    added_at: datetime
    number: str


@dataclass(frozen=True, slots=True)
class NewStep:
    """
    A step to be kept: of what `kind`, about whom, and the rows that it changed.

    `other` is the second person of a merge or a split, `sighting` what an answer was about.
    `before` and `after` are the rows that differ; `roster` are the lines of rosters that went with
    it, those of `other`, and that came, those of `person`.
    """

    kind: StepKind
    person: PersonId
    other: PersonId | None = None
    sighting: SightingId | None = None
    why: str = ""
    before: tuple[Kept, ...] = ()
    after: tuple[Kept, ...] = ()
    roster: tuple[OnRoster, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """A step that was taken; `number` says in which order, `undone_at` since when it is not."""

    id: StepId
    number: int
    actor: str
    at: datetime
    undone_at: datetime | None
    what: NewStep


def snapshot(tx: Connection, which: ColumnElement[bool]) -> dict[SightingId, Kept]:
    """The sightings of a condition, by id."""
    rows = tx.execute(select(sighting).where(which))
    return {SightingId(row.id): _kept(row) for row in rows}


def in_photo(tx: Connection, which: PhotoId) -> dict[SightingId, Kept]:
    return snapshot(tx, sighting.c.photo_id == which)


def of_ids(tx: Connection, which: Collection[SightingId]) -> dict[SightingId, Kept]:
    return snapshot(tx, sighting.c.id.in_(which))


def changes(
    before: dict[SightingId, Kept], after: dict[SightingId, Kept]
) -> tuple[tuple[Kept, ...], tuple[Kept, ...]]:
    """The rows that differ: as they were, and as they are."""
    return (
        tuple(one for which, one in before.items() if after.get(which) != one),
        tuple(one for which, one in after.items() if before.get(which) != one),
    )


def add(tx: Connection, new: NewStep, *, actor: str, at: datetime) -> Step:
    """Keep a step, in the transaction of what it did."""
    number = int(tx.execute(select(func.max(step.c.number))).scalar() or 0) + 1
    made = Step(StepId(new_id("w")), number, actor, at, None, new)
    tx.execute(
        insert(step).values(
            id=made.id,
            number=number,
            kind=new.kind,
            actor=actor,
            at=at,
            person_id=new.person,
            other_id=new.other,
            sighting_id=new.sighting,
            why=new.why,
            roster=[_write_line(one) for one in new.roster],
        )
    )
    rows = [
        {"step_id": made.id, "after": after, **_values(one)}
        for after, kept in ((False, new.before), (True, new.after))
        for one in kept
    ]
    if rows:
        tx.execute(insert(step_sighting), rows)
    return made


def get(tx: Connection, which: str) -> Step:
    """Raises `NotFound` if there is no such step."""
    row = tx.execute(select(step).where(step.c.id == which)).first()
    if row is None:
        raise NotFound(f"{which}: there is no such step to take back")
    return _read(tx, row)


def newest_of(tx: Connection, actor: str) -> Step:
    """The newest step of `actor` that was not taken back. Raises `NotFound` if there is none."""
    row = tx.execute(
        select(step)
        .where(step.c.actor == actor, step.c.undone_at.is_(None))
        .order_by(step.c.number.desc())
        .limit(1)
    ).first()
    if row is None:
        raise NotFound("there is nothing to take back")
    return _read(tx, row)


def standing_merges(tx: Connection, who: PersonId) -> list[Step]:
    """The merges with a person in them that were not taken back, the newest first."""
    rows = tx.execute(
        select(step)
        .where(
            step.c.kind == StepKind.MERGED,
            step.c.undone_at.is_(None),
            or_(step.c.person_id == who, step.c.other_id == who),
        )
        .order_by(step.c.number.desc())
    )
    return [_read(tx, row) for row in rows.all()]


def list_newest(tx: Connection, *, count: int, before: int | None = None) -> list[Step]:
    """The newest steps, or those before the number `before`; at most `count`."""
    query = select(step).order_by(step.c.number.desc()).limit(count)
    if before is not None:
        query = query.where(step.c.number < before)
    return [_read(tx, row) for row in tx.execute(query).all()]


def mark_undone(tx: Connection, which: StepId, *, at: datetime) -> None:
    tx.execute(update(step).where(step.c.id == which).values(undone_at=at))


def remove(tx: Connection, which: Collection[SightingId]) -> None:
    """Take sightings away whose rows a step holds."""
    tx.execute(delete(sighting).where(sighting.c.id.in_(which)))


def put_back(tx: Connection, rows: Sequence[Kept]) -> list[Kept]:
    """
    Put sightings back as they were. Gives those that were.

    One whose photo or face is gone is not put back, nor one that something else has taken the
    place of: a face has one row of a person, and a person one place in a photo.
    """
    done = []
    for one in rows:
        if _there_is_room(tx, one):
            tx.execute(insert(sighting).values(**_values(one)))
            done.append(one)
    return done


# --------------------------------------------------------------------------------------------


def _there_is_room(tx: Connection, one: Kept) -> bool:
    here = select(face.c.id).join(photo, photo.c.id == face.c.photo_id)
    if tx.execute(here.where(face.c.id == one.face)).first() is None:
        return False
    pair = (sighting.c.face_id == one.face) & (sighting.c.person_id == one.person)
    taken = pair | (sighting.c.id == one.id)
    if one.state != "rejected" and not one.in_film:
        # As the index has it: not rejected, a person is in a photo once.
        own = (sighting.c.photo_id == one.photo) & (sighting.c.person_id == one.person)
        taken |= own & (sighting.c.state != "rejected")
    if one.state != "rejected":
        taken |= (sighting.c.face_id == one.face) & (sighting.c.state == "confirmed")
    return tx.execute(select(sighting.c.id).where(taken).limit(1)).first() is None


def _values(one: Kept) -> dict[str, object]:
    return {
        "id": one.id,
        "photo_id": one.photo,
        "face_id": one.face,
        "person_id": one.person,
        "band": one.band,
        "state": one.state,
        "made_at": one.made_at,
        "in_film": one.in_film,
    }


def _kept(row: Row[Any]) -> Kept:
    return Kept(
        SightingId(row.id),
        PhotoId(row.photo_id),
        FaceId(row.face_id),
        PersonId(row.person_id),
        row.band,
        row.state,
        row.made_at,
        row.in_film,
    )


def _write_line(one: OnRoster) -> dict[str, str]:
    return {
        "collection": one.collection,
        "person": one.person,
        "added_at": one.added_at.isoformat(),
        "number": one.number,
    }


def _read_line(said: dict[str, str]) -> OnRoster:
    added_at = datetime.fromisoformat(said["added_at"])
    return OnRoster(said["collection"], PersonId(said["person"]), added_at, said["number"])


def _read(tx: Connection, row: Row[Any]) -> Step:
    rows = tx.execute(
        select(step_sighting)
        .where(step_sighting.c.step_id == row.id)
        .order_by(step_sighting.c.id, step_sighting.c.after)
    ).all()
    what = NewStep(
        kind=StepKind(row.kind),
        person=PersonId(row.person_id),
        other=None if row.other_id is None else PersonId(row.other_id),
        sighting=None if row.sighting_id is None else SightingId(row.sighting_id),
        why=row.why,
        before=tuple(_kept(one) for one in rows if not one.after),
        after=tuple(_kept(one) for one in rows if one.after),
        roster=tuple(_read_line(one) for one in row.roster),
    )
    return Step(StepId(row.id), row.number, row.actor, row.at, row.undone_at, what)
