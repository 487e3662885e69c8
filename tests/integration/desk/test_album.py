"""Buckets, the search box, jobs and assessments, over a library with something in it."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, select, update

from countenance.audit.entry import Act
from countenance.bench.desk import COLLECTION as MANY
from countenance.bench.desk import bench_desk, fill
from countenance.catalog import buckets, collections, log, photos, shelves
from countenance.catalog.assessments import QUESTIONS
from countenance.catalog.jobs import JobKind, JobState
from countenance.catalog.photos import Asked
from countenance.catalog.tables import grant, job, photo
from countenance.errors import Interrupted, NotFound, Refused, UsageError
from countenance.ingest.progress import Step
from countenance.library import Given, Library
from countenance.media.cut import Cut
from countenance.people.purpose import Purpose
from tests.fakes.gala import A_DAY, COLLECTION, Gala, open_library

ADA, BO, EVE = 1, 2, 3


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    with Gala.make(tmp_path) as made:
        yield made


def place_all(library: Library, collection: str) -> list[str]:
    """The photos of a collection, bucket by bucket."""
    found: list[str] = []
    for one in library.outline(collection):
        tiles = library.bucket(collection, one.first, count=one.count)
        assert tiles[0].place == one.first
        assert len(tiles) == one.count <= shelves.SIZE
        assert one.ratios == pytest.approx(sum(each.width / each.height for each in tiles))
        found += [each.photo for each in tiles]
    return found


# --- buckets ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 7, 50, 1000])
def test_buckets_are_all_photos_once_in_their_order(
    gala: Gala, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Of whatever size, and of two photos of one second, none is missing and none comes twice."""
    monkeypatch.setattr(shelves, "SIZE", size)
    fill(gala.library, 120)
    with gala.library._database.write() as tx:
        same = tx.execute(select(photo.c.id).order_by(photo.c.id).limit(30)).scalars().all()
        tx.execute(update(photo).where(photo.c.id.in_(same)).values(moment="2026-05-01T08:01:00"))
        every = tx.execute(select(photo.c.id).order_by(photo.c.moment, photo.c.id)).scalars().all()
    assert place_all(gala.library, MANY) == list(every)


@pytest.mark.promise("P3")
def test_what_no_grant_covers_is_in_no_bucket(
    gala: Gala, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part of a source that is granted, one that ended, and a file that vanished."""
    monkeypatch.setattr(shelves, "SIZE", 2)
    part = tmp_path / "part"
    gala.put("a.jpg", ADA)
    gone = gala.put("b.jpg", BO)
    part.mkdir()
    gala.folder.joinpath("a.jpg").rename(part / "in.jpg")
    gala.put("c.jpg", EVE)
    (part / "out.jpg").write_bytes((gala.folder / "c.jpg").read_bytes()[:-2] + b"\xff\xd9")
    given = Given("the club", gala.clock.now() + A_DAY, ("**",))
    source = gala.library.add_folder(part, given, collection=COLLECTION).source
    gala.ingest()
    assert len(place_all(gala.library, COLLECTION)) == 4
    gone.unlink()
    gala.ingest()
    assert len(place_all(gala.library, COLLECTION)) == 3
    gala.library.take_down(source.id)
    assert len(place_all(gala.library, COLLECTION)) == 1
    gala.clock.advance(400 * A_DAY)
    assert (gala.library.outline(COLLECTION), gala.library.bucket(COLLECTION)) == ((), ())


@pytest.mark.promise("P3")
def test_a_grant_of_a_part_shows_that_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The outline counts what the buckets hold, and neither what is outside the scope."""
    monkeypatch.setattr(shelves, "SIZE", 2)
    with Gala.make(tmp_path, scope=("**",)) as gala:
        for number in range(6):
            gala.put(f"{'in' if number % 2 else 'out'}/{number}.jpg", ADA, salt=number * 8)
        gala.ingest()
        assert len(place_all(gala.library, COLLECTION)) == 6
        outside = gala.library.bucket(COLLECTION)
        _narrow(gala, "in/**")
        shown = place_all(gala.library, COLLECTION)
        assert len(shown) == 3
        assert gala.library.count_photos(COLLECTION) == 3
        (out,) = [one.photo for one in outside if one.photo not in shown][:1]
        with pytest.raises(NotFound):
            gala.library.picture_of(out, Cut.SMALL)


def _narrow(gala: Gala, scope: str) -> None:
    with gala.library._database.write() as tx:
        tx.execute(update(grant).values(scope=[scope]))


@pytest.mark.promise("P3")
def test_an_outline_is_made_again_when_anything_changed(
    gala: Gala, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever changed it: through another library at the same folder, and by the clock alone."""
    monkeypatch.setattr(shelves, "SIZE", 2)
    outline = gala.library.outline

    def fresh() -> object:
        with gala.library._database.read() as tx:
            which = gala.source.collection
            return buckets.outline(tx, which, at=gala.library.now())

    def vanishes() -> None:
        (gala.folder / "2.jpg").unlink()
        gala.ingest()

    def is_taken_down() -> None:
        with open_library(gala.root, gala.clock, gala.vision) as other:
            other.take_down_copies(other.find_copies(other.bucket(COLLECTION)[0].photo).exact)

    def comes() -> None:
        gala.put("9.jpg", BO, salt=80)
        with open_library(gala.root, gala.clock, gala.vision) as other:
            other.ingest()

    def is_of_another_time() -> None:
        with gala.library._database.write() as tx:
            last = gala.library.bucket(COLLECTION)[-1].photo
            tx.execute(update(photo).where(photo.c.id == last).values(moment="2001-01-01T00:00:00"))

    def runs_out() -> None:
        gala.clock.advance(400 * A_DAY)

    for number in range(5):
        gala.put(f"{number}.jpg", ADA, salt=number * 8)
    gala.ingest()
    for happens in (vanishes, is_taken_down, comes, is_of_another_time, runs_out):
        before = outline(COLLECTION)
        assert before == fresh()
        happens()
        assert outline(COLLECTION) == fresh() != before, happens.__name__


def test_an_outline_is_made_once(gala: Gala) -> None:
    """While nothing changes it is not read again: to look does not change it, nor does a search."""
    fill(gala.library, 60)
    made = gala.library.outline(MANY)
    gala.library.find("Person 7", purpose=Purpose.STAFF_FIND)
    assert gala.library.outline(MANY) is made


def steps(library: Library, act: Callable[[], object]) -> int:
    """How many steps of SQLite's machine are done in `act`, in tens."""
    count = 0

    def step() -> None:
        nonlocal count
        count += 1

    def watched(connection: Connection) -> None:
        driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
        driver.set_progress_handler(step, 10)

    act()  # what is made once is made
    event.listen(library._database._engine, "begin", watched)
    act()
    return count


@pytest.mark.sqlite("the steps of its machine")
def test_what_many_photos_say_is_looked_up_once(tmp_path: Path) -> None:
    """Four times the photos: not each of those that are asked about times all that say a word."""
    done: list[list[int]] = []
    for count in (300, 1200):
        with Gala.make(tmp_path / str(count)) as gala:
            library = gala.library
            fill(library, count)
            # A person is in as many photos of either, and those are asked about.
            named = partial(library.look, "Person 7 bridge")
            worded = partial(look_through, library, "bridge")
            done.append([steps(library, act) for act in (named, worded)])
    (named_before, before), (named_after, after) = done
    assert 0 < named_after < 1.5 * named_before
    assert 0 < after < 6 * before


def look_through(library: Library, words: str) -> object:
    with library._database.read() as tx:
        where = collections.get(tx, MANY).id
        return photos.look_through(tx, where, Asked(text=words), count=60)


def test_no_bucket_is_read_by_counting(gala: Gala) -> None:
    """However far in it lies: by key, and never by an offset that grows with it."""
    fill(gala.library, 60)
    seen: list[tuple[str, object]] = []

    def before(_c: object, _k: object, statement: str, given: object, *_: object) -> None:
        seen.append((statement, given))

    event.listen(gala.library._database._engine, "before_cursor_execute", before)
    last = gala.library.outline(MANY)[-1].first
    gala.library.bucket(MANY, last, count=10)
    event.remove(gala.library._database._engine, "before_cursor_execute", before)
    offsets = [given for statement, given in seen if "OFFSET" in statement]
    assert all(tuple(given)[-1] == 0 for given in offsets if isinstance(given, tuple))


def test_photos_that_were_here_before_are_in_order_too(gala: Gala) -> None:
    """What an ingest stores has its collection and its moment, by the file or by when it came."""
    gala.put("a.jpg", ADA)
    gala.ingest()
    with gala.library._database.read() as tx:
        row = tx.execute(select(photo)).one()
    assert row.collection_id == gala.library.collections()[0].id
    assert row.moment == gala.clock.now().isoformat()[:19]


# --- the box ------------------------------------------------------------------------------------


@pytest.fixture
def many(gala: Gala) -> Gala:
    fill(gala.library, 400)
    return gala


def test_the_box_takes_names_words_and_dates(many: Gala) -> None:
    """A name, a word and a day: photos that are all of it; each once, page by page, in order."""
    look = many.library.look
    person = look("Person 3", count=500)
    assert {one for hit in person.hits for one in person.names} != set()
    assert [len(hit.sightings) for hit in person.hits] == [1] * len(person.hits)
    rain = look("rain", count=500)
    both = look("person 3 rain", count=500)
    of_both = {one.tile.photo for one in both.hits}
    assert of_both == {one.tile.photo for one in person.hits} & {
        one.tile.photo for one in rain.hits
    }
    assert look("Person 3 2025", count=500).hits == ()
    pages, after = [], None
    while True:
        page = look("rain 2026-05-01", after=after, count=7)
        pages += [one.tile.photo for one in page.hits]
        after = page.last
        if after is None:
            break
    assert pages == [one.tile.photo for one in look("rain 2026", count=500).hits]


@pytest.mark.promise("P10")
@pytest.mark.parametrize("how", ["nobody", "declined", "no-match"])
def test_a_name_without_consent_is_a_word_like_any_other(gala: Gala, how: str) -> None:
    """What captions say is found; of whether anybody of that name enrolled nothing is said."""
    gala.put("finish with Zoe.jpg", ADA)
    gala.put("b.jpg", BO)
    gala.ingest()
    if how == "declined":
        gala.enrol("Zoe", BO, Purpose.FIND_ME)
    if how == "no-match":
        gala.enrol("Zoe", EVE, Purpose.STAFF_FIND)
    found = gala.library.look("Zoe")
    (hit,) = found.hits
    assert (hit.tile.locator, hit.sightings, found.names) == ("finish with Zoe.jpg", (), {})


@pytest.mark.promise("P7", "P8")
def test_the_box_is_a_search(gala: Gala) -> None:
    """It names its actor and its consent in the log, and shows nobody once they have withdrawn."""
    gala.put("a.jpg", ADA)
    gala.ingest()
    gala.enrol("Ada", ADA, Purpose.STAFF_FIND)
    assert len(gala.library.look("ada").hits) == 1
    who = gala.library.consents("Ada")[0].id
    with gala.library._database.read() as tx:
        said = log.looked_for(tx, who)[-1]
    assert (said.act, said.purpose, len(said.rests_on)) == (Act.FOUND, Purpose.STAFF_FIND, 1)
    gala.library.withdraw("Ada")
    assert gala.library.look("ada").hits == ()
    with pytest.raises(Refused):
        gala.library.look("ada", purpose=Purpose.TELL_ME)


# --- jobs ---------------------------------------------------------------------------------------


def test_an_ingest_is_a_job_with_what_came_of_it(gala: Gala) -> None:
    """Its counts, and every file without result since it began; the next one has its own."""
    gala.put("a.jpg", ADA)
    (gala.folder / "broken.jpg").write_bytes(b"no picture")
    gala.ingest()
    (first,) = gala.library.jobs()
    assert (first.kind, first.state, first.counts["photos"]) == (JobKind.INGEST, "done", 1)
    assert [one.locator for one in gala.library.job("1").troubles] == ["broken.jpg"]
    gala.clock.advance(A_DAY)
    gala.ingest()
    assert gala.library.job("2").troubles == ()
    with pytest.raises(NotFound):
        gala.library.job("3")


def test_a_job_tells_how_far_it_is_while_it_runs(gala: Gala) -> None:
    """Another program sees it, with its rate and the time it is expected to take yet."""
    for number in range(4):
        gala.put(f"{number}.jpg", ADA, salt=number * 8)
    seen = []

    def look(_step: Step, /) -> None:
        gala.clock.advance(timedelta(seconds=2))
        with gala.another() as other:
            seen.append(other.jobs()[0])

    gala.ingest(look)
    assert {one.state for one in seen} == {JobState.RUNNING}
    assert (seen[0].what, seen[0].total, seen[0].remaining) == ("files listed", 0, None)
    seen = [one for one in seen if one.what == "photos"]
    assert [one.done for one in seen] == [1, 2, 3, 4]
    assert seen[-2].rate == pytest.approx(3 / 4, rel=0.5)
    assert seen[-2].remaining == pytest.approx(1 / (seen[-2].rate or 1))
    assert gala.library.jobs()[0].state is JobState.DONE


def test_a_job_says_how_it_ended(gala: Gala) -> None:
    """Stopped by its user, failed by an error, or found dead by the next one."""
    gala.put("a.jpg", ADA)

    def stop(_step: Step, /) -> None:
        raise Interrupted("stopped")

    with pytest.raises(Interrupted):
        gala.ingest(stop)
    assert gala.library.jobs()[0].state is JobState.STOPPED
    with gala.library._database.write() as tx:
        tx.execute(update(job).values(state=JobState.RUNNING, ended_at=None))
    gala.ingest()
    assert [one.state for one in gala.library.jobs()] == [JobState.DONE, JobState.DIED]


def test_searching_again_is_a_job(gala: Gala) -> None:
    gala.put("a.jpg", ADA)
    gala.ingest()
    gala.enrol("Ada", ADA, Purpose.FIND_ME)
    newest = gala.library.jobs()[0]
    assert (newest.kind, newest.counts) == (JobKind.SEARCH_AGAIN, {"compared_again": 1})


# --- assessments --------------------------------------------------------------------------------


@pytest.mark.promise("P11")
def test_an_assessment_has_every_answer_and_is_in_the_log(gala: Gala) -> None:
    """With one missing nothing is kept; kept, its digest is logged, and not its words."""
    answers = {name: f"The answer to {name}, in a sentence." for name in QUESTIONS}
    for name in QUESTIONS:
        with pytest.raises(UsageError):
            gala.library.assess(COLLECTION, answers | {name: "yes"})
    assert gala.library.assessment(COLLECTION) is None
    gala.library.set_rule(COLLECTION, recognition=False)
    with pytest.raises(Refused):
        gala.library.begin_recognition(COLLECTION, ground="notice")
    made = gala.library.assess(COLLECTION, answers)
    assert gala.library.assessment(COLLECTION) == made
    with gala.library._database.read() as tx:
        said = log.of_acts(tx, frozenset({Act.ASSESSED}))[-1]
    assert said.rests_on == (made.digest,)
    assert gala.library.begin_recognition(COLLECTION, ground="notice").recognises


# --- the bench ----------------------------------------------------------------------------------


def test_the_bench_asks_every_question() -> None:
    figures = bench_desk(300, runs=1)
    assert (figures.photos, figures.buckets, len(figures.times)) == (300, 2, 10)
    assert len(list(figures.as_text())) == 11
