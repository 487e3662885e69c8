"""The signed heads of the audit log: any two that were ever signed are consistent (P31)."""

from datetime import datetime

from sqlalchemy import Connection, insert, select

from countenance.audit import merkle
from countenance.audit.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from countenance.audit.note import Signer, VerifierKey
from countenance.audit.proof import Proof
from countenance.catalog import log, people
from countenance.catalog.tables import checkpoint
from countenance.errors import NotFound


def origin(tx: Connection) -> str:
    """The name of the library's log, and of the key that signs it."""
    return f"countenance/{people.library_id(tx)}"


def newest(tx: Connection) -> str | None:
    """The newest signed checkpoint, if one was ever signed."""
    query = select(checkpoint.c.text).order_by(checkpoint.c.size.desc()).limit(1)
    return tx.execute(query).scalar()


def signed_size(tx: Connection) -> int:
    """How many entries are under a checkpoint."""
    query = select(checkpoint.c.size).order_by(checkpoint.c.size.desc()).limit(1)
    return tx.execute(query).scalar() or 0


def list_all(tx: Connection) -> dict[int, str]:
    """Every signed checkpoint, by its size, the smallest first. One that is no text is empty."""
    rows = tx.execute(select(checkpoint.c.size, checkpoint.c.text).order_by(checkpoint.c.size))
    return {row.size: row.text if isinstance(row.text, str) else "" for row in rows}


def sign(tx: Connection, signer: Signer, *, at: datetime) -> str:
    """
    Sign the log as it stands, and keep the checkpoint; or give the newest, if it covers all.

    The newest is verified first, and the log as it stands must go on from it: RFC 6962's proof of
    consistency, from the hashes that are stored. That the entries give these hashes is for
    `audit.verify` to say. Raises `VerificationError`, and signs nothing, if it does not go on.
    """
    size, nodes = log.size(tx), log.nodes(tx)
    now = Checkpoint(origin(tx), size, merkle.root(size, nodes))
    before = newest(tx)
    if before is not None:
        last = open_checkpoint(before, VerifierKey(now.origin, signer.public))
        # Taken first: it refuses a log that has become shorter.
        proof = merkle.consistency_proof(min(last.size, size), size, nodes)
        merkle.verify_consistency(last.size, size, last.root, now.root, proof)
        if last.size == size:
            return before
    text = sign_checkpoint(now, signer)
    tx.execute(insert(checkpoint).values(size=size, root=now.root.hex(), text=text, at=at))
    return text


def prove(tx: Connection, index: int) -> Proof:
    """
    The proof that an entry is in the log, under the newest checkpoint.

    Raises `NotFound` if there is no such entry, or none yet under a checkpoint.
    """
    text, size = newest(tx), signed_size(tx)
    if text is None or not 0 <= index < size:
        raise NotFound(f"no entry {index} of the log is under a checkpoint")
    return Proof(index, merkle.inclusion_proof(index, size, log.nodes(tx)), text)
