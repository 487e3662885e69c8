"""
Notices: the exact words a person is shown before agreeing, known by their digest (P17).

The texts lie beside this module, one file a language. A changed text has another digest, so that
a consent always leads to the words it was given under.
"""

from dataclasses import dataclass
from importlib.resources import files

from countenance.core.canonical import Digest, digest
from countenance.errors import UsageError

LANGUAGES = ("en", "sv")


@dataclass(frozen=True, slots=True)
class Notice:
    """A text in one language (`en`, `sv`)."""

    language: str
    text: str

    @property
    def digest(self) -> Digest:
        return digest(self.text.encode())


def load_notice(language: str) -> Notice:
    """
    The notice in `language`.

    Raises `UsageError` if there is none in that language.
    """
    if language not in LANGUAGES:
        raise UsageError(f"{language}: the notice is written in {', '.join(LANGUAGES)}")
    folder = files("countenance.people") / "notices"
    return Notice(language, (folder / f"{language}.txt").read_text(encoding="utf-8"))
