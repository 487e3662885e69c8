"""Shelves say what counting all photos would say, after whatever was written; and words too."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Connection, delete, event, insert, select, update

from countenance.bench.desk import COLLECTION, PEOPLE, fill
from countenance.catalog import buckets, collections, items, photos, shelves, sources, words
from countenance.catalog.items import ItemState
from countenance.catalog.photos import Asked
from countenance.catalog.sightings import Within
from countenance.catalog.tables import face, grant, item, photo, sighting, source
from countenance.core.ids import GrantId, SourceId, new_id
from countenance.library import Library
from countenance.people.purpose import Purpose
from countenance.settings import load_settings
from countenance.sources.grant import Grant
from countenance.sources.source import Source, SourceKind

PHOTOS = 240


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    """A library of some photos, on shelves of at most eight, from two sources."""
    monkeypatch.setattr(shelves, "SIZE", 8)
    given: dict[str, str | int] = {"actor": "test"}
    settings = load_settings(tmp_path / "l", environment={}, given=given)
    with Library.init(tmp_path / "l", settings) as made:
        fill(made, PHOTOS)
        at = made.now()
        with made._database.write() as tx:
            where = collections.get(tx, COLLECTION).id
            own = Source(SourceId(new_id("d")), SourceKind.FOLDER, "/other", where, at)
            until = at + timedelta(days=9)
            sources.add(tx, own, Grant(GrantId(new_id("g")), own.id, "test", at, until))
            some = tx.execute(select(photo.c.id).order_by(photo.c.moment).limit(90)).scalars().all()
            tx.execute(update(photo).where(photo.c.id.in_(some)).values(source_id=own.id))
            tx.execute(update(item).where(item.c.photo_id.in_(some)).values(source_id=own.id))
        yield made


def plainly(library: Library) -> list[buckets.Tile]:
    """All photos that may be shown, read one after the other."""
    return list(library.bucket(COLLECTION, count=10**6))


def same(library: Library) -> None:
    """The outline is of the very photos that are read, in their order, none twice."""
    there, outline = plainly(library), library.outline(COLLECTION)
    assert sum(one.count for one in outline) == len(there) == library.count_photos(COLLECTION)
    begin = 0
    for one in outline:
        here = there[begin : begin + one.count]
        assert 0 < one.count <= shelves.SIZE
        assert here[0].place == one.first
        assert one.ratios == pytest.approx(sum(each.width / each.height for each in here))
        begin += one.count
    with library._database.read() as tx:
        assert shelves.out_of_step(tx) == 0


def ends(library: Library) -> None:
    """The grants of the source of the first photo, and nothing else."""
    with library._database.write() as tx:
        sources.revoke(tx, plainly(library)[0].source, at=library._stores.now(tx))


def happens(tx: Connection, random: Random) -> None:
    """Something that a use of the library writes, to some photos."""
    every = tx.execute(select(photo.c.id).order_by(photo.c.id)).scalars().all()
    some = random.sample(list(every), min(len(every), random.choice((1, 1, 2, 30))))
    of_photo, of_item = photo.c.id.in_(some), item.c.photo_id.in_(some)
    match random.randrange(7):
        case 0:
            moment = f"2026-05-01T{random.randrange(24):02}:00:00"
            tx.execute(update(photo).where(of_photo).values(moment=moment))
        case 1:
            tx.execute(update(item).where(of_item).values(state=ItemState.VANISHED))
        case 2:
            tx.execute(update(item).where(item.c.state == "vanished").values(state=ItemState.DONE))
        case 3:
            for table in (sighting, face, item):
                tx.execute(delete(table).where(table.c.photo_id.in_(some)))
            tx.execute(delete(photo).where(of_photo))
        case 4:
            other = random.choice(tx.execute(select(source.c.id)).scalars().all())
            tx.execute(update(photo).where(of_photo).values(source_id=other))
            tx.execute(update(item).where(of_item).values(source_id=other))
        case 5:
            for one in some:
                photos.hide(tx, one)
        case _:
            _comes(tx, some[0], random.choice((1, 20)))


def _comes(tx: Connection, like: str, count: int) -> None:
    known = tx.execute(select(photo).where(photo.c.id == like)).one()._asdict()
    new = [
        known | {"id": new_id("i"), "digest": new_id("d"), "preview_id": None} for _ in range(count)
    ]
    tx.execute(insert(photo), new)
    row = {"source_id": known["source_id"], "stamp": "1", "state": "done", "attempts": 1}
    at = known["added_at"]
    tx.execute(
        insert(item),
        [row | {"locator": one["digest"], "photo_id": one["id"], "changed_at": at} for one in new],
    )


@pytest.mark.parametrize("seed", range(4))
def test_after_whatever_is_written_the_shelves_are_what_is_counted(
    library: Library, seed: int
) -> None:
    """Photos that come, go, move in time and between sources, one by one and many at once."""
    random = Random(seed)  # noqa: S311  what happens
    same(library)
    for _ in range(25):
        with library._database.write() as tx:
            for _ in range(random.choice((1, 1, 3))):
                happens(tx, random)
        same(library)


def test_what_many_photos_touch_is_made_anew(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond so many, all shelves of the collection; and of a statement that nobody understands."""
    monkeypatch.setattr(shelves, "MANY", 3)
    with library._database.write() as tx:
        tx.execute(update(photo).values(moment="2026-05-01T10:00:00"))
    same(library)
    with library._database.write() as tx:
        tx.execute(update(item).where(item.c.id < 30).values(state="vanished"))
    same(library)


def test_what_is_undone_changes_no_shelf(library: Library) -> None:
    """A transaction that fails leaves the shelves as they were."""
    before = library.outline(COLLECTION)
    with pytest.raises(ZeroDivisionError):
        _fails(library)
    assert library.outline(COLLECTION) == before
    same(library)


def _fails(library: Library) -> None:
    with library._database.write() as tx:
        tx.execute(update(item).values(state="vanished"))
        raise ZeroDivisionError


@pytest.mark.promise("P3")
def test_what_vanished_is_on_no_shelf(library: Library) -> None:
    """At the commit that says so, and not at the next ingest."""
    gone = plainly(library)[:20]
    with library._database.write() as tx:
        for one in gone:
            items.put_vanished(tx, one.source, [one.locator], at=library.now())
    assert library.count_photos(COLLECTION) == PHOTOS - 20
    same(library)


@pytest.mark.promise("P3")
def test_a_source_without_a_grant_is_on_no_shelf(library: Library) -> None:
    """Its grant ends without a photo being touched."""
    (first, *_), shown = library.outline(COLLECTION), len(plainly(library))
    ends(library)
    assert 0 < len(plainly(library)) < shown
    same(library)
    assert library.outline(COLLECTION)[0].first != first.first


@pytest.mark.promise("P3")
def test_a_part_of_a_source_is_counted_place_by_place(library: Library) -> None:
    """A grant that covers some of the places puts those, and no others, into the outline."""
    with library._database.write() as tx:
        tx.execute(update(grant).values(scope=["0/1*"]))
    assert 0 < len(plainly(library)) < PHOTOS
    same(library)


# --- words that many say ------------------------------------------------------------------------


def _asked(library: Library, question: str, count: int) -> list[list[str]]:
    """What the search box and a look through the collection answer."""
    with library._database.read() as tx:
        at, where = library._stores.now(tx), collections.get(tx, COLLECTION).id
        within = Within(where, question)
        tiles = buckets.answering(tx, within, at=at, after=None, count=count)
        rows = photos.look_through(tx, where, Asked(text=question), count=count)
    return [[one.photo for one in tiles], [one.id for _, one in rows]]


@pytest.mark.parametrize("count", [1, 7, 40, 1000])
@pytest.mark.parametrize("walked", [1, 10])
def test_walking_answers_what_gathering_does(
    library: Library, monkeypatch: pytest.MonkeyPatch, count: int, walked: int
) -> None:
    """In the same order and to the same number, also where it gives up and gathers the rest."""
    with library._database.write() as tx:
        tx.execute(update(photo).values(preview_id=None))
    plain = {asked: _asked(library, asked, count) for asked in ("bridge", "rain bridge", "rai*")}
    for module in (buckets, photos):
        monkeypatch.setattr(module, "_PART", 16)
        monkeypatch.setattr(module, "_WALKED", walked)
    monkeypatch.setattr(words, "FEW", 0)
    assert plain == {asked: _asked(library, asked, count) for asked in plain}
    assert plain["bridge"][0]


@pytest.mark.promise("P3")
def test_walking_asks_for_a_grant(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what no grant covers nothing is found, by however frequent a word."""
    monkeypatch.setattr(words, "FEW", 0)
    before = _asked(library, "bridge", 1000)[0]
    ends(library)
    after = _asked(library, "bridge", 1000)[0]
    assert set(after) < set(before)
    assert set(after) <= {one.photo for one in plainly(library)}


# --- by which index -----------------------------------------------------------------------------


def test_no_daily_question_goes_through_a_whole_table(library: Library) -> None:
    """Each finds its photos, faces, items and sightings by an index, however many there are."""
    if library._database._engine.dialect.name != "sqlite":
        pytest.skip("the plans are SQLite's")
    seen: list[tuple[str, object]] = []

    def before(_c: object, _k: object, statement: str, given: object, *_: object) -> None:
        seen.append((statement, given))

    (where,) = [one for one in library.collections() if one.name == COLLECTION]
    tile = plainly(library)[0]
    event.listen(library._database._engine, "before_cursor_execute", before)
    library.outline(COLLECTION)
    library.count_photos(COLLECTION)
    library.bucket(COLLECTION, tile.place, count=8)
    library.tile_of(tile.photo)
    library.look("Person 7 bridge")
    library.look("2026-05-01")
    library.find("Person 7", purpose=Purpose.STAFF_FIND)
    library.questions()
    library.troubles(tile.source)
    library.agreements(count=PEOPLE)
    event.remove(library._database._engine, "before_cursor_execute", before)
    plans = []
    with library._database.read() as tx:
        for statement, given in seen:
            if statement.lstrip().startswith("SELECT"):
                rows = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)  # type: ignore[arg-type]
                plans += [(row[3], statement) for row in rows]
    through = [
        (plan, statement)
        for plan, statement in plans
        if plan in {f"SCAN {name}" for name in ("photo", "face", "item", "sighting")}
    ]
    assert len(plans) > 20
    assert through == []
    assert where.name == COLLECTION
