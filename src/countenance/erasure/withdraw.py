"""
Withdrawing: from the transaction that records it nobody is found; then the key is destroyed.

What is erased here is what recognition made: the references, the sightings, the name and the key.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from countenance.audit.entry import Act, Entry
from countenance.catalog import collections, copies, evidence, guardians, log, people
from countenance.catalog.endings import end
from countenance.catalog.people import Person
from countenance.catalog.stores import Stores
from countenance.core.ids import KeyId, PersonId
from countenance.people.consent import ConsentEvent, EventKind
from countenance.people.purpose import Purpose
from countenance.vault.ledger import CopyKind


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """
    What a withdrawal did.

    `withdrawn` are the purposes that were in force and are no longer, `sightings` how many were
    removed, and `erased` says that nothing is agreed to any more: the name and the key are gone.
    """

    person: PersonId
    withdrawn: tuple[str, ...]
    sightings: int
    erased: bool


def withdraw(who: str, purpose: Purpose | None, *, actor: str, stores: Stores) -> Withdrawal:
    """
    Withdraw one purpose, or everything.

    It takes effect in the transaction that records it (P19). The caller holds the lock on keys.
    Raises `NotFound` if there is no such person, and `Unavailable` if the deleted rows could not
    be made to leave the write-ahead log: the withdrawal holds all the same.
    """
    with stores.database.write() as tx:
        person, at = people.get(tx, who), stores.now(tx)
        done = _record(tx, person, purpose, actor=actor, at=at)
        evidence_gone = evidence.release(tx, person.id) if done.erased else []
    # A crash here leaves a key without a person, and copies that nobody confirms: the next
    # enrolment or withdrawal destroys them.
    if done.erased:
        stores.keys.destroy(person.key)
        copies.remove_unconfirmed(stores, evidence_gone)
    stores.database.forget_deleted_bytes()
    return done


def destroy_strays(stores: Stores) -> frozenset[KeyId]:
    """
    Destroy the keys of nobody, and evidence that no consent has: what an enrolment or a withdrawal
    that died has left.

    The caller holds the lock on keys, so that no enrolment is under way.
    """
    with stores.database.read() as tx:
        stray = stores.keys.ids() - people.keys_in_use(tx)
        left = copies.unconfirmed(tx, CopyKind.EVIDENCE)
    for key in stray:
        stores.keys.destroy(key)
    copies.remove_unconfirmed(stores, left)
    return stray


# --------------------------------------------------------------------------------------------


def _record(
    tx: Connection, person: Person, purpose: Purpose | None, *, actor: str, at: datetime
) -> Withdrawal:
    live = [one for one in people.consents(tx, people=[person.id]) if one.in_force(at)]
    ended = [one for one in live if purpose in (None, one.wish.purpose)]
    ending = end(tx, person.id, ended, ConsentEvent(EventKind.WITHDRAWN, at, actor))
    if not ending.kept:
        guardians.forget(tx, person.id)
        collections.leave_rosters(tx, person.id)
        people.erase(tx, person.id)
    words = tuple(str(one.wish) for one in ended)
    log.record(
        tx, Entry(Act.WITHDRAWN, at, actor, purpose or "", (person.id,), tuple(c.id for c in ended))
    )
    return Withdrawal(person.id, words, ending.sightings, erased=not ending.kept)
