"""On the command line: words, days, one picture with its places, and its takedown."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from countenance.cli.main import main
from tests.fakes.gala import Gala
from tests.fakes.said import with_words
from tests.fakes.scene import scene

ADA, BO = 1, 2

Run = Callable[..., Any]


@pytest.fixture
def gala(tmp_path: Path) -> Gala:
    """Ada in a picture, in a copy of it, in it saved again, and in another; closed."""
    with Gala.make(tmp_path, until=datetime(2099, 1, 1, tzinfo=UTC)) as made:
        (made.folder / "copies").mkdir()
        first = with_words(scene(1, ADA), title="Summer ball", taken="2026-05-01T12:30:00")
        for name, data in (
            ("a.jpg", first),
            ("copies/a.jpg", first),
            ("copies/saved.jpg", scene(1, ADA, edit="saved")),
            ("b.jpg", scene(2, ADA, BO)),
        ):
            (made.folder / name).write_bytes(data)
            os.utime(made.folder / name, ns=(0, 1_000_000_000))
        made.ingest()
        made.enrol("Ada", ADA)
    return made


@pytest.fixture
def run(
    gala: Gala, capsys: pytest.CaptureFixture[str], documented: Callable[[str], set[str]]
) -> Run:
    """Runs a command line, which must end with `code`; gives its JSON, all of it in the manual."""

    def run(*words: str, code: int = 0) -> Any:  # noqa: ANN401  whatever the command answers
        ended = main(["--library", str(gala.root), "--as", "tester", "--json", *words])
        shown = capsys.readouterr()
        assert ended == code, shown.err
        document = json.loads(shown.out) if shown.out else {}
        assert set(document) <= documented(" ".join(words))
        return document

    return run


def test_one_picture_is_one_result(run: Run, gala: Gala) -> None:
    """With all its places, each with the sighting in it."""
    first, other = run("find", "Ada")["sightings"]
    places = first.pop("places")
    assert [one["locator"] for one in places] == ["a.jpg", "copies/a.jpg", "copies/saved.jpg"]
    assert [one["sighting"] == first["id"] for one in places] == [True, True, False]
    assert places[1]["url"].endswith("/gala/copies/a.jpg")
    assert first["photo"]["taken_at"] == "2026-05-01T12:30:00"
    assert first["named_by_source"] is False
    assert [one["locator"] for one in other["places"]] == ["b.jpg"]
    assert str(gala.folder) == first["photo"]["location"]


def test_the_text_has_its_places_too(gala: Gala, capsys: pytest.CaptureFixture[str]) -> None:
    """Below the first of them."""
    assert main(["--library", str(gala.root), "--as", "tester", "find", "Ada"]) == 0
    shown = capsys.readouterr().out
    assert "Ada is in 2 photos:" in shown
    assert f"also {gala.folder}/copies/saved.jpg" in shown


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--text", "summer"), [["a.jpg", "copies/a.jpg"]]),
        (("--text", "saved"), [["copies/saved.jpg"]]),
        (("--since", "2026-05-01", "--until", "2026-05-01"), [["a.jpg", "copies/a.jpg"]]),
        (("--since", "2026-05-02"), []),
        (("--text", "summer", "--collection", "gala"), [["a.jpg", "copies/a.jpg"]]),
    ],
)
def test_words_and_days_narrow(run: Run, words: tuple[str, ...], found: list[list[str]]) -> None:
    """Only the places that have the words are places of the answer."""
    told = run("find", "Ada", *words)["sightings"]
    assert [[place["locator"] for place in one["places"]] for one in told] == found


@pytest.mark.parametrize("words", [("--text", "..."), ("--text", '"open'), ("--since", "May")])
def test_what_cannot_be_asked_is_said(run: Run, words: tuple[str, ...]) -> None:
    """As wrong usage."""
    assert run("find", "Ada", *words, code=2) == {}


def test_a_picture_is_taken_down(run: Run, gala: Gala, tmp_path: Path) -> None:
    """First as it would be; then its copies; near ones when that is said; then there is none."""
    file = str(gala.folder / "a.jpg")
    planned = run("takedown", "picture", file, "--dry-run")
    assert [one["bits_apart"] for one in planned["taken_down"]] == [None]
    (alike,) = planned["alike"]
    assert 0 <= alike["bits_apart"] <= 31
    assert planned["erasures"] == []
    done = run("takedown", "picture", file, "--yes")
    assert [one["because"] for one in done["erasures"]] == ["taken-down"]
    assert done["erasures"][0]["about"] == done["taken_down"][0]["photo"]
    assert done["erasures"][0]["stage"] == "closed"
    left = run("find", "Ada")["sightings"]
    assert [one["photo"]["locator"] for one in left] == ["b.jpg", "copies/saved.jpg"]
    unsure = run("takedown", "picture", file, "--yes", code=6)
    assert [one["photo"] for one in unsure["alike"]] == [alike["photo"]]
    run("takedown", "picture", file, "--near", "--yes")
    assert run("takedown", "picture", file, "--yes", code=5)["taken_down"] == []
    run("takedown", "picture", alike["photo"], "--yes", code=5)
    other = tmp_path / "other.txt"
    other.write_text("no picture")
    run("takedown", "picture", str(other), "--yes", code=5)


def test_a_picture_is_asked_for_before_it_goes(run: Run, gala: Gala) -> None:
    """Where nobody can be asked, nothing goes."""
    file = str(gala.folder / "a.jpg")
    run("takedown", "picture", file, code=2)
    run("takedown", "picture", code=2)
    run("takedown", "status", "--near", code=2)
    assert len(run("find", "Ada")["sightings"]) == 2
