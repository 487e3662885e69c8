"""Signals of hosts, answers and pages: each forbids, names itself, and permits nothing."""

import ast
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.sources.site import aitxt, robots, rsl, signals, tdmrep
from countenance.sources.site import veto as vetoes
from countenance.sources.site.signals import Asking, HostSignals
from countenance.sources.site.veto import Answer, Said

pytestmark = pytest.mark.promise("P1")

_ASKING = Asking("FaceBot")
_AUTHORISED = Asking("FaceBot", tdm_authorised=True)
_URL = "https://club.example/galleries/2026/a.jpg"
_WHERE = "the headers"
_SITE = Path(vetoes.__file__).parent

_Kept = tdmrep.Reservations | aitxt.AiTxt | robots.Robots | rsl.Licence


def _headers(*lines: tuple[str, str], asking: Asking = _ASKING) -> Said:
    return signals.of_headers(lines, asking, where=_WHERE)


def _tdm(*entries: object) -> tdmrep.Reservations:
    return tdmrep.read(Answer(200, json.dumps(entries).encode()))


def _entry(location: str, reservation: object) -> dict[str, object]:
    return {"location": location, "tdm-reservation": reservation}


def _licence(inner: str, url: str = "/") -> rsl.Licence:
    content = f'<content url="{url}"><license>{inner}</license></content>'
    text = f'<rsl xmlns="https://rslstandard.org/rsl">{content}</rsl>'
    return rsl.parse(text.encode(), where="/license.xml")


def _ai(text: str) -> aitxt.AiTxt:
    return aitxt.read(Answer(200, text.encode()), agent="FaceBot")


def test_a_reservation_names_itself() -> None:
    """In the words of the report."""
    (veto,) = _tdm(_entry("/", 1)).vetoes(_URL)
    assert str(veto) == "tdm-reservation: 1 in /.well-known/tdmrep.json"


@pytest.mark.parametrize(
    ("entries", "reserved"),
    [
        ([], False),
        ([("/", 0)], False),
        ([("/", 1), ("/galleries/", 0)], False),
        ([("/", 0), ("/galleries/", 1)], True),
        ([("/galleries/2026/*.jpg", 1), ("/galleries/2026/", 0)], True),
        ([("/galleries/*.png", 1)], False),
        ([("/", 1), ("/", 0)], True),
        ([("galleries", 1)], True),
        ([("/", "1")], True),
        ([("/", "0")], False),
        ([("/", True)], True),
        ([("/", None)], True),
        ([("/", 2)], True),
        ([("/", 0.5)], True),
        ([("/", "no")], True),
    ],
)
def test_the_longest_location_holds(
    entries: list[tuple[str, object]],
    reserved: bool,  # noqa: FBT001  # a table's column
) -> None:
    """Of equals the stricter, and a value that is none reserves."""
    assert bool(_tdm(*(_entry(*one) for one in entries)).vetoes(_URL)) is reserved


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[1]", b'[{"tdm-reservation": 0}]', b"[" * 100_000, b"\xff\xfe\0", b"nothing"],
)
def test_a_malformed_reservation_reserves_everything(body: bytes) -> None:
    """Somebody meant to say something."""
    (veto,) = tdmrep.read(Answer(200, body)).vetoes(_URL)
    assert str(veto) == "tdm-reservation: malformed in /.well-known/tdmrep.json"


_READERS: list[Callable[[Answer], _Kept]] = [
    tdmrep.read,
    lambda answer: aitxt.read(answer, agent="FaceBot"),
    lambda answer: robots.read(answer, agent="FaceBot"),
]


@pytest.mark.parametrize("read", _READERS)
@pytest.mark.parametrize("status", [None, 302, 429, 500])
def test_a_file_that_cannot_be_asked_for_forbids(
    read: Callable[[Answer], _Kept], status: int | None
) -> None:
    """Absence permits nothing; not knowing forbids."""
    assert read(Answer(status)).vetoes(_URL)


@pytest.mark.parametrize("read", _READERS)
@pytest.mark.parametrize("page", [b"<!DOCTYPE html><title>Not found</title>", b" \n<html>"])
def test_a_page_in_the_place_of_a_file_says_nothing(
    read: Callable[[Answer], _Kept], page: bytes
) -> None:
    """Many servers answer so for whatever they do not have."""
    assert read(Answer(200, page)).vetoes(_URL) == ()
    assert read(Answer(404)).vetoes(_URL) == ()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("X-Robots-Tag", "noindex", "noindex"),
        ("x-robots-tag", "NoImageIndex, nofollow", "noimageindex"),
        ("X-Robots-Tag", "none", "none"),
        ("X-Robots-Tag", "noai, noimageai", "noai"),
        ("X-Robots-Tag", "max-snippet:20, noml", "noml"),
        ("X-Robots-Tag", "facebot: noindex", "noindex"),
        ("X-Robots-Tag", "otherbot: nofollow, FaceBot: noindex", "noindex"),
        ("X-Robots-Tag", "otherbot: nofollow, noindex", "noindex"),
        ("tdm-reservation", "0, 1", "1"),
        ("X-Robots-Tag", "unavailable_after: 2020-01-01", "unavailable_after: 2020-01-01"),
        ("X-Robots-Tag", "unavailable_after: soon", "unavailable_after: soon"),
        ("X-Robots-Tag", "unavailable_after", "unavailable_after: "),
        ("TDM-Reservation", "1", "1"),
        ("tdm-reservation", "yes", "'yes', which is neither 0 nor 1,"),
        ("Content-Usage", "train-ai=n", "train-ai=n"),
        ("Content-Signal", "search=yes,ai-train=no", "ai-train=no"),
    ],
)
def test_headers_that_forbid(name: str, value: str, said: str) -> None:
    """Each by its own words."""
    first, *_ = _headers(("Content-Type", "image/jpeg"), (name, value)).vetoes
    assert (first.words, first.where) == (said, _WHERE)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Robots-Tag", "all"),
        ("X-Robots-Tag", "otherbot: noindex, b: noai"),
        ("tdm-reservation", "0, 0"),
        ("X-Robots-Tag", "noarchive, max-image-preview:large"),
        ("X-Robots-Tag", ""),
        ("tdm-reservation", "0"),
        ("tdm-policy", "https://club.example/policy.json"),
        ("Content-Usage", "train-ai=y"),
        ("License", "https://creativecommons.org/licenses/by/4.0/"),
        ("Link", '<https://creativecommons.org/publicdomain/zero/1.0/>; rel="license"'),
    ],
)
def test_headers_that_say_nothing_about_us(name: str, value: str) -> None:
    """Nothing is said, and nothing opens."""
    assert _headers((name, value)) == Said()


@pytest.mark.parametrize(
    "date",
    [
        "25 Nov 2026 15:00:00 GMT",
        "Wednesday, 25-Nov-26 15:00:00 GMT",
        "2026-11-25T15:00:00Z",
        "Wed, 25 Nov 2026 15:00:00 GMT",
        "25 Nov 2026 10:00:00 EST",
    ],
)
def test_an_end_forbids_before_it_comes(date: str) -> None:
    """In each way that dates are written: what is kept of it would be there longer."""
    said = _headers(("X-Robots-Tag", f"unavailable_after: {date}, noarchive"))
    assert [veto.words for veto in said.vetoes] == [f"unavailable_after: {date}"]


@pytest.mark.parametrize(
    ("name", "content", "signal"),
    [
        ("robots", "noindex", "meta robots"),
        ("FaceBot", "noimageai", "meta facebot"),
        ("ROBOTS", "index follow noai", "meta robots"),
        ("tdm-reservation", "1", "tdm-reservation"),
        ("content-usage", "train-ai=n", "Content-Usage"),
    ],
)
def test_meta_elements_that_forbid(name: str, content: str, signal: str) -> None:
    """For everybody, or for us by name."""
    (veto,) = signals.of_metas([(name, content)], _ASKING, where="the page").vetoes
    assert veto.signal == signal


def test_nofollow_forbids_following_and_nothing_else() -> None:
    """The pictures on the page may be read, its links not followed."""
    said = signals.of_metas([("robots", "index, nofollow")], _ASKING, where="the page")
    assert said == Said(follow=False)
    assert signals.of_metas([("otherbot", "noindex")], _ASKING, where="the page") == Said()


def test_tdm_authorised_lifts_the_reservation_and_nothing_else() -> None:
    """In the file, in headers, in pages; every other veto stands."""
    lines = [("tdm-reservation", "1"), ("X-Robots-Tag", "noai")]
    assert [one.words for one in _headers(*lines, asking=_AUTHORISED).vetoes] == ["noai"]
    metas = signals.of_metas([("tdm-reservation", "1")], _AUTHORISED, where="the page")
    assert metas == Said()
    host = HostSignals(
        robots.read(Answer(503), agent="FaceBot"),
        _tdm(_entry("/", 1)),
        _ai("User-agent: *\nDisallow: *.jpg"),
        (_licence('<prohibits type="usage">all</prohibits>'),),
    )
    named = [veto.signal for veto in host.vetoes(_URL, _ASKING)]
    assert named == ["robots", "tdm-reservation", "ai.txt", "RSL"]
    lifted = [veto.signal for veto in host.vetoes(_URL, _AUTHORISED)]
    assert lifted == ["robots", "ai.txt", "RSL"]


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        ('<prohibits type="usage">ai-train</prohibits>', "prohibits usage ai-train"),
        ("<prohibits>all</prohibits>", "prohibits usage all"),
        ('<prohibits type="geo">DE</prohibits>', "prohibits geo DE"),
        ('<payment type="crawl"><amount currency="USD">1</amount></payment>', "payment type crawl"),
        ('<payment type="attribution"/>', "payment type attribution"),
        ('<permits type="usage">ai-train</permits>', "permits ai-train alone"),
        ('<permits type="user">non-commercial</permits>', "permits user non-commercial alone"),
    ],
)
def test_licences_that_forbid(inner: str, said: str) -> None:
    """Each by its own words."""
    assert [str(veto) for veto in _licence(inner).vetoes(_URL)] == [f"RSL: {said} in /license.xml"]


@pytest.mark.parametrize(
    "inner", ["", '<permits type="usage">search ai-index</permits><payment type="free"/>']
)
def test_licences_that_say_nothing_against_us(inner: str) -> None:
    """Which permits nothing."""
    assert _licence(inner).vetoes(_URL) == ()


def test_a_licence_is_for_what_it_names() -> None:
    """By path, or by an address."""
    terms = "<prohibits>all</prohibits>"
    assert _licence(terms, "/press/").vetoes(_URL) == ()
    assert _licence(terms, "/galleries/").vetoes(_URL)
    assert _licence(terms, "https://club.example/galleries/*").vetoes(_URL)


_BOMB = b'<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><rsl>&b;</rsl>'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html/>",
        b"<rsl>",
        b"<!doctype html>",
        b"\x00",
        _BOMB,
        b"<rsl>" * 100,
        b'<?xml version="1.0" encoding="no-such"?><rsl/>',
        b" " * (rsl.MAX_BYTES + 1),
    ],
)
def test_a_licence_that_cannot_be_read_forbids(body: bytes) -> None:
    """And so does one that was named and is not there."""
    assert rsl.parse(body, where="/license.xml").vetoes(_URL)
    assert rsl.read(Answer(404), where="/license.xml").vetoes(_URL)


def test_a_server_to_ask_for_a_licence_forbids() -> None:
    """We fetch no licences."""
    text = b'<rsl><content url="/" server="https://olp.example"><license/></content></rsl>'
    assert rsl.parse(text, where="/license.xml").vetoes(_URL)


def test_linked_licences_are_found() -> None:
    """Of several links those that are licences for machines."""
    value = (
        '<https://a/x>; rel="next", <https://a/l.xml>; rel="license"; type="application/rsl+xml"'
    )
    assert rsl.linked(value) == ("https://a/l.xml",)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("User-Agent: *\nDisallow: *.jpg", "Disallow: *.jpg"),
        ("User-Agent: *\nAllow: *.jpg\nDisallow: /", "Disallow: /"),
        ("user-agent: FaceBot\ndisallow: /galleries/", "disallow: /galleries/"),
        ("User-Agent: a\nUser-Agent: *\nDisallow: .jpg", "Disallow: .jpg"),
        ("images: disallow", "images: disallow"),
        ("User-Agent: *\nImages: ask us", "Images: ask us"),
        ("\ufeffDisallow: /  # all", "Disallow: /"),
    ],
)
def test_ai_txt_that_forbids(text: str, line: str) -> None:
    """By the line that matches, with a query behind the ending too."""
    for url in (_URL, f"{_URL}?width=800"):
        assert [str(veto) for veto in _ai(text).vetoes(url)] == [f"ai.txt: {line} in /ai.txt"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "User-Agent: *\nAllow: /",
        "images: allow",
        "Disallow:",
        "Disallow: *.png",
        "User-Agent: other\nDisallow: /",
        "what is this",
        "User-Agent: *\nDisallow: *.jpg$x",
    ],
)
def test_ai_txt_that_does_not(text: str) -> None:
    """Lines that are none are passed over."""
    assert _ai(text).vetoes(_URL) == ()


@given(st.binary(max_size=200), st.text(max_size=100))
def test_whatever_comes_is_read(body: bytes, text: str) -> None:
    """No bytes and no text make any of the readers raise."""
    for read in _READERS:
        read(Answer(200, body)).vetoes(text)
    rsl.parse(body, where="x").vetoes(_URL)
    names = ("x-robots-tag", "content-usage", "content-signal", "tdm-reservation", "link")
    _headers(*((name, text) for name in names))
    signals.of_metas([("robots", text), ("facebot", text)], _ASKING, where="x")
    rsl.linked(text)


@given(st.sampled_from(["noindex", "noai", "none"]), st.text(max_size=30))
def test_what_stands_beside_it_hides_no_veto(word: str, beside: str) -> None:
    """For a line that addresses everybody."""
    assert _headers(("X-Robots-Tag", f"{word}, {beside}")).vetoes


def test_no_veto_can_be_an_approval() -> None:
    """Nothing in these modules has a word for permission: they only ever add reasons against."""
    for path in _SITE.glob("*.py"):
        tree = ast.parse(path.read_text())
        if path.stem in {"grantfile", "client", "guard", "wire"}:
            continue
        names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert names.isdisjoint({"permits", "allows", "grants", "is_granted"}), path.name


@pytest.mark.parametrize(
    "licence", ["https://creativecommons.org/publicdomain/zero/1.0/", "CC BY 4.0", "CC0"]
)
def test_a_creative_commons_licence_permits_nothing(licence: str) -> None:
    """Whatever a site forbids stays forbidden beside it, at every level."""
    lines = [
        ("X-Robots-Tag", "noai"),
        ("License", licence),
        ("Link", f'<{licence}>; rel="license"'),
    ]
    assert [one.words for one in _headers(*lines).vetoes] == ["noai"]
    metas = [("license", licence), ("dcterms.license", licence), ("tdm-reservation", "1")]
    assert signals.of_metas(metas, _ASKING, where="the page").vetoes
    text = f"User-agent: *\nDisallow: /\nLicense: {licence}"
    assert robots.read(Answer(200, text.encode()), agent="FaceBot").vetoes(_URL)
