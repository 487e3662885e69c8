"""What may stand on the command line: days, purposes, files."""

import re
from datetime import date, datetime, timedelta
from pathlib import Path

import click

from countenance.core.clock import SystemClock
from countenance.errors import Unavailable
from countenance.people.purpose import (
    Purpose,
    Wish,
    parse_purpose,
    parse_wishes,
    purpose_or_wish,
)
from countenance.sources.grant import GrantPurpose

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

_COUNT_AT_MOST = 10**15
"""Up to there every whole number is one that a float can be."""

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


class LastDay(click.ParamType[datetime]):
    """
    A day, `YYYY-MM-DD`, up to whose end something holds, and which is not over.

    It becomes the first instant after that day, in UTC.
    """

    name = "date"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Fails, naming the option, if it is no such day or one that is over."""
        wrong = f"{value!r} is no day; expected YYYY-MM-DD, such as 2027-05-31"
        if not _DAY.fullmatch(value):
            self.fail(wrong, param, ctx)
        try:
            until = datetime.fromisoformat(f"{value}T00:00:00+00:00") + timedelta(days=1)
        except (ValueError, OverflowError):
            self.fail(wrong, param, ctx)
        if until <= SystemClock().now():
            self.fail(f"{value}: it would be over before it begins", param, ctx)
        return until


class Count(click.ParamType[int]):
    """A number of things, which may be large and written like 3e9."""

    name = "count"

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Fails, naming the option, if it is no whole number, negative, or above 10^15."""
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not (0 <= number <= _COUNT_AT_MOST and number == int(number)):
            self.fail(f"{value!r} is no number of things, such as 20000 or 3e9", param, ctx)
        return int(number)


class Day(click.ParamType[date]):
    """A day, `YYYY-MM-DD`, of whatever calendar clock."""

    name = "date"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Fails, naming the option, if it is no such day."""
        try:
            # More forms than one are ISO's; here there is one.
            return date.fromisoformat(value if _DAY.fullmatch(value) else "")
        except ValueError:
            wrong = f"{value!r} is no day; expected YYYY-MM-DD, such as 2027-05-31"
            self.fail(wrong, param, ctx)


class Wishes(click.ParamType[tuple[Wish, ...]]):
    """Purposes that a person agrees to, such as `find-me,may-publish:website`."""

    name = "purposes"

    def convert(
        self,
        value: str,
        param: click.Parameter | None,  # noqa: ARG002  `parse_wishes` says all that is to be said
        ctx: click.Context | None,  # noqa: ARG002
    ) -> tuple[Wish, ...]:
        return parse_wishes(value)


class GrantPurposes(click.ParamType[frozenset[GrantPurpose]]):
    """What a source allows, such as `match,publish`."""

    name = "purposes"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> frozenset[GrantPurpose]:
        try:
            return frozenset(GrantPurpose(word.strip()) for word in value.split(","))
        except ValueError:
            self.fail(f"{value!r}: a source may allow {', '.join(GrantPurpose)}", param, ctx)


class PurposeOrWish(click.ParamType[Purpose | Wish]):
    """What is withdrawn: a purpose, or `may-publish` on one channel."""

    name = "purpose"

    def convert(
        self,
        value: str,
        param: click.Parameter | None,  # noqa: ARG002  `purpose_or_wish` says it all
        ctx: click.Context | None,  # noqa: ARG002
    ) -> Purpose | Wish:
        return purpose_or_wish(value)


class SearchingPurpose(click.ParamType[Purpose]):
    """
    A purpose to search under.

    One that no search is asked under is no wrong usage: the search is refused, and logged (P7).
    """

    name = "purpose"

    def convert(
        self,
        value: str,
        param: click.Parameter | None,  # noqa: ARG002  `parse_purpose` says it all
        ctx: click.Context | None,  # noqa: ARG002
    ) -> Purpose:
        return parse_purpose(value)


COUNT = Count()


def read_file(path: Path) -> bytes:
    """Raises `Unavailable` if the file cannot be read."""
    try:
        return path.read_bytes()
    except OSError as exc:
        raise Unavailable(f"{path}: cannot be read: {exc.strerror}") from exc


def read_picture(path: Path) -> bytes:
    """
    A picture's bytes, and no more of them than show that there are too many.

    Raises `Unavailable` if the file cannot be read.
    """
    from countenance.media.limits import Limits

    try:
        with path.open("rb") as file:
            return file.read(Limits().max_bytes + 1)
    except OSError as exc:
        raise Unavailable(f"{path}: cannot be read: {exc.strerror}") from exc
