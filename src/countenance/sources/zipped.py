"""
Zip archives: each member read where it stands, into memory (APPNOTE.TXT 6.3.10, by PKWARE).

The directory at the end is measured before `zipfile` reads it, for that keeps a kilobyte of memory
for each of its lines. Members that lie over one another are a way to hide a bomb, and are refused.
"""

import lzma
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from countenance.sources.packed import Caps, Damaged, Member, TooMuch

BEGINNINGS = (b"PK\x03\x04", b"PK\x05\x06")
"""A zip begins with its first member or, if it has none, with its end."""

_ENTRY = b"PK\x01\x02"
_ENTRY_BYTES = 46
_LENGTHS_AT = 28  # of the name, the extra field and the comment, two bytes each

_END = b"PK\x05\x06"
_END_BYTES = 22
_END_SIZE_AT = 12  # of the size of the directory
_MAX_COMMENT = 0xFFFF
_IN_ZIP64 = 0xFFFFFFFF
_LOCATOR64, _LOCATOR64_BYTES = b"PK\x06\x07", 20
_END64, _END64_BYTES, _END64_SIZE_AT = b"PK\x06\x06", 56, 40

_HEADER_BYTES = 30
"""Before the bytes of each member, and before its name."""

_ENCRYPTED = 0x1 | 0x40
_PATCH = 0x20
_UNIX = 3
_PART = 1024 * 1024

_READ_METHODS = frozenset(
    {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
)

# What `zipfile` raises on bytes that were not made by a packer.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    struct.error,
)


class Zip:
    """The zip archive in the file `path`, which stays open as long as this is used."""

    def __init__(self, path: Path, caps: Caps) -> None:
        self._caps = caps
        with path.open("rb") as file:
            _judge_directory(file, caps)
        try:
            self._file = zipfile.ZipFile(path)
        except _BROKEN as exc:
            raise Damaged(str(exc) or type(exc).__name__) from exc
        self._infos = {info.header_offset: info for info in self._file.infolist()}

    def members(self) -> Iterator[Member]:
        """As `Archive` says."""
        over = _lying_over_others(self._file.infolist(), self._file.start_dir)
        for info in self._file.infolist():
            if info.is_dir() or not _is_ordinary(info):
                continue
            yield Member(
                info.filename,
                info.header_offset,
                info.file_size,
                f"{info.CRC:08x}:{info.file_size}",
                _objection(info, over=info.header_offset in over),
                locked=bool(info.flag_bits & _ENCRYPTED),
            )

    def read(self, member: Member, *, max_bytes: int) -> bytes:
        """As `Archive` says."""
        info = self._infos[member.place]
        if info.file_size > max_bytes:
            raise TooMuch(f"it has more bytes than the {max_bytes:,} allowed")
        allowed = self._caps.allowed(info.compress_size)
        data = bytearray()
        try:
            with self._file.open(info) as file:
                # One more than is allowed: a member may have more than it says.
                while part := file.read(min(_PART, max_bytes + 1 - len(data))):
                    data += part
                    if len(data) > max_bytes:
                        raise TooMuch(f"it has more bytes than the {max_bytes:,} allowed")
                    if len(data) > allowed:
                        times = self._caps.ratio
                        raise TooMuch(f"it unpacks to more than {times} times its packed size")
        except _BROKEN as exc:
            raise Damaged(str(exc) or type(exc).__name__) from exc
        if len(data) != info.file_size:
            raise Damaged("it ends early")
        return bytes(data)


# --------------------------------------------------------------------------------------------------


def _judge_directory(file: BinaryIO, caps: Caps) -> None:
    """Count the lines of the directory, without keeping any."""
    begin, size = _directory(file)
    file.seek(begin)
    left, count = size, 0
    while left >= _ENTRY_BYTES:
        entry = file.read(_ENTRY_BYTES)
        if len(entry) < _ENTRY_BYTES or not entry.startswith(_ENTRY):
            raise Damaged("its directory is not where it should be")
        rest = sum(struct.unpack_from("<3H", entry, _LENGTHS_AT))
        file.seek(rest, os.SEEK_CUR)
        left -= _ENTRY_BYTES + rest
        count += 1
        if count > caps.members:
            raise TooMuch(f"it has more members than the {caps.members:,} allowed")


def _directory(file: BinaryIO) -> tuple[int, int]:
    """Where the directory begins, and how many bytes it has."""
    length = file.seek(0, os.SEEK_END)
    tail_at = max(0, length - _END_BYTES - _MAX_COMMENT)
    file.seek(tail_at)
    tail = file.read()
    found = tail.rfind(_END)
    if found < 0 or len(tail) - found < _END_BYTES:
        raise Damaged("it has no directory: is it whole?")
    end = tail_at + found
    (size,) = struct.unpack_from("<I", tail, found + _END_SIZE_AT)
    file.seek(max(0, end - _LOCATOR64_BYTES))
    if file.read(_LOCATOR64_BYTES).startswith(_LOCATOR64):
        end -= _LOCATOR64_BYTES + _END64_BYTES
        file.seek(max(0, end))
        end64 = file.read(_END64_BYTES)
        if len(end64) == _END64_BYTES and end64.startswith(_END64):
            (size,) = struct.unpack_from("<Q", end64, _END64_SIZE_AT)
    if size == _IN_ZIP64 or size > end:
        raise Damaged("its directory is not where it should be")
    return end - size, size


def _lying_over_others(infos: list[zipfile.ZipInfo], directory: int) -> frozenset[int]:
    """Where those begin whose bytes run into another member, or into the directory."""
    places = sorted((info.header_offset, info.compress_size) for info in infos)
    nexts = [place for place, _ in places[1:]] + [directory]
    over = set()
    for (place, packed), following in zip(places, nexts, strict=True):
        if place + _HEADER_BYTES + packed > following:
            over |= {place, following}
    return frozenset(over)


def _is_ordinary(info: zipfile.ZipInfo) -> bool:
    if info.create_system != _UNIX:
        return True
    kind = stat.S_IFMT(info.external_attr >> 16)
    return kind in {0, stat.S_IFREG}


def _objection(info: zipfile.ZipInfo, *, over: bool) -> str:
    if info.flag_bits & _ENCRYPTED:
        return "it is encrypted, and no password is taken"
    if over:
        return "damaged: it lies over another member"
    if info.flag_bits & _PATCH or info.compress_type not in _READ_METHODS:
        return f"it is packed by method {info.compress_type}, which is not read"
    return ""
