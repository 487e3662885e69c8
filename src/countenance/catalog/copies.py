"""
The copy ledger: a row before the bytes, confirmed after (P2).

A row without confirmation is an intention that a crash may have left. Its bytes, if there are any,
are removed by the next run, and then the row.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from countenance.catalog.stores import Stores
from countenance.catalog.tables import copy
from countenance.core.canonical import Digest
from countenance.core.ids import CopyId, new_id
from countenance.errors import NotFound
from countenance.vault.ledger import Copy, CopyKind


def intend(tx: Connection, kind: CopyKind, *, at: datetime) -> CopyId:
    """Announce a file of the vault. Its bytes may be written once this transaction is committed."""
    made = CopyId(new_id("v"))
    tx.execute(insert(copy).values(id=made, kind=kind, confirmed=False, made_at=at))
    return made


def confirm(tx: Connection, which: CopyId, *, digest: Digest, size: int) -> None:
    """Say that the bytes are there, and what they are."""
    tx.execute(
        update(copy).where(copy.c.id == which).values(digest=digest, size=size, confirmed=True)
    )


def get(tx: Connection, which: CopyId) -> Copy:
    """Raises `NotFound` if the ledger has no confirmed copy of this id."""
    row = tx.execute(select(copy).where(copy.c.id == which, copy.c.confirmed)).first()
    if row is None:
        raise NotFound(f"{which}: no such copy in the vault")
    return _read(row)


def those(tx: Connection, which: Collection[CopyId]) -> dict[CopyId, Copy]:
    """Those of the copies `which`, as many as one statement takes, that are confirmed."""
    rows = tx.execute(select(copy).where(copy.c.id.in_(which), copy.c.confirmed))
    return {one.id: one for one in map(_read, rows)}


def confirmed(tx: Connection) -> list[Copy]:
    """Every file that is in the vault for good."""
    return [_read(row) for row in tx.execute(select(copy).where(copy.c.confirmed))]


def unconfirmed(tx: Connection, *kinds: CopyKind) -> list[CopyId]:
    """
    Intentions without bytes, of `kinds` or of all: of what is going on, or left by what died.

    Previews and originals are written by who holds the library, evidence by who holds the keys.
    """
    rows = tx.execute(
        select(copy.c.id).where(copy.c.confirmed.is_(False), copy.c.kind.in_(kinds or CopyKind))
    )
    return [CopyId(row.id) for row in rows]


def ids(tx: Connection) -> frozenset[CopyId]:
    """Every copy that the ledger knows, confirmed or not."""
    return frozenset(CopyId(which) for which in tx.execute(select(copy.c.id)).scalars())


def forget(tx: Connection, copies: Collection[CopyId]) -> None:
    """Remove rows. The bytes must be gone, or be removed once this transaction is committed."""
    for which in copies:
        tx.execute(delete(copy).where(copy.c.id == which))


def remove_unconfirmed(stores: Stores, unwanted: Collection[CopyId]) -> None:
    """
    Remove the bytes of those of `unwanted` whose rows are intentions, and then the rows.

    A copy that was confirmed after all is left alone: who is stopped just after a commit does not
    know yet that the work was stored.
    """
    if not unwanted:
        return
    with stores.database.read() as tx:
        going = sorted(set(unwanted).intersection(unconfirmed(tx)))
    for which in going:
        stores.blobs.remove(which)
    with stores.database.write() as tx:
        forget(tx, going)


# --------------------------------------------------------------------------------------------


def _read(row: Row[Any]) -> Copy:
    return Copy(
        id=CopyId(row.id),
        kind=CopyKind(row.kind),
        digest=Digest(row.digest),
        size=row.size,
        confirmed=row.confirmed,
    )
