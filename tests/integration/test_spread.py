"""
An ingest that is spread over workers, all but the cluster: the hub, the leases, the one writer.

The workers are threads here, each with a stage and a line of its own.
"""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from countenance.catalog import items
from countenance.catalog.tables import copy, face, item, photo, sighting
from countenance.errors import NoModel, Reason, Unavailable
from countenance.extract.extractor import Extractor
from countenance.ingest import cluster, worker
from countenance.ingest.cluster import LEASE
from countenance.ingest.progress import Progress, Step, silent
from countenance.ingest.run import Report
from countenance.library.photos import SpreadOver
from tests.fakes.gala import Gala, holding, rows
from tests.fakes.spread import Deserted, Killed, Threads
from tests.fakes.vision import picture

ADA, BO, STRANGER = 1, 2, 26


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    with Gala.make(tmp_path) as made:
        yield made


def spread(
    gala: Gala,
    engine: Threads | Deserted | None = None,
    *,
    batch: int = 2,
    progress: Progress = silent,
) -> Report:
    """One ingest, spread."""
    gala.library.__dict__["_load_elsewhere"] = lambda: lambda: gala.library.extractor
    over = SpreadOver(engine or Threads(), batch=batch)
    return gala.library.ingest(spread=over, progress=progress)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_the_same_comes_of_it_as_on_one_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, elsewhere: bool
) -> None:
    """The same rows and the same report, whether workers read the files or get them sent."""
    if elsewhere:
        monkeypatch.setattr(cluster, "machine", lambda: "another")
    found = []
    ways: tuple[Callable[[Gala], Report], ...] = (Gala.ingest, spread)
    for number, ingest in enumerate(ways):
        with Gala.make(tmp_path / str(number)) as gala:
            _fill(gala)
            gala.enrol("Ada", ADA)
            report = ingest(gala)
            again = ingest(gala)
            counts = report.counts, again.counts, sorted(str(one) for one in report.skipped)
            found.append((_contents(gala), [*counts[:2], len(counts[2])], gala.places("Ada")))
            assert report.spent.keys() >= {"read", "decode", "detect"}
    assert found[0] == found[1]


@pytest.mark.promise("P1")
@pytest.mark.parametrize("elsewhere", [False, True])
def test_no_worker_reads_a_file_once_its_grant_was_revoked(
    gala: Gala, monkeypatch: pytest.MonkeyPatch, *, elsewhere: bool
) -> None:
    """Each asks before each file, also for what it took while there was a grant."""
    if elsewhere:
        monkeypatch.setattr(cluster, "machine", lambda: "another")
    for number in range(9):
        gala.put(f"{number}.jpg", ADA, salt=number)
    gala.enrol("Ada", ADA)
    before = len(gala.vision.looked)
    gala.vision.after_templates = _once(lambda: _take_down(gala))
    spread(gala, batch=8)
    assert gala.states() == {}
    assert len(gala.vision.looked) - before <= 2
    assert gala.places("Ada") == []


@pytest.mark.promise("P20")
def test_who_withdrew_meanwhile_is_not_stored(gala: Gala) -> None:
    """Consents are read in the transaction that stores, whoever looked at the photo."""
    for number in range(4):
        gala.put(f"{number}.jpg", ADA, BO, salt=number)
    person = gala.enrol("Ada", ADA).enrolment.person.id
    gala.enrol("Bo", BO)
    gala.vision.after_templates = _once(lambda: _withdraw(gala, person))
    report = spread(gala)
    assert report.done == 4
    assert len(gala.places("Bo")) == 4
    with gala.library._database.read() as tx:
        assert person not in tx.execute(select(sighting.c.person_id)).scalars().all()


@pytest.mark.promise("P29")
def test_what_a_killed_worker_had_is_done_by_another(gala: Gala) -> None:
    """Each photo once; those that it had in hand have an attempt more."""
    for number in range(12):
        gala.put(f"{number:02}.jpg", ADA, salt=number)
    gala.enrol("Ada", ADA)
    gala.vision.after_templates = _once(_killed, after=2)
    assert spread(gala, batch=3).done == 12
    assert set(gala.states().values()) == {"done"}
    assert len(gala.places("Ada")) == 12
    attempts = _attempts(gala)
    assert 1 <= sum(attempts.values()) - 12 <= 3
    _assert_no_leftovers(gala)


@pytest.mark.promise("P29")
def test_when_all_workers_are_killed_the_rest_is_given_out_anew(gala: Gala) -> None:
    """The engine gives up; what is listed is not lost."""
    for number in range(6):
        gala.put(f"{number}.jpg", ADA, salt=number)
    gala.enrol("Ada", ADA)
    gala.vision.after_templates = _once(_killed, after=1)
    engine = Threads(workers=1)
    assert spread(gala, engine).done == 6
    assert len(engine.batches) > 3


@pytest.mark.promise("P29")
@pytest.mark.parametrize("rounds", [2, 9])
def test_a_cluster_that_waits_for_a_lost_machine_is_asked_anew(
    gala: Gala, monkeypatch: pytest.MonkeyPatch, rounds: int
) -> None:
    """It gives out nothing until it knows of the loss; who has patience with it gets it all."""
    monkeypatch.setattr(cluster, "IDLE", 2)
    monkeypatch.setattr(cluster, "PATIENCE", 4)
    monkeypatch.setattr(cluster, "_TICK", 0.05)
    for number in range(6):
        gala.put(f"{number}.jpg", ADA, salt=number)
    gala.enrol("Ada", ADA)
    engine = Threads(stuck=rounds)
    if rounds > cluster.PATIENCE:
        with pytest.raises(Unavailable, match="are given nothing"):
            spread(gala, engine)
    else:
        assert spread(gala, engine).done == 6
    _assert_no_leftovers(gala)


def test_a_worker_that_comes_late_is_given_something(
    gala: Gala, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That nobody was there before is not held against it."""
    monkeypatch.setattr(cluster, "IDLE", 10)
    monkeypatch.setattr(cluster, "_TICK", 0.05)
    gala.put("a.jpg", ADA)
    gala.enrol("Ada", ADA)
    engine = Threads(workers=1, late=1.0)
    assert spread(gala, engine).done == 1
    assert len(engine.batches) == 1


@pytest.mark.promise("P29")
def test_what_comes_after_its_lease_ran_out_is_dropped(gala: Gala) -> None:
    """It was taken back while its worker was silent; another's word is stored, once."""
    gala.put("a.jpg", ADA)
    gala.enrol("Ada", ADA)

    def fall_silent() -> None:
        gala.clock.advance(LEASE + timedelta(seconds=1))
        with gala.library._database.write() as tx:
            assert items.take_back_late(tx, at=gala.clock.now())

    gala.vision.after_templates = _once(fall_silent)
    before = len(gala.vision.looked)
    report = spread(gala, Threads(workers=1))
    assert (report.done, gala.states(), _attempts(gala)) == (1, {"a.jpg": "done"}, {"a.jpg": 2})
    assert len(gala.vision.looked) - before == 2
    assert len(gala.places("Ada")) == 1
    _assert_no_leftovers(gala)


@pytest.mark.promise("P29")
def test_who_is_heard_of_keeps_what_it_has(gala: Gala) -> None:
    """A lease is renewed by whatever its holder asks."""
    for number in range(4):
        gala.put(f"{number}.jpg", ADA, salt=number)
    gala.enrol("Ada", ADA)
    gala.vision.after_templates = lambda: gala.clock.advance(LEASE * 0.6)
    assert spread(gala, Threads(workers=1), batch=4).done == 4
    assert set(_attempts(gala).values()) == {1}


@pytest.mark.promise("P29")
def test_an_interrupt_gives_everything_back(gala: Gala) -> None:
    """Nothing stays taken, what was not done was not tried, and the next run goes on."""
    for number in range(10):
        gala.put(f"{number}.jpg", ADA, salt=number)
    gala.enrol("Ada", ADA)

    def stop(step: Step) -> None:
        if step.what == "photos" and step.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        spread(gala, progress=stop)
    states = gala.states()
    done = [one for one in states.values() if one == "done"]
    assert 3 <= len(done) < 10
    assert set(states.values()) == {"done", "listed"}
    assert set(_attempts(gala).values()) == {0, 1}
    _assert_no_leftovers(gala)
    assert spread(gala).done == 10 - len(done)


@pytest.mark.promise("P6")
def test_the_engine_gets_numbers_and_no_file_a_template(gala: Gala) -> None:
    """Of enrolled people and strangers alike: templates go by the line, and are dropped."""
    for number in range(4):
        gala.put(f"{number}.jpg", ADA, STRANGER, salt=number)
    gala.enrol("Ada", ADA)
    engine = Threads()
    spread(gala, engine)
    assert all(isinstance(row, int) for part in engine.batches for row in part)
    made = {template.tobytes() for _, template in gala.vision.made}
    assert len(made) >= 2
    gala.library.close()
    assert holding(gala.root, made) == []


def test_a_source_that_goes_away_is_said_once(gala: Gala) -> None:
    """What was not read stays on the list."""
    for number in range(6):
        gala.put(f"{number}.jpg", ADA, salt=number)
    gala.enrol("Ada", ADA)
    gala.vision.after_templates = _once(lambda: gala.folder.rename(gala.folder.with_name("gone")))
    report = spread(gala, Threads(workers=1))
    assert [one.locator for one in report.unlisted] == [gala.source.id]
    assert set(gala.states().values()) == {"done", "listed"}


def test_a_worker_without_the_pack_ends_the_run(gala: Gala) -> None:
    """It says where, and what to do."""
    gala.put("a.jpg", ADA)

    def load() -> Extractor:
        raise NoModel("starter: not here", hint="countenance models get starter")

    gala.library.__dict__["_load_elsewhere"] = lambda: load
    with pytest.raises(Unavailable, match="starter: not here: countenance models get starter"):
        gala.library.ingest(spread=SpreadOver(Threads()))
    assert gala.states() == {"a.jpg": "listed"}


def test_a_worker_of_another_version_ends_the_run(
    gala: Gala, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two versions may see two things in one photo."""
    gala.put("a.jpg", ADA)
    monkeypatch.setattr(worker, "__version__", "0.0.1")
    with pytest.raises(Unavailable, match=r"countenance is 0\.0\.1 there"):
        spread(gala)


def test_a_cluster_without_a_worker_ends_the_run(
    gala: Gala, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for a while, and then it is said what to look at; nothing is tried or taken."""
    monkeypatch.setattr(cluster, "NOBODY", 3)
    monkeypatch.setattr(cluster, "_TICK", 0.05)
    gala.put("a.jpg", ADA)
    engine = Deserted()
    with pytest.raises(Unavailable, match="no worker of the cluster was heard of") as raised:
        spread(gala, engine)
    assert "a processor free" in raised.value.hint
    assert engine.ended.is_set()
    assert _attempts(gala) == {"a.jpg": 0}
    _assert_no_leftovers(gala)


def test_photos_that_no_worker_can_read_are_lines_in_the_report(
    gala: Gala, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the reasons that they have on one machine, also when they are sent."""
    monkeypatch.setattr(cluster, "machine", lambda: "another")
    _fill(gala)
    (gala.folder / "large.jpg").write_bytes(picture(ADA) + bytes(101 * 1024**2))
    report = spread(gala)
    reasons = {one.locator: one.reason for one in report.skipped}
    assert reasons == {
        "bad.jpg": Reason.NOT_A_PICTURE,
        "empty.jpg": Reason.EMPTY,
        "large.jpg": Reason.TOO_MANY_BYTES,
    }


# --------------------------------------------------------------------------------------------------


def _fill(gala: Gala) -> None:
    for number in range(5):
        gala.put(f"{number}.jpg", ADA, STRANGER, salt=number)
    gala.put("below/nobody.jpg", salt=7)
    (gala.folder / "again.jpg").write_bytes((gala.folder / "0.jpg").read_bytes())
    (gala.folder / "bad.jpg").write_bytes(b"this is no picture")
    (gala.folder / "empty.jpg").write_bytes(b"")


def _contents(gala: Gala) -> list[list[tuple[object, ...]]]:
    with gala.library._database.read() as tx:
        return [sorted(part, key=str) for part in _tables(tx)]


def _tables(tx: Connection) -> Iterator[list[tuple[object, ...]]]:
    yield rows(tx, item.c.locator, item.c.state, item.c.reason, item.c.detail, item.c.attempts)
    yield rows(tx, photo.c.digest, photo.c.width, photo.c.height, photo.c.pack, photo.c.near)
    yield rows(tx, face.c.x1, face.c.y1, face.c.x2, face.c.y2, face.c.points)
    yield rows(tx, sighting.c.band, sighting.c.state)
    yield rows(tx, copy.c.kind, copy.c.digest, copy.c.size, copy.c.confirmed)


def _assert_no_leftovers(gala: Gala) -> None:
    """No lease, no intention without bytes, no bytes without a row."""
    with gala.library._database.read() as tx:
        assert set(tx.execute(select(item.c.taken_by)).scalars()) == {None}
        ledger = {row.id: row.confirmed for row in tx.execute(select(copy.c.id, copy.c.confirmed))}
    assert all(ledger.values())
    assert set(gala.blobs.ids()) == ledger.keys()


def _attempts(gala: Gala) -> dict[str, int]:
    with gala.library._database.read() as tx:
        return {row.locator: row.attempts for row in tx.execute(select(item))}


def _once(act: Callable[[], object], *, after: int = 0) -> Callable[[], None]:
    """Does it once, in whichever worker comes then."""
    calls = iter(range(1_000_000))
    lock = threading.Lock()

    def maybe() -> None:
        with lock:
            number = next(calls)
        if number == after:
            act()

    return maybe


def _killed() -> None:
    raise Killed


def _take_down(gala: Gala) -> None:
    with gala.another() as other:
        other.take_down(gala.source.id)


def _withdraw(gala: Gala, person: str) -> None:
    with gala.another() as other:
        other.withdraw(person)
