"""
Sitemaps (https://www.sitemaps.org/protocol.html), with Google's extensions for images and videos:
lists of a site's pages, and of the pictures on them. A sitemap may be compressed, and may list
other sitemaps.
"""

import gzip
import io
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from countenance.errors import Reason, Unreadable
from countenance.sources.site import xml
from countenance.sources.site.address import absolute
from countenance.sources.site.found import FoundPicture

MAX_BYTES = 50 << 20
"""A sitemap's size, decompressed, by its protocol; and likewise:"""
MAX_ENTRIES = 50_000
MAX_PICTURES = 1000
"""On one page, by the extension."""

_GZIP = b"\x1f\x8b"
_EXTENSIONS = frozenset({"image", "video"})


@dataclass(frozen=True, slots=True)
class ListedPage:
    """A page, and what is listed of it. `lastmod` is as it stands there, or empty."""

    url: str
    lastmod: str = ""
    pictures: tuple[FoundPicture, ...] = ()
    films: tuple[FoundPicture, ...] = ()


@dataclass(frozen=True, slots=True)
class Sitemap:
    """
    What one file lists: further `sitemaps`, each with its lastmod and no pictures, and `pages`.

    `notes` are sentences for the report on what was left out.
    """

    sitemaps: tuple[ListedPage, ...] = ()
    pages: tuple[ListedPage, ...] = ()
    notes: tuple[str, ...] = ()


def read(data: bytes, *, url: str) -> Sitemap:
    """
    The sitemap at the address `url`, as bytes, compressed or not.

    Raises `Unreadable` if it is no XML, too large, or cut short: of a list that cannot be read to
    its end nobody knows what is missing.
    """
    reading = _Listing(url)
    xml.read(_decompressed(data, url), reading, what=f"the sitemap {url}")
    if reading.root not in {"urlset", "sitemapindex"}:
        raise Unreadable(Reason.DAMAGED, f"{url} is no sitemap: it is {reading.root!r}")
    pages = tuple(reading.pages)
    if reading.root == "sitemapindex":
        return Sitemap(sitemaps=pages, notes=reading.notes)
    return Sitemap(pages=pages, notes=reading.notes)


# --------------------------------------------------------------------------------------------------


def _decompressed(data: bytes, url: str) -> bytes:
    try:
        if data.startswith(_GZIP):
            with gzip.open(io.BytesIO(data)) as file:
                data = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as exc:
        raise Unreadable(Reason.DAMAGED, f"the sitemap {url} cannot be decompressed") from exc
    if len(data) > MAX_BYTES:
        raise Unreadable(
            Reason.TOO_MANY_BYTES, f"the sitemap {url} has more than {MAX_BYTES:,} bytes"
        )
    return data


class _Listing:
    """Collects the entries of a document as they end."""

    def __init__(self, url: str) -> None:
        self.root = ""
        self.pages: list[ListedPage] = []
        self._url = url
        self._left_out = 0
        self._no_address = 0
        self._about: dict[str, str] = {}
        self._begin()

    @property
    def notes(self) -> tuple[str, ...]:
        told = (
            (
                self._left_out,
                f"past the limits ({MAX_ENTRIES:,} a sitemap, {MAX_PICTURES:,} a page) left out",
            ),
            (self._no_address, "have no address that can be asked for"),
        )
        return tuple(f"{self._url}: {count} entries {words}" for count, words in told if count)

    def opened(self, path: Sequence[str], attributes: Mapping[str, str]) -> None:  # noqa: ARG002
        self.root = path[0]
        if len(path) == 2:  # noqa: PLR2004  # an entry, below the root
            self._begin()
        elif path[-1] in _EXTENSIONS:
            self._about = {}

    def closed(self, path: Sequence[str], text: str) -> None:
        match path[1:]:
            case ["url" | "sitemap"]:
                self._end()
            case ["url" | "sitemap", "loc" | "lastmod" as name]:
                self._entry[name] = text
            case ["url", "image" | "video", name]:
                self._about[name] = text
            case ["url", "image"]:
                self._add(self._pictures, self._about.get("loc", ""))
            case ["url", "video"]:
                self._add(self._films, self._about.get("content_loc", ""))

    # ----------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._entry: dict[str, str] = {}
        self._about = {}
        self._pictures: list[FoundPicture] = []
        self._films: list[FoundPicture] = []

    def _add(self, among: list[FoundPicture], address: str) -> None:
        url = absolute(self._url, address) if address else None
        if url is None:
            self._no_address += 1
        elif len(among) >= MAX_PICTURES or len(self.pages) >= MAX_ENTRIES:
            self._left_out += 1
        else:
            said = (self._about.get(name, "") for name in ("title", "caption", "description"))
            words = " · ".join(dict.fromkeys(part for part in said if part))
            among.append(FoundPicture(url, words, licence=self._about.get("license", "")))

    def _end(self) -> None:
        address = self._entry.get("loc", "")
        url = absolute(self._url, address) if address else None
        if url is None:
            self._no_address += 1
        elif len(self.pages) >= MAX_ENTRIES:
            self._left_out += 1
        else:
            lastmod = self._entry.get("lastmod", "")
            pictures, films = _on(url, self._pictures), _on(url, self._films)
            self.pages.append(ListedPage(url, lastmod, pictures, films))


def _on(page: str, found: Sequence[FoundPicture]) -> tuple[FoundPicture, ...]:
    each = {one.url: one for one in reversed(found)}
    return tuple(
        FoundPicture(one.url, one.words, page, one.creator, one.licence)
        for one in reversed(each.values())
    )
