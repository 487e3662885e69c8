import subprocess
import sys
from pathlib import Path

import pytest

from countenance.demo.story import COLLINS, HOPPER, MARKER, tell
from countenance.errors import Locked, UsageError
from countenance.library import Library
from countenance.people.purpose import Purpose
from countenance.settings import keys_beside, load_settings
from countenance.vault.keys import KeyStore


class Told:
    """A demo that was told, and what it left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[str] = []
        tell(folder, self.lines.append)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return Told(tmp_path_factory.mktemp("demo") / "demo-library")


@pytest.mark.promise("P6")
def test_every_face_gets_a_box_and_nobody_a_template(told: Told) -> None:
    """Before anybody enrols there are boxes only."""
    assert "12 photos were read" in told.text
    assert "15 boxes. Of no face is there a template" in told.text
    assert "0 people enrolled, the templates of 0 stored" in told.text
    assert "13-cut-short.jpg: damaged" in told.text


def test_hopper_is_found_in_all_her_photos_and_nowhere_else(told: Told) -> None:
    """Turned, darker, small and sideways: nine photos, each in the band `sure`."""
    rows = [line.split() for line in told.lines if line.endswith(" sure") and ".jpg" in line]
    assert [row[0][:2] for row in rows] == [f"{number:02}" for number in range(1, 10)]


@pytest.mark.promise("P10")
def test_collins_gets_the_answer_of_nobody(told: Told) -> None:
    """Never enrolled, in six photos: no candidate, and nothing found."""
    assert f"{COLLINS}'s portrait: one face: no candidate" in told.text
    assert "a drawn face, which nobody has: one face: no candidate" in told.text
    assert f"{COLLINS}: nothing found" in told.text


@pytest.mark.promise("P19")
def test_after_the_withdrawal_nothing_is_left_of_her(told: Told) -> None:
    """The library that stays has boxes, and no person, sighting or key."""
    with Library.open(told.folder) as library:
        left = library.inventory()
        assert (left.photos, left.faces, left.people, left.sightings) == (12, 15, 0, 0)
        assert not library.find(HOPPER, purpose=Purpose.FIND_ME).sightings
        assert not KeyStore(library.settings.keys_dir).ids()


def test_the_enrolment_picture_is_none_of_the_photos(told: Told) -> None:
    """She is recognised, not looked up."""
    portrait = (told.folder / "portraits" / "grace_hopper.jpg").read_bytes()
    assert portrait not in {path.read_bytes() for path in (told.folder / "photos").iterdir()}


def test_the_commands_it_ends_with_name_files_that_are_there(told: Told) -> None:
    """What is to be typed next can be typed."""
    commands = [line for line in told.lines if "--library" in line]
    assert [word for line in commands for word in ("enrol", "find", "withdraw") if word in line]
    assert str(told.folder / "portraits" / "grace_hopper.jpg") in commands[0]


def test_it_starts_over_in_its_own_folder(tmp_path: Path) -> None:
    """A second demo empties what the first one made, even half of it."""
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / MARKER).write_text("", encoding="utf-8")
    (folder / "photos").mkdir()
    (folder / "photos" / "old.jpg").write_bytes(b"old")
    Told(folder)
    assert not (folder / "photos" / "old.jpg").exists()
    with Library.open(folder) as library:
        assert library.inventory().photos == 12


def test_a_library_that_is_open_is_not_emptied(tmp_path: Path) -> None:
    """Under a server that still runs, nothing is taken away; and a sentence says what to do."""
    folder = tmp_path / "demo"
    own = load_settings(folder).with_keys(keys_beside(folder))
    with Library.init(folder, own) as library:
        (folder / MARKER).write_text("", encoding="utf-8")
        with pytest.raises(Locked, match="a program has this library open"):
            tell(folder, lambda _line: None)
        assert library.inventory().photos == 0


def test_a_folder_that_is_not_its_own_is_left_alone(tmp_path: Path) -> None:
    """Without its marker nothing is deleted, and a sentence says why."""
    (tmp_path / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(UsageError, match="no demo made it"):
        tell(tmp_path, lambda _line: None)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]
    with pytest.raises(UsageError, match="not a folder"):
        tell(tmp_path / "letter.txt", lambda _line: None)


def test_it_is_on_no_server_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database on it would stay when the demo goes."""
    monkeypatch.setenv("COUNTENANCE_CATALOG", "postgresql://nobody.invalid/")
    tell(tmp_path / "demo", lambda _line: None)
    assert (tmp_path / "demo" / "catalog.db").is_file()


def test_keys_stay_in_the_demo_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key folder of a library that is no demo is not touched."""
    real = tmp_path / "real-keys"
    real.mkdir(mode=0o700)
    monkeypatch.setenv("COUNTENANCE_KEYS", str(real))
    key = KeyStore(real).create()
    tell(tmp_path / "demo", lambda _line: None, keep=False)
    assert KeyStore(real).ids() == {key}


def test_the_command_tells_it_and_leaves_nothing(tmp_path: Path) -> None:
    """`countenance demo` without a folder ends with no file of it left."""
    program = Path(sys.executable).with_name("countenance")
    done = subprocess.run(
        [program, "demo"],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"TMPDIR": str(tmp_path), "HOME": str(Path.home()), "PATH": "/usr/bin:/bin"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "8. What is left to look at\n   Nothing:" in done.stdout
    assert list(tmp_path.iterdir()) == []
