"""
Presence: who has the catalog open, and whether it is still what the last one wrote (P27).

SQLite has no checksums of its pages. So whoever closes a catalog last, and leaves nothing beside
it, takes its imprint; whoever opens it first compares. Between the two there is no imprint: it goes
before the first change, and after a crash there is none. Then SQLite's own check is asked once,
which sees less and takes longer.

    catalog.db-imprint  what the catalog was when it was closed
    catalog.db-open     held, with others, by every program that has it open
    catalog.db-door     held, alone, by whoever comes or goes

A program that has a file open twice must not read it by itself: closing it lets go of SQLite's
locks. So within a process only the first that comes compares, and the last that goes takes it.

Of a large catalog whoever goes last takes only the parts anew that were written. While nothing was
moved from SQLite's write-ahead log into the file, which the file's own time tells, the log names
every page that was, whoever wrote it.
"""

import fcntl
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import RLock

from countenance.catalog.written import pages_in
from countenance.errors import Unavailable
from countenance.vault.files import sync_folder, unavailable
from countenance.vault.imprint import (
    PART_BYTES,
    Imprint,
    read_imprint,
    take_again,
    take_imprint,
    write_imprint,
)
from countenance.vault.layout import lock_file

IMPRINT_SUFFIX = "-imprint"

LARGE_BYTES = 16 * 2**20
"""A smaller catalog is read whole: it takes a few milliseconds."""

_SETTLED = 1.0
"""Seconds. A file that was written less long ago may be written again at what it says is the same
instant."""

_NAMED = 5
"""So many places are named in one message."""


class Presence:
    """One use of the catalog in the file `catalog`. Others in this process may have their own."""

    def __init__(self, catalog: Path) -> None:
        self._catalog = catalog
        self._imprint = _beside(catalog, IMPRINT_SUFFIX)
        self._shared: _Shared | None = None

    @property
    def wrong(self) -> str:
        """How the catalog was found damaged when it was opened; the empty string if it was not."""
        return self._shared.wrong if self._shared else ""

    def come(self, check: Callable[[], str]) -> None:
        """
        Examine the catalog, unless somebody has it open already. Does nothing from then on.

        `check` is asked where there is no imprint, and says what is wrong. What is wrong is told by
        `wrong`. Raises `Unavailable` if that cannot be known, and what `check` raises.
        """
        if self._shared is not None:
            return
        with _registry, lock_file(_beside(self._catalog, "-door")):
            with unavailable(f"the lock of {self._catalog}"):
                descriptor = os.open(_beside(self._catalog, "-open"), os.O_RDWR | os.O_CREAT, 0o600)
            try:
                which = _which(descriptor)
                if (shared := _shared.get(which)) is None:
                    shared = _Shared(which, os.dup(descriptor))
                    self._enter(shared, check)
            finally:
                os.close(descriptor)
            shared.uses += 1
            self._shared = shared

    def before_a_change(self) -> None:
        """
        See to it that there is no imprint any more. Durable when it returns.

        Of a catalog that is damaged it stays: it is what tells. Raises `Unavailable`.
        """
        shared = self._shared
        if shared is None or shared.changed or shared.wrong:
            return
        self._remove_imprint()
        shared.changed = True

    def go(self, close: Callable[[], None]) -> None:
        """
        Close the catalog, by `close`: whoever goes last takes its imprint. May be called again.

        Where that cannot be done, the next to come does without. `close` may be called twice.
        """
        with _registry:
            shared, self._shared = self._shared, None
            if shared is not None:
                shared.uses -= 1
            if shared is None or shared.uses:
                close()
                return
            del _shared[shared.which]
            try:
                self._go_last(shared, close)
            finally:
                os.close(shared.descriptor)

    # ----------------------------------------------------------------------------------------

    def _enter(self, shared: "_Shared", check: Callable[[], str]) -> None:
        try:
            if _alone(shared.descriptor):
                with unavailable(f"the catalog {self._catalog}"):
                    differs = self._compared(shared)
                shared.wrong = check() if differs is None else differs
                if differs is None and not shared.wrong:
                    # Of one with a log beside it, it would not be true for long.
                    self._remove_imprint()
            # Of one that is damaged nobody is told that it is in use: who comes next shall look.
            held = fcntl.LOCK_UN if shared.wrong else fcntl.LOCK_SH
            with unavailable(f"the lock of {self._catalog}"):
                fcntl.flock(shared.descriptor, held)
        except BaseException:
            os.close(shared.descriptor)
            raise
        _shared[shared.which] = shared

    def _go_last(self, shared: "_Shared", close: Callable[[], None]) -> None:
        try:
            with suppress(Unavailable, OSError), lock_file(_beside(self._catalog, "-door")):
                may_tell = not shared.wrong and _alone(shared.descriptor)
                written = self._written(shared) if may_tell else None
                close()
                # Somebody may have put another library in this place meanwhile.
                if may_tell and shared.which == _which(_beside(self._catalog, "-open")):
                    self._leave(shared, written)
        finally:
            close()

    def _leave(self, shared: "_Shared", written: set[int] | None) -> None:
        if self._imprint.exists() or self._something_beside():
            return
        if written is None or shared.was is None:
            now = take_imprint(self._catalog)
        else:
            now = take_again(self._catalog, shared.was, written)
        write_imprint(self._imprint, now)

    def _written(self, shared: "_Shared") -> set[int] | None:
        """The parts that the log says were written; nothing if it may not name them all."""
        if shared.was is None or _time_of(self._catalog) != shared.at:
            return None
        pages = pages_in(_beside(self._catalog, "-wal"))
        # What the file says of itself is also written past the log.
        return None if pages is None else {0, *(at // PART_BYTES for at in pages)}

    def _remove_imprint(self) -> None:
        with unavailable(f"the imprint of {self._catalog}"), suppress(FileNotFoundError):
            self._imprint.unlink()
            sync_folder(self._imprint.parent)

    def _compared(self, shared: "_Shared") -> str | None:
        """What differs from the imprint, in words; nothing if the file alone cannot tell."""
        if not self._catalog.exists():
            return ""
        written = read_imprint(self._imprint)
        if written is None:
            return None
        at = _time_of(self._catalog)
        now = take_imprint(self._catalog, like=written)
        if written != now:
            return _in_words(self._catalog, written, now)
        if self._something_beside():
            # Nobody of ours leaves a log beside an imprint: what is in it is to be checked.
            return None
        if now.size >= LARGE_BYTES and time.time_ns() - at[0] > _SETTLED * 1e9:
            shared.was, shared.at = now, at
        return ""

    def _something_beside(self) -> bool:
        """Whether SQLite has kept changes in a file of its own."""
        logs = (_beside(self._catalog, suffix) for suffix in ("-wal", "-journal"))
        return any(log.exists() and log.stat().st_size for log in logs)


def is_open(catalog: Path) -> bool:
    """Whether some program has the catalog open, this one too. Raises `Unavailable`."""
    held = _beside(catalog, "-open")
    if not held.exists():
        return False
    with unavailable(f"the lock of {catalog}"):
        descriptor = os.open(held, os.O_RDWR)
    try:
        return not _alone(descriptor)
    finally:
        os.close(descriptor)


# --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Shared:
    """
    What all uses of one catalog in this process share. `which` is the lock file's inode.

    `was` is what a large catalog was found to be when it was opened, and `at` what its file said.
    """

    which: tuple[int, int]
    descriptor: int
    uses: int = 0
    wrong: str = ""
    changed: bool = False
    was: Imprint | None = None
    at: tuple[int, int, int, int] = (0, 0, 0, 0)


_registry = RLock()
_shared: dict[tuple[int, int], _Shared] = {}


def _beside(catalog: Path, suffix: str) -> Path:
    return catalog.with_name(f"{catalog.name}{suffix}")


def _which(file: Path | int) -> tuple[int, int]:
    found = os.stat(file)  # noqa: PTH116  a descriptor, too
    return found.st_dev, found.st_ino


def _alone(descriptor: int) -> bool:
    """Whether no other process has it open. Then it is held against them."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _time_of(file: Path) -> tuple[int, int, int, int]:
    """When it was written last, in nanoseconds, and what else changes with another file."""
    found = file.stat()
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def _in_words(catalog: Path, written: Imprint, now: Imprint) -> str:
    places = written.differences(now)
    named = [f"{start} to {end - 1}" for start, end in places[:_NAMED]]
    more = f" and {len(places) - _NAMED} more places" if len(places) > _NAMED else ""
    return f"the catalog {catalog} is not what was written: bytes {', '.join(named)}{more}"
