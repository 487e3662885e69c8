"""The review queue: what the model saw and is not sure of, one after the other, by key."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, exists, func, or_, select

from countenance.catalog import rules, sources
from countenance.catalog.items import ItemState
from countenance.catalog.photos import Box
from countenance.catalog.steps import StepKind
from countenance.catalog.tables import collection, face, item, photo, sighting, source, step
from countenance.core.ids import CopyId, FaceId, PersonId, PhotoId, SightingId, SourceId
from countenance.gallery.bands import Band

ASKED = (Band.LIKELY, Band.UNSURE)
"""The bands that somebody is asked about. What is sure needs no second look."""

MOST_COUNTED = 1000
"""Questions that are left are counted no further: nobody answers more in a day."""


@dataclass(frozen=True, slots=True)
class Question:
    """
    "Is this this person?": one candidate, with the photo that it is in.

    `box` is in pixels of the upright photo of `width` and `height`. In a film it is of the instant
    `at`, in seconds. `locator` is relative to the source, `page` the page it stands on, if any.
    """

    sighting: SightingId
    person: PersonId
    photo: PhotoId
    face: FaceId
    band: Band
    box: Box
    width: int
    height: int
    preview: CopyId | None
    source: SourceId
    location: str
    locator: str
    page: str
    collection: str
    moment: str
    at: float | None


def pending(  # noqa: PLR0913  whose, where, and which part of them
    tx: Connection,
    people: Collection[PersonId],
    *,
    at: datetime,
    collection_id: str = "",
    after: tuple[str, str] = ("", ""),
    count: int = 1,
    aside: bool = False,
) -> list[Question]:
    """
    At most `count` of the questions about `people`, those after the key `after`, in their order.

    A key is the band and the id of the sighting; so the likelier ones come first. A question is
    asked only where the sighting might be shown at `at` (as `sightings.shown` has it). Those that
    somebody was not sure of are passed over, or with `aside` are the only ones.
    """
    found: list[Question] = []
    key = after
    while len(found) < count:
        rows = tx.execute(_query(people, collection_id, aside=aside, after=key).limit(count)).all()
        if not rows:
            break
        whence = select(source.c.id).where(source.c.id.in_({row.source_id for row in rows}))
        given = sources.grants_of(tx, whence)
        for row in rows:
            key = (row.band, row.id)
            granted = given.get(SourceId(row.source_id), ())
            if any(one.covers(row.locator, at) for one in granted) and len(found) < count:
                found.append(_read(row))
    return found


def count_pending(
    tx: Connection, people: Collection[PersonId], *, collection_id: str = "", aside: bool = False
) -> int:
    """
    How many questions there are, up to `MOST_COUNTED`. Those are among them whose photo no grant
    covers now.
    """
    # Nothing is read but what decides: a page of questions reads five times as much of each.
    query = _asked(select(sighting.c.id).select_from(sighting), people, collection_id, aside=aside)
    standing = exists().where(item.c.photo_id == photo.c.id, item.c.state == ItemState.DONE)
    some = query.where(standing).limit(MOST_COUNTED).subquery()
    return int(tx.execute(select(func.count()).select_from(some)).scalar_one())


# --------------------------------------------------------------------------------------------


def _query(
    people: Collection[PersonId],
    collection_id: str,
    *,
    aside: bool,
    after: tuple[str, str] = ("", ""),
) -> Select[Any]:
    first = (
        select(item.c.id)
        .where(item.c.photo_id == photo.c.id, item.c.state == ItemState.DONE)
        .order_by(item.c.id)
        .limit(1)
        .correlate(photo)
        .scalar_subquery()
    )
    query = select(
        *(sighting.c[name] for name in ("id", "person_id", "photo_id", "face_id", "band")),
        *(face.c[name] for name in ("x1", "y1", "x2", "y2", "views")),
        *(photo.c[name] for name in ("width", "height", "preview_id", "moment")),
        item.c.locator,
        item.c.page,
        source.c.id.label("source_id"),
        source.c.location,
        collection.c.name,
    ).join(face, face.c.id == sighting.c.face_id)
    return (
        _asked(query, people, collection_id, aside=aside)
        .join(item, item.c.id == first)
        .where(
            or_(
                sighting.c.band > after[0],
                and_(sighting.c.band == after[0], sighting.c.id > after[1]),
            ),
        )
        # In the alphabet `likely` comes before `unsure`.
        .order_by(sighting.c.band, sighting.c.id)
    )


def _asked(
    query: Select[Any], people: Collection[PersonId], collection_id: str, *, aside: bool
) -> Select[Any]:
    """`query`, of sightings, narrowed to those that are asked about."""
    put_aside = sighting.c.id.in_(
        select(step.c.sighting_id).where(
            step.c.sighting_id.is_not(None),
            step.c.kind == StepKind.NOT_SURE,
            step.c.undone_at.is_(None),
        )
    )
    query = (
        query.join(photo, photo.c.id == sighting.c.photo_id)
        .join(source, source.c.id == photo.c.source_id)
        .join(collection, collection.c.id == source.c.collection_id)
        .where(
            # Written so that the index of the review is used, which has them in their order: then
            # a page of them is read, and not all there are.
            func.coalesce(sighting.c.person_id, "").in_(people),
            sighting.c.state == "candidate",
            sighting.c.band.in_(ASKED),
            rules.IS_ON,
            put_aside if aside else ~put_aside,
        )
    )
    query = rules.of_the_roster(query, sighting.c.person_id)
    return query.where(collection.c.id == collection_id) if collection_id else query


def _read(row: Row[Any]) -> Question:
    return Question(
        sighting=SightingId(row.id),
        person=PersonId(row.person_id),
        photo=PhotoId(row.photo_id),
        face=FaceId(row.face_id),
        band=Band(row.band),
        box=(row.x1, row.y1, row.x2, row.y2),
        width=row.width,
        height=row.height,
        preview=None if row.preview_id is None else CopyId(row.preview_id),
        source=SourceId(row.source_id),
        location=row.location,
        locator=row.locator,
        page=row.page,
        collection=row.name,
        moment=row.moment,
        at=float(row.views[0][0]) if row.views else None,
    )
