import errno
import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

from countenance.core.ids import KeyId
from countenance.errors import NotFound, Unavailable, UsageError, VerificationError
from countenance.vault.keys import KeyStore


class _Crash(BaseException):
    """The process ends here."""


def _crash(*_args: object, **_kwargs: object) -> NoReturn:
    raise _Crash


def _disk_full(*_args: object) -> NoReturn:
    raise OSError(errno.ENOSPC, "No space left on device")


def _path(folder: Path, key_id: KeyId) -> Path:
    return folder / f"{key_id}.key"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def keys(folder: Path) -> KeyStore:
    return KeyStore(folder)


def test_a_new_key_is_read_as_it_was_made(folder: Path, keys: KeyStore) -> None:
    """A key is 32 bytes, its own, and the same from another store on the same folder."""
    first, second = keys.create(), keys.create()
    assert len(keys.read(first)) == 32
    assert keys.read(first) == KeyStore(folder).read(first) != keys.read(second)
    assert keys.ids() == {first, second}


def test_a_key_file_is_closed_to_others(folder: Path, keys: KeyStore) -> None:
    """The mode of a key file is 0600, whatever the process would give other files."""
    before = os.umask(0)
    try:
        key_id = keys.create()
    finally:
        os.umask(before)
    assert _path(folder, key_id).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701])
def test_keys_are_not_used_in_an_open_folder(folder: Path, keys: KeyStore, mode: int) -> None:
    """A folder that others may enter gives no key and takes none, but lets go of one."""
    key_id = keys.create()
    folder.chmod(mode)
    with pytest.raises(Unavailable, match=f"open to others: mode {mode:o}") as caught:
        keys.read(key_id)
    assert "chmod 700" in caught.value.hint
    with pytest.raises(Unavailable):
        keys.create()
    keys.destroy(key_id)
    assert keys.ids() == frozenset()


@pytest.mark.promise("P27")
def test_a_damaged_key_is_named(folder: Path, keys: KeyStore) -> None:
    """A key file with any byte changed, cut short or lengthened gives no key."""
    key_id = keys.create()
    good = _path(folder, key_id).read_bytes()
    flipped = [good[:i] + bytes([good[i] ^ 1]) + good[i + 1 :] for i in range(len(good))]
    cut = [good[:i] for i in range(len(good))]
    for bad in [*flipped, *cut, good + b"\0", bytes(len(good))]:
        _path(folder, key_id).write_bytes(bad)
        with pytest.raises(VerificationError, match=key_id):
            keys.read(key_id)
    assert keys.ids() == {key_id}


@pytest.mark.promise("P27")
def test_a_key_under_another_name_is_not_taken_for_it(folder: Path, keys: KeyStore) -> None:
    """A file copied over another key's file is damage, not that key."""
    first, second = keys.create(), keys.create()
    shutil.copy(_path(folder, first), _path(folder, second))
    with pytest.raises(VerificationError, match=second):
        keys.read(second)


def test_a_destroyed_key_is_gone(folder: Path, keys: KeyStore) -> None:
    """After its destruction a key is not found; others are as before, and again does no harm."""
    gone, kept = keys.create(), keys.create()
    before = keys.read(kept)
    keys.destroy(gone)
    keys.destroy(gone)
    with pytest.raises(NotFound, match=gone):
        keys.read(gone)
    assert keys.ids() == {kept}
    assert keys.read(kept) == before
    assert len(list(folder.iterdir())) == 1


@pytest.mark.promise("P21")
def test_a_destroyed_key_leaves_no_bytes_in_a_hard_link(
    folder: Path, tmp_path: Path, keys: KeyStore
) -> None:
    """The bytes themselves are overwritten, not only their name removed."""
    key_id = keys.create()
    secret = keys.read(key_id)
    other_name = tmp_path / "snapshot"
    os.link(_path(folder, key_id), other_name)
    assert secret in other_name.read_bytes()
    keys.destroy(key_id)
    assert set(other_name.read_bytes()) == {0}


def test_a_damaged_key_can_be_destroyed(folder: Path, keys: KeyStore) -> None:
    """What cannot be read can still be destroyed."""
    key_id = keys.create()
    _path(folder, key_id).write_bytes(b"")
    keys.destroy(key_id)
    assert keys.ids() == frozenset()


@pytest.mark.promise("P28")
def test_a_key_is_destroyed_on_a_full_disk(keys: KeyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be written any more, a key can still be destroyed."""
    key_id = keys.create()
    monkeypatch.setattr("countenance.vault.keys._overwrite", _disk_full)
    keys.destroy(key_id)
    assert keys.ids() == frozenset()


@pytest.mark.promise("P28")
def test_no_half_key_stays_on_a_full_disk(
    folder: Path, keys: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that cannot be written is refused, and nothing is left of it."""
    monkeypatch.setattr(os, "fsync", _disk_full)
    with pytest.raises(Unavailable, match="No space left on device"):
        keys.create()
    assert list(folder.iterdir()) == []


@pytest.mark.promise("P26")
def test_a_key_is_synced_before_its_id_is_told(
    folder: Path, keys: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both the file and its name in the folder are on the disk when `create` returns."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
    key_id = keys.create()
    assert synced == [_path(folder, key_id).stat().st_ino, folder.stat().st_ino]


def test_a_crash_while_making_a_key_leaves_what_can_be_destroyed(
    folder: Path, keys: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file whose id was never told is listed, and can be destroyed."""
    with monkeypatch.context() as crashing:
        crashing.setattr(os, "fsync", _crash)
        with pytest.raises(_Crash):
            keys.create()
    (left,) = keys.ids()
    keys.destroy(left)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "where", ["os.fsync", "pathlib.Path.unlink", "countenance.vault.keys.sync_folder"]
)
def test_a_destruction_goes_on_after_a_crash(
    keys: KeyStore, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Wherever a destruction was cut off, the key gives nothing, and again finishes it."""
    key_id = keys.create()
    with monkeypatch.context() as crashing:
        crashing.setattr(where, _crash)
        with pytest.raises(_Crash):
            keys.destroy(key_id)
    with pytest.raises((NotFound, VerificationError)):
        keys.read(key_id)
    keys.destroy(key_id)
    assert keys.ids() == frozenset()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """Where the folder of the keys is not mounted, no key is reported as missing."""
    keys = KeyStore(tmp_path / "absent")
    for use in (keys.create, keys.ids, lambda: keys.read(KeyId("k_0123456789abcdef"))):
        with pytest.raises(Unavailable):
            use()


@pytest.mark.parametrize("hostile", ["../secret", "k_x/../../secret", "", "k_0123456789abcdef\n"])
def test_an_id_leads_nowhere_else(tmp_path: Path, keys: KeyStore, hostile: str) -> None:
    """A hostile id neither reads nor destroys a file outside the folder."""
    secret = tmp_path / "secret.key"
    secret.write_text("stays")
    with pytest.raises(UsageError):
        keys.read(KeyId(hostile))
    with pytest.raises(UsageError):
        keys.destroy(KeyId(hostile))
    assert secret.read_text() == "stays"


def test_other_files_are_no_keys(folder: Path, keys: KeyStore) -> None:
    """What is not named like a key is left alone."""
    for name in ("README", ".key", "k_short.key", "k_0123456789abcdef.bak"):
        (folder / name).touch()
    assert keys.ids() == frozenset()
