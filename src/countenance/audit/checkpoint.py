"""
Checkpoints: how large the log is and what its root is, signed.

C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint): a signed note of three lines, which are the
log's origin, its size and the base64 of its root. Our key's name is the origin.
"""

from dataclasses import dataclass

from countenance.audit.encoding import from_base64, from_decimal, to_base64
from countenance.audit.merkle import HASH_BYTES
from countenance.audit.note import Signer, VerifierKey, parse_note, sign_note, verify_note
from countenance.errors import VerificationError

_LINES = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log `origin` has `size` entries, whose tree has the root `root`, 32 bytes."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{to_base64(self.root)}\n"


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> str:
    """The signed note. Who calls makes sure that it goes on from every one signed before."""
    return str(sign_note(str(checkpoint), checkpoint.origin, signer))


def open_checkpoint(written: str, key: VerifierKey) -> Checkpoint:
    """
    Read a signed checkpoint of the log that is named like `key`, and verify its signature.

    Raises `VerificationError` if it is not of the form, of another log, or not signed by `key`.
    """
    note = parse_note(written)
    verify_note(note, key)
    checkpoint = _read(note.text)
    if checkpoint.origin != key.name:
        raise VerificationError(f"a checkpoint of another log: {checkpoint.origin[:80]}")
    return checkpoint


# --------------------------------------------------------------------------------------------


def _read(text: str) -> Checkpoint:
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < _LINES or not all(lines):
        raise VerificationError("not a checkpoint: fewer than three lines, or an empty one")
    origin, size, root = lines[:_LINES]  # what may follow has no meaning to us
    return Checkpoint(
        origin,
        from_decimal(size, "the size of a checkpoint"),
        from_base64(root, "the root of a checkpoint", length=HASH_BYTES),
    )
