"""
Shelves: how many photos of a collection stand in each stretch of time, kept as they change.

A collection of a million photos is not counted again because one came. It lies on shelves of at
most `SIZE` photos, one after the other in the order of the collection, and a transaction counts
those shelves again that it touched, before it commits. So an outline is read and not made.

It is a shadow of the tables of photos and items: `rebuild` makes it anew. On a shelf the photos of
each source are counted apart, for whether a source is shown from is asked at each look (P3); what
a shelf of a source begins with is a photo of that source.

Which photos a statement touches is seen from the statement, so that nobody who writes has to think
of it: before it is executed, its own condition is asked.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Delete,
    Engine,
    Insert,
    Row,
    Select,
    Update,
    delete,
    event,
    exists,
    func,
    insert,
    select,
    tuple_,
)

from countenance.catalog.tables import collection, item, photo, shelf

SIZE = 250
"""Photos on a shelf, at most."""

MANY = 2000
"""Photos of a collection that one transaction touches. Of more, all its shelves are made anew."""

Key = tuple[str, str, str]
"""Of a photo: its collection, when it was taken, and its id."""


@dataclass(slots=True)
class Touched:
    """What a transaction touched so far: places in collections, photos by id, or anything."""

    keys: set[Key] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    anything: bool = False


def watch(engine: Engine) -> None:
    """From now on each connection of `engine` remembers which photos it touches."""
    event.listen(engine, "before_execute", _remember)


def begin(tx: Connection) -> None:
    """Nothing has been touched in this transaction yet."""
    tx.info[_TOUCHED] = Touched()


def end(tx: Connection) -> None:
    """Before it commits: the shelves that were touched are counted again."""
    touched: Touched | None = tx.info.pop(_TOUCHED, None)
    if touched is None:
        return
    if touched.anything:
        rebuild(tx)
        return
    keys = touched.keys | _keys(tx, touched.ids)
    by_collection: dict[str, list[tuple[str, str]]] = {}
    for where, *place in sorted(keys):
        by_collection.setdefault(where, []).append((place[0], place[1]))
    for where, places in by_collection.items():
        if len(places) > MANY:
            _make(tx, where)
        else:
            _count_again(tx, where, places)


def rebuild(tx: Connection) -> None:
    """Make all shelves anew from the tables they are a shadow of."""
    tx.execute(delete(shelf))
    for where in tx.execute(select(collection.c.id)).scalars().all():
        _make(tx, where)


def out_of_step(tx: Connection) -> int:
    """How many collections have another number of photos on their shelves than stand there."""
    kept = select(shelf.c.collection_id, func.sum(shelf.c.photos)).group_by(shelf.c.collection_id)
    stand = (
        select(photo.c.collection_id, func.count()).where(STANDS).group_by(photo.c.collection_id)
    )
    on_shelves = {row[0]: int(row[1]) for row in tx.execute(kept)}
    there = {row[0]: int(row[1]) for row in tx.execute(stand)}
    return sum(on_shelves.get(one) != there.get(one) for one in on_shelves | there)


# --------------------------------------------------------------------------------------------

STANDS = exists().where(item.c.photo_id == photo.c.id, item.c.state == "done")
"""A photo stands at its source: one of its items leads to it."""

_TOUCHED = "countenance: photos that were touched"
_PART = 500  # values in one statement
_ROWS_AT_ONCE = 5000

_OF_PHOTOS = frozenset({"id", "moment", "collection_id", "source_id", "width", "height"})
_OF_ITEMS = frozenset({"state", "photo_id"})
"""Columns whose values decide what is on a shelf."""

_place = tuple_(photo.c.moment, photo.c.id)


def _remember(
    tx: Connection,
    statement: object,
    many: Sequence[Mapping[str, Any]],
    one: Mapping[str, Any],
    _options: object,
) -> None:
    touched: Touched | None = tx.info.get(_TOUCHED)
    if touched is None or not isinstance(statement, Insert | Update | Delete):
        return
    if statement.table is photo:
        _photos_touched(tx, statement, many or [one], touched)
    elif statement.table is item:
        _items_touched(tx, statement, many or [one], touched)


def _photos_touched(
    tx: Connection,
    statement: Insert | Update | Delete,
    given: Sequence[Mapping[str, Any]],
    touched: Touched,
) -> None:
    values = _values(statement)
    if isinstance(statement, Insert):
        _add_ids(touched, (row.get("id", values.get("id")) for row in given or [{}]))
    elif isinstance(statement, Delete) or _OF_PHOTOS & (values.keys() | _named(given)):
        if any(given) or statement.whereclause is None:
            touched.anything = True
            return
        query = select(photo.c.collection_id, photo.c.moment, photo.c.id)
        found = tx.execute(query.where(statement.whereclause)).all()
        touched.keys.update((row[0], row[1], row[2]) for row in found)
        touched.ids.update(row[2] for row in found)


def _items_touched(
    tx: Connection,
    statement: Insert | Update | Delete,
    given: Sequence[Mapping[str, Any]],
    touched: Touched,
) -> None:
    values = _values(statement)
    if isinstance(statement, Update) and not _OF_ITEMS & (values.keys() | _named(given)):
        return
    if not isinstance(statement, Delete):
        rows = [row.get("photo_id", values.get("photo_id")) for row in given or [{}]]
        _add_ids(touched, (one for one in rows if one is not None))
    if isinstance(statement, Insert):
        return
    if any(given) or statement.whereclause is None:
        touched.anything = True
        return
    before = select(item.c.photo_id).where(statement.whereclause, item.c.photo_id.is_not(None))
    touched.ids.update(tx.execute(before).scalars())


def _add_ids(touched: Touched, ids: Iterable[object]) -> None:
    for one in ids:
        if isinstance(one, str):
            touched.ids.add(one)
        else:
            touched.anything = True


def _values(statement: Insert | Update | Delete) -> dict[str, object]:
    """The columns that a statement sets by itself, each with its value where that is plain."""
    own = getattr(statement, "_values", None) or {}
    return {
        getattr(column, "name", column): value.value if isinstance(value, BindParameter) else value
        for column, value in own.items()
    }


def _named(given: Sequence[Mapping[str, Any]]) -> set[str]:
    return {name for row in given for name in row}


def _keys(tx: Connection, ids: Iterable[str]) -> set[Key]:
    query, found = select(photo.c.collection_id, photo.c.moment, photo.c.id), set[Key]()
    for part in _parts(sorted(ids)):
        rows = tx.execute(query.where(photo.c.id.in_(part)))
        found |= {(row[0], row[1], row[2]) for row in rows}
    return found


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[start : start + _PART] for start in range(0, len(values), _PART))


def _standing(where: str) -> Select[Any]:
    """The photos that stand in a collection, in its order."""
    ratio = (photo.c.width * 1.0 / photo.c.height).label("ratio")
    return (
        select(photo.c.moment, photo.c.id, photo.c.source_id, ratio)
        .where(photo.c.collection_id == where, STANDS)
        .order_by(photo.c.moment, photo.c.id)
    )


def _make(tx: Connection, where: str) -> None:
    """All shelves of a collection, each full but for the last."""
    tx.execute(delete(shelf).where(shelf.c.collection_id == where))
    held: list[Row[Any]] = []
    for rows in tx.execute(_standing(where)).partitions(_ROWS_AT_ONCE):
        held += rows
        full = len(held) // SIZE * SIZE
        _put(tx, where, held[:full], SIZE)
        held = held[full:]
    _put(tx, where, held, SIZE)


def _count_again(tx: Connection, where: str, places: Sequence[tuple[str, str]]) -> None:
    """The shelves on which these places are, which are in order."""
    behind: tuple[str, str] | None = ("", "")
    for place in places:
        if behind is None or place < behind:
            continue  # it was on the shelf before
        begin, behind = _around(tx, where, place)
        rows = _between(tx, where, begin, behind)
        if len(rows) < SIZE // 4 and behind is not None:
            # A shelf that is nearly empty goes on the next one.
            _, behind = _around(tx, where, behind)
            rows = _between(tx, where, begin, behind)
        _take_down(tx, where, begin, behind)
        # At its end a collection grows: there shelves are filled. Between others both get room.
        parts = -(-len(rows) // SIZE) or 1
        _put(tx, where, rows, SIZE if behind is None else -(-len(rows) // parts) or 1)


def _around(
    tx: Connection, where: str, place: tuple[str, str]
) -> tuple[tuple[str, str], tuple[str, str] | None]:
    """Where the shelf of a place begins, and where the next one does, if there is one."""
    key = tuple_(shelf.c.moment, shelf.c.photo_id)
    query = select(shelf.c.moment, shelf.c.photo_id).where(shelf.c.collection_id == where)
    last = query.where(key <= place).order_by(shelf.c.moment.desc(), shelf.c.photo_id.desc())
    row = tx.execute(last.limit(1)).first()
    begin = ("", "") if row is None else (row[0], row[1])
    # What comes before the first shelf is on it.
    after = key > (place if row is not None else ("", ""))
    following = query.where(after).order_by(shelf.c.moment, shelf.c.photo_id).distinct()
    rows = tx.execute(following.limit(2)).all()
    if row is None:
        rows = rows[1:]
    return begin, (rows[0][0], rows[0][1]) if rows else None


def _within(
    columns: Sequence[ColumnElement[Any]], begin: tuple[str, str], behind: tuple[str, str] | None
) -> Iterator[ColumnElement[bool]]:
    yield tuple_(*columns) >= begin
    if behind is not None:
        yield tuple_(*columns) < behind


def _between(
    tx: Connection, where: str, begin: tuple[str, str], behind: tuple[str, str] | None
) -> list[Row[Any]]:
    inside = _within((photo.c.moment, photo.c.id), begin, behind)
    return list(tx.execute(_standing(where).where(*inside)).all())


def _take_down(
    tx: Connection, where: str, begin: tuple[str, str], behind: tuple[str, str] | None
) -> None:
    inside = _within((shelf.c.moment, shelf.c.photo_id), begin, behind)
    tx.execute(delete(shelf).where(shelf.c.collection_id == where, *inside))


def _put(tx: Connection, where: str, rows: Sequence[Row[Any]], size: int) -> None:
    """Photos in their order on shelves of `size`."""
    made: list[dict[str, Any]] = []
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        known: dict[str, dict[str, Any]] = {}
        for row in part:
            moment, which, source, ratio = row.moment, row.id, row.source_id, row.ratio
            own = known.get(source)
            if own is None:
                own = known[source] = {
                    "collection_id": where,
                    "moment": part[0].moment,
                    "photo_id": part[0].id,
                    "source_id": source,
                    "first": f"{moment} {which}",
                    "photos": 0,
                    "ratios": 0.0,
                }
            own["photos"] += 1
            own["ratios"] += ratio
        made += known.values()
    if made:
        tx.execute(insert(shelf), made)
