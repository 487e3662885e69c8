from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Self

import pytest

from countenance.core.ids import SourceId
from countenance.jobs.watch import changes

GALA, CLUB = SourceId("d_gala"), SourceId("d_club")
PATIENCE = 20.0  # seconds, of which a sound run needs two


@pytest.fixture
def folders(tmp_path: Path) -> dict[SourceId, Path]:
    for name in ("gala", "club"):
        (tmp_path / name).mkdir()
    return {GALA: tmp_path / "gala", CLUB: tmp_path / "club"}


class Ear:
    """Listens in a thread of its own, until the test is over."""

    def __init__(self, folders: dict[SourceId, Path]) -> None:
        self.folders = folders
        self.heard: set[SourceId] = set()
        self.looks = 0
        self.stop = Event()
        self._thread = Thread(target=self._listen)

    def __enter__(self) -> Self:
        self._thread.start()
        self.look()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def look(self) -> None:
        """Wait until the folders of now are watched: from the second look on they surely are."""
        before = self.looks
        self._until(lambda: self.looks >= before + 2)

    def hears(self, source: SourceId) -> None:
        self._until(lambda: source in self.heard)

    def _listen(self) -> None:
        for changed in changes(lambda: dict(self.folders), self.stop, every=0.1):
            self.heard |= changed
            self.looks += 1

    @staticmethod
    def _until(holds: Callable[[], bool]) -> None:
        end = monotonic() + PATIENCE
        while not holds():
            assert monotonic() < end, "nothing was heard"
            sleep(0.02)


@pytest.fixture
def ear(folders: dict[SourceId, Path]) -> Iterator[Ear]:
    with Ear(folders) as made:
        yield made


def test_a_new_file_is_told_of_its_source_alone(ear: Ear) -> None:
    """At any depth, and of no other source."""
    below = ear.folders[GALA] / "friday" / "evening"
    below.mkdir(parents=True)
    (below / "one.jpg").write_bytes(b"one")
    ear.hears(GALA)
    assert CLUB not in ear.heard


def test_what_is_hidden_is_not_told(ear: Ear) -> None:
    """Programs write such files all the time."""
    (ear.folders[CLUB] / ".one.jpg.part").write_bytes(b"half")
    (ear.folders[GALA] / "one.jpg").write_bytes(b"one")
    ear.hears(GALA)
    assert CLUB not in ear.heard


def test_a_folder_that_comes_later_is_watched_too(ear: Ear, tmp_path: Path) -> None:
    """A source that was added, or a drive that was connected, while this runs."""
    later = SourceId("d_later")
    ear.folders[later] = tmp_path / "later"
    ear.look()
    (tmp_path / "later").mkdir()
    ear.look()
    (tmp_path / "later" / "one.jpg").write_bytes(b"one")
    ear.hears(later)


def test_without_a_folder_it_waits(folders: dict[SourceId, Path]) -> None:
    """And looks again, until there is one or it is stopped."""
    folders.clear()
    with Ear(folders) as ear:
        ear.look()
    assert ear.heard == set()
