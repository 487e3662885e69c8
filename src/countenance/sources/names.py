"""
Locators of things that are no files: members of archives, keys of buckets, names of uploads.

Such a name is a label, whatever it looks like: nothing is opened by it. But a locator is a path of
proper names (a scope is matched against it, and it is shown to people), so what is none in a name
stands in the locator as `%` and two upper-case hexadecimal digits: a wrong byte of a name that is
not UTF-8, a control character, a slash that has no name before it, and the dots of `.` and `..`. A
`%` that two such digits happen to follow stands as `%25`. So every name has one locator, and every
locator leads back to one name.

Several things may have one name. The second has `%23` and a `2` before its ending, and so on.
"""

import os.path
import re

from countenance.sources.folder import LEAVINGS, PICTURE_ENDINGS
from countenance.sources.source import is_film

_AMBIGUOUS = re.compile("%(?=[0-9A-Fa-f]{2})")
_WRONG_BYTE = re.compile("[\udc80-\udcff]")
_CONTROL = re.compile("[\x00-\x1f\x7f]")
_NAMELESS = re.compile("(?:^|(?<=/))/|/$")
_DOTS = re.compile(r"(?:^|(?<=/))\.{1,2}(?=/|$)")
_ESCAPE = re.compile("%([0-9A-F]{2})")

_SURROGATES = 0xDC00
_FIRST_WRONG_BYTE = 0x80
_NUMBER = "%23"

_APPLES_SIDE_FILES = "__MACOSX"


def locator_of(name: str) -> str:
    """The locator of a name that is not empty; the module says how."""
    plain = _AMBIGUOUS.sub("%25", name)
    plain = _NAMELESS.sub("%2F", plain)
    plain = _DOTS.sub(lambda found: "%2E" * len(found[0]), plain)
    plain = _CONTROL.sub(lambda found: f"%{ord(found[0]):02X}", plain)
    return _WRONG_BYTE.sub(lambda found: f"%{ord(found[0]) - _SURROGATES:02X}", plain)


def name_of(locator: str) -> str:
    """The name that `locator_of` made this locator of."""
    return _ESCAPE.sub(_unescaped, locator)


def numbered(locator: str, number: int) -> str:
    """The locator of the thing that is the `number`th of its name, counted from 1."""
    if number == 1:
        return locator
    stem, ending = os.path.splitext(locator)  # noqa: PTH122  # a name, not a path of this machine
    return f"{stem}{_NUMBER}{number}{ending}"


def is_hidden(name: str) -> bool:
    """Whether people do not see it where it comes from, or a machine left it there."""
    return any(
        (part.startswith(".") and part not in {".", ".."})
        or part in LEAVINGS
        or part == _APPLES_SIDE_FILES
        for part in name.split("/")
    )


def is_picture(name: str) -> bool:
    """Whether it is a picture, or a film, by its name's ending."""
    return ending_of(name) in PICTURE_ENDINGS or is_film(name)


def ending_of(name: str) -> str:
    """The ending of a name, in lower case and with the dot, or the empty string."""
    return os.path.splitext(name)[1].lower()  # noqa: PTH122  # a name, and in a loop


# --------------------------------------------------------------------------------------------------


def _unescaped(found: re.Match[str]) -> str:
    byte = int(found[1], 16)
    return chr(byte if byte < _FIRST_WRONG_BYTE else _SURROGATES + byte)
