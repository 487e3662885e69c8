"""
Signed notes: a text and who signed it, in a form that is read and compared by eye.

C2SP signed-note (https://c2sp.org/signed-note), with Ed25519 only. The text ends in a newline and
is followed by an empty line and the signatures, each a line of

    — <key's name> base64(key id, 4 bytes || signature, 64 bytes)

A key is named by its verifier key, `<name>+<key id, hexadecimal>+base64(0x01 || public key)`.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from countenance.audit.encoding import from_base64, to_base64
from countenance.errors import VerificationError

MAX_NOTE_CHARACTERS = 1_000_000
MAX_SIGNATURES = 100

_ED25519 = b"\x01"
_ID_BYTES = 4
_PUBLIC_BYTES = 32
_NAME = re.compile(r"[^\s+]+")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_MARK = "— "


class Signer(Protocol):
    """An Ed25519 key that can sign."""

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes (RFC 8032)."""

    def sign(self, data: bytes) -> bytes:
        """The signature of `data`, 64 bytes."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under a name. `public` is 32 bytes."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or _CONTROL.search(self.name):
            raise VerificationError(f"not a name of a key: {self.name[:40]!r}")
        if len(self.public) != _PUBLIC_BYTES:
            raise VerificationError(f"expected a key of {_PUBLIC_BYTES} bytes")

    @property
    def id(self) -> bytes:
        """Four bytes that, with the name, tell which key signed."""
        named = self.name.encode() + b"\n" + _ED25519 + self.public
        return hashlib.sha256(named).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{to_base64(_ED25519 + self.public)}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Raises `VerificationError` if `text` is not a verifier key, or of another kind."""
        name, _, rest = text.partition("+")
        told, _, encoded = rest.partition("+")
        data = from_base64(encoded, "the verifier key", length=1 + _PUBLIC_BYTES)
        if data[:1] != _ED25519:
            raise VerificationError("the verifier key is not of Ed25519")
        key = cls(name, data[1:])
        if told != key.id.hex():
            raise VerificationError("the verifier key's id is not that of its key")
        return key


@dataclass(frozen=True, slots=True)
class Signature:
    """One line below a note. It says who signed; nothing is verified yet."""

    name: str
    key_id: bytes
    value: bytes

    def __str__(self) -> str:
        return f"{_MARK}{self.name} {to_base64(self.key_id + self.value)}"


@dataclass(frozen=True, slots=True)
class Note:
    """A text, which ends in a newline, and its signatures, which may be anybody's."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n" + "".join(f"{one}\n" for one in self.signatures)


def sign_note(text: str, name: str, signer: Signer) -> Note:
    """Raises `VerificationError` if a note cannot hold `text`, or if `name` names no key."""
    key = VerifierKey(name, signer.public)
    _check_text(text)
    return Note(text, (Signature(name, key.id, signer.sign(text.encode())),))


def parse_note(written: str) -> Note:
    """
    Read a note. Nothing is verified yet.

    Raises `VerificationError` if it is not of the form.
    """
    if len(written) > MAX_NOTE_CHARACTERS:
        raise VerificationError("a note of this length is not read")
    body, separator, below = written.rpartition("\n\n")
    text = f"{body}\n"
    if not separator or not below.endswith("\n"):
        raise VerificationError("not a signed note: no signature below an empty line")
    _check_text(text)
    lines = below.removesuffix("\n").split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise VerificationError("a note of so many signatures is not read")
    return Note(text, tuple(_signature(line) for line in lines))


def verify_note(note: Note, key: VerifierKey) -> None:
    """
    Make sure that `key` signed the note. Signatures of other keys are passed over.

    Raises `VerificationError` if there is none of this key, or if one of them is wrong.
    """
    own = [one for one in note.signatures if (one.name, one.key_id) == (key.name, key.id)]
    if not own:
        raise VerificationError(f"not signed by {key.name} with the key {key.id.hex()}")
    public = Ed25519PublicKey.from_public_bytes(key.public)
    try:
        for one in own:
            public.verify(one.value, note.text.encode())
    except InvalidSignature as exc:
        raise VerificationError(f"the signature of {key.name} is wrong") from exc


# --------------------------------------------------------------------------------------------


def _check_text(text: str) -> None:
    if not text.endswith("\n") or _CONTROL.search(text):
        raise VerificationError("not the text of a note: a control character, or no newline at end")
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise VerificationError("not the text of a note: half a character") from exc


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_MARK).partition(" ")
    if not line.startswith(_MARK) or not _NAME.fullmatch(name):
        raise VerificationError("not a signed note: a line below it is no signature")
    data = from_base64(encoded, "a signature")
    if len(data) <= _ID_BYTES:
        raise VerificationError("a signature: too short")
    return Signature(name, data[:_ID_BYTES], data[_ID_BYTES:])
