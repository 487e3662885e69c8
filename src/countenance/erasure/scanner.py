"""
The scan, in a process of its own.

SQLite keeps other processes off a database by locks of the operating system, and a process that
closes any descriptor of a file lets go of all its locks on it (fcntl, POSIX.1; "How To Corrupt An
SQLite Database File", 2.2). The scan reads the database's files like any others, so it must not be
done where the database is open: two writers at once would be the end of it.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from countenance.engines.isolated import Bounds, ChildLost, Isolated, Message
from countenance.errors import ErasureIncomplete
from countenance.vault.scan import Hit, Needles, Scanned, Unread, scan

_PART_BYTES = 256 * 1024 * 1024
"""Of files, read in one call: a progress is told after each."""

_BOUNDS = Bounds(memory_bytes=4 * 1024**3, seconds=1800.0)


class Scanner(Protocol):
    """Reads `files` whole, and says which objects of `needles` are in them."""

    def __call__(
        self, files: Sequence[Path], needles: Needles, progress: Callable[[int, int], object]
    ) -> Scanned:
        """`progress` is told how many files of how many were read. Raises `ErasureIncomplete`."""


class ScannerApart:
    """A scanner whose process starts at the first scan and stays for the next, until `close`."""

    def __init__(self) -> None:
        self._child = Isolated(answer, _BOUNDS)

    def __call__(
        self, files: Sequence[Path], needles: Needles, progress: Callable[[int, int], object]
    ) -> Scanned:
        """Raises `ErasureIncomplete` if its process dies: what it did not see proves nothing."""
        sought = {name: [one.hex() for one in own] for name, own in needles.groups.items()}
        done = Scanned((), (), 0, 0)
        for part, read in _parts(files):
            request = {"files": [str(path) for path in part], "needles": sought}
            try:
                said = self._child.call(Message({}, json.dumps(request).encode()))
            except ChildLost as exc:
                raise ErasureIncomplete(f"the scan of files did not end: {exc.message}") from exc
            done = _joined(done, _read(bytes(said.body), part))
            progress(read, len(files))
        return done

    def close(self) -> None:
        """End its process. May be called again."""
        self._child.close()


def scan_here(
    files: Sequence[Path], needles: Needles, progress: Callable[[int, int], object]
) -> Scanned:
    """A scanner in this process: for files of no database that is open here."""
    done = scan(files, needles)
    progress(len(files), len(files))
    return done


def answer(request: Message) -> Message:
    """What the process apart does."""
    said = json.loads(bytes(request.body))
    groups = {
        name: tuple(bytes.fromhex(one) for one in own) for name, own in said["needles"].items()
    }
    files = [Path(one) for one in said["files"]]
    seen = scan(files, Needles(groups))
    places = {path: place for place, path in enumerate(files)}
    document = {
        "hits": [[hit.name, places[hit.path], hit.offset] for hit in seen.hits],
        "unread": [[places[one.path], one.reason] for one in seen.unread],
        "files": seen.files,
        "bytes": seen.bytes_read,
    }
    return Message({}, json.dumps(document).encode())


# --------------------------------------------------------------------------------------------


def _parts(files: Sequence[Path]) -> Iterator[tuple[list[Path], int]]:
    """The files in parts of about `_PART_BYTES`, each with how many there are up to its end."""
    part: list[Path] = []
    size = 0
    for number, path in enumerate(files, start=1):
        part.append(path)
        try:
            size += path.stat().st_size
        except OSError:
            continue  # what vanished is left out by the scan, and what cannot be read is told by it
        if size >= _PART_BYTES:
            yield part, number
            part, size = [], 0
    if part:
        yield part, len(files)


def _read(written: bytes, files: Sequence[Path]) -> Scanned:
    said = json.loads(written)
    return Scanned(
        tuple(Hit(name, files[place], offset) for name, place, offset in said["hits"]),
        tuple(Unread(files[place], reason) for place, reason in said["unread"]),
        said["files"],
        said["bytes"],
    )


def _joined(one: Scanned, two: Scanned) -> Scanned:
    return Scanned(
        (*one.hits, *two.hits),
        (*one.unread, *two.unread),
        one.files + two.files,
        one.bytes_read + two.bytes_read,
    )
