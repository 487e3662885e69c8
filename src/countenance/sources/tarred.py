"""
Tar archives, plain or compressed: members read in memory (POSIX.1-2001 pax, ustar, GNU).

A plain tar is read where a member stands. A compressed one can only be read forward, so it is:
photos are asked for almost in the order of the list, and what is passed on the way to one is kept
for a while, for several workers do not ask quite in order. Only who asks for something far behind
makes it begin anew. Reading all members in turn thus unpacks the archive once.
"""

import lzma
import tarfile
import threading
import weakref
import zlib
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterator
from io import SEEK_CUR, SEEK_SET
from pathlib import Path
from typing import IO, Protocol, Self, cast

from countenance.sources.packed import Caps, Damaged, Member, TooMuch
from countenance.sources.unpacking import Unpacked, Unpacker, unpacker_of

_BEGINNING = 6
_KEPT_BYTES = 128 * 1024**2
"""Of what was passed on the way to another member."""

_KEPT_MEMBER_BYTES = 32 * 1024**2

_BROKEN = (
    tarfile.TarError,
    EOFError,
    ValueError,
    OverflowError,
    RecursionError,
    IndexError,
    KeyError,
    TypeError,
    AttributeError,
    zlib.error,
    lzma.LZMAError,
)
"""What `tarfile` raises on bytes that were not made by a packer."""


class Tar:
    """The tar archive in the file `path`. Raises `Damaged` if this Python cannot unpack it."""

    def __init__(self, path: Path, caps: Caps) -> None:
        self._path = path
        self._caps = caps
        with path.open("rb") as file:
            self._make = unpacker_of(file.read(_BEGINNING))
        self._written = path.stat().st_mtime_ns
        self._places: list[int] = []
        self._sizes: list[int] = []
        self._line: Unpacked | None = None
        self._passed: OrderedDict[int, bytes] = OrderedDict()
        self._kept_bytes = 0
        self._one_at_a_time = threading.Lock()
        self.beginnings = 0
        """How often it was begun to be read for its members."""

    def members(self) -> Iterator[Member]:
        """As `Archive` says; when it ends, what is wanted by `read` is known."""
        places, sizes = [], []
        for found in self._headers():
            if not found.isreg() or found.issparse():
                continue
            places.append(found.offset_data)
            sizes.append(found.size)
            yield Member(
                found.name,
                found.offset_data,
                found.size,
                # A packer may write the same time into all of them; so that of the archive too.
                f"{self._written}:{found.mtime}:{found.size}",
            )
        self._places, self._sizes = places, sizes

    def read(self, member: Member, *, max_bytes: int) -> bytes:
        """As `Archive` says."""
        if member.size > max_bytes:
            raise TooMuch(f"it has more bytes than the {max_bytes:,} allowed")
        if self._make is None:
            with self._path.open("rb") as file:
                file.seek(member.place)
                data = file.read(member.size)
        else:
            with self._one_at_a_time:
                data = self._forward_to(member, self._make)
        if len(data) != member.size:
            raise Damaged("the archive ends early")
        return data

    # ----------------------------------------------------------------------------------------

    def _headers(self) -> Iterator[tarfile.TarInfo]:
        """Every header, each a value of its own: `tarfile` would keep them all."""
        line = _Plain(self._path) if self._make is None else self._begin(self._make)
        measured = _Measured(line, self._caps)
        count = 0
        try:
            with tarfile.TarFile(
                fileobj=cast("IO[bytes]", measured), mode="r", tarinfo=_Header
            ) as opened:
                while (found := opened.next()) is not None:
                    count += 1
                    if count > self._caps.members:
                        raise TooMuch(
                            f"it has more members than the {self._caps.members:,} allowed"
                        )
                    opened.members.clear()  # type: ignore[attr-defined]  # it is there
                    measured.spent = 0
                    yield found
        except _BROKEN as exc:
            raise Damaged(str(exc) or type(exc).__name__) from exc

    def _begin(self, make: "Callable[[], Unpacker]") -> Unpacked:
        return Unpacked(self._path, make, self._caps)

    def _forward_to(self, member: Member, make: "Callable[[], Unpacker]") -> bytes:
        kept = self._passed.pop(member.place, None)
        if kept is not None:
            self._kept_bytes -= len(kept)
            return kept
        if self._line is None or self._line.at > member.place:
            self._line = self._begin(make)
            self._passed.clear()
            self._kept_bytes = 0
            self.beginnings += 1
        line = self._line
        try:
            first = bisect_left(self._places, line.at)
            for index in range(first, bisect_left(self._places, member.place)):
                self._pass(line, self._places[index], self._sizes[index])
            line.skip_to(member.place)
            return line.read(member.size)
        except BaseException:
            self._line = None  # where it stands now is not known
            raise

    def _pass(self, line: Unpacked, place: int, size: int) -> None:
        """Keep what stands on the way, for a while."""
        if size > _KEPT_MEMBER_BYTES:
            return
        line.skip_to(place)
        self._passed[place] = line.read(size)
        self._kept_bytes += size
        while self._kept_bytes > _KEPT_BYTES:
            self._kept_bytes -= len(self._passed.popitem(last=False)[1])


# --------------------------------------------------------------------------------------------------


class _Header(tarfile.TarInfo):
    """A header, which `tarfile` takes for the end of the archive if it is broken."""

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
        try:
            found = super().fromtarfile(tarfile)
        except _HEADER_ERROR as exc:
            if type(exc).__name__ in _ENDINGS:
                raise
            raise Damaged(str(exc)) from exc
        if found.size < 0:
            raise Damaged("a member of less than no bytes")
        return found


_HEADER_ERROR = tarfile.HeaderError
_ENDINGS = frozenset({"EOFHeaderError", "EmptyHeaderError"})


class _Line(Protocol):
    """Bytes that are read forward."""

    @property
    def at(self) -> int: ...

    def read(self, count: int, /) -> bytes: ...

    def skip_to(self, place: int, /) -> None: ...


class _Plain:
    """A file, as a line of bytes."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        weakref.finalize(self, self._file.close)
        self._bytes = path.stat().st_size

    @property
    def at(self) -> int:
        return self._file.tell()

    def read(self, count: int, /) -> bytes:
        return self._file.read(count)

    def skip_to(self, place: int, /) -> None:
        self._file.seek(min(place, self._bytes))


class _Measured:
    """A line of bytes as `tarfile` reads it: forward, and not much of it before one member."""

    def __init__(self, line: _Line, caps: Caps) -> None:
        self._line = line
        self._caps = caps
        self.spent = 0

    def tell(self) -> int:
        return self._line.at

    def seek(self, place: int, whence: int = SEEK_SET) -> int:
        if whence == SEEK_CUR:
            place += self._line.at
        if place < self._line.at:
            raise Damaged("its headers lead backwards")
        self._line.skip_to(place)
        return self._line.at

    def read(self, count: int = -1) -> bytes:
        self.spent += count
        if not 0 <= count <= self.spent <= self._caps.header_bytes:
            raise TooMuch(f"a header of more than {self._caps.header_bytes:,} bytes")
        return self._line.read(count)
