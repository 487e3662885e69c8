"""Scanning on demand beside a server: one source after the other, each once, whoever else works."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from countenance.core.ids import SourceId
from countenance.jobs import scanning
from countenance.jobs.scanning import Asked, Scanning, ScanState
from countenance.library import Library
from countenance.vault.layout import lock
from tests.fakes.gala import Gala, open_library
from tests.fakes.vision import FakeVision

PATIENCE = 30.0  # seconds, of which a sound run needs a few hundredths


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    """One picture that nobody has read yet."""
    with Gala.make(tmp_path) as made:
        made.put("one.png", 1)
        yield made


@pytest.fixture
def jobs(gala: Gala, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scanning]:
    monkeypatch.setattr(scanning, "TRIES_AGAIN_AFTER", 0.01)
    made = Scanning(lambda: open_library(gala.root, gala.clock, FakeVision()))
    yield made
    made.close()


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds; it fails if that takes too long."""
    waiting = threading.Event()
    for _ in range(round(PATIENCE * 100)):
        if holds():
            return
        waiting.wait(0.01)
    pytest.fail("it did not come to it")


def test_what_is_asked_for_is_scanned(gala: Gala, jobs: Scanning) -> None:
    """Not while another run holds the library, and as soon as it does not; as whoever asked."""
    source = gala.source.id
    assert jobs.state(source) == Asked(ScanState.NONE)
    with lock(gala.root):
        assert jobs.ask(source, actor="bo").state is ScanState.WAITING
        jobs.ask(source, actor="cy")
        threading.Event().wait(0.1)
        assert gala.library.photos() == []
    until(lambda: jobs.state(source).state is ScanState.DONE and not jobs._waiting)
    assert len(gala.library.photos()) == 1
    assert gala.library.jobs()[-1].actor == "bo"


def test_one_that_fails_holds_up_no_other(
    gala: Gala, jobs: Scanning, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither for a reason of ours, nor for a bug; it says which."""
    missing, source = SourceId("d_none"), gala.source.id
    jobs.ask(missing, actor="bo")
    until(lambda: jobs.state(missing).state is ScanState.FAILED)
    assert jobs.state(missing).trouble == "d_none: no such source"
    with monkeypatch.context() as patch:
        patch.setattr(Library, "ingest", lambda *_, **__: 1 / 0)
        jobs.ask(source, actor="bo")
        until(lambda: jobs.state(source).state is ScanState.FAILED)
        assert jobs.state(source).trouble == "failed, and should not have"
    jobs.ask(source, actor="bo")
    until(lambda: jobs.state(source).state is ScanState.DONE)
    assert len(jobs.states()) == 2


def test_it_ends_while_it_waits(gala: Gala, jobs: Scanning) -> None:
    """Nothing is scanned any more; the next ingest does it."""
    with lock(gala.root):
        jobs.ask(gala.source.id, actor="bo")
        until(lambda: jobs.state(gala.source.id).state is ScanState.RUNNING)
        jobs.close()
        jobs.close()
    assert not jobs._thread.is_alive()
    assert gala.library.photos() == []
