"""
Buckets: the photos of a collection by when they were taken, in parts of at most 250.

An outline says where each part begins, how many photos are in it and how wide they are together, so
that a page knows its height before it has any of them. It is read from the shelves (`shelves`),
which are counted as photos come and go. A part is then read by its key, never by counting from the
beginning. What no grant covers at that instant is in neither (P3).
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    func,
    select,
    tuple_,
)

from countenance.catalog import shelves, sources, words
from countenance.catalog.items import ItemState
from countenance.catalog.sightings import Within
from countenance.catalog.tables import item, photo, shelf, source
from countenance.catalog.version import photos_version
from countenance.core.ids import CollectionId, CopyId, PhotoId, SourceId
from countenance.sources.grant import Grant, GrantPurpose

SIZE = shelves.SIZE
"""Photos in a bucket, at most: so many a browser lays out without a stutter."""

_EVERYTHING = ("**",)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A photo's place among those of its collection: when it was taken, and its id."""

    moment: str
    photo: PhotoId


@dataclass(frozen=True, slots=True)
class Bucket:
    """
    A part of a collection: from the photo at `first` on, so many of them.

    `ratios` is the sum of width / height over its photos: of rows of height h they fill
    `ratios * h * h / width` pixels of a page's height.
    """

    first: Place
    count: int
    ratios: float


@dataclass(frozen=True, slots=True)
class Tile:
    """One photo as it lies in a bucket. Sizes are of the upright photo, in pixels."""

    place: Place
    width: int
    height: int
    kind: str
    seconds: float | None
    preview: CopyId | None
    source: SourceId
    locator: str
    page: str

    @property
    def photo(self) -> PhotoId:
        return self.place.photo


def outline(tx: Connection, which: CollectionId, *, at: datetime) -> tuple[Bucket, ...]:
    """Every bucket of a collection, in order, each of at most `SIZE` photos."""
    return _outline(tx, which, _granted(tx, which, at=at), at=at)


class Outlines:
    """The outlines that were read last, each for as long as it is what would be read again."""

    def __init__(self) -> None:
        self._made: dict[CollectionId, tuple[object, tuple[Bucket, ...]]] = {}

    def of(self, tx: Connection, which: CollectionId, *, at: datetime) -> tuple[Bucket, ...]:
        """See `outline`. Grants are asked each time: they may end while nothing is written."""
        given = _granted(tx, which, at=at)
        state = (photos_version(tx), given)
        known, made = self._made.get(which, (None, ()))
        if known != state:
            made = _outline(tx, which, given, at=at)
            self._made[which] = state, made
        return made


def tiles(
    tx: Connection,
    which: CollectionId,
    *,
    at: datetime,
    begin: Place | None = None,
    count: int = SIZE,
) -> tuple[Tile, ...]:
    """At most `count` photos of a collection, those from the place `begin` on, in order."""
    given = _granted(tx, which, at=at)
    found: list[Tile] = []
    query = _tiles(list(given)).where(photo.c.collection_id == which)
    here = query if begin is None else query.where(_key >= (begin.moment, begin.photo))
    while len(found) < count:
        rows = tx.execute(here.limit(count)).all()
        covered = [_read(row) for row in rows if _is_covered(row, given, at)]
        found += covered[: count - len(found)]
        if len(rows) < count:
            break
        here = query.where(_key > (rows[-1].moment, rows[-1].id))
    return tuple(found)


def of_photos(tx: Connection, which: Sequence[PhotoId], *, at: datetime) -> dict[PhotoId, Tile]:
    """Those of these photos that stand at their source under a grant in force at `at`."""
    found: dict[PhotoId, Tile] = {}
    for begin in range(0, len(which), _PART):
        part = which[begin : begin + _PART]
        own = select(photo.c.source_id).where(photo.c.id.in_(part))
        given = sources.grants_of(tx, own)
        rows = tx.execute(_standing().where(photo.c.id.in_(part)))
        found |= {PhotoId(row.id): _read(row) for row in rows if _is_covered(row, given, at)}
    return found


def answering(
    tx: Connection, within: Within, *, at: datetime, after: Place | None, count: int
) -> tuple[Tile, ...]:
    """
    At most `count` photos of `within`, of any collection if it names none, those after a place.

    Raises `UsageError` if there is no word in its text.
    """
    given = sources.grants_of(tx, select(source.c.id))
    if within.text and words.many(tx, within.text, than=words.FEW):
        found, last = _walked(tx, within, given, at=at, after=after, count=count)
        if last is None or len(found) >= count:
            return tuple(found[:count])
        after = last
    else:
        found = []
    conditions = list(_within(tx, within))
    while len(found) < count:
        query = _standing().where(*conditions).order_by(photo.c.moment, photo.c.id)
        if after is not None:
            query = query.where(_key > (after.moment, after.photo))
        rows = tx.execute(query.limit(count)).all()
        found += [_read(row) for row in rows if _is_covered(row, given, at)]
        if len(rows) < count:
            break
        after = Place(rows[-1].moment, PhotoId(rows[-1].id))
    return tuple(found[:count])


def count(tx: Connection, which: CollectionId, *, at: datetime) -> int:
    """How many photos of a collection stand at their source, under a grant in force at `at`."""
    given = _granted(tx, which, at=at)
    whole = [one for one, each in given.items() if _covers_everything(each, at)]
    part = {one: each for one, each in given.items() if one not in whole}
    here = (shelf.c.collection_id == which, shelf.c.source_id.in_(whole))
    counted = tx.execute(select(func.sum(shelf.c.photos)).where(*here)).scalar()
    return int(counted or 0) + sum(1 for _ in _seen(tx, which, part, at=at))


# --------------------------------------------------------------------------------------------

_PART = 500  # values in one statement

_WALKED = 10
"""Parts of the photos that are walked at most: where few of them answer, gathering is sooner."""

_key = tuple_(photo.c.moment, photo.c.id)


def _outline(
    tx: Connection,
    which: CollectionId,
    given: Mapping[SourceId, Sequence[Grant]],
    *,
    at: datetime,
) -> tuple[Bucket, ...]:
    whole = [one for one, each in given.items() if _covers_everything(each, at)]
    found = _shelved(tx, which, whole)
    part = {one: each for one, each in given.items() if one not in whole}
    if part:
        # A grant of a part of a source is asked about each place.
        begins = _begins(tx, which)
        for place, ratio in _seen(tx, which, part, at=at):
            begin = begins[max(0, bisect_right(begins, (place.moment, place.photo)) - 1)]
            known = found.get(begin)
            found[begin] = (
                Bucket(place, 1, ratio)
                if known is None
                else Bucket(min(known.first, place), known.count + 1, known.ratios + ratio)
            )
    return tuple(found[begin] for begin in sorted(found))


def _shelved(
    tx: Connection, which: CollectionId, whole: Sequence[SourceId]
) -> dict[tuple[str, str], Bucket]:
    """What of these sources is on each shelf, by where the shelf begins."""
    query = (
        select(
            shelf.c.moment,
            shelf.c.photo_id,
            func.min(shelf.c.first),
            func.sum(shelf.c.photos),
            func.sum(shelf.c.ratios),
        )
        .where(shelf.c.collection_id == which, shelf.c.source_id.in_(whole))
        .group_by(shelf.c.moment, shelf.c.photo_id)
    )
    found = {}
    for moment, begin, first, photos, ratios in tx.execute(query):
        taken, _, one = first.rpartition(" ")
        found[moment, begin] = Bucket(Place(taken, PhotoId(one)), int(photos), float(ratios))
    return found


def _begins(tx: Connection, which: CollectionId) -> list[tuple[str, str]]:
    """Where the shelves of a collection begin, in order."""
    columns = (shelf.c.moment, shelf.c.photo_id)
    query = select(*columns).where(shelf.c.collection_id == which).distinct().order_by(*columns)
    return [(row[0], row[1]) for row in tx.execute(query)]


def _seen(
    tx: Connection,
    which: CollectionId,
    given: Mapping[SourceId, Sequence[Grant]],
    *,
    at: datetime,
) -> Iterator[tuple[Place, float]]:
    """The photos of these sources whose place a grant covers, each with its width / height."""
    if given:
        for row in tx.execute(_tiles(list(given)).where(photo.c.collection_id == which)):
            if _is_covered(row, given, at):
                yield Place(row.moment, PhotoId(row.id)), row.width / row.height


def _walked(  # noqa: PLR0913  what is asked, of whom, and which part of the answer
    tx: Connection,
    within: Within,
    given: Mapping[SourceId, Iterable[Grant]],
    *,
    at: datetime,
    after: Place | None,
    count: int,
) -> tuple[list[Tile], Place | None]:
    """
    The photos of `within` by walking along all photos in their order, and asking of each part
    whose words answer: of a word that a great many say that is far sooner than to gather them all.

    Gives what was found and the place that was walked to; there is none if that was the last.
    """
    conditions = list(_within(tx, replace(within, text="")))
    found: list[Tile] = []
    for _ in range(_WALKED):
        query = _standing().where(*conditions).order_by(photo.c.moment, photo.c.id)
        if after is not None:
            query = query.where(_key > (after.moment, after.photo))
        rows = tx.execute(query.limit(_PART)).all()
        answering = words.photos_among(tx, within.text, [row.id for row in rows])
        covered = (row for row in rows if row.id in answering and _is_covered(row, given, at))
        found += [_read(row) for row in covered]
        if len(rows) < _PART:
            return found, None
        after = Place(rows[-1].moment, PhotoId(rows[-1].id))
        if len(found) >= count:
            break
    return found, after


def _within(tx: Connection, within: Within) -> Iterator[ColumnElement[bool]]:
    if within.collection:
        yield photo.c.collection_id == within.collection
    if within.text:
        places = words.matching(tx, within.text)
        yield photo.c.id.in_(select(item.c.photo_id).where(item.c.id.in_(places)))
    # As `sightings.Within` has it: what does not say when it was taken is on no day.
    if within.since or within.until:
        yield photo.c.taken_at != ""
    if within.since:
        yield photo.c.moment >= within.since.isoformat()
    if within.until:
        yield photo.c.moment < (within.until + timedelta(days=1)).isoformat()


def _granted(tx: Connection, which: CollectionId, *, at: datetime) -> dict[SourceId, list[Grant]]:
    """The sources of a collection that may be shown from at all, with the grants that say so."""
    own = select(source.c.id).where(source.c.collection_id == which)
    given = {
        one: [grant for grant in each if grant.in_force(at)]
        for one, each in sources.grants_of(tx, own).items()
    }
    return {one: each for one, each in given.items() if each}


def _covers_everything(given: Iterable[Grant], at: datetime) -> bool:
    return any(
        one.in_force(at) and one.scope == _EVERYTHING and GrantPurpose.MATCH in one.purposes
        for one in given
    )


def _is_covered(row: Row[Any], given: Mapping[SourceId, Iterable[Grant]], at: datetime) -> bool:
    own = given.get(SourceId(row.source_id), ())
    return any(one.covers(row.locator, at) for one in own)


def _standing() -> Select[Any]:
    """The photos that stand at their source, each at the first of its places."""
    first = (
        select(func.min(item.c.id))
        .where(item.c.photo_id == photo.c.id, item.c.state == ItemState.DONE)
        .correlate(photo)
        .scalar_subquery()
    )
    columns = ("id", "moment", "width", "height", "kind", "seconds", "preview_id", "source_id")
    return select(*(photo.c[name] for name in columns), item.c.locator, item.c.page).join(
        item, item.c.id == first
    )


def _tiles(given: Sequence[SourceId]) -> Select[Any]:
    return _standing().where(photo.c.source_id.in_(given)).order_by(photo.c.moment, photo.c.id)


def _read(row: Row[Any]) -> Tile:
    return Tile(
        place=Place(row.moment, PhotoId(row.id)),
        width=row.width,
        height=row.height,
        kind=row.kind,
        seconds=row.seconds,
        preview=None if row.preview_id is None else CopyId(row.preview_id),
        source=SourceId(row.source_id),
        locator=row.locator,
        page=row.page,
    )
