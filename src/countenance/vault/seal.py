"""
The seal: bytes encrypted so that they open only with their key, and only for what they are for.

AES-256-GCM (NIST SP 800-38D, https://doi.org/10.6028/NIST.SP.800-38D). Sealed bytes are 29 longer
than the plain ones:

    offset  bytes  is
    0       1      version, 1
    1       12     nonce, random; a key may seal up to 2^32 times
    13      n      ciphertext
    13 + n  16     tag, over the ciphertext, the version and `bound`
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from countenance.errors import UsageError, VerificationError

_VERSION = b"\x01"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
HEAD_BYTES = len(_VERSION) + _NONCE_BYTES
"""Before the ciphertext."""


def seal(key: bytes, plain: bytes, *, bound: bytes) -> bytes:
    """
    Encrypt `plain` under `key`, 32 bytes, and bind it to `bound`.

    `bound` says what the bytes are for (library, person, purpose, consent, pack). It is not
    stored: who unseals must say the same. Raises `UsageError` if the key is not 32 bytes long.
    """
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _VERSION + nonce + _cipher(key).encrypt(nonce, plain, _VERSION + bound)


def unseal(key: bytes, sealed: bytes, *, bound: bytes) -> bytes:
    """
    The plain bytes of `sealed`.

    Raises `VerificationError` if a byte was changed, or if the key or `bound` is not the one they
    were sealed with; which of these it was cannot be told. Raises `UsageError` if the key is not
    32 bytes long.
    """
    return Unsealer(key).unseal(sealed, bound=bound)


class Unsealer:
    """
    `unseal` with one key for many: the cipher is set up once.

    Raises `UsageError` if the key is not 32 bytes long.
    """

    __slots__ = ("_decrypt",)

    def __init__(self, key: bytes) -> None:
        self._decrypt = _cipher(key).decrypt

    def unseal(self, sealed: bytes, *, bound: bytes) -> bytes:
        """The plain bytes of `sealed`. Raises `VerificationError` as `unseal` does."""
        if sealed[:1] != _VERSION or len(sealed) < HEAD_BYTES + _TAG_BYTES:
            raise VerificationError("not sealed bytes, or sealed by a later version")
        try:
            return self._decrypt(sealed[1:HEAD_BYTES], sealed[HEAD_BYTES:], _VERSION + bound)
        except InvalidTag as error:
            raise VerificationError(
                "a seal is broken: changed bytes, another key or another purpose"
            ) from error


# ------------------------------------------------------------------------------------------------


def _cipher(key: bytes) -> AESGCM:
    if len(key) != _KEY_BYTES:
        raise UsageError(f"key: expected {_KEY_BYTES} bytes, got {len(key)}")
    return AESGCM(key)
