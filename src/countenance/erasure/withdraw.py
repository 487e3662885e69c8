"""
Withdrawing: from the transaction that records it nobody is found; then the key is destroyed.

What is erased here is what recognition made: the references, the sightings, the name and the key.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from countenance.audit.entry import Act, Entry
from countenance.catalog import log, people, sightings
from countenance.catalog.people import Person
from countenance.catalog.stores import Stores
from countenance.core.ids import KeyId, PersonId
from countenance.people.consent import Consent, ConsentEvent, ConsentState, EventKind
from countenance.people.purpose import RECOGNISING, Purpose


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
        person = people.get(tx, who)
        done, key = _record(tx, person, purpose, actor=actor, at=stores.clock.now())
    # A crash here leaves a key without a person: the next enrolment or withdrawal destroys it.
    if key is not None:
        stores.keys.destroy(key)
    stores.database.forget_deleted_bytes()
    return done


def destroy_stray_keys(stores: Stores) -> frozenset[KeyId]:
    """
    Destroy the keys of nobody: what an enrolment or a withdrawal that died has left.

    The caller holds the lock on keys, so that no enrolment is under way.
    """
    with stores.database.read() as tx:
        stray = stores.keys.ids() - people.keys_in_use(tx)
    for key in stray:
        stores.keys.destroy(key)
    return stray


# --------------------------------------------------------------------------------------------


def _record(
    tx: Connection, person: Person, purpose: Purpose | None, *, actor: str, at: datetime
) -> tuple[Withdrawal, KeyId | None]:
    consents = people.consents(tx, people=[person.id])
    live = [one for one in consents if one.state(at) is ConsentState.ACTIVE]
    ended = [one for one in live if purpose in (None, one.wish.purpose)]
    kept = [one for one in live if one not in ended]
    for consent in ended:
        event = ConsentEvent(kind=EventKind.WITHDRAWN, at=at, by=actor)
        people.add_event(tx, person.id, consent.wish, event)
    removed = _remove(tx, person.id, [one for one in consents if one not in kept], kept)
    if not kept:
        people.erase(tx, person.id)
    words = tuple(str(one.wish) for one in ended)
    log.record(
        tx, Entry(Act.WITHDRAWN, at, actor, purpose or "", (person.id,), tuple(c.id for c in ended))
    )
    done = Withdrawal(person.id, words, removed, erased=not kept)
    return done, None if kept else person.key


def _remove(tx: Connection, person: PersonId, over: list[Consent], kept: list[Consent]) -> int:
    """
    Remove the references of what is `over`, now or long ago, and the sightings if nothing `kept`
    rests on them.
    """
    people.remove_references(tx, person, [one.wish.purpose for one in over])
    if any(one.wish.purpose in RECOGNISING for one in kept):
        return 0
    return sightings.remove_of(tx, person)
