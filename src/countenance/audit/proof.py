"""
Proofs: that an entry is in the log, for who has the entry and the log's public key and no more.

C2SP tlog-proof (https://c2sp.org/tlog-proof):

    c2sp.org/tlog-proof@v1
    index <index of the entry, from zero>
    <base64 of a hash>                        one line for each, from the leaf's sibling upwards
                                              an empty line
    <the signed checkpoint>

What the form calls `extra` is not used: it is not authenticated.
"""

from dataclasses import dataclass

from countenance.audit.checkpoint import Checkpoint, open_checkpoint
from countenance.audit.encoding import from_base64, from_decimal, to_base64
from countenance.audit.merkle import HASH_BYTES, verify_inclusion
from countenance.audit.note import VerifierKey
from countenance.errors import VerificationError

MAX_PATH = 64
"""Hashes in a proof: a log of more entries than two to the power of this does not exist."""

_FIRST_LINE = "c2sp.org/tlog-proof@v1"
_INDEX = "index "


@dataclass(frozen=True, slots=True)
class Proof:
    """The way from the entry at `index` to the root in `checkpoint`, a signed note."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: str

    def __str__(self) -> str:
        path = "".join(f"{to_base64(one)}\n" for one in self.path)
        return f"{_FIRST_LINE}\n{_INDEX}{self.index}\n{path}\n{self.checkpoint}"


def parse_proof(written: str) -> Proof:
    """Read a proof. Raises `VerificationError` if it is not of the form."""
    head, separator, checkpoint = written.partition("\n\n")
    first, *lines = head.split("\n")
    if not separator or first != _FIRST_LINE:
        raise VerificationError("not a proof that an entry is in a log")
    if not lines or not lines[0].startswith(_INDEX):
        raise VerificationError("not a proof: its second line is not an index")
    if len(lines) > MAX_PATH + 1:
        raise VerificationError("a proof of so many hashes is not read")
    path = tuple(from_base64(one, "a hash of the proof", length=HASH_BYTES) for one in lines[1:])
    return Proof(from_decimal(lines[0].removeprefix(_INDEX), "the index"), path, checkpoint)


def verify_proof(proof: Proof, leaf: bytes, key: VerifierKey) -> Checkpoint:
    """
    Make sure that `leaf`, a leaf's hash, is in the log of `key`. Gives the checkpoint it is under.

    Raises `VerificationError` if the checkpoint is not signed by `key`, or if the hashes do not
    lead from the leaf to its root.
    """
    checkpoint = open_checkpoint(proof.checkpoint, key)
    verify_inclusion(leaf, proof.index, checkpoint.size, proof.path, checkpoint.root)
    return checkpoint
