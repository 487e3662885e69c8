"""What all tests share: the real photographs beside the repository, and how long is long."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.fakes import migrated
from tests.fakes.postgres import MODE, environment, is_asked_for, made_quickly, server

REPOSITORY = Path(__file__).resolve().parent.parent

# Some tests import ONNX Runtime themselves. It reports to its maker unless told not to before that.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# Tests start hundreds of programs, each of which would else compile all that it imports anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# No test measures time against a clock, so Hypothesis may not either.
hypothesis.settings.register_profile(
    "countenance",
    deadline=None,
    max_examples=50,
    derandomize=bool(os.environ.get("CI")),  # a change is judged by what it does, not by chance
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("countenance")

_started = pytest.StashKey[float]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--long-seconds",
        type=float,
        default=0,
        help="start no long test after so many seconds; 0 runs them all",
    )
    parser.addoption(
        "--plant", metavar="NAME", help="break a promise: see tests/planted; the tests must find it"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make new catalogs quickly; switch a planted bug on before any test is collected."""
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    migrated.once_for_all(patch)
    name: str | None = config.getoption("--plant")
    if name is None:
        return
    from tests.planted.plants import PLANTS  # noqa: PLC0415  it imports all of the product

    if name not in PLANTS:
        raise pytest.UsageError(f"--plant: there is none of the name {name}")
    PLANTS[name].apply(patch)


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.stash[_started] = time.monotonic()
    # A shell that starts this in the background has it ignore Ctrl-C, and so would every program
    # that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """CI runs as many of the long tests as its time allows, and says which it left out."""
    budget: float = item.config.getoption("--long-seconds")
    spent = time.monotonic() - item.config.stash[_started]
    if budget and spent > budget and item.get_closest_marker("long"):
        pytest.skip(f"the {budget:g} s for long tests are spent")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real photographs with truth, which lie beside the repository and never in it."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("shared/data is absent: it lies beside the repository, not in it")
    return folder


@pytest.fixture(scope="session")
def documented(repository: Path) -> Callable[[str], set[str]]:
    """Gives the words in code type in the section of `docs/cli.md` about a command line."""
    manual = (repository / "docs" / "cli.md").read_text(encoding="utf-8")
    parts = re.split(r"^## countenance ([a-z -]*[a-z]).*\n", manual, flags=re.MULTILINE)[1:]
    sections = dict(zip(parts[::2], parts[1::2], strict=True))

    def documented(line: str) -> set[str]:
        section = next(text for path, text in sections.items() if f"{line} ".startswith(f"{path} "))
        same_as = re.findall("the fields of `([a-z ]+)`", section)
        text = "".join([section, *(sections[path] for path in same_as)])
        return set(re.findall("`([^`]+)`", text))

    return documented


@pytest.fixture(autouse=True)
def _a_small_reserve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of small libraries do not each take the room of a real one's reserve."""
    monkeypatch.setattr("countenance.vault.reserve.RESERVE_BYTES", 2**16)


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("COUNTENANCE_")]:
        if name != MODE:
            monkeypatch.delenv(name)
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    made_quickly(monkeypatch)


@pytest.fixture(autouse=True, scope="module")
def _databases_of_this_module(request: pytest.FixtureRequest) -> Iterator[None]:
    """Those that tests of a file have made go with it: else they fill the memory."""
    yield
    if is_asked_for() and "e2e" not in request.path.parts:
        for name in server().databases():
            server().drop(name)


@pytest.fixture(autouse=True)
def _a_file_is_a_file(request: pytest.FixtureRequest) -> None:
    if is_asked_for() and (mark := request.node.get_closest_marker("sqlite")):
        pytest.skip(f"of a catalog in a file: {mark.args[0]}")
