"""
What the text formats of the log have in common: base64 and decimal numbers, each in one form only.

Python's own readers take more than one form of the same value, and a format that does is one whose
digest proves nothing.
"""

import base64
import binascii
import re

from countenance.errors import VerificationError

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,14}")


def to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def from_base64(text: str, what: str, *, length: int | None = None) -> bytes:
    """
    The bytes of standard base64 (RFC 4648, section 4), `length` of them if that is given.

    Raises `VerificationError`, naming `what` it was to be.
    """
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as exc:
        raise VerificationError(f"{what}: not base64") from exc
    if to_base64(data) != text:
        raise VerificationError(f"{what}: not base64 in its one form")
    if length is not None and len(data) != length:
        raise VerificationError(f"{what}: expected {length} bytes, got {len(data)}")
    return data


def to_base64url(data: bytes) -> str:
    """Base64 for addresses, without padding (RFC 4648, section 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_base64url(text: str, what: str) -> bytes:
    """The bytes of `to_base64url`. Raises `VerificationError`, naming `what` it was to be."""
    try:
        data = base64.b64decode(
            text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True
        )
    except (binascii.Error, UnicodeEncodeError) as exc:
        raise VerificationError(f"{what}: not base64url") from exc
    if to_base64url(data) != text:
        raise VerificationError(f"{what}: not base64url in its one form")
    return data


def from_hex(text: str, what: str) -> bytes:
    """The bytes of lower-case hexadecimal. Raises `VerificationError`, naming `what` it was."""
    try:
        data = bytes.fromhex(text)
    except ValueError as exc:
        raise VerificationError(f"{what}: not hexadecimal") from exc
    if data.hex() != text:
        raise VerificationError(f"{what}: not hexadecimal in its one form")
    return data


def from_decimal(text: str, what: str) -> int:
    """
    A whole number of at most 15 digits, without sign and leading zeros.

    Raises `VerificationError`, naming `what` it was to be.
    """
    if not _DECIMAL.fullmatch(text):
        raise VerificationError(f"{what}: not a whole number: {text[:40]!r}")
    return int(text)
