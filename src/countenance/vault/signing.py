"""
The key that signs the log: one file beside the keys of the people, and so in no backup of the data.

Ed25519 (RFC 8032, https://www.rfc-editor.org/rfc/rfc8032). The file `log.ed25519`, 56 bytes:

    offset  bytes  is
    0       7      "CTN-SIG"
    7       1      version, 1
    8       32     the private key
    40      16     the first bytes of the SHA-256 of what stands before
"""

import hashlib
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countenance.errors import Unavailable, VerificationError
from countenance.vault.files import check_closed, sync_folder, unavailable, write_file

_HEADER = b"CTN-SIG\x01"
_KEY_BYTES = 32
_CHECKSUM_BYTES = 16
_FILE = "log.ed25519"


class SigningKey:
    """A private key, in memory."""

    def __init__(self, private: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(private)

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self._private.public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        """The signature of `data`, 64 bytes."""
        return self._private.sign(data)


class SigningKeyFile:
    """The signing key in `folder`, which exists and which nobody but its owner may enter."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def exists(self) -> bool:
        """Whether there is one, readable or damaged. Raises `Unavailable` if that is unknown."""
        with unavailable("the signing key"):
            return (self._folder / _FILE).exists()

    def create(self) -> SigningKey:
        """
        Make a new random key in the place of one that may be there. Durable when it returns.

        A crash before that leaves no key, or the whole key. Two callers at once are kept apart by
        whoever calls. Raises `Unavailable` if the folder is missing, full or open to others.
        """
        private = Ed25519PrivateKey.generate().private_bytes_raw()
        path, beside = self._folder / _FILE, self._folder / f"{_FILE}.new"
        with unavailable("the signing key"):
            check_closed(self._folder)
            write_file(beside, _encode(private), flags=os.O_CREAT | os.O_TRUNC, durable=True)
            beside.rename(path)
            sync_folder(self._folder)
        return SigningKey(private)

    def read(self) -> SigningKey:
        """
        The key.

        Raises `VerificationError` if its file is damaged, and `Unavailable` if there is none, or if
        the folder cannot be read or is open to others.
        """
        with unavailable("the signing key"):
            check_closed(self._folder)
            try:
                data = (self._folder / _FILE).read_bytes()
            except FileNotFoundError as error:
                raise Unavailable(
                    f"{self._folder}: the signing key is not here",
                    hint=f"bring back {_FILE} from the backup of the keys",
                ) from error
        return SigningKey(_decode(data))


# ------------------------------------------------------------------------------------------------


def _encode(private: bytes) -> bytes:
    return _HEADER + private + _checksum(_HEADER + private)


def _decode(data: bytes) -> bytes:
    body, checksum = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
    private = body.removeprefix(_HEADER)
    if len(private) != _KEY_BYTES or checksum != _checksum(body):
        raise VerificationError("the file of the signing key is damaged")
    return private


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()[:_CHECKSUM_BYTES]
