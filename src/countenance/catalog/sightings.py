"""Sightings: this person in this face, as the model saw it or as a person decided."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from countenance.catalog import rules, sources, words
from countenance.catalog.items import ItemState
from countenance.catalog.photos import Box
from countenance.catalog.tables import collection, face, item, photo, sighting, source
from countenance.core.ids import FaceId, PersonId, PhotoId, SightingId, SourceId, new_id
from countenance.core.spans import Span, joined
from countenance.errors import NotFound, UsageError
from countenance.gallery.bands import Band

NEARLY_ON = 1.6
"""Seconds between two stretches of a film that are given as one: as long as a track may pause."""


class SightingState(StrEnum):
    """Who stands behind a sighting: the model (`candidate`), or a person."""

    CANDIDATE = "candidate"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class NewSighting:
    """A match to be stored."""

    face: FaceId
    person: PersonId
    band: Band
    in_film: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody says of a pair of a face and a person, or what the model said so far."""

    id: SightingId
    photo: PhotoId
    face: FaceId
    person: PersonId
    state: SightingState


@dataclass(frozen=True, slots=True)
class Place:
    """Where a photo stands: its locator at the source, and the address of its page, if any."""

    locator: str
    page: str


@dataclass(frozen=True, slots=True)
class Within:
    """
    Of all sightings those in one collection (its id), whose photo's words answer `text`, and that
    was taken from the day `since` to the day `until`, both among them, by its own clock; those of
    one photo (its id), or those of certain ids, as many as one statement takes.

    What is not given narrows nothing. A photo that does not say when it was taken is on no day.
    """

    collection: str = ""
    text: str = ""
    since: date | None = None
    until: date | None = None
    photo: str = ""
    sightings: Collection[SightingId] | None = None


EVERYWHERE = Within()


@dataclass(frozen=True, slots=True)
class Sighting:
    """
    A person in a face, with where the photo stands. `locator` is relative to the source.

    `page` is the address of the page it stands on, if its source has pages. There is no `band`
    where somebody put it there by hand. In a film, of so many `seconds`, they are seen from the
    beginning to the end of `span`, and best at `at`, in seconds.

    `others` are where the same bytes stand in the same source as well. `taken_at` and `near` are
    the photo's, and may be empty. `marked` is the mark of the name that the source gives to the
    face, and `named_by_source` whether that is known to be the person's own (`catalog.hints`).
    """

    id: SightingId
    person: PersonId
    photo: PhotoId
    source: SourceId
    location: str
    locator: str
    page: str
    collection: str
    face: FaceId
    box: Box
    band: Band | None
    state: SightingState
    seconds: float | None = None
    span: Span | None = None
    at: float | None = None
    others: tuple[Place, ...] = ()
    taken_at: str = ""
    near: bytes = b""
    marked: str = ""
    named_by_source: bool = False


class Seen(NamedTuple):
    """
    What of a `Sighting` tells its place among others, whether it is sure, and what it is one with.

    Of a person who is in thousands of photos this is read of all, and the whole of those alone
    that are on the page that is shown.
    """

    id: SightingId
    person: PersonId
    photo: PhotoId
    source: SourceId
    location: str
    locator: str
    band: str | None
    state: str
    taken_at: str
    near: bytes | None
    begins: float | None


def decided(
    tx: Connection, which: PhotoId, state: SightingState
) -> frozenset[tuple[FaceId, PersonId]]:
    """
    The pairs in a photo that a person confirmed, or rejected (P12).

    Of a confirmed pair the model leaves face and person alone; of a rejected one only the pair.
    """
    rows = tx.execute(
        select(sighting.c.face_id, sighting.c.person_id).where(
            sighting.c.photo_id == which, sighting.c.state == state
        )
    )
    return frozenset((FaceId(row.face_id), PersonId(row.person_id)) for row in rows)


@dataclass(frozen=True, slots=True)
class Said:
    """
    What was said of one photo: the pairs that a person `confirmed` and `rejected` (P12), and
    everybody who was `seen` in it, by the model or somebody. `by_model`: the model saw somebody.
    """

    confirmed: frozenset[tuple[FaceId, PersonId]] = frozenset()
    rejected: frozenset[tuple[FaceId, PersonId]] = frozenset()
    seen: frozenset[PersonId] = frozenset()
    by_model: bool = False


def said_of(tx: Connection, which: Collection[PhotoId]) -> dict[PhotoId, Said]:
    """What was said of each of the photos `which`, as many as one statement takes."""
    rows = tx.execute(
        select(
            sighting.c.photo_id, sighting.c.face_id, sighting.c.person_id, sighting.c.state
        ).where(sighting.c.photo_id.in_(which))
    )
    pairs: dict[PhotoId, dict[str, set[tuple[FaceId, PersonId]]]] = {}
    for row in rows:
        of_state = pairs.setdefault(PhotoId(row.photo_id), {}).setdefault(row.state, set())
        of_state.add((FaceId(row.face_id), PersonId(row.person_id)))
    return {one: _said(pairs.get(one, {})) for one in which}


def known(tx: Connection, which: PhotoId) -> frozenset[tuple[FaceId, PersonId]]:
    """The pairs in a photo that need no second look: a person confirmed them, or they are sure."""
    sure = and_(sighting.c.state == SightingState.CANDIDATE, sighting.c.band == Band.SURE)
    rows = tx.execute(
        select(sighting.c.face_id, sighting.c.person_id).where(
            sighting.c.photo_id == which,
            or_(sighting.c.state == SightingState.CONFIRMED, sure),
        )
    )
    return frozenset((FaceId(row.face_id), PersonId(row.person_id)) for row in rows)


def get(tx: Connection, which: SightingId) -> Decision:
    """Raises `NotFound` if there is no such sighting."""
    row = tx.execute(select(sighting).where(sighting.c.id == which)).first()
    if row is None:
        raise NotFound(f"{which}: no such sighting", hint="countenance find --json names them")
    return Decision(
        SightingId(row.id),
        PhotoId(row.photo_id),
        FaceId(row.face_id),
        PersonId(row.person_id),
        SightingState(row.state),
    )


def add_by_hand(
    tx: Connection, which: PhotoId, where: FaceId, who: PersonId, *, at: datetime
) -> Decision:
    """
    A confirmed sighting without a band. What was said of this pair before gives way to it.

    Raises `UsageError` if the face or the person is confirmed otherwise in this photo.
    """
    known = tx.execute(
        select(sighting.c.id).where(sighting.c.face_id == where, sighting.c.person_id == who)
    ).scalar()
    if known is not None:
        return decide(tx, get(tx, SightingId(known)), SightingState.CONFIRMED, at=at)
    made = Decision(SightingId(new_id("s")), which, where, who, SightingState.CONFIRMED)
    _make_room(tx, made)
    tx.execute(
        insert(sighting).values(
            id=made.id,
            photo_id=which,
            face_id=where,
            person_id=who,
            band=None,
            state=made.state,
            made_at=at,
            in_film=_is_in_film(tx, where),
        )
    )
    return made


def decide(tx: Connection, known: Decision, state: SightingState, *, at: datetime) -> Decision:
    """
    Confirm or reject a sighting.

    Raises `UsageError` if the face or the person is confirmed otherwise in this photo.
    """
    made = replace(known, state=state)
    if state is SightingState.CONFIRMED:
        _make_room(tx, made)
    tx.execute(update(sighting).where(sighting.c.id == known.id).values(state=state, made_at=at))
    return made


def replace_candidates(
    tx: Connection, which: PhotoId, new: Sequence[NewSighting], *, at: datetime
) -> None:
    """Put `new` in the place of all that the model saw in this photo before."""
    tx.execute(
        delete(sighting).where(
            sighting.c.photo_id == which, sighting.c.state == SightingState.CANDIDATE
        )
    )
    rows = [
        {
            "id": new_id("s"),
            "photo_id": which,
            "face_id": one.face,
            "person_id": one.person,
            "band": one.band,
            "state": SightingState.CANDIDATE,
            "made_at": at,
            "in_film": one.in_film,
        }
        for one in new
    ]
    if rows:
        tx.execute(insert(sighting), rows)


def count_of(tx: Connection, who: PersonId) -> int:
    """How many sightings there are of a person, whoever made them."""
    query = select(func.count()).select_from(sighting).where(sighting.c.person_id == who)
    return int(tx.execute(query).scalar_one())


def shown(
    tx: Connection,
    people: Collection[PersonId],
    *,
    at: datetime,
    within: Within = EVERYWHERE,
) -> list[Sighting]:
    """
    The sightings of `people` that may be shown at `at`, ordered by source and locator.

    A sighting is shown only while its photo still stands at its source under a grant in force,
    while the rule of its collection is on or somebody confirmed it, and of minors while the person
    is on the roster (P3, P8, P11). Whether the person agrees is not asked here: that is the gate's
    to say. The statements are the same, and as many, whatever they find (P10).

    Raises `UsageError` if there is no word in the text of `within`.
    """
    query = select(
        sighting.c.id,
        sighting.c.person_id,
        sighting.c.photo_id,
        sighting.c.face_id,
        sighting.c.band,
        sighting.c.state,
        *(face.c[name] for name in ("x1", "y1", "x2", "y2", "begins", "ends", "views", "named")),
        photo.c.seconds,
        photo.c.taken_at,
        photo.c.near,
        item.c.locator,
        item.c.page,
        source.c.id.label("source_id"),
        source.c.location,
        collection.c.name,
    ).join(face, face.c.id == sighting.c.face_id)
    order = (source.c.location, item.c.locator, face.c.begins, sighting.c.id)
    rows = tx.execute(_visible(query, people, _narrowed(tx, within)).order_by(*order)).all()
    places: dict[str, list[Row[Any]]] = {}
    for row in _granted(tx, rows, at=at):
        places.setdefault(row.id, []).append(row)
    return [_read(first, others) for first, *others in places.values()]


def seen(
    tx: Connection,
    people: Collection[PersonId],
    *,
    at: datetime,
    within: Within = EVERYWHERE,
) -> list[Seen]:
    """
    Those that `shown` gives, in the same order, as far as `Seen` has it. Raises as that does.

    It reads a third of it. Where the whole of some is shown later in the same transaction, `shown`
    is asked for those.
    """
    query = select(
        sighting.c.id,
        sighting.c.person_id,
        sighting.c.photo_id,
        source.c.id.label("source_id"),
        source.c.location,
        item.c.locator,
        sighting.c.band,
        sighting.c.state,
        photo.c.taken_at,
        photo.c.near,
        face.c.begins,
    ).outerjoin(face, face.c.id == case((sighting.c.in_film, sighting.c.face_id)))
    rows = tx.execute(_visible(query, people, _narrowed(tx, within))).all()
    first: dict[str, Seen] = {}
    for one in map(Seen._make, _granted(tx, rows, at=at)):
        known = first.get(one.id)
        if known is None or one.locator < known.locator:
            first[one.id] = one
    # As `shown` has it; of rows that are read already it is sooner than in the database.
    return sorted(first.values(), key=_place)


def spans_of(seen: Iterable[Sighting]) -> tuple[Span, ...]:
    """When the people of `seen` are in a film, over all of them; nothing for a photo."""
    return joined((one.span for one in seen if one.span is not None), gap=NEARLY_ON)


def count(tx: Connection) -> int:
    return int(tx.execute(select(func.count()).select_from(sighting)).scalar_one())


# --------------------------------------------------------------------------------------------


def _said(pairs: Mapping[str, set[tuple[FaceId, PersonId]]]) -> Said:
    candidates = pairs.get(SightingState.CANDIDATE, set())
    confirmed = frozenset(pairs.get(SightingState.CONFIRMED, ()))
    return Said(
        confirmed=confirmed,
        rejected=frozenset(pairs.get(SightingState.REJECTED, ())),
        seen=frozenset(person for _, person in confirmed | candidates),
        by_model=bool(candidates),
    )


def _make_room(tx: Connection, new: Decision) -> None:
    """Candidates give way to a person's word; another person's word does not."""
    # In a film a person may be seen again, at another time.
    elsewhere = sighting.c.face_id.in_(_never_with(tx, new))
    rivals = (
        sighting.c.photo_id == new.photo,
        sighting.c.id != new.id,
        (sighting.c.face_id == new.face) | ((sighting.c.person_id == new.person) & ~elsewhere),
    )
    tx.execute(delete(sighting).where(*rivals, sighting.c.state == SightingState.CANDIDATE))
    confirmed = select(sighting.c.id).where(*rivals, sighting.c.state == SightingState.CONFIRMED)
    if other := tx.execute(confirmed).scalar():
        raise UsageError(
            f"{other} is confirmed: a face is one person, and a person is in a photo once,"
            " in a film once at any instant",
            hint=f"countenance sighting reject {other}, if that was wrong",
        )


def _is_in_film(tx: Connection, which: FaceId) -> bool:
    begins = tx.execute(select(face.c.begins).where(face.c.id == which)).scalar()
    return begins is not None


def _never_with(tx: Connection, new: Decision) -> Sequence[FaceId]:
    """The faces of a film that are never seen together with that of `new`. In a photo all are."""
    own = tx.execute(select(face.c.begins, face.c.ends).where(face.c.id == new.face)).first()
    if own is None or own.begins is None:
        return ()
    rows = tx.execute(
        select(face.c.id).where(
            face.c.photo_id == new.photo,
            or_(face.c.ends < own.begins, face.c.begins > own.ends),
        )
    )
    return [FaceId(row.id) for row in rows]


def _place(one: Seen) -> tuple[str, str, float, str]:
    return one.location, one.locator, one.begins or 0.0, one.id


def _visible(
    query: Select[Any], people: Collection[PersonId], narrowed: Iterable[ColumnElement[bool]]
) -> Select[Any]:
    """
    `query`, which has `sighting` in it, joined to places and narrowed to what may be shown there
    but for the grants; a row for each place.
    """
    query = (
        query.join(photo, photo.c.id == sighting.c.photo_id)
        .join(item, item.c.photo_id == photo.c.id)
        .join(source, source.c.id == photo.c.source_id)
        .join(collection, collection.c.id == source.c.collection_id)
        .where(
            sighting.c.person_id.in_(people),
            sighting.c.state != SightingState.REJECTED,
            item.c.state == ItemState.DONE,
            or_(
                sighting.c.state == SightingState.CONFIRMED,
                rules.IS_ON,
            ),
            *narrowed,
        )
    )
    return rules.of_the_roster(query, sighting.c.person_id)


def _granted(tx: Connection, rows: Iterable[Row[Any]], *, at: datetime) -> Iterator[Row[Any]]:
    """Those of these rows whose place is under a grant in force."""
    # Of every source: to ask which of them the people are in reads each of their photos again.
    given = sources.grants_of(tx, select(source.c.id))
    for row in rows:
        if any(grant.covers(row.locator, at) for grant in given.get(row.source_id, ())):
            yield row


def _narrowed(tx: Connection, within: Within) -> Iterator[ColumnElement[bool]]:
    day = func.substr(photo.c.taken_at, 1, 10)
    if within.sightings is not None:
        yield sighting.c.id.in_(within.sightings)
    if within.photo:
        yield sighting.c.photo_id == within.photo
    if within.collection:
        yield collection.c.id == within.collection
    if within.text:
        yield words.answers(tx, within.text)
    if within.since or within.until:
        yield photo.c.taken_at != ""
    if within.since:
        yield day >= within.since.isoformat()
    if within.until:
        yield day <= within.until.isoformat()


def _read(row: Row[*tuple[Any, ...]], others: Iterable[Row[Any]]) -> Sighting:
    return Sighting(
        id=SightingId(row.id),
        person=PersonId(row.person_id),
        photo=PhotoId(row.photo_id),
        source=SourceId(row.source_id),
        location=row.location,
        locator=row.locator,
        page=row.page,
        collection=row.name,
        face=FaceId(row.face_id),
        box=(row.x1, row.y1, row.x2, row.y2),
        band=None if row.band is None else Band(row.band),
        state=SightingState(row.state),
        seconds=row.seconds,
        span=None if row.begins is None else (float(row.begins), float(row.ends)),
        at=float(row.views[0][0]) if row.views else None,
        others=tuple(Place(one.locator, one.page) for one in others),
        taken_at=row.taken_at,
        near=row.near or b"",
        marked=row.named,
    )
