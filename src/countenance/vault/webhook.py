"""
Signed webhooks: a message that its receiver can tell is ours, unaltered and new.

Standard Webhooks 1.0 (https://www.standardwebhooks.com), with `v1a` (Ed25519) only: whoever
verifies can then not sign. What is signed is `<id>.<timestamp>.<body>`, and the headers are

    webhook-id         the same at each attempt, so that a message counts once
    webhook-timestamp  of the attempt, in seconds since 1970
    webhook-signature  `v1a,` and the base64 of the signature; several with a space between

A public key is shown as `whpk_` and its base64.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from countenance.errors import UsageError, VerificationError
from countenance.vault.signing import SigningKey

TOLERANCE = timedelta(minutes=5)
"""How far apart the clocks of the two may be, and how long a message may have been under way."""

_SCHEME = "v1a"
_PUBLIC = "whpk_"
_PUBLIC_BYTES = 32
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SECONDS = re.compile(r"0|[1-9][0-9]{0,14}")


def sign(key: SigningKey, *, message: str, timestamp: datetime, body: bytes) -> dict[str, str]:
    """
    The headers of the message with the id `message`, sent at `timestamp`.

    Raises `UsageError` if the id has a full stop or anything else that could stand for another.
    """
    if not _ID.fullmatch(message):
        raise UsageError(f"not an id of a message: {message[:40]!r}")
    seconds = str(int(timestamp.timestamp()))
    signature = key.sign(_signed(message, seconds, body))
    return {
        "webhook-id": message,
        "webhook-timestamp": seconds,
        "webhook-signature": f"{_SCHEME},{base64.b64encode(signature).decode('ascii')}",
    }


def verify(
    headers: Mapping[str, str],
    body: bytes,
    public_key: bytes,
    *,
    now: datetime,
    tolerance: timedelta = TOLERANCE,
) -> str:
    """
    Make sure that `public_key`, 32 bytes, signed this message lately. Gives its id.

    Signatures of other kinds and other keys are passed over. Raises `VerificationError` if a
    header is missing or malformed, if it is too old or of the future, or if no signature is right.
    """
    given = {name.lower(): text for name, text in headers.items()}
    message, seconds = _header(given, "webhook-id"), _header(given, "webhook-timestamp")
    if not _ID.fullmatch(message) or not _SECONDS.fullmatch(seconds):
        raise VerificationError("the message's id or timestamp is malformed")
    if abs(now.timestamp() - int(seconds)) > tolerance.total_seconds():
        raise VerificationError("the message's timestamp is too far from the present")
    key = Ed25519PublicKey.from_public_bytes(public_key)
    offered = _header(given, "webhook-signature").split(" ")
    if not any(_is_right(one, key, _signed(message, seconds, body)) for one in offered):
        raise VerificationError("no signature of the message is right")
    return message


def write_public_key(public_key: bytes) -> str:
    """`whpk_...`, as it is shown to whoever is to verify."""
    return _PUBLIC + base64.b64encode(public_key).decode("ascii")


def read_public_key(text: str) -> bytes:
    """
    The 32 bytes of a key that is written as `whpk_...`.

    Raises `VerificationError` if it is none: a secret in its place is not taken for one.
    """
    decoded = _decoded(text.removeprefix(_PUBLIC)) if text.startswith(_PUBLIC) else b""
    if len(decoded) != _PUBLIC_BYTES:
        raise VerificationError(f"not a public key of webhooks: expected {_PUBLIC} and its base64")
    return decoded


# ------------------------------------------------------------------------------------------------


def _signed(message: str, seconds: str, body: bytes) -> bytes:
    return f"{message}.{seconds}.".encode("ascii") + body


def _header(given: Mapping[str, str], name: str) -> str:
    if name not in given:
        raise VerificationError(f"the message has no header {name}")
    return given[name]


def _is_right(offered: str, key: Ed25519PublicKey, signed: bytes) -> bool:
    scheme, _, encoded = offered.partition(",")
    if scheme != _SCHEME:
        return False
    try:
        key.verify(_decoded(encoded), signed)
    except InvalidSignature:
        return False
    return True


def _decoded(text: str) -> bytes:
    """The bytes of standard base64; none if it is not that."""
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return b""
