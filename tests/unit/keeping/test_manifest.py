"""The manifest: what it says is read again, and each changed byte of it is noticed."""

from datetime import timedelta
from pathlib import Path

import pytest

from countenance.core.canonical import digest
from countenance.core.ids import BackupId
from countenance.errors import UsageError, VerificationError
from countenance.keeping.manifest import (
    MANIFEST_FILE,
    Listed,
    Manifest,
    list_files,
    read_manifest,
    verify_files,
)
from tests.fakes.clock import START


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A backup of two files."""
    (tmp_path / "vault").mkdir()
    (tmp_path / "catalog.db").write_bytes(b"rows")
    (tmp_path / "vault" / "v").write_bytes(b"picture")
    write(tmp_path, list_files(tmp_path))
    return tmp_path


def write(folder: Path, files: tuple[Listed, ...]) -> Manifest:
    manifest = Manifest(
        "l_one", BackupId("b_one"), START, START + timedelta(days=3), 7, "ab" * 32, files
    )
    (folder / MANIFEST_FILE).write_bytes(manifest.written())
    return manifest


def test_a_manifest_is_read_as_it_was_written(folder: Path) -> None:
    """All of its fields, and the files with their digests."""
    manifest = read_manifest(folder)
    assert manifest == write(folder, manifest.files)
    assert manifest.files == (
        Listed("catalog.db", 4, digest(b"rows")),
        Listed("vault/v", 7, digest(b"picture")),
    )
    verify_files(folder, manifest)


@pytest.mark.promise("P27")
def test_each_changed_byte_of_a_manifest_is_noticed(folder: Path) -> None:
    """A blank that is put in, as well: there is one way to write it."""
    path = folder / MANIFEST_FILE
    whole = path.read_bytes()
    changed = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(len(whole))]
    for data in (*changed, whole + b"\n", whole[:-1], b"", b"[]", b"{}", b"null"):
        path.write_bytes(data)
        with pytest.raises(VerificationError, match=MANIFEST_FILE):
            read_manifest(folder)


@pytest.mark.parametrize("path", ["../keys/k", "/etc/passwd", "vault//v", "", "a/./b"])
def test_a_path_never_leads_out_of_the_backup(folder: Path, path: str) -> None:
    """A manifest that names such a one is not one of ours."""
    write(folder, (Listed(path, 1, digest(b"")),))
    with pytest.raises(VerificationError):
        read_manifest(folder)


def test_many_damaged_files_are_counted(folder: Path) -> None:
    """The first are named, and of the others their number is told."""
    files = tuple(Listed(f"vault/{number}", 1, digest(b"")) for number in range(30))
    with pytest.raises(VerificationError, match=r"vault/0 is missing, .*, and 10 more"):
        verify_files(folder, write(folder, files))


def test_a_folder_that_is_no_backup_is_named(tmp_path: Path) -> None:
    """With a hint at what a backup is."""
    with pytest.raises(UsageError, match="no backup"):
        read_manifest(tmp_path)
