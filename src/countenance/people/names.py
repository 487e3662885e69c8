"""
Names of people, in the one form in which they are kept and looked up.

The same name can be typed in several ways: an é as one character or as two, two spaces for one.
It is put into Unicode's form NFC (https://www.unicode.org/reports/tr15/), without white space
around it and with one space wherever some is inside.
"""

import unicodedata

from countenance.errors import UsageError

MAX_NAME = 200
"""Characters."""

_CONTROL_CHARACTER = "Cc"
_HALF_A_CHARACTER = "Cs"
"""From a file system or a terminal that is not UTF-8."""


def name_form(text: str) -> str:
    """`text` in the form of a name, whether it is one or not."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def checked_name(text: str) -> str:
    """
    `text` in the form of a name, which it is.

    Raises `UsageError` if it is empty, too long, or holds a control character.
    """
    name = name_form(text)
    if not name:
        raise UsageError("a person needs a name")
    if len(name) > MAX_NAME:
        raise UsageError(f"a name has at most {MAX_NAME} characters, and this one {len(name)}")
    kinds = {unicodedata.category(sign) for sign in name}
    if _HALF_A_CHARACTER in kinds:
        raise UsageError(f"not text: {name!r}")
    if _CONTROL_CHARACTER in kinds:
        raise UsageError(f"not a name: {name!r} holds a control character")
    return name
