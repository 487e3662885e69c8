"""
The keys of the people enrolled: one file a key, in a folder of their own.

Destroying one file makes everything sealed under that key unreadable, at once and in every backup
of the data. So this folder is never part of a backup of the data.

A key file, 56 bytes:

    offset  bytes  is
    0       7      "CTN-KEY"
    7       1      version, 1
    8       32     the key
    40      16     the first bytes of the SHA-256 of what stands before, and of the key's id
"""

import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path

from countenance.core.ids import KeyId, new_id
from countenance.errors import NotFound, VerificationError
from countenance.vault.files import (
    check_closed,
    checked_id,
    is_id,
    sync_folder,
    unavailable,
    write_file,
)

KEY_BYTES = 32

_HEADER = b"CTN-KEY\x01"
_CHECKSUM_BYTES = 16
_SUFFIX = ".key"


class KeyStore:
    """
    The keys in `folder`, which exists and which nobody but its owner may enter.

    Keys are made and read only while the folder is closed to others; they are destroyed always.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self) -> KeyId:
        """
        Make a new random key. Durable when it returns.

        A crash before that may leave a file, perhaps a damaged one, whose id nobody was told:
        `ids` names it, and `destroy` removes it.

        Raises `Unavailable` if the folder is missing, full or open to others.
        """
        key_id = KeyId(new_id("k"))
        with unavailable("the key folder"):
            check_closed(self._folder)
            data = _encode(key_id, secrets.token_bytes(KEY_BYTES))
            write_file(self._path(key_id), data, flags=os.O_CREAT | os.O_EXCL, durable=True)
            sync_folder(self._folder)
        return key_id

    def read(self, key_id: KeyId) -> bytes:
        """
        The 32 bytes of a key.

        Raises `UsageError` if `key_id` is no id, `NotFound` if there is no such key,
        `VerificationError` if its file is damaged or belongs to another key, and `Unavailable` if
        the folder cannot be read or is open to others.
        """
        path = self._path(key_id)
        with unavailable(f"key {key_id}"):
            check_closed(self._folder)
            try:
                data = path.read_bytes()
            except FileNotFoundError as error:
                raise NotFound(f"no key {key_id}") from error
        return _decode(key_id, data)

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

    def _path(self, key_id: KeyId) -> Path:
        return self._folder / f"{checked_id(key_id)}{_SUFFIX}"


# ------------------------------------------------------------------------------------------------


def _encode(key_id: KeyId, key: bytes) -> bytes:
    return _HEADER + key + _checksum(key_id, _HEADER + key)


def _decode(key_id: KeyId, data: bytes) -> bytes:
    body, checksum = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
    key = body.removeprefix(_HEADER)
    # The checksum covers the id as well: a file copied over another's name is not taken for it.
    if len(key) != KEY_BYTES or checksum != _checksum(key_id, body):
        raise VerificationError(f"the file of key {key_id} is damaged")
    return key


def _checksum(key_id: KeyId, body: bytes) -> bytes:
    return hashlib.sha256(body + key_id.encode()).digest()[:_CHECKSUM_BYTES]


def _overwrite(path: Path) -> None:
    size = path.stat().st_size
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
    with open(descriptor, "wb") as file:  # noqa: PTH123  a descriptor, not a path
        file.write(bytes(size))
        file.flush()
        os.fsync(descriptor)
