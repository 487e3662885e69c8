"""A compressed file, unpacked as it is read: forward only, and never more than the caps allow."""

import bz2
import lzma
import weakref
import zlib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from countenance.sources.packed import Caps, Damaged, TooMuch

_PART = 256 * 1024
_GZIP = 31  # zlib's word for: a gzip header, and the largest window
_XZ_MEMORY = 256 * 1024**2
"""Bytes. The highest preset of xz unpacks in 65 MiB; a file may ask for 4 GiB."""

_BROKEN = (zlib.error, lzma.LZMAError, EOFError, OSError, ValueError)


class Unpacker(Protocol):
    """What unpacks one stream, as in the modules `bz2` and `lzma`."""

    def decompress(self, data: bytes, /, max_length: int) -> bytes: ...

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...


def unpacker_of(beginning: bytes) -> Callable[[], Unpacker] | None:
    """
    What unpacks a file that begins so; nothing for one that is not compressed.

    Raises `Damaged` if this Python cannot unpack it.
    """
    if beginning.startswith(b"\x1f\x8b"):
        return _Gunzip
    if beginning.startswith(b"BZh"):
        return bz2.BZ2Decompressor
    if beginning.startswith(b"\xfd7zXZ\0"):
        return lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
    if beginning.startswith(b"\x28\xb5\x2f\xfd"):
        return _zstd()
    return None


class Unpacked:
    """
    The bytes that come out of the file `path`, from its beginning on.

    Raises `TooMuch` if they are more than `caps` allow for what went in, and `Damaged` if they
    cannot be unpacked or end early.
    """

    def __init__(self, path: Path, make: Callable[[], Unpacker], caps: Caps) -> None:
        self._file = path.open("rb")
        # The file is closed with this object, whoever lets go of it.
        weakref.finalize(self, self._file.close)
        self._make = make
        self._caps = caps
        self._unpacker: Unpacker | None = make()
        self._packed = 0
        self._waiting = b""
        self._at = 0

    @property
    def at(self) -> int:
        """How many bytes have come out."""
        return self._at

    def read(self, count: int) -> bytes:
        """The next `count` bytes, or what there is before the end."""
        data = bytearray()
        while len(data) < count and (part := self._next(count - len(data))):
            data += part
        return bytes(data)

    def skip_to(self, place: int) -> None:
        """Go forward to `place`, or to the end if that comes before."""
        while self._at < place and self._next(min(_PART, place - self._at)):
            pass

    # ----------------------------------------------------------------------------------------

    def _next(self, most: int) -> bytes:
        """Some bytes, and none only at the end."""
        while self._unpacker is not None:
            if self._unpacker.eof:
                self._begin_next()
                continue
            if self._unpacker.needs_input and not self._waiting:
                self._waiting = self._more()
                if not self._waiting:
                    raise Damaged("it ends early")
            try:
                part = self._unpacker.decompress(self._waiting, most)
            except _BROKEN as exc:
                raise Damaged(f"it cannot be unpacked: {exc}") from exc
            self._waiting = b""
            if part:
                self._count(len(part))
                return part
        return b""

    def _begin_next(self) -> None:
        """A file may be several streams, one after the other, and zeros between them."""
        rest = (self._unpacker.unused_data if self._unpacker else b"").lstrip(b"\0")
        while not rest and (more := self._more()):
            rest = more.lstrip(b"\0")
        self._waiting = rest
        self._unpacker = self._make() if rest else None

    def _more(self) -> bytes:
        part = self._file.read(_PART)
        self._packed += len(part)
        return part

    def _count(self, more: int) -> None:
        self._at += more
        if self._at > min(self._caps.total_bytes, self._caps.allowed(self._packed)):
            raise TooMuch("it unpacks to more bytes than are allowed for its packed size")


# --------------------------------------------------------------------------------------------------


class _Gunzip:
    """`zlib`, in the words of `bz2` and `lzma`."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(_GZIP)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, /, max_length: int) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


def _zstd() -> Callable[[], Unpacker]:
    try:
        found = import_module("compression.zstd")
    except ImportError as exc:
        raise Damaged("it is packed with zstd, which Python reads from 3.14 on") from exc
    return cast("Callable[[], Unpacker]", found.ZstdDecompressor)
