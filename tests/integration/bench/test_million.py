"""A large library in small, and that no route is forgotten when everything is timed."""

from pathlib import Path

import pytest

from countenance.bench.daily import COMMANDS, NOT_ASKED, QUESTIONS, facts_of
from countenance.bench.large import MADE, large_library
from countenance.bench.million import TARGET, MillionFigures, Took
from countenance.cli.main import main
from countenance.errors import UsageError
from countenance.library import Library
from countenance.settings import load_settings
from countenance.web.app import make_app
from tests.fakes.routes import routes


def test_no_route_is_forgotten() -> None:
    """Whatever shows something is asked, or it is said why it is not."""
    app = make_app(lambda: pytest.fail("no library is opened here"))
    try:
        there = set(routes(app))
    finally:
        app.state.web.close()
    asked = {one.route for one in QUESTIONS}
    assert asked <= there
    assert {one for one in there if one.startswith("GET ")} == {
        one for one in asked if one.startswith("GET ")
    } | NOT_ASKED.keys()
    assert not asked & NOT_ASKED.keys()
    assert all(NOT_ASKED.values())


def test_a_large_library_is_one_that_can_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sound, with somebody to find and something to answer; made once, and of one size."""
    root, said = tmp_path / "large", list[str]()
    large_library(root, 1000, who=30, said=said.append)
    assert (root / MADE).exists()
    assert any("1,000 of 1,000" in one for one in said)
    with Library.open(root, load_settings(root, environment={})) as library:
        facts = facts_of(library)
        assert sum(library.count_photos(one.id) for one in library.collections()) > 950
        assert library.words_out_of_step() == 0
        assert library.trail.verify({}).size > 300
        assert facts.questions
        assert facts.people
    said.clear()
    large_library(root, 1000, said=said.append)
    assert said == []
    with pytest.raises(UsageError):
        large_library(root, 2000)
    for what, words in COMMANDS.items():
        assert main(["--library", str(root), *words(facts)]) == 0, what
    capsys.readouterr()


def test_what_is_over_is_marked() -> None:
    """By the processor's time, for the clock is of whatever else the machine does."""
    slow = Took("slow", "desk", 900.0, 500.0, 600.0, TARGET + 1)
    fine = Took("fine", "desk", 900.0, 500.0, 600.0, TARGET - 1)
    figures = MillionFigures(1000, 3, (0.1, 0.2), 10**8, (fine, slow))
    assert figures.as_json()["over"] == ["slow"]
    assert next(one for one in figures.as_text() if "OVER" in one).split()[0] == "slow"
