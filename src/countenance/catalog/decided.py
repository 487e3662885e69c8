"""
What people decided of what the model saw: rows without names, to be counted.

Only those are among them that might be shown now: of people who agree to be recognised, in photos
under a grant in force, where the rule is on.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, func, select

from countenance.catalog import rules, sources
from countenance.catalog.items import ItemState
from countenance.catalog.sightings import SightingState
from countenance.catalog.tables import (
    collection,
    face,
    item,
    person,
    photo,
    reference,
    sighting,
    source,
)
from countenance.core.ids import FaceId, PersonId, SourceId
from countenance.gallery.bands import Band
from countenance.people.guardians import AgeBand


@dataclass(frozen=True, slots=True)
class Decided:
    """
    A pair of a face and a person, and what somebody said of it, or nobody yet (`CANDIDATE`).

    There is no `band` where somebody put it there by hand. `height` is the face's, in pixels of the
    upright photo. `weak` says that the person has not one good reference; `age` is the band that
    was stated when they enrolled.
    """

    face: FaceId
    person: PersonId
    band: Band | None
    state: SightingState
    height: float
    weak: bool
    age: AgeBand


def decided(
    tx: Connection, people: Collection[PersonId], *, at: datetime, lowest: float
) -> list[Decided]:
    """Every pair of one of `people` and a face at least `lowest` pixels high, as it stands."""
    first = (
        select(item.c.locator)
        .where(item.c.photo_id == photo.c.id, item.c.state == ItemState.DONE)
        .order_by(item.c.id)
        .limit(1)
        .correlate(photo)
        .scalar_subquery()
    )
    good = exists().where(
        reference.c.person_id == sighting.c.person_id, reference.c.weak.is_(False)
    )
    query = (
        select(
            *(sighting.c[name] for name in ("face_id", "person_id", "band", "state")),
            (face.c.y2 - face.c.y1).label("height"),
            person.c.age_band,
            good.label("good"),
            first.label("locator"),
            photo.c.source_id,
        )
        .join(face, face.c.id == sighting.c.face_id)
        .join(person, person.c.id == sighting.c.person_id)
        .join(photo, photo.c.id == sighting.c.photo_id)
        .join(source, source.c.id == photo.c.source_id)
        .join(collection, collection.c.id == source.c.collection_id)
        .where(
            face.c.y2 - face.c.y1 >= lowest,
            rules.IS_ON,
        )
        .order_by(sighting.c.id)
    )
    rows = tx.execute(rules.of_the_roster(query, sighting.c.person_id)).all()
    granted = sources.grants_of(tx, select(source.c.id))
    return [
        Decided(
            FaceId(row.face_id),
            PersonId(row.person_id),
            None if row.band is None else Band(row.band),
            SightingState(row.state),
            float(row.height),
            weak=not row.good,
            age=AgeBand(row.age_band),
        )
        for row in rows
        # Here and not in the query: there may be more people than a statement takes values.
        if row.person_id in people
        and row.locator is not None
        and any(one.covers(row.locator, at) for one in granted.get(SourceId(row.source_id), ()))
    ]


def count_compared(tx: Connection, *, at: datetime, lowest: float) -> int:
    """How many faces at least `lowest` pixels high were compared with whoever was enrolled."""
    live = [
        which
        for which, given in sources.grants_of(tx, select(source.c.id)).items()
        if any(one.in_force(at) for one in given)
    ]
    query = (
        select(func.count())
        .select_from(face)
        .join(photo, photo.c.id == face.c.photo_id)
        .join(source, source.c.id == photo.c.source_id)
        .join(collection, collection.c.id == source.c.collection_id)
        .where(
            source.c.id.in_(live),
            face.c.y2 - face.c.y1 >= lowest,
            photo.c.compared_with > 0,
            rules.IS_ON,
            exists().where(item.c.photo_id == photo.c.id, item.c.state == ItemState.DONE),
        )
    )
    return int(tx.execute(query).scalar_one())
