import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from countenance.errors import Locked, NoLibrary, Unavailable
from countenance.vault.layout import LibraryLayout, lock

HOLD = """
import sys
from pathlib import Path
from countenance.vault.layout import lock

with lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def _another_run(root: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the library in `root` until it is told or made to end."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_new_folders_are_closed_to_others(tmp_path: Path) -> None:
    """A new library's folders may be entered by their owner only, and again does no harm."""
    layout = LibraryLayout(tmp_path / "new" / "library")
    before = os.umask(0)
    try:
        layout.create()
        layout.create()
    finally:
        os.umask(before)
    for folder in (layout.root, layout.vault):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    """Somebody's own folder stays as open as it was; what the library puts into it is closed."""
    tmp_path.chmod(0o755)
    layout = LibraryLayout(tmp_path)
    layout.vault.mkdir(mode=0o755)
    layout.create()
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert layout.vault.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file in the way is said to be there."""
    (tmp_path / "library").touch()
    with pytest.raises(Unavailable, match="library"):
        LibraryLayout(tmp_path / "library").create()


def test_a_library_exists_from_its_catalog_on(tmp_path: Path) -> None:
    """Folders alone are no library: a crash before the catalog leaves none."""
    layout = LibraryLayout(tmp_path)
    layout.create()
    assert not layout.exists()
    layout.catalog.touch()
    assert layout.exists()


def test_every_path_lies_in_the_root(tmp_path: Path) -> None:
    """A library is one folder: all its paths are different, and inside it."""
    layout = LibraryLayout(tmp_path)
    paths = {layout.catalog, layout.vault, layout.lock}
    assert {path.parent for path in paths} == {tmp_path}
    assert len(paths) == 3


def test_another_run_is_refused_and_named(tmp_path: Path) -> None:
    """While one process holds the library, another is told which one does."""
    with _another_run(tmp_path) as process:
        with pytest.raises(Locked, match=rf"another run holds .* \(process {process.pid}\)"):
            lock(tmp_path).__enter__()
        process.communicate()
        with lock(tmp_path):
            assert LibraryLayout(tmp_path).lock.read_text() == str(os.getpid())


@pytest.mark.promise("P26")
def test_a_killed_run_holds_nothing(tmp_path: Path) -> None:
    """After kill -9 the next run takes the library, though the file of the lock is still there."""
    with _another_run(tmp_path) as process:
        process.kill()
        process.wait()
        assert LibraryLayout(tmp_path).lock.exists()
        with lock(tmp_path):
            pass


def test_the_same_process_cannot_hold_it_twice(tmp_path: Path) -> None:
    """A lock within a lock is refused, and the first one stays."""
    with lock(tmp_path):
        for _ in range(2):
            with pytest.raises(Locked):
                lock(tmp_path).__enter__()
    with lock(tmp_path):
        pass


def test_a_run_that_fails_lets_go(tmp_path: Path) -> None:
    """An exception inside ends the hold, and leaves the number of no process."""
    with pytest.raises(RuntimeError), lock(tmp_path):
        raise RuntimeError
    with lock(tmp_path):
        pass
    assert LibraryLayout(tmp_path).lock.read_text() == ""


def test_a_lock_without_a_number_is_still_held(tmp_path: Path) -> None:
    """In the instant before its holder has written its number, it is refused without one."""
    with lock(tmp_path):
        LibraryLayout(tmp_path).lock.write_text("")
        with pytest.raises(Locked) as caught:
            lock(tmp_path).__enter__()
    assert "process" not in caught.value.message


def test_no_folder_no_library(tmp_path: Path) -> None:
    """Where there is no folder there is no library, and none is made."""
    with pytest.raises(NoLibrary):
        lock(tmp_path / "absent").__enter__()
    assert not (tmp_path / "absent").exists()
