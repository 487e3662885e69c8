"""
The log and its journal, compared: one is the beginning of the other, or the catalog is not the one.

An entry is committed in the catalog, and then appended to the journal. So the catalog is never the
shorter of the two, unless somebody put an older copy of it in its place: then it may hold people
who were erased since, and nothing is read from it (P22).
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from sqlalchemy import Connection

from countenance.audit.entry import Entry
from countenance.audit.leaf import Leaf, read_payload, salted
from countenance.audit.merkle import HASH_BYTES, Tree
from countenance.audit.verify import Fault, Finding, redacted_by
from countenance.catalog import log, people
from countenance.catalog.database import Database
from countenance.catalog.tables import entry
from countenance.errors import VerificationError
from countenance.vault.journal import JOURNAL_FILE, HeldJournal, Journal, Record


def catch_up(database: Database, journal: Journal) -> int:
    """
    Append to the journal what the log has more, and give how many entries those were.

    Durable when it returns. Raises `VerificationError` if the log does not go on from the journal,
    and `Unavailable` if the journal cannot be reached or is another library's.
    """
    with database.read() as tx:
        library = people.library_id(tx)
    # The journal is held before the log is read: what others appended meanwhile is seen there.
    with journal.held(library) as held, database.read() as tx:
        return _append(tx, held)


def require_not_older(database: Database, journal: Journal) -> None:
    """
    Make sure that the log goes on from the journal; nothing is appended.

    Raises as `catch_up` does.
    """
    with database.read() as tx:
        library = people.library_id(tx)
    with journal.held(library) as held, database.read() as tx:
        if (last := held.last) is not None:
            _require_same(next(log.leaves(tx, entry.c.seq >= last.index + 1), None), last)


def beside(leaves: Iterable[Leaf], kept: Iterator[Record], found: list[Finding]) -> Iterator[Leaf]:
    """
    `leaves` as they come, each compared with the journal on its way: one reading serves for both.

    What differs is appended to `found`. Entries that the journal does not have yet are no finding:
    the next act appends them. `kept` must have been opened before the log is read.
    """
    size = 0
    kept = _until_damaged(kept, found)
    for leaf in leaves:
        size += 1
        record = next(kept, None)
        if record is not None and not _is_same(leaf, record):
            found.append(
                Finding(Fault.JOURNAL, f"entry {leaf.index}: is not the one in the journal")
            )
        yield leaf
    if more := sum(1 for _ in kept):
        found.append(
            Finding(Fault.JOURNAL, f"the journal has {size + more} entries, and the log {size}")
        )


def put_back(tx: Connection, kept: Sequence[Record]) -> list[tuple[int, Entry | None]]:
    """
    Make the log of a restored catalog what its journal says: redacted entries are redacted again,
    and those that came later follow, with the hashes that they had (P31).

    Gives the entries that came later, with their index; nothing where one was redacted. Raises
    `VerificationError` if the log is not the beginning of the journal.
    """
    tree, size = Tree(), log.size(tx)
    if size > len(kept):
        raise VerificationError(
            f"the journal has {len(kept)} entries, and the backup's log {size}",
            hint=f"bring back the newest {JOURNAL_FILE}",
        )
    later: list[tuple[int, Entry | None]] = []
    for record, leaf in zip_longest(kept, log.leaves(tx)):
        _require_whole(record)
        hashes = b"".join(tree.append(record.leaf))
        if leaf is None:
            log.put_back(tx, Leaf(record.index, record.payload, record.salt, hashes))
            said = None if record.payload is None else read_payload(record.payload)
            later.append((record.index, said))
        elif (leaf.index, leaf.hashes) != (record.index, hashes):
            raise VerificationError(
                f"entry {record.index} of the backup's log is not the journal's"
            )
        elif record.payload is None:
            log.forget(tx, record.index)
    return later


# --------------------------------------------------------------------------------------------


def _until_damaged(kept: Iterator[Record], found: list[Finding]) -> Iterator[Record]:
    try:
        yield from kept
    except VerificationError as exc:
        found.append(Finding(Fault.JOURNAL, exc.message))


def _require_whole(record: Record) -> None:
    if record.payload is None or record.salt is None:
        return
    if salted(record.payload, record.salt, record.index) != record.leaf:
        raise VerificationError(f"the journal is damaged: entry {record.index}")


def _append(tx: Connection, held: HeldJournal) -> int:
    last = held.last
    known = 0 if last is None else last.index + 1
    leaves = log.leaves(tx, entry.c.seq >= known)
    if last is not None:
        _require_same(next(leaves, None), last)
    new = [_record(leaf) for leaf in leaves]
    redacted = {index for one in new for index in _redacted_by(one)}
    if redacted:
        held.rewrite(new, redacted=redacted)
    elif new:
        held.append(new)
    return len(new)


def _require_same(found: Leaf | None, last: Record) -> None:
    """That the log has the journal's last entry at its place, and so all before it."""
    if found is None or found.index != last.index:
        raise VerificationError(
            "this catalog is older than its journal: it was put here without `countenance restore`",
            hint="people erased since may be in it: countenance restore brings back a backup",
        )
    if found.hashes[:HASH_BYTES] != last.leaf:
        raise VerificationError(
            f"entry {last.index} of the log is not the one in its journal",
            hint="countenance audit verify",
        )


def _record(leaf: Leaf) -> Record:
    return Record(leaf.index, leaf.hashes[:HASH_BYTES], leaf.payload, leaf.salt)


def _redacted_by(record: Record) -> set[int]:
    return set() if record.payload is None else redacted_by(read_payload(record.payload))


def _is_same(leaf: Leaf, record: Record) -> bool:
    if leaf.index != record.index or leaf.hashes[:HASH_BYTES] != record.leaf:
        return False
    # Of one that is redacted in the log, the journal may have the content until the next act.
    return leaf.payload is None or (leaf.payload, leaf.salt) == (record.payload, record.salt)
