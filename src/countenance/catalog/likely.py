"""
Where somebody is likely to be: what is compared first when they are looked for anew.

It is by what their sources say of the pictures, by where they were invited to, and by when those
were taken in which they have been found. Every photo is compared in the end; this is only the
order.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, tuple_

from countenance.catalog import hints, people, words
from countenance.catalog.links import LinkKind
from countenance.catalog.stores import Stores
from countenance.catalog.tables import face, item, link, photo, reference, roster
from countenance.core.ids import CollectionId, FaceId, PersonId, PhotoId
from countenance.errors import Unavailable, UsageError

NEWEST = 3
"""People at once. Who enrolled before those is in no greater hurry than the rest of the photos."""

AT_MOST = 500
"""Photos that words are taken to say somebody is in: a word of every picture says nothing."""


@dataclass(frozen=True, slots=True)
class Sought:
    """Who is looked for anew, and the collections that they came to, the newest first."""

    people: frozenset[PersonId]
    collections: tuple[CollectionId, ...]


def sought(tx: Connection) -> Sought:
    """Those whose pictures came last."""
    newest = select(reference.c.person_id).group_by(reference.c.person_id)
    newest = newest.order_by(func.max(reference.c.made_at).desc()).limit(NEWEST)
    who = [PersonId(one) for one in tx.execute(newest).scalars()]
    came = (
        select(link.c.collection_id)
        .where(
            link.c.person_id.in_(who),
            link.c.kind == LinkKind.OWN,
            link.c.collection_id.is_not(None),
        )
        .order_by(link.c.made_at.desc())
    )
    listed = select(roster.c.collection_id).where(roster.c.person_id.in_(who))
    places = [*tx.execute(came).scalars(), *tx.execute(listed).scalars()]
    return Sought(frozenset(who), tuple(CollectionId(one) for one in dict.fromkeys(places)))


def said(tx: Connection, whom: Collection[PersonId], stores: Stores) -> tuple[PhotoId, ...]:
    """
    The photos whose source names one of `whom` beside a face, or says their name, or in a
    collection the number that they wear there.
    """
    found: list[str] = []
    names = people.names(tx, whom)
    key = hints.key_of(tx, stores)
    marked = select(face.c.id, face.c.photo_id, face.c.named).where(face.c.named != "")
    if key is not None:
        found += [
            row.photo_id
            for row in tx.execute(marked)
            if any(hints.names(key, FaceId(row.id), row.named, one) for one in names.values())
        ]
    for name in names.values():
        found += _saying(tx, name)
    worn = select(roster.c.collection_id, roster.c.number).where(
        roster.c.person_id.in_(whom), roster.c.number != ""
    )
    for row in tx.execute(worn).all():
        found += _saying(tx, row.number, CollectionId(row.collection_id))
    return tuple(PhotoId(one) for one in dict.fromkeys(found))


def beside(tx: Connection, which: PhotoId, *, count: int) -> Iterator[PhotoId]:
    """So many photos of the same collection taken before one, and so many after, nearest first."""
    here = tx.execute(
        select(photo.c.collection_id, photo.c.moment, photo.c.id).where(photo.c.id == which)
    ).first()
    if here is None:
        return
    key, own = tuple_(photo.c.moment, photo.c.id), (here.moment, here.id)
    there = select(photo.c.id).where(photo.c.collection_id == here.collection_id).limit(count)
    before = there.where(key < own).order_by(photo.c.moment.desc(), photo.c.id.desc())
    after = there.where(key > own).order_by(photo.c.moment, photo.c.id)
    sides = [list(tx.execute(one).scalars()) for one in (before, after)]
    for number in range(count):
        for side in sides:
            yield from (PhotoId(one) for one in side[number : number + 1])


# --------------------------------------------------------------------------------------------


def _saying(tx: Connection, name: str, where: CollectionId | None = None) -> Sequence[str]:
    """The photos whose words hold all of `name` in a row; none where there are too many."""
    try:
        places = words.matching(tx, f'"{name.replace(chr(34), " ")}"')
    except (UsageError, Unavailable):
        return ()
    found = (
        select(photo.c.id)
        .join(item, item.c.photo_id == photo.c.id)
        .where(item.c.id.in_(places))
        .limit(AT_MOST + 1)
    )
    if where is not None:
        found = found.where(photo.c.collection_id == where)
    which = tx.execute(found).scalars().all()
    return which if len(which) <= AT_MOST else ()
