import io
from collections.abc import Iterator

import pytest

from countenance.cli.progress import ProgressLine, describe, duration
from countenance.ingest.progress import Step


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_step_in_words() -> None:
    """Done, total, rate, remaining time and skips."""
    words = describe(Step("photos", 120, 500, skipped=2), seconds=15)
    assert words == "photos: 120 of 500, 8.0 a second, 48 s left, 2 skipped"


def test_finished_step_has_no_time_left() -> None:
    """What is done has a rate, and nothing to wait for."""
    assert describe(Step("photos", 500, 500), seconds=10) == "photos: 500 of 500, 50 a second"


def test_step_without_any_time_has_no_rate() -> None:
    """Nothing is divided by zero."""
    assert describe(Step("photos", 0, 5), seconds=0) == "photos: 0 of 5"


def test_nobody_knows_yet_how_many_there_are() -> None:
    """A listing under way: how many so far, and no remaining time."""
    words = describe(Step("files listed", 1200, None), seconds=60)
    assert words == "files listed: 1,200, 20 a second"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.44, "0.4 s"), (47, "47 s"), (119, "119 s"), (180, "3 min"), (7800, "2 h 10 min")],
)
def test_duration_in_words(seconds: float, words: str) -> None:
    """As exactly as anybody wants to know it."""
    assert duration(seconds) == words


def test_terminal_sees_at_most_ten_drawings_a_second() -> None:
    """A line is drawn over again, not for every step, and is gone in the end."""
    terminal = Terminal()
    with ProgressLine(terminal, clock=_clock(step=0.03)) as line:
        for done in range(1, 11):
            line(Step("photos", done, 10))
    drawings = terminal.getvalue().split("\r\x1b[K")[1:]
    assert [words.split(",")[0] for words in drawings] == [
        "photos: 1 of 10",
        "photos: 5 of 10",
        "photos: 9 of 10",
        "",
    ]


def test_elsewhere_there_is_one_line_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    """A log file is not filled with drawings."""
    stream = io.StringIO()
    with ProgressLine(stream, clock=_clock(step=1)) as line:
        for done in range(1, 4):
            line(Step("photos", done, 3))
    assert stream.getvalue() == ""
    assert capsys.readouterr().err == "countenance: photos: 3 of 3, 0.8 a second\n"


def test_no_work_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Where there was nothing to do, nothing is said."""
    with ProgressLine(io.StringIO()):
        pass
    assert capsys.readouterr().err == ""


# --------------------------------------------------------------------------------------------------


class _Ticks:
    def __init__(self, step: float) -> None:
        self._ticks: Iterator[float] = (number * step for number in range(1000))

    def __call__(self) -> float:
        return next(self._ticks)


def _clock(*, step: float) -> _Ticks:
    return _Ticks(step)
