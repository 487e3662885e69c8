"""robots.txt: whose rules hold, what they match, and what holds when there are none to read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.sources.site import robots
from countenance.sources.site.pattern import matches, path_of
from countenance.sources.site.veto import Answer

pytestmark = pytest.mark.promise("P1")

_SITE = "https://club.example"


def _read(text: str | bytes, agent: str = "FaceBot") -> robots.Robots:
    body = text.encode() if isinstance(text, str) else text
    return robots.read(Answer(200, body), agent=agent)


def _allowed(text: str | bytes, path: str, agent: str = "FaceBot") -> bool:
    return not _read(text, agent).vetoes(_SITE + path)


def test_a_veto_names_the_line_and_the_file() -> None:
    """The sentence says what a person would look for, and where."""
    (veto,) = _read("User-agent: *\nDisallow: /a\nDisallow: /a/private/").vetoes(
        f"{_SITE}/a/private/1.jpg"
    )
    assert str(veto) == "robots: Disallow: /a/private/ for FaceBot in /robots.txt"


@pytest.mark.parametrize("mark", ["\ufeff", ""])
def test_a_byte_order_mark_does_not_hide_the_first_line(mark: str) -> None:
    """The first group holds with and without the mark."""
    assert not _allowed(f"{mark}User-agent: *\nDisallow: /", "/a.jpg")


@pytest.mark.parametrize(
    ("named", "ours"),
    [
        ("FaceBot", True),
        ("facebot", True),
        ("FaceBot/1.0", True),
        ("Face", False),
        ("Bot", False),
        ("FaceBots", False),
        ("MyFaceBot", False),
        ("Face*", False),
    ],
)
def test_a_group_is_ours_if_it_has_our_very_token(
    named: str,
    ours: bool,  # noqa: FBT001  # a table's column
) -> None:
    """Neither the beginning of our token nor a longer one names us."""
    text = f"User-agent: *\nDisallow:\n\nUser-agent: {named}\nDisallow: /"
    assert _allowed(text, "/a.jpg") is not ours
    # And what is said to everybody holds unless we are named.
    assert _allowed(f"User-agent: *\nDisallow: /\n\nUser-agent: {named}\nDisallow:", "/a") is ours


def test_groups_of_one_name_are_one_group() -> None:
    """Rules of a token count wherever they stand."""
    text = "User-agent: FaceBot\nDisallow: /a\n\nUser-agent: *\nAllow: /\n\n" * 2
    assert not _allowed(f"{text}User-agent: FaceBot\nDisallow: /b", "/b/1.jpg")


def test_our_own_group_is_instead_of_everybodys() -> None:
    """A site may shut everybody out and let us in: which its grant does as well."""
    text = "User-agent: *\nDisallow: /\n\nUser-agent: FaceBot\nAllow: /"
    assert _allowed(text, "/a.jpg")
    assert not _allowed(text, "/a.jpg", "OtherBot")


@pytest.mark.parametrize("between", ["Sitemap: https://club.example/s.xml", "Foo: bar", "???", ""])
def test_other_lines_do_not_end_a_list_of_names(between: str) -> None:
    """The rule is for both names."""
    assert not _allowed(f"User-agent: FaceBot\n{between}\nUser-agent: b\nDisallow: /", "/a")


@pytest.mark.parametrize("sign", ["\x85", "\u2028", "\x0b", "\x1c"])
def test_only_line_ends_end_lines(sign: str) -> None:
    """Nobody opens what is disallowed with a character that some take for the end of a line."""
    text = f"User-agent: *\nDisallow: /a\nDisallow: /{sign}Allow: /a/b"
    assert not _allowed(text, "/a/b")
    assert not _allowed(text.replace("Allow: /a/b", ""), f"/{sign}")


@pytest.mark.parametrize("status", [None, 301, 429, 500, 503, 599, 100])
def test_without_an_answer_everything_is_disallowed(status: int | None) -> None:
    """Nobody knows what would have stood there."""
    read = robots.read(Answer(status), agent="FaceBot")
    (veto,) = read.vetoes(f"{_SITE}/a.jpg")
    assert "nobody knows" in str(veto)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_without_a_file_there_are_no_rules(status: int) -> None:
    """Which opens nothing: there still has to be a grant."""
    assert robots.read(Answer(status, b"User-agent: *\nDisallow: /"), agent="a").vetoes(_SITE) == ()


def test_a_file_too_large_to_read_disallows_everything() -> None:
    """And half a mebibyte is read whole."""
    filler = b"# filler\n" * 60_000
    assert len(filler) > 500 * 1024
    assert not _allowed(filler + b"User-agent: *\nDisallow: /z", "/z")
    assert _allowed(filler, "/a.jpg")
    assert not _allowed(filler * 2, "/a.jpg")


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        ("Crawl-delay: 2.5", 2.5),
        ("Crawl-delay: soon", None),
        ("Crawl-delay: nan", None),
        ("Crawl-delay: 1\nCrawl-delay: 9", 9.0),
        ("Crawl-delay: -3", None),
        ("Allow: /", None),
    ],
)
def test_the_longest_delay_holds(lines: str, seconds: float | None) -> None:
    """What is no number of seconds is passed over."""
    assert _read(f"User-agent: *\n{lines}").crawl_delay == seconds


def test_sitemaps_and_licences_are_for_everybody() -> None:
    """Wherever they stand."""
    read = _read("License: https://a/l.xml\nUser-agent: x\nDisallow: /\nSitemap: https://a/s.xml")
    assert (read.licences, read.sitemaps) == (("https://a/l.xml",), ("https://a/s.xml",))


@pytest.mark.parametrize(
    "line",
    [
        "Content-Signal: ai-train=no, search=yes",
        "content-usage: train-ai=n",
        "Content-Usage: all=no",
        "Content-Usage: /a train-ai=n",
        "Content-Signal: ai-input=maybe",
        "Content-Usage: bots=n;x=1",
    ],
)
def test_a_denied_use_forbids(line: str) -> None:
    """Whatever the use, and whatever is neither allowed nor denied."""
    (veto,) = _read(f"User-agent: *\n{line}\nAllow: /").vetoes(f"{_SITE}/a/1.jpg")
    assert veto.signal.lower() == line.lower().partition(":")[0]
    assert veto.where == "/robots.txt"


@pytest.mark.parametrize(
    "line",
    ["Content-Signal: ai-train=yes, search=yes", "Content-Usage: /b train-ai=n", "Content-Usage:"],
)
def test_an_allowed_use_says_nothing(line: str) -> None:
    """It forbids nothing, and opens nothing that is disallowed."""
    assert _allowed(f"User-agent: *\n{line}", "/a/1.jpg")
    assert not _allowed(f"User-agent: *\nDisallow: /\n{line}", "/a/1.jpg")


_PATHS = st.text(st.sampled_from("ab/"), max_size=6).map(lambda path: f"/{path}")
_PATTERNS = st.builds(
    lambda path, end: f"/{path}{end}",
    st.text(st.sampled_from("ab/*"), max_size=6),
    st.sampled_from(["", "$"]),
)


@given(st.lists(st.tuples(st.booleans(), _PATTERNS), max_size=6), _PATHS)
def test_the_longest_match_wins_and_allow_wins_ties(
    rules: list[tuple[bool, str]], path: str
) -> None:
    """As a plain model of RFC 9309 says."""
    text = "\n".join(f"{'Allow' if allow else 'Disallow'}: {value}" for allow, value in rules)
    compared = path_of(_SITE + path)
    hits = [(len(value), allow) for allow, value in rules if matches(value, compared)]
    assert _allowed(f"User-agent: *\n{text}", path) is (max(hits)[1] if hits else True)


@given(st.binary(max_size=300))
def test_any_bytes_are_read(body: bytes) -> None:
    """Whatever comes is a file with or without rules."""
    read = _read(body)
    assert isinstance(read.vetoes(f"{_SITE}/a.jpg"), tuple)
    assert read.crawl_delay is None or read.crawl_delay >= 0
