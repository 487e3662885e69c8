"""The reader of IIIF, with the guarded client, against a set of manifests served on loopback."""

from collections.abc import Iterator

import pytest

from countenance.errors import Reason, Unavailable, Unreadable, UsageError
from countenance.sources.iiif.fetching import fetch_from
from countenance.sources.iiif.place import IiifPlace
from countenance.sources.iiif.reader import IiifReader
from countenance.sources.site.client import Fetcher, user_agent
from countenance.sources.site.guard import Guard
from countenance.sources.source import Entry, Reader, Unlisted
from tests.fakes.iiif_server import IiifServer, iiif_server
from tests.fakes.said import in_jpeg, xmp
from tests.fakes.vision import picture

_ENOUGH = 1_000_000


@pytest.fixture
def server() -> Iterator[IiifServer]:
    with iiif_server() as running:
        yield running


@pytest.fixture
def fetcher() -> Iterator[Fetcher]:
    made = Fetcher(user_agent(), guard=Guard(on_private_network=True))
    yield made
    made.close()


@pytest.fixture
def club(server: IiifServer) -> IiifServer:
    """A collection of version 3 with a manifest of each version."""
    first = server.service_2("/img/a", b"picture a")
    server.manifest_2(
        "/old/manifest.json",
        {"1": {"service": first}, "2": {"@id": f"{server.url}/files/b.jpg"}},
        label=[{"@value": "Gala 1999", "@language": "en"}],
        attribution="<b>Town</b> archive",
        license="https://creativecommons.org/licenses/by/4.0/",
        related={"@id": f"{server.url}/pages/old.html", "format": "text/html"},
    )
    server.put("/files/b.jpg", b"picture b")
    second = server.service_3("/img/c", b"picture c")
    server.manifest_3(
        "/new/manifest.json",
        {"p1": {"service": [second]}},
        summary={"en": ["An evening &amp; a dance"]},
        rights="http://rightsstatements.org/vocab/InC/1.0/",
        requiredStatement={"label": {"en": ["By"]}, "value": {"en": ["Ada"]}},
        homepage=[{"id": f"{server.url}/pages/new.html", "type": "Text"}],
    )
    _collection(server, "/top.json", "/old/manifest.json", "/new/manifest.json")
    return server


def test_a_collection_gives_the_pictures_of_its_manifests(
    club: IiifServer, fetcher: Fetcher
) -> None:
    """Both versions are read, in the collection's order, and no image is asked for yet."""
    reader: Reader = _reader(club, fetcher)
    listed = _entries(reader)
    host = club.url.removeprefix("http://")
    assert [one.locator for one in listed] == [
        f"{host}/old/manifest.json/1",
        f"{host}/old/manifest.json/2",
        f"{host}/new/manifest.json/p1",
    ]
    assert club.asked == ["/top.json", "/old/manifest.json", "/new/manifest.json"]
    assert [reader.read(one.locator, max_bytes=_ENOUGH) for one in listed] == [
        b"picture a",
        b"picture b",
        b"picture c",
    ]
    assert reader.url(listed[0].locator) == f"{club.url}/old/manifest.json"


def test_pages_and_words_stand_beside_the_pictures(club: IiifServer, fetcher: Fetcher) -> None:
    """A result leads to where people look; label, summary and what is said of rights are words."""
    old, _, new = _entries(_reader(club, fetcher))
    assert old.page == f"{club.url}/pages/old.html"
    assert old.words.splitlines() == [
        "Gala 1999",
        "leaf 1",
        "Town archive",
        "https://creativecommons.org/licenses/by/4.0/",
    ]
    assert new.page == f"{club.url}/pages/new.html"
    assert new.words.splitlines() == [
        "Gala",
        "leaf p1",
        "An evening & a dance",
        "By: Ada",
        "http://rightsstatements.org/vocab/InC/1.0/",
    ]


def test_a_manifest_is_a_source_by_itself(club: IiifServer, fetcher: Fetcher) -> None:
    """Whoever reads without a listing finds what stands where as well."""
    reader = _reader(club, fetcher, "/new/manifest.json")
    locator = f"{club.url.removeprefix('http://')}/new/manifest.json/p1"
    assert reader.read(locator, max_bytes=_ENOUGH) == b"picture c"
    assert [one.locator for one in _entries(reader)] == [locator]


@pytest.mark.promise("P1")
def test_what_is_not_covered_is_neither_listed_nor_asked_for(
    club: IiifServer, fetcher: Fetcher
) -> None:
    """The grant is asked at the listing and at each reading, before the server is."""
    host = club.url.removeprefix("http://")
    first, other = f"{host}/old/manifest.json/1", f"{host}/old/manifest.json/2"
    allowed = {first}
    reader = _reader(club, fetcher, allowed=allowed)
    assert [one.locator for one in _entries(reader)] == [first]
    assert _refusal(reader, other) is Reason.NO_GRANT
    allowed.clear()
    club.asked.clear()
    assert _refusal(reader, first) is Reason.NO_GRANT
    assert club.asked == []


def test_collections_are_nested_and_paged(club: IiifServer, fetcher: Fetcher) -> None:
    """Collections within collections, pages of version 2, and one that leads back to itself."""
    _collection(club, "/inner.json", "/new/manifest.json", "/outer.json")
    club.put(
        "/outer.json",
        {"@type": "sc:Collection", "@id": "x", "first": f"{club.url}/page1.json", "total": 2},
    )
    club.put(
        "/page1.json",
        {
            "@type": "sc:Collection",
            "manifests": [{"@id": f"{club.url}/old/manifest.json"}],
            "next": "/page2.json",
        },
    )
    club.put(
        "/page2.json",
        {"@type": "sc:Collection", "members": [{"@id": "/inner.json", "@type": "sc:Collection"}]},
    )
    names = [
        one.locator.rpartition("/")[2] for one in _entries(_reader(club, fetcher, "/outer.json"))
    ]
    assert names == ["1", "2", "p1"]


@pytest.mark.parametrize("broken", [b"{not json", b'{"type": "Range"}', b"[]", 404, 403, 500])
def test_a_broken_manifest_hides_its_own_pictures_only(
    club: IiifServer, fetcher: Fetcher, broken: bytes | int
) -> None:
    """The others are listed, and the broken one is named so that nothing in it has vanished."""
    club.put("/old/manifest.json", broken)
    unlisted: list[Unlisted] = []
    listed = [one.locator for one in _reader(club, fetcher).list(unlisted.append, _no_matter)]
    assert [one.rpartition("/")[2] for one in listed] == ["p1"]
    assert [one.locator for one in unlisted] == [
        f"{club.url.removeprefix('http://')}/old/manifest.json"
    ]


@pytest.mark.parametrize("broken", [b"{not json", 404, 503])
def test_a_broken_collection_is_unavailable(
    club: IiifServer, fetcher: Fetcher, broken: bytes | int
) -> None:
    """What it leads to is not known: nothing may be said to have vanished."""
    _collection(club, "/above.json", "/new/manifest.json", "/top.json")
    club.put("/top.json", broken)
    with pytest.raises(Unavailable):
        _entries(_reader(club, fetcher, "/above.json"))


def test_a_server_that_is_down_is_unavailable(club: IiifServer, fetcher: Fetcher) -> None:
    """A manifest that is to be had later says nothing of its pictures now."""
    club.put("/old/manifest.json", 503)
    with pytest.raises(Unavailable, match="503"):
        _entries(_reader(club, fetcher))


def test_a_service_without_info_gives_what_the_manifest_knows(
    club: IiifServer, fetcher: Fetcher
) -> None:
    """Some services are files that somebody made once: the manifest says which."""
    club.put("/img/a/info.json", 404)
    host = club.url.removeprefix("http://")
    reader = _reader(club, fetcher)
    assert _refusal(reader, f"{host}/old/manifest.json/1") is Reason.VANISHED
    service = {"@id": f"{club.url}/img/a", "profile": "level0", "@context": "image"}
    body = {"@id": f"{club.url}/files/b.jpg", "service": service}
    club.manifest_2("/old/manifest.json", {"1": body})
    assert (
        _reader(club, fetcher).read(f"{host}/old/manifest.json/1", max_bytes=_ENOUGH)
        == b"picture b"
    )


@pytest.mark.parametrize(
    ("status", "reason"),
    [(404, Reason.VANISHED), (401, Reason.NO_PERMISSION), (500, Reason.SERVER_ERROR)],
)
def test_an_image_that_is_not_to_be_had_has_a_reason(
    club: IiifServer, fetcher: Fetcher, status: int, reason: Reason
) -> None:
    """One image is a line in the report; a server that is down is the source being away."""
    club.put("/files/b.jpg", status)
    reader, locator = _reader(club, fetcher), _entries(_reader(club, fetcher))[1].locator
    assert _refusal(reader, locator) is reason
    club.put("/files/b.jpg", 503)
    with pytest.raises(Unavailable):
        reader.read(locator, max_bytes=_ENOUGH)


def test_other_servers_are_not_asked(club: IiifServer, fetcher: Fetcher) -> None:
    """A manifest may point anywhere; nobody there granted anything."""
    with iiif_server() as other:
        elsewhere = other.service_3("/img/x", b"picture x")
        club.manifest_3("/new/manifest.json", {"x": {"service": [elsewhere]}})
        _collection(club, "/top.json", "/new/manifest.json")
        locator = _entries(_reader(club, fetcher))[0].locator
        assert _refusal(_reader(club, fetcher), locator) is Reason.OUTSIDE
        assert other.asked == []
        reader = _reader(club, fetcher, servers=(other.url,))
        assert reader.read(locator, max_bytes=_ENOUGH) == b"picture x"


def test_several_pictures_of_one_canvas_have_a_locator_each(
    club: IiifServer, fetcher: Fetcher
) -> None:
    """Names of canvases may be alike; none is taken for another."""
    made = club.manifest_2("/old/manifest.json", {"1": {"@id": f"{club.url}/files/b.jpg"}})
    canvases = made["sequences"][0]["canvases"]  # type: ignore[index]
    canvases.append(dict(canvases[0]))
    club.put("/old/manifest.json", made)
    names = [one.locator.rpartition("/")[2] for one in _entries(_reader(club, fetcher))]
    assert names == ["1", "1%232", "p1"]


@pytest.mark.promise("P1")
@pytest.mark.parametrize(("value", "is_read"), [("DMI-PROHIBITED", False), ("DMI-ALLOWED", True)])
def test_what_a_picture_says_against_it_holds(
    club: IiifServer, fetcher: Fetcher, value: str, *, is_read: bool
) -> None:
    """The picture is of the web: whoever made it may have put a prohibition into it."""
    word = f"<plus:DataMining>http://ns.useplus.org/ldf/vocab/{value}</plus:DataMining>"
    data = in_jpeg(picture(1), xmp=xmp(word))
    club.put("/files/b.jpg", data)
    reader = _reader(club, fetcher)
    locator = _entries(reader)[1].locator
    if is_read:
        assert reader.read(locator, max_bytes=_ENOUGH) == data
    else:
        assert _refusal(reader, locator) is Reason.VETO


def test_an_image_of_too_many_bytes_is_refused(club: IiifServer, fetcher: Fetcher) -> None:
    """An image is held to the limit of a picture."""
    reader = _reader(club, fetcher)
    locator = _entries(reader)[1].locator
    assert _refusal(reader, locator, max_bytes=8) is Reason.TOO_MANY_BYTES
    assert reader.read(locator, max_bytes=9) == b"picture b"


def test_places_are_judged_when_they_are_added() -> None:
    """Plain http, a private network and what is no address are refused before anybody is asked."""
    for address in ("http://archive.example/m", "https://localhost/m", "ftp://archive.example/m"):
        with pytest.raises(UsageError):
            IiifPlace(address)
    place = IiifPlace("https://Archive.example/iiif/gala/manifest.json", ("https://img.example/x",))
    assert IiifPlace.read(place.options).origins == place.origins
    assert place.location == "https://archive.example/iiif/gala/manifest.json"
    assert place.name == "gala"
    assert IiifPlace("http://127.0.0.1:8000/m", private_network=True).name == "m"


# --------------------------------------------------------------------------------------------------


def _collection(server: IiifServer, path: str, *members: str) -> None:
    items = [
        {
            "id": f"{server.url}{one}",
            "type": "Manifest" if one.endswith("manifest.json") else "Collection",
        }
        for one in members
    ]
    server.put(path, {"type": "Collection", "id": f"{server.url}{path}", "items": items})


def _reader(
    server: IiifServer,
    fetcher: Fetcher,
    path: str = "/top.json",
    *,
    allowed: set[str] | None = None,
    servers: tuple[str, ...] = (),
) -> IiifReader:
    place = IiifPlace(f"{server.url}{path}", servers, private_network=True)
    covers = bool if allowed is None else allowed.__contains__
    return IiifReader(place.address, fetch=fetch_from(fetcher, place.origins), covers=covers)


def _entries(reader: Reader) -> list[Entry]:
    return list(reader.list(_no_problem, _no_matter))


def _refusal(reader: Reader, locator: str, *, max_bytes: int = _ENOUGH) -> Reason:
    with pytest.raises(Unreadable, match=r"\S") as caught:
        reader.read(locator, max_bytes=max_bytes)
    return caught.value.reason


def _no_problem(part: Unlisted) -> None:
    raise AssertionError(part)


def _no_matter(_: object) -> None:
    """For calls that do not matter."""
