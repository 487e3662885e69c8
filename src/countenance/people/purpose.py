"""Purposes: what a person can agree to, each given and withdrawn on its own."""

from dataclasses import dataclass
from enum import StrEnum

from countenance.errors import UsageError


class Purpose(StrEnum):
    """One thing that a person's face may be used for. The value is the word in the CLI."""

    FIND_ME = "find-me"
    TELL_ME = "tell-me"
    STAFF_FIND = "staff-find"
    MAY_PUBLISH = "may-publish"
    HIDE_ME = "hide-me"
    KEEP_PICTURE = "keep-picture"


RECOGNISING = frozenset(
    {Purpose.FIND_ME, Purpose.TELL_ME, Purpose.STAFF_FIND, Purpose.HIDE_ME},
)
"""The purposes that need a reference. `may-publish` is a permission about pictures, not faces."""

SEALED = RECOGNISING | {Purpose.KEEP_PICTURE}
"""
The purposes that something is sealed for, each under a key of its own: references, and for
`keep-picture` the face out of the pictures given, so that it need not be given again when the
models change. It serves the others: without one of them it is neither given nor kept.
"""

SEARCHING = frozenset({Purpose.FIND_ME, Purpose.STAFF_FIND})
"""The purposes that a search can be asked under. `tell-me` answers by itself, to the person."""


@dataclass(frozen=True, slots=True, order=True)
class Wish:
    """A purpose, and for `may-publish` the channel it covers (else the empty string)."""

    purpose: Purpose
    channel: str = ""

    def __post_init__(self) -> None:
        if (self.purpose is Purpose.MAY_PUBLISH) != bool(self.channel):
            raise UsageError(
                f"{self.purpose}: a channel belongs to may-publish and to nothing else",
                hint="for example may-publish:website",
            )

    def is_of(self, what: "Purpose | Wish | None") -> bool:
        """Whether it is meant by `what`: this wish, its purpose on any channel, or everything."""
        return what in (None, self, self.purpose)

    def __str__(self) -> str:
        return f"{self.purpose}:{self.channel}" if self.channel else str(self.purpose)


def parse_wishes(text: str) -> tuple[Wish, ...]:
    """
    The purposes in a list such as `find-me,may-publish:website`, in order, each once.

    Raises `UsageError` if a word is not a purpose, or if there is none.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise UsageError(f"no purpose given; the purposes are {_list(Purpose)}")
    return tuple(dict.fromkeys(_parse_wish(word) for word in words))


def purpose_or_wish(text: str) -> Purpose | Wish:
    """
    A purpose, such as `may-publish`, or it on one channel, such as `may-publish:website`.

    Raises `UsageError` if it is neither.
    """
    if text in set(Purpose):
        return Purpose(text)
    return _parse_wish(text)


def parse_purpose(word: str) -> Purpose:
    """Raises `UsageError` if `word` is not a purpose."""
    if word not in set(Purpose):
        raise UsageError(f"{word}: not a purpose; the purposes are {_list(Purpose)}")
    return Purpose(word)


# --------------------------------------------------------------------------------------------


def _parse_wish(word: str) -> Wish:
    name, _, channel = word.partition(":")
    return Wish(parse_purpose(name), channel.strip())


def _list(purposes: object) -> str:
    return ", ".join(str(purpose) for purpose in purposes)  # type: ignore[attr-defined]
