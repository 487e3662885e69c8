"""
Backing up: a copy of catalog and vault as they stand at one instant, while others work.

    1  the copy's row and its entry in the log: every erasure from here on knows of it
    2  the catalog, by the database's own means
    3  the confirmed files of the vault, each verified
    4  the settings, and the manifest
    5  the folder gets its name

Until the last step it is called `.part`, and is no backup. The keys are never in it, and neither is
the journal: a backup without them shows nobody's template, and with them it tells who was erased.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from countenance.audit import merkle
from countenance.audit.entry import Act, Entry
from countenance.catalog import backups, copies, log, people
from countenance.catalog.backups import Backup
from countenance.catalog.database import Database
from countenance.catalog.stores import Stores
from countenance.core.ids import BackupId, CopyId, new_id
from countenance.errors import (
    Error,
    Locked,
    NotFound,
    Unavailable,
    UsageError,
    VerificationError,
)
from countenance.keeping.manifest import MANIFEST_FILE, Listed, Manifest, list_files
from countenance.settings import SETTINGS_FILE
from countenance.vault.blobs import BlobStore
from countenance.vault.files import sync_file, sync_folder, unavailable, write_file
from countenance.vault.layout import LibraryLayout, lock
from countenance.vault.ledger import Copy

DEFAULT_DAYS = 30
"""After so many days a backup is to be deleted: so long may what was erased survive in it."""

UNFINISHED = ".part"

_NEW = os.O_CREAT | os.O_EXCL


@dataclass(frozen=True, slots=True)
class BackedUp:
    """
    A backup that was made: so many files and bytes.

    `damaged` are files of the vault that were not what they should be, and so are not in it.
    """

    backup: Backup
    files: int
    bytes: int
    damaged: tuple[CopyId, ...]


@dataclass(frozen=True, slots=True)
class Pruned:
    """The backups that were deleted and seen to be gone, and those due that cannot be reached."""

    gone: tuple[Backup, ...]
    unreachable: tuple[Backup, ...]


def back_up(
    into: Path, *, keep: timedelta, layout: LibraryLayout, stores: Stores, actor: str
) -> BackedUp:
    """
    Make a backup in a new folder inside `into`, to be kept for `keep`. Durable when it returns.

    Raises `UsageError` if `into` lies in the library itself, and `Unavailable` if it cannot be
    written: then nothing is left of it, and its row says so.
    """
    into = into.expanduser().resolve()
    if into.is_relative_to(layout.root.resolve()):
        raise UsageError(f"{into}: is in the library itself; a backup stands elsewhere")
    which = BackupId(new_id("b"))
    part = into / f"{which}{UNFINISHED}"
    with unavailable(f"{into}"):
        part.mkdir(mode=0o700, parents=True)
    with lock(part), _gone_unless_finished(which, part, stores, actor):
        # (1) A crash from here on leaves a row and a part, which `prune` removes.
        made = _announce(Backup(which, into / which, *_span(stores, keep)), stores, actor)
        # (2) to (4)
        held, log_size, log_root = _copy_catalog(part, stores)
        damaged = tuple(_copy_blobs(held, part, stores))
        with unavailable(f"{into}"):
            files = _finish(part, layout)
            manifest = Manifest(
                library=_library(stores),
                backup=which,
                made_at=made.made_at,
                expires_at=made.expires_at,
                log_size=log_size,
                log_root=log_root,
                files=files,
            )
            _write_manifest(part, manifest)
            # (5) A crash before this leaves a part, and no backup.
            part.rename(made.location)
            sync_folder(into)
    return BackedUp(made, len(files), sum(one.size for one in files), damaged)


def prune(stores: Stores, *, actor: str) -> Pruned:
    """
    Delete the backups whose time is over, and what is left of those never finished.

    Each is looked for again before it is said to be gone. May be called again. Raises
    `Unavailable` if one that is here cannot be deleted.
    """
    with stores.database.read() as tx:
        at = stores.now(tx)
        open_ones = [one for one in backups.list_all(tx) if one.gone_at is None]
    gone, unreachable = [], []
    for one in open_ones:
        if _removed_part(one) or (one.expires_at <= at and _removed(one)):
            say_gone(one, "deleted, and seen to be gone", stores=stores, actor=actor)
            gone.append(one)
        elif one.expires_at <= at:
            unreachable.append(one)
    return Pruned(tuple(gone), tuple(unreachable))


def say_gone(one: Backup, reason: str, *, stores: Stores, actor: str) -> Backup:
    """Record that a backup is gone, and why that is known. Gives it as it stands then."""
    with stores.database.write() as tx:
        at = stores.now(tx)
        backups.end(tx, one.id, by=actor, reason=reason, at=at)
        log.record(tx, Entry(Act.BACKUP_GONE, at, actor, subjects=(one.id,)))
        return backups.get(tx, one.id)


# --------------------------------------------------------------------------------------------


def _span(stores: Stores, keep: timedelta) -> tuple[datetime, datetime]:
    with stores.database.read() as tx:
        at = stores.now(tx)
    return at, at + keep


def _announce(new: Backup, stores: Stores, actor: str) -> Backup:
    with stores.database.write() as tx:
        backups.add(tx, new)
        log.record(tx, Entry(Act.BACKED_UP, stores.now(tx), actor, subjects=(new.id,)))
    return new


@contextmanager
def _gone_unless_finished(
    which: BackupId, part: Path, stores: Stores, actor: str
) -> Iterator[None]:
    finished = False
    try:
        yield
        finished = True
    finally:
        if not finished:
            # What cannot be removed or recorded now is found by `prune`, as after a crash.
            with suppress(Error, OSError):
                _forget_unfinished(which, part, stores, actor)


def _forget_unfinished(which: BackupId, part: Path, stores: Stores, actor: str) -> None:
    for path in part.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    with stores.database.read() as tx:
        announced = backups.get(tx, which)
    say_gone(announced, "it was never finished", stores=stores, actor=actor)
    # The folder stays, empty, until that is recorded: by it `prune` knows that a run died here.
    # Also where no row is seen: of a commit that failed nobody knows before the next opening.
    part.rmdir()


def _library(stores: Stores) -> str:
    with stores.database.read() as tx:
        return people.library_id(tx)


def _copy_catalog(part: Path, stores: Stores) -> tuple[list[Copy], int, str]:
    """Copy the catalog. Gives the files that belong to it, and how its log stands."""
    file = LibraryLayout(part).catalog
    stores.database.copy_to(file)
    copied = Database.at(file)
    try:
        with copied.read() as tx:
            size = log.size(tx)
            root = merkle.root(size, log.nodes(tx)).hex()
            return copies.confirmed(tx), size, root
    finally:
        copied.close()


def _copy_blobs(held: list[Copy], part: Path, stores: Stores) -> Iterator[CopyId]:
    """Copy the files of the vault. Gives those that are damaged."""
    folder = LibraryLayout(part).vault
    with unavailable(f"{folder}"):
        folder.mkdir(mode=0o700)
    target = BlobStore(folder)
    for one in held:
        try:
            data = stores.blobs.read(one.id, expected=one.digest)
        except (NotFound, VerificationError):
            # One that was let go since the catalog was copied is missed by nobody.
            if _still_held(one, stores):
                yield one.id
            continue
        target.write(one.id, data, durable=False)


def _still_held(one: Copy, stores: Stores) -> bool:
    with stores.database.read() as tx, suppress(NotFound):
        return copies.get(tx, one.id).confirmed
    return False


def _finish(part: Path, layout: LibraryLayout) -> tuple[Listed, ...]:
    settings = layout.root / SETTINGS_FILE
    if settings.is_file():
        write_file(part / settings.name, settings.read_bytes(), flags=_NEW, durable=False)
    # The lock is held by its open file, whatever becomes of the name.
    LibraryLayout(part).lock.unlink()
    for path in sorted(part.rglob("*")):
        if path.is_dir():
            sync_folder(path)
        else:
            sync_file(path)
    return list_files(part)


def _write_manifest(part: Path, manifest: Manifest) -> None:
    write_file(part / MANIFEST_FILE, manifest.written(), flags=_NEW, durable=True)
    sync_folder(part)


def _removed_part(one: Backup) -> bool:
    """Whether what a run that died had begun was here, and is gone now."""
    part = one.location.with_name(f"{one.id}{UNFINISHED}")
    if one.location.name != one.id or not part.is_dir():
        return False
    try:
        with lock(part):
            _remove(part)
    except Locked:
        return False
    return True


def _removed(one: Backup) -> bool:
    """Whether the backup was here, and is gone now."""
    if not (one.location / MANIFEST_FILE).is_file() or one.location.name != one.id:
        return False
    _remove(one.location)
    return True


def _remove(folder: Path) -> None:
    with unavailable(f"{folder}"):
        shutil.rmtree(folder)
        sync_folder(folder.parent)
        if folder.exists():
            raise Unavailable(f"{folder}: is there still")
