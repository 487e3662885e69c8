"""
What the files of the vault have in common: safe names, durable writes, errors in our words.

A file is named by an id and by nothing else, so that a name never says whose it is, and an id
that came from outside never leads out of its folder.
"""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from countenance.errors import DiskFull, Unavailable, UsageError

_ID = re.compile(r"[a-z]{1,4}_[0-9a-hjkmnp-tv-z]{16}")
"""The form that `core.ids.new_id` gives."""

_OPEN_TO_OTHERS = 0o077

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def checked_id(text: str) -> str:
    """
    `text`, which is safe as a file name.

    Raises `UsageError` if it is not of the form that `core.ids.new_id` gives.
    """
    if not is_id(text):
        raise UsageError(f"not an id: {text[:40]!r}")
    return text


def check_closed(path: Path) -> None:
    """
    Make sure that nobody but its owner may enter a folder of keys, or open a file that is a key.

    Raises `Unavailable` if others may, else `OSError`.
    """
    mode = path.stat().st_mode & 0o777
    if mode & _OPEN_TO_OTHERS:
        what, closed = ("key folder", "700") if path.is_dir() else ("library key", "600")
        raise Unavailable(
            f"the {what} is open to others: mode {mode:o}", hint=f"close it: chmod {closed} {path}"
        )


@contextmanager
def unavailable(what: str) -> Iterator[None]:
    """
    Turn what the operating system objects into `Unavailable`, naming `what` was wanted.

    Where a disk is full, that is `DiskFull`.
    """
    try:
        yield
    except OSError as error:
        kind = DiskFull if error.errno in _FULL else Unavailable
        raise kind(f"{what}: {error.strerror}") from error


def write_file(path: Path, data: bytes, *, flags: int, durable: bool) -> None:
    """
    Write `path`, which only its owner may read, opened for writing with `flags` besides.

    With `durable`, its bytes survive a power cut from the return of this call; its name does so
    only after `sync_folder`. Raises `OSError`; a file that could not be written in full is gone.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | flags, 0o600)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123  a descriptor, not a path
            file.write(data)
            file.flush()
            if durable:
                os.fsync(descriptor)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def sync_file(path: Path) -> None:
    """Make the bytes of `path` survive a power cut. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder`, new and removed, survive a power cut. Raises `OSError`."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
