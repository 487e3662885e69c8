"""
Restoring: a backup becomes a library again, and nobody who was erased since is in it (P22).

    1  every file of the backup is verified; what is damaged is named, and nothing is restored
    2  the catalog is copied under a name that no program opens
    3  in one transaction: the log goes on as its journal says, and what ended since ends again
    4  the journal, and the folders of files and keys, follow the catalog
    5  the catalog gets its name, and then the folder

All of it is done in a folder beside the one that is wanted, `.restoring`, and may be begun again
after a crash. The journal is what tells what happened since: without it nothing is restored. From
step 4 on the library that the backup was made of, if it is still somewhere, opens no more with
these keys: a log has one end.
"""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from countenance.audit.entry import Act, Entry
from countenance.catalog import log, people
from countenance.catalog.database import Database
from countenance.catalog.journal import catch_up, put_back
from countenance.catalog.place import new_database
from countenance.catalog.replay import (
    Remaining,
    Replayed,
    drop_without_key,
    forget_previews,
    forget_unconfirmed,
    hold_to,
    replay,
    wanted_copies,
)
from countenance.catalog.stores import Stores
from countenance.core.clock import Clock
from countenance.core.ids import BackupId, CopyId, PersonId, SourceId
from countenance.errors import Unavailable, UsageError, VerificationError
from countenance.keeping.manifest import Manifest, read_manifest, verify_files
from countenance.settings import SETTINGS_FILE
from countenance.vault.blobs import BlobStore
from countenance.vault.files import sync_file, sync_folder, unavailable, write_file
from countenance.vault.journal import JOURNAL_FILE, Journal
from countenance.vault.keys import KeyStore
from countenance.vault.layout import LibraryLayout, lock

UNFINISHED = ".restoring"

_CATALOG = "catalog.restoring"
_ADDRESS = "catalog.address.restoring"
_MARK = "restoring"
"""A file in a folder that a restore is working in, with the id of the backup."""


@dataclass(frozen=True, slots=True)
class Restored:
    """
    A library that was restored into `root`.

    `entries` of the log came after the backup and were done again; `erased` are the people who had
    withdrawn since, `revoked` the sources that were taken down since, and `remaining` is what is
    lost or left for a person to do. What was of those goes in the cases of erasure that are open.
    """

    root: Path
    backup: BackupId
    entries: int
    erased: frozenset[PersonId]
    revoked: frozenset[SourceId]
    remaining: tuple[Remaining, ...]


def restore(  # noqa: PLR0913  what becomes what, and who says so
    backup: Path, to: Path, *, keys: Path, actor: str, clock: Clock, catalog: str = ""
) -> Restored:
    """
    Make the library of the backup in the folder `backup` again, in the folder `to`.

    `keys` is the folder of its keys, with the journal; it is used where it is. `catalog` is as the
    setting: of an address, the catalog moves into a database there. Raises `UsageError`
    if there is something in `to`, `VerificationError` if backup or journal is damaged or the two do
    not belong together, and `Unavailable` if the keys cannot be reached. Then there is no library
    in `to`.
    """
    _require_empty(to)
    manifest = read_manifest(backup)
    verify_files(backup, manifest)
    journal = Journal(keys)
    if not keys.is_dir() or not journal.exists():
        raise Unavailable(
            f"{keys}: {JOURNAL_FILE} is not here: who was erased since is not known without it",
            hint="name the folder of keys of the library: --keys DIR",
        )
    with lock(keys), _work_folder(to, manifest.backup) as work:
        _copy(backup / LibraryLayout(backup).catalog.name, work / _CATALOG)
        stores = Stores(
            Database.at(work / _CATALOG),
            KeyStore(keys),
            BlobStore(_folder(LibraryLayout(work).vault)),
            clock,
        )
        try:
            done = _bring_up_to_date(stores, manifest, journal, to, actor=actor)
            _restore_blobs(stores, BlobStore(LibraryLayout(backup).vault), _listed(manifest))
            _follow(stores, journal)
            _move_catalog(stores.database, LibraryLayout(work), catalog)
        finally:
            stores.database.close()
        _restore_settings(backup, work, keys)
        _sync(work)
        _put_in_place(work, to)
    return done


# --------------------------------------------------------------------------------------------


def _require_empty(to: Path) -> None:
    """Nothing may be in the way, but for what a restore that died has left."""
    if _is_left(to):
        return
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise UsageError(
            f"{to}: is not empty; a library is restored into a new folder",
            hint="move what is there away first",
        )


def _is_left(folder: Path) -> bool:
    """Whether a restore that died has left it: it holds no library."""
    return (folder / _MARK).is_file() and not LibraryLayout(folder).exists()


@contextmanager
def _work_folder(to: Path, backup: BackupId) -> Iterator[Path]:
    """A new folder beside `to`; one that a restore left there is removed first."""
    work = to.with_name(f"{to.name}{UNFINISHED}")
    with unavailable(f"{work}"):
        if work.exists() and not _is_left(work):
            raise UsageError(f"{work}: is in the way, and not from a restore")
        for left in filter(_is_left, (to, work)):
            shutil.rmtree(left)
        work.mkdir(mode=0o700, parents=True)
        write_file(work / _MARK, backup.encode(), flags=os.O_CREAT | os.O_EXCL, durable=True)
        yield work


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as old, target.open("xb") as new:
        target.chmod(0o600)
        shutil.copyfileobj(old, new)


def _folder(path: Path) -> Path:
    path.mkdir(mode=0o700)
    return path


def _bring_up_to_date(
    stores: Stores, manifest: Manifest, journal: Journal, to: Path, *, actor: str
) -> Restored:
    """All that changes in the catalog, in one transaction: the log, and what it says."""
    stores.database.require_known_revision()
    stores.database.migrate()
    kept = journal.read(manifest.library)
    with stores.database.write() as tx:
        _require_the_one(tx, manifest)
        later = put_back(tx, kept)
        _require_all_known(later, manifest.backup)
        seen = replay(tx, later)
        keys = stores.keys.ids()
        seen.remaining += drop_without_key(tx, keys)
        missing = {one.id for one in wanted_copies(tx)} - _listed(manifest)
        seen.remaining += forget_previews(tx, missing)
        forget_unconfirmed(tx)
        hold_to(tx, _last_instant(later, manifest))
        subjects = (manifest.backup,)
        log.record(tx, Entry(Act.RESTORED, stores.now(tx), actor, subjects=subjects))
    stores.database.forget_deleted_bytes()
    return _answer(to, manifest, len(later), seen)


def _require_the_one(tx: Connection, manifest: Manifest) -> None:
    if (people.library_id(tx), log.size(tx)) != (manifest.library, manifest.log_size):
        raise VerificationError("the catalog of the backup is not the one its manifest names")


def _require_all_known(later: Sequence[tuple[int, Entry | None]], backup: BackupId) -> None:
    """
    Of a backup that is not gone, an entry that ended something is not redacted (`log.redact`).

    Of one that was said to be gone it may have been, and then nobody knows what it ended.
    """
    said_gone = any(
        said is not None and said.act is Act.BACKUP_GONE and backup in said.subjects
        for _, said in later
    )
    unknown = [index for index, said in later if said is None]
    if said_gone and unknown:
        raise VerificationError(
            f"entry {unknown[0]} of the log was redacted after this backup was said to be gone: "
            "nobody knows whether somebody was erased by it",
            hint="take a later backup",
        )


def _last_instant(later: Sequence[tuple[int, Entry | None]], manifest: Manifest) -> datetime:
    return max((said.at for _, said in later if said is not None), default=manifest.made_at)


def _answer(to: Path, manifest: Manifest, entries: int, seen: Replayed) -> Restored:
    return Restored(
        root=to,
        backup=manifest.backup,
        entries=entries,
        erased=frozenset(seen.erased),
        revoked=frozenset(seen.revoked),
        remaining=tuple(dict.fromkeys(seen.remaining)),
    )


def _listed(manifest: Manifest) -> frozenset[CopyId]:
    """The files of the vault that are in the backup: those that were whole when it was made."""
    return frozenset(CopyId(Path(one.path).name) for one in manifest.files)


def _restore_blobs(stores: Stores, source: BlobStore, listed: frozenset[CopyId]) -> None:
    """Copy the files that are still wanted: those of what was erased are never written."""
    with stores.database.read() as tx:
        wanted = [one for one in wanted_copies(tx) if one.id in listed]
    for one in wanted:
        data = source.read(one.id, expected=one.digest)
        stores.blobs.write(one.id, data, durable=False)


def _follow(stores: Stores, journal: Journal) -> None:
    """The journal goes on with the restored log, and keys that nothing needs are destroyed."""
    catch_up(stores.database, journal)
    with stores.database.read() as tx:
        used = people.keys_in_use(tx)
    for stray in sorted(stores.keys.ids() - used):
        stores.keys.destroy(stray)
    stores.database.forget_deleted_bytes()


def _move_catalog(catalog: Database, layout: LibraryLayout, setting: str) -> None:
    """Into a database, where one is asked for. A crash leaves it, and no library that names it."""
    if not setting:
        return
    address = new_database(setting)
    target = Database.at(address)
    try:
        target.fill_from(catalog)
    finally:
        target.close()
    place = layout.address.with_name(_ADDRESS)
    write_file(place, address.encode(), flags=os.O_CREAT | os.O_EXCL, durable=True)


def _restore_settings(backup: Path, work: Path, keys: Path) -> None:
    """The settings of the backup, in which the keys are where they are now."""
    file = backup / SETTINGS_FILE
    old = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    # Where the catalog was is not where it is now.
    lines = [line for line in old if line.partition("=")[0].strip() not in ("keys_dir", "catalog")]
    where = json.dumps(str(keys.absolute()), ensure_ascii=False)
    text = "\n".join([f"keys_dir = {where}", *lines, ""])
    write_file(work / SETTINGS_FILE, text.encode(), flags=os.O_CREAT | os.O_EXCL, durable=True)


def _sync(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_dir():
            sync_folder(path)
        else:
            sync_file(path)


def _put_in_place(work: Path, to: Path) -> None:
    if to.exists():
        to.rmdir()
    work.rename(to)
    sync_folder(to.parent)
    # A crash before this leaves no library: the next restore begins again.
    if (to / _ADDRESS).exists():
        (to / _CATALOG).unlink()
        (to / _ADDRESS).rename(LibraryLayout(to).address)
    else:
        (to / _CATALOG).rename(LibraryLayout(to).catalog)
    (to / _MARK).unlink()
    sync_folder(to)
