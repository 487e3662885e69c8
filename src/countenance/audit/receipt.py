"""
Receipts: what became of an erasure, signed, and provable without the library.

A receipt is a signed document (`audit.jws`) whose content is

    statement   what became of the erasure (`audit.statement`)
    entry       the log's entry that commits to the statement: `index`, `payload`, `salt`, `leaf`
    proof       the C2SP tlog-proof that the entry is in the log

The entry names the digest of the statement, and the proof leads from the entry to a checkpoint that
the log signed. So a receipt cannot be issued unseen: it takes an entry that stays in the log.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from countenance.audit.checkpoint import open_checkpoint
from countenance.audit.encoding import from_hex
from countenance.audit.entry import Act, Entry
from countenance.audit.leaf import SALT_BYTES, Leaf, read_payload, salted
from countenance.audit.merkle import HASH_BYTES, verify_inclusion
from countenance.audit.note import Signer, VerifierKey, parse_note
from countenance.audit.proof import Proof, parse_proof
from countenance.audit.statement import Statement, read_statement, write_statement
from countenance.core.canonical import Digest, canonical_json, digest
from countenance.errors import VerificationError

KIND = "countenance-receipt+jwt"


def entry_for(statement: Statement, *, actor: str) -> Entry:
    """The entry of the log that commits to a statement."""
    rests_on = (digest(write_statement(statement)),)
    subjects = (statement.erasure,)
    return Entry(Act.ERASED, statement.issued_at, actor, subjects=subjects, rests_on=rests_on)


def issue(statement: Statement, leaf: Leaf, proof: Proof, signer: Signer) -> str:
    """
    The receipt: a statement, with the log's entry that commits to it and the proof of that entry.

    What does not verify is not issued. Raises `VerificationError` if the entry is another one's, or
    was redacted, or if the proof does not prove it.
    """
    from countenance.audit.jws import sign_jws  # noqa: PLC0415  slow to import

    if leaf.payload is None or leaf.salt is None:
        raise VerificationError(f"entry {leaf.index} of the log was redacted")
    key = VerifierKey(_origin(statement), signer.public)
    document = {
        "statement": json.loads(write_statement(statement)),
        "entry": {
            "index": leaf.index,
            "payload": leaf.payload,
            "salt": leaf.salt.hex(),
            "leaf": leaf.hashes[:HASH_BYTES].hex(),
        },
        "proof": str(proof),
    }
    text = sign_jws(document, KIND, key.name, signer)
    verify(text, key)
    return text


def verify(text: str, key: VerifierKey) -> Statement:
    """
    The statement of a receipt, once everything about it is verified: with `key` and nothing else.

    Raises `VerificationError`, with words of its own for each thing that may be wrong.
    """
    from countenance.audit.jws import open_jws  # noqa: PLC0415  slow to import

    # (1) to (5) the form, the algorithm, the key, the signature
    told = _read(open_jws(text, KIND, key))
    # (6) the statement claims no level without what proves it
    statement = read_statement(told.statement)
    if _origin(statement) != key.name:
        raise VerificationError(f"a receipt of another library: {statement.library}")
    # (7) the log's entry commits to this statement
    said = read_payload(told.payload)
    if said.act is not Act.ERASED or said.subjects != (statement.erasure,):
        raise VerificationError("the entry of the log is not that of a receipt of this erasure")
    if said.rests_on != (digest(told.statement),):
        raise VerificationError("the statement is not the one that was logged")
    # (8) the entry is what stands at its place in the log
    if salted(told.payload, told.salt, told.index) != told.leaf:
        raise VerificationError("the entry of the log is not the one that its leaf stands for")
    _verify_place(told, key)
    return statement


def unverified_statement(text: str) -> Statement:
    """
    What a receipt says, for who has not the key at hand: it may say anything.

    Raises `VerificationError` if it is not of the form.
    """
    from countenance.audit.jws import unverified_content  # noqa: PLC0415  slow to import

    return read_statement(_read(unverified_content(text, KIND)).statement)


def verify_chain(texts: Sequence[str], key: VerifierKey) -> tuple[Statement, ...]:
    """
    The statements of all receipts of one case, from the first on, each verified.

    Raises `VerificationError` as `verify` does, and if one is missing, or of another case, if one
    does not name the one before it, or takes back what that one said.
    """
    found: list[Statement] = []
    previous: Digest | None = None
    for number, text in enumerate(texts, start=1):
        statement = verify(text, key)
        if found and statement.erasure != found[0].erasure:
            raise VerificationError(f"receipt {number} is of another erasure: {statement.erasure}")
        if statement.number != number:
            raise VerificationError(f"receipt {number} is not here: the next is {statement.number}")
        if statement.previous != previous:
            raise VerificationError(f"receipt {number} names another one before it")
        if found:
            _check_goes_on(found[-1], statement)
        found.append(statement)
        previous = digest(text.encode())
    return tuple(found)


# --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Told:
    """The parts of a receipt's content. Nothing of them is verified yet."""

    statement: bytes
    index: int
    payload: str
    salt: bytes
    leaf: bytes
    proof: Proof


def _origin(statement: Statement) -> str:
    return f"countenance/{statement.library}"


def _read(content: str) -> _Told:
    said = json.loads(content)
    if said.keys() != {"statement", "entry", "proof"} or not isinstance(said["entry"], dict):
        raise VerificationError("not a receipt: other fields than those of one")
    entry, proof = said["entry"], said["proof"]
    if entry.keys() != {"index", "payload", "salt", "leaf"}:
        raise VerificationError("not a receipt: its entry has other fields than those of one")
    index, payload, salt, leaf = (entry[one] for one in ("index", "payload", "salt", "leaf"))
    texts = (payload, salt, leaf, proof)
    if type(index) is not int or index < 0 or not all(isinstance(one, str) for one in texts):
        raise VerificationError("not a receipt: a field of another kind")
    told = _Told(
        canonical_json(said["statement"]),
        index,
        payload,
        from_hex(salt, "the salt"),
        from_hex(leaf, "the leaf"),
        parse_proof(proof),
    )
    if len(told.salt) != SALT_BYTES or told.proof.index != index:
        raise VerificationError("not a receipt: its salt is none, or its proof is of another entry")
    return told


def _verify_place(told: _Told, key: VerifierKey) -> None:
    # (9) the checkpoint is of this log, and signed by it
    origin = parse_note(told.proof.checkpoint).text.partition("\n")[0]
    if origin != key.name:
        raise VerificationError(f"the checkpoint is of another log: {origin[:80]!r}")
    try:
        checkpoint = open_checkpoint(told.proof.checkpoint, key)
    except VerificationError as exc:
        raise VerificationError(f"the checkpoint does not hold: {exc.message}") from exc
    # (10) it covers the entry, and the proof leads to its root
    if checkpoint.size <= told.index:
        raise VerificationError(
            f"the checkpoint is older than the entry: {checkpoint.size} entries, not {told.index}"
        )
    verify_inclusion(told.leaf, told.index, checkpoint.size, told.proof.path, checkpoint.root)


def _check_goes_on(before: Statement, after: Statement) -> None:
    same = (before.trigger, before.subject, before.opened_at) == (
        *(after.trigger, after.subject, after.opened_at),
    )
    kept = all(after.levels.get(level) == at for level, at in before.levels.items())
    if not same or not kept or after.issued_at < before.issued_at:
        raise VerificationError(f"receipt {after.number} takes back what the one before it said")
