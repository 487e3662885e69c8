"""
Expiry, latched: once a consent's time has come, an event says so for good (P14, P15).

From the instant it ends the gate lets nobody through on it, event or no event; the sweep here
writes the event and removes what rested on it. The person's name and key stay, so that they can be
asked again, until they withdraw.
"""

from itertools import groupby

from countenance.audit.entry import Act, Entry
from countenance.catalog import log, people
from countenance.catalog.endings import end
from countenance.catalog.stores import Stores
from countenance.people.consent import ConsentEvent, EventKind
from countenance.people.guardians import Role

SWEEPER = "countenance"
"""Who acts, in the log and in the events."""


def expire(stores: Stores) -> int:
    """
    Write `expired` for every consent whose time has come. Gives how many those were.

    One look where there is none. Raises `Unavailable` if the deleted rows could not be made to
    leave the write-ahead log: what expired has expired all the same.
    """
    with stores.database.read() as tx:
        if not people.overdue(tx, at=stores.now(tx)):
            return 0
    with stores.database.write() as tx:
        at = stores.now(tx)
        found = sorted(people.overdue(tx, at=at), key=lambda one: (one.person, one.id))
        for who, own in groupby(found, key=lambda one: one.person):
            ended = tuple(own)
            end(tx, who, ended, ConsentEvent(EventKind.EXPIRED, at, SWEEPER, role=Role.SYSTEM))
            rests_on = tuple(one.id for one in ended)
            log.record(tx, Entry(Act.EXPIRED, at, SWEEPER, "", (who,), rests_on))
    stores.database.forget_deleted_bytes()
    return len(found)
