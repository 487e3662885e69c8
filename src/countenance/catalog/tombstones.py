"""
Tombstones: what refuses erased pictures when the same source offers them again (P4).

A tombstone is a keyed hash of the picture's digest: it says of bytes that come again whether they
are the ones, and nothing to somebody who has the catalog without the key.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, or_, select, update

from countenance.catalog.stores import Stores
from countenance.catalog.tables import erasure, library, tombstone
from countenance.core.canonical import Digest
from countenance.core.ids import ErasureId, KeyId, SourceId


@dataclass(frozen=True, slots=True)
class Tombstones:
    """Those of some sources that stand: asked by source and digest, before a picture is decoded."""

    key: bytes
    marks: frozenset[tuple[SourceId, str]]

    def __contains__(self, offered: object) -> bool:
        match offered:
            case (str(source), str(digest)):
                return (SourceId(source), mark(self.key, Digest(digest))) in self.marks
            case _:
                return False


def of_sources(tx: Connection, sources: Sequence[SourceId], *, key: bytes) -> Tombstones:
    """The tombstones of `sources` that stand, and those of pictures that nobody may bring again."""
    rows = tx.execute(
        select(tombstone.c.source_id, tombstone.c.mark).where(
            tombstone.c.source_id.in_(sources), tombstone.c.lifted_at.is_(None)
        )
    )
    own = {(SourceId(row.source_id), str(row.mark)) for row in rows}
    everywhere = tx.execute(select(tombstone.c.mark).where(_EVERYWHERE)).scalars()
    return Tombstones(key, frozenset(own | {(one, mark) for mark in everywhere for one in sources}))


def mark(key: bytes, digest: Digest) -> str:
    """What stands for a picture of this digest, under `key`, 32 bytes: 64 hexadecimal digits."""
    return hmac.new(key, digest.encode(), hashlib.sha256).hexdigest()


def key_of(tx: Connection) -> KeyId | None:
    """The key of the marks of this library, if any was ever made."""
    found = tx.execute(select(library.c.tombstone_key)).scalar()
    return None if found is None else KeyId(found)


def set_key(tx: Connection, key: KeyId) -> None:
    tx.execute(update(library).values(tombstone_key=key))


def known_key(stores: Stores) -> bytes | None:
    """
    The key of the marks, if any was ever made.

    Raises `NotFound` if it is gone, and `VerificationError` if it does not open.
    """
    with stores.database.read() as tx:
        known = key_of(tx)
    return None if known is None else stores.keys.read(known)


def ensure_key(stores: Stores, holding_keys: Callable[[], AbstractContextManager[None]]) -> bytes:
    """
    The key of the marks of this library, which is made if there is none.

    `holding_keys` keeps it from being swept as nobody's before the catalog names it.
    """
    with holding_keys():
        if (known := known_key(stores)) is not None:
            return known
        made = stores.keys.create()
        with stores.database.write() as tx:
            set_key(tx, made)
        return stores.keys.read(made)


def add_all(
    tx: Connection, which: SourceId, marks: Iterable[str], *, case: ErasureId, at: datetime
) -> None:
    """
    Set tombstones for `marks`; one that stands, or was lifted, stands again.

    One of a picture that was taken down by itself stays that: no new grant of the source lifts it.
    """
    own = tombstone.c.source_id == which
    known = set(tx.execute(select(tombstone.c.mark).where(own)).scalars())
    stays = set(tx.execute(select(tombstone.c.mark).where(own, _EVERYWHERE)).scalars())
    fresh = {"erasure_id": case, "made_at": at, "lifted_at": None}
    wanted = set(marks) - stays
    for one in sorted(wanted & known):
        tx.execute(
            update(tombstone)
            .where(tombstone.c.source_id == which, tombstone.c.mark == one)
            .values(fresh)
        )
    rows = [{"source_id": which, "mark": one, **fresh} for one in sorted(wanted - known)]
    if rows:
        tx.execute(insert(tombstone), rows)


def stands(tx: Connection, which: SourceId, mark: str) -> bool:
    """Whether pictures of this mark are refused from the source."""
    found = tx.execute(
        select(tombstone.c.mark).where(
            tombstone.c.mark == mark,
            tombstone.c.lifted_at.is_(None),
            or_(tombstone.c.source_id == which, _EVERYWHERE),
        )
    ).first()
    return found is not None


def standing(tx: Connection, which: SourceId) -> int:
    """How many pictures of the source are refused."""
    query = select(func.count()).where(
        tombstone.c.source_id == which, tombstone.c.lifted_at.is_(None)
    )
    return int(tx.execute(query).scalar_one())


def lift(tx: Connection, which: SourceId, *, at: datetime) -> int:
    """
    Let the source's pictures in again, for its owner says so. Gives how many those are.

    Not those that were taken down by themselves: that was not the owner's to say.
    """
    lifted = tx.execute(
        update(tombstone)
        .where(tombstone.c.source_id == which, tombstone.c.lifted_at.is_(None), ~_EVERYWHERE)
        .values(lifted_at=at)
    )
    return lifted.rowcount


# --------------------------------------------------------------------------------------------

_EVERYWHERE = tombstone.c.lifted_at.is_(None) & tombstone.c.erasure_id.in_(
    select(erasure.c.id).where(erasure.c.photo_id.is_not(None))
)
"""Of a picture that was taken down by itself: it is refused from every source, old and new."""
