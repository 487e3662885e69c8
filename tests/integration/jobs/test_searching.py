"""Searching again beside a server: whoever enrolled is found in what was there before."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from countenance.enrol.enrol import Portrait
from countenance.jobs import searching
from countenance.jobs.searching import Searching
from countenance.people.purpose import Purpose, Wish
from countenance.vault.layout import lock
from tests.fakes.gala import Gala, open_library
from tests.fakes.vision import FakeVision, picture

PATIENCE = 30.0  # seconds, of which a sound run needs a few hundredths


@pytest.fixture
def gala(tmp_path: Path) -> Gala:
    """One picture, of 1."""
    made = Gala.make(tmp_path)
    made.put("one.png", 1)
    made.ingest()
    return made


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds; it fails if that takes too long."""
    waiting = threading.Event()
    for _ in range(round(PATIENCE * 100)):
        if holds():
            return
        waiting.wait(0.01)
    pytest.fail("it did not come to it")


def test_who_enrolled_is_found(gala: Gala, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not while another run holds the library, and as soon as it does not; then it is at rest."""
    monkeypatch.setattr(searching, "TRIES_AGAIN_AFTER", 0.01)
    with gala:
        gala.library.enrol(
            "Ada", [Portrait("a.jpg", picture(1))], (Wish(Purpose.FIND_ME),), search=False
        )
        assert gala.places("Ada") == []
        jobs = Searching(lambda: open_library(gala.root, gala.clock, FakeVision()))
        try:
            with lock(gala.root):
                jobs.wake()
                assert jobs.now is not None
                threading.Event().wait(0.1)
                assert gala.places("Ada") == []
            until(lambda: jobs.now is None)
            assert gala.places("Ada") == ["one.png"]
        finally:
            jobs.close()


def test_it_may_end_before_it_began(gala: Gala) -> None:
    """A server that nobody enrolled at has no thread for it, and ends at once."""
    with gala:
        jobs = Searching(gala.another)
        jobs.close()
        jobs.wake()
        assert "searching" not in [one.name for one in threading.enumerate()]
