"""The receipts of erasures: each a row, beside the entry of the log that commits to it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from countenance.audit import receipt as audit
from countenance.audit.note import Signer
from countenance.audit.statement import Statement
from countenance.catalog import checkpoints, log
from countenance.catalog.tables import receipt
from countenance.core.canonical import Digest, digest
from countenance.core.ids import ErasureId


@dataclass(frozen=True, slots=True)
class Receipt:
    """The receipt `number` of a case, as it was signed. `digest` is what the next one names."""

    erasure: ErasureId
    number: int
    digest: Digest
    text: str
    at: datetime


def issue(tx: Connection, statement: Statement, *, actor: str, signer: Signer) -> Receipt:
    """
    Log what a statement says, sign the log, and keep the receipt: all of it or nothing (P24, P30).

    The caller fills `number` and `previous` from `newest`. Raises `VerificationError` if the log
    does not go on from what was signed before.
    """
    index = log.record(tx, audit.entry_for(statement, actor=actor))
    checkpoints.sign(tx, signer, at=statement.issued_at)
    text = audit.issue(statement, log.leaf(tx, index), checkpoints.prove(tx, index), signer)
    made = Receipt(
        statement.erasure,
        statement.number,
        digest(text.encode()),
        text,
        statement.issued_at,
    )
    add(tx, made)
    return made


def add(tx: Connection, new: Receipt) -> None:
    row = {"erasure_id": new.erasure, "number": new.number, "digest": new.digest}
    tx.execute(insert(receipt).values(**row, text=new.text, at=new.at))


def of(tx: Connection, erasure: ErasureId) -> list[Receipt]:
    """The receipts of a case, in the order in which they were issued."""
    query = select(receipt).where(receipt.c.erasure_id == erasure).order_by(receipt.c.number)
    return [_read(row) for row in tx.execute(query)]


def newest(tx: Connection, erasure: ErasureId) -> Receipt | None:
    """The newest receipt of a case, if there is one yet."""
    query = (
        select(receipt)
        .where(receipt.c.erasure_id == erasure)
        .order_by(receipt.c.number.desc())
        .limit(1)
    )
    row = tx.execute(query).first()
    return None if row is None else _read(row)


def list_all(tx: Connection) -> list[Receipt]:
    """Every receipt, the oldest first."""
    query = select(receipt).order_by(receipt.c.at, receipt.c.erasure_id, receipt.c.number)
    return [_read(row) for row in tx.execute(query)]


# --------------------------------------------------------------------------------------------


def _read(row: Row[*tuple[Any, ...]]) -> Receipt:
    return Receipt(ErasureId(row.erasure_id), row.number, Digest(row.digest), row.text, row.at)
