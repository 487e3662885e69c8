"""Watching processes from outside: which there are, and what lies in their files."""

import mmap
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def descendants(process: int) -> list[int]:
    """The processes that `process` started, and those that they did; not itself."""
    children: dict[int, list[int]] = {}
    for one in _PROC.glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            parent = int((one / "stat").read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(one.name))
    found, waiting = [], [process]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def files_holding(needles: Sequence[bytes], folder: Path, process: int) -> set[str]:
    """
    The files that hold one of `needles`: those below `folder`, and those in memory or removed that
    a process below `process` has open, as a store has them that nobody else is to see.
    """
    return {
        name
        for name, path in _files(folder, process)
        if any(one in _content(path) for one in needles)
    }


# --------------------------------------------------------------------------------------------------


def _files(folder: Path, process: int) -> Iterator[tuple[str, Path]]:
    for below, _, names in os.walk(folder):
        yield from ((name, Path(below) / name) for name in names)
    seen = set()
    for one in descendants(process):
        with suppress(OSError):
            for descriptor in (_PROC / str(one) / "fd").iterdir():
                with suppress(OSError):
                    target = str(descriptor.readlink())
                    inode = descriptor.stat().st_ino
                    if target.startswith(("/dev/shm", str(folder))) and inode not in seen:  # noqa: S108
                        seen.add(inode)
                        yield target, descriptor


def _content(path: Path) -> bytes | mmap.mmap:
    with suppress(OSError, ValueError), path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return b""
