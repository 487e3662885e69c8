import base64
import copy
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from countenance.errors import NoGrant, UsageError
from countenance.sources.grant import GrantPurpose
from countenance.sources.site.grantfile import (
    MAX_FILE_BYTES,
    GrantFile,
    Kind,
    Minors,
    Prohibition,
    SiteScope,
    covering,
    parse_grant_file,
    site_token,
    well_known,
)
from countenance.sources.site.guard import Origin
from countenance.sources.site.newgrant import NewGrant, write_grant_file

KEY = bytes(range(32))
HOST = Origin.parse("https://photos.club.example")
URL = "https://photos.club.example/.well-known/countenance-grant.json"
TOKEN = site_token(KEY, HOST)
DURING = datetime(2026, 12, 1, tzinfo=UTC)

Document = dict[str, Any]

FULL: Document = {
    "version": 1,
    "canonical": [URL],
    "grantor": {"name": "Club e.V.", "contact": ["mailto:privacy@club.example"], "role": "host"},
    "issued": "2026-11-01T00:00:00Z",
    "expires": "2027-05-01T00:00:00+02:00",
    "grants": [
        {
            "id": "gala-2026",
            "grantee": {"operator": "https://finder.example/", "token": TOKEN},
            "scope": {
                "allow": ["/galleries/2026/"],
                "deny": ["/galleries/2026/children/"],
                "media_hosts": ["https://img.club.example"],
                "kinds": ["image", "video"],
            },
            "purposes": ["match"],
            "prohibited": ["identify-non-enrolled", "training", "redistribution"],
            "tdm_authorised": True,
            "minors": "excluded",
            "retention_days": 180,
            "rate": {"requests_per_minute": 30},
            "authority": {"basis": "contract 2026-03", "statement": "https://club.example/faces"},
            "odrl": "https://photos.club.example/policies/1.json",
        }
    ],
    "revoked": ["autumn-2025"],
}


def parsed(document: Document, url: str = URL) -> GrantFile:
    return parse_grant_file(json.dumps(document).encode(), url)


def changed(change: Callable[[Document], object]) -> Document:
    document = copy.deepcopy(FULL)
    change(document)
    return document


def grant(document: Document) -> Document:
    first: Document = document["grants"][0]
    return first


def without(*names: str) -> Callable[[Document], object]:
    """A change that leaves out the member at this path."""

    def change(document: Document) -> None:
        *path, last = names
        for name in path:
            document = document["grants"][0] if name == "grants" else document[name]
        del document[last]

    return change


def test_a_whole_file_is_read() -> None:
    """Every member of it comes to the place that is asked."""
    file = parsed(FULL)
    (one,) = file.in_force(TOKEN, DURING)
    assert (file.host, file.grantor, file.contacts) == (
        HOST,
        "Club e.V.",
        ("mailto:privacy@club.example",),
    )
    assert file.expires == datetime(2027, 4, 30, 22, tzinfo=UTC)
    assert (one.id, one.operator, one.token) == ("gala-2026", "https://finder.example/", TOKEN)
    assert one.scope == SiteScope(("/galleries/2026/",), ("/galleries/2026/children/",))
    assert one.media_hosts == (Origin.parse("https://img.club.example"),)
    assert (one.kinds, one.purposes) == (frozenset(Kind), frozenset({GrantPurpose.MATCH}))
    assert Prohibition.TRAINING in one.prohibited
    assert (one.tdm_authorised, one.minors) == (True, Minors.EXCLUDED)
    assert (one.retention_days, one.per_minute) == (180, 30)
    assert (one.basis, one.statement) == ("contract 2026-03", "https://club.example/faces")
    assert file.digest == hashlib.sha256(json.dumps(FULL).encode()).hexdigest()


def test_what_is_left_out_is_the_careful_one() -> None:
    """Pictures only, no mining where the site reserves it, no minors, no limit that nobody set."""
    document = copy.deepcopy(FULL)
    del document["revoked"]
    for name in ("prohibited", "tdm_authorised", "minors", "retention_days", "rate"):
        del grant(document)[name]
    for name in ("deny", "media_hosts", "kinds"):
        del grant(document)["scope"][name]
    (one,) = parsed(document).in_force(TOKEN, DURING)
    assert (one.kinds, one.tdm_authorised, one.minors) == (
        frozenset({Kind.IMAGE}),
        False,
        Minors.EXCLUDED,
    )
    assert (one.scope.deny, one.media_hosts, one.prohibited) == ((), (), frozenset())
    assert (one.retention_days, one.per_minute) == (None, None)


CHANGES: list[tuple[str, Callable[[Document], object]]] = [
    ("version", lambda d: d.update(version=2)),
    ("version", lambda d: d.update(version="1")),
    ("version", lambda d: d.update(version=True)),
    ("'version' is missing", without("version")),
    ("'canonical' is missing", without("canonical")),
    ("canonical", lambda d: d.update(canonical=[])),
    ("canonical", lambda d: d.update(canonical=["https://other.example/"])),
    ("canonical", lambda d: d.update(canonical=[URL.replace("https", "http")])),
    ("canonical", lambda d: d.update(canonical=URL)),
    ("'grantor' is missing", without("grantor")),
    ("grantor: expected an object", lambda d: d.update(grantor="Club")),
    ("grantor: 'name' is missing", without("grantor", "name")),
    ("grantor: 'contact' is missing", without("grantor", "contact")),
    ("grantor.contact", lambda d: d["grantor"].update(contact=[])),
    ("grantor.contact", lambda d: d["grantor"].update(contact=["privacy@club.example"])),
    ("grantor.name", lambda d: d["grantor"].update(name="\x1b[2J")),
    ("grantor.name", lambda d: d["grantor"].update(name="\ud800")),
    ("grantor.name", lambda d: d["grantor"].update(name=" ")),
    ("'issued' is missing", without("issued")),
    ("'expires' is missing", without("expires")),
    ("expires", lambda d: d.update(expires="2027-05-01")),
    ("expires", lambda d: d.update(expires="2027-05-01T00:00:00")),
    ("expires", lambda d: d.update(expires="2027-13-01T00:00:00Z")),
    ("expires", lambda d: d.update(expires="9999-12-31T23:59:59-23:59")),
    ("expires", lambda d: d.update(expires="2027-11-03T00:00:00Z")),
    ("expires", lambda d: d.update(expires="2026-11-01T00:00:00Z")),
    ("expires", lambda d: d.update(expires=1793000000)),
    ("'grants' is missing", without("grants")),
    ("grants", lambda d: d.update(grants={})),
    ("grants[0]", lambda d: d.update(grants=["all"])),
    ("same id", lambda d: d["grants"].append(copy.deepcopy(grant(d)))),
    ("'id' is missing", without("grants", "id")),
    ("grants[0].id", lambda d: grant(d).update(id="a b")),
    ("'grantee' is missing", without("grants", "grantee")),
    ("'token' is missing", without("grants", "grantee", "token")),
    ("'operator' is missing", without("grants", "grantee", "operator")),
    ("grantee.token", lambda d: grant(d)["grantee"].update({"token": "*"})),
    ("grantee.token", lambda d: grant(d)["grantee"].update(token=TOKEN + "=")),
    ("grantee.operator", lambda d: grant(d)["grantee"].update(operator="finder")),
    ("'scope' is missing", without("grants", "scope")),
    ("'allow' is missing", without("grants", "scope", "allow")),
    ("scope.allow", lambda d: grant(d)["scope"].update(allow=[])),
    ("scope.allow[0]", lambda d: grant(d)["scope"].update(allow=["galleries/"])),
    ("scope.allow[0]", lambda d: grant(d)["scope"].update(allow=["https://a.example/"])),
    ("scope.allow[0]", lambda d: grant(d)["scope"].update(allow=["/a/../b/"])),
    ("scope.allow[0]", lambda d: grant(d)["scope"].update(allow=["/a/%2e%2e/b/"])),
    ("scope.allow[0]", lambda d: grant(d)["scope"].update(allow=["/é/"])),
    ("scope.deny", lambda d: grant(d)["scope"].update(deny="/children/")),
    ("scope.deny", lambda d: grant(d)["scope"].update(deny=None)),
    ("scope.deny[0]", lambda d: grant(d)["scope"].update(deny=["children/"])),
    ("media_hosts[0]", lambda d: grant(d)["scope"].update(media_hosts=["img.club.example"])),
    ("media_hosts[0]", lambda d: grant(d)["scope"].update(media_hosts=["https://a.example/b/"])),
    ("media_hosts[0]", lambda d: grant(d)["scope"].update(media_hosts=["https://2130706433"])),
    ("kinds[0]", lambda d: grant(d)["scope"].update(kinds=["audio"])),
    ("kinds", lambda d: grant(d)["scope"].update(kinds=[])),
    ("'purposes' is missing", without("grants", "purposes")),
    ("purposes", lambda d: grant(d).update(purposes=[])),
    ("purposes[1]", lambda d: grant(d).update(purposes=["match", "train"])),
    ("prohibited[0]", lambda d: grant(d).update(prohibited=["match-on-sundays"])),
    ("prohibits redistribution", lambda d: grant(d).update(purposes=["match", "publish"])),
    ("tdm_authorised", lambda d: grant(d).update(tdm_authorised="yes")),
    ("tdm_authorised", lambda d: grant(d).update(tdm_authorised=1)),
    ("minors", lambda d: grant(d).update(minors="some")),
    ("retention_days", lambda d: grant(d).update(retention_days=0)),
    ("retention_days", lambda d: grant(d).update(retention_days=True)),
    ("retention_days", lambda d: grant(d).update(retention_days=1.5)),
    ("requests_per_minute", lambda d: grant(d).update(rate={})),
    ("requests_per_minute", lambda d: grant(d)["rate"].update(requests_per_minute=0)),
    ("rate", lambda d: grant(d).update(rate=30)),
    ("'authority' is missing", without("grants", "authority")),
    ("'basis' is missing", without("grants", "authority", "basis")),
    ("authority.basis", lambda d: grant(d)["authority"].update(basis="")),
    ("authority.statement", lambda d: grant(d)["authority"].update(statement="see the wall")),
    ("revoked", lambda d: d.update(revoked="gala-2026")),
    ("revoked[0]", lambda d: d.update(revoked=[1])),
]


@pytest.mark.promise("P1")
@pytest.mark.parametrize(("says", "change"), CHANGES)
def test_anything_wrong_allows_nothing(says: str, change: Callable[[Document], object]) -> None:
    """Each wrong, missing or unknown part ends the whole file, and the sentence says which."""
    with pytest.raises(NoGrant) as caught:
        parsed(changed(change))
    assert says in caught.value.message
    assert caught.value.message.startswith(URL)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        b"\xef\xbb\xbf" + json.dumps(FULL).encode(),
        json.dumps(FULL).encode() + b" " * MAX_FILE_BYTES,
        json.dumps(FULL).replace('"version": 1', '"version": 2, "version": 1').encode(),
        json.dumps(FULL).replace('"version": 1', '"x": NaN, "version": 1').encode(),
        json.dumps(FULL).replace('"version": 1', f'"x": {"9" * 5000}, "version": 1').encode(),
        json.dumps(FULL).replace('"version": 1', f'"x": {"[" * 30000}, "version": 1').encode(),
        b"[" * 60_000,
    ],
)
def test_what_is_no_such_file_allows_nothing(data: bytes) -> None:
    """Not JSON, not in UTF-8, too long, too deep, or with a name that stands there twice."""
    with pytest.raises(NoGrant):
        parse_grant_file(data, URL)


def test_members_that_nobody_knows_are_ignored() -> None:
    """So that later versions may say more to those who understand it."""
    more = changed(lambda d: (d.update(more=1), grant(d).update(more=[]), d["grantor"].pop("role")))
    assert parsed(more).in_force(TOKEN, DURING)


@pytest.mark.promise("P1")
def test_a_grant_is_to_one_installation_at_one_host() -> None:
    """The token is the digest of its key and the host; another key or host has another."""
    made = hashlib.sha256(KEY + b"photos.club.example").digest()
    assert base64.urlsafe_b64encode(made).decode() == TOKEN + "="
    others = (
        site_token(bytes(32), HOST),
        site_token(KEY, Origin.parse("https://img.club.example")),
        site_token(KEY, Origin.parse("https://photos.club.example:8443")),
    )
    for other in others:
        with pytest.raises(NoGrant, match="none of its grants is to this installation"):
            parsed(FULL).in_force(other, DURING)


@pytest.mark.promise("P1")
def test_a_grant_has_its_time() -> None:
    """Not before it was issued, not from its end on, and not when it was revoked."""
    file = parsed(FULL)
    for at, says in (
        (file.issued - timedelta(microseconds=1), "it begins on 2026-11-01"),
        (file.expires, "it expired on 2027-05-01"),
    ):
        with pytest.raises(NoGrant, match=says):
            file.in_force(TOKEN, at)
    assert file.in_force(TOKEN, file.issued)
    assert file.in_force(TOKEN, file.expires - timedelta(microseconds=1))
    with pytest.raises(NoGrant, match="gala-2026 was revoked"):
        parsed(changed(lambda d: d["revoked"].append("gala-2026"))).in_force(TOKEN, DURING)


@pytest.mark.promise("P1")
def test_a_file_is_worth_nothing_elsewhere() -> None:
    """A copy at another host, or at another path, is not the owner's word."""
    for url in (URL.replace("photos", "copy"), URL.replace("countenance", "other")):
        with pytest.raises(NoGrant, match="not among those it names"):
            parsed(FULL, url)
    assert parsed(FULL, URL.replace("photos", "PHOTOS")).host == HOST


@pytest.mark.promise("P1")
@pytest.mark.parametrize(
    ("allow", "deny", "target", "covered"),
    [
        (["/a/"], [], "/a/b.jpg", True),
        (["/a/"], [], "/a/", True),
        (["/a/"], [], "/a", False),
        (["/a/"], [], "/b/", False),
        (["/a"], [], "/ab", True),
        (["/"], [], "/", True),
        (["/"], ["/"], "/a", False),
        (["/a/"], ["/a/"], "/a/b", False),
        (["/a/"], ["/a/b/"], "/a/b/c", False),
        (["/a/"], ["/a/b/"], "/a/bc", True),
        (["/a/", "/a/b/c/"], ["/a/b/"], "/a/b/c/d", True),
        (["/a/"], ["/a/b/"], "/a//b/c", False),
        (["/a/"], ["/a/b/"], "/a/%2Fb/c", False),
        (["/a/"], ["/a/b/"], "/a%2Fb/c", False),
        (["/a/"], ["/a/b/"], "//a/b/c", False),
        (["/a/"], ["/a/b/"], "/A/b/c", False),
        (["/a/*.jpg"], [], "/a/b/c.jpg", True),
        (["/a/*.jpg"], [], "/a/b.jpg.html", True),
        (["/a/*.jpg$"], [], "/a/b.jpg.html", False),
        (["/a/*.jpg$"], [], "/a/b.jpg", True),
        (["/a/*.jpg$"], [], "/a/.jpg", True),
        (["/a.jpg$"], [], "/a.jpg", True),
        (["/a.jpg$"], [], "/a.jpg?b", False),
        (["/*a*a*a$"], [], "/aa", False),
        (["/*a*a$"], [], "/aa", True),
        (["/*aa*a$"], [], "/aa", False),
        (["/a?page="], [], "/a?page=2", True),
        (["/"], ["/*?"], "/a?b", False),
        (["/"], ["/*.jpg"], "/a?x=.jpg", False),
        (["/" + "*a" * 500 + "$"], [], "/" + "a" * 400, False),
    ],
)
def test_the_longest_pattern_decides(
    allow: list[str], deny: list[str], target: str, *, covered: bool
) -> None:
    """As in RFC 9309, but that a tie denies and that what nothing matches is not given."""
    assert SiteScope(tuple(allow), tuple(deny)).covers(target) is covered


@given(
    st.text(alphabet="ab/*$", max_size=8).map(lambda text: f"/{text}"),
    st.text(alphabet="ab/", max_size=12).map(lambda text: f"/{text}"),
)
def test_patterns_match_what_they_say(pattern: str, target: str) -> None:
    """Against the plain meaning, as a regular expression."""
    import re  # noqa: PLC0415

    meant = "".join(".*" if sign == "*" else re.escape(sign) for sign in pattern.removesuffix("$"))
    found = re.match(meant + (r"\Z" if pattern.endswith("$") else ""), target)
    plain = re.sub("/+", "/", target)
    also = re.match(meant + (r"\Z" if pattern.endswith("$") else ""), plain)
    assert SiteScope((pattern,)).covers(target) is bool(found and also)


@pytest.mark.promise("P1")
def test_what_a_grant_covers() -> None:
    """Its own host, its paths, its purposes and kinds; a media host only by a grant of its own."""
    (ours,) = parsed(FULL).in_force(TOKEN, DURING)
    base = "https://photos.club.example/galleries/2026"
    assert ours.covers(f"{base}/a.jpg")
    assert ours.covers(f"{base}/a.mp4", kind=Kind.VIDEO)
    assert not ours.covers(f"{base}/a.jpg", purpose=GrantPurpose.PUBLISH)
    for url in (
        f"{base}/children/a.jpg",
        f"{base}/x/../children/a.jpg",
        f"{base}/%63hildren/a.jpg",
        "https://photos.club.example/",
        "http://photos.club.example/galleries/2026/a.jpg",
        "https://photos.club.example:8443/galleries/2026/a.jpg",
        "https://img.club.example/galleries/2026/a.jpg",
        "https://photos.club.example.evil.example/galleries/2026/a.jpg",
        "file:///galleries/2026/a.jpg",
        "",
    ):
        assert not ours.covers(url), url
        assert covering([ours], url) is None
    media = Origin.parse("https://img.club.example")
    document = changed(lambda d: d.update(canonical=[well_known(media)]))
    grant(document)["grantee"]["token"] = site_token(KEY, media)
    (theirs,) = parsed(document, well_known(media)).in_force(site_token(KEY, media), DURING)
    there = "https://img.club.example/galleries/2026/a.jpg"
    assert covering([ours, theirs], there) is theirs
    assert covering([ours, theirs], f"{base}/a.jpg") is ours


# --------------------------------------------------------------------------------------------------
# The schema, for whoever writes a file by program.

SCHEMA = json.loads(
    resources.files("countenance.sources.site").joinpath("grant.schema.json").read_text("utf-8")
)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def takes(document: object) -> bool:
    try:
        parse_grant_file(json.dumps(document).encode(), URL)
    except NoGrant:
        return False
    return True


def test_the_schema_is_one_and_takes_what_we_take() -> None:
    """It is valid by its own schema, and the whole file by it."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert VALIDATOR.is_valid(FULL)


@pytest.mark.parametrize(("says", "change"), CHANGES)
def test_the_schema_misses_what_we_miss(says: str, change: Callable[[Document], object]) -> None:
    """A member that is not there is missed by the schema as well; its other gaps are times."""
    document = changed(change)
    if "is missing" in says or "expected an object" in says:
        assert not VALIDATOR.is_valid(document)
    assert not takes(document)


STRANGE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 70_000),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        ["", "match", "/a", "https://a.example/", "2026-11-02T00:00:00Z", "image", TOKEN, "a b\n"]
    ),
    st.text(max_size=5),
    st.builds(list),
    st.builds(dict),
    st.lists(st.sampled_from(["match", "/a", 1, None, "https://a.example"]), max_size=3),
)


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The path of each value in a document."""
    inner: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path, *(one for name, below in inner for one in places(below, (*path, name)))]


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.tuples(st.sampled_from(places(FULL)[1:]), STRANGE), min_size=1, max_size=3))
def test_what_the_schema_refuses_we_refuse(
    changes: list[tuple[tuple[str | int, ...], object]],
) -> None:
    """Whatever is put in the place of whatever: nothing is taken that the schema refuses."""
    document: Any = copy.deepcopy(FULL)
    for (*path, last), value in changes:
        below = document
        try:
            for name in path:
                below = below[name]
            below[last] = value
        except (KeyError, IndexError, TypeError):
            continue
    if takes(document):
        VALIDATOR.validate(document)


# --------------------------------------------------------------------------------------------------
# A new file.

NEW = NewGrant(
    host=HOST,
    token=TOKEN,
    name="Club e.V.",
    contacts=("mailto:privacy@club.example",),
    basis="we took the pictures",
    operator="https://finder.example/",
    paths=("/galleries/",),
    issued=datetime(2026, 11, 1, tzinfo=UTC),
    until=datetime(2027, 6, 1, tzinfo=UTC),
)


def test_a_new_file_is_one_that_is_taken() -> None:
    """By the schema and by us, as it was asked for."""
    data = write_grant_file(NEW)
    VALIDATOR.validate(json.loads(data))
    (one,) = parse_grant_file(data, URL).in_force(TOKEN, DURING)
    assert one.covers("https://photos.club.example/galleries/a.jpg")
    assert (one.minors, one.tdm_authorised, one.per_minute) == (Minors.EXCLUDED, False, None)


def test_every_wish_comes_into_the_file() -> None:
    """And out of it again."""
    wishes = NewGrant(
        **{name: getattr(NEW, name) for name in NEW.__slots__}
        | {
            "id": "all",
            "statement": "https://club.example/faces",
            "deny": ("/galleries/private/",),
            "media_hosts": ("https://img.club.example",),
            "kinds": frozenset(Kind),
            "purposes": frozenset(GrantPurpose),
            "tdm_authorised": True,
            "minors": Minors.INCLUDED,
            "retention_days": 30,
            "per_minute": 60,
        }
    )
    (one,) = parse_grant_file(write_grant_file(wishes), URL).in_force(TOKEN, DURING)
    assert (one.id, one.statement, one.scope.deny) == (
        "all",
        "https://club.example/faces",
        ("/galleries/private/",),
    )
    assert (one.kinds, one.purposes, one.minors) == (
        frozenset(Kind),
        frozenset(GrantPurpose),
        Minors.INCLUDED,
    )
    assert (one.tdm_authorised, one.retention_days, one.per_minute) == (True, 30, 60)
    assert one.media_hosts == (Origin.parse("https://img.club.example"),)


def test_a_new_file_that_nobody_would_take_is_not_written() -> None:
    """Whoever asks for it hears why."""
    given_ = {name: getattr(NEW, name) for name in NEW.__slots__}
    for wrong in (
        {"until": datetime(2028, 1, 1, tzinfo=UTC)},
        {"paths": ()},
        {"paths": ("galleries",)},
        {"contacts": ("club",)},
        {"token": "x"},
    ):
        with pytest.raises(UsageError, match="no grant file can be made of this"):
            write_grant_file(NewGrant(**given_ | wrong))
