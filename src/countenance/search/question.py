"""
One search box: what somebody typed, read as dates and words.

    2026   2026-05   2026-05-03          a year, a month, a day
    2026-05-01..2026-05-09               from a day to a day
    May 2026   3 May 2026   3 maj 2026   the same in words, in English and Swedish
    everything else                      names and words

Which of the words are somebody's name is not read here: that is for `search.box`, through the gate.
"""

import calendar
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from countenance.errors import UsageError

MAX_CHARACTERS = 300

PAGE = 120
"""Photos on a page of results."""

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("january", "jan", "januari"),
            ("february", "feb", "februari"),
            ("march", "mar", "mars"),
            ("april", "apr"),
            ("may", "maj"),
            ("june", "jun", "juni"),
            ("july", "jul", "juli"),
            ("august", "aug", "augusti"),
            ("september", "sep", "sept"),
            ("october", "oct", "oktober", "okt"),
            ("november", "nov"),
            ("december", "dec"),
        ),
        start=1,
    )
    for name in names
}
"""Month names that stand in a date: `may` is a word by itself, and a month before a year."""

_TOKEN = re.compile(r'"[^"]*"|\S+')
_ISO = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")


@dataclass(frozen=True, slots=True)
class Question:
    """
    What was asked: the `terms` that are no dates, and the days they are asked of, both counted.

    Terms stand as they were typed; words in double quotes are one.
    """

    text: str
    terms: tuple[str, ...]
    since: date | None = None
    until: date | None = None


def read_question(text: str) -> Question:
    """Raises `UsageError` if nothing is asked, or too much, or of days that there are not."""
    if len(text) > MAX_CHARACTERS:
        raise UsageError(f"a search: at most {MAX_CHARACTERS} characters")
    tokens = _TOKEN.findall(text)
    if not tokens:
        raise UsageError("nothing to look for: a name, words, or a date")
    terms: list[str] = []
    spans: list[tuple[date, date]] = []
    place = 0
    while place < len(tokens):
        taken, span = _date_at(tokens, place)
        if span is None:
            terms.append(tokens[place])
            place += 1
        else:
            spans.append(span)
            place += taken
    since = max((one for one, _ in spans), default=None)
    until = min((one for _, one in spans), default=None)
    return Question(text, tuple(terms), since, until)


# --------------------------------------------------------------------------------------------


def _date_at(tokens: Sequence[str], place: int) -> tuple[int, tuple[date, date] | None]:
    """How many tokens from `place` on are a date, and which days that is."""
    begin, dots, end = tokens[place].partition("..")
    if dots:
        spans = list(_isos((begin, end)))
        if len(spans) == 2:  # noqa: PLR2004  from one to the other
            return 1, (spans[0][0], spans[1][1])
        return 0, None
    for words in (3, 2):
        span = _in_words(tokens[place : place + words])
        if span is not None:
            return words, span
    single = next(_isos((tokens[place],)), None)
    return (1, single) if single else (0, None)


def _isos(texts: Sequence[str]) -> Iterator[tuple[date, date]]:
    for text in texts:
        found = _ISO.fullmatch(text)
        if found is not None and found[1] >= "1800" and found[1] < "2200":
            year, month, day = (None if part is None else int(part) for part in found.groups())
            yield _days(year or 0, month, day)


def _in_words(tokens: Sequence[str]) -> tuple[date, date] | None:
    """`May 2026` or `3 May 2026`, if it is that."""
    *day, month, year = tokens if len(tokens) > 1 else ("", "")
    number = _MONTHS.get(month.lower().rstrip("."))
    if number is None or not re.fullmatch(r"(1[89]|2[01])\d\d", year):
        return None
    if not day:
        return _days(int(year), number, None)
    found = re.fullmatch(r"(\d{1,2})\.?", day[0])
    return _days(int(year), number, int(found[1])) if found else None


def _days(year: int, month: int | None, day: int | None) -> tuple[date, date]:
    try:
        first = date(year, month or 1, day or 1)
        last_month = month or 12
        last_day = day or calendar.monthrange(year, last_month)[1]
        return first, date(year, last_month, last_day)
    except ValueError as exc:
        said = "-".join(f"{part:02}" for part in (year, month, day) if part is not None)
        raise UsageError(f"{said}: there is no such day") from exc
