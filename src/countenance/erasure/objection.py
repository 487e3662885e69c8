"""
Objecting: one no weighs more than any number of consents, from the transaction that records it.

Every consent of the person is suspended and what was recognised goes, as after a withdrawal; name,
key and evidence stay, so that the no is remembered. Only who said it can take it back, and even
then nothing revives: whoever wants to be recognised again is enrolled again (P14).
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from countenance.audit.entry import Act, Entry
from countenance.audit.statement import Trigger
from countenance.catalog import guardians, log, people
from countenance.catalog.endings import end, merged_with
from countenance.catalog.guardians import Objection
from countenance.catalog.people import Person
from countenance.catalog.stores import Stores
from countenance.core.ids import ErasureId, GuardianId
from countenance.errors import NotFound
from countenance.people.consent import ConsentEvent, EventKind
from countenance.people.guardians import Role, objector
from countenance.people.names import name_form


@dataclass(frozen=True, slots=True)
class Objected:
    """
    An objection, the purposes that it suspended, and how many sightings go, in which case.

    `beside` are the cases of other enrolments that were merged with this one.
    """

    objection: Objection
    suspended: tuple[str, ...]
    sightings: int
    erasure: ErasureId
    beside: tuple[ErasureId, ...] = ()


def object_to(who: str, by: str, *, actor: str, stores: Stores) -> Objected:
    """
    Record that `by` objects to a person's being recognised; of nothing, the person does.

    Raises `NotFound` if there is no such person, `Refused` if `by` may not object for them, and
    `UsageError` if somebody has to be named.
    """
    with stores.database.write() as tx:
        person, at = people.get(tx, who), stores.now(tx)
        others = merged_with(tx, person.id)
        speaking = _speaker(tx, person, by)
        done = _object(tx, person, speaking, actor, at=at)
        beside = tuple(_object(tx, one, speaking, actor, at=at).erasure for one in others)
    return replace(done, beside=beside)


def lift(who: str, by: str, *, actor: str, stores: Stores) -> tuple[Objection, ...]:
    """
    Take back the objections of `by`; of nothing, the person's own. Gives those that still stand.

    Raises `NotFound` if there is no such person or if `by` has no objection standing, and else as
    `object_to` does.
    """
    with stores.database.write() as tx:
        person, at = people.get(tx, who), stores.now(tx)
        role, name = _speaker(tx, person, by)
        before = guardians.standing(tx, person.id)
        own = [one for one in before if (one.role, one.by) == (role, name)]
        if not own:
            raise NotFound(
                f"{person.id}: no objection of {by or 'their own'} stands",
                hint="an objection is lifted by who made it: --by NAME",
            )
        for one in own:
            guardians.lift(tx, one.id, at=at)
        rests_on = tuple(one.id for one in own)
        log.record(tx, Entry(Act.OBJECTION_LIFTED, at, actor, "", (person.id,), rests_on))
    return tuple(one for one in before if one not in own)


# --------------------------------------------------------------------------------------------


def _object(
    tx: Connection, person: Person, speaking: tuple[Role, str], actor: str, *, at: datetime
) -> Objected:
    """Keep an objection, suspend what the person agreed to, and log it."""
    role, name = speaking
    made = guardians.add_objection(tx, person.id, by=name, role=role, at=at)
    live = [one for one in people.consents(tx, people=[person.id]) if one.in_force(at)]
    how = ConsentEvent(
        EventKind.OBJECTED,
        at,
        actor,
        role=role,
        authority=GuardianId(name) if role is Role.GUARDIAN else None,
    )
    ending = end(tx, person, live, how, trigger=Trigger.OBJECTED)
    rests_on = (made.id, *(one.id for one in live))
    log.record(tx, Entry(Act.OBJECTED, at, actor, "", (person.id,), rests_on))
    words = tuple(str(one.wish) for one in live)
    return Objected(made, words, ending.sightings, ending.erasure)


def _speaker(tx: Connection, person: Person, by: str) -> tuple[Role, str]:
    """In what capacity `by` speaks, and how they stand in an objection."""
    by = name_form(by)
    known = guardians.of(tx, person.id)
    role = objector(person.standing.band, known, by)
    if role is not Role.GUARDIAN:
        return role, by
    return role, next(one.id for one in known if by in (one.id, one.name))
