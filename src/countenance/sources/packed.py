"""
What the two forms of archive have in common: members, the caps on them, and what goes wrong.

An archive is made by somebody else. It may say of itself what is not true, and unpack to a million
times its size; so nothing that it says is believed, and what comes out of it is counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Caps:
    """
    What an archive may cost before it, or a member of it, is refused.

    `members` is how many it may have. `ratio` is how many times its packed size a member, or a
    compressed tar as a whole, may have unpacked; the first `free_bytes` are not held against it,
    for a small white picture is no bomb. `total_bytes` is what may be read of one archive in a
    run. `header_bytes` is what may stand before one member of a tar.
    """

    members: int = 200_000
    ratio: int = 200
    free_bytes: int = 1_000_000
    total_bytes: int = 256 * 1024**3
    header_bytes: int = 1_000_000

    def allowed(self, packed: int) -> int:
        """How many bytes may come out of `packed` bytes."""
        return max(self.free_bytes, self.ratio * packed)


@dataclass(frozen=True, slots=True)
class Member:
    """
    One file in an archive.

    `name` is as it stands there, and nothing is ever opened by it. `place` is where its bytes
    begin, and tells it from every other, and `size` is how many it says it has. `stamp` differs
    when it was packed again. `refused` says in words why it is not read, or is empty; `locked` is
    whether that is because it is encrypted.
    """

    name: str
    place: int
    size: int
    stamp: str
    refused: str = ""
    locked: bool = False


class Damaged(Exception):
    """An archive, or a member, that is not what it should be, in words. It leaves no reader."""


class TooMuch(Exception):
    """More comes out, or is in it, than is allowed, in words. It leaves no reader."""


class Archive(Protocol):
    """An archive that was opened. Safe to use from several threads at once."""

    def members(self) -> Iterator[Member]:
        """
        Every ordinary file in it, in its order. No links, devices or folders.

        Raises `Damaged`, `TooMuch`, and `OSError` if it cannot be read at all.
        """

    def read(self, member: Member, *, max_bytes: int) -> bytes:
        """
        The bytes of a member.

        Raises `Damaged`, `TooMuch` if they are more than `max_bytes` or than the caps allow, and
        `OSError` if the archive cannot be read at all.
        """
