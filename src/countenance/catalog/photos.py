"""Photos and the faces in them: boxes and points of everybody, vectors of nobody."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from countenance.catalog import words
from countenance.catalog.tables import collection, copy, face, item, photo, roster, source
from countenance.core.canonical import Digest
from countenance.core.ids import CollectionId, CopyId, FaceId, ItemId, PhotoId, SourceId, new_id
from countenance.core.spans import Span, meet
from countenance.errors import Reason, VerificationError

Box = tuple[float, float, float, float]
"""`(x1, y1, x2, y2)` in pixels of the upright photo."""

Points = tuple[tuple[float, float], ...]
"""Five `(x, y)` in pixels: left eye, right eye, nose tip, left and right corner of the mouth.
Left and right are the viewer's."""


class PhotoKind(StrEnum):
    """What a photo is. A film is one too: what is said of photos holds for it."""

    PHOTO = "photo"
    FILM = "film"


@dataclass(frozen=True, slots=True)
class View:
    """A face at one instant of a film, `at` in seconds. `points` are as of a `Face`."""

    at: float
    points: Points


@dataclass(frozen=True, slots=True)
class Track:
    """
    When a face is seen in a film: from `begin` to `end`, in seconds.

    `views` are the instants at which it is seen best, the best first. From these it is compared
    with anybody, now and again later. The face's own box and points are those of the first.
    """

    begin: float
    end: float
    views: tuple[View, ...]

    @property
    def span(self) -> Span:
        return self.begin, self.end


@dataclass(frozen=True, slots=True)
class Face:
    """
    A face in a photo, or followed through a part of a film. No vector, no name.

    `named` is the mark of the name that the source gives to it (`catalog.hints`), or empty.
    """

    id: FaceId
    box: Box
    points: Points
    track: Track | None = None
    named: str = ""

    @property
    def height(self) -> float:
        """Of the box, in pixels of the upright photo."""
        return self.box[3] - self.box[1]

    def meets(self, other: "Face") -> bool:
        """Whether both are seen at one instant, so that they are two people. In a photo all are."""
        if self.track is None or other.track is None:
            return True
        return meet([self.track.span], [other.track.span])


@dataclass(frozen=True, slots=True)
class Photo:
    """
    One photo or film of one source, known by the digest of its bytes.

    `width` and `height` are those of the upright picture, in pixels, and `seconds` is how long a
    film is. `locators` are where it stands in its source now; none if it vanished.
    """

    id: PhotoId
    source: SourceId
    digest: Digest
    width: int
    height: int
    preview: CopyId | None
    locators: tuple[str, ...]
    faces: tuple[Face, ...]
    kind: PhotoKind = PhotoKind.PHOTO
    seconds: float | None = None

    @property
    def numbered(self) -> list["Face"]:
        """Its faces in the order of their numbers: from the left; in a film, as they come."""
        return sorted(self.faces, key=lambda one: (one.track.begin if one.track else 0, one.box[0]))


@dataclass(frozen=True, slots=True)
class Told:
    """
    What a photo's file says of it, the source's own word; empty where it says nothing.

    `taken_at` is in the form of ISO 8601, with an offset from UTC or, where the file gives none, as
    the camera's clock had it. `place` is latitude and longitude in degrees. `keywords` stand one a
    line.
    """

    taken_at: str = ""
    place: tuple[float, float] | None = None
    title: str = ""
    caption: str = ""
    keywords: str = ""
    creator: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True)
class NewPhoto:
    """
    What the work on an item gave. `preview` is the copy whose bytes are written already.

    `near` is its near hash of 32 bytes, or empty if there is too little in it.
    """

    source: SourceId
    digest: Digest
    width: int
    height: int
    pack: str
    preview: CopyId | None
    faces: tuple[Face, ...]
    kind: PhotoKind = PhotoKind.PHOTO
    seconds: float | None = None
    told: Told = Told()
    near: bytes = b""


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What photos are looked through for: words of their source, and when they were taken, from the
    minute `since` to the minute `until`, by the camera's own clock.
    """

    text: str = ""
    since: datetime | None = None
    until: datetime | None = None


Place = tuple[str, str]
"""Of a photo in the order of time: when it was taken, and its id."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When a photo was taken, by its file, and its near hash; either may be empty."""

    id: PhotoId
    taken_at: str
    near: bytes


@dataclass(frozen=True, slots=True)
class Print:
    """What a photo is known by: its digest, and its near hash if it has one."""

    id: PhotoId
    source: SourceId
    digest: Digest
    near: bytes


def find_by_digest(tx: Connection, which: SourceId, digest: Digest) -> PhotoId | None:
    found = tx.execute(
        select(photo.c.id).where(photo.c.source_id == which, photo.c.digest == digest)
    ).scalar()
    return None if found is None else PhotoId(found)


def digests(tx: Connection, sources: Sequence[SourceId]) -> set[tuple[SourceId, Digest]]:
    """
    The photos of `sources` that need no more work, each by its source and digest.

    One whose preview went when it vanished is not among them.
    """
    rows = tx.execute(
        select(photo.c.source_id, photo.c.digest).where(
            photo.c.source_id.in_(sources), photo.c.preview_id.is_not(None)
        )
    )
    return {(SourceId(row.source_id), Digest(row.digest)) for row in rows}


def add(tx: Connection, new: NewPhoto, *, compared_with: int, at: datetime) -> PhotoId:
    """Store a photo and its faces. There must be none of this digest in its source."""
    made = PhotoId(new_id("i"))
    tx.execute(
        insert(photo).values(
            id=made,
            source_id=new.source,
            digest=new.digest,
            width=new.width,
            height=new.height,
            pack=new.pack,
            compared_with=compared_with,
            preview_id=new.preview,
            added_at=at,
            kind=new.kind,
            seconds=new.seconds,
            latitude=None if new.told.place is None else new.told.place[0],
            longitude=None if new.told.place is None else new.told.place[1],
            near=new.near or None,
            collection_id=select(source.c.collection_id)
            .where(source.c.id == new.source)
            .scalar_subquery(),
            moment=moment_of(new.told.taken_at, at),
            **{name: getattr(new.told, name) for name in _WORDS},
        )
    )
    rows = [
        {
            "id": one.id,
            "photo_id": made,
            **dict(zip(("x1", "y1", "x2", "y2"), one.box, strict=True)),
            "points": [list(point) for point in one.points],
            **_track_columns(one.track),
            "named": one.named,
        }
        for one in new.faces
    ]
    if rows:
        tx.execute(insert(face), rows)
    return made


def moment_of(taken_at: str, added_at: datetime) -> str:
    """
    What a photo is ordered by among those of its collection: when it was taken by its own clock,
    or else added, to the second, in the form of ISO 8601 without an offset.
    """
    return taken_at[:_TO_THE_SECOND] or added_at.isoformat()[:_TO_THE_SECOND]


def new_face(box: Box, points: Points, track: Track | None = None) -> Face:
    return Face(FaceId(new_id("f")), box, points, track)


def get(tx: Connection, which: PhotoId) -> Photo | None:
    """The photo, or nothing if it was removed meanwhile."""
    row = tx.execute(select(photo).where(photo.c.id == which)).first()
    return None if row is None else _read(tx, row)


def several(tx: Connection, which: Collection[PhotoId]) -> dict[PhotoId, Photo]:
    """Those of the photos `which`, as many as one statement takes, that are there still."""
    rows = tx.execute(select(photo).where(photo.c.id.in_(which))).all()
    return {one.id: one for one in _read_all(tx, rows)}


def sizes(tx: Connection, which: Collection[PhotoId]) -> dict[PhotoId, tuple[int, int]]:
    """The width and the height of each photo, upright, in pixels."""
    query = select(photo.c.id, photo.c.width, photo.c.height).where(photo.c.id.in_(which))
    rows = tx.execute(query)
    return {PhotoId(row.id): (row.width, row.height) for row in rows}


def remove_if_unlisted(tx: Connection, which: PhotoId) -> CopyId | None:
    """
    Remove a photo, its faces and its sightings if no item leads to it any more.

    Gives its preview, whose row in the copy ledger is an intention again: the caller removes the
    bytes once the transaction is committed, and a crash before that is mended by the next run.
    """
    if tx.execute(select(item.c.id).where(item.c.photo_id == which).limit(1)).first():
        return None
    preview = tx.execute(select(photo.c.preview_id).where(photo.c.id == which)).scalar()
    tx.execute(delete(photo).where(photo.c.id == which))
    if preview is None:
        return None
    tx.execute(update(copy).where(copy.c.id == preview).values(confirmed=False))
    return CopyId(preview)


def belonging(source: SourceId | None, one: PhotoId | None) -> ColumnElement[bool]:
    """The photos of a source, and the one of an id, where they are given."""
    return or_(photo.c.source_id == source, photo.c.id == one)


def read_before(tx: Connection, which: SourceId, at: datetime) -> list[tuple[ItemId, PhotoId]]:
    """The items of a source whose photos were read before `at`, each with its photo."""
    rows = tx.execute(
        select(item.c.id, photo.c.id)
        .join(photo, photo.c.id == item.c.photo_id)
        .where(item.c.source_id == which, photo.c.added_at < at)
        .order_by(item.c.id)
    )
    return [(ItemId(held), PhotoId(one)) for held, one in rows]


def release_previews(tx: Connection, which: ColumnElement[bool]) -> list[CopyId]:
    """
    Let go of the previews of the photos `which`. Gives the copies, whose rows are intentions
    again: the caller removes them once the transaction is committed.
    """
    own = select(photo.c.preview_id).where(which, photo.c.preview_id.is_not(None))
    going = [CopyId(one) for one in tx.execute(own).scalars()]
    tx.execute(update(copy).where(copy.c.id.in_(own)).values(confirmed=False))
    tx.execute(update(photo).where(which).values(preview_id=None))
    return going


def digests_of(tx: Connection, which: ColumnElement[bool]) -> list[tuple[SourceId, Digest]]:
    """The digests of the photos `which`, each with its source; those that vanished too."""
    rows = tx.execute(select(photo.c.source_id, photo.c.digest).where(which))
    return [(SourceId(row.source_id), Digest(row.digest)) for row in rows]


def hide(tx: Connection, which: PhotoId) -> None:
    """
    Let a photo stand nowhere: from this transaction on it is in no answer, and is not read.

    Its places stay in the ledger, refused and without words: their source lists them all the same.
    """
    own = item.c.photo_id == which
    words.remove_all(tx, select(item.c.id).where(own))
    refused = {"state": "refused", "reason": Reason.ERASED, "detail": "it was taken down"}
    tx.execute(update(item).where(own).values(**refused, photo_id=None, page="", words=""))


def told_of(tx: Connection, which: PhotoId) -> Told:
    """What its file says of a photo. Nothing, if it was removed meanwhile."""
    row = tx.execute(select(photo).where(photo.c.id == which)).first()
    if row is None:
        return Told()
    place = None if row.latitude is None else (row.latitude, row.longitude)
    return Told(place=place, **{name: getattr(row, name) for name in _WORDS})


def prints(tx: Connection) -> list[Print]:
    """What every photo that stands at its source is known by, by id."""
    standing = select(item.c.id).where(item.c.photo_id == photo.c.id, item.c.state == "done")
    rows = tx.execute(
        select(photo.c.id, photo.c.source_id, photo.c.digest, photo.c.near)
        .where(standing.exists())
        .order_by(photo.c.id)
    )
    return [
        Print(PhotoId(row.id), SourceId(row.source_id), Digest(row.digest), row.near or b"")
        for row in rows
    ]


def moments(tx: Connection, beside: PhotoId) -> list[Moment]:
    """When each photo of the collection of `beside` was taken, its own among them, by id."""
    here = (
        select(source.c.collection_id)
        .join(photo, photo.c.source_id == source.c.id)
        .where(photo.c.id == beside)
    )
    standing = select(item.c.id).where(item.c.photo_id == photo.c.id, item.c.state == "done")
    rows = tx.execute(
        select(photo.c.id, photo.c.taken_at, photo.c.near)
        .join(source, source.c.id == photo.c.source_id)
        .where(
            source.c.collection_id == here.scalar_subquery(),
            photo.c.kind == PhotoKind.PHOTO,
            or_(photo.c.taken_at != "", photo.c.near.is_not(None)),
            standing.exists(),
        )
        .order_by(photo.c.id)
    )
    return [Moment(PhotoId(row.id), row.taken_at, row.near or b"") for row in rows]


def count_of(tx: Connection, which: SourceId) -> int:
    """How many photos of a source there are, those that vanished too."""
    query = select(func.count()).select_from(photo).where(photo.c.source_id == which)
    return int(tx.execute(query).scalar_one())


def places(tx: Connection, which: PhotoId, *, state: str) -> tuple[str, ...]:
    """Where the photo stands in its source, of the places whose item is in `state`."""
    rows = tx.execute(
        select(item.c.locator)
        .where(item.c.photo_id == which, item.c.state == state)
        .order_by(item.c.locator)
    )
    return tuple(rows.scalars())


def at_place(tx: Connection, where: SourceId, locator: str) -> PhotoId | None:
    """The photo that stands at a place of a source, if one does."""
    found = tx.execute(
        select(item.c.photo_id).where(item.c.source_id == where, item.c.locator == locator)
    ).scalar()
    return None if found is None else PhotoId(found)


def forget_vanished_previews(tx: Connection, sources: Sequence[SourceId]) -> list[CopyId]:
    """
    Take the previews from the photos of `sources` that stand nowhere any more.

    Gives them; their rows in the copy ledger are intentions again, as of `remove_if_unlisted`.
    """
    standing = select(item.c.id).where(item.c.photo_id == photo.c.id, item.c.state != "vanished")
    gone = (
        photo.c.source_id.in_(sources),
        photo.c.preview_id.is_not(None),
        ~standing.exists(),
    )
    previews = tx.execute(select(photo.c.preview_id).where(*gone)).scalars().all()
    tx.execute(update(photo).where(*gone).values(preview_id=None))
    for preview in previews:
        tx.execute(update(copy).where(copy.c.id == preview).values(confirmed=False))
    return [CopyId(preview) for preview in previews]


def is_bare(tx: Connection, which: PhotoId) -> bool:
    """Whether the photo has no preview."""
    preview = tx.execute(select(photo.c.preview_id).where(photo.c.id == which)).scalar()
    return preview is None


def set_preview(tx: Connection, which: PhotoId, preview: CopyId) -> None:
    """Give a photo its preview, whose bytes are written already."""
    tx.execute(update(photo).where(photo.c.id == which).values(preview_id=preview))


def list_all(tx: Connection) -> list[Photo]:
    rows = tx.execute(select(photo).order_by(photo.c.id)).all()
    return [_read(tx, row) for row in rows]


def not_compared_with(  # noqa: PLR0913  which part of them, and of which collections
    tx: Connection,
    version: int,
    *,
    pack: str,
    count: int,
    after: PhotoId | None = None,
    within: Collection[CollectionId] | None = None,
    but: Collection[CollectionId] = (),
) -> list[Photo]:
    """
    Photos in recognising collections whose faces were not yet compared with gallery `version`.

    At most `count`, by id, those after the id `after`: ids are random, so that they come from all
    over. Of the collections `within` if they are given, and of none of `but`. Photos without faces
    are among them.
    """
    query = _behind(version, pack).where(
        photo.c.id > (after or ""), photo.c.collection_id.not_in(but)
    )
    if within is not None:
        query = query.where(photo.c.collection_id.in_(within))
    return _read_all(tx, tx.execute(query.order_by(photo.c.id).limit(count)).all())


def those_not_compared_with(
    tx: Connection, version: int, *, pack: str, which: Sequence[PhotoId]
) -> list[Photo]:
    """Of the photos `which`, as many as one statement takes, those of `not_compared_with`."""
    rows = tx.execute(_behind(version, pack).where(photo.c.id.in_(which))).all()
    found = {one.id: one for one in _read_all(tx, rows)}
    return [found[one] for one in which if one in found]


def count_not_compared_with(tx: Connection, version: int, *, pack: str) -> int:
    behind = _behind(version, pack).subquery()
    return int(tx.execute(select(func.count()).select_from(behind)).scalar_one())


def mark_compared(tx: Connection, which: Collection[PhotoId], *, version: int) -> None:
    """The photos `which`, as many as one statement takes, are compared with gallery `version`."""
    tx.execute(update(photo).where(photo.c.id.in_(which)).values(compared_with=version))


def look_through(
    tx: Connection, where: CollectionId, asked: Asked, *, after: Place = ("", ""), count: int
) -> list[tuple[Place, Photo]]:
    """
    At most `count` photos of a collection that stand there now, by when they were taken, or came.

    Each has its place in that order; the next ones come after the last one's. Whether a grant
    covers them is not asked here. Raises `UsageError` if there is no word in the text asked for.
    """
    found: list[Row[Any]] = []
    if asked.text and words.many(tx, asked.text, than=words.FEW):
        found, last = _walked_through(tx, where, asked, after=after, count=count)
        if last is None or len(found) >= count:
            return _in_places(tx, found[:count])
        after = last
    query = _looked_through(where, asked, after)
    if asked.text:
        # Written so that no index of states is used: nearly all that is listed is done.
        standing = select(item.c.photo_id).where(func.coalesce(item.c.state, "") == "done")
        answering = standing.where(item.c.id.in_(words.matching(tx, asked.text)))
        query = query.where(photo.c.id.in_(answering))
    found += tx.execute(query.limit(count - len(found))).all()
    return _in_places(tx, found)


def packs(tx: Connection) -> set[str]:
    """The packs that found the faces that are stored."""
    return set(tx.execute(select(photo.c.pack).distinct()).scalars())


def count(tx: Connection) -> tuple[int, int]:
    """How many photos and how many faces there are."""
    photos = tx.execute(select(func.count()).select_from(photo)).scalar_one()
    faces = tx.execute(select(func.count()).select_from(face)).scalar_one()
    return int(photos), int(faces)


# --------------------------------------------------------------------------------------------

_POINTS = 5
_MINUTE = timedelta(minutes=1)
_PART = 500  # values in one statement
_WALKED = 10  # parts; where few of their photos answer, to gather what does is sooner

_TO_THE_SECOND = len("2026-05-03T12:00:00")

_WORDS = ("taken_at", "title", "caption", "keywords", "creator", "licence")


def _looked_through(where: CollectionId, asked: Asked, after: Place) -> Select[Any]:
    """Photos that stand, in their order, whatever is said of them."""
    minute = func.substr(photo.c.taken_at, 1, len("2026-09-26T10:00"))
    standing = select(item.c.id).where(item.c.photo_id == photo.c.id, item.c.state == "done")
    query = (
        select(photo)
        .where(
            photo.c.collection_id == where,
            photo.c.preview_id.is_not(None),
            standing.exists(),
            tuple_(photo.c.moment, photo.c.id) > tuple_(*after),
        )
        .order_by(photo.c.moment, photo.c.id)
    )
    if asked.since is not None:
        # Of what says when it was taken the moment begins alike; and it is in an index.
        since = f"{asked.since:%Y-%m-%dT%H:%M}"
        query = query.where(minute >= since, photo.c.moment >= since)
    if asked.until is not None:
        until, behind = (f"{one:%Y-%m-%dT%H:%M}" for one in (asked.until, asked.until + _MINUTE))
        query = query.where(minute <= until, photo.c.taken_at != "", photo.c.moment < behind)
    return query


def _walked_through(
    tx: Connection, where: CollectionId, asked: Asked, *, after: Place, count: int
) -> tuple[list[Row[Any]], Place | None]:
    """
    The same along the photos in their order, part by part, of words that a great many places say.

    Gives what was found and the place that was walked to; there is none if that was the last.
    """
    found: list[Row[Any]] = []
    for _ in range(_WALKED):
        rows = tx.execute(_looked_through(where, asked, after).limit(_PART)).all()
        answering = words.photos_among(tx, asked.text, [row.id for row in rows])
        found += [row for row in rows if row.id in answering]
        if len(rows) < _PART:
            return found, None
        after = (rows[-1].moment, rows[-1].id)
        if len(found) >= count:
            break
    return found, after


def _behind(version: int, pack: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
    return (
        select(photo)
        .join(source, source.c.id == photo.c.source_id)
        .join(collection, collection.c.id == source.c.collection_id)
        .where(
            collection.c.recognition,
            collection.c.ground != "",
            # Of minors nobody is measured where there is nobody on the roster to find (P11).
            or_(
                collection.c.minors.is_(False), collection.c.id.in_(select(roster.c.collection_id))
            ),
            photo.c.compared_with < version,
            photo.c.pack == pack,
        )
    )


def _in_places(tx: Connection, rows: Sequence[Row[Any]]) -> list[tuple[Place, Photo]]:
    read = _read_all(tx, rows)
    return [((row.moment, row.id), one) for row, one in zip(rows, read, strict=True)]


def _read(tx: Connection, row: Row[Any]) -> Photo:
    return _read_all(tx, [row])[0]


def _read_all(tx: Connection, rows: Sequence[Row[Any]]) -> list[Photo]:
    """The photos of these rows, as many as one statement takes, in two statements for all."""
    which = [row.id for row in rows]
    faces: dict[str, list[Row[Any]]] = {one: [] for one in which}
    for one in tx.execute(select(face).where(face.c.photo_id.in_(which)).order_by(face.c.id)):
        faces[one.photo_id].append(one)
    places: dict[str, list[str]] = {one: [] for one in which}
    for one in tx.execute(
        select(item.c.photo_id, item.c.locator)
        .where(item.c.photo_id.in_(which), item.c.state != "vanished")
        .order_by(item.c.locator)
    ):
        places[one.photo_id].append(one.locator)
    return [_put_together(row, faces[row.id], places[row.id]) for row in rows]


def _put_together(row: Row[Any], faces: Sequence[Row[Any]], places: Sequence[str]) -> Photo:
    return Photo(
        id=PhotoId(row.id),
        source=SourceId(row.source_id),
        digest=Digest(row.digest),
        width=row.width,
        height=row.height,
        preview=None if row.preview_id is None else CopyId(row.preview_id),
        locators=tuple(places),
        faces=tuple(_read_face(one) for one in faces),
        kind=PhotoKind(row.kind),
        seconds=row.seconds,
    )


def _track_columns(track: Track | None) -> dict[str, Any]:
    if track is None:
        return {"begins": None, "ends": None, "views": None}
    views = [[view.at, [list(point) for point in view.points]] for view in track.views]
    return {"begins": track.begin, "ends": track.end, "views": views}


def _read_face(row: Row[Any]) -> Face:
    # SQLite keeps whatever is put into a column: what is not a face ends here.
    try:
        x1, y1, x2, y2 = map(float, (row.x1, row.y1, row.x2, row.y2))
        points, track = _read_points(row.points), _read_track(row)
    except (TypeError, ValueError) as exc:
        raise VerificationError(f"{row.id}: a face whose place cannot be read") from exc
    if len(points) != _POINTS:
        raise VerificationError(f"{row.id}: a face of {len(points)} points, and not of {_POINTS}")
    return Face(FaceId(row.id), (x1, y1, x2, y2), points, track, row.named)


def _read_points(pairs: Sequence[Sequence[float]]) -> Points:
    return tuple((float(x), float(y)) for x, y in pairs)


def _read_track(row: Row[Any]) -> Track | None:
    if row.begins is None:
        return None
    views = tuple(View(float(at), _read_points(points)) for at, points in row.views)
    return Track(float(row.begins), float(row.ends), views)
