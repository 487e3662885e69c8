"""Sitemaps: what they list, and what is no sitemap."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.errors import Reason, Unreadable
from countenance.sources.site import sitemap
from countenance.sources.site.found import FoundPicture

_URL = "https://club.example/sitemap.xml"
_HEAD = (
    '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
    'xmlns:image="http://www.google.com/schemas/sitemap-image/1.1" '
    'xmlns:video="http://www.google.com/schemas/sitemap-video/1.1">'
)


def _read(inner: str) -> sitemap.Sitemap:
    return sitemap.read(f"{_HEAD}{inner}</urlset>".encode(), url=_URL)


def test_pages_and_what_is_on_them() -> None:
    """With words, licence and lastmod; each picture of a page once; relative addresses too."""
    read = _read(
        "<url><loc> https://club.example/gala/#top </loc><lastmod>2026-11-01</lastmod>"
        "<image:image><image:loc>https://img.club.example/1.jpg?w=1&amp;h=2</image:loc>"
        "<image:title>Gala</image:title><image:caption>On stage</image:caption>"
        "<image:license>https://club.example/l</image:license></image:image>"
        "<image:image><image:loc>/2.jpg</image:loc></image:image>"
        "<image:image><image:loc>/2.jpg</image:loc></image:image>"
        "<video:video><video:title>Film</video:title>"
        "<video:content_loc>/1.mp4</video:content_loc></video:video></url>"
        "<url><loc>b.html</loc></url>"
    )
    page = "https://club.example/gala/"
    first = "https://img.club.example/1.jpg?w=1&h=2"
    assert read == sitemap.Sitemap(
        pages=(
            sitemap.ListedPage(
                page,
                "2026-11-01",
                (
                    FoundPicture(first, "Gala · On stage", page, "", "https://club.example/l"),
                    FoundPicture("https://club.example/2.jpg", "", page),
                ),
                (FoundPicture("https://club.example/1.mp4", "Film", page),),
            ),
            sitemap.ListedPage("https://club.example/b.html"),
        )
    )


def test_an_index_lists_sitemaps() -> None:
    """Compressed or not, with their lastmod."""
    entry = "<sitemap><loc>/a.xml.gz</loc><lastmod>2026</lastmod></sitemap>"
    text = f"<sitemapindex>{entry}</sitemapindex>"
    listed = (sitemap.ListedPage("https://club.example/a.xml.gz", "2026"),)
    for data in (text.encode(), gzip.compress(text.encode(), mtime=0), text.encode("utf-16")):
        assert sitemap.read(data, url=_URL) == sitemap.Sitemap(sitemaps=listed)


_BOMB = "<!DOCTYPE b [<!ENTITY a0 'ha'>" + "".join(
    f"<!ENTITY a{i} '{f'&a{i - 1};' * 10}'>" for i in range(1, 10)
)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html/>",
        b"<urlset>",
        b"\x1f\x8bnonsense",
        gzip.compress(b"<urlset/>", mtime=0)[:-9],
        b"<a>" * 1000000,
        f"{_BOMB}]><urlset><url><loc>&a9;</loc></url></urlset>".encode(),
        b"<!DOCTYPE u SYSTEM 'file:///etc/passwd'><urlset/>",
        b"<?xml version='1.0' encoding='q'?><urlset/>",
    ],
)
def test_what_is_no_sitemap_is_damaged(data: bytes) -> None:
    """A bomb, a fetch of something else, a list that is cut short: none of it is read."""
    with pytest.raises(Unreadable) as raised:
        sitemap.read(data, url=_URL)
    assert raised.value.reason is Reason.DAMAGED


def test_a_bomb_of_zeros_is_not_unpacked() -> None:
    """Reading ends at the limit."""
    with pytest.raises(Unreadable) as raised:
        sitemap.read(gzip.compress(b" " * (sitemap.MAX_BYTES + 2), 1, mtime=0), url=_URL)
    assert raised.value.reason is Reason.TOO_MANY_BYTES


def test_what_is_past_the_limits_is_left_out_and_told() -> None:
    """In a sentence with the number."""
    read = _read("<url><loc>/a</loc></url>" * (sitemap.MAX_ENTRIES + 3) + "<url/>")
    assert len(read.pages) == sitemap.MAX_ENTRIES
    assert [note.removeprefix(f"{_URL}: ")[:9] for note in read.notes] == ["3 entries", "1 entries"]


@given(st.binary(max_size=200), st.text(max_size=60))
def test_any_bytes_are_read_or_damaged(data: bytes, text: str) -> None:
    """No other error leaves."""
    for body in (
        data,
        b"<urlset><url><loc>" + data,
        f"{_HEAD}<url><loc>{text}</loc></url></urlset>".encode(),
    ):
        try:
            sitemap.read(body, url=_URL)
        except Unreadable:
            continue
