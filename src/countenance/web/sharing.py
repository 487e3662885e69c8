"""What the pages that make a share have in common: its form, and what is wrong with it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from countenance.errors import UsageError
from countenance.library.shares import LONGEST, MAX_LABEL, MOST_PHOTOS, Sharing
from countenance.publish.share import Why
from countenance.web.forms import Form
from countenance.web.languages import Language, message

USUAL = timedelta(days=30)
"""How long a share goes on if nobody says otherwise."""

WHYS: Mapping[Why, str] = {
    Why.FILM: message("A film is not shown by a link."),
    Why.NO_PICTURE: message("There is no picture of it here."),
    Why.NOT_GRANTED: message("Whoever took it does not allow it to be passed on."),
    Why.NOT_YOU: message("Nobody has confirmed yet that it shows you."),
    Why.NOT_YOURS: message("It is not a picture of yours."),
    Why.UNREADABLE: message("It cannot be read at its source now."),
    Why.ANOTHER: message("It was changed meanwhile. Try again."),
}


class Trouble(StrEnum):
    """What is wrong with a form that was sent."""

    NONE = "none"
    MANY = "many"
    LOOKED = "looked"
    UNTIL = "until"
    LABEL = "label"
    CHANNEL = "channel"


def said(why: Why, language: Language) -> str:
    """Why a photo was left out, for its maker."""
    return language.say(WHYS[why])


def trouble(form: Form, now: datetime, *, for_channel: bool) -> Trouble | None:
    """What is missing in a form, or too much."""
    count = len(form.every("photo"))
    found = {
        Trouble.NONE: not count,
        Trouble.MANY: count > MOST_PHOTOS,
        Trouble.CHANNEL: for_channel and not 1 <= len(form.text("channel")) <= MAX_LABEL,
        Trouble.LABEL: len(form.text("label")) > MAX_LABEL,
        Trouble.UNTIL: not _ends_well(form, now),
        Trouble.LOOKED: not form.ticked("looked"),
    }
    return next((one for one, wrong in found.items() if wrong), None)


def sharing(form: Form) -> Sharing:
    """What a form says that has no trouble."""
    return Sharing(_end(form), form.text("label"), looked=form.ticked("looked"))


def last_days(now: datetime) -> dict[str, str]:
    """The days that a form begins with, and may reach, in the form of ISO 8601."""
    days = {"usual": now + USUAL, "first": now, "last": now + LONGEST - timedelta(days=1)}
    return {name: day.date().isoformat() for name, day in days.items()}


# --------------------------------------------------------------------------------------------------


def _ends_well(form: Form, now: datetime) -> bool:
    try:
        return now < _end(form) <= now + LONGEST
    except UsageError:
        return False


def _end(form: Form) -> datetime:
    """The instant after the last day that was said, which is one of UTC."""
    try:
        last = date.fromisoformat(form.text("until"))
        return datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
    except (ValueError, OverflowError) as exc:
        raise UsageError("expected a day") from exc
