"""
The keys that data is sealed under: one file a data key, and one library key that opens them all.

Destroying a data key's file makes everything sealed under that key unreadable, at once and in every
backup of the data. So the folder of these files is never part of a backup of the data. The library
key may lie elsewhere, on another device: a thief of the folder alone then has nothing.

The file of a data key, `ID.key`, 69 bytes:

    offset  bytes  is
    0       7      "CTN-KEY"
    7       1      version, 2
    8       61     the key, 32 bytes, sealed (`vault.seal`) under the library key; bound to the
                   8 bytes before and to the key's id

Before there were library keys it was of version 1, 56 bytes, and such a file is still read:

    8       32     the key
    40      16     the first bytes of the SHA-256 of what stands before, and of the key's id

The file of the library key, `library.key`, 56 bytes:

    offset  bytes  is
    0       7      "CTN-LIB"
    7       1      version, 1
    8       32     the library key
    40      16     the first bytes of the SHA-256 of what stands before
"""

import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path

from countenance.core.ids import KeyId, new_id
from countenance.errors import NotFound, Unavailable, VerificationError
from countenance.settings import LIBRARY_KEY_FILE
from countenance.vault.files import (
    check_closed,
    checked_id,
    is_id,
    sync_folder,
    unavailable,
    write_file,
)
from countenance.vault.seal import Unsealer, seal

KEY_BYTES = 32

_PLAIN = b"CTN-KEY\x01"
_WRAPPED = b"CTN-KEY\x02"
_LIBRARY = b"CTN-LIB\x01"
_CHECKSUM_BYTES = 16
_SUFFIX = ".key"
_MORE_THAN_A_KEY = 256  # bytes


class LibraryKey:
    """
    The library key in `file`, which others may not open: it opens all data keys of the library.

    It is read anew at each use: where its device is taken away, nothing opens from then on.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def file(self) -> Path:
        return self._file

    def exists(self) -> bool:
        """Whether there is one, readable or damaged. Raises `Unavailable` if that is unknown."""
        with unavailable("the library key"):
            return self._file.exists()

    def create(self) -> bytes:
        """
        Make a new random key in the place of one that may be there. Durable when it returns.

        A crash before that leaves no key, or the whole key. Two callers at once are kept apart by
        whoever calls. Raises `Unavailable` if its folder is missing or full.
        """
        key = secrets.token_bytes(KEY_BYTES)
        beside = self._file.with_name(f"{self._file.name}.new")
        with unavailable(f"the library key {self._file}"):
            body = _LIBRARY + key
            data = body + _checksum(body)
            write_file(beside, data, flags=os.O_CREAT | os.O_TRUNC, durable=True)
            beside.rename(self._file)
            sync_folder(self._file.parent)
        return key

    def read(self) -> bytes:
        """
        The 32 bytes of the key.

        Raises `VerificationError` if its file is damaged, and `Unavailable` if there is none, or if
        it cannot be read or is open to others.
        """
        with unavailable(f"the library key {self._file}"):
            try:
                check_closed(self._file)
                data = self._file.read_bytes()
            except FileNotFoundError as error:
                raise Unavailable(
                    f"{self._file}: the library key is not here, and without it no key opens",
                    hint="bring it back: mount what it lies on, or copy it from where it is kept",
                ) from error
        body, checksum = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
        key = body.removeprefix(_LIBRARY)
        if len(key) != KEY_BYTES or checksum != _checksum(body):
            raise VerificationError(
                f"the file of the library key {self._file} is damaged, or is not one",
                hint="bring back the copy of it that is kept elsewhere",
            )
        return key


class KeyStore:
    """
    The data keys in `folder`, which exists and which nobody but its owner may enter.

    They are wrapped under the library key in `library_key_file`, of nothing `library.key` beside
    them. Keys are made and read only while the folder is closed to others; they are destroyed
    always, with the library key or without it.
    """

    def __init__(self, folder: Path, library_key_file: Path | None = None) -> None:
        self._folder = folder
        self._library_key = LibraryKey(library_key_file or folder / LIBRARY_KEY_FILE)

    @property
    def library_key(self) -> LibraryKey:
        return self._library_key

    def create(self) -> KeyId:
        """
        Make a new random key, and with the first one the library key. Durable when it returns.

        A crash before that may leave a file, perhaps a damaged one, whose id nobody was told:
        `ids` names it, and `destroy` removes it. Two callers at once are kept apart by whoever
        calls.

        Raises `Unavailable` if the folder is missing, full or open to others, or if the library key
        is away, and `VerificationError` if the library key is damaged.
        """
        key_id = KeyId(new_id("k"))
        with unavailable("the key folder"):
            check_closed(self._folder)
            data = _wrap(key_id, secrets.token_bytes(KEY_BYTES), self._library_key_to_wrap_with())
            write_file(self._path(key_id), data, flags=os.O_CREAT | os.O_EXCL, durable=True)
            sync_folder(self._folder)
        return key_id

    def read(self, key_id: KeyId) -> bytes:
        """
        The 32 bytes of a key.

        Raises `UsageError` if `key_id` is no id, `NotFound` if there is no such key,
        `VerificationError` if its file is damaged, belongs to another key or to another library
        key, and `Unavailable` if the folder cannot be read or is open to others, or if the library
        key is away.
        """
        checked_id(key_id)
        with unavailable(f"key {key_id}"):
            check_closed(self._folder)
        return OpenKeys(self._folder, self._library_key).read(key_id)

    def open_many(self) -> "OpenKeys":
        """
        All keys, to be read one after the other in one go.

        Whether the folder is closed to others is looked at here, and the library key is read once.
        So it is for one use, which takes seconds, and is not kept. Raises `Unavailable` if the
        folder cannot be read or is open to others.
        """
        with unavailable("the key folder"):
            check_closed(self._folder)
        return OpenKeys(self._folder, self._library_key)

    def destroy(self, key_id: KeyId) -> None:
        """
        Destroy a key for good. Durable when it returns; may be called again, then does no harm.

        Raises `UsageError` if `key_id` is no id, and `Unavailable` if the file cannot be removed.
        """
        path = self._path(key_id)
        with unavailable(f"key {key_id}"):
            # Zeros reach other hard links and raw blocks where the file system writes in place.
            # That is an extra: where it fails (a full disk, say), removing the file counts.
            with suppress(OSError):
                _overwrite(path)
            path.unlink(missing_ok=True)
            # Also when the file was gone: a crash may have come between removal and this.
            sync_folder(self._folder)

    def ids(self) -> frozenset[KeyId]:
        """
        The ids of all keys here, readable or damaged.

        Raises `Unavailable` if the folder cannot be listed.
        """
        with unavailable("the key folder"):
            files = [path for path in self._folder.iterdir() if path.suffix == _SUFFIX]
        return frozenset(KeyId(path.stem) for path in files if is_id(path.stem))

    # ----------------------------------------------------------------------------------------

    def _path(self, key_id: KeyId) -> Path:
        return self._folder / f"{checked_id(key_id)}{_SUFFIX}"

    def _library_key_to_wrap_with(self) -> bytes:
        """A new one only where nothing is wrapped under one that is merely away."""
        if self._library_key.exists() or not all(map(self._is_plain, self.ids())):
            return self._library_key.read()
        return self._library_key.create()

    def _is_plain(self, key_id: KeyId) -> bool:
        with self._path(key_id).open("rb") as file:
            return file.read(len(_PLAIN)) == _PLAIN


class OpenKeys:
    """The keys of a folder that is closed to others, in one go (`KeyStore.open_many`)."""

    def __init__(self, folder: Path, library_key: LibraryKey) -> None:
        self._below = f"{folder}{os.sep}"
        self._library_key = library_key
        self._unsealer: Unsealer | None = None

    def read(self, key_id: KeyId) -> bytes:
        """The 32 bytes of a key, from its file at each call. Raises as `KeyStore.read` does."""
        try:
            data = _read_whole(f"{self._below}{checked_id(key_id)}{_SUFFIX}")
        except FileNotFoundError as error:
            raise NotFound(f"no key {key_id}") from error
        except OSError as error:
            raise Unavailable(f"key {key_id}: {error.strerror}") from error
        if data.startswith(_WRAPPED):
            return _unwrap(key_id, data, self._unwrapping())
        if data.startswith(_PLAIN):
            return _plain_key(key_id, data)
        raise VerificationError(f"the file of key {key_id} is damaged")

    def _unwrapping(self) -> Unsealer:
        if self._unsealer is None:
            self._unsealer = Unsealer(self._library_key.read())
        return self._unsealer


# ------------------------------------------------------------------------------------------------


def _wrap(key_id: KeyId, key: bytes, library_key: bytes) -> bytes:
    return _WRAPPED + seal(library_key, key, bound=_bound(key_id))


def _unwrap(key_id: KeyId, data: bytes, library_key: Unsealer) -> bytes:
    try:
        key = library_key.unseal(data.removeprefix(_WRAPPED), bound=_bound(key_id))
    except VerificationError as error:
        raise VerificationError(
            f"the file of key {key_id} is damaged, or is of another library key"
        ) from error
    if len(key) != KEY_BYTES:
        raise VerificationError(f"the file of key {key_id} holds no key")
    return key


def _bound(key_id: KeyId) -> bytes:
    # The id is bound as well: a file copied over another's name is not taken for it.
    return _WRAPPED + key_id.encode()


def _plain_key(key_id: KeyId, data: bytes) -> bytes:
    body, checksum = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
    key = body.removeprefix(_PLAIN)
    if len(key) != KEY_BYTES or checksum != _checksum(body + key_id.encode()):
        raise VerificationError(f"the file of key {key_id} is damaged")
    return key


def _checksum(covered: bytes) -> bytes:
    return hashlib.sha256(covered).digest()[:_CHECKSUM_BYTES]


def _read_whole(path: str) -> bytes:
    """The bytes of a small file; of a large one more than a key's file has."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, _MORE_THAN_A_KEY)
    finally:
        os.close(descriptor)


def _overwrite(path: Path) -> None:
    size = path.stat().st_size
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
    with open(descriptor, "wb") as file:  # noqa: PTH123  a descriptor, not a path
        file.write(bytes(size))
        file.flush()
        os.fsync(descriptor)
