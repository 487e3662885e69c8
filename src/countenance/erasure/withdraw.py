"""
Withdrawing: from the transaction that records it nobody is found.

What recognition made goes after that, as a case of erasure: the references and their keys, the
sightings, and, when nothing is agreed to any more, the name and all else that is the person's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from countenance.audit.entry import Act, Entry
from countenance.audit.statement import Trigger
from countenance.catalog import copies, log, people
from countenance.catalog.endings import Ending, end, merged_with
from countenance.catalog.people import Person
from countenance.catalog.stores import Stores
from countenance.core.ids import ErasureId, KeyId, PersonId
from countenance.people.consent import Consent, ConsentEvent, EventKind
from countenance.people.purpose import Purpose, Wish
from countenance.vault.ledger import CopyKind


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """
    What a withdrawal did.

    `withdrawn` are the purposes that were in force and are no longer, `sightings` how many go,
    and `erased` says that nothing is agreed to any more: name and keys go as well. `erasure` is the
    case in which that happens. `beside` are the cases of other enrolments that were merged with
    this one: who says stop by one says it by all.
    """

    person: PersonId
    withdrawn: tuple[str, ...]
    sightings: int
    erased: bool
    erasure: ErasureId
    beside: tuple[ErasureId, ...] = ()


def withdraw(who: str, what: Purpose | Wish | None, *, actor: str, stores: Stores) -> Withdrawal:
    """
    Withdraw one purpose, `may-publish` for one channel, or everything.

    It takes effect in the transaction that records it (P19), and has when this returns. Raises
    `NotFound` if there is no such person.
    """
    with stores.database.write() as tx:
        person, at = people.get(tx, who), stores.now(tx)
        others = merged_with(tx, person.id)
        how = ConsentEvent(EventKind.WITHDRAWN, at, actor)
        ended, ending = _end(tx, person, what, how)
        beside = tuple(_end(tx, one, what, how)[1].erasure for one in others)
    words = tuple(str(one.wish) for one in ended)
    return Withdrawal(
        person.id, words, ending.sightings, ending.whole, ending.erasure, beside=beside
    )


def destroy_strays(stores: Stores) -> frozenset[KeyId]:
    """
    Destroy the keys of nobody, and evidence that no consent has: what an enrolment or an erasure
    that died has left.

    The caller holds the lock on keys, so that no enrolment is under way.
    """
    with stores.database.read() as tx:
        used = people.keys_in_use(tx)
        left = copies.unconfirmed(tx, CopyKind.EVIDENCE)
    stray = stores.keys.ids() - used
    for key in stray:
        stores.keys.destroy(key)
    copies.remove_unconfirmed(stores, left)
    return stray


# --------------------------------------------------------------------------------------------


def _end(
    tx: Connection, person: Person, what: Purpose | Wish | None, how: ConsentEvent
) -> tuple[Sequence[Consent], Ending]:
    """End what a person agreed to of `what`, and log it."""
    live = [one for one in people.consents(tx, people=[person.id]) if one.in_force(how.at)]
    named = [one for one in live if one.wish.is_of(what)]
    ending = end(tx, person, named, how, trigger=Trigger.WITHDRAWN)
    purpose = what.purpose if isinstance(what, Wish) else what
    rests_on = tuple(one.id for one in ending.ended)
    log.record(tx, Entry(Act.WITHDRAWN, how.at, how.by, purpose or "", (person.id,), rests_on))
    return ending.ended, ending
