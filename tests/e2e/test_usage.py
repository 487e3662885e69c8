"""The program as a process: where it is run, what its end says, who reads it, what stops it."""

import fcntl
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from countenance import __version__
from tests.fakes.gala import by_hand, forget_imprint

if TYPE_CHECKING:
    from tests.e2e.conftest import Run


@pytest.fixture
def library(run: "Run", tmp_path: Path) -> Path:
    """An empty library."""
    run("init", tmp_path / "library")
    return tmp_path / "library"


def test_version(run: "Run") -> None:
    """`--version` is one line."""
    assert run("--version").out == f"countenance {__version__}\n"


def test_module_is_the_program(program: Path) -> None:
    """`python -m countenance` is the same program."""
    words = [str(program.with_name("python")), "-m", "countenance", "--version"]
    done = subprocess.run(words, capture_output=True, check=True, text=True)
    assert done.stdout == f"countenance {__version__}\n"


def test_init_makes_a_library_once(run: "Run", tmp_path: Path) -> None:
    """A second `init` in the same folder is refused, and harms nothing."""
    made = run("init", tmp_path / "library", "--json")
    keys = tmp_path / "library.keys"
    address = tmp_path / "library" / "catalog.address"
    where = {"library": str(tmp_path / "library"), "keys": str(keys)}
    assert made.json == where | {"catalog": address.read_text() if address.exists() else None}
    assert keys.is_dir()
    assert "source add folder" in made.err
    again = run("init", cwd=tmp_path / "library", code=2)
    assert again.out == ""
    assert run("source", "list", cwd=tmp_path / "library").out == "there is no source yet\n"


def test_no_library_has_a_code_of_its_own(run: "Run", tmp_path: Path) -> None:
    """Where there is no library the exit code is 10, and the hint says how to make one."""
    ran = run("find", "Ada", cwd=tmp_path, code=10)
    assert ran.out == ""
    assert "countenance init" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_another_run_holds_the_library(run: "Run", library: Path) -> None:
    """Two ingests do not run at once: the second says so, with exit code 11."""
    descriptor = os.open(library / "lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        assert "another run" in run("ingest", cwd=library, code=11).err
    finally:
        os.close(descriptor)


def test_store_that_cannot_be_reached_is_unavailable(run: "Run", library: Path) -> None:
    """A catalog that a newer program made is left alone, with exit code 9."""
    with by_hand(library) as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    forget_imprint(library)
    assert "newer program" in run("source", "list", cwd=library, code=9).err


def test_doctor_finds_what_is_missing(run: "Run", library: Path, tmp_path: Path) -> None:
    """Where something needs to be looked after the exit code is 6, and stdout says what."""
    library.with_name(f"{library.name}.keys").chmod(0o755)
    ran = run("doctor", "--json", cwd=library, code=6)
    assert ran.json["sound"] is False
    found = {one["what"]: one for one in ran.json["examined"]}
    assert found["keys"]["sound"] is False
    assert found["catalog"]["sound"] is True
    run("doctor", "--library", tmp_path / "nowhere", code=6)


def test_reader_that_stops_reading_is_no_failure(
    program: Path, environment: Mapping[str, str]
) -> None:
    """`countenance ... | head -1` ends quietly."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        words = [str(program), "models", "list"]
        done = subprocess.run(
            words, env=dict(environment), stdout=nobody, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (0, b"")


def test_interrupt_ends_an_ingest(
    program: Path, environment: Mapping[str, str], library: Path, tmp_path: Path, run: "Run"
) -> None:
    """Ctrl-C ends a run with 130 and a sentence; the library is free again."""
    os.mkfifo(tmp_path / "toml")
    (library / "countenance.toml").symlink_to(tmp_path / "toml")
    ran = subprocess.Popen(
        [program, "ingest"],
        cwd=library,
        env=dict(environment),
        stderr=subprocess.PIPE,
        text=True,
    )
    # The program opens its settings, and waits there for what is never written: so it is at work,
    # and nothing needs to be timed.
    with open(tmp_path / "toml", "w"):  # noqa: PTH123  opened to be waited at
        ran.send_signal(signal.SIGINT)
        _, said = ran.communicate()
    assert ran.returncode == 130
    assert said == "countenance: stopped; run it again and it goes on\n"
    (library / "countenance.toml").unlink()
    run("ingest", cwd=library, code=4)  # of no source: it is refused, and not locked out
