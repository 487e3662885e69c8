import errno
import hashlib
import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

from countenance.core.ids import KeyId
from countenance.errors import DiskFull, NotFound, Unavailable, UsageError, VerificationError
from countenance.vault.keys import KeyStore, LibraryKey


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
def stick(tmp_path: Path) -> Path:
    """Another device, with the library key on it."""
    file = tmp_path / "stick" / "gala.key"
    file.parent.mkdir()
    LibraryKey(file).create()
    return file


@pytest.fixture
def keys(folder: Path, stick: Path) -> KeyStore:
    return KeyStore(folder, stick)


def _plain_file(key_id: KeyId, key: bytes) -> bytes:
    """A key file of version 1, as the first releases wrote them."""
    body = b"CTN-KEY\x01" + key
    return body + hashlib.sha256(body + key_id.encode()).digest()[:16]


def test_a_new_key_is_read_as_it_was_made(folder: Path, stick: Path, keys: KeyStore) -> None:
    """A key is 32 bytes, its own, and the same from another store on the same folder."""
    first, second = keys.create(), keys.create()
    assert len(keys.read(first)) == 32
    assert keys.read(first) == KeyStore(folder, stick).read(first) != keys.read(second)
    assert keys.ids() == {first, second}


@pytest.mark.promise("P5")
def test_a_key_file_alone_opens_nothing(folder: Path, stick: Path, keys: KeyStore) -> None:
    """Its file is of the size and the version that are documented, and holds no byte of the key."""
    key_id = keys.create()
    data = _path(folder, key_id).read_bytes()
    assert (len(data), data[:8]) == (69, b"CTN-KEY\x02")
    assert keys.read(key_id) not in data
    stick.rename(stick.with_name("away"))
    with pytest.raises(Unavailable, match="library key is not here") as caught:
        keys.read(key_id)
    assert "bring it back" in caught.value.hint
    LibraryKey(stick).create()
    with pytest.raises(VerificationError, match=f"{key_id} is damaged, or is of another library"):
        keys.read(key_id)


def test_the_first_key_makes_the_library_key(folder: Path) -> None:
    """Beside the others if nothing else is said, closed to others, and only once."""
    keys = KeyStore(folder)
    assert not keys.library_key.exists()
    first = keys.create()
    made = (folder / "library.key").read_bytes()
    assert (len(made), made[:8]) == (56, b"CTN-LIB\x01")
    assert (folder / "library.key").stat().st_mode & 0o777 == 0o600
    second = keys.create()
    assert keys.library_key.read() == made[8:40]
    assert keys.ids() == {first, second}


@pytest.mark.promise("P27")
def test_a_library_key_that_is_away_is_not_made_anew(
    folder: Path, stick: Path, keys: KeyStore
) -> None:
    """While keys are wrapped under it, or may be, its absence is said: else they were lost."""
    key_id = keys.create()
    stick.unlink()
    for left in (_path(folder, key_id).read_bytes(), b"", bytes(69)):
        _path(folder, key_id).write_bytes(left)
        with pytest.raises(Unavailable, match="library key is not here"):
            keys.create()
        assert not stick.exists()
    keys.destroy(key_id)
    keys.read(keys.create())
    assert stick.exists()


@pytest.mark.promise("P27")
def test_a_damaged_library_key_is_named(stick: Path, keys: KeyStore) -> None:
    """With any byte changed, cut short or lengthened it opens nothing and is not replaced."""
    key_id = keys.create()
    good = stick.read_bytes()
    flipped = [good[:i] + bytes([good[i] ^ 1]) + good[i + 1 :] for i in range(len(good))]
    for bad in (*flipped, *(good[:i] for i in range(len(good))), good + b"\0"):
        stick.write_bytes(bad)
        for use in (keys.create, lambda: keys.read(key_id)):
            with pytest.raises(VerificationError, match=r"library key .* is damaged"):
                use()
        assert stick.read_bytes() == bad
    stick.write_bytes(good)
    keys.read(key_id)


def test_a_library_key_that_others_may_open_is_not_used(stick: Path, keys: KeyStore) -> None:
    """It is closed first; the hint says how."""
    key_id = keys.create()
    stick.chmod(0o644)
    for use in (keys.create, lambda: keys.read(key_id)):
        with pytest.raises(Unavailable, match="library key is open to others") as caught:
            use()
        assert caught.value.hint == f"close it: chmod 600 {stick}"
    keys.destroy(key_id)


def test_no_half_library_key_stays(stick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut off while it is written, it is not there, and the next try makes it."""
    stick.unlink()
    with monkeypatch.context() as crashing:
        crashing.setattr(os, "fsync", _crash)
        with pytest.raises(_Crash):
            LibraryKey(stick).create()
    assert not LibraryKey(stick).exists()
    assert LibraryKey(stick).create() == LibraryKey(stick).read()


@pytest.mark.promise("P27")
def test_keys_of_the_first_version_are_read(folder: Path, stick: Path) -> None:
    """Without a library key, and beside wrapped ones; damaged, or under another name, named."""
    old, other = KeyId("k_0123456789abcdef"), KeyId("k_fedcba9876543210")
    keys, secret = KeyStore(folder, stick.with_name("none")), bytes(range(32))
    good = _plain_file(old, secret)
    _path(folder, old).write_bytes(good)
    assert keys.read(old) == secret
    assert keys.read(keys.create()) != secret
    assert keys.read(old) == secret
    _path(folder, other).write_bytes(good)
    with pytest.raises(VerificationError, match=other):
        keys.read(other)
    for at in range(len(good)):
        _path(folder, old).write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        with pytest.raises(VerificationError, match=old):
            keys.read(old)


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


@pytest.mark.promise("P5")
def test_many_keys_are_opened_under_the_same_rules(
    folder: Path, stick: Path, keys: KeyStore
) -> None:
    """In one go each is read from its file when asked for; what is gone or damaged is named."""
    first, second, third = (keys.create() for _ in range(3))
    together = keys.open_many()
    assert [together.read(one) for one in (first, second)] == [keys.read(first), keys.read(second)]
    keys.destroy(second)
    with pytest.raises(NotFound, match=second):
        together.read(second)
    shutil.copy(_path(folder, first), _path(folder, third))
    with pytest.raises(VerificationError, match=third):
        together.read(third)
    with pytest.raises(UsageError):
        together.read(KeyId("../library"))
    stick.unlink()
    with pytest.raises(Unavailable, match="library key"):
        keys.open_many().read(first)
    folder.chmod(0o755)
    with pytest.raises(Unavailable, match="open to others"):
        keys.open_many()


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
    other_name = tmp_path / "snapshot"
    os.link(_path(folder, key_id), other_name)
    assert set(other_name.read_bytes()) != {0}
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
    with pytest.raises(DiskFull, match="No space left on device"):
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
