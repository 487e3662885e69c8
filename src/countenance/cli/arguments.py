"""What may stand on the command line: days, purposes, files."""

from datetime import datetime, timedelta
from pathlib import Path

import click

from countenance.errors import Unavailable
from countenance.people.purpose import Purpose, Wish, parse_wishes, searching_purpose

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


class LastDay(click.ParamType[datetime]):
    """
    A day, `YYYY-MM-DD`, up to whose end something holds.

    It becomes the first instant after that day, in UTC.
    """

    name = "date"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            return datetime.fromisoformat(f"{value}T00:00:00+00:00") + timedelta(days=1)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no day; expected YYYY-MM-DD, such as 2027-05-31", param, ctx)


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


class SearchingPurpose(click.ParamType[Purpose]):
    """A purpose that a search can be asked under."""

    name = "purpose"

    def convert(
        self,
        value: str,
        param: click.Parameter | None,  # noqa: ARG002  `searching_purpose` says it all
        ctx: click.Context | None,  # noqa: ARG002
    ) -> Purpose:
        return searching_purpose(value)


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
