"""
The feed of changes: every program at one catalog knows at once who joined and who withdrew.

There is nothing to be sent: whoever answers or stores asks the catalog's version in the transaction
in which it does, and what it holds in memory is as old as that version or is opened anew.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from countenance.accounts.roles import Role
from countenance.library import Library
from countenance.library.photos import SpreadOver
from countenance.people.purpose import Purpose
from tests.fakes.gala import Gala
from tests.fakes.program import asking
from tests.fakes.spread import Threads

ADA, BO = 1, 2
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    with Gala.make(tmp_path) as made:
        for number in range(6):
            made.put(f"{number}.jpg", ADA, BO, salt=number)
        yield made


@pytest.mark.long  # two servers start
@pytest.mark.promise("P8")
@pytest.mark.promise("P19")
def test_two_web_workers_know_at_once_who_joined_and_who_withdrew(gala: Gala) -> None:
    """Each in a process of its own, at a catalog in a file; a third program changes it."""
    gala.enrol("Ada", ADA, Purpose.STAFF_FIND)
    gala.ingest()
    with asking(gala) as program:
        everywhere = frozenset(one.id for one in gala.library.collections())
        token = program.token_of("desk", Role.STAFF, given=everywhere)
    with _worker(gala.root, token) as one, _worker(gala.root, token) as two:
        assert [_asked(worker, "Ada") for worker in (one, two)] == [[200, 6], [200, 6]]
        gala.library.withdraw("Ada")
        assert [_asked(worker, "Ada")[1] for worker in (one, two)] == [0, 0]
        gala.enrol("Bo", BO, Purpose.STAFF_FIND)
        assert [_asked(worker, "Bo") for worker in (one, two)] == [[200, 6], [200, 6]]


@pytest.mark.promise("P20")
def test_who_joins_while_an_ingest_is_led_is_found_in_all_of_it(gala: Gala) -> None:
    """The one who leads holds a gallery, and opens it anew for the next photo."""
    gala.enrol("Ada", ADA)
    calls = iter(range(1_000))

    def join() -> None:
        if next(calls) == 2:
            with gala.another() as other:
                other.__dict__["_search_again"] = lambda _: None  # the ingest holds the library
                _enrol(other, gala)

    gala.vision.after_templates = join
    gala.library.__dict__["_load_elsewhere"] = lambda: lambda: gala.library.extractor
    gala.library.ingest(spread=SpreadOver(Threads(), batch=2))
    assert len(gala.places("Ada")) == len(gala.places("Bo")) == 6


# --------------------------------------------------------------------------------------------------


def _enrol(library: Library, gala: Gala) -> None:
    own = gala.library
    gala.library = library
    try:
        gala.enrol("Bo", BO)
    finally:
        gala.library = own


@contextmanager
def _worker(root: Path, token: str) -> Iterator["subprocess.Popen[str]"]:
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.web_worker", str(root), token],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(["src", "."])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert started.stdout is not None
        assert started.stdout.readline() == "ready\n"
        yield started
    finally:
        started.kill()
        started.communicate()


def _asked(worker: "subprocess.Popen[str]", name: str) -> list[int]:
    """The status, and how many pictures."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(f"{name}\n")
    worker.stdin.flush()
    answer: list[int] = json.loads(worker.stdout.readline())
    return answer
