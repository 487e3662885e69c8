"""
RSL 1.0, licences for machines (https://rslstandard.org/rsl).

A site names such a licence in robots.txt (`License:`), in a `Link` header, or in a page, which may
also hold one. Whatever one prohibits forbids, and so do a payment, a licence that has to be fetched
from somebody, terms for kinds of users or countries, which we cannot judge, and a list of permitted
uses without ours. What a licence permits is not heeded: permission comes from the grant alone. One
that is named and cannot be read forbids everything.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from countenance.errors import Unreadable
from countenance.sources.site import xml
from countenance.sources.site.pattern import matches, path_of
from countenance.sources.site.veto import Answer, Veto

SIGNAL = "RSL"
MEDIA_TYPE = "application/rsl+xml"
MAX_BYTES = 1 << 20

# Uses that ours would be part of.
_OURS = frozenset({"all", "ai-all", "ai-index", "search"})
_FREE = frozenset({"", "free"})


@dataclass(frozen=True, slots=True)
class Licence:
    """
    One document.

    `terms` are patterns of paths, each with what is said against using what it matches; `closed` is
    the veto on everything, if it could not be read.
    """

    where: str
    terms: tuple[tuple[str, str], ...] = ()
    closed: Veto | None = None

    def vetoes(self, url: str) -> tuple[Veto, ...]:
        """What it says against `url`."""
        if self.closed is not None:
            return (self.closed,)
        path = path_of(url)
        return tuple(
            Veto(SIGNAL, self.where, words)
            for pattern, words in dict.fromkeys(self.terms)
            if matches(pattern, path)
        )


def read(answer: Answer, *, where: str) -> Licence:
    """What came for the address of a licence. It was named, and so its absence forbids too."""
    if not answer.is_there:
        return Licence(where, closed=answer.unanswered(SIGNAL, where))
    return parse(answer.body, where=where)


def parse(data: bytes, *, where: str) -> Licence:
    """A licence, from a file or from within a page. Raises nothing."""
    if len(data) > MAX_BYTES:
        return Licence(where, closed=Veto(SIGNAL, where, f"more than {MAX_BYTES:,} bytes"))
    reading = _Terms()
    try:
        xml.read(data, reading, what="the licence")
    except Unreadable as exc:
        return Licence(where, closed=Veto(SIGNAL, where, exc.message))
    if reading.root != "rsl":
        words = f"an element {reading.root!r}, which is no licence,"
        return Licence(where, closed=Veto(SIGNAL, where, words))
    return Licence(where, tuple(reading.terms))


def linked(value: str) -> tuple[str, ...]:
    """The addresses of licences in a `Link` header (RFC 8288), as they stand there."""
    found = re.findall(r"<([^<>]*)>([^<]*)", value)
    return tuple(
        address
        for address, parameters in found
        if MEDIA_TYPE in parameters.lower() and "license" in parameters.lower()
    )


# --------------------------------------------------------------------------------------------------


class _Terms:
    """Collects what is said against using what, in the order of the document."""

    def __init__(self) -> None:
        self.root = ""
        self.terms: list[tuple[str, str]] = []
        self._pattern = "/"
        self._kinds: dict[str, str] = {}

    def opened(self, path: Sequence[str], attributes: Mapping[str, str]) -> None:
        self.root = path[0]
        name = path[-1]
        self._kinds[name] = attributes.get("type", "").strip().lower()
        if name == "content":
            self._pattern = _pattern(attributes.get("url", ""))
            if attributes.get("server", "").strip():
                self._add(f"a licence has to be fetched from {attributes['server'].strip()}")
        elif name == "payment" and self._kinds[name] not in _FREE:
            self._add(f"payment type {self._kinds[name]}")

    def closed(self, path: Sequence[str], text: str) -> None:
        name = path[-1]
        kind = self._kinds.get(name) or "usage"
        if name == "prohibits":
            self._add(f"prohibits {kind} {text}".strip())
        elif name == "permits" and kind != "usage":
            self._add(f"permits {kind} {text} alone".strip())
        elif name == "permits" and _OURS.isdisjoint(re.split(r"[\s,]+", text.lower())):
            self._add(f"permits {text} alone")

    def _add(self, words: str) -> None:
        self.terms.append((self._pattern, words))


def _pattern(url: str) -> str:
    """The pattern of an element's `url`, which may be an address: it is for that host, ours."""
    plain = url.strip()
    if "://" in plain:
        try:
            parts = urlsplit(plain)
        except ValueError:
            return "/"
        plain = parts.path + (f"?{parts.query}" if parts.query else "")
    return plain if plain.startswith(("/", "*")) else f"/{plain}"
