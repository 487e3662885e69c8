"""Collections and their rule: whether faces in them may be recognised, whose, on what ground."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from countenance.catalog.tables import collection, photo, roster, sighting, source
from countenance.core.ids import CollectionId, PersonId, new_id
from countenance.errors import NotFound, UsageError


@dataclass(frozen=True, slots=True)
class Collection:
    """
    Pictures that belong together.

    `recognition` is on only where a `ground` is recorded; in a collection of `minors`, only for
    those on its roster.
    """

    id: CollectionId
    name: str
    recognition: bool
    ground: str
    minors: bool

    @property
    def recognises(self) -> bool:
        """Whether faces in it are compared with anybody (P11); of minors, with the roster."""
        return self.recognition and bool(self.ground)


def add(tx: Connection, name: str, *, at: datetime) -> Collection:
    """
    A new collection, with recognition off.

    Raises `UsageError` if the name is empty or taken.
    """
    if not name.strip():
        raise UsageError("a collection needs a name")
    if tx.execute(select(collection.c.id).where(collection.c.name == name)).first():
        raise UsageError(f"{name}: there is such a collection already")
    made = Collection(CollectionId(new_id("c")), name, recognition=False, ground="", minors=False)
    tx.execute(
        insert(collection).values(
            id=made.id, name=name, recognition=False, ground="", minors=False, changed_at=at
        )
    )
    return made


def get(tx: Connection, name_or_id: str) -> Collection:
    """Raises `NotFound` if no collection has this name or id."""
    found = tx.execute(
        select(collection).where(
            (collection.c.id == name_or_id) | (collection.c.name == name_or_id)
        )
    ).first()
    if found is None:
        raise NotFound(
            f"{name_or_id}: no such collection", hint="countenance collection list shows them"
        )
    return _read(found)


def list_all(tx: Connection) -> list[Collection]:
    return [_read(row) for row in tx.execute(select(collection).order_by(collection.c.name))]


def set_rule(tx: Connection, rule: Collection, *, at: datetime) -> None:
    """
    Store the rule in `rule`.

    Where it ends recognition, or leaves it to a roster, what the model saw goes in the same
    transaction; what a person decided stays (P12). The next ingest finds those on the roster again,
    and everybody where it is left to the roster no more.
    """
    was_of_minors = get(tx, rule.id).minors
    tx.execute(
        update(collection)
        .where(collection.c.id == rule.id)
        .values(recognition=rule.recognition, ground=rule.ground, minors=rule.minors, changed_at=at)
    )
    if rule.minors or not rule.recognises:
        _forget_what_the_model_saw(tx, rule.id)
    if rule.minors or was_of_minors or not rule.recognises:
        _compare_again(tx, rule.id)


def add_to_roster(
    tx: Connection, which: CollectionId, who: PersonId, *, at: datetime, number: str = ""
) -> None:
    """
    Put a person on a collection's roster, under the `number` they wear there, if any.

    Who is on it stays on it. Raises `UsageError` if somebody else has this number there.
    """
    if number and wearing(tx, which, number) not in (None, who):
        raise UsageError(f"{number}: somebody else on this roster has this number")
    if who not in roster_of(tx, which):
        tx.execute(insert(roster).values(collection_id=which, person_id=who, added_at=at))
    if number:
        own = (roster.c.collection_id == which, roster.c.person_id == who)
        tx.execute(update(roster).where(*own).values(number=number))


def wearing(tx: Connection, which: CollectionId, number: str) -> PersonId | None:
    """Who on a collection's roster has this number, if anybody."""
    query = select(roster.c.person_id).where(
        roster.c.collection_id == which, roster.c.number == number
    )
    found = tx.execute(query).scalar()
    return None if found is None else PersonId(found)


def remove_from_roster(tx: Connection, which: CollectionId, who: PersonId) -> None:
    """
    Take a person off a roster; of minors, with what the model saw of them in it.

    Raises `NotFound` if they are not on it.
    """
    gone = delete(roster).where(roster.c.collection_id == which, roster.c.person_id == who)
    if not tx.execute(gone).rowcount:
        raise NotFound(f"{who}: not on the roster of {which}")
    minors = select(collection.c.minors).where(collection.c.id == which)
    if tx.execute(minors).scalar_one():
        tx.execute(
            delete(sighting).where(
                sighting.c.photo_id.in_(_photos(which)),
                sighting.c.person_id == who,
                sighting.c.state == "candidate",
            )
        )


def roster_of(tx: Connection, which: CollectionId) -> frozenset[PersonId]:
    rows = tx.execute(select(roster.c.person_id).where(roster.c.collection_id == which))
    return frozenset(PersonId(row.person_id) for row in rows)


# --------------------------------------------------------------------------------------------


def _forget_what_the_model_saw(tx: Connection, which: CollectionId) -> None:
    photos = _photos(which)
    tx.execute(
        delete(sighting).where(sighting.c.photo_id.in_(photos), sighting.c.state == "candidate")
    )


def _compare_again(tx: Connection, which: CollectionId) -> None:
    tx.execute(update(photo).where(photo.c.id.in_(_photos(which))).values(compared_with=0))


def _photos(which: CollectionId) -> Select[tuple[Any]]:
    return (
        select(photo.c.id)
        .join(source, source.c.id == photo.c.source_id)
        .where(source.c.collection_id == which)
    )


def _read(row: Row[Any]) -> Collection:
    return Collection(
        id=CollectionId(row.id),
        name=row.name,
        recognition=row.recognition,
        ground=row.ground,
        minors=row.minors,
    )
