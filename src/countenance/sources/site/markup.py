"""
The markup of a page, before anything is looked for in it: its characters, and whether it is nested
no deeper than pages are.

The parser's work grows with the square of the depth: 100,000 open elements, half a megabyte, take
it many seconds. So tags are counted first, more cautiously than exactly: an end tag ends only what
is open within the nearest table, template or object.
"""

import codecs
import re

from countenance.errors import Reason, Unreadable

MAX_BYTES = 5 << 20
MAX_DEPTH = 2000
"""Open elements. Browsers stop nesting at some 500."""

MAX_STEPS = 5_000_000

# The encodings of the web (https://encoding.spec.whatwg.org), by the names that Python has.
_ENCODINGS = frozenset(
    {"utf-8", "utf-16", "utf-16-le", "utf-16-be", "ascii", "big5", "euc_jp", "euc_kr", "gb18030"}
    | {"gb2312", "gbk", "iso2022_jp", "koi8-r", "koi8-u", "mac-roman", "shift_jis", "cp932"}
    | {f"cp{number}" for number in (866, 874, *range(1250, 1259))}
    | {f"iso8859-{number}" for number in (*range(1, 9), 10, 11, 13, 14, 15, 16)}
)
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_CHARSET = re.compile(rb"""<meta[^>]{0,500}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)
_LOOKED_AT = 1024

# A tag with its attributes, as the HTML standard reads it: quotes count behind `=` alone.
_TAG = re.compile(
    r"<(/?)([A-Za-z][^\s/>]*+)"
    r"(?:[\s/]++|=?[^\s/>=]++(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s\"'>][^\s>]*+)?+)?+|=)*+>"
    r"|<!--|<[!?]"
)
_TAG_BEGINS = re.compile("<(?=/?[A-Za-z]|[!?])")
_COMMENT_END = re.compile("--!?>")
_EMPTY = frozenset(
    (
        *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param"),
        *("source", "track", "wbr", "frame", "keygen", "basefont", "bgsound"),
    )
)
# They end by themselves where the next of their kind begins.
_SELF_ENDING = frozenset({"p", "li", "dt", "dd", "option", "html", "head", "body"})
_RAW = frozenset({"script", "style"})
_FOREIGN = frozenset({"svg", "math"})
_BARRIERS = frozenset(
    (
        *("table", "td", "th", "template", "object", "applet", "marquee", "caption", "button"),
        *("select", "foreignobject", "desc", "annotation-xml", "mi", "mo", "mn", "ms", "mtext"),
    )
)
# The parts of a table end what is open within them, whatever it is.
_OF_TABLES = frozenset(
    {"table", "caption", "colgroup", "tbody", "thead", "tfoot", "tr", "td", "th"}
)
_TABLE_BARRIERS = frozenset({"table", "template"})


def decode(data: bytes, *, charset: str = "") -> str:
    """
    A page's characters, by its byte order mark, by the `charset` of its header, by what it says
    itself, or else UTF-8. What is wrong in them is replaced.

    Raises `Unreadable` if it has more than `MAX_BYTES`.
    """
    if len(data) > MAX_BYTES:
        raise Unreadable(Reason.TOO_MANY_BYTES, f"the page has more than {MAX_BYTES:,} bytes")
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    said = _CHARSET.search(data[:_LOOKED_AT])
    for name in (charset, said[1].decode("ascii", errors="replace") if said else ""):
        encoding = _encoding(name)
        if encoding:
            return data.decode(encoding, errors="replace")
    return data.decode("utf-8", errors="replace")


def require_shallow(text: str) -> None:
    """
    Raises `Unreadable` if elements may be nested more than `MAX_DEPTH` deep, or so tangled that it
    takes `MAX_STEPS` to tell which end tag ends which.
    """
    opened: list[str] = []
    at = steps = 0
    while (begins := _TAG_BEGINS.search(text, at)) is not None:
        tag = _TAG.match(text, begins.start())
        if tag is None:
            return  # without an end it is no tag: the rest of the page is its attributes
        at = tag.end()
        name = (tag[2] or "").lower()
        if tag[0] == "<!--":
            end = _COMMENT_END.search(text, tag.start() + 2)
            if end is None:
                return
            at = end.end()
        elif tag[1]:
            steps += _close(opened, name)
            if steps > MAX_STEPS:
                raise Unreadable(Reason.DAMAGED, "the page's elements are tangled without end")
        elif name and name not in _EMPTY and name not in _SELF_ENDING:
            if name in _RAW and _FOREIGN.isdisjoint(opened[-MAX_DEPTH:]):
                at = _end_of_raw(text, name, at)
                continue
            opened.append(name)
            if len(opened) > MAX_DEPTH:
                raise Unreadable(
                    Reason.DAMAGED, f"the page is nested more than {MAX_DEPTH:,} elements deep"
                )


# --------------------------------------------------------------------------------------------------


def _encoding(name: str) -> str:
    """Python's name of an encoding of the web, or the empty string."""
    try:
        known = codecs.lookup(name.strip().strip("\"'")).name if name.strip() else ""
    except (LookupError, ValueError):
        return ""
    # What calls itself Latin-1 or ASCII is windows-1252, by the standard.
    known = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030"}.get(known, known)
    return known if known in _ENCODINGS else ""


def _close(opened: list[str], name: str) -> int:
    """End the innermost element of that name that is in reach; how many were looked at."""
    barriers = _TABLE_BARRIERS if name in _OF_TABLES else _BARRIERS
    for back in range(1, len(opened) + 1):
        if opened[-back] == name:
            del opened[-back:]
            return back
        if opened[-back] in barriers:
            return back
    return len(opened)


def _end_of_raw(text: str, name: str, at: int) -> int:
    """Where the text of a script ends; without an end it goes on to that of the page."""
    end = re.compile(f"</{name}", re.IGNORECASE).search(text, at)
    return len(text) if end is None else end.start()
