"""
Progress: one line on a terminal, drawn over again; elsewhere nothing but a last line.

    photos: 120 of 500, 8.1 a second, 47 s left, 2 skipped
"""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from countenance.cli.answer import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from countenance.ingest.progress import Step

_INTERVAL = 0.1  # seconds between two drawings
_CLEAR_LINE = "\r\x1b[K"
_MINUTE = 60  # seconds
_HOUR = 3600  # seconds


class ProgressLine:
    """
    Shows the steps it is told of. It is a context manager: the line is gone when it ends.

    `clock` gives seconds; only their differences count.
    """

    def __init__(
        self, stream: TextIO | None = None, *, clock: "Callable[[], float]" = time.monotonic
    ) -> None:
        self._stream = stream or sys.stderr
        self._shows = self._stream.isatty()
        self._clock = clock
        self._opened = clock()
        # By kind of work: photos and films are worked on at once, and each has its own rate.
        self._begun: dict[str, float] = {}
        self._drawn = -_INTERVAL
        self._last: Step | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._shows and self._last is not None:
            self._write(_CLEAR_LINE)
        elif self._last is not None:
            begun = self._begun[self._last.what]
            say(describe(self._last, seconds=self._clock() - begun))

    def __call__(self, step: "Step", /) -> None:
        now = self._clock()
        if self._last is None or step.what != self._last.what:
            begun = self._opened if self._last is None else now
            self._begun.setdefault(step.what, begun)
            self._drawn = now - _INTERVAL
        self._last = step
        if self._shows and now - self._drawn >= _INTERVAL:
            self._drawn = now
            seconds = now - self._begun[step.what]
            self._write(_CLEAR_LINE + describe(step, seconds=seconds))

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def describe(step: "Step", *, seconds: float) -> str:
    """A step in words, `seconds` after its kind of work began."""
    of_all = "" if step.total is None else f" of {step.total:,}"
    words = [f"{step.what}: {step.done:,}{of_all}"]
    if seconds > 0 and step.done:
        rate = step.done / seconds
        words.append(f"{rate:.1f} a second" if rate < 10 else f"{rate:,.0f} a second")  # noqa: PLR2004  a digit more where it says something
        if step.total is not None and step.done < step.total:
            words.append(f"{duration((step.total - step.done) / rate)} left")
    if step.skipped:
        words.append(f"{step.skipped:,} skipped")
    return ", ".join(words)


def duration(seconds: float) -> str:
    """`0.4 s`, `47 s`, `3 min`, `2 h 10 min`: as exactly as anybody wants to know it."""
    if seconds < 1:
        return f"{seconds:.1f} s"
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / _MINUTE), _HOUR // _MINUTE)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
