import io

import pytest

from countenance.cli.asking import confirm, require_agreed
from countenance.errors import Interrupted, UsageError


class Keyboard(io.StringIO):
    """A terminal at which this is typed."""

    def isatty(self) -> bool:
        return True


def test_yes_is_not_asked_again() -> None:
    """With `--yes` nobody needs to be there."""
    confirm("erase it?", yes=True)


def test_nobody_there_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    """A script that did not say `--yes` is told so, and nothing is done."""
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    with pytest.raises(UsageError) as caught:
        confirm("erase it?", yes=False)
    assert "--yes" in caught.value.hint


def test_question_goes_to_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """At a terminal the answer decides, and stdout stays free for the result."""
    monkeypatch.setattr("sys.stdin", Keyboard("y\nn\n"))
    confirm("erase it?", yes=False)
    with pytest.raises(Interrupted, match="nothing was changed"):
        confirm("erase it?", yes=False)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "erase it?" in captured.err


@pytest.mark.promise("P17")
def test_a_notice_is_shown_before_it_is_agreed_to(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every line of it, to stderr; a no ends it."""
    monkeypatch.setattr("sys.stdin", Keyboard("y\nn\n"))
    require_agreed("one\ntwo\n", "agreed?")
    with pytest.raises(Interrupted, match="nothing was changed"):
        require_agreed("one\ntwo\n", "agreed?")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("one\ntwo\nagreed?")


def test_a_script_says_that_it_was_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody can be asked nothing is asked."""
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    require_agreed("one", "agreed?")
