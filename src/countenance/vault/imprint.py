"""
The imprint of a file: by it one sees later whether each byte is still the one that was written.

An imprint is a file itself:

    offset  bytes  is
    0       7      "CTN-IMP"
    7       1      version, 2
    8       8      the size of the other file in bytes, big-endian
    16      16     a key, drawn when all of the file was read
    32      16 n   of each 64 KiB of it, in their order, the tag
    32+16n  16     the tag of what stands before

A tag is that of AES-GCM (NIST SP 800-38D) with this key, a nonce of zeros, and nothing but what is
authenticated: GMAC. Processors do it faster than memory gives the bytes, ten times as fast as
SHA-256. Two parts that differ, however they do, have the same tag for one in 2^116 of all keys. The
key is no secret, for an imprint says that nothing was damaged, not who made it.

One that is damaged itself is none, and so is one of another version.
"""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from countenance.vault.files import write_file

PART_BYTES = 64 * 1024
"""So finely it is told where a file differs."""

_MAGIC = b"CTN-IMP\x02"
_SIZE_BYTES = 8
_KEY_BYTES = 16
_HEAD_BYTES = len(_MAGIC) + _SIZE_BYTES + _KEY_BYTES
_TAG_BYTES = 16

_NONCE = bytes(12)
"""The same for all parts: tags are to be equal where bytes are, and need not hide the key."""

_READ_BYTES = 16 * PART_BYTES
"""So much is read at once: a call for each part costs more than the reading."""


@dataclass(frozen=True, slots=True)
class Imprint:
    """Of a file of `size` bytes the tag of each part, under `key`."""

    size: int
    key: bytes
    parts: tuple[bytes, ...]

    def differences(self, now: "Imprint") -> list[tuple[int, int]]:
        """
        Where the file differs `now`: first byte and the byte behind the last, of whole parts.

        `now` is taken with the same key. Parts side by side are one place. What was cut off, or
        came behind the end, is one too.
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


def take_imprint(path: Path, *, like: Imprint | None = None) -> Imprint:
    """
    The imprint of the file `path` as it is now, to be compared with `like`. Raises `OSError`.

    Of no `like`, its key is new. Not while this process has `path` open as a database: closing it
    lets go of SQLite's locks.
    """
    with path.open("rb", buffering=0) as file:
        key = like.key if like else AESGCM.generate_key(8 * _KEY_BYTES)
        parts = tuple(_tags(file.fileno(), AESGCM(key)))
        return Imprint(file.tell(), key, parts)


def take_again(path: Path, was: Imprint, written: Collection[int]) -> Imprint:
    """
    The imprint of the file `path`, of which only the parts `written` are not as they `was`.

    Parts at the end are read in any case if it is longer or shorter. Raises `OSError`, and is not
    for a database that is open, as `take_imprint`.
    """
    cipher, room = AESGCM(was.key), memoryview(bytearray(PART_BYTES))
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        count = -(-size // PART_BYTES)
        kept = count if size == was.size else min(size, was.size) // PART_BYTES
        parts = [*was.parts[:kept], *[b""] * (count - kept)]
        for number in {*range(kept, count), *(one for one in written if one < count)}:
            file.seek(number * PART_BYTES)
            parts[number] = _tag(cipher, room[: _fill(file.fileno(), room)])
    return Imprint(size, was.key, tuple(parts))


def write_imprint(path: Path, imprint: Imprint) -> None:
    """Write it to the file `path`, whole or not at all; a power cut may lose it. `OSError`."""
    data = b"".join((_head(imprint), *imprint.parts))
    beside = path.with_name(f"{path.name}.new")
    write_file(
        beside, data + _tag(AESGCM(imprint.key), data), flags=os.O_CREAT | os.O_TRUNC, durable=False
    )
    beside.replace(path)


def read_imprint(path: Path) -> Imprint | None:
    """The imprint in the file `path`; nothing if there is none, or it is damaged. `OSError`."""
    try:
        written = path.read_bytes()
    except FileNotFoundError:
        return None
    data, checksum = written[:-_TAG_BYTES], written[-_TAG_BYTES:]
    if not data.startswith(_MAGIC) or len(data) < _HEAD_BYTES:
        return None
    key = data[_HEAD_BYTES - _KEY_BYTES : _HEAD_BYTES]
    if checksum != _tag(AESGCM(key), data):
        return None
    size = int.from_bytes(data[len(_MAGIC) : _HEAD_BYTES - _KEY_BYTES], "big")
    tags = data[_HEAD_BYTES:]
    parts = tuple(tags[at : at + _TAG_BYTES] for at in range(0, len(tags), _TAG_BYTES))
    return Imprint(size, key, parts)


# --------------------------------------------------------------------------------------------


def _head(imprint: Imprint) -> bytes:
    return _MAGIC + imprint.size.to_bytes(_SIZE_BYTES, "big") + imprint.key


def _tags(descriptor: int, cipher: AESGCM) -> Iterator[bytes]:
    room = memoryview(bytearray(_READ_BYTES))
    while filled := _fill(descriptor, room):
        for start in range(0, filled, PART_BYTES):
            yield _tag(cipher, room[start : min(start + PART_BYTES, filled)])


def _fill(descriptor: int, room: memoryview) -> int:
    """Read until `room` is full or the file ends: a read may give less than it was asked for."""
    filled = 0
    while count := os.readv(descriptor, [room[filled:]]) if filled < len(room) else 0:
        filled += count
    return filled


def _tag(cipher: AESGCM, data: bytes | memoryview) -> bytes:
    return cipher.encrypt(_NONCE, b"", data)
