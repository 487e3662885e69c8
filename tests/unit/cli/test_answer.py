import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from countenance.cli.answer import answer, counted, last_day, printable, say, table
from countenance.cli.command import Call

NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


def test_text_goes_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    """Without `--json` an answer is its lines."""
    answer(Call(), {"a": 1}, ["one", "two"])
    assert capsys.readouterr() == ("one\ntwo\n", "")


def test_json_is_one_document_in_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    """With `--json` an answer is the document, and no character depends on the terminal."""
    document = {"name": "Åsa", "at": NEW_YEAR, "path": Path("a"), "words": frozenset({"b", "a"})}
    answer(Call(as_json=True), document, ["not this"])
    shown = capsys.readouterr().out
    assert shown.isascii()
    assert json.loads(shown) == {
        "name": "Åsa",
        "at": "2027-01-01T00:00:00Z",
        "path": "a",
        "words": ["a", "b"],
    }


def test_messages_go_to_stderr_with_the_programs_name(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is not the result says from whom it comes."""
    say("something")
    assert capsys.readouterr() == ("", "countenance: something\n")


def test_what_a_terminal_would_obey_is_shown_as_an_escape() -> None:
    """A file name cannot clear the screen, nor begin a line of its own."""
    assert printable("a\x1b[2Jb\nc\udcffå") == "a\\x1b[2Jb\\nc\\udcffå"


def test_columns_are_aligned() -> None:
    """Each column is as wide as its widest cell, and no line ends in blanks."""
    assert table([("a", "1"), ("bbb", "")], heads=("N", "V")) == ["N    V", "a    1", "bbb"]
    assert table([], heads=("N",)) == []


def test_numbers_agree_with_their_nouns() -> None:
    """One photo, two photos, and people are not persons."""
    assert counted(1, "photo") == "1 photo"
    assert counted(1200, "photo") == "1,200 photos"
    assert counted(0, "person", "people") == "0 people"


def test_last_day_is_the_one_before_midnight() -> None:
    """What ends at the first instant of a year holds to the last day of the one before."""
    assert last_day(NEW_YEAR) == "2026-12-31"
