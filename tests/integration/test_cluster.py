"""
An ingest on a cluster of Ray: two nodes on this machine, one killed in between; whom it calls; an
interrupt. Each starts a cluster, which takes some ten seconds. What can be shown without one,
`test_spread.py` shows.
"""

import ipaddress
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from countenance.catalog.tables import copy, item, photo
from countenance.core.clock import SystemClock
from countenance.engines.ray import QUIET, RayCluster
from countenance.enrol.enrol import Portrait
from countenance.errors import Unavailable, UsageError
from countenance.library import Given, Library
from countenance.people.purpose import Purpose, Wish
from tests.fakes.gala import database_at, open_library
from tests.fakes.vision import FakeVision, picture
from tests.fakes.watch import HOOK, addresses_called, descendants, own_addresses

ADA, STRANGER = 1, 26
PHOTOS = 60
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def program(tmp_path: Path) -> dict[str, str]:
    """The environment of a program that finds this checkout, and keeps to a folder of its own."""
    pytest.importorskip("ray")
    paths = [str(REPOSITORY / "src"), str(REPOSITORY), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "HOME": str(tmp_path / "home"),
    }


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Where temporary files go. Its path is short: Ray's sockets stand below it."""
    with tempfile.TemporaryDirectory(prefix="t-") as folder:
        yield Path(folder)


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Whatever a test starts has ended with it."""
    before = set(descendants(os.getpid()))
    yield
    for _ in range(100):
        if not set(descendants(os.getpid())) - before:
            return
        time.sleep(0.1)
    pytest.fail("processes are left behind")


@pytest.mark.long
@pytest.mark.promise("P29")
@pytest.mark.promise("P6")
def test_a_node_that_is_killed_costs_what_it_was_at(
    tmp_path: Path, program: Mapping[str, str]
) -> None:
    """Everything is done, once; the same rows as without; no file of Ray's holds a template."""
    once, killed = (_library(tmp_path / name, tmp_path / "photos") for name in ("once", "killed"))
    once.ingest()
    needles = _needles(once)
    expected = _rows(once)
    once.close()
    killed.close()
    out = tmp_path / "out.json"
    subprocess.run(
        [sys.executable, "-m", "tests.fakes.two_nodes", killed.root, out, "15"],
        env={**program, "NEEDLES": json.dumps([one.hex() for one in needles])},
        cwd=tmp_path,
        check=True,
        timeout=600,  # on a busy machine Ray takes minutes to start its workers
    )
    said = json.loads(out.read_text(encoding="utf-8"))
    assert said["killed"] == 1, "nothing looked on the second node: the test proves nothing"
    assert said["report"]["photos"] == PHOTOS
    assert said["held"] == []
    looks = out.with_suffix(".diary").read_text().splitlines()
    assert PHOTOS <= len(looks) <= PHOTOS + 4, "what was lost is at most a batch"
    with open_library(killed.root, SystemClock(), FakeVision()) as library:  # type: ignore[arg-type]
        assert _rows(library) == expected
        assert library.ingest().done == 0
        with library._database.read() as tx:
            assert set(tx.execute(select(item.c.taken_by)).scalars()) == {None}
            assert all(tx.execute(select(copy.c.confirmed)).scalars())


@pytest.mark.long
@pytest.mark.promise("P6")
def test_the_scan_of_ray_finds_what_it_looks_for(
    tmp_path: Path, program: Mapping[str, str]
) -> None:
    """A template that is put into Ray's own store is found, in memory and where it is spilled."""
    done = subprocess.run(
        [sys.executable, "-c", LEAKING, str(tmp_path)],
        env={**program, **QUIET},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
        timeout=200,
    )
    in_memory, spilled = json.loads(done.stdout.splitlines()[-1])
    assert in_memory
    assert spilled


@pytest.mark.long
def test_nobody_outside_is_called(tmp_path: Path, program: Mapping[str, str]) -> None:
    """By none of the processes of a run, from its start to its end; nor is a name asked for."""
    library = _library(tmp_path / "library", tmp_path / "photos", photos=6)
    library.close()
    heard, called = tmp_path / "heard", set[str]()
    ended = threading.Event()
    with _ingesting(library.root, _watched(tmp_path, program, heard)) as running:

        def look() -> None:
            while not ended.wait(0.01):
                called.update(addresses_called(running.pid))

        watch = threading.Thread(target=look)
        watch.start()
        out, err = running.communicate(timeout=200)
        ended.set()
        watch.join()
    assert running.returncode == 0, err
    assert json.loads(out)["done"] == 6
    beyond = {one for one in _names(heard) if not _is_here(one)}
    assert beyond == set()
    assert called == set()
    assert _names(heard), "nothing was heard at all: the test proves nothing"


def test_the_hook_hears_telemetry_that_is_not_switched_off(
    tmp_path: Path, program: Mapping[str, str]
) -> None:
    """So that hearing nothing says something. The call is barred: it reaches nobody."""
    pytest.importorskip("daft")
    heard = tmp_path / "heard"
    told = {name: value for name, value in program.items() if name not in QUIET}
    barred = "daft.gateway.scarf.sh,osstelemetry.io"
    for more in ({}, QUIET):
        heard.unlink(missing_ok=True)
        environment = {**_watched(tmp_path, {**told, **more}, heard), "BARRED": barred}
        subprocess.run(
            [sys.executable, "-c", "import daft, time; time.sleep(0.5)"],
            env=environment,
            check=True,
            timeout=60,
        )
        assert bool(_names(heard) & set(barred.split(","))) is not bool(more)


@pytest.mark.long
@pytest.mark.promise("P29")
def test_an_interrupt_ends_it_and_the_next_run_goes_on(
    tmp_path: Path, program: Mapping[str, str], temporary: Path
) -> None:
    """With exit code 130; nothing of the cluster is left, and no photo is forgotten."""
    library = _library(tmp_path / "library", tmp_path / "photos", photos=40)
    library.close()
    environment = {**program, "TMPDIR": str(temporary)}
    with _ingesting(library.root, environment) as running:
        _wait_until(lambda: _done(library.root) >= 3)
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)
    assert running.returncode == 130
    before = _done(library.root)
    assert 3 <= before < 40
    assert list(temporary.iterdir()) == []
    with open_library(library.root, SystemClock(), FakeVision()) as again:  # type: ignore[arg-type]
        assert again.ingest().done == 40 - before


@pytest.mark.long
@pytest.mark.promise("P29")
def test_a_leader_that_is_killed_leaves_nothing_running(
    tmp_path: Path, program: Mapping[str, str], temporary: Path
) -> None:
    """Its cluster ends with it, and what it had given out is done by the next run."""
    library = _library(tmp_path / "library", tmp_path / "photos", photos=40)
    library.close()
    with _ingesting(library.root, {**program, "TMPDIR": str(temporary)}) as running:
        _wait_until(lambda: _done(library.root) >= 3)
        below = descendants(running.pid)
        running.kill()
        running.communicate(timeout=60)
    assert below
    _wait_until(lambda: not any(Path(f"/proc/{one}/exe").exists() for one in below))
    _wait_until(lambda: not list(temporary.iterdir()))
    before = _done(library.root)
    with open_library(library.root, SystemClock(), FakeVision()) as again:  # type: ignore[arg-type]
        assert again.ingest().done == 40 - before


def test_without_the_extra_it_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence, before anything is begun."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(Unavailable, match="Daft and Ray") as refused:
        RayCluster().require()
    assert "countenance[cluster]" in refused.value.hint


def test_the_address_of_a_client_is_refused() -> None:
    """Workers could not reach this machine through it."""
    with pytest.raises(UsageError, match="its head"):
        RayCluster("ray://10.0.0.5:10001").require()


# --------------------------------------------------------------------------------------------------

LEADING = """
import sys
from functools import partial
from pathlib import Path
import tests.fakes.vision
from countenance.cli.main import main
from countenance.library.photos import Photos
from tests.fakes.spread import slow_extractor
diary = Path(sys.argv[1]) / "diary"
Photos._load_elsewhere = lambda self: partial(slow_extractor, 0.2, diary)
sys.argv = ["countenance", "--library", sys.argv[1], *sys.argv[2:]]
sys.exit(main())
"""

LEAKING = """
import json, os, sys, tempfile
from pathlib import Path
import numpy as np
import ray
from tests.fakes.watch import files_holding
with tempfile.TemporaryDirectory(prefix="ray-") as folder:
    said = dict(log_to_driver=False, configure_logging=False, include_dashboard=False)
    ray.init(num_cpus=1, object_store_memory=80_000_000, _temp_dir=folder, **said)
    template = np.random.default_rng(1).standard_normal(5_000_000).astype(np.float32)
    needle = template[1000:1004].tobytes()
    kept = [ray.put(template)]
    below = [Path(folder)]
    in_memory = files_holding([needle], Path(folder), os.getpid())
    kept += [ray.put(template + n) for n in range(1, 8)]
    held = files_holding([needle], Path(folder), os.getpid())
    spilled = [name for name in held if "ray_spilled" in name or "/dev/shm" not in name]
    print(json.dumps([sorted(in_memory), sorted(spilled)]))
    ray.shutdown()
"""


def _library(root: Path, folder: Path, photos: int = PHOTOS) -> Library:
    """One with Ada enrolled, and a folder of photos of her and a stranger."""
    library = open_library(root, SystemClock(), FakeVision())  # type: ignore[arg-type]
    portrait = Portrait("portrait.jpg", picture(ADA))
    library.enrol("Ada", [portrait], (Wish(Purpose.FIND_ME),))
    folder.mkdir(exist_ok=True)
    for number in range(photos):
        (folder / f"{number:03}.jpg").write_bytes(picture(ADA, STRANGER, salt=number))
    given = Given("the test", datetime.now(UTC) + timedelta(days=1))
    library.add_folder(folder, given, ground="a test")
    return library


def _needles(library: Library) -> list[bytes]:
    """Pieces of every template that was made, in three kinds of float."""
    vision = library.extractor.vision
    assert isinstance(vision, FakeVision)
    made = [template for _, template in vision.made]
    kinds = [one.astype(kind).tobytes() for one in made for kind in ("f4", "f2", "f8")]
    return sorted({data[start : start + 16] for data in kinds for start in (0, 64)})


def _rows(library: Library) -> list[object]:
    with library._database.read() as tx:
        items_now = tx.execute(select(item.c.locator, item.c.state)).all()
        digests = tx.execute(select(photo.c.digest)).scalars().all()
    found = library.find("Ada", purpose=Purpose.FIND_ME).sightings
    return [
        sorted(tuple(row) for row in items_now),
        sorted(digests),
        sorted((one.locator, str(one.band)) for one in found),
    ]


def _ingesting(root: Path, environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [
            *(sys.executable, "-c", LEADING, str(root)),
            *("ingest", "--engine", "ray", "--workers", "2", "--batch", "2", "--json"),
        ],
        env=dict(environment),
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _watched(folder: Path, program: Mapping[str, str], heard: Path) -> dict[str, str]:
    hook = folder / "hook"
    hook.mkdir(exist_ok=True)
    (hook / "sitecustomize.py").write_text(HOOK, encoding="utf-8")
    path = os.pathsep.join((str(hook), program["PYTHONPATH"]))
    return {**program, "PYTHONPATH": path, "WATCHED": str(heard)}


def _names(heard: Path) -> set[str]:
    lines = heard.read_text().splitlines() if heard.exists() else []
    return {line.split()[-1] for line in lines}


def _is_here(name: str) -> bool:
    """Whether it is this machine, by whatever name."""
    if name in ("None", "localhost", socket.gethostname(), ""):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified or name in own_addresses()


def _done(root: Path) -> int:
    database = database_at(root)
    with database.read() as tx:
        states = tx.execute(select(item.c.state)).scalars().all()
    database.close()
    return states.count("done")


def _wait_until(holds: Callable[[], bool]) -> None:
    for _ in range(600):
        if holds():
            return
        time.sleep(0.1)
    pytest.fail("it did not come to that in a minute")
