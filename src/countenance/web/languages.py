"""
Languages of the pages: English as written, others from the `.po` files in `locale/`.

The files are read at start, all that a language has: one for each part of the pages. Consent
texts are not among them: those are notices, kept by their digest (`people.notice`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.core import negotiate_locale
from babel.dates import format_date, format_datetime
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations
from starlette.requests import Request

ENGLISH = "en"

_FORMS = {ENGLISH: "en_GB"}
"""Whose dates and numbers a language has, where it is not those of the tag itself."""

FOLDER = Path(__file__).parent / "locale"
COOKIE = "language"


@dataclass(frozen=True, slots=True)
class Language:
    """One language: its tag, its own name, and how words, dates and numbers are said in it."""

    tag: str
    name: str
    translations: NullTranslations

    @property
    def forms(self) -> str:
        """The locale of its dates and numbers."""
        return _FORMS.get(self.tag, self.tag)

    def say(self, message: str) -> str:
        """`message`, which is English, in this language."""
        return str(self.translations.ugettext(message))

    def count(self, one: str, many: str, number: int) -> str:
        """The form of the message for `number`, with `%(num)s` as the number."""
        said = str(self.translations.ungettext(one, many, number))
        return said % {"num": self.number(number)}

    def day(self, at: date | datetime) -> str:
        """A day in words: `30 November 2026`."""
        return str(format_date(at, format="long", locale=self.forms))

    def last_day(self, until: datetime) -> str:
        """The last day on which something holds that ends at `until`, exclusive, in words."""
        return self.day(until - timedelta(microseconds=1))

    def instant(self, at: datetime) -> str:
        """A day and a time, in UTC: `30 Nov 2026, 14:02:11 UTC`."""
        return f"{format_datetime(at, format='medium', locale=self.forms)} UTC"

    def number(self, number: float) -> str:
        return str(format_decimal(number, locale=self.forms))


def message(text: str) -> str:
    """`text`, which is said by `Language.say` elsewhere: so that it is found and translated."""
    return text


def read_languages(folder: Path = FOLDER) -> dict[str, Language]:
    """Every language there is, by its tag; English first."""
    own = Language(ENGLISH, "English", NullTranslations())
    others = [_read(one) for one in sorted(folder.iterdir()) if one.is_dir()]
    return {one.tag: one for one in (own, *others)}


def catalogue(folder: Path, tag: str) -> Catalog:
    """All messages of the language `tag`, from the `.po` files in its folder, as one."""
    whole = Catalog(locale=tag)
    for file in sorted((folder / tag).glob("*.po")):
        with file.open("rb") as opened:
            for message in read_po(opened, locale=tag, abort_invalid=True):
                if message.id:
                    whole[message.id] = message
    return whole


def chosen(request: Request, known: Iterable[str]) -> str:
    """The language of an answer: as asked in the address, else by the cookie, else the browser."""
    tags = list(known)
    for said in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if said in tags:
            return str(said)
    preferred = [
        part.partition(";")[0].strip().replace("-", "_")
        for part in request.headers.get("accept-language", "").split(",")
    ]
    return negotiate_locale([one for one in preferred if one], tags) or ENGLISH


# --------------------------------------------------------------------------------------------------


def _read(folder: Path) -> Language:
    made = BytesIO()
    write_mo(made, catalogue(folder.parent, folder.name))
    made.seek(0)
    name = Locale.parse(folder.name).get_display_name() or folder.name
    return Language(folder.name, name.capitalize(), Translations(made))
