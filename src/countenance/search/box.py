"""
The box: one line of names, words and dates, answered with pages of photos.

A name is one only where its person agreed to be found by staff; else it is a word like any other,
as if nobody were called so (P10). A photo answers if the people who are named are in it and its
words answer the rest, or if its words answer all that was typed. So what a caption says is found
whether its people enrolled or not, and nothing is said of whether they did.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from countenance.audit.entry import Act, Entry
from countenance.catalog import buckets, collections, hints, log, people, sightings
from countenance.catalog.buckets import Place, Tile
from countenance.catalog.sightings import Sighting, Within
from countenance.catalog.stores import Stores
from countenance.core.ids import PersonId, PhotoId
from countenance.people.consent import Consent
from countenance.people.gate import admitted
from countenance.search.asker import Asker
from countenance.search.question import PAGE, Question
from countenance.search.results import told_by_source

MAX_TERMS = 12

_LONGEST_NAME = 4
"""Words of a name that is looked for in the box."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A photo that answers: the sightings of those who were named, none where its words did."""

    tile: Tile
    sightings: tuple[Sighting, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """
    A page of photos, by when they were taken. `names` are those of the people in it who were
    named. The next page begins after `last`; there is none where it is nothing.
    """

    question: Question
    hits: tuple[Hit, ...]
    names: Mapping[PersonId, str]
    last: Place | None


def look(  # noqa: PLR0913  what is asked, where, and which part of the answer
    question: Question,
    asker: Asker,
    *,
    stores: Stores,
    collection: str = "",
    after: Place | None = None,
    count: int = PAGE,
) -> Answered:
    """
    At most `count` photos that answer `question`, those after `after`, in one collection if named.

    Raises `UsageError` if there is no letter in what is asked and no date, and `NotFound` if there
    is no such collection.
    """
    with stores.database.write() as tx:  # a search writes: into the log
        where = collections.get(tx, collection).id if collection else ""
        at = stores.now(tx)
        terms = question.terms[:MAX_TERMS]
        groups, rest, agreed = _named(tx, terms, asker, at=at)
        within = Within(where, "", question.since, question.until)
        seen = _with_people(tx, groups, rest, within, at=at)
        by_words = replace(within, text=" ".join(terms))
        tiles = buckets.answering(tx, by_words, at=at, after=after, count=count + 1)
        here = buckets.of_photos(tx, list(seen), at=at)
        beyond = {one.photo: one for one in tiles} | {
            which: one for which, one in here.items() if after is None or one.place > after
        }
        page = sorted(beyond.values(), key=lambda one: one.place)[: count + 1]
        shown = [one for tile in page[:count] for one in seen.get(tile.photo, ())]
        names = people.names(tx, {one.person for one in shown})
        told = {one.id: one for one in told_by_source(shown, names, hints.key_of(tx, stores))}
        rests_on = tuple(sorted(one.id for one in agreed.values()))
        said = Entry(Act.FOUND, at, asker.actor, asker.purpose, tuple(sorted(agreed)), rests_on)
        log.record(tx, said)
    hits = [
        Hit(tile, tuple(told[one.id] for one in seen.get(tile.photo, ()))) for tile in page[:count]
    ]
    return Answered(
        question, tuple(hits), names, hits[-1].tile.place if len(page) > count else None
    )


# --------------------------------------------------------------------------------------------

_NOBODY = (PersonId(""),)


def _named(
    tx: Connection, terms: Sequence[str], asker: Asker, *, at: datetime
) -> tuple[list[frozenset[PersonId]], list[str], dict[PersonId, Consent]]:
    """
    Who is named by which run of terms, the terms that are left, and on which consents it rests.

    Every run is asked for, whoever is called so: the statements are the same, and as many (P10).
    """
    bare = [one.strip('"') for one in terms]
    runs = [
        (begin, begin + length)
        for length in range(_LONGEST_NAME, 0, -1)
        for begin in range(len(bare) - length + 1)
    ]
    called = {run: _called(tx, " ".join(bare[slice(*run)])) for run in runs}
    anybody = {one for each in called.values() for one in each} or _NOBODY
    purposes = (asker.purpose,)
    own = people.consents(tx, people=anybody, purposes=purposes)
    agreed = admitted(own, purposes=purposes, at=at)
    groups: list[frozenset[PersonId]] = []
    taken: set[int] = set()
    for run in runs:
        who = called[run] & agreed.keys()
        places = set(range(*run))
        if who and not places & taken:
            groups.append(frozenset(who))
            taken |= places
    rest = [one for place, one in enumerate(terms) if place not in taken]
    named = {one for group in groups for one in group}
    return groups, rest, {one: agreed[one] for one in named}


def _called(tx: Connection, name: str) -> frozenset[PersonId]:
    """As it was typed, or with capitals."""
    return frozenset(one.id for form in (name, name.title()) for one in people.named(tx, form))


def _with_people(
    tx: Connection,
    groups: Sequence[frozenset[PersonId]],
    rest: Sequence[str],
    within: Within,
    *,
    at: datetime,
) -> dict[PhotoId, tuple[Sighting, ...]]:
    """The photos in which somebody of each group is, by id, and whose words answer the rest."""
    wanted = frozenset(one for group in groups for one in group) or _NOBODY
    asked = replace(within, text=" ".join(rest)) if groups else within
    found: dict[PhotoId, list[Sighting]] = {}
    for one in sightings.shown(tx, wanted, at=at, within=asked):
        found.setdefault(one.photo, []).append(one)
    return {
        photo: tuple(own)
        for photo, own in found.items()
        if all(any(one.person in group for one in own) for group in groups)
    }
