"""What manifests and image services say: read from bytes, whatever stands in them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.sources.iiif.image import Info, parse_info, request
from countenance.sources.iiif.presentation import Gathering, Malformed, Manifest, Service, parse

_HERE = "https://archive.example/iiif/gala/manifest.json"
_KEYS = st.sampled_from(
    [
        *("type", "@type", "id", "@id", "items", "sequences", "canvases", "images", "resource"),
        *("body", "service", "profile", "motivation", "label", "value", "@value", "width"),
    ]
)
_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=5),
    st.sampled_from(["Manifest", "sc:Manifest", "Collection", "Image", "painting", "https://[x"]),
)
_ANYTHING = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=25,
)


@given(st.dictionaries(_KEYS, _ANYTHING, max_size=6), st.sampled_from(["Manifest", "sc:Manifest"]))
def test_whatever_stands_in_a_manifest_is_read_or_left_out(
    document: dict[str, object], kind: str
) -> None:
    """A document that is wrong somewhere is no error, and every address in it is one."""
    found = parse(json.dumps(document | {"type": kind}).encode(), address=_HERE)
    assert isinstance(found, Manifest)
    assert all(not one.image or one.image.startswith("http") for one in found.pictures)


@given(st.binary(max_size=60))
def test_whatever_bytes_are_no_manifest(data: bytes) -> None:
    """Bytes that are none are refused in words."""
    with pytest.raises(Malformed):
        parse(data, address=_HERE)


def test_a_document_nested_without_end_is_refused() -> None:
    """Nobody's stack is used up."""
    with pytest.raises(Malformed):
        parse(b"[" * 200_000, address=_HERE)


def test_only_what_is_painted_is_a_picture() -> None:
    """Comments, sound and film are not; of a choice the first is."""

    def annotation(body: object, motivation: str = "painting") -> dict[str, object]:
        return {"type": "Annotation", "motivation": motivation, "body": body}

    image = {"type": "Image", "id": "https://img.example/a.jpg"}
    annotations = [
        annotation({"type": "Choice", "items": [image, {"type": "Image", "id": "other"}]}),
        annotation(image, "commenting"),
        annotation({"type": "Video", "id": "https://img.example/a.mp4"}),
        annotation({"type": "TextualBody", "value": "x"}),
    ]
    canvas = {"id": "c", "type": "Canvas", "items": [{"items": annotations}]}
    document = {"type": "Manifest", "items": [canvas]}
    found = parse(json.dumps(document).encode(), address=_HERE)
    assert isinstance(found, Manifest)
    assert [one.image for one in found.pictures] == ["https://img.example/a.jpg"]
    assert found.page == _HERE


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ({"id": "https://i/x", "type": "ImageService3", "profile": "level1"}, (3, 1)),
        ({"@id": "https://i/x/", "profile": "http://iiif.io/api/image/2/level0.json"}, (2, 0)),
        ({"@id": "https://i/x", "@context": "http://iiif.io/api/image/2/context.json"}, (2, None)),
        (
            {
                "@id": "https://i/x",
                "profile": "http://library.stanford.edu/iiif/image-api/1.1/conformance.html#level1",
            },
            (1, 1),
        ),
    ],
)
def test_services_are_told_by_what_they_say(
    service: dict[str, str], expected: tuple[int, int | None]
) -> None:
    """Each version says it in another way."""
    body = {"type": "Image", "service": [{"id": "https://i/login", "type": "AuthCookie"}, service]}
    page = {"items": [{"motivation": "painting", "body": body}]}
    document = {"type": "Manifest", "items": [{"id": "c", "items": [page]}]}
    found = parse(json.dumps(document).encode(), address=_HERE)
    assert isinstance(found, Manifest)
    assert found.pictures[0].service == Service("https://i/x", *expected)


def test_a_collection_leads_to_addresses_once() -> None:
    """They are made whole, and each stands once, in its order."""
    document = {
        "type": "Collection",
        "items": [
            {"type": "Manifest", "id": "b.json"},
            {"type": "Manifest", "id": "https://archive.example/iiif/gala/b.json"},
            {"type": "Collection", "id": "/c.json"},
            {"type": "Manifest"},
            "nothing",
        ],
    }
    assert parse(json.dumps(document).encode(), address=_HERE) == Gathering(
        _HERE,
        ("https://archive.example/iiif/gala/b.json",),
        ("https://archive.example/c.json",),
    )


_SERVICE = Service("https://img.example/iiif/a%2Fb", 2)


@pytest.mark.parametrize(
    ("info", "size"),
    [
        (Info(2, 4000, 3000, fits=True), "!1600,1600"),
        (Info(3, 4000, 3000, fits=True), "!1600,1600"),
        (Info(3, 4000, 3000, fits=True, long_side=800), "!800,800"),
        (Info(2, 4000, 3000, scales=True), "1600,"),
        (Info(3, 3000, 4000, scales=True), "1200,"),
        (Info(2, 1600, 900, fits=True), "full"),
        (Info(3, 1600, 900, fits=True), "max"),
        (Info(3, 4000, 3000, ((400, 300), (2000, 1500), (4000, 3000))), "2000,1500"),
        (Info(2, 4000, 3000, ((400, 300), (1000, 750))), "1000,"),
        (Info(2, 4000, 3000), "full"),
        (Info(3, 4000, 3000), "max"),
    ],
)
def test_a_size_is_asked_for_that_the_service_gives(info: Info, size: str) -> None:
    """Enough to find faces, never more than there is, and only what its level can do."""
    address = f"https://img.example/iiif/a%2Fb/full/{size}/0/default.jpg"
    assert request(_SERVICE, info) == address


def test_an_old_service_calls_it_otherwise() -> None:
    """Version 1 has another name for the picture as it is."""
    assert request(_SERVICE, Info(1, 800, 600)).endswith("/full/full/0/native.jpg")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            {"@context": "http://iiif.io/api/image/3/context.json", "profile": "level1"},
            Info(3, 9, 6, scales=True),
        ),
        (
            {"profile": ["http://iiif.io/api/image/2/level0.json", {"supports": ["sizeByW"]}]},
            Info(2, 9, 6, scales=True),
        ),
        (
            {"type": "ImageService3", "profile": "level0", "extraFeatures": ["sizeByConfinedWh"]},
            Info(3, 9, 6, fits=True),
        ),
        (
            {
                "type": "ImageService3",
                "profile": "level2",
                "maxWidth": 5,
                "sizes": [{"width": 3, "height": 2}, {"width": "x"}, 7],
            },
            Info(3, 9, 6, ((3, 2),), 5, fits=True, scales=True),
        ),
    ],
)
def test_an_info_says_what_the_service_can_do(said: dict[str, object], expected: Info) -> None:
    """Levels, features beside them, limits and ready sizes."""
    data = json.dumps(said | {"width": 9, "height": 6}).encode()
    assert parse_info(data, _SERVICE) == expected


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"width": 9}', b'{"width": -1, "height": 1}']
)
def test_what_is_no_info_is_refused(data: bytes) -> None:
    """Without a size there is nothing to ask for."""
    with pytest.raises(Malformed):
        parse_info(data, _SERVICE)
