from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from countenance.jobs.rounds import CARRIES_ON_EVERY, Failed, Ingested, Rounds, Told
from countenance.people.purpose import Purpose
from countenance.vault.layout import lock
from tests.fakes.gala import Gala

HOUR = timedelta(hours=1)


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    with Gala.make(tmp_path) as made:
        yield made


class Heard(list[Told]):
    """What was told, in its order."""

    @property
    def done(self) -> int:
        """Photos that were read."""
        return sum(one.report.done for one in self if isinstance(one, Ingested))


def rounds(gala: Gala, every: timedelta = HOUR, stop: Event | None = None) -> tuple[Rounds, Heard]:
    heard = Heard()
    return Rounds(gala.library, every, heard.append, stop or Event()), heard


def test_at_the_start_every_source_is_due(gala: Gala) -> None:
    """What came while nobody looked is found at once, and then nothing is told."""
    gala.put("one.png", 1)
    made, heard = rounds(gala)
    made.go()
    made.go()
    assert heard.done == 1
    assert len(heard) == 1


def test_a_source_is_scanned_on_the_schedule(gala: Gala) -> None:
    """Not before its time, and then again and again."""
    made, heard = rounds(gala)
    made.go()
    for number in range(2):
        gala.put(f"{number}.png", number + 1)
        made.go()
        assert heard.done == number
        gala.clock.advance(HOUR)
        made.go()
        assert heard.done == number + 1


def test_a_folder_that_changed_is_ingested_at_once(gala: Gala) -> None:
    """Also where nothing is scanned on a schedule."""
    made, heard = rounds(gala, every=timedelta())
    made.go()
    gala.put("one.png", 1)
    gala.clock.advance(10 * HOUR)
    made.go()
    assert heard.done == 0
    made.go({gala.source.id})
    assert heard.done == 1


@pytest.mark.promise("P1")
def test_a_source_without_a_grant_is_left_alone(gala: Gala) -> None:
    """Whatever changed there, and however long it was not scanned."""
    made, heard = rounds(gala)
    gala.put("one.png", 1)
    gala.clock.advance(timedelta(days=31))
    made.go({gala.source.id})
    assert heard == []
    assert gala.library.inventory().photos == 0


def test_while_another_run_holds_the_library_it_waits(gala: Gala) -> None:
    """And what changed meanwhile stays due, so that nothing is forgotten."""
    made, heard = rounds(gala, every=timedelta())
    gala.put("one.png", 1)
    with lock(gala.root):
        made.go({gala.source.id})
    assert heard == []
    made.go()
    assert heard.done == 1


def test_what_is_away_is_told_and_tried_again(gala: Gala) -> None:
    """One source in trouble ends neither the rounds nor the other sources."""
    made, heard = rounds(gala)
    gala.folder.rename(gala.folder.with_name("elsewhere"))
    made.go()
    assert [one.what for one in heard if isinstance(one, Failed)] == [gala.source.id]
    gala.folder.with_name("elsewhere").rename(gala.folder)
    gala.put("one.png", 1)
    gala.clock.advance(HOUR)
    made.go()
    assert heard.done == 1


def test_a_stop_ends_an_ingest_that_goes_on_later(gala: Gala) -> None:
    """Whoever ends the program does not wait for a thousand photos, and loses none (P29)."""
    for number in range(20):
        gala.put(f"{number}.png", number + 1)
    stop = Event()
    made, _ = rounds(gala, stop=stop)
    stop.set()
    made.go()
    before = gala.library.inventory().photos
    assert before < 20
    gala.ingest()
    assert gala.library.inventory().photos == 20


@pytest.mark.promise("P14")
def test_what_expires_is_latched_by_the_rounds(gala: Gala) -> None:
    """Nobody needs to run a command on the day: the clock set back revives nothing (P15)."""
    gala.enrol("Ada", 1, Purpose.FIND_ME, until=gala.clock.now() + timedelta(days=2))
    made, _ = rounds(gala)
    made.go()
    gala.clock.advance(timedelta(days=3) + CARRIES_ON_EVERY)
    made.go()
    gala.clock.advance(-timedelta(days=3))
    assert gala.library.inventory().recognised == 0
