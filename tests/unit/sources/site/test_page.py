"""Pages: the pictures, films and links on them, and what the page says to machines."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.errors import Reason, Unreadable
from countenance.sources.site import address, markup, page, srcset
from countenance.sources.site.found import FoundPicture

_URL = "https://club.example/gala/index.html"
_GALA = "https://club.example/gala/"


def _read(html: str | bytes, *, charset: str = "") -> page.Page:
    data = html.encode() if isinstance(html, str) else html
    return page.read(data, url=_URL, covers=lambda url: url.startswith(_GALA), charset=charset)


def _urls(html: str) -> list[str]:
    return [one.url.removeprefix(_GALA) for one in _read(html).pictures]


def test_a_picture_comes_with_the_words_around_it() -> None:
    """Alternative text, title, caption, heading, title of the page, each once."""
    read = _read(
        "<title>Gala  2026</title><h1>Gala 2026</h1><h2>Stage</h2><figure><img src='a.jpg' "
        "alt='The band' title='Band'><figcaption>Playing\n <b>loud</b></figcaption></figure>"
    )
    words = "The band · Band · Playing loud · Stage · Gala 2026"
    assert read.pictures == (FoundPicture(f"{_GALA}a.jpg", words, _URL),)
    assert read.title == "Gala 2026"


@pytest.mark.parametrize(
    ("html", "urls"),
    [
        ("<img src=a.jpg><img src=a.jpg#x><img src=./a.jpg>", ["a.jpg"]),
        ("<img src=s.jpg srcset='m.jpg 800w, l.jpg 3000w, h.jpg 9000w'>", ["l.jpg"]),
        ("<img src=s.jpg srcset='h.jpg 9000w, g.jpg 8000w'>", ["s.jpg"]),
        ("<img srcset='h.jpg 9000w, g.jpg 8000w'>", ["g.jpg"]),
        ("<img src=s.jpg width=600 srcset='d.jpg 2x, t.jpg 3x'>", ["t.jpg"]),
        ("<img src=s.jpg width=3000 srcset='d.jpg 2x'>", ["s.jpg"]),
        ("<img src='data:image/gif;base64,R0' data-src=a.jpg>", ["a.jpg"]),
        ("<img src='blank.gif' data-srcset='a.jpg 100w, b,c.jpg 900w'>", ["b,c.jpg"]),
        ("<img src='blob:https://x/1'><img src='javascript:x'><img src><img>", []),
        (
            "<picture><source srcset='w.webp 900w'><source type=image/jxl srcset=j></picture>",
            [],
        ),
        (
            "<picture><source srcset='w.webp 900w'><source type=image/jxl srcset='j 999w'><img>",
            ["w.webp"],
        ),
        ("<a href=big.JPG><img src=small.jpg></a>", ["big.JPG"]),
        ("<a rel=nofollow href=big.jpg><img src=small.jpg></a>", []),
        ("<a href=page.html><img src=small.jpg></a>", ["small.jpg"]),
        ("<a href=big.jpg>The big one</a>", ["big.jpg"]),
        ("<base href='/gala/2026/'><img src=a.jpg>", ["2026/a.jpg"]),
        ("<img src='/gala/%2e%2e/x.jpg'>", ["https://club.example/x.jpg"]),
        ("<img src='a b&#x9;\u00e9.jpg?utm=1&b=2'>", ["a%20b%C3%A9.jpg?utm=1&b=2"]),
        (
            "<meta property=og:image content=o.jpg><link rel=image_src href=l.jpg>",
            ["o.jpg", "l.jpg"],
        ),
        ("<noscript><img src=n.jpg></noscript>", ["n.jpg"]),
        ("<img src=logo.svg><img src=favicon.ico>", []),
        ("<!-- <img src=c.jpg> --><script>'<img src=s.jpg>'</script>", []),
    ],
)
def test_which_pictures_are_found(html: str, urls: list[str]) -> None:
    """The largest that is offered of each, once."""
    assert _urls(html) == urls


def test_what_json_ld_says_is_kept_and_is_no_permission() -> None:
    """Nested in graphs, by any name of the thing, joined with what the page shows."""
    graph = {
        "@graph": [
            {
                "@type": "Article",
                "image": ["https://club.example/gala/c.jpg"],
                "hasPart": {
                    "@type": ["https://schema.org/ImageObject"],
                    "contentUrl": "a.jpg",
                    "caption": "On stage",
                    "creator": {"@type": "Person", "name": "P. Photographer"},
                    "license": "https://creativecommons.org/licenses/by/4.0/",
                },
            },
            {"@type": "ImageObject", "url": "b.jpg", "copyrightNotice": "(c) Club"},
            {"@type": "VideoObject", "contentUrl": "f.mp4", "name": "Film"},
        ]
    }
    script = f"<script type='application/ld+json'>{json.dumps(graph)}</script>"
    read = _read(f"<img src=a.jpg alt=Band>{script}<script type='application/ld+json'>{{</script>")
    licence = "https://creativecommons.org/licenses/by/4.0/"
    by_url = {one.url.removeprefix(_GALA): one for one in read.pictures}
    assert by_url["a.jpg"].words == "On stage · Band"
    assert (by_url["a.jpg"].creator, by_url["a.jpg"].licence) == ("P. Photographer", licence)
    assert by_url["b.jpg"].creator == "(c) Club"
    assert by_url.keys() == {"a.jpg", "b.jpg", "c.jpg"}
    assert [(one.url, one.words) for one in read.films] == [(f"{_GALA}f.mp4", "Film")]


def test_films_are_listed_apart() -> None:
    """The first source of each."""
    read = _read(
        "<video title=Song><source src=a.webm><source src=a.mp4></video><a href=b.mp4>B</a>"
    )
    assert [(one.url.removeprefix(_GALA), one.words) for one in read.films] == [
        ("a.webm", "Song"),
        ("b.mp4", "B"),
    ]
    assert read.pictures == ()


def test_links_are_followed_within_the_grant() -> None:
    """Not those marked nofollow, not those elsewhere, each once."""
    read = _read(
        "<a href=2.html>2</a><a href='2.html#x'>2</a><a rel='nofollow ugc' href=3.html>3</a>"
        "<a href=/other/>o</a><a href='https://other.example/gala/'>e</a>"
        "<a href='//club.example/gala/4'>4</a>"
        "<a href='mailto:a@b'>m</a><area href=5.html><a href='../gala/../secret/'>s</a>"
        "<a href='https://club.example@other.example/gala/'>u</a>"
    )
    assert [url.removeprefix(_GALA) for url in read.links] == ["2.html", "4", "5.html"]


def test_what_the_page_says_to_machines_is_told() -> None:
    """Meta elements, licences, and licences within."""
    read = _read(
        "<meta name=ROBOTS content=noai><meta name='tdm-reservation' content=1>"
        "<link rel=license type='application/rsl+xml' href=l.xml>"
        "<link rel=license href='https://creativecommons.org/licenses/by/4.0/'>"
        "<script type='application/rsl+xml'><rsl/></script>"
    )
    assert read.metas == (("robots", "noai"), ("tdm-reservation", "1"))
    assert read.licences == (f"{_GALA}l.xml",)
    assert read.inline_licences == (b"<rsl/>",)


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        ("Fête".encode(), ""),
        ("\ufeffFête".encode(), "iso-8859-1"),
        ("\ufeffFête".encode("utf-16-le"), ""),
        ("Fête".encode("latin-1"), "ISO-8859-1"),
        (b"<meta charset='windows-1252'>" + "Fête".encode("cp1252"), ""),
        (b"<meta charset=zip>" + "Fête".encode(), "rot13"),
    ],
)
def test_encodings(data: bytes, charset: str) -> None:
    """By mark, header, page, or UTF-8; and never by a codec that is no encoding of the web."""
    assert markup.decode(data, charset=charset).endswith("Fête")


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 500_000,
        "<div></x>" * 200_000,
        '<div title="</div>">' * 100_000,
        "<div><object></div></object>" * 100_000,
        '<div "><div ">' * 100_000,
        "<!--><div>" + "<div>" * 100_000,
        "<!-- --!>" + "<b>" * 100_000,
        "<svg><style><foreignobject>" + "<div>" * 100_000,
        "<p><i>" * 100_000,
        "<div>" * 1990 + "</b>" * 1_000_000,
    ],
)
def test_a_page_nested_without_end_is_not_parsed(html: str) -> None:
    """However its end tags are hidden."""
    with pytest.raises(Unreadable) as raised:
        _read(html)
    assert raised.value.reason is Reason.DAMAGED


@pytest.mark.parametrize("begin", ["<!--", "<a b='", "<a ", "<script>", "</", "<", "<p>", '<a b="'])
def test_what_never_ends_is_read_once(begin: str) -> None:
    """A tag, a comment or a script without an end goes on to that of the page: no looking again."""
    assert _urls("<img src=a.jpg>" + begin * (1_000_000 // len(begin))) == ["a.jpg"]


def test_a_page_of_fifty_megabytes_is_not_read() -> None:
    """It is too large for a page."""
    with pytest.raises(Unreadable) as raised:
        _read(b"<div>" * 10_000_000)
    assert raised.value.reason is Reason.TOO_MANY_BYTES


def test_ordinary_markup_is_not_too_deep() -> None:
    """Lists, paragraphs and scripts that end by themselves or hold tags as text."""
    text = "<ul>" + "<li><p>x<br><img src=a.jpg>" * 5000 + "</ul>"
    text += "<script>" + "'<div>'" * 5000 + "</script>" + "<table><tr><td>x</table>" * 3000
    markup.require_shallow(text)


def test_links_and_pictures_past_the_limit_are_left_out_and_told() -> None:
    """In a sentence for each."""
    html = "".join(f"<a href={n}>{n}</a>" for n in range(100_000))
    html += "".join(f"<img src={n}.jpg>" for n in range(page.MAX_PICTURES + 1))
    read = _read(html)
    assert (len(read.links), len(read.pictures)) == (page.MAX_LINKS, page.MAX_PICTURES)
    assert read.notes == (
        f"{_URL}: 1 pictures and films past the limit of 5,000 a page were left out",
        f"{_URL}: 95000 links past the limit of 5,000 a page were left out",
    )


@pytest.mark.parametrize(
    ("found", "whole"),
    [
        ("https://B\u00fccher.example/", "https://xn--bcher-kva.example/"),
        ("HTTPS://CLUB.EXAMPLE:443/a", "https://club.example/a"),
        ("http://club.example:8080/a", "http://club.example:8080/a"),
        ("\\\\club.example\\a", "https://club.example/a"),
        ("https://club.example/a/../../b/./c/..", "https://club.example/b/"),
        ("?q=a b", "https://club.example/gala/index.html?q=a%20b"),
        ("100%.jpg", "https://club.example/gala/100%25.jpg"),
        ("https://a@club.example/", None),
        ("https://", None),
        ("https://[::1", None),
        ("https://club.example:99999/", None),
        ("https://a b/", None),
        ("ftp://club.example/", None),
        ("x" * 9000, None),
    ],
)
def test_addresses_are_made_whole(found: str, whole: str | None) -> None:
    """Of one spelling, or none."""
    assert address.absolute(_URL, found) == whole


@given(st.text(max_size=60))
def test_an_address_stays_as_it_is_once_it_is_whole(found: str) -> None:
    """And its path leads nowhere up."""
    whole = address.absolute(_URL, found)
    if whole is not None:
        assert address.absolute("https://other.example/", whole) == whole
        assert "/../" not in whole.partition("?")[0]
        assert whole.isascii()


@given(st.text(st.sampled_from("ab.jpg ,()12wx\t"), max_size=60))
def test_any_srcset_is_read(value: str) -> None:
    """To an end, and without an error."""
    srcset.largest(srcset.candidates(value, width=100))


_PARTS = st.sampled_from(
    [
        "<a href='",
        "<img src=",
        "<picture>",
        "<base href=",
        "<script type=application/ld+json>",
        "'>",
        "<video src=",
        "</",
        ">",
        "[{",
        '"@type":"ImageObject"',
        "<meta name=robots content=",
        "\x00",
    ]
)


@given(st.binary(max_size=100), st.lists(st.one_of(_PARTS, st.text(max_size=8)), max_size=20))
def test_any_bytes_are_read(data: bytes, parts: list[str]) -> None:
    """No error leaves but ours."""
    for body in (data, "".join(parts).encode()):
        read = _read(body)
        assert all(one.url.startswith("http") for one in read.pictures)
