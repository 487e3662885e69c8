"""
Vetoes: what a site, a page or a picture says against being read by us.

What may be used is what a grant covers, and robots.txt does not disallow, and no veto forbids, at
any level. A veto always wins, and says of itself what it is and where it stood. That there is
none permits nothing, and nor does anything that a site allows in one of these signals, nor a
licence: permission comes from the grant alone.

What is malformed forbids, since somebody meant to say something. The exceptions are named where
they are made: a line of robots.txt or ai.txt that is none is passed over, as RFC 9309 asks, and a
page of HTML in the place of a file is the site's way of saying that there is no such file.
"""

from collections.abc import Iterable
from dataclasses import dataclass

_GONE = range(400, 500)
_TOO_MANY_REQUESTS = 429
_FOUND = range(200, 300)

_BLANK = b" \t\r\n\f\xef\xbb\xbf"
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<body", b"<!--")


@dataclass(frozen=True, slots=True)
class Veto:
    """
    One thing said against it: the `signal` by its name, `where` it stood, and its `words`.

    As text it is a sentence for reports: `tdm-reservation: 1 in /.well-known/tdmrep.json`.
    """

    signal: str
    where: str
    words: str

    def __str__(self) -> str:
        return f"{self.signal}: {self.words} in {self.where}"


@dataclass(frozen=True, slots=True)
class Said:
    """
    What the headers of an answer, or a page, say about its use.

    `follow` is whether its links may be followed.
    """

    vetoes: tuple[Veto, ...] = ()
    follow: bool = True


def together(parts: Iterable[Said]) -> Said:
    """All vetoes in their order; links are followed if every part lets them."""
    said = tuple(parts)
    return Said(
        tuple(veto for one in said for veto in one.vetoes),
        all(one.follow for one in said),
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What came for the address of a file of signals.

    `status` is that of HTTP after redirects, or None if nothing came: no connection, no answer in
    time, more redirects than are followed. `body` is decompressed.
    """

    status: int | None
    body: bytes = b""

    @property
    def is_there(self) -> bool:
        """Whether the server gave the file."""
        return self.status in _FOUND

    @property
    def is_absent(self) -> bool:
        """Whether the server said that there is none. To be asked to come later is not that."""
        return self.status in _GONE and self.status != _TOO_MANY_REQUESTS

    @property
    def is_page(self) -> bool:
        """Whether it is HTML: what many servers give for whatever address they do not know."""
        return self.body[:1024].lstrip(_BLANK).lower().startswith(_PAGES)

    def unanswered(self, signal: str, where: str) -> Veto:
        """The veto that stands as long as nobody knows what the file says."""
        came = "no answer" if self.status is None else f"status {self.status}"
        return Veto(signal, where, f"{came}, so that nobody knows what is forbidden")
