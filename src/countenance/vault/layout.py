"""
The layout of a library: which file stands where in its folder, and who may work on it.

    catalog.db          the catalog
    catalog.address     or where the catalog is, if it is in no file: without a password
    catalog.db-*        what the database keeps beside it, and `catalog.presence`
    countenance.toml    the settings
    vault/              the blobs
    reserve             bytes that mean nothing, to be given up on a full disk
    lock                held by the run that works on the library
    erasing             held by the run that carries a case of erasure on
    filming             held by the run that makes a film to be given out

The keys are not among them: they lie beside the folder, or where the settings say.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from countenance.errors import Locked, NoLibrary
from countenance.vault.files import sync_folder, unavailable


@dataclass(frozen=True, slots=True)
class LibraryLayout:
    """The paths of the library in the folder `root`, whether it exists or not."""

    root: Path

    @property
    def catalog(self) -> Path:
        return self.root / "catalog.db"

    @property
    def address(self) -> Path:
        return self.root / "catalog.address"

    @property
    def vault(self) -> Path:
        return self.root / "vault"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def erasing(self) -> Path:
        return self.root / "erasing"

    @property
    def filming(self) -> Path:
        return self.root / "filming"

    def create(self) -> None:
        """
        Make the folders, closed to others. Durable when it returns; may be called again.

        A root that exists keeps its mode: it may be somebody's own folder. Raises `Unavailable`
        if a folder cannot be made.
        """
        with unavailable(f"the folder {self.root}"):
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.vault.mkdir(mode=0o700, exist_ok=True)
            self.vault.chmod(0o700)
            sync_folder(self.root)
            sync_folder(self.root.parent)

    def exists(self) -> bool:
        """
        Whether the folder holds a library: it does from the moment it holds a catalog, or says
        where it is.
        """
        return self.catalog.is_file() or self.address.is_file()


@contextmanager
def lock_file(path: Path) -> Iterator[None]:
    """
    Hold a lock by its file, and wait for whoever holds it now.

    Raises `Unavailable` if the file system cannot lock.
    """
    with unavailable(f"the lock {path.name}"):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with unavailable(f"the lock {path.name}"):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def lock(root: Path) -> Iterator[None]:
    """
    Hold the library in `root` for oneself.

    The operating system lets go when the process ends, however it ends. A process that was forked
    meanwhile holds on until it ends too, so workers are spawned, not forked.

    Raises `Locked` if another run holds the library, `NoLibrary` if `root` is no folder, and
    `Unavailable` if the file system cannot lock.
    """
    if not root.is_dir():
        raise NoLibrary(f"no library in {root}: no such folder")
    with unavailable(f"the lock of the library {root}"):
        descriptor = os.open(LibraryLayout(root).lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(descriptor, root)
        yield
        # The file itself stays. Removing it would let two runs each lock a file of that name.
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


# ------------------------------------------------------------------------------------------------


def _take(descriptor: int, root: Path) -> None:
    with unavailable(f"the lock of the library {root}"):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Locked(
                f"another run holds the library {root}{_holder(descriptor)}",
                hint="wait until it has ended, or stop it",
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)


def _holder(descriptor: int) -> str:
    """The process that the lock file names; nothing in the instant before it wrote its number."""
    number = os.pread(descriptor, 20, 0).decode(errors="replace")
    return f" (process {number})" if number.isdecimal() else ""
