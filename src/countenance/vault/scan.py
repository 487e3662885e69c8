"""
The raw byte scan: whether anything of an object is left in a file, below every store and index.

Of an object a few pieces of its bytes, its *needles*, are kept before it is erased; afterwards
every file is read whole and looked through for them (P21). A store that says a thing is gone is not
believed, and neither is a scan that did not find the thing while it was there.

How it is fast: a needle of 24 bytes, wherever it lies, holds whole one of the words of 8 bytes that
begin at every 16th byte of what was read. So only these words are looked at. Each is hashed to a
place in a table that says whether a needle may hold it; those that pass are looked up among the
words of the needles; and where one of these stands, the whole needle is compared. Nothing is missed
and nothing is made up: the table is only there to pass over most of what is no needle.

What it cannot see: bytes that were compressed, encrypted or encoded anew, the names of files, and
what lies below the file system.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from countenance.errors import Unavailable, UsageError

SHORTEST_NEEDLE = 16
"""Bytes. Shorter ones hold no whole word at every alignment, and are found by chance."""

CHUNK_BYTES = 1 << 20
"""Read at once. What is made of it stays in the processor's cache."""

_WORD_BYTES = 8
_LEAST_KINDS = 6
"""Different bytes in a needle: pieces of fewer are found everywhere."""

_TRIED_FINELY = 64
"""Pieces of a part of an object. In a part of more, the next one tried is no neighbour."""

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
"""2**64 over the golden ratio, made odd: Fibonacci hashing (Knuth, volume 3, 6.4)."""

_PLACES_A_WORD = 64
_LEAST_BITS, _MOST_BITS = 18, 22
"""Of a place's number in the table: at least what fits a fast cache, at most what fits any."""

_COMPARED_AT_ONCE = 1 << 19
"""Bytes gathered from where needles may stand: bounds the memory, however many such places."""

_NOWHERE = np.empty(0, np.int64)

Words: TypeAlias = NDArray[np.uint64]
Bytes: TypeAlias = NDArray[np.uint8]
Numbers: TypeAlias = NDArray[np.int64]

Progress: TypeAlias = Callable[[int, int], None]
"""Told after each file how many files and how many bytes were read so far."""


@dataclass(frozen=True, slots=True)
class Needles:
    """
    The needles of each object, by the object's name. One that is found anywhere finds its object.

    Raises `UsageError` if an object has no needle, which would make it look gone, or one that is
    shorter than `SHORTEST_NEEDLE`.
    """

    groups: Mapping[str, tuple[bytes, ...]]

    def __post_init__(self) -> None:
        for name, needles in self.groups.items():
            if not needles:
                raise UsageError(f"no needle of {name}")
            if min(map(len, needles)) < SHORTEST_NEEDLE:
                raise UsageError(f"a needle of {name} is shorter than {SHORTEST_NEEDLE} bytes")


@dataclass(frozen=True, slots=True)
class Hit:
    """An object that is in a file, and the offset in bytes where a needle of it first stands."""

    name: str
    path: Path
    offset: int


@dataclass(frozen=True, slots=True)
class Unread:
    """A file, or a folder, that could not be read to its end, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Scanned:
    """
    What a scan saw: at most one hit for each object and file.

    `files` and `bytes_read` count the files that were read to their end. Where something is
    `unread`, that an object was not found proves nothing.
    """

    hits: tuple[Hit, ...]
    unread: tuple[Unread, ...]
    files: int
    bytes_read: int

    @property
    def found(self) -> frozenset[str]:
        """The names of the objects that are in some file."""
        return frozenset(hit.name for hit in self.hits)


def needles_of(
    data: bytes, *, count: int = 5, length: int = 24, skip: int = 4096
) -> tuple[bytes, ...]:
    """
    Up to `count` pieces of `length` bytes from as many parts of an object, none twice.

    The first `skip` bytes, at most half of the object, are left out if there is a needle behind
    them: headers are alike in many files. Pieces of fewer than six different bytes, or with eight
    equal ones in a row, are no needles. An object of 16 bytes or more gives at least one, unless
    nearly all of it is so; a shorter one gives none.

    Raises `UsageError` if `count` is below 1 or `length` below `SHORTEST_NEEDLE`.
    """
    if count < 1 or length < SHORTEST_NEEDLE:
        raise UsageError(f"needles: 1 or more of {SHORTEST_NEEDLE} bytes or more")
    length = min(length, len(data))
    if length < SHORTEST_NEEDLE:
        return ()
    behind = min(skip, len(data) // 2, len(data) - length)
    return _telling(data, behind, count, length) or _telling(data, 0, count, length)


def all_files(*roots: Path) -> Iterator[Path]:
    """
    Every regular file under the roots, in no order. Links are not followed, but a root may be one.

    A folder that cannot be listed is given itself, so that a scan tells it among the unread. What
    vanishes meanwhile is left out. Raises `Unavailable` if a root is not there.
    """
    for root in roots:
        try:
            path = root.resolve(strict=True)
        except OSError as error:
            raise Unavailable(f"{root} cannot be listed: {error.strerror}") from error
        yield from _under(path) if path.is_dir() else (path,)


def scan(files: Iterable[Path], needles: Needles, *, progress: Progress | None = None) -> Scanned:
    """
    Read every file whole, and say which objects are in which.

    A file that vanishes before it is opened is left out; every other that cannot be read to its end
    is told in the answer. Nothing else is read in place of a file: no link is followed, no pipe or
    device opened.
    """
    reading = _Reading(needles)
    hits: list[Hit] = []
    unread: list[Unread] = []
    count = size = 0
    for path in files:
        try:
            first, length = reading.read(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            unread.append(Unread(path, error.strerror or "cannot be read"))
            continue
        hits += [Hit(name, path, offset) for name, offset in sorted(first.items())]
        count, size = count + 1, size + length
        if progress is not None:
            progress(count, size)
    return Scanned(tuple(hits), tuple(unread), count, size)


# --------------------------------------------------------------------------------------------------


def _telling(data: bytes, start: int, count: int, length: int) -> tuple[bytes, ...]:
    """The first piece that may be a needle in each of `count` equal parts behind `start`."""
    room = len(data) - length - start + 1  # places where a piece may begin
    bounds = [start + room * part // count for part in range(count + 1)]
    found: dict[bytes, None] = {}
    for begin, end in pairwise(bounds):
        step = max(1, min(length, (end - begin) // _TRIED_FINELY))
        for offset in range(begin, end, step):
            piece = data[offset : offset + length]
            if _is_telling(piece) and piece not in found:
                found[piece] = None
                break
    return tuple(found)


def _is_telling(piece: bytes) -> bool:
    # Eight equal bytes would make a word that is in every file. A run of them has one at a
    # multiple of eight.
    return len(set(piece)) >= _LEAST_KINDS and not any(
        piece[at : at + 1] * _WORD_BYTES in piece for at in range(0, len(piece), _WORD_BYTES)
    )


def _under(folder: Path) -> Iterator[Path]:
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
                    elif entry.is_file(follow_symlinks=False):
                        yield Path(entry.path)
        except FileNotFoundError:
            continue
        except OSError:
            yield here


class _Reading:
    """Reads one file after the other through the same memory, and looks for `needles` in it."""

    def __init__(self, needles: Needles) -> None:
        self._finder = _Finder(needles)
        self._overlap = max(self._finder.longest - 1, 0)
        self._memory = bytearray(self._overlap + CHUNK_BYTES)

    def read(self, path: Path) -> tuple[dict[str, int], int]:
        """By name the offset of the first needle of each object in a file, and the file's size."""
        # Not waiting: a pipe that stands in a file's place now would never be opened.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "not a regular file")
            return self._read(descriptor)
        finally:
            os.close(descriptor)

    def _read(self, descriptor: int) -> tuple[dict[str, int], int]:
        first: dict[str, int] = {}
        chunk, view = np.frombuffer(self._memory, np.uint8), memoryview(self._memory)
        kept = size = 0
        # Each chunk is looked through behind the end of the one before, so that a needle across
        # the border is found.
        while count := os.readv(descriptor, [view[kept:]]):
            filled = kept + count
            for name, at in self._finder.find(chunk[:filled]):
                offset = size - kept + at
                first[name] = min(first.get(name, offset), offset)
            size += count
            kept = min(filled, self._overlap)
            view[:kept] = bytes(view[filled - kept : filled])
        return first, size


class _Finder:
    """
    Where in a chunk of bytes the needles stand. `longest` is the length of the longest.

    `_words` are the words that needles may show at a multiple of `_step` bytes, sorted. The needles
    `_owners[_firsts[i]:_firsts[i + 1]]` show the word `_words[i]`, each at the byte that stands at
    its place in `_shifts`.
    """

    def __init__(self, needles: Needles) -> None:
        pieces = [(name, one) for name, group in needles.groups.items() for one in set(group)]
        self._names = [name for name, _ in pieces]
        self._lengths = np.array([len(one) for _, one in pieces], np.int64)
        self.longest = max((len(one) for _, one in pieces), default=0)
        shortest = min((len(one) for _, one in pieces), default=SHORTEST_NEEDLE)
        # The largest stride at which a word begins, and ends, in any needle wherever it lies.
        self._step = (shortest - _WORD_BYTES + 1) // _WORD_BYTES * _WORD_BYTES
        self._bytes = _matrix([one for _, one in pieces], self.longest)
        words, self._owners, self._shifts = _sorted_words(self._bytes, self._step)
        self._words, firsts = np.unique(words, return_index=True)
        self._firsts = np.append(firsts, len(words))
        bits = (len(self._words) * _PLACES_A_WORD).bit_length()
        self._drop = np.uint64(64 - min(max(bits, _LEAST_BITS), _MOST_BITS))
        self._table = np.zeros(1 << (64 - int(self._drop)), np.bool_)
        self._table[self._places(self._words)] = True
        self._columns = np.arange(self.longest)
        self._at_once = max(1, _COMPARED_AT_ONCE // max(1, self.longest))

    def find(self, chunk: Bytes) -> Iterator[tuple[str, int]]:
        """The object of each needle that stands whole in `chunk` `(n,)`, and the byte where."""
        at, which = self._candidates(chunk)
        for begin in range(0, len(at), self._at_once):
            part = slice(begin, begin + self._at_once)
            for needle, offset in zip(*self._standing(chunk, at[part], which[part]), strict=True):
                yield self._names[needle], int(offset)

    def _places(self, words: Words) -> Numbers:
        hashed = words * _MULTIPLIER
        hashed >>= self._drop
        return hashed.view(np.int64)

    def _candidates(self, chunk: Bytes) -> tuple[Numbers, Numbers]:
        """Bytes of the chunk at which a needle would begin, and its place in `_owners`."""
        every = chunk[: len(chunk) // _WORD_BYTES * _WORD_BYTES].view(np.uint64)
        words = every[:: self._step // _WORD_BYTES]
        passed = np.flatnonzero(np.take(self._table, self._places(words), mode="clip"))
        which = np.searchsorted(self._words[:-1], words[passed])
        shown = self._words[which] == words[passed]
        if not shown.any():  # by far the most chunks
            return _NOWHERE, _NOWHERE
        passed, which = passed[shown], which[shown]
        # A word that several needles show is a candidate for each.
        first, times = self._firsts[which], self._firsts[which + 1] - self._firsts[which]
        before = np.cumsum(times) - times
        row = np.arange(times.sum()) - np.repeat(before - first, times)
        return np.repeat(passed * self._step, times) - self._shifts[row], row

    def _standing(self, chunk: Bytes, at: Numbers, row: Numbers) -> tuple[Numbers, Numbers]:
        """Of the candidates, the needles that stand there whole, and where."""
        needle = self._owners[row]
        inside = (at >= 0) & (at + self._lengths[needle] <= len(chunk))
        at, needle = at[inside], needle[inside]
        # Beyond the end of a needle anything may stand, and beyond the chunk there is nothing.
        columns = np.minimum(at[:, None] + self._columns, len(chunk) - 1)
        beyond = self._columns >= self._lengths[needle, None]
        whole = ((chunk[columns] == self._bytes[needle]) | beyond).all(axis=1)
        return needle[whole], at[whole]


def _matrix(pieces: list[bytes], width: int) -> Bytes:
    """The pieces as rows of one array `(n, width)`, with zeros behind the shorter ones."""
    joined = b"".join(piece.ljust(width, b"\0") for piece in pieces)
    return np.frombuffer(joined, np.uint8).reshape(len(pieces), width)


def _sorted_words(needles: Bytes, step: int) -> tuple[Words, Numbers, Numbers]:
    """The words at the first `step` bytes of each needle, sorted; the needle and byte of each."""
    # No needle is shorter than `step + 7` bytes, so none of these words is of the zeros behind it.
    rolled = [
        needles[:, shift : shift + _WORD_BYTES] for shift in range(step if len(needles) else 0)
    ]
    if not rolled:
        return np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.int64)
    words = np.ascontiguousarray(np.concatenate(rolled)).view(np.uint64).ravel()
    owners = np.tile(np.arange(len(needles)), step)
    shifts = np.repeat(np.arange(step), len(needles))
    order = np.argsort(words, kind="stable")
    return words[order], owners[order], shifts[order]
