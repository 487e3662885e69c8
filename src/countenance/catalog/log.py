"""
The audit log's rows. An entry is written in the transaction of the act it records (P30).

There is one writer at a time, so that an entry's index is one more than that of the one before it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Dialect,
    LargeBinary,
    cast,
    false,
    func,
    insert,
    or_,
    select,
    update,
)

from countenance.audit.entry import LOOKING, REPEATED, Act, Entry
from countenance.audit.leaf import Leaf, new_salt, read_payload, salted, write_payload
from countenance.audit.merkle import HASH_BYTES, Nodes, completed, last_leaf
from countenance.audit.verify import ENTRY_MARK, redacted_by
from countenance.catalog.tables import backup, entry
from countenance.core.ids import PersonId
from countenance.errors import NotFound, Refused, UsageError, VerificationError

_APPENDED = ("seq", "payload", "salt", "hashes")
_CONTENT = (entry.c.payload, entry.c.salt, entry.c.hashes)


def record(tx: Connection, act: Entry) -> int:
    """
    Append an entry, and give its index. It is there if the act is, and not otherwise.

    No entry is earlier than the one before it: where the clock was set back, or another program
    was quicker to write, it takes the time of that one.

    Raises `VerificationError` if the log is too damaged to be added to; then the act does not
    happen either.
    """
    return record_all(tx, (act,))


def record_all(tx: Connection, acts: Sequence[Entry]) -> int:
    """
    Append entries in their order, as `record` does with one, and give the index of the first.

    Of none, that is the index which the next entry will have.
    """
    first = size(tx)
    if not acts:
        return first
    rows = []
    latest, known = _latest(tx), _Frontier(nodes(tx))
    for index, act in enumerate(acts, start=first):
        said = act if latest is None or act.at >= latest else replace(act, at=latest)
        latest = said.at
        payload, salt = write_payload(said), new_salt()
        hashes = known.completed(index, salted(payload, salt, index))
        rows.append((index + 1, payload, salt, hashes))
    # Handed to the driver as they are: what SQLAlchemy does to parameters takes as long as all
    # that was done for the entries before.
    if tx.dialect.positional:
        tx.exec_driver_sql(_appending(tx.dialect), rows)
    else:
        named = [dict(zip(_APPENDED, row, strict=True)) for row in rows]
        tx.exec_driver_sql(_appending(tx.dialect), named)
    return first


def redact(tx: Connection, index: int, *, actor: str, at: datetime) -> int:
    """
    Forget what an entry says, and log that. Every proof of any entry holds as before.

    Its bytes leave the files with `Database.forget_deleted_bytes`. Raises `NotFound` if there is no
    such entry, `UsageError` if it was redacted before or is itself the record of a redaction, and
    `Refused` if it ended something and a backup of before is not gone: a restore must do it again.
    """
    found = leaf(tx, index)
    if found.payload is None:
        raise UsageError(f"entry {index} of the log was redacted before")
    if redacted_by(read_payload(found.payload)):
        raise UsageError(f"entry {index} of the log records a redaction, and stays")
    _require_no_backup(tx, read_payload(found.payload))
    forget(tx, index)
    return record(tx, Entry(Act.REDACTED, at, actor, subjects=(f"{ENTRY_MARK}{index}",)))


def forget(tx: Connection, index: int) -> None:
    """Delete what an entry says, and its salt. That it was redacted is for another entry to say."""
    tx.execute(update(entry).where(entry.c.seq == index + 1).values(payload=None, salt=None))


def put_back(tx: Connection, known: Leaf) -> None:
    """Append an entry that this log had before, with the hashes it had."""
    tx.execute(
        insert(entry).values(
            seq=known.index + 1, payload=known.payload, salt=known.salt, hashes=known.hashes
        )
    )


def size(tx: Connection) -> int:
    """How many entries there are, those redacted counted."""
    return tx.execute(select(func.max(entry.c.seq))).scalar() or 0


def entries(tx: Connection) -> list[Entry]:
    """Every entry that was not redacted, oldest first."""
    return [said for _, said in _read(tx)]


def of_acts(tx: Connection, acts: frozenset[Act]) -> list[Entry]:
    """The entries of these acts that were not redacted, oldest first."""
    # A payload begins with its act. One that does not is none that `record` wrote.
    begins = or_(false(), *(entry.c.payload.startswith(f'{{"act":"{act}",') for act in acts))
    return [said for _, said in _read(tx, begins)]


def tail(
    tx: Connection, count: int, *, before: int | None = None
) -> list[tuple[int, Entry | None]]:
    """
    The last `count` entries, or those before the index `before`, with their index, oldest first;
    nothing where one was redacted.
    """
    query = select(entry.c.seq, entry.c.payload).order_by(entry.c.seq.desc()).limit(count)
    rows = tx.execute(query if before is None else query.where(entry.c.seq <= before)).all()
    return [
        (row.seq - 1, None if row.payload is None else read_payload(row.payload))
        for row in reversed(rows)
    ]


def looked_for(tx: Connection, who: PersonId) -> list[Entry]:
    """Who looked for a person, when and why, oldest first (P33)."""
    naming = _read(tx, _names(tx, who))  # only for speed
    return [said for _, said in naming if said.act in LOOKING and who in said.subjects]


def mentions(tx: Connection, subject: str) -> int:
    """How many entries that were not redacted say the id of a person or a source."""
    naming = select(func.count()).select_from(entry).where(_names(tx, subject))
    return tx.execute(naming).scalar_one()


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
            *(_as_bytes(tx, column).label(column.name) for column in _CONTENT),
        )
        .where(*which)
        .order_by(entry.c.seq)
    )
    for seq, payload, salt, hashes in tx.execute(query).yield_per(1000):
        said = None if payload is None else payload.decode(errors="replace")
        yield Leaf(seq - 1, said, salt, hashes or b"")


def nodes(tx: Connection) -> Nodes:
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


@cache
def _appending(dialect: Dialect) -> str:
    """The statement that appends rows of (seq, payload, salt, hashes)."""
    return str(insert(entry).compile(dialect=dialect))


def _as_bytes(tx: Connection, column: Column[Any]) -> ColumnElement[bytes]:
    # PostgreSQL has no text that is none, and would read a backslash in it as more than one.
    if tx.dialect.name == "postgresql" and not isinstance(column.type, LargeBinary):
        return func.convert_to(column, "UTF8", type_=LargeBinary)
    return cast(column, LargeBinary)


def _names(tx: Connection, subject: str) -> ColumnElement[bool]:
    # The id is random: nothing but its own mention contains it.
    said = f'"{subject}"'
    if tx.dialect.name == "postgresql":
        return func.strpos(entry.c.payload, said) > 0  # half of what `LIKE` takes there
    return entry.c.payload.contains(said, autoescape=True)


def _read(tx: Connection, *which: ColumnElement[bool]) -> Iterator[tuple[int, Entry]]:
    query = (
        select(entry.c.seq, entry.c.payload)
        .where(entry.c.payload.is_not(None), *which)
        .order_by(entry.c.seq)
    )
    for seq, payload in tx.execute(query).yield_per(1000):
        yield seq - 1, read_payload(payload)


class _Frontier:
    """
    The nodes that the next leaf may join. They are asked for with `stored` where none was new.

    What stands to the left of a new node is the node before it at its level: the newest there is.
    """

    def __init__(self, stored: Nodes) -> None:
        self._stored = stored
        self._newest: dict[int, bytes] = {}

    def completed(self, index: int, leaf: bytes) -> bytes:
        """The hashes of the nodes that a leaf completes, one after the other, its own first."""
        hashes = completed(index, leaf, self._node)
        self._newest.update(enumerate(hashes))
        return b"".join(hashes)

    def _node(self, level: int, number: int) -> bytes:
        return self._newest.get(level) or self._stored(level, number)


def _require_no_backup(tx: Connection, said: Entry) -> None:
    if said.act not in REPEATED:
        return
    before = select(backup.c.id).where(backup.c.gone_at.is_(None), backup.c.made_at <= said.at)
    if found := tx.execute(before.limit(1)).scalar():
        raise Refused(
            f"this entry ended something, and stays until the backup {found} is gone",
            hint="countenance backup list shows the backups",
        )


def _latest(tx: Connection) -> datetime | None:
    """The time of the last entry that was not redacted."""
    before = tx.execute(
        select(entry.c.payload)
        .where(entry.c.payload.is_not(None))
        .order_by(entry.c.seq.desc())
        .limit(1)
    ).scalar()
    return None if before is None else read_payload(before).at
