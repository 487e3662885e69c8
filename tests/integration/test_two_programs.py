"""
Two real processes at one library, and the locks that keep them apart.

A process that closes any descriptor of a file lets go of all its locks on it. So whoever has the
database open must not read its files, and the scan of an erasure reads every file there is.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from countenance.catalog.erasures import Stage
from tests.conftest import REPOSITORY
from tests.fakes.gala import A_DAY, Gala, require_receipts
from tests.fakes.two_programs import ROUNDS

TIME = 120  # seconds, after which it hangs


@pytest.mark.promise("P26")
@pytest.mark.promise("P30")
def test_an_erasure_beside_a_program_that_writes_spoils_nothing(tmp_path: Path) -> None:
    """The real scanner reads the database's files while another program appends to the log."""
    with Gala.make(tmp_path) as gala:
        gala.put("a.jpg", 1)
        gala.ingest()
    with _program("appends", gala.root) as appends, _program("erases", gala.root) as erases:
        _go(appends)
        _go(erases)
        told, _ = erases.communicate(timeout=TIME)
        assert told.split() == [Stage.CLOSED] * ROUNDS
        said, _ = appends.communicate(timeout=TIME)
    assert (erases.returncode, appends.returncode) == (0, 0)
    appended = int(said.split()[-1])
    assert appended > ROUNDS, "hardly anything was written meanwhile: the test proves nothing"
    gala.clock.advance(A_DAY)
    with gala.another() as gala.library:
        assert gala.library.damage() == ()
        assert gala.library.trail.verify({}).findings == ()
        # Every act that was said to be done is there, and nothing twice.
        names = [one.name for one in gala.library.collections()]
        assert sorted(names) == sorted(
            ["gala", *(f"collection {number}" for number in range(appended))]
        )
        require_receipts(gala.library)
        assert len(gala.library.receipts()) == ROUNDS


# --------------------------------------------------------------------------------------------


@contextmanager
def _program(what: str, root: Path) -> Iterator["subprocess.Popen[str]"]:
    """A program that has started, and waits."""
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.two_programs", what, str(root)],
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


def _go(one: "subprocess.Popen[str]") -> None:
    assert one.stdin is not None
    one.stdin.write("go\n")
    one.stdin.flush()
