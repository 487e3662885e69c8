import errno
import os
import tempfile
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countenance.core.canonical import digest
from countenance.core.ids import CopyId, new_id
from countenance.errors import NotFound, Unavailable, UsageError, VerificationError
from countenance.vault.blobs import BlobStore

OLD, NEW = b"the old bytes", b"the new bytes, which are longer"


class _Crash(BaseException):
    """The process ends here."""


def _crash(*_args: object, **_kwargs: object) -> NoReturn:
    raise _Crash


def _disk_full(*_args: object) -> NoReturn:
    raise OSError(errno.ENOSPC, "No space left on device")


def _copy_id() -> CopyId:
    return CopyId(new_id("c"))


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def blobs(folder: Path) -> BlobStore:
    return BlobStore(folder)


@settings(max_examples=20)
@given(contents=st.lists(st.binary(max_size=500), max_size=5), durable=st.booleans())
def test_what_was_written_is_read(contents: list[bytes], durable: bool) -> None:  # noqa: FBT001  drawn
    """Every content comes back under its own id, and the disk holds those ids and no other."""
    with tempfile.TemporaryDirectory() as folder:
        blobs = BlobStore(Path(folder))
        kept = {_copy_id(): content for content in contents}
        for copy_id, content in kept.items():
            blobs.write(copy_id, content, durable=durable)
        for copy_id, content in kept.items():
            assert blobs.read(copy_id, expected=digest(content)) == content
        assert set(blobs.ids()) == set(kept)


def test_files_and_folders_are_closed_to_others(folder: Path, blobs: BlobStore) -> None:
    """Modes are 0600 and 0700, whatever the process would give other files."""
    before = os.umask(0)
    try:
        blobs.write(_copy_id(), NEW, durable=False)
    finally:
        os.umask(before)
    (file,) = _files(folder)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.promise("P27")
def test_a_damaged_file_is_named_never_served(folder: Path, blobs: BlobStore) -> None:
    """A changed, a cut and an emptied file are all refused by the id of their copy."""
    copy_id = _copy_id()
    blobs.write(copy_id, NEW, durable=False)
    (file,) = _files(folder)
    for bad in (b"", NEW[:-1], NEW + b"\0", NEW.replace(b"new", b"NEW")):
        file.write_bytes(bad)
        with pytest.raises(VerificationError, match=copy_id):
            blobs.read(copy_id, expected=digest(NEW))


def test_a_removed_file_is_not_found(blobs: BlobStore) -> None:
    """After its removal a copy is not found; others are as before, and again does no harm."""
    gone, kept = _copy_id(), _copy_id()
    blobs.write(gone, OLD, durable=False)
    blobs.write(kept, NEW, durable=False)
    blobs.remove(gone)
    blobs.remove(gone)
    with pytest.raises(NotFound, match=gone):
        blobs.read(gone, expected=digest(OLD))
    assert blobs.read(kept, expected=digest(NEW)) == NEW
    assert list(blobs.ids()) == [kept]


def test_what_never_was_is_removed_without_harm(blobs: BlobStore) -> None:
    """A removal may come before the first write, as after a crash in between."""
    blobs.remove(_copy_id())
    assert list(blobs.ids()) == []


@pytest.mark.parametrize(
    "where", ["os.fsync", "pathlib.Path.replace", "countenance.vault.blobs.sync_folder"]
)
def test_a_crash_leaves_the_old_bytes_or_the_new(
    folder: Path, blobs: BlobStore, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Wherever a write was cut off, one whole version is there, and the sweep clears the rest."""
    copy_id = _copy_id()
    blobs.write(copy_id, OLD, durable=True)
    with monkeypatch.context() as crashing:
        crashing.setattr(where, _crash)
        with pytest.raises(_Crash):
            blobs.write(copy_id, NEW, durable=True)
    (whole,) = blobs.ids()
    assert whole == copy_id
    left = len(_files(folder)) - 1
    assert blobs.sweep_unfinished() == left
    (file,) = _files(folder)
    assert file.read_bytes() in (OLD, NEW)
    blobs.write(copy_id, NEW, durable=True)
    assert blobs.read(copy_id, expected=digest(NEW)) == NEW


def test_the_sweep_removes_unfinished_files_only(folder: Path, blobs: BlobStore) -> None:
    """Finished copies and files that are not ours stay."""
    copy_id = _copy_id()
    blobs.write(copy_id, NEW, durable=False)
    (file,) = _files(folder)
    file.with_name(f"{copy_id}.part").write_bytes(b"half")
    (folder / "lost+found").mkdir()
    (folder / "lost+found" / "x.part").touch()
    assert blobs.sweep_unfinished() == 1
    assert blobs.sweep_unfinished() == 0
    assert list(blobs.ids()) == [copy_id]
    assert (folder / "lost+found" / "x.part").exists()


@pytest.mark.promise("P28")
def test_nothing_half_stays_on_a_full_disk(
    folder: Path, blobs: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that fails is refused by name, leaves nothing, and a removal still works."""
    kept, refused = _copy_id(), _copy_id()
    blobs.write(kept, OLD, durable=True)
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", _disk_full)
        with pytest.raises(Unavailable, match=f"{refused}: No space left on device"):
            blobs.write(refused, NEW, durable=True)
    assert [path.name for path in _files(folder)] == [kept]
    blobs.remove(kept)
    assert _files(folder) == []


@pytest.mark.promise("P26")
def test_a_durable_write_syncs_bytes_and_names(
    folder: Path, blobs: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file, its folder and the folder above are on the disk; a plain write syncs nothing."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
    copy_id = _copy_id()
    blobs.write(copy_id, NEW, durable=False)
    assert synced == []
    blobs.write(copy_id, NEW, durable=True)
    (file,) = _files(folder)
    assert synced == [path.stat().st_ino for path in (file, file.parent, folder)]


def test_a_missing_vault_is_named(tmp_path: Path) -> None:
    """Where the vault is not mounted, that is said, and nothing is made in its place."""
    blobs = BlobStore(tmp_path / "absent")
    with pytest.raises(Unavailable):
        blobs.write(_copy_id(), NEW, durable=False)
    with pytest.raises(Unavailable):
        list(blobs.ids())
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize("hostile", ["../secret", "c_../../secret", "", "/etc/passwd"])
def test_an_id_leads_nowhere_else(tmp_path: Path, hostile: str) -> None:
    """A hostile id neither reads, writes nor removes a file outside the vault."""
    secret = tmp_path / "secret"
    secret.write_text("stays")
    (tmp_path / "vault").mkdir()
    blobs = BlobStore(tmp_path / "vault")
    with pytest.raises(UsageError):
        blobs.read(CopyId(hostile), expected=digest(b"stays"))
    with pytest.raises(UsageError):
        blobs.write(CopyId(hostile), b"", durable=False)
    with pytest.raises(UsageError):
        blobs.remove(CopyId(hostile))
    assert secret.read_text() == "stays"
