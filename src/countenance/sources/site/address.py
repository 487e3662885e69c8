"""
Addresses as they are found in pages and sitemaps, made whole and of one spelling (RFC 3986, and the
URL standard's habits where browsers are more lenient).

Fragments are dropped, dots in paths are resolved, so that none leads out of a prefix that a grant
names, and names of hosts are in ASCII (IDNA). Queries stay as they are: what looks like tracking
may be what a server finds the picture by.
"""

import re
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

MAX_LENGTH = 8192

_SCHEMES = {"http": 80, "https": 443}
_REMOVED = re.compile(r"[\t\n\r]")
_BLANKS = "".join(chr(code) for code in range(0x21))
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*):")
_HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]")
_STRAY_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_DOT = re.compile("%2e", re.IGNORECASE)
_SAFE_PATH = "%/:@!$&'()*+,;=-._~|"
_SAFE_QUERY = _SAFE_PATH + "?[]{}^`\\"


def absolute(base: str, found: str) -> str | None:
    """
    The address `found` in a document whose address is `base`; None if it is none of the web's.

    `data:`, `blob:` and `javascript:` are none, nor is what names a user or a host that cannot be.
    Raises nothing.
    """
    if len(found) > MAX_LENGTH:
        return None
    plain = _REMOVED.sub("", found.strip(_BLANKS))
    scheme = _SCHEME.match(plain)
    if scheme is not None and not _is_webs(scheme[1].lower(), plain[scheme.end() :]):
        return None
    head, mark, query = plain.partition("#")[0].partition("?")
    try:
        parts = urlsplit(urljoin(base, head.replace("\\", "/") + mark + query))
        host, port = (parts.hostname or ""), parts.port
    except ValueError:
        return None
    if parts.scheme not in _SCHEMES or "@" in parts.netloc:
        return None
    name = _ascii(host)
    if not name:
        return None
    place = name if port in {None, _SCHEMES[parts.scheme]} else f"{name}:{port}"
    whole = urlunsplit((parts.scheme, place, _path(parts.path), _quoted(parts.query), ""))
    return whole if len(whole) <= MAX_LENGTH else None


# --------------------------------------------------------------------------------------------------


def _is_webs(scheme: str, rest: str) -> bool:
    """Whether an address that names its scheme is of the web, and names a host."""
    return scheme in _SCHEMES and bool(rest.replace("\\", "/").removeprefix("//").strip("/"))


def _ascii(host: str) -> str:
    """The name of a host as the domain name system knows it; empty if there can be none."""
    name = host.lower().rstrip(".")
    if ":" in name:
        name = f"[{name}]"
    if not name.isascii():
        import idna  # noqa: PLC0415  # for the few that need it

        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return ""
    return name if _HOST.fullmatch(name) else ""


def _path(path: str) -> str:
    names: list[str] = []
    *folders, last = _DOT.sub(".", path).split("/")[1:] or [""]
    for name in folders:
        if name == "..":
            del names[-1:]
        elif name != ".":
            names.append(name)
    if last == "..":
        del names[-1:]
    names.append("" if last in {".", ".."} else last)
    return quote(_STRAY_PERCENT.sub("%25", "/" + "/".join(names)), _SAFE_PATH, errors="replace")


def _quoted(query: str) -> str:
    return quote(_STRAY_PERCENT.sub("%25", query), _SAFE_QUERY, errors="replace")
