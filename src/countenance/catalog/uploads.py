"""
Uploads: originals that have no other home, kept in the vault.

The copy ledger has the row of each file, and here stands under which locators its source has it.
The same bytes again are one copy with a further place, within one source: another source has its
own, for whoever ended the grant of one would leave it to the other.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, or_, select, update

from countenance.catalog import copies
from countenance.catalog.stores import Stores
from countenance.catalog.tables import copy, photo, upload
from countenance.core.canonical import Digest, digest
from countenance.core.ids import CopyId, PhotoId, SourceId
from countenance.vault.ledger import CopyKind


@dataclass(frozen=True, slots=True)
class Original:
    """One place of an original that is in the vault."""

    locator: str
    copy: CopyId
    digest: Digest
    size: int


def write(stores: Stores, data: bytes) -> CopyId:
    """
    Write an original into the vault: durable, and not confirmed yet; `keep` does that.

    The caller holds the library: what is not confirmed then is removed by whoever holds it next.
    """
    with stores.database.write() as tx:
        which = copies.intend(tx, CopyKind.ORIGINAL, at=stores.now(tx))
    # A crash from here on leaves a row that is an intention, and perhaps its file.
    stores.blobs.write(which, data, durable=True)
    return which


def keep(tx: Connection, which: CopyId, data: bytes, *, source: SourceId, locator: str) -> None:
    """Confirm what was written, as the original at `locator`: from this commit on it is taken."""
    copies.confirm(tx, which, digest=digest(data), size=len(data))
    place(tx, which, source=source, locator=locator)


def place(tx: Connection, which: CopyId, *, source: SourceId, locator: str) -> None:
    """Say that a copy that is kept stands at `locator` too."""
    tx.execute(insert(upload).values(source_id=source, locator=locator, copy_id=which))


def of_source(tx: Connection, source: SourceId) -> list[Original]:
    """Every place of a source, by locator."""
    rows = tx.execute(_PLACES.where(upload.c.source_id == source).order_by(upload.c.locator))
    return [_read(row) for row in rows]


def at_place(tx: Connection, source: SourceId, locator: str) -> Original | None:
    """The original at a place, if there is one."""
    found = _PLACES.where(upload.c.source_id == source, upload.c.locator == locator)
    row = tx.execute(found).first()
    return None if row is None else _read(row)


def find(tx: Connection, source: SourceId, wanted: Digest) -> CopyId | None:
    """The copy of a source that has these very bytes, if it has one."""
    found = _PLACES.where(upload.c.source_id == source, copy.c.digest == wanted).limit(1)
    row = tx.execute(found).first()
    return None if row is None else _read(row).copy


def belonging(source: SourceId | None, one: PhotoId | None) -> ColumnElement[bool]:
    """The places of a source, and, in whichever source, those of the bytes of a photo."""
    bytes_of = select(photo.c.digest).where(photo.c.id == one).scalar_subquery()
    same = select(copy.c.id).where(copy.c.kind == CopyKind.ORIGINAL, copy.c.digest == bytes_of)
    return or_(upload.c.source_id == source, upload.c.copy_id.in_(same))


def digests_of(tx: Connection, which: ColumnElement[bool]) -> set[tuple[SourceId, Digest]]:
    """The digests of the originals at the places `which`, each with its source."""
    rows = tx.execute(
        select(upload.c.source_id, copy.c.digest)
        .join(copy, copy.c.id == upload.c.copy_id)
        .where(which)
    )
    return {(SourceId(row.source_id), Digest(row.digest)) for row in rows}


def all_copies(tx: Connection) -> list[CopyId]:
    """The copy of every original."""
    return [CopyId(which) for which in tx.execute(select(upload.c.copy_id).distinct()).scalars()]


def release(tx: Connection, which: ColumnElement[bool]) -> list[CopyId]:
    """
    Let go of the originals at the places `which`. Gives the copies, whose rows are intentions
    again: the caller removes them once the transaction is committed.
    """
    own = select(upload.c.copy_id).where(which)
    going = [CopyId(one) for one in tx.execute(own.distinct()).scalars()]
    tx.execute(update(copy).where(copy.c.id.in_(own)).values(confirmed=False))
    tx.execute(delete(upload).where(which))
    return going


# --------------------------------------------------------------------------------------------

_PLACES = select(upload.c.locator, copy.c.id, copy.c.digest, copy.c.size).join(
    copy, copy.c.id == upload.c.copy_id
)


def _read(row: Row[*tuple[Any, ...]]) -> Original:
    return Original(row.locator, CopyId(row.id), Digest(row.digest), row.size)
