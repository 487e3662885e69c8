"""
Buckets: the photos of a collection by when they were taken, in parts of at most 250.

An outline says where each part begins, how many photos are in it and how wide they are together, so
that a page knows its height before it has any of them. A part is then read by its key, never by
counting from the beginning. What no grant covers at that instant is in neither (P3).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    exists,
    func,
    select,
    tuple_,
    union,
)

from countenance.catalog import sources, words
from countenance.catalog.items import ItemState
from countenance.catalog.sightings import Within
from countenance.catalog.tables import erasure, item, photo, source
from countenance.catalog.version import photos_version
from countenance.core.ids import CollectionId, CopyId, PhotoId, SourceId
from countenance.sources.grant import Grant, GrantPurpose

SIZE = 250
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


def outline(
    tx: Connection, which: CollectionId, *, at: datetime, size: int = SIZE
) -> tuple[Bucket, ...]:
    """Every bucket of a collection, in order, each of `size` photos but for the last."""
    return _outline(tx, which, _granted(tx, which, at=at), size=size, at=at)


class Outlines:
    """The outlines that were made last, each for as long as it is what would be made again."""

    def __init__(self) -> None:
        self._made: dict[CollectionId, tuple[object, tuple[Bucket, ...]]] = {}

    def of(
        self, tx: Connection, which: CollectionId, *, at: datetime, size: int = SIZE
    ) -> tuple[Bucket, ...]:
        """See `outline`. Grants are asked each time: they may end while nothing is written."""
        given = _granted(tx, which, at=at)
        state = (size, photos_version(tx), given)
        known, made = self._made.get(which, (None, ()))
        if known != state:
            made = _outline(tx, which, given, size=size, at=at)
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
    conditions = list(_within(tx, within))
    found: list[Tile] = []
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
    given = list(_granted(tx, which, at=at))
    # From the index of the items alone, where each photo that stands has one or more.
    standing = (item.c.source_id.in_(given), item.c.state == ItemState.DONE)
    query = select(func.count(item.c.photo_id.distinct())).where(*standing)
    return int(tx.execute(query).scalar_one())


# --------------------------------------------------------------------------------------------

_PART = 500  # values in one statement

_key = tuple_(photo.c.moment, photo.c.id)

_STANDS = exists().where(item.c.photo_id == photo.c.id, item.c.state == ItemState.DONE)


def _outline(
    tx: Connection,
    which: CollectionId,
    given: Mapping[SourceId, Sequence[Grant]],
    *,
    size: int,
    at: datetime,
) -> tuple[Bucket, ...]:
    if all(_covers_everything(each, at) for each in given.values()):
        return tuple(_outlined(tx, which, list(given), size))
    # A grant of a part of a source is asked about each place.
    seen = (
        (Place(row.moment, PhotoId(row.id)), row.width / row.height)
        for row in tx.execute(_tiles(list(given)).where(photo.c.collection_id == which))
        if _is_covered(row, given, at)
    )
    return tuple(_gathered(seen, size))


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


def _outlined(
    tx: Connection, which: CollectionId, given: Sequence[SourceId], size: int
) -> Iterator[Bucket]:
    """
    Where each part begins, then what is in it; from the index alone, which has the photos in their
    order.

    To ask of each photo whether it stands takes as long as all the rest. Those that do not are few
    and are known by the items that say so.
    """
    nowhere = _standing_nowhere(given)

    def in_order(one: FromClause, *columns: ColumnElement[Any]) -> Select[Any]:
        here = (one.c.collection_id == which, one.c.source_id.in_(given), one.c.id.not_in(nowhere))
        return select(*columns).where(*here).order_by(one.c.moment, one.c.id)

    def from_on(one: FromClause, begin: FromClause) -> ColumnElement[bool]:
        return tuple_(one.c.moment, one.c.id) >= tuple_(begin.c.moment, begin.c.id)

    first, begin, later, inside = (photo.alias() for _ in range(4))
    begins = select(in_order(first, first.c.id).limit(1).scalar_subquery().label("id")).cte(
        "begins", recursive=True
    )
    following = in_order(later, later.c.id).where(from_on(later, begin)).limit(1).offset(size)
    begins = begins.union_all(
        select(following.correlate(begin).scalar_subquery()).join_from(
            begins, begin, begin.c.id == begins.c.id
        )
    )
    ratio = (inside.c.width * 1.0 / inside.c.height).label("ratio")
    part = in_order(inside, ratio).where(from_on(inside, begin)).limit(size).correlate(begin)
    ratios = select(func.sum(part.subquery().c.ratio)).scalar_subquery()
    query = (
        select(begin.c.moment, begin.c.id, ratios.label("ratios"))
        .join_from(begins, begin, begin.c.id == begins.c.id)
        .order_by(begin.c.moment, begin.c.id)
    )
    rows = tx.execute(query).all()
    if not rows:
        return
    end = in_order(inside, inside.c.id).where(
        tuple_(inside.c.moment, inside.c.id) >= (rows[-1].moment, rows[-1].id)
    )
    left = tx.execute(select(func.count()).select_from(end.limit(size).subquery())).scalar_one()
    for number, row in enumerate(rows, 1):
        how_many = int(left) if number == len(rows) else size
        yield Bucket(Place(row.moment, PhotoId(row.id)), how_many, float(row.ratios))


def _standing_nowhere(given: Sequence[SourceId]) -> Select[tuple[str]]:
    """The photos of sources that are here and stand nowhere: they vanished, or are on their way."""
    others = [one for one in ItemState if one is not ItemState.DONE]
    off = select(item.c.photo_id).where(
        item.c.source_id.in_(given), item.c.state.in_(others), item.c.photo_id.is_not(None)
    )
    hidden = select(erasure.c.photo_id).where(erasure.c.photo_id.is_not(None))
    found = (select(photo.c.id).where(photo.c.id.in_(one), ~_STANDS) for one in (off, hidden))
    return select(union(*found).subquery().c.id)


def _gathered(seen: Iterable[tuple[Place, float]], size: int) -> Iterable[Bucket]:
    part: list[tuple[Place, float]] = []
    for one in seen:
        part.append(one)
        if len(part) == size:
            yield _bucket(part)
            part = []
    if part:
        yield _bucket(part)


def _bucket(part: Sequence[tuple[Place, float]]) -> Bucket:
    return Bucket(part[0][0], len(part), sum(ratio for _, ratio in part))


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
