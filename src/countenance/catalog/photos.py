"""Photos and the faces in them: boxes and points of everybody, vectors of nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from countenance.catalog.tables import collection, copy, face, item, photo, roster, source
from countenance.core.canonical import Digest
from countenance.core.ids import CopyId, FaceId, PhotoId, SourceId, new_id

Box = tuple[float, float, float, float]
"""`(x1, y1, x2, y2)` in pixels of the upright photo."""

Points = tuple[tuple[float, float], ...]
"""Five `(x, y)` in pixels: left eye, right eye, nose tip, left and right corner of the mouth.
Left and right are the viewer's."""


@dataclass(frozen=True, slots=True)
class Face:
    """A face in a photo. No vector, no name."""

    id: FaceId
    box: Box
    points: Points

    @property
    def height(self) -> float:
        """Of the box, in pixels of the upright photo."""
        return self.box[3] - self.box[1]


@dataclass(frozen=True, slots=True)
class Photo:
    """
    One photo of one source, known by the digest of its bytes.

    `width` and `height` are those of the upright photo, in pixels. `locators` are where it stands
    in its source now; none if it vanished.
    """

    id: PhotoId
    source: SourceId
    digest: Digest
    width: int
    height: int
    preview: CopyId | None
    locators: tuple[str, ...]
    faces: tuple[Face, ...]


@dataclass(frozen=True, slots=True)
class NewPhoto:
    """What the work on an item gave. `preview` is the copy whose bytes are written already."""

    source: SourceId
    digest: Digest
    width: int
    height: int
    pack: str
    preview: CopyId | None
    faces: tuple[Face, ...]


def find_by_digest(tx: Connection, which: SourceId, digest: Digest) -> PhotoId | None:
    found = tx.execute(
        select(photo.c.id).where(photo.c.source_id == which, photo.c.digest == digest)
    ).scalar()
    return None if found is None else PhotoId(found)


def digests(tx: Connection, sources: Sequence[SourceId]) -> set[tuple[SourceId, Digest]]:
    """The photos of `sources`, each by its source and digest."""
    rows = tx.execute(
        select(photo.c.source_id, photo.c.digest).where(photo.c.source_id.in_(sources))
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
        )
    )
    rows = [
        {
            "id": one.id,
            "photo_id": made,
            **dict(zip(("x1", "y1", "x2", "y2"), one.box, strict=True)),
            "points": [list(point) for point in one.points],
        }
        for one in new.faces
    ]
    if rows:
        tx.execute(insert(face), rows)
    return made


def new_face(box: Box, points: Points) -> Face:
    return Face(FaceId(new_id("f")), box, points)


def get(tx: Connection, which: PhotoId) -> Photo | None:
    """The photo, or nothing if it was removed meanwhile."""
    row = tx.execute(select(photo).where(photo.c.id == which)).first()
    return None if row is None else _read(tx, row)


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


def list_all(tx: Connection) -> list[Photo]:
    rows = tx.execute(select(photo).order_by(photo.c.id)).all()
    return [_read(tx, row) for row in rows]


def not_compared_with(
    tx: Connection, version: int, *, pack: str, count: int, after: PhotoId | None = None
) -> list[Photo]:
    """
    Photos in recognising collections whose faces were not yet compared with gallery `version`.

    At most `count`, by id, those after the id `after`. Photos without faces are among them.
    """
    rows = tx.execute(
        _behind(version, pack).where(photo.c.id > (after or "")).order_by(photo.c.id).limit(count)
    ).all()
    return [_read(tx, row) for row in rows]


def count_not_compared_with(tx: Connection, version: int, *, pack: str) -> int:
    behind = _behind(version, pack).subquery()
    return int(tx.execute(select(func.count()).select_from(behind)).scalar_one())


def mark_compared(tx: Connection, which: PhotoId, *, version: int) -> None:
    tx.execute(update(photo).where(photo.c.id == which).values(compared_with=version))


def packs(tx: Connection) -> set[str]:
    """The packs that found the faces that are stored."""
    return set(tx.execute(select(photo.c.pack).distinct()).scalars())


def count(tx: Connection) -> tuple[int, int]:
    """How many photos and how many faces there are."""
    photos = tx.execute(select(func.count()).select_from(photo)).scalar_one()
    faces = tx.execute(select(func.count()).select_from(face)).scalar_one()
    return int(photos), int(faces)


# --------------------------------------------------------------------------------------------


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


def _read(tx: Connection, row: Row[Any]) -> Photo:
    faces = tx.execute(select(face).where(face.c.photo_id == row.id).order_by(face.c.id))
    places = tx.execute(
        select(item.c.locator)
        .where(item.c.photo_id == row.id, item.c.state != "vanished")
        .order_by(item.c.locator)
    )
    return Photo(
        id=PhotoId(row.id),
        source=SourceId(row.source_id),
        digest=Digest(row.digest),
        width=row.width,
        height=row.height,
        preview=None if row.preview_id is None else CopyId(row.preview_id),
        locators=tuple(place.locator for place in places),
        faces=tuple(
            Face(
                id=FaceId(one.id),
                box=(one.x1, one.y1, one.x2, one.y2),
                points=tuple((x, y) for x, y in one.points),
            )
            for one in faces
        ),
    )
