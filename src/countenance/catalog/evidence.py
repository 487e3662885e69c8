"""
Evidence: what shows that a consent was given, sealed under the person's own key.

The vault holds the file, the copy ledger its row, and the consent's event the digest of the plain
bytes. With the key the file goes; the digest stays, and says of a file that somebody else kept
whether it is the one.
"""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, delete, func, insert, select, update

from countenance.catalog import copies, people
from countenance.catalog.people import Person
from countenance.catalog.stores import Stores
from countenance.catalog.tables import copy, evidence
from countenance.core.canonical import Digest, canonical_json, digest
from countenance.core.ids import CopyId, KeyId, PersonId
from countenance.errors import NotFound, VerificationError
from countenance.vault.ledger import CopyKind
from countenance.vault.seal import seal, unseal


class Proof(StrEnum):
    """What can be said of the bytes behind a digest."""

    KEPT = "kept"
    """They are here, and are the ones."""

    DAMAGED = "damaged"
    """They are here, and are not the ones any more."""

    DIGEST_ONLY = "digest-only"
    """They are not here: only their digest is."""


@dataclass(frozen=True, slots=True)
class Written:
    """A copy in the vault that is not confirmed yet: its sealed bytes, and the plain ones."""

    copy: CopyId
    sealed: Digest
    size: int
    plain: Digest


def write(stores: Stores, data: bytes, *, key: KeyId) -> Written:
    """
    Write `data`, sealed under `key`, into the vault: durable, and not confirmed yet.

    `keep` confirms it, in the transaction of the consent. The caller holds the lock on keys: what
    is not confirmed then is removed by whoever holds it next.
    """
    plain = digest(data)
    with stores.database.write() as tx:
        which = copies.intend(tx, CopyKind.EVIDENCE, at=stores.now(tx))
        bound = _bound(tx, key, plain)
    sealed = seal(stores.keys.read(key), data, bound=bound)
    stores.blobs.write(which, sealed, durable=True)
    return Written(which, digest(sealed), len(sealed), plain)


def keep(tx: Connection, written: Written, who: PersonId) -> None:
    """Confirm what was written as evidence of `who`."""
    copies.confirm(tx, written.copy, digest=written.sealed, size=written.size)
    tx.execute(insert(evidence).values(copy_id=written.copy, person_id=who, digest=written.plain))


def count_of(tx: Connection, who: PersonId) -> int:
    """How many pieces of evidence there are of a person."""
    query = select(func.count()).select_from(evidence).where(evidence.c.person_id == who)
    return int(tx.execute(query).scalar_one())


def release(tx: Connection, who: PersonId) -> list[CopyId]:
    """
    Let go of all evidence of a person. Gives the copies, whose rows are intentions again: the
    caller removes them once the transaction is committed.
    """
    own = select(evidence.c.copy_id).where(evidence.c.person_id == who)
    going = [CopyId(which) for which in tx.execute(own).scalars()]
    tx.execute(update(copy).where(copy.c.id.in_(own)).values(confirmed=False))
    tx.execute(delete(evidence).where(evidence.c.person_id == who))
    return going


def prove(tx: Connection, stores: Stores, person: Person, shown: Digest) -> Proof:
    """
    Open the evidence of `person` with the digest `shown`, and say what there is.

    Raises `Unavailable` if the vault or the keys cannot be reached.
    """
    row = tx.execute(
        select(evidence.c.copy_id)
        .where(evidence.c.person_id == person.id, evidence.c.digest == shown)
        .limit(1)
    ).first()
    if row is None:
        return Proof.DIGEST_ONLY
    try:
        held = copies.get(tx, CopyId(row.copy_id))
        sealed = stores.blobs.read(held.id, expected=held.digest)
        plain = unseal(stores.keys.read(person.key), sealed, bound=_bound(tx, person.key, shown))
    except (NotFound, VerificationError):
        return Proof.DAMAGED
    return Proof.KEPT if digest(plain) == shown else Proof.DAMAGED


# --------------------------------------------------------------------------------------------


def _bound(tx: Connection, key: KeyId, shown: Digest) -> bytes:
    return canonical_json({"library": people.library_id(tx), "key": key, "evidence": shown})
