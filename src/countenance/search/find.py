"""
Finding: from a person to the pictures they are in.

Not enrolled, not agreed, and in no picture are one and the same answer: nothing found (P10). What
was asked, by whom and why, is in the log either way (P7).
"""

from dataclasses import dataclass

from countenance.audit.entry import Act, Entry
from countenance.catalog import collections, log, people, sightings
from countenance.catalog.sightings import Sighting
from countenance.catalog.stores import Stores
from countenance.core.ids import PersonId
from countenance.errors import NoConsent, NotFound
from countenance.people.gate import require
from countenance.search.asker import Asker


@dataclass(frozen=True, slots=True)
class Found:
    """
    The answer about one person. `person` is nothing, and `sightings` empty, where nothing was
    found, for whatever reason. `asked` is the name or id that was asked for.
    """

    asked: str
    person: PersonId | None
    name: str
    sightings: tuple[Sighting, ...]


def find(who: str, asker: Asker, *, stores: Stores, in_collection: str = "") -> Found:
    """
    The pictures that the person `who` (a name or an id) is in.

    Raises `UsageError` if two people have this name, and `NotFound` if there is no such collection.
    """
    with stores.database.write() as tx:  # a search writes: into the log
        where = collections.get(tx, in_collection).id if in_collection else ""
        at = stores.now(tx)
        try:
            person = people.get(tx, who)
            own = people.consents(tx, people=[person.id])
            consent = require(own, person.id, purpose=asker.purpose, at=at)
        except (NotFound, NoConsent):
            log.record(tx, Entry(Act.REFUSED, at, asker.actor, asker.purpose))
            return _nothing(who)
        seen = sightings.shown(tx, [person.id], at=at, in_collection=where)
        log.record(
            tx, Entry(Act.FOUND, at, asker.actor, asker.purpose, (person.id,), (consent.id,))
        )
    if not seen:
        return _nothing(who)
    return Found(who, person.id, person.name, tuple(seen))


# --------------------------------------------------------------------------------------------


def _nothing(who: str) -> Found:
    return Found(who, None, who, ())
