"""
Notices: the exact words a person is shown before agreeing, known by their digest (P17).

The texts lie beside this module, one file a language and version. A changed text is a new file with
another digest, so that a consent always leads to the words it was given under; who agreed under an
earlier one agreed to that.
"""

from dataclasses import dataclass
from importlib.resources import files

from countenance.core.canonical import Digest, digest
from countenance.errors import UsageError

LANGUAGES = ("en", "sv")

VERSION = 2
"""What is shown now. 1 knew nothing of `keep-picture`: no picture was ever kept."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A text in one language (`en`, `sv`)."""

    language: str
    text: str

    @property
    def digest(self) -> Digest:
        return digest(self.text.encode())


def load_notice(language: str, *, version: int = VERSION) -> Notice:
    """
    The notice in `language`, as it is now or in an earlier version, from 1.

    Raises `UsageError` if there is none in that language.
    """
    if language not in LANGUAGES:
        raise UsageError(f"{language}: the notice is written in {', '.join(LANGUAGES)}")
    folder = files("countenance.people") / "notices"
    name = language if version == 1 else f"{language}-{version}"
    return Notice(language, (folder / f"{name}.txt").read_text(encoding="utf-8"))
