"""
The reader of web sites: what a site lists, read where its grant, its robots.txt and no veto say so.

It is no crawler: it follows what lies under the prefixes that the grant names, and asks no host for
anything before that host's grant file was read and holds. A listing begins with the sitemaps and
the page that the source names; each page is asked for once in a listing, and whether it changed
since the last one. A listing that was interrupted goes on.

A locator is an address without its scheme, `photos.club.example/gala/1.jpg`, so that a grant's
scope says of it what the grant file says of the address.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from countenance.errors import NoGrant, Reason, Refused, Unavailable, Unreadable
from countenance.sources.site import aitxt, page, robots, rsl, sitemap, tdmrep
from countenance.sources.site.client import Asked, Fetched
from countenance.sources.site.found import FoundPicture
from countenance.sources.site.grantfile import SiteGrant, covering
from countenance.sources.site.guard import Address, Origin
from countenance.sources.site.picture import picture_vetoes
from countenance.sources.site.rsl import Licence
from countenance.sources.site.signals import (
    Asking,
    HostSignals,
    licences_within,
    of_headers,
    of_metas,
)
from countenance.sources.site.veto import Answer, Said, Veto
from countenance.sources.source import Entry, Unlisted

Ask = Callable[[Asked], Fetched]
"""Fetches an address, as `client.Fetcher.fetch` does."""

AGENT = "Countenance"
"""The product token: what a robots.txt calls us."""

MAX_SIGNAL_BYTES = 2 << 20
"""More than any file of signals is read to; one that is longer forbids everything."""

MAX_PAGES = 100_000
MAX_PAGE_BYTES = 20_000_000

_UNDATED = "-"
_GONE = frozenset({404, 410})
_CLOSED = frozenset({401, 402, 403, 407, 451})
_NOT_MODIFIED = 304
_SUCCESSES = range(200, 300)


@dataclass(frozen=True, slots=True)
class Kept:
    """
    What an address of the listing said when it was asked, and how to ask whether it still does.

    `pictures` and `links` are what it led to, `sitemaps` further lists; `notes` are sentences for
    the report, on what of it is left out.
    """

    etag: str = ""
    last_modified: str = ""
    pictures: tuple[FoundPicture, ...] = ()
    stamps: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Memory(Protocol):
    """What is kept between listings, and while one is interrupted."""

    def begin(self) -> None:
        """A listing begins, or goes on."""

    def recall(self, url: str) -> tuple[Kept, bool] | None:
        """What an address said, and whether that was in the listing under way."""

    def remember(self, url: str, kept: Kept) -> None:
        """Durable when it returns."""

    def end(self) -> None:
        """The listing under way came to its end: what it did not meet may be forgotten."""


@dataclass(frozen=True, slots=True)
class Terms:
    """
    What the grant files of a source's hosts say, as far as a reader needs it.

    `hosts` are those that may be asked: the site's own and, where their own grant files name us as
    well, those that its pictures lie on. `per_minute` is the rate by host; none where a file sets
    none. `tdm_authorised` are the hosts whose grant lifts a TDM reservation; `grants` what all of
    them cover.
    """

    hosts: frozenset[Origin]
    per_minute: Mapping[Origin, int] = field(default_factory=dict)
    tdm_authorised: frozenset[Origin] = frozenset()
    grants: tuple[SiteGrant, ...] = ()


class SiteReader:
    """
    Reads the site whose listing begins at `start`.

    `covers` says of a locator whether a grant covers it now, and `ask` fetches. Nothing is asked
    for until `list` or `read` is called.
    """

    def __init__(
        self,
        start: str,
        terms: Terms,
        *,
        covers: Callable[[str], bool],
        ask: Ask,
        memory: Memory,
    ) -> None:
        self._start = Address.parse(start)
        self._terms = terms
        self._covers = covers
        self._ask = ask
        self._memory = memory
        self._signals: dict[Origin, HostSignals] = {}

    def list(
        self, unlisted: Callable[[Unlisted], object], passed_over: Callable[[str], object]
    ) -> Iterator[Entry]:
        """
        The pictures that its sitemaps and pages show, each once.

        A stamp is the sitemap's date of a picture's page, if it has one. Raises `Unavailable` if
        the page that the source names, or the host, does not answer.
        """
        del passed_over  # What is no picture by its element is not listed on a page at all.
        self._memory.begin()
        met: set[str] = set()
        for url, kept in self._walk(unlisted):
            for found, stamp in zip(kept.pictures, kept.stamps, strict=True):
                locator = self._locator(found.url)
                if locator is not None and locator not in met and self._covers_url(found.url):
                    met.add(locator)
                    yield Entry(locator, stamp, found.page or url, found.words)
        self._memory.end()

    def read(self, locator: str, *, max_bytes: int) -> bytes:
        """
        The bytes of one picture, if it is covered and nothing says otherwise.

        Raises `Unreadable`, with the reason (a veto by its name), and `Unavailable` if nobody
        answers.
        """
        url = self.url(locator)
        if not self._covers_url(url):
            raise Unreadable(Reason.NO_GRANT, f"{locator}: no grant in force covers it")
        self._require_allowed(url)
        fetched = self._fetch(url, max_bytes=max_bytes, accept="image/*")
        if fetched.status in _GONE:
            raise Unreadable(Reason.VANISHED, f"{locator}: status {fetched.status}, it is gone")
        if fetched.status in _CLOSED:
            raise Unreadable(
                Reason.NO_PERMISSION, f"{locator}: status {fetched.status}, it is not for us"
            )
        if fetched.status not in _SUCCESSES:
            raise Unreadable(Reason.SERVER_ERROR, f"{locator}: the server said {fetched.status}")
        self._judge(locator, fetched)
        return fetched.body

    def url(self, locator: str) -> str:
        """The address of a picture. Raises `Unreadable` if `locator` is none."""
        try:
            return str(Address.parse(f"{self._start.origin.scheme}://{locator}"))
        except Refused as exc:
            raise Unreadable(Reason.OUTSIDE, exc.message) from exc

    # ----------------------------------------------------------------------------------------------

    def _walk(self, unlisted: Callable[[Unlisted], object]) -> Iterator[tuple[str, Kept]]:
        """Every sitemap and page, breadth first, each once, with what it said."""
        frontier = deque([*self._sitemaps(), str(self._start)])
        lists = set(frontier) - {str(self._start)}
        met = set(frontier)
        pages = 0
        while frontier and pages < MAX_PAGES:
            url = frontier.popleft()
            kept = self._asked(url, is_list=url in lists, first=url == str(self._start))
            for note in kept.notes:
                unlisted(Unlisted(url, note))
            yield url, kept
            pages += url not in lists
            lists.update(one for one in kept.sitemaps if one not in met)
            wanted = (*kept.sitemaps, *(one for one in kept.links if self._is_page_of_ours(one)))
            frontier.extend(new := [one for one in dict.fromkeys(wanted) if one not in met])
            met.update(new)
        if frontier:
            unlisted(Unlisted(str(self._start), f"it has more than {MAX_PAGES:,} pages"))

    def _sitemaps(self) -> tuple[str, ...]:
        """Those that the site's robots.txt names on its own host, or the usual one."""
        origin = self._start.origin
        named = self._signals_of(origin).robots.sitemaps or (f"{origin}/sitemap.xml",)
        found = []
        for one in named:
            try:
                address = Address.parse(f"{origin}/").join(one)
            except Refused:
                continue
            if address.origin == origin:
                found.append(str(address))
        return tuple(found)

    def _asked(self, url: str, *, is_list: bool, first: bool) -> Kept:
        """What an address of the listing says now; it is not asked twice in one listing."""
        known = self._memory.recall(url)
        if known is not None and known[1]:
            return known[0]
        before = Kept() if known is None else known[0]
        kept = self._ask_for(url, before, is_list=is_list, first=first)
        self._memory.remember(url, kept)
        return kept

    def _ask_for(self, url: str, before: Kept, *, is_list: bool, first: bool) -> Kept:
        if vetoes := self._vetoes(url):
            return Kept(notes=tuple(map(str, vetoes)))
        try:
            fetched = self._fetch(
                url,
                max_bytes=sitemap.MAX_BYTES if is_list else MAX_PAGE_BYTES,
                etag=before.etag,
                last_modified=before.last_modified,
                covered=not is_list,
            )
            if fetched.status == _NOT_MODIFIED:
                return before
            if fetched.status not in _SUCCESSES:
                return self._without(url, fetched.status, is_list=is_list, first=first)
            return _listed(fetched) if is_list else self._page(fetched)
        except Unreadable as exc:
            return Kept(notes=(exc.message,))
        except (NoGrant, Refused) as exc:
            return Kept(notes=(exc.message,))

    @staticmethod
    def _without(url: str, status: int, *, is_list: bool, first: bool) -> Kept:
        """A sitemap need not be there. That the first page is not leaves nothing to list."""
        if first and status not in _GONE:
            raise Unavailable(f"{url}: the server said {status}")
        return Kept() if is_list and status in _GONE else Kept(notes=(f"status {status}",))

    def _page(self, fetched: Fetched) -> Kept:
        shown = page.read(
            fetched.body,
            url=fetched.url,
            covers=self._covers_url,
            charset=_charset(fetched.headers.get("content-type", "")),
        )
        asking = self._asking(Address.parse(fetched.url).origin)
        in_metas = of_metas(shown.metas, asking, where=fetched.url)
        said = self._said(fetched)
        licences = (
            *licences_within(shown.inline_licences, where=fetched.url),
            *self._licences(shown.licences, fetched.url),
        )
        vetoes = (*said.vetoes, *in_metas.vetoes, *_against(licences, fetched.url))
        if vetoes:
            return Kept(fetched.etag, fetched.last_modified, notes=tuple(map(str, vetoes)))
        # A licence may be of a part of the site, in which a picture of the page lies.
        against = {one.url: tuple(_against(licences, one.url)) for one in shown.pictures}
        pictures = tuple(one for one in shown.pictures if not against[one.url])
        left_out = (f"{url}: {veto}" for url, several in against.items() for veto in several)
        return Kept(
            etag=fetched.etag,
            last_modified=fetched.last_modified,
            pictures=pictures,
            stamps=(_UNDATED,) * len(pictures),
            links=shown.links if said.follow and in_metas.follow else (),
            notes=(*shown.notes, *left_out),
        )

    def _said(self, fetched: Fetched) -> Said:
        """What the headers of an answer say, the licences that they link to among it."""
        origin = Address.parse(fetched.url).origin
        said = of_headers(fetched.lines, self._asking(origin), where=fetched.url)
        linked = rsl.linked(fetched.headers.get("link", ""))
        licensed = tuple(_against(self._licences(linked, fetched.url), fetched.url))
        return Said((*said.vetoes, *licensed), said.follow)

    def _licences(self, named: Iterable[str], url: str) -> tuple[Licence, ...]:
        """The licences at these addresses, which what came from `url` names."""
        origin = Address.parse(url).origin
        return tuple(rsl.read(self._answer(origin, one), where=one) for one in dict.fromkeys(named))

    def _asking(self, origin: Origin) -> Asking:
        return Asking(AGENT, origin in self._terms.tdm_authorised)

    def _judge(self, locator: str, fetched: Fetched) -> None:
        """Raises `Unreadable` if it is no picture, or if it or its headers say no."""
        kind = fetched.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not kind.startswith("image/"):
            raise Unreadable(
                Reason.NOT_A_PICTURE, f"{locator}: the server calls it {kind or 'nothing'!r}"
            )
        for veto in (*self._said(fetched).vetoes, *picture_vetoes(fetched.body)):
            raise Unreadable(Reason.VETO, f"{locator}: {veto}")

    def _require_allowed(self, url: str) -> None:
        """Raises `Unreadable` if a signal of its host is against it."""
        for veto in self._vetoes(url):
            raise Unreadable(Reason.VETO, f"{url}: {veto}")

    def _fetch(  # noqa: PLR0913  one place that says what may be asked for
        self,
        url: str,
        *,
        max_bytes: int,
        etag: str = "",
        last_modified: str = "",
        accept: str = "*/*",
        covered: bool = True,
    ) -> Fetched:
        origin = Address.parse(url).origin
        return self._ask(
            Asked(
                url,
                within=self._terms.hosts if covered else frozenset({origin}),
                covers=self._covers_url if covered else _any,
                etag=etag,
                last_modified=last_modified,
                max_bytes=max_bytes,
                accept=accept,
                per_minute=self._per_minute(origin),
            )
        )

    def _per_minute(self, origin: Origin) -> int | None:
        """The slower one of what the grant file and the robots.txt ask for."""
        rate = self._terms.per_minute.get(origin)
        known = self._signals.get(origin)
        delay = None if known is None else known.robots.crawl_delay
        if delay:
            slow = max(1, int(60 / delay))
            return slow if rate is None else min(rate, slow)
        return rate

    def _vetoes(self, url: str) -> tuple[Veto, ...]:
        """What its host says against reading `url`."""
        origin = Address.parse(url).origin
        return self._signals_of(origin).vetoes(url, self._asking(origin))

    def _signals_of(self, origin: Origin) -> HostSignals:
        """Asked for once; what does not come forbids everything."""
        if origin not in self._signals:
            said = robots.read(self._answer(origin, robots.WHERE), agent=AGENT)
            self._signals[origin] = HostSignals(
                said,
                tdmrep.read(self._answer(origin, tdmrep.WHERE)),
                aitxt.read(self._answer(origin, aitxt.WHERE), agent=AGENT),
                tuple(rsl.read(self._answer(origin, one), where=one) for one in said.licences),
            )
        return self._signals[origin]

    def _answer(self, origin: Origin, reference: str) -> Answer:
        try:
            url = str(Address.parse(f"{origin}/").join(reference))
            fetched = self._ask(Asked(url, frozenset({origin}), max_bytes=MAX_SIGNAL_BYTES))
        except (Refused, Unavailable, Unreadable):
            return Answer(None)
        return Answer(fetched.status, fetched.body)

    def _locator(self, url: str) -> str | None:
        """The locator of an address, if it is on a host that granted."""
        try:
            address = Address.parse(url)
        except Refused:
            return None
        if address.origin not in self._terms.hosts:
            return None
        return f"{address.origin.authority}{address.target}"

    def _covers_url(self, url: str) -> bool:
        locator = self._locator(url)
        if locator is None or covering(self._terms.grants, url) is None:
            return False
        return self._covers(locator)

    def _is_page_of_ours(self, url: str) -> bool:
        try:
            address = Address.parse(url)
        except Refused:
            return False
        return address.origin == self._start.origin and self._covers_url(url)


# --------------------------------------------------------------------------------------------------


def _any(_url: str) -> bool:
    return True


def _against(licences: Iterable[Licence], url: str) -> Iterator[Veto]:
    """What licences say against reading `url`."""
    return (veto for one in licences for veto in one.vetoes(url))


def _charset(content_type: str) -> str:
    """The one that a `Content-Type` names, or the empty string."""
    for part in content_type.split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'")
    return ""


def _listed(fetched: Fetched) -> Kept:
    """What a sitemap lists: the pictures it names itself, and the pages to look at."""
    read = sitemap.read(fetched.body, url=fetched.url)
    pictures = [(one, each.lastmod or _UNDATED) for each in read.pages for one in each.pictures]
    return Kept(
        etag=fetched.etag,
        last_modified=fetched.last_modified,
        pictures=tuple(one for one, _ in pictures),
        stamps=tuple(stamp for _, stamp in pictures),
        links=tuple(each.url for each in read.pages),
        sitemaps=tuple(each.url for each in read.sitemaps),
        notes=read.notes,
    )
