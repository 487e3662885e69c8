"""
The reserve: bytes that mean nothing, so that on a full disk there is room for a withdrawal (P28).

Deleting needs space too: the database writes what it changes before it changes it. So a file is
kept in the library's folder and given up when a withdrawal finds no room, and new work is refused
well before that.
"""

import os
import secrets
import shutil
from pathlib import Path

from countenance.errors import Unavailable
from countenance.vault.files import unavailable, write_file

RESERVE_BYTES = 16 * 2**20

_BLOCK_BYTES = 2**20
_FILE = "reserve"
_UNFINISHED = ".part"


class Reserve:
    """The reserve in `folder`, which exists, and which is on the disk of the database."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / _FILE

    def exists(self) -> bool:
        return self._file.exists()

    def spend(self) -> bool:
        """
        Give the reserve up, so that there is room for a withdrawal. Whether there was one.

        May be called again. Raises `Unavailable` if it cannot be removed.
        """
        with unavailable("the reserve"):
            there = self._file.exists()
            for path in (self._file, self._part):
                path.unlink(missing_ok=True)
        return there

    def restore(self) -> bool:
        """
        Make the reserve again, if there is room for more than it. Whether it is there now.

        Raises `Unavailable` if the folder cannot be reached.
        """
        with unavailable("the reserve"):
            if self._file.exists():
                return True
            if _free(self._folder) < 3 * RESERVE_BYTES:
                return False
            # Random bytes: a file system that compresses would keep nothing of others.
            block = secrets.token_bytes(min(RESERVE_BYTES, _BLOCK_BYTES))
            data = block * (RESERVE_BYTES // len(block))
            # Not synced: the room is taken at once, and a crash only means making it again.
            write_file(self._part, data, flags=os.O_CREAT | os.O_TRUNC, durable=False)
            self._part.rename(self._file)
        return True

    # ----------------------------------------------------------------------------------------

    @property
    def _part(self) -> Path:
        return self._file.with_name(_FILE + _UNFINISHED)


def full(folder: Path) -> bool:
    """Whether so little room is left at `folder` that no new work is taken on."""
    with unavailable(f"the folder {folder}"):
        return _free(folder) < 2 * RESERVE_BYTES


def require_room(folder: Path) -> None:
    """
    Make sure that there is room for new work in `folder`.

    Raises `Unavailable` if the disk is nearly full.
    """
    if full(folder):
        raise Unavailable(
            f"{folder}: the disk is nearly full: {_free(folder) // 2**20} MB left",
            hint="make some room on it; withdrawing and objecting work all the same",
        )


# ------------------------------------------------------------------------------------------------


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free
