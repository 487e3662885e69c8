"""
The audit log's rows. An entry is written in the transaction of the act it records (P30).

There is one writer at a time, so that an entry's index is one more than that of the one before it.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, LargeBinary, cast, func, insert, select, update

from countenance.audit.entry import LOOKING, Act, Entry
from countenance.audit.leaf import Leaf, new_salt, read_payload, salted, write_payload
from countenance.audit.merkle import HASH_BYTES, completed, last_leaf
from countenance.audit.verify import ENTRY_MARK, redacted_by
from countenance.catalog.tables import entry
from countenance.core.ids import PersonId
from countenance.errors import NotFound, UsageError, VerificationError

_CONTENT = (entry.c.payload, entry.c.salt, entry.c.hashes)


def record(tx: Connection, act: Entry) -> int:
    """
    Append an entry, and give its index. It is there if the act is, and not otherwise.

    No entry is earlier than the one before it: where the clock was set back, or another program
    was quicker to write, it takes the time of that one.

    Raises `VerificationError` if the log is too damaged to be added to; then the act does not
    happen either.
    """
    index = size(tx)
    payload, salt = write_payload(_not_earlier(tx, act)), new_salt()
    hashes = completed(index, salted(payload, salt, index), nodes(tx))
    row = {"seq": index + 1, "payload": payload, "salt": salt, "hashes": b"".join(hashes)}
    tx.execute(insert(entry).values(row))
    return index


def redact(tx: Connection, index: int, *, actor: str, at: datetime) -> int:
    """
    Forget what an entry says, and log that. Every proof of any entry holds as before.

    Its bytes leave the files with `Database.forget_deleted_bytes`. Raises `NotFound` if there is no
    such entry, and `UsageError` if it was redacted before or is itself the record of a redaction.
    """
    found = leaf(tx, index)
    if found.payload is None:
        raise UsageError(f"entry {index} of the log was redacted before")
    if redacted_by(read_payload(found.payload)):
        raise UsageError(f"entry {index} of the log records a redaction, and stays")
    tx.execute(update(entry).where(entry.c.seq == index + 1).values(payload=None, salt=None))
    return record(tx, Entry(Act.REDACTED, at, actor, subjects=(f"{ENTRY_MARK}{index}",)))


def size(tx: Connection) -> int:
    """How many entries there are, those redacted counted."""
    return tx.execute(select(func.max(entry.c.seq))).scalar() or 0


def entries(tx: Connection) -> list[Entry]:
    """Every entry that was not redacted, oldest first."""
    return [said for _, said in _read(tx)]


def tail(tx: Connection, count: int) -> list[tuple[int, Entry | None]]:
    """The last `count` entries with their index, oldest first; nothing where one was redacted."""
    rows = tx.execute(
        select(entry.c.seq, entry.c.payload).order_by(entry.c.seq.desc()).limit(count)
    ).all()
    return [
        (row.seq - 1, None if row.payload is None else read_payload(row.payload))
        for row in reversed(rows)
    ]


def looked_for(tx: Connection, who: PersonId) -> list[Entry]:
    """Who looked for a person, when and why, oldest first (P33)."""
    # The id is random: nothing but its own mention contains it. The filter is only for speed.
    mentions = entry.c.payload.contains(f'"{who}"', autoescape=True)
    return [said for _, said in _read(tx, mentions) if said.act in LOOKING and who in said.subjects]


def leaf(tx: Connection, index: int) -> Leaf:
    """The entry of this index as it stands. Raises `NotFound` if there is none."""
    for found in leaves(tx, entry.c.seq == index + 1):
        return found
    raise NotFound(f"the log has no entry {index}")


def leaves(tx: Connection, *which: ColumnElement[bool]) -> Iterator[Leaf]:
    """
    The entries as they stand, by index, one after the other from the database.

    They are read as bytes, whatever they are: a log that somebody altered must be read to its end.
    """
    query = (
        select(
            entry.c.seq,
            *(cast(column, LargeBinary).label(column.name) for column in _CONTENT),
        )
        .where(*which)
        .order_by(entry.c.seq)
    )
    for row in tx.execute(query).yield_per(1000):
        payload = None if row.payload is None else row.payload.decode(errors="replace")
        yield Leaf(row.seq - 1, payload, row.salt, row.hashes)


def nodes(tx: Connection) -> Callable[[int, int], bytes]:
    """
    What gives the hash of a node of the tree, as stored.

    It raises `VerificationError` if the entry that completes the node is not there, or not whole.
    """

    def node(level: int, number: int) -> bytes:
        index = last_leaf(level, number)
        stored = tx.execute(select(entry.c.hashes).where(entry.c.seq == index + 1)).scalar()
        found: bytes = (stored or b"")[level * HASH_BYTES : (level + 1) * HASH_BYTES]
        if len(found) != HASH_BYTES:
            raise VerificationError(
                f"entry {index} of the log is damaged", hint="countenance audit verify"
            )
        return found

    return node


# --------------------------------------------------------------------------------------------


def _read(tx: Connection, *which: ColumnElement[bool]) -> Iterator[tuple[int, Entry]]:
    query = (
        select(entry.c.seq, entry.c.payload)
        .where(entry.c.payload.is_not(None), *which)
        .order_by(entry.c.seq)
    )
    for row in tx.execute(query).yield_per(1000):
        yield row.seq - 1, read_payload(row.payload)


def _not_earlier(tx: Connection, act: Entry) -> Entry:
    before = tx.execute(
        select(entry.c.payload)
        .where(entry.c.payload.is_not(None))
        .order_by(entry.c.seq.desc())
        .limit(1)
    ).scalar()
    if before is None:
        return act
    return replace(act, at=max(act.at, read_payload(before).at))
