"""
Binding: the model pack that a library works with, and the change to another; and how many false
hits it allows.

Two packs' templates cannot be compared, so a library has one pack. While it changes, references of
the new one are stored beside those of the old, where nobody looks for them: whoever compares asks
for those of the library's own pack. One transaction then binds the library to the new pack and
drops the old references, so that whatever stops the change leaves it wholly old or wholly new.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, distinct, exists, func, select, true, update

from countenance.catalog import people, photos
from countenance.catalog.tables import (
    collection,
    face,
    library,
    person,
    photo,
    reference,
    sighting,
    source,
)
from countenance.core.ids import PersonId, ReferenceId
from countenance.people.consent import Consent
from countenance.people.purpose import RECOGNISING, SEALED, Purpose

TABLES = ("reference", "sighting")
"""Those from which rows go when the pack is changed."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """
    Somebody whom a purpose in force may recognise: `consents` are those, and `made` the purposes
    that a reference of the pack asked about stands for. `portrait` is the row that keeps their
    picture by a consent in force, if there is one.
    """

    person: PersonId
    consents: tuple[Consent, ...]
    made: frozenset[Purpose]
    portrait: ReferenceId | None

    @property
    def complete(self) -> bool:
        return {one.wish.purpose for one in self.consents} <= self.made


@dataclass(frozen=True, slots=True)
class ToSearch:
    """A collection that recognises: how many photos with faces it has, and how many faces."""

    name: str
    photos: int
    faces: int


def bound_pack(tx: Connection) -> str:
    """The pack that the library is bound to; the empty string until it changes it."""
    return tx.execute(select(library.c.pack)).scalar_one() or ""


def packs_of_content(tx: Connection) -> frozenset[str]:
    """The packs that made what is stored, of a library that is bound to none."""
    return frozenset(photos.packs(tx) | people.packs(tx))


def bind(tx: Connection, pack: str) -> None:
    """Bind the library to `pack`: its references and its photos' faces count from here on."""
    tx.execute(update(library).values(pack=pack))


def false_hits(tx: Connection) -> float | None:
    """How many were allowed when photos were compared last; nothing if that was not noted yet."""
    found: float | None = tx.execute(select(library.c.false_hits)).scalar_one()
    return found


def allow(tx: Connection, hits: float) -> None:
    """Note that from here on so many are allowed."""
    tx.execute(update(library).values(false_hits=hits))


def recognised(
    tx: Connection, pack: str, *, at: datetime, who: PersonId | None = None
) -> list[Recognised]:
    """
    Everybody, or `who`, with a picture that is kept or a reference of any pack, for purposes in
    force at `at`; `made` is told of `pack`. By person.
    """
    query = select(
        reference.c.person_id, reference.c.id, reference.c.purpose, reference.c.pack
    ).where(true() if who is None else reference.c.person_id == who)
    made: dict[PersonId, set[Purpose]] = {}
    portraits: dict[PersonId, ReferenceId] = {}
    for row in tx.execute(query):
        own = made.setdefault(PersonId(row.person_id), set())
        if row.purpose == Purpose.KEEP_PICTURE:
            portraits[PersonId(row.person_id)] = ReferenceId(row.id)
        elif row.pack == pack:
            own.add(Purpose(row.purpose))
    live: dict[PersonId, list[Consent]] = {}
    for one in people.consents(tx, people=None if who is None else [who], purposes=SEALED):
        if one.person in made and one.in_force(at):
            live.setdefault(one.person, []).append(one)
    return [
        _recognised(each, live[each], made[each], portraits.get(each))
        for each in sorted(live)
        if any(one.wish.purpose in RECOGNISING for one in live[each])
    ]


def drop_other_packs(tx: Connection, pack: str, *, who: PersonId | None = None) -> list[PersonId]:
    """
    Remove the references of every pack but `pack`, of everybody or of one person. Gives of whom
    there were any.

    Their keys open nothing any more once this is committed: the caller destroys them.
    """
    others = (reference.c.purpose.in_(RECOGNISING), reference.c.pack != pack)
    own = () if who is None else (reference.c.person_id == who,)
    had = select(reference.c.person_id).where(*others, *own).distinct()
    gone = sorted(PersonId(one) for one in tx.execute(had).scalars())
    tx.execute(delete(reference).where(*others, *own))
    return gone


def drop_unrecognised(tx: Connection, which: Collection[PersonId]) -> int:
    """
    Remove what the model alone saw of `which`, whom it knows no more; what a person decided stays
    (P12). Gives how many sightings that were.
    """
    undecided = (sighting.c.person_id.in_(which), sighting.c.state == "candidate")
    return int(tx.execute(delete(sighting).where(*undecided)).rowcount)


def count_undecided(tx: Connection, which: Collection[PersonId] | None = None) -> int:
    """What the model alone saw, of everybody or of `which`."""
    query = select(func.count()).select_from(sighting).where(sighting.c.state == "candidate")
    if which is not None:
        query = query.where(sighting.c.person_id.in_(which))
    return int(tx.execute(query).scalar_one())


def take_photos(tx: Connection, pack: str) -> int:
    """Let `pack` compare the faces that others found. Gives how many photos those were."""
    done = tx.execute(update(photo).where(photo.c.pack != pack).values(pack=pack))
    return int(done.rowcount)


def to_search(tx: Connection) -> list[ToSearch]:
    """The collections that recognise somebody, by name, with what is to be compared in them."""
    query = (
        select(
            collection.c.name,
            func.count(distinct(face.c.photo_id)).label("photos"),
            func.count(face.c.id).label("faces"),
        )
        .join(source, source.c.collection_id == collection.c.id)
        .join(photo, photo.c.source_id == source.c.id)
        .join(face, face.c.photo_id == photo.c.id)
        .where(collection.c.recognition, collection.c.ground != "")
        .group_by(collection.c.name)
        .order_by(collection.c.name)
    )
    return [ToSearch(row.name, row.photos, row.faces) for row in tx.execute(query)]


def ask_again(tx: Connection, which: Collection[PersonId], *, at: datetime) -> None:
    """Remember that these people have to enrol again, from `at` on."""
    tx.execute(update(person).where(person.c.id.in_(which)).values(again_since=at))


def has_enrolled(tx: Connection, who: PersonId) -> None:
    """Somebody has references of the library's pack: nothing is asked of them."""
    tx.execute(
        update(person)
        .where(person.c.id == who, person.c.again_since.is_not(None))
        .values(again_since=None)
    )


def to_enrol_again(tx: Connection) -> dict[PersonId, datetime]:
    """Who has to enrol again to be recognised as they agreed to, and since when."""
    rows = tx.execute(
        select(person.c.id, person.c.again_since).where(
            person.c.again_since.is_not(None), person.c.key_id.is_not(None)
        )
    )
    return {PersonId(row.id): row.again_since for row in rows}


def is_to_enrol_again(tx: Connection, who: PersonId) -> bool:
    asked = exists().where(person.c.id == who, person.c.again_since.is_not(None))
    return bool(tx.execute(select(asked)).scalar())


# --------------------------------------------------------------------------------------------


def _recognised(
    who: PersonId, live: Sequence[Consent], made: set[Purpose], portrait: ReferenceId | None
) -> Recognised:
    own = tuple(one for one in live if one.wish.purpose in RECOGNISING)
    keeps = any(one.wish.purpose is Purpose.KEEP_PICTURE for one in live)
    return Recognised(who, own, frozenset(made), portrait if keeps else None)
