"""What a command loads before it does anything: every library costs each call of each command."""

import subprocess
import sys
from pathlib import Path

import pytest

from countenance.library import Library

PROGRAM = """
import sys
from countenance.cli.main import main

for words in sys.argv[2:]:
    assert main(["--library", sys.argv[1], *words.split()]) == 0, words
for module in [*sys.modules.values()]:
    origin = getattr(getattr(module, "__spec__", None), "origin", None) or ""
    if "-packages" in origin:
        print(module.__name__.partition(".")[0], file=sys.stderr)
"""

ALWAYS = {
    # Found by every program of this machine, whatever it does.
    "_distutils_hack",
    "_virtualenv",
    "coverage",
    "sitecustomize",
}

LISTING = {"_cffi_backend", "click", "cryptography", "rfc8785", "sqlalchemy", "typing_extensions"}
"""The catalog, and what its imprint and the audit log are made with."""

SEARCHING = LISTING | {
    # Searches are counted, and what counts them needs these.
    *("deprecated", "limits", "packaging", "wrapt"),
    # Which of the pictures are the same.
    *("cv2", "numpy"),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    Library.init(tmp_path / "gala").close()
    return tmp_path / "gala"


@pytest.mark.sqlite("what a server needs is loaded besides")
@pytest.mark.parametrize(
    ("commands", "allowed"),
    [
        (
            (
                *("person list", "source list", "collection list", "job list", "receipt list"),
                *("recipient list", "account list", "link list", "backup list", "audit verify"),
            ),
            LISTING,
        ),
        (("find Nobody",), SEARCHING),
    ],
)
def test_a_daily_command_loads_only_what_it_needs(
    root: Path, commands: tuple[str, ...], allowed: set[str]
) -> None:
    """Nor Alembic where the catalog is of the newest form, nor networks, nor what decodes."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(root), *commands],
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    loaded = {line for line in run.stderr.splitlines() if line.isidentifier()}
    assert loaded >= {"click", "sqlalchemy"}
    assert loaded - ALWAYS - allowed == set()


@pytest.mark.sqlite("what a server needs is loaded besides")
def test_a_file_is_opened_without_what_servers_need(root: Path) -> None:
    """SQLAlchemy's PostgreSQL is loaded where a catalog is there, or nowhere."""
    code = PROGRAM + "assert 'sqlalchemy.dialects.postgresql' not in sys.modules"
    subprocess.run([sys.executable, "-c", code, str(root), "person list"], check=True)
