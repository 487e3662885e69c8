"""
Pages: the pictures on them, what is said of each, the films, the links, and what the page says to
machines.

Of the sizes in which a picture is offered one is taken (`srcset`), and where it stands in a link to
a picture, that one: a gallery shows small ones that lead to large ones. What a page calls its
picture elsewhere (`og:image`, `link rel=image_src`, JSON-LD) is found too, and each address once.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from countenance.sources.folder import PICTURE_ENDINGS
from countenance.sources.site import jsonld, markup
from countenance.sources.site.address import absolute
from countenance.sources.site.found import FoundPicture
from countenance.sources.site.rsl import MEDIA_TYPE
from countenance.sources.site.srcset import Candidate, candidates, largest

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_PICTURES = 5000
MAX_LINKS = 5000
MAX_WORDS = 500
"""Characters of one part of the words around a picture."""

FILM_ENDINGS = frozenset({".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".ogv", ".mpg", ".mpeg"})

# What pages put off loading is named here, and a placeholder stands in `src`.
_LAZY = ("data-src", "data-original", "data-lazy-src", "data-lazy", "src")
_LAZY_SETS = ("data-srcset", "data-lazy-srcset", "srcset")
_SHARED = frozenset(
    ("og:image", "og:image:url", "og:image:secure_url", "twitter:image", "twitter:image:src")
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_LOOKED_FOR = ",".join(("img", "video", "a[href]", "area[href]", *sorted(_HEADINGS)))

# Formats that are no photographs, or that nothing here reads.
_NOT_TAKEN = frozenset({"image/svg+xml", "image/x-icon", "image/jxl"})
_DRAWINGS = (".svg", ".svgz", ".ico")


@dataclass(frozen=True, slots=True)
class Page:
    """
    What one page holds.

    `links` are addresses that may be followed: covered, and not `nofollow`. `metas` are names and
    contents of its meta elements in their order, to be judged by `signals`; `licences` the
    addresses of RSL licences, and `inline_licences` such licences themselves. `notes` are
    sentences for the report on what was left out.
    """

    url: str
    title: str = ""
    pictures: tuple[FoundPicture, ...] = ()
    films: tuple[FoundPicture, ...] = ()
    links: tuple[str, ...] = ()
    metas: tuple[tuple[str, str], ...] = ()
    licences: tuple[str, ...] = ()
    inline_licences: tuple[bytes, ...] = ()
    notes: tuple[str, ...] = ()


def read(data: bytes, *, url: str, covers: Callable[[str], bool], charset: str = "") -> Page:
    """
    The page at the address `url`. `charset` is that of its `Content-Type`, if that names one.

    `covers` says of an address whether a grant covers it; other links are not followed. Pictures
    are listed wherever they lie: whether one may be read is asked when it is.

    Raises `Unreadable` if the page has too many bytes or is nested too deep.
    """
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415  # only where a site is read

    text = markup.decode(data, charset=charset)
    markup.require_shallow(text)
    # A zero character ends a text for the parser's language, and has no place in a page.
    tree = LexborHTMLParser(text.replace("\0", "\ufffd"))
    found = _Found(url, _base(tree, url), _text(tree.css_first("title")), covers)
    for node in tree.css(_LOOKED_FOR):
        found.look_at(node)
    metas = tuple(_metas(tree))
    found.share(metas, tree)
    return Page(
        url,
        found.title,
        tuple(found.pictures.values()),
        tuple(found.films.values()),
        tuple(found.links),
        metas,
        tuple(_licences(tree, found.base)),
        tuple(_inline_licences(tree)),
        found.notes,
    )


# --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Found:
    """Collects, in the order of the page, each address once."""

    url: str
    base: str
    title: str
    covers: Callable[[str], bool]
    pictures: dict[str, FoundPicture] = field(default_factory=dict)
    films: dict[str, FoundPicture] = field(default_factory=dict)
    links: dict[str, None] = field(default_factory=dict)
    _heading: str = ""
    _pictures_left_out: int = 0
    _links_left_out: int = 0

    @property
    def notes(self) -> tuple[str, ...]:
        told = (
            (self._pictures_left_out, MAX_PICTURES, "pictures and films"),
            (self._links_left_out, MAX_LINKS, "links"),
        )
        return tuple(
            f"{self.url}: {left} {what} past the limit of {limit:,} a page were left out"
            for left, limit, what in told
            if left
        )

    def look_at(self, node: "LexborNode") -> None:
        if node.tag in _HEADINGS:
            self._heading = _text(node)
        elif node.tag == "img":
            self._add(_address(node), _words_around(node))
        elif node.tag == "video":
            for address in _film_addresses(node):
                self._add(address, _words_around(node), film=True)
        else:
            self._look_at_link(node)

    def share(self, metas: tuple[tuple[str, str], ...], tree: "LexborHTMLParser") -> None:
        """What the page calls its pictures outside of its text."""
        for script in tree.css("script[type]"):
            if _attribute(script, "type").lower().startswith("application/ld+json"):
                for said in jsonld.read(script.text(strip=False)):
                    self._describe(said)
        for name, content in metas:
            if name in _SHARED:
                self._add(content, [])
        for link in tree.css("link[href]"):
            if "image_src" in _attribute(link, "rel").lower().split():
                self._add(_attribute(link, "href"), [])

    # ----------------------------------------------------------------------------------------------

    def _look_at_link(self, node: "LexborNode") -> None:
        if "nofollow" in _attribute(node, "rel").lower().split():
            return
        address = _attribute(node, "href")
        ending = _ending(address)
        if ending in PICTURE_ENDINGS or ending in FILM_ENDINGS:
            self._add(address, [_text(node)], film=ending in FILM_ENDINGS)
            return
        if len(self.links) >= MAX_LINKS:
            self._links_left_out += 1
            return
        url = absolute(self.base, address)
        if url is not None and self.covers(url):
            self.links[url] = None

    def _add(self, address: str, said: list[str], *, film: bool = False) -> None:
        url = absolute(self.base, address) if address else None
        if url is None or _ending(url) in _DRAWINGS:
            return
        among = self.films if film else self.pictures
        words = _joined([*said, self._heading, self.title])
        before = among.get(url)
        if before is not None:
            # A thumbnail's link comes before the thumbnail, which is what has the words.
            words = _joined([*said, *before.words.split(" · ")])
            among[url] = FoundPicture(url, words, self.url, before.creator, before.licence)
        elif len(self.pictures) + len(self.films) >= MAX_PICTURES:
            self._pictures_left_out += 1
        else:
            among[url] = FoundPicture(url, words, self.url)

    def _describe(self, said: jsonld.Described) -> None:
        self._heading = ""
        self._add(said.address, [said.words], film=said.is_film)
        url = absolute(self.base, said.address)
        among = self.films if said.is_film else self.pictures
        one = among.get(url or "")
        if one is not None:
            among[one.url] = FoundPicture(
                one.url,
                one.words,
                one.page,
                said.creator or one.creator,
                said.licence or one.licence,
            )


def _address(image: "LexborNode") -> str:
    """The one that is taken of all that are offered for a picture; empty if there is none."""
    link = _ancestor(image, "a")
    if link is not None:
        address = _attribute(link, "href")
        if _ending(address) in PICTURE_ENDINGS:
            return "" if "nofollow" in _attribute(link, "rel").lower().split() else address
    best = largest(_offered(image))
    return "" if best is None else best.address


def _offered(image: "LexborNode") -> Iterator[Candidate]:
    width = _number(_attribute(image, "width"))
    around = image.parent
    nodes = [image]
    if around is not None and around.tag == "picture":
        nodes += [one for one in around.css("source") if _is_taken(one)]
    for node in nodes:
        for name in _LAZY_SETS:
            yield from candidates(_attribute(node, name), width=width)
    for name in _LAZY:
        address = _attribute(image, name)
        if address and not address.lstrip().lower().startswith(("data:", "blob:")):
            yield Candidate(address, width)


def _is_taken(source: "LexborNode") -> bool:
    return _attribute(source, "type").lower() not in _NOT_TAKEN


def _film_addresses(video: "LexborNode") -> Iterator[str]:
    """Its first: the others are the same film in other formats."""
    offered = [_attribute(video, "src"), _attribute(video, "data-src")]
    offered += [_attribute(source, "src") for source in video.css("source")]
    yield from [address for address in offered if address][:1]


def _words_around(node: "LexborNode") -> list[str]:
    said = [_attribute(node, name) for name in ("alt", "title", "aria-label")]
    figure = _ancestor(node, "figure")
    if figure is not None:
        said += [_text(one) for one in figure.css("figcaption")[:1]]
    return said


def _joined(parts: list[str]) -> str:
    plain = (" ".join(part.split())[:MAX_WORDS] for part in parts)
    return " · ".join(dict.fromkeys(part for part in plain if part))


def _ancestor(node: "LexborNode", tag: str, *, within: int = 8) -> "LexborNode | None":
    above = node.parent
    for _ in range(within):
        if above is None or above.tag == tag:
            return above
        above = above.parent
    return None


def _attribute(node: "LexborNode", name: str) -> str:
    return (node.attributes.get(name) or "").strip()


def _text(node: "LexborNode | None") -> str:
    return "" if node is None else " ".join(node.text(separator=" ").split())[:MAX_WORDS]


def _number(value: str) -> float:
    return float(value) if re.fullmatch("[0-9]{1,5}", value) else 0.0


def _ending(address: str) -> str:
    try:
        name = urlsplit(address.strip()).path.rpartition("/")[2]
    except ValueError:
        return ""
    return f".{name.rpartition('.')[2].lower()}" if "." in name else ""


def _base(tree: "LexborHTMLParser", url: str) -> str:
    node = tree.css_first("base[href]")
    return url if node is None else absolute(url, _attribute(node, "href")) or url


def _metas(tree: "LexborHTMLParser") -> Iterator[tuple[str, str]]:
    for node in tree.css("meta[content]"):
        for kind in ("name", "property", "http-equiv"):
            name = _attribute(node, kind).lower()
            if name:
                yield name, _attribute(node, "content")


def _licences(tree: "LexborHTMLParser", base: str) -> Iterator[str]:
    for link in tree.css("link[href]"):
        if _attribute(link, "type").lower() == MEDIA_TYPE:
            # One that is no address is kept: it was named, and cannot be read.
            address = _attribute(link, "href")
            yield absolute(base, address) or address


def _inline_licences(tree: "LexborHTMLParser") -> Iterator[bytes]:
    for script in tree.css("script[type]"):
        if _attribute(script, "type").lower() == MEDIA_TYPE:
            yield script.text(strip=True).encode()
