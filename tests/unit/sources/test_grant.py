"""Grants: when they are in force, and what they cover."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.core.ids import GrantId, SourceId
from countenance.errors import NoGrant, UsageError
from countenance.sources.grant import Grant, GrantPurpose

pytestmark = pytest.mark.promise("P1")

_GIVEN = datetime(2026, 1, 1, tzinfo=UTC)
_UNTIL = datetime(2027, 1, 1, tzinfo=UTC)
_DURING = datetime(2026, 6, 1, tzinfo=UTC)
_GRANT = Grant(
    id=GrantId("g_1"),
    source=SourceId("s_1"),
    granted_by="the municipality's press office",
    given_at=_GIVEN,
    until=_UNTIL,
)
_MOMENT = timedelta(microseconds=1)
_NAMES = st.text(st.sampled_from("ab.*?[]\\%"), min_size=1, max_size=4).filter(
    lambda name: name not in {".", ".."}
)
_PATHS = st.lists(_NAMES, min_size=1, max_size=4).map("/".join)
_TIMES = st.integers(0, 2**32).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (_GIVEN - _MOMENT, False),
        (_GIVEN, True),
        (_UNTIL - _MOMENT, True),
        (_UNTIL, False),
    ],
)
def test_grant_is_in_force_from_its_first_instant_to_before_its_last(
    at: datetime,
    expected: bool,  # noqa: FBT001  # a table's column
) -> None:
    """`given_at` is inside, `until` outside."""
    assert _GRANT.in_force(at) is expected
    assert _GRANT.covers("a.jpg", at) is expected


@given(_TIMES, _TIMES)
def test_revoked_is_revoked_at_any_time(at: datetime, revoked_at: datetime) -> None:
    """No clock, set forward or back, finds a time at which a revoked grant is in force."""
    assert not replace(_GRANT, revoked_at=revoked_at).in_force(at)


@pytest.mark.parametrize(
    ("glob", "covered", "not_covered"),
    [
        ("**", ["a.jpg", "a/b.jpg", "a/b/c.jpg"], []),
        ("*", ["a.jpg"], ["a/b.jpg"]),
        ("*.jpg", ["a.jpg", ".jpg"], ["a.JPG", "a.jpeg", "a/b.jpg"]),
        ("gala/**", ["gala/a.jpg", "gala/b/c.jpg"], ["gala", "galas/a.jpg", "x/gala/a.jpg"]),
        ("gala/*", ["gala/a.jpg"], ["gala/b/c.jpg"]),
        ("**/*.jpg", ["a.jpg", "a/b.jpg", "a/b/c.jpg"], ["a/b.png"]),
        ("a/**/z.jpg", ["a/z.jpg", "a/b/z.jpg", "a/b/c/z.jpg"], ["z.jpg", "b/z.jpg"]),
        ("a?.jpg", ["ab.jpg"], ["a.jpg", "a/.jpg", "abc.jpg"]),
        ("a**", ["a", "ab.jpg"], ["a/b.jpg"]),
        ("[ab].jpg", ["[ab].jpg"], ["a.jpg"]),
        ("a.jpg", ["a.jpg"], ["aajpg", "a.jpg\n", "A.jpg"]),
    ],
)
def test_globs(glob: str, covered: list[str], not_covered: list[str]) -> None:
    """What each glob covers, and what stands right beside it."""
    grant = replace(_GRANT, scope=(glob,))
    assert [name for name in covered if not grant.covers(name, _DURING)] == []
    assert [name for name in not_covered if grant.covers(name, _DURING)] == []


@pytest.mark.parametrize("locator", ["", "/a.jpg", "../a.jpg", "a/../../b.jpg", "a//b.jpg", "a/"])
def test_what_is_no_path_below_the_source_is_never_covered(locator: str) -> None:
    """Even a grant for everything covers nothing outside its source."""
    assert not _GRANT.covers(locator, _DURING)


@given(_PATHS, _PATHS)
def test_folder_scope_covers_its_folder_and_nothing_else(folder: str, locator: str) -> None:
    """`folder/**` covers a locator if and only if it lies below that folder."""
    plain = folder.replace("*", "x").replace("?", "x")
    grant = replace(_GRANT, scope=(f"{plain}/**",))
    assert grant.covers(locator, _DURING) == locator.startswith(f"{plain}/")
    assert grant.covers(f"{plain}/{locator}", _DURING)


@given(_PATHS)
def test_nothing_is_covered_without_a_scope_or_a_purpose(locator: str) -> None:
    """What is not named is denied."""
    assert not replace(_GRANT, scope=()).covers(locator, _DURING)
    assert not replace(_GRANT, purposes=frozenset()).covers(locator, _DURING)
    assert not _GRANT.covers(locator, _DURING, GrantPurpose.PUBLISH)


@pytest.mark.parametrize(
    ("grant", "at", "words"),
    [
        (_GRANT, _UNTIL, "g_1 expired on 2027-01-01"),
        (_GRANT, _GIVEN - _MOMENT, "g_1 begins on 2026-01-01"),
        (replace(_GRANT, revoked_at=_DURING), _DURING, "g_1 was revoked on 2026-06-01"),
        (replace(_GRANT, scope=("x/**",)), _DURING, "g_1 does not cover 'a.jpg'"),
        (replace(_GRANT, purposes=frozenset()), _DURING, "g_1 does not allow to match"),
    ],
)
def test_refusal_says_why(grant: Grant, at: datetime, words: str) -> None:
    """A person can read from the refusal what to ask the source for."""
    with pytest.raises(NoGrant, match=words):
        grant.require("a.jpg", at)


def test_require_lets_pass_what_is_covered() -> None:
    """Nothing is raised under a grant that covers it."""
    _GRANT.require("a.jpg", _DURING)


@pytest.mark.parametrize("glob", ["", "/etc/**", "../**", "a//b"])
def test_glob_that_names_nothing_below_the_source_is_malformed(glob: str) -> None:
    """A scope that could never cover anything, or seems to reach outside, is a mistake."""
    with pytest.raises(UsageError):
        replace(_GRANT, scope=(glob,))


@pytest.mark.parametrize("name", ["given_at", "until"])
def test_times_have_a_zone(name: str) -> None:
    """A time without a zone is several instants."""
    naive = _DURING.replace(tzinfo=None)
    with pytest.raises(UsageError, match=name):
        replace(_GRANT, given_at=naive) if name == "given_at" else replace(_GRANT, until=naive)


@pytest.mark.parametrize(
    ("scope", "covered", "not_covered"),
    [
        (("**", "!private/**"), ["a.jpg", "b/a.jpg"], ["private/a.jpg"]),
        (("a/**", "!a/b/**", "a/b/c/**"), ["a/x", "a/b/c/x"], ["a/b/x", "b"]),
        (("a/*.jpg", "!a/*.jpg"), [], ["a/b.jpg"]),
        (("~club.example/gala/",), ["club.example/gala/a.jpg"], ["club.example/galas/a.jpg"]),
        (
            ("~club.example/gala",),
            ["club.example/gala/a", "club.example/gala?x=1"],
            ["club.exampl"],
        ),
        (("~a.example/*/public/",), ["a.example/x/y/public/1.jpg"], ["a.example/x/1.jpg"]),
        (("~a.example/x.jpg$",), ["a.example/x.jpg"], ["a.example/x.jpg?large"]),
        (("~a.example/x/", "!~a.example/x/y"), ["a.example/x/z"], ["a.example/x/y/z"]),
        (("~a.example/x", "!~a.example/x"), [], ["a.example/x/z"]),
    ],
)
def test_what_is_left_out(
    scope: tuple[str, ...], covered: list[str], not_covered: list[str]
) -> None:
    """The longest of those that match says, and what leaves out wins over one as long."""
    grant = replace(_GRANT, scope=scope)
    assert [name for name in covered if not grant.covers(name, _DURING)] == []
    assert [name for name in not_covered if grant.covers(name, _DURING)] == []


@given(st.lists(_PATHS, min_size=1, max_size=3), _PATHS)
def test_leaving_out_never_covers_more(scope: list[str], path: str) -> None:
    """Whatever is left out, nothing is covered that was not."""
    grant = replace(_GRANT, scope=tuple(scope))
    fewer = replace(_GRANT, scope=(*scope, *(f"!{glob}" for glob in scope[:1])))
    assert grant.covers(path, _DURING) or not fewer.covers(path, _DURING)


def test_a_grant_in_public_holds_only_while_it_is_seen_there() -> None:
    """Nobody may be asked for weeks whether it still stands, and it counts no longer."""
    grant = replace(_GRANT, seen_until=_DURING)
    assert grant.covers("a.jpg", _DURING - _MOMENT)
    assert not grant.in_force(_DURING)
    with pytest.raises(NoGrant, match="not seen in its place"):
        grant.require("a.jpg", _DURING)
    assert not replace(grant, until=_GIVEN + _MOMENT).in_force(_DURING - _MOMENT)
