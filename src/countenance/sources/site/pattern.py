"""
Patterns of paths, as robots.txt has them (RFC 9309, section 2.2.3): `*` is any characters, `$` at
the end is the end, and what is not so ended is a beginning.

They are matched piece by piece and never turned into a regular expression, so that no pattern can
make the matching slow.
"""

import re
from urllib.parse import quote, urlsplit

_ESCAPE = re.compile("%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_ASCII = "".join(chr(code) for code in range(0x21, 0x7F))


def path_of(url: str) -> str:
    """
    The path and the query of an address, as patterns are compared with it.

    What is no address has the path `/`: rules for everything hold for it.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return "/"
    path = parts.path if parts.path.startswith("/") else f"/{parts.path}"
    return comparable(path + (f"?{parts.query}" if parts.query else ""))


def comparable(path: str) -> str:
    """The one spelling among those that percent-encoding allows: as little of it as can be."""
    spelled = quote(path, safe=_ASCII, errors="replace")
    return _ESCAPE.sub(_spelled, spelled)


def matches(pattern: str, path: str) -> bool:
    """Whether `path`, from `path_of`, begins as `pattern` says."""
    ended = pattern.endswith("$")
    pieces = comparable(pattern.removesuffix("$")).split("*")
    if len(pieces) == 1:
        return path == pieces[0] if ended else path.startswith(pieces[0])
    first, *middle, last = pieces
    if not path.startswith(first):
        return False
    at = len(first)
    for piece in middle:
        found = path.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    if ended:
        return len(path) - len(last) >= at and path.endswith(last)
    return path.find(last, at) >= 0


# --------------------------------------------------------------------------------------------------


def _spelled(found: re.Match[str]) -> str:
    sign = chr(int(found[1], 16))
    return sign if _UNRESERVED.fullmatch(sign) else found[0].upper()
