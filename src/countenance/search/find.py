"""
Finding: from a person to the pictures they are in.

Not enrolled, not agreed, and in no picture are one and the same answer: nothing found (P10). It
also takes the same work: the same statements, in the same order. That somebody asked, and why, is
in the log either way (P7); for whom, where consent let them look, and so it is there for who was
looked for to read (P33).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from countenance.audit.entry import Act, Entry
from countenance.catalog import collections, hints, log, people, sightings
from countenance.catalog.sightings import EVERYWHERE, Sighting, Within
from countenance.catalog.stores import Stores
from countenance.core.ids import PersonId, SightingId
from countenance.people.consent import Consent
from countenance.people.gate import admitted
from countenance.search.asker import Asker
from countenance.search.results import Result, results, together, told_by_source


@dataclass(frozen=True, slots=True)
class Found:
    """
    The answer about one person. `person` is nothing, and `sightings` empty, where nothing was
    found, for whatever reason. `asked` is the name or id that was asked for.

    `results` are the same sightings, those in near-duplicates of one picture together. `photos`
    are the photos of all results, and `more` is how many come after those of a part.
    """

    asked: str
    person: PersonId | None
    name: str
    sightings: tuple[Sighting, ...]
    photos: int = 0
    more: int = 0

    @property
    def results(self) -> tuple[Result, ...]:
        return results(self.sightings)


@dataclass(frozen=True, slots=True)
class Part:
    """
    Of all results at most `count`, from that of the place `begin` on (from 0); or of all
    sightings, where near-duplicates are not put `together`.
    """

    begin: int
    count: int
    together: bool = True


def find(
    who: str,
    asker: Asker,
    *,
    stores: Stores,
    within: Within = EVERYWHERE,
    part: Part | None = None,
) -> Found:
    """
    The pictures that the person `who` (a name or an id) is in, of those `within`; all of them, or
    only a `part`, which of a person in thousands of photos is there far sooner.

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
        found = _seen(tx, agreed if alone else _NOBODY, within, part, at=at)
        key = hints.key_of(tx, stores)
        log.record(tx, _entry(asker, agreed if alone else {}, at=at))
    if agreed:
        person = people.only([known[one] for one in sorted(agreed)], who)
        if found.photos:
            told = told_by_source(found.sightings, {person.id: person.name}, key)
            return Found(who, person.id, person.name, told, found.photos, found.more)
    return Found(who, None, who, ())


# --------------------------------------------------------------------------------------------

_NOBODY = (PersonId(""),)
_NOTHING = (SightingId(""),)
_AT_ONCE = 10_000  # values in one statement


class _Seen(NamedTuple):
    sightings: list[Sighting]
    photos: int
    more: int


def _seen(
    tx: Connection,
    people: Collection[PersonId],
    within: Within,
    part: Part | None,
    *,
    at: datetime,
) -> _Seen:
    """What may be shown of these people. Where nothing may, it takes the same steps (P10)."""
    if part is None:
        every = sightings.shown(tx, people, at=at, within=within)
        return _Seen(every, len({every[first].photo for first, *_ in together(every)}), 0)
    seen = sightings.seen(tx, people, at=at, within=within)
    groups = together(seen) if part.together else [[place] for place in range(len(seen))]
    chosen = groups[part.begin : part.begin + part.count]
    wanted = [seen[place].id for group in chosen for place in group] or _NOTHING
    shown: list[Sighting] = []
    for begin in range(0, len(wanted), _AT_ONCE):
        of_these = replace(within, sightings=wanted[begin : begin + _AT_ONCE])
        shown += sightings.shown(tx, people, at=at, within=of_these)
    photos = len({seen[first].photo for first, *_ in groups})
    return _Seen(shown, photos, max(0, len(groups) - part.begin - len(chosen)))


def _entry(asker: Asker, agreed: Mapping[PersonId, Consent], *, at: datetime) -> Entry:
    rests_on = tuple(consent.id for consent in agreed.values())
    act = Act.FOUND if agreed else Act.REFUSED
    return Entry(act, at, asker.actor, asker.purpose, tuple(agreed), rests_on)
