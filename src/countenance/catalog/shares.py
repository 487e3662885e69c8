"""What a share shows: photos, which of their faces, and what was given out of it already."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from countenance.catalog.photos import Box
from countenance.catalog.tables import share_photo
from countenance.core.ids import DisclosureId, FaceId, LinkId, PhotoId


@dataclass(frozen=True, slots=True)
class SharePhoto:
    """
    One photo of a share, by its `number` there, from 1.

    `shown` are the faces that are to be seen, and no other ever is. `covers` are boxes of covers
    besides, over what the search passed over, in pixels of the upright photo. `disclosure` is set
    once bytes of it have left.
    """

    number: int
    photo: PhotoId
    shown: frozenset[FaceId]
    covers: tuple[Box, ...]
    disclosure: DisclosureId | None = None


def add(tx: Connection, link: LinkId, new: Sequence[SharePhoto]) -> None:
    """Say what a share shows. It must be stored already."""
    rows = [
        {
            "link_id": link,
            "number": one.number,
            "photo_id": one.photo,
            "shown": sorted(one.shown),
            "covers": [list(box) for box in one.covers],
        }
        for one in new
    ]
    tx.execute(insert(share_photo), rows)


def of(tx: Connection, link: LinkId) -> list[SharePhoto]:
    """What a share shows, in its order; what was erased since is not among it."""
    own = share_photo.c.link_id == link
    query = select(share_photo).where(own).order_by(share_photo.c.number)
    return [_read(row) for row in tx.execute(query)]


def give(tx: Connection, link: LinkId, number: int, which: DisclosureId) -> None:
    """Bytes of this photo leave, as this disclosure."""
    own = (share_photo.c.link_id == link, share_photo.c.number == number)
    tx.execute(update(share_photo).where(*own).values(disclosure_id=which))


# --------------------------------------------------------------------------------------------


def _read(row: Row[Any]) -> SharePhoto:
    given = row.disclosure_id
    return SharePhoto(
        row.number,
        PhotoId(row.photo_id),
        frozenset(map(FaceId, row.shown)),
        tuple((x1, y1, x2, y2) for x1, y1, x2, y2 in row.covers),
        None if given is None else DisclosureId(given),
    )
