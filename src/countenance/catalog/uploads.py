"""
Uploads: originals that have no other home, kept in the vault.

The copy ledger has the row of each file, and here stands under which locators its source has it.
The same bytes again are one copy with a further place, within one source: another source has its
own, for whoever ended the grant of one would leave it to the other.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from countenance.catalog import copies
from countenance.catalog.stores import Stores
from countenance.catalog.tables import copy, upload
from countenance.core.canonical import Digest, digest
from countenance.core.ids import CopyId, SourceId
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


def digests_of(tx: Connection, source: SourceId) -> set[Digest]:
    """The digests of all originals of a source."""
    return {one.digest for one in of_source(tx, source)}


def all_copies(tx: Connection) -> list[CopyId]:
    """The copy of every original."""
    return [CopyId(which) for which in tx.execute(select(upload.c.copy_id).distinct()).scalars()]


def release(tx: Connection, source: SourceId) -> list[CopyId]:
    """
    Let go of all originals of a source. Gives the copies, whose rows are intentions again: the
    caller removes them once the transaction is committed.
    """
    own = select(upload.c.copy_id).where(upload.c.source_id == source)
    going = [CopyId(which) for which in tx.execute(own.distinct()).scalars()]
    tx.execute(update(copy).where(copy.c.id.in_(own)).values(confirmed=False))
    tx.execute(delete(upload).where(upload.c.source_id == source))
    return going


# --------------------------------------------------------------------------------------------

_PLACES = select(upload.c.locator, copy.c.id, copy.c.digest, copy.c.size).join(
    copy, copy.c.id == upload.c.copy_id
)


def _read(row: Row[*tuple[Any, ...]]) -> Original:
    return Original(row.locator, CopyId(row.id), Digest(row.digest), row.size)
