"""The real server: what is put into a folder is found, and nobody runs a command."""

import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from countenance.demo.pictures import Portraits
from tests.e2e.conftest import Run

CODE = re.compile(r"countenance: ([0-9a-z]{5}-){5}[0-9a-z]\n")
PATIENCE = 60.0  # seconds, of which a sound run needs one


@dataclass(frozen=True, slots=True)
class Served:
    """A library with a server at it, and the folder that it watches."""

    library: Path
    folder: Path
    process: "subprocess.Popen[str]"


@pytest.fixture
def served(
    run: Run, program: Path, environment: Mapping[str, str], portraits: Portraits, tmp_path: Path
) -> Iterator[Served]:
    library, folder = tmp_path / "library", tmp_path / "photos"
    folder.mkdir()
    run("init", library)
    run(
        *("source", "add", "folder", folder, "--granted-by", "the tests", "--until", "2999-12-31"),
        *("--recognition-ground", "portraits in the public domain", "--library", library),
    )
    run(
        *("enrol", "Grace", "--photo", portraits.hopper, "--consent", "find-me"),
        *("--library", library),
    )
    process = subprocess.Popen(
        [program, "serve", "--port", "0", "--library", library],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield Served(library, folder, process)
    process.kill()
    process.communicate()


def test_a_photo_is_found_soon_after_it_came(
    served: Served, run: Run, portraits: Portraits
) -> None:
    """Nobody runs an ingest; and Ctrl-C ends the server, in good order."""
    assert served.process.stdout is not None
    assert served.process.stderr is not None
    assert served.process.stdout.readline().startswith("listening at http://localhost:")
    assert served.process.stdout.readline().startswith("watching 1 folder, scanning 1 source")
    assert "this code makes one" in served.process.stderr.readline()
    assert CODE.fullmatch(served.process.stderr.readline())
    shutil.copy(portraits.hopper, served.folder / "grace.jpg")
    # It waits for as long as it takes: a run that hangs is ended by whoever runs the tests.
    assert "1 photo read, 1 sighting" in served.process.stderr.readline()
    seen = run("find", "Grace", "--json", "--library", served.library).json["sightings"]
    assert [one["photo"]["locator"] for one in seen] == ["grace.jpg"]
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(PATIENCE) in (0, 130)
