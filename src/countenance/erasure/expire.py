"""
Expiry, latched: once a consent's time has come, an event says so for good (P14, P15).

From the instant it ends the gate lets nobody through on it, event or no event; the sweep here
writes the event and opens the case in which what rested on it goes. The person's name and key stay,
so that they can be asked again, until they withdraw.
"""

from itertools import groupby

from countenance.audit.entry import Act, Entry
from countenance.audit.statement import Trigger
from countenance.catalog import log, people
from countenance.catalog.endings import end
from countenance.catalog.stores import Stores
from countenance.core.ids import ErasureId
from countenance.people.consent import ConsentEvent, EventKind
from countenance.people.guardians import Role

SWEEPER = "countenance"
"""Who acts, in the log and in the events."""


def expire(stores: Stores) -> tuple[ErasureId, ...]:
    """
    Write `expired` for every consent whose time has come. Gives the cases that this opened.

    One look where there is none.
    """
    with stores.database.read() as tx:
        if not people.overdue(tx, at=stores.now(tx)):
            return ()
    opened: list[ErasureId] = []
    with stores.database.write() as tx:
        at = stores.now(tx)
        found = sorted(people.overdue(tx, at=at), key=lambda one: (one.person, one.id))
        for who, own in groupby(found, key=lambda one: one.person):
            ended, person = tuple(own), people.get(tx, who)
            how = ConsentEvent(EventKind.EXPIRED, at, SWEEPER, role=Role.SYSTEM)
            ending = end(tx, person, ended, how, trigger=Trigger.EXPIRED)
            opened.append(ending.erasure)
            rests_on = tuple(one.id for one in ending.ended)
            log.record(tx, Entry(Act.EXPIRED, at, SWEEPER, "", (who,), rests_on))
    return tuple(opened)
