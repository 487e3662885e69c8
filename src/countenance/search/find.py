"""
Finding: from a person to the pictures they are in.

Not enrolled, not agreed, and in no picture are one and the same answer: nothing found (P10). It
also takes the same work: the same statements, in the same order. That somebody asked, and why, is
in the log either way (P7); for whom, where consent let them look, and so it is there for who was
looked for to read (P33).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from countenance.audit.entry import Act, Entry
from countenance.catalog import collections, hints, log, people, sightings
from countenance.catalog.sightings import EVERYWHERE, Sighting, Within
from countenance.catalog.stores import Stores
from countenance.core.ids import PersonId
from countenance.people.consent import Consent
from countenance.people.gate import admitted
from countenance.search.asker import Asker
from countenance.search.results import Result, results, told_by_source


@dataclass(frozen=True, slots=True)
class Found:
    """
    The answer about one person. `person` is nothing, and `sightings` empty, where nothing was
    found, for whatever reason. `asked` is the name or id that was asked for.

    `results` are the same sightings, those in near-duplicates of one picture together.
    """

    asked: str
    person: PersonId | None
    name: str
    sightings: tuple[Sighting, ...]

    @property
    def results(self) -> tuple[Result, ...]:
        return results(self.sightings)


def find(who: str, asker: Asker, *, stores: Stores, within: Within = EVERYWHERE) -> Found:
    """
    The pictures that the person `who` (a name or an id) is in, of those `within`.

    Of several people of one name those count who agreed to this purpose. Raises `UsageError` if
    that is more than one, or if there is no word in the text to look for, and `NotFound` if there
    is no such collection.
    """
    with stores.database.write() as tx:  # a search writes: into the log
        if within.collection:
            within = replace(within, collection=collections.get(tx, within.collection).id)
        at = stores.now(tx)
        known = {one.id: one for one in people.named(tx, who)}
        # What is asked of nobody takes the same steps, of an id that nobody has.
        own = people.consents(tx, people=known or _NOBODY)
        agreed = admitted(own, purposes=(asker.purpose,), at=at)
        alone = len(agreed) == 1
        seen = sightings.shown(tx, agreed if alone else _NOBODY, at=at, within=within)
        key = hints.key_of(tx, stores)
        log.record(tx, _entry(asker, agreed if alone else {}, at=at))
    if agreed:
        person = people.only([known[one] for one in sorted(agreed)], who)
        if seen:
            told = told_by_source(seen, {person.id: person.name}, key)
            return Found(who, person.id, person.name, told)
    return Found(who, None, who, ())


# --------------------------------------------------------------------------------------------

_NOBODY = (PersonId(""),)


def _entry(asker: Asker, agreed: Mapping[PersonId, Consent], *, at: datetime) -> Entry:
    rests_on = tuple(consent.id for consent in agreed.values())
    act = Act.FOUND if agreed else Act.REFUSED
    return Entry(act, at, asker.actor, asker.purpose, tuple(agreed), rests_on)
