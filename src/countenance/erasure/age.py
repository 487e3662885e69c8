"""
Growing up, and mending an age band: what somebody agreed to for a person ends when they no longer
may.

Of a child who is a teen or an adult now, that is what a guardian gave: it ends as an expiry does,
and the person is asked themselves. Objections of those who may no longer object end as well;
nothing revives by that.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from countenance.audit.entry import Act, Entry
from countenance.audit.statement import Trigger
from countenance.catalog import guardians, log, people
from countenance.catalog.endings import end
from countenance.catalog.people import Person
from countenance.catalog.stores import Stores
from countenance.core.ids import ErasureId
from countenance.errors import Refused, UsageError
from countenance.people.consent import Consent, ConsentEvent, EventKind
from countenance.people.guardians import RULES, AgeBand, AgeSource, Role


@dataclass(frozen=True, slots=True)
class AgeChanged:
    """
    A person in their new band, the purposes that ended by it, and how many sightings go by that,
    in the case `erasure` if anything ended.

    `lifted` says how many objections ended.
    """

    person: Person
    ended: tuple[str, ...]
    sightings: int
    lifted: int
    erasure: ErasureId | None


def change_age(
    who: str, band: AgeBand, source: AgeSource, *, actor: str, stores: Stores
) -> AgeChanged:
    """
    Record that a person is of another age band, or that the band is known from another `source`.

    Raises `NotFound` if there is no such person, `UsageError` if `band` is `historical`, and
    `Refused` if the person is.
    """
    if band is AgeBand.HISTORICAL:
        raise UsageError("nobody becomes historical by age: they are enrolled with --historical")
    with stores.database.write() as tx:
        known, at = people.get(tx, who), stores.now(tx)
        if known.standing.band is AgeBand.HISTORICAL:
            raise Refused(f"{known.id}: somebody no longer living has no other age band")
        person = replace(known, standing=replace(known.standing, band=band, source=source))
        people.set_standing(tx, person.id, person.standing)
        given = _given_by_others(tx, person, at=at)
        how = ConsentEvent(EventKind.EXPIRED, at, actor, role=Role.SYSTEM)
        ending = end(tx, person, given, how, trigger=Trigger.EXPIRED) if given else None
        lifted = _lift_of_others(tx, person, at=at)
        _log(tx, person, given, lifted, actor=actor, at=at)
    ended = tuple(str(one.wish) for one in given)
    if ending is None:
        return AgeChanged(person, ended, 0, len(lifted), None)
    return AgeChanged(person, ended, ending.sightings, len(lifted), ending.erasure)


# --------------------------------------------------------------------------------------------


def _given_by_others(tx: Connection, person: Person, *, at: datetime) -> list[Consent]:
    """What is in force and was given by who may not give it for a person of this band."""
    may = RULES[person.standing.band].gives
    own = people.consents(tx, people=[person.id])
    return [one for one in own if one.in_force(at) and one.events[-1].role is not may]


def _lift_of_others(tx: Connection, person: Person, *, at: datetime) -> list[str]:
    may = RULES[person.standing.band].objects
    ending = [one.id for one in guardians.standing(tx, person.id) if one.role not in may]
    for one in ending:
        guardians.lift(tx, one, at=at)
    return [*ending]


def _log(  # noqa: PLR0913  what changed, and what ended by it
    tx: Connection,
    person: Person,
    ended: list[Consent],
    lifted: list[str],
    *,
    actor: str,
    at: datetime,
) -> None:
    rests_on = tuple(one.id for one in ended)
    log.record(tx, Entry(Act.AGE_CHANGED, at, actor, "", (person.id,), (*rests_on, *lifted)))
    if ended:
        log.record(tx, Entry(Act.EXPIRED, at, actor, "", (person.id,), rests_on))
    if lifted:
        log.record(tx, Entry(Act.OBJECTION_LIFTED, at, actor, "", (person.id,), tuple(lifted)))
