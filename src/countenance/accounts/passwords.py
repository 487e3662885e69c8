"""
Passwords: how long, which not, and how they are kept.

By argon2id (RFC 9106), with that RFC's parameters for machines with little memory. There are no
rules of composition: they make passwords worse. A password is long, is not one of those that
everybody tries first, and is not made of the name of who has it. It may be of any letters, and is
the same however they are composed (Unicode, form NFKC).
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from countenance.errors import UsageError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MIN_CHARACTERS = 12
MAX_CHARACTERS = 256

_SWAPPED = str.maketrans("0134578@$!|", "oieastbasil")
"""What people write for a letter, and the letter."""

_WALKS = (
    "abcdefghijklmnopqrstuvwxyzåäö",
    "01234567890",
    "qwertyuiopåasdfghjklöäzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "q1w2e3r4t5y6u7i8o9p0",
)
"""What lies side by side, in the alphabet or under the fingers."""

_MIN_OF_ONES_OWN = 4

_NOT_COMMON = 6
"""So many different letters, at least, are in no common word, no row of keys and no repetition."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one look at a password takes: rounds, kibibytes of memory, lanes."""

    rounds: int = 3
    memory_kib: int = 65_536
    lanes: int = 4


@dataclass(slots=True)
class Passwords:
    """Hashes and verifies, at the `cost` of today."""

    cost: Cost = Cost()
    _nobody: str = field(default="", init=False, repr=False)

    def hash(self, password: str) -> str:
        """What is kept of a password: the hash with its parameters and a salt."""
        return self._hasher().hash(_form(password))

    def verify(self, hashed: str | None, password: str) -> bool:
        """
        Whether it is the password that was hashed.

        Of no hash, it never is; and that takes as long to say.
        """
        hasher = self._hasher()
        # Made before it is known whether it is needed, so that nobody can tell from the time.
        self._nobody = self._nobody or hasher.hash("nobody's")
        plain = _form(password)
        # What takes today's time is done once in any case: of a hash of other days besides.
        if not hashed or not self._is_of_today(hashed):
            _is_hash_of(hasher, self._nobody, plain)
        return bool(hashed) and _is_hash_of(hasher, hashed, plain)

    def is_outdated(self, hashed: str) -> bool:
        """Whether a hash was made at another cost than that of today."""
        return not self._is_of_today(hashed)

    def _is_of_today(self, hashed: str) -> bool:
        from argon2.exceptions import InvalidHashError  # noqa: PLC0415

        try:
            return not self._hasher().check_needs_rehash(hashed)
        except InvalidHashError:
            return False

    def _hasher(self) -> "PasswordHasher":
        from argon2 import PasswordHasher  # noqa: PLC0415  of use to few commands

        own = self.cost
        return PasswordHasher(own.rounds, own.memory_kib, own.lanes)


def check_password(password: str, *, known: tuple[str, ...] = ()) -> None:
    """
    Raises `UsageError` if a password is too short, or is among the first that anybody would try.

    `known` are words that everybody knows of who chose it: their login, their name.
    """
    plain = _form(password)
    if len(plain) < MIN_CHARACTERS:
        raise UsageError(
            f"a password has at least {MIN_CHARACTERS} characters",
            hint="four or five words that have nothing to do with one another are a good one",
        )
    if len(plain) > MAX_CHARACTERS:
        raise UsageError(f"a password has at most {MAX_CHARACTERS} characters")
    if _is_common(plain.casefold(), tuple(_own_words(known))):
        raise UsageError(
            "this password is among the first that anybody would try",
            hint="four or five words that have nothing to do with one another are a good one",
        )


# --------------------------------------------------------------------------------------------------


def _is_hash_of(hasher: "PasswordHasher", hashed: str | None, plain: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415

    try:
        return hasher.verify(hashed or "", plain)
    except (VerificationError, InvalidHashError):
        return False


def _form(password: str) -> str:
    # Half a letter, which no keyboard writes, cannot be hashed as it is.
    return unicodedata.normalize("NFKC", password).encode(errors="replace").decode()


def _own_words(known: tuple[str, ...]) -> Iterator[str]:
    """The words of a login and a name that are long enough to say something."""
    for text in (*known, "countenance"):
        for word in re.split(r"[\W_]+", _form(text).casefold()):
            if len(word) >= _MIN_OF_ONES_OWN:
                yield word


def _is_common(plain: str, own: tuple[str, ...]) -> bool:
    """Whether hardly anything is left when what everybody tries is taken out."""
    rest = _once(plain)
    # The letters that signs stand for are looked at too; a sign stands for one letter, so that a
    # word found in the one text is at the same place of the other.
    for word in sorted({*_common(), *own}, key=len, reverse=True):
        for text in (rest, rest.translate(_SWAPPED)):
            rest = _blanked(rest, word, text)
    rest = _without_walks(rest)
    # A year, a number at the end or a sign is what a rule asked for, and no secret.
    rest = re.sub(r"(?<![^\W\d_])[\d\W_]+|[\d\W_]+$", "", rest)
    return len(set(rest)) < _NOT_COMMON


def _blanked(rest: str, word: str, text: str) -> str:
    """`rest`, with spaces where `word` stands in `text`, which is as long."""
    place = text.find(word)
    while place >= 0:
        rest = f"{rest[:place]}{' ' * len(word)}{rest[place + len(word) :]}"
        place = text.find(word, place + len(word))
    return rest


def _once(text: str) -> str:
    """The text, or its beginning if the whole is that again and again."""
    for length in range(1, len(text) // 2 + 1):
        part = text[:length]
        if (part * (len(text) // length + 1)).startswith(text):
            return part
    return text


def _without_walks(text: str) -> str:
    """The text without rows of four and more that lie side by side, in either direction."""
    kept, place = "", 0
    while place < len(text):
        end = place + _MIN_OF_ONES_OWN
        if end > len(text) or not _is_walk(text[place:end]):
            kept += text[place]
            place += 1
            continue
        while end < len(text) and _is_walk(text[place : end + 1]):
            end += 1
        kept += " "
        place = end
    return kept


def _is_walk(part: str) -> bool:
    return any(part in row or part in row[::-1] for row in _WALKS)


@cache
def _common() -> frozenset[str]:
    """Words that common passwords are made of, one on a line of the file beside this one."""
    text = files("countenance.accounts").joinpath("common.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.split() if len(line) >= _MIN_OF_ONES_OWN)
