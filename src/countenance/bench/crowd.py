"""
People at the pages, as people are: each looks at a page and the pictures in view, thinks, goes on.

Half of them have photos of their own to look at, by their links, with the news of them kept open;
half sit at the desk. None asks for what their browser has already.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.client import HTTPResponse
from random import Random
from threading import Lock, Thread
from time import monotonic, sleep
from urllib.parse import quote

from countenance.bench.serving import Server, Visitor

THINKS = (2.0, 8.0)
"""Seconds between two pages, from the least to the most; 5 in the mean."""

IN_VIEW = 24
"""Pictures that are in view of a page at once, on a desktop."""

_PICTURE = re.compile(r'<img src="(/(?:me|staff)/[^"]+)"')
_NEWS = re.compile(r'hx-sse:connect="([^"]+)"')
_OWN_PAGE = re.compile(r'href="(/me/[^"/]+/photo/[^"]+)"')
_DESK_PHOTO = re.compile(r'href="(/staff/photos/[^"]+)"')
_BUCKET = re.compile(r'hx-get="(/staff/collections/[^"]+/bucket[^"]+)"')

_LOOKED_FOR = ("Person 7", "finish rain", "Person 12 bridge", "2026-05-03", "prize 2026-05-02")


@dataclass(frozen=True, slots=True)
class Doors:
    """How people come in: an invitation, own pages, the photos of a collection, and sessions."""

    invitation: str
    own: Sequence[str]
    photos: str
    sessions: Sequence[str]


@dataclass(slots=True)
class Heard:
    """How many seconds each kind of question took, as all who asked tell it."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    failed: list[BaseException] = field(default_factory=list)
    _one_at_a_time: Lock = field(default_factory=Lock)

    def add(self, what: str, seconds: float) -> None:
        with self._one_at_a_time:
            self.seconds.setdefault(what, []).append(seconds)


def browse(server: Server, doors: Doors, *, users: int, seconds: float) -> Heard:
    """
    Let so many people be at the pages for so long.

    Raises `Unavailable` if one of them is answered with an error.
    """
    heard, until = Heard(), monotonic() + seconds
    threads = []
    for number in range(users):
        kind, ways = (_Desk, doors.sessions) if number % 2 else (_Guest, doors.own)
        one = kind(server, doors, ways[number // 2 % len(ways)], heard, Random(number))  # noqa: S311
        threads.append(Thread(target=one.stay, args=(until,), daemon=True))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if heard.failed:
        raise heard.failed[0]
    return heard


# --------------------------------------------------------------------------------------------------


class _Person:
    """Somebody with a browser. `way` is what lets them in."""

    def __init__(
        self, server: Server, doors: Doors, way: str, heard: Heard, random: Random
    ) -> None:
        self.doors, self.way, self.random = doors, way, random
        self._heard = heard
        self._visitor = self._comes(server)
        self._news: HTTPResponse | None = None
        self._listening = server.visitor()
        self._has: set[str] = set()

    def stay(self, until: float) -> None:
        """Look at one page after the other."""
        try:
            sleep(self.random.uniform(0, THINKS[1]))  # they do not come all at once
            pages = self.goes()
            while monotonic() < until:
                next(pages)
                sleep(self.random.uniform(*THINKS))
        except BaseException as exc:  # noqa: BLE001  whoever waits is told
            self._heard.failed.append(exc)
        finally:
            self._visitor.close()
            self._listening.close()

    def goes(self) -> Iterator[None]:
        """Each step is a page with what is in view of it."""
        raise NotImplementedError

    def page(self, what: str, path: str) -> str:
        """A page and its pictures. The news of the page before is no longer listened to."""
        self._listening.close()
        text = self.part(what, path)
        found = _NEWS.search(text)
        if found:
            self._news = self._listening.stream(found[1])
        return text

    def part(self, what: str, path: str) -> str:
        answer = self._visitor.get(path)
        self._heard.add(what, answer.seconds)
        text = answer.body.decode()
        for one in _PICTURE.findall(text)[:IN_VIEW]:
            if one not in self._has:
                self._has.add(one)
                whole = one.endswith("/whole")
                seconds = self._visitor.get(one).seconds
                self._heard.add("a picture, large" if whole else "a picture, small", seconds)
        return text

    def _comes(self, server: Server) -> Visitor:
        return server.visitor()


class _Guest(_Person):
    """Who looks at photos of their own. `way` is the path of their page."""

    def goes(self) -> Iterator[None]:
        while True:
            self.page("what do you agree to", self.doors.invitation)
            yield
            text = self.page("my photos", self.way)
            yield
            ones = list(dict.fromkeys(_OWN_PAGE.findall(text)))
            for one in self.random.sample(ones, min(4, len(ones))):
                self.page("one of my photos", one)
                yield
            self.page("other ways: a word", f"{self.way}/other?words=bridge")
            yield
            self.page("what would go", f"{self.way}/leave")
            yield


class _Desk(_Person):
    """Who works at the desk. `way` is the cookie of their session."""

    def goes(self) -> Iterator[None]:
        while True:
            self.page("collections", "/staff")
            yield
            text = self.page("photos of the collection", self.doors.photos)
            yield
            for path in self.random.sample(_BUCKET.findall(text), 3):
                part = self.part("a bucket of them", path.replace("&amp;", "&"))
                yield
            self.page("a photo", self.random.choice(_DESK_PHOTO.findall(part)))
            yield
            for asked in self.random.sample(_LOOKED_FOR, 2):
                self.page("search", f"/staff/search?q={quote(asked)}")
                yield
            for _ in range(3):
                self.page("review", "/staff/review")
                yield
            for what in ("people", "sources", "jobs", "due", "log"):
                self.page(what, f"/staff/{what}")
                yield

    def _comes(self, server: Server) -> Visitor:
        return server.visitor(self.way)
