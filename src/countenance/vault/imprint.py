"""
The imprint of a file: by it one sees later whether each byte is still the one that was written.

An imprint is a file itself:

    offset  bytes  is
    0       7      "CTN-IMP"
    7       1      version, 1
    8       8      the size of the other file in bytes, big-endian
    16      16 n   of each 64 KiB of it, in their order, the first bytes of the SHA-256
    16+16n  16     the first bytes of the SHA-256 of what stands before

It says that nothing was damaged, not who made it. One that is damaged itself is none.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from countenance.vault.files import write_file

PART_BYTES = 64 * 1024
"""So finely it is told where a file differs."""

_MAGIC = b"CTN-IMP\x01"
_SIZE_BYTES = 8
_HEAD_BYTES = len(_MAGIC) + _SIZE_BYTES
_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class Imprint:
    """Of a file of `size` bytes the digest of each part."""

    size: int
    parts: tuple[bytes, ...]

    def differences(self, now: "Imprint") -> list[tuple[int, int]]:
        """
        Where the file differs `now`: first byte and the byte behind the last, of whole parts.

        Parts side by side are one place. What was cut off, or came behind the end, is one too.
        """
        longer = max(self.size, now.size)
        found: list[tuple[int, int]] = []
        for number, (old, new) in enumerate(zip_longest(self.parts, now.parts)):
            if old == new:
                continue
            start = number * PART_BYTES
            end = min(start + PART_BYTES, longer)
            if found and found[-1][1] == start:
                start = found.pop()[0]
            found.append((start, end))
        return found


def take_imprint(path: Path) -> Imprint:
    """
    The imprint of the file `path` as it is now. Raises `OSError`.

    Not while this process has `path` open as a database: closing it lets go of SQLite's locks.
    """
    with path.open("rb", buffering=0) as file:
        parts = tuple(_digests(file.fileno()))
        return Imprint(file.tell(), parts)


def write_imprint(path: Path, imprint: Imprint) -> None:
    """Write it to the file `path`, whole or not at all; a power cut may lose it. `OSError`."""
    head = _MAGIC + imprint.size.to_bytes(_SIZE_BYTES, "big")
    data = head + b"".join(imprint.parts)
    beside = path.with_name(f"{path.name}.new")
    write_file(beside, data + _digest(data), flags=os.O_CREAT | os.O_TRUNC, durable=False)
    beside.replace(path)


def read_imprint(path: Path) -> Imprint | None:
    """The imprint in the file `path`; nothing if there is none, or it is damaged. `OSError`."""
    try:
        written = path.read_bytes()
    except FileNotFoundError:
        return None
    data, checksum = written[:-_DIGEST_BYTES], written[-_DIGEST_BYTES:]
    if not data.startswith(_MAGIC) or checksum != _digest(data):
        return None
    digests = data[_HEAD_BYTES:]
    return Imprint(
        int.from_bytes(data[len(_MAGIC) : _HEAD_BYTES], "big"),
        tuple(digests[at : at + _DIGEST_BYTES] for at in range(0, len(digests), _DIGEST_BYTES)),
    )


# --------------------------------------------------------------------------------------------


def _digests(descriptor: int) -> Iterator[bytes]:
    part = memoryview(bytearray(PART_BYTES))
    while filled := _fill(descriptor, part):
        yield _digest(part[:filled])


def _fill(descriptor: int, part: memoryview) -> int:
    """Read until `part` is full or the file ends: a read may give less than it was asked for."""
    filled = 0
    while count := os.readv(descriptor, [part[filled:]]) if filled < len(part) else 0:
        filled += count
    return filled


def _digest(data: bytes | memoryview) -> bytes:
    return hashlib.sha256(data).digest()[:_DIGEST_BYTES]
