"""`countenance link`: made, drawn, listed, ended, from the command line."""

import json
from pathlib import Path

import pytest
from PIL import Image

from countenance.cli.main import main
from tests.fakes.gala import Gala

SIDE = 8 * 30
"""Pixels of a code at the least: it is to be printed."""


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library in which Ada is enrolled, with a collection `gala`."""
    monkeypatch.setenv("COUNTENANCE_ACTOR", "tester")
    with Gala.make(tmp_path) as gala:
        gala.put("one.png", 1)
        gala.ingest()
        gala.enrol("Ada", 1)
    return tmp_path / "library"


def run(library: Path, *words: object, code: int = 0) -> None:
    assert main(["link", *map(str, words), "--library", str(library)]) == code


def test_made_listed_ended(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What stands in a link is shown once; the list has ids and whether they lead anywhere."""
    run(library, "new", "--collection", "gala", "--channel", "web", "--json")
    made = json.loads(capsys.readouterr().out)
    assert made["url"].startswith("http://localhost:8765/i/")
    run(library, "new", "--person", "Ada", "--json")
    own = json.loads(capsys.readouterr().out)
    assert "/me/" in own["url"]
    run(library, "end", made["id"])
    capsys.readouterr()
    run(library, "list", "--json")
    heard = capsys.readouterr().out
    listed = {one["id"]: one["leads"] for one in json.loads(heard)["links"]}
    assert listed == {made["id"]: False, own["id"]: True}
    assert own["url"].rsplit("/", 1)[1] not in heard
    run(library, "list")
    assert "ended" in capsys.readouterr().out


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_drawn(library: Path, tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a code that is large enough for paper; a file that is there is not written over."""
    monkeypatch.setenv("COUNTENANCE_ADDRESS", "https://faces.example")
    file = tmp_path / f"code.{suffix}"
    run(library, "new", "--collection", "gala", "--qr", file)
    if suffix == "png":
        with Image.open(file) as drawn:
            assert min(drawn.size) >= SIDE
    else:
        assert b"<svg" in file.read_bytes()
    run(library, "new", "--collection", "gala", "--qr", file, code=2)
    run(library, "new", "--collection", "gala", "--qr", tmp_path / "code.gif", code=2)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["new"], 2),
        (["new", "--collection", "gala", "--person", "Ada"], 2),
        (["new", "--collection", "ball"], 5),
        (["new", "--person", "Bea"], 5),
        (["new", "--collection", "gala", "--until", "2001-01-01"], 2),
        (["end", "y_0000000000000000"], 5),
    ],
)
def test_refused(library: Path, words: list[str], code: int) -> None:
    run(library, *words, code=code)
