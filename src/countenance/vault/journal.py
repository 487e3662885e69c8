"""
The journal: the audit log once more, in the folder of the keys, and so in no backup of the data.

Whoever restores a backup of the data has the log as it was then. What was erased since is told by
the journal alone; it holds what the log holds, ids and digests. The file `log.journal`:

    offset  bytes  is
    0       7      "CTN-JNL"
    7       1      version, 1
    8       32     the id of the library, ASCII, filled up with zeros
    40      16     the first bytes of the SHA-256 of what stands before
    56             records, one after the other

A record:

    offset  bytes  is
    0       4      n, the length of the body, big-endian
    4       n      the body: index, 8 bytes, big-endian; leaf hash, 32; and, if the entry was not
                   redacted, its salt, 32, and its payload
    4 + n   16     the first bytes of the SHA-256 of length and body
    20 + n  4      n once more, so that the last record is found from the end

An append that a crash cut off leaves a record without its end, or zeros: it was acknowledged to
nobody, and is cut away. Any other byte that is wrong is damage, and is named.
"""

import fcntl
import hashlib
import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from countenance.errors import Unavailable, VerificationError
from countenance.vault.files import sync_folder, unavailable, write_file

JOURNAL_FILE = "log.journal"

_MAGIC = b"CTN-JNL\x01"
_OWNER_BYTES = 32
_CHECKSUM_BYTES = 16
_HEAD_BYTES = len(_MAGIC) + _OWNER_BYTES + _CHECKSUM_BYTES
_LENGTH_BYTES = 4
_INDEX_BYTES = 8
_HASH_BYTES = 32
_LEAF_AT = _LENGTH_BYTES + _INDEX_BYTES
_CONTENT_AT = _LEAF_AT + _HASH_BYTES
_AROUND_BYTES = _LENGTH_BYTES + _CHECKSUM_BYTES + _LENGTH_BYTES
_LOCK_FILE = "log.journal.lock"


@dataclass(frozen=True, slots=True)
class Record:
    """An entry of the log: `payload` and `salt` are nothing where it was redacted."""

    index: int
    leaf: bytes
    payload: str | None
    salt: bytes | None


class Journal:
    """The journal in `folder`, the folder of the keys. Others may hold it at the same time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def path(self) -> Path:
        return self._folder / JOURNAL_FILE

    def exists(self) -> bool:
        """Raises `Unavailable` if that cannot be known."""
        with unavailable(f"the journal of the log, {self.path}"):
            return self.path.exists()

    @contextmanager
    def held(self, library: str) -> Iterator["HeldJournal"]:
        """
        The journal of `library`, held for oneself; waits for whoever holds it. Made if missing.

        Raises `VerificationError` if it is damaged, and `Unavailable` if it is of another library
        or cannot be reached.
        """
        with unavailable(f"the journal of the log, {self.path}"), _locked(self._folder):
            if not self.path.exists():
                _write_whole(self.path, library, ())
            held = HeldJournal(self.path, library)
            held.mend()
            yield held

    @contextmanager
    def opened(self, library: str) -> Iterator[Iterator[Record]]:
        """
        Every record that is there now, from the first, each verified as it comes; makes nothing.

        What a crash cut off is left out. Raises `Unavailable` as `held` does, and the iterator
        `VerificationError`.
        """
        with unavailable(f"the journal of the log, {self.path}"), self.path.open("rb") as file:
            size = _size(file)
            yield (record for record, _ in _owned_records(file, library, size))

    def read(self, library: str) -> list[Record]:
        """Every record, as `opened` gives them. Raises as `held` does."""
        with self.opened(library) as records:
            return list(records)


class HeldJournal:
    """A journal that nobody else writes to meanwhile. `Journal.held` gives one."""

    def __init__(self, path: Path, library: str) -> None:
        self._path = path
        self._library = library

    @property
    def last(self) -> Record | None:
        """The last record, if there is one."""
        with self._path.open("rb") as file:
            return _last(file)

    def mend(self) -> None:
        """Cut away what a crash left of an append. Durable when it returns."""
        with self._path.open("r+b") as file:
            _require_owner(file, self._library)
            if _last(file) is not None or _size(file) == _HEAD_BYTES:
                return
            file.truncate(max((end for _, end in _records(file, _size(file))), default=_HEAD_BYTES))
            os.fsync(file.fileno())

    def append(self, records: Iterable[Record]) -> None:
        """Append `records`, whose indices go on from the last. Durable when it returns."""
        with self._path.open("ab") as file:
            file.writelines(map(_encode, records))
            file.flush()
            os.fsync(file.fileno())

    def rewrite(self, new: Iterable[Record], *, redacted: Collection[int]) -> None:
        """
        Append `new`, and forget what the entries `redacted` say: in a new file, put in place whole.

        Durable when it returns; a crash before that leaves the journal as it was.
        """
        with self._path.open("rb") as file:
            old = [record for record, _ in _records(file, _size(file))]
        _write_whole(self._path, self._library, (_without(one, redacted) for one in (*old, *new)))


# ------------------------------------------------------------------------------------------------


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    # A file of its own: the journal itself is replaced where an entry is redacted.
    descriptor = os.open(folder / _LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write_whole(path: Path, library: str, records: Iterable[Record]) -> None:
    head = _MAGIC + library.encode().ljust(_OWNER_BYTES, b"\0")
    data = head + _checksum(head) + b"".join(map(_encode, records))
    beside = path.with_name(f"{path.name}.new")
    write_file(beside, data, flags=os.O_CREAT | os.O_TRUNC, durable=True)
    beside.replace(path)
    sync_folder(path.parent)


def _without(record: Record, redacted: Collection[int]) -> Record:
    return replace(record, payload=None, salt=None) if record.index in redacted else record


def _require_owner(file: BinaryIO, library: str) -> None:
    file.seek(0)
    data = file.read(_HEAD_BYTES)
    head, checksum = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
    if not head.startswith(_MAGIC) or checksum != _checksum(head):
        raise _damaged("its beginning")
    owner = head[len(_MAGIC) :].rstrip(b"\0").decode(errors="replace")
    if owner != library:
        raise Unavailable(f"these are the keys of another library, {owner}")


def _last(file: BinaryIO) -> Record | None:
    """The last record, if the file ends with a whole one."""
    size = _size(file)
    if size < _HEAD_BYTES + _AROUND_BYTES:
        return None
    file.seek(size - _LENGTH_BYTES)
    length = _AROUND_BYTES + int.from_bytes(file.read(_LENGTH_BYTES), "big")
    if size - length < _HEAD_BYTES:
        return None
    file.seek(size - length)
    return _decode(file.read(length))


def _owned_records(file: BinaryIO, library: str, size: int) -> Iterator[tuple[Record, int]]:
    _require_owner(file, library)
    yield from _records(file, size)


def _records(file: BinaryIO, size: int) -> Iterator[tuple[Record, int]]:
    """
    Every whole record in the first `size` bytes, with where it ends. What a crash cut off ends it.

    Raises `VerificationError` if anything else is wrong.
    """
    at = _HEAD_BYTES
    file.seek(at)
    for number in range(size):
        if at == size:
            return
        head = file.read(_LENGTH_BYTES)
        length = int.from_bytes(head, "big") + _AROUND_BYTES
        data = head + file.read(min(length, size - at) - len(head))
        record = _decode(data)
        if record is None:
            rest = data + file.read()
            # Zeros in the place of checksum and length: blocks of the file that never were written.
            blank = not any(rest[-_CHECKSUM_BYTES - _LENGTH_BYTES :])
            if blank or (len(data) < length and not _ends_whole(file, rest)):
                return
            raise _damaged(f"record {number}")
        if record.index != number:
            raise _damaged(f"record {number} is of entry {record.index}")
        at += length
        yield record, at


def _ends_whole(file: BinaryIO, rest: bytes) -> bool:
    """
    Whether the last record is whole, or `rest` is one record but for a wrong length at its head.

    Then nothing was cut off: a byte in between was changed.
    """
    length = int.from_bytes(rest[-_LENGTH_BYTES:], "big") + _AROUND_BYTES
    return length == len(rest) or _last(file) is not None


def _encode(record: Record) -> bytes:
    body = record.index.to_bytes(_INDEX_BYTES, "big") + record.leaf
    if record.payload is not None and record.salt is not None:
        body += record.salt + record.payload.encode()
    length = len(body).to_bytes(_LENGTH_BYTES, "big")
    return length + body + _checksum(length + body) + length


def _decode(data: bytes) -> Record | None:
    """The record that `data` is; nothing if it is none."""
    end = len(data) - _LENGTH_BYTES - _CHECKSUM_BYTES
    length, tail = data[:_LENGTH_BYTES], data[-_LENGTH_BYTES:]
    if length != tail or end - _LENGTH_BYTES != int.from_bytes(length, "big"):
        return None
    if end < _CONTENT_AT or data[end:-_LENGTH_BYTES] != _checksum(data[:end]):
        return None
    index = int.from_bytes(data[_LENGTH_BYTES:_LEAF_AT], "big")
    leaf = data[_LEAF_AT:_CONTENT_AT]
    if end == _CONTENT_AT:
        return Record(index, leaf, None, None)
    payload_at = _CONTENT_AT + _HASH_BYTES
    return Record(index, leaf, data[payload_at:end].decode(), data[_CONTENT_AT:payload_at])


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def _checksum(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:_CHECKSUM_BYTES]


def _damaged(where: str) -> VerificationError:
    return VerificationError(
        f"the journal of the log is damaged: {where}",
        hint=f"bring back {JOURNAL_FILE} from the backup of the keys",
    )
