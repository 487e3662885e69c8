"""What a picture says of itself: PLUS DataMining in XMP, and the assertion of CAWG and C2PA."""

import io
import json
import struct
import sys
import zlib
from collections.abc import Callable
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from countenance.sources.site import picture

pytestmark = pytest.mark.promise("P1")

_VOCABULARY = "http://ns.useplus.org/ldf/vocab/"
_HEAD = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:p="http://ns.useplus.org/ldf/xmp/1.0/">'
)
_TAIL = "</rdf:RDF></x:xmpmeta>"


def _element(value: str) -> bytes:
    inner = f"<rdf:Description><p:DataMining>{value}</p:DataMining></rdf:Description>"
    return f"{_HEAD}{inner}{_TAIL}".encode()


def _attribute(value: str) -> bytes:
    return f'{_HEAD}<rdf:Description p:DataMining="{value}"/>{_TAIL}'.encode()


def _resource(value: str) -> bytes:
    inner = f'<rdf:Description><p:DataMining rdf:resource="{value}"/></rdf:Description>'
    return f"{_HEAD}{inner}{_TAIL}".encode()


def _picture(packet: bytes, form: str = "JPEG") -> bytes:
    file = io.BytesIO()
    said: dict[str, object] = {"tiffinfo": {700: packet}} if form == "TIFF" else {"xmp": packet}
    Image.new("RGB", (8, 8)).save(file, form, **said)
    return file.getvalue()


@pytest.mark.parametrize(
    "term",
    [
        "DMI-PROHIBITED",
        "DMI-PROHIBITED-AIMLTRAINING",
        "DMI-PROHIBITED-GENAIMLTRAINING",
        "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING",
        "DMI-PROHIBITED-SEECONSTRAINT",
        "DMI-NEW",
    ],
)
@pytest.mark.parametrize("write", [_element, _attribute, _resource])
def test_every_value_but_two_forbids(term: str, write: Callable[[str], bytes]) -> None:
    """However it is written, as an address or by its name, and if nobody has heard of it."""
    for value in (term, f"{_VOCABULARY}{term}"):
        assert [str(one) for one in picture.xmp_vetoes(write(value))] == [
            f"plus:DataMining: {term} in the picture's XMP"
        ]


@pytest.mark.parametrize("term", ["DMI-ALLOWED", "DMI-UNSPECIFIED", ""])
def test_two_values_say_nothing(term: str) -> None:
    """An allowed use permits nothing either: it is only no veto."""
    assert picture.picture_vetoes(_picture(_element(f"{_VOCABULARY}{term}"))) == ()
    assert picture.picture_vetoes(_picture(_element(""))) == ()


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "TIFF", "AVIF", "PNG"])
def test_pictures_of_each_format_are_looked_into(form: str) -> None:
    """By their bytes, without opening them."""
    packet = _element(f"{_VOCABULARY}DMI-PROHIBITED")
    if form == "PNG":
        data = _picture(b"", "PNG") + _itxt(packet, compressed=False)
    else:
        data = _picture(packet, form)
    (veto,) = picture.picture_vetoes(data)
    assert veto.words == "DMI-PROHIBITED"
    assert picture.picture_vetoes(_picture(b"", form)) == ()


def _itxt(packet: bytes, *, compressed: bool) -> bytes:
    body = b"XML:com.adobe.xmp\0" + (b"\1\0\0\0" if compressed else b"\0\0\0\0")
    body += zlib.compress(packet) if compressed else packet
    return struct.pack(">I", len(body)) + b"iTXt" + body + b"\0\0\0\0"


def test_a_compressed_packet_is_read() -> None:
    """A PNG may hold its XMP deflated; one that does not inflate forbids."""
    png = _picture(b"", "PNG")
    packet = _element("DMI-PROHIBITED")
    assert picture.picture_vetoes(png + _itxt(packet, compressed=True))
    assert picture.picture_vetoes(png + b"iTXtXML:com.adobe.xmp\0\1\0\0\0nonsense")
    assert picture.picture_vetoes(png + _itxt(_element(""), compressed=True)) == ()


@pytest.mark.parametrize(
    "packet",
    [
        b"<x:xmpmeta DataMining",
        b"<p:DataMining>DMI-ALLOWED",
        b"<!DOCTYPE x []><x>DataMining</x>",
        "<x:xmpmeta>DataMining".encode("utf-16-le"),
    ],
)
def test_a_malformed_packet_that_names_it_forbids(packet: bytes) -> None:
    """One that does not has said nothing of it."""
    assert [one.words for one in picture.xmp_vetoes(packet)] == ["malformed"]
    assert picture.xmp_vetoes(b"<x:xmpmeta") == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_a_prohibition_outside_of_any_packet_forbids(encoding: str) -> None:
    """A packet that is cut, or of another alphabet, is heard all the same."""
    assert picture.picture_vetoes(b"\xff\xd8" + "DMI-PROHIBITED-X".encode(encoding))


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"cawg.data_mining": {"use": "notAllowed"}}, ["cawg.data_mining notAllowed"]),
        ({"c2pa.ai_inference": {"use": "constrained"}}, ["c2pa.ai_inference constrained"]),
        ({"cawg.data_mining": {"use": "perhaps"}}, ["cawg.data_mining perhaps"]),
        ({"cawg.ai_inference": 5}, ["cawg.ai_inference malformed"]),
        ({"cawg.data_mining": {"use": "allowed"}}, []),
        ({"cawg.ai_generative_training": {"use": "notAllowed"}}, []),
        ({}, []),
        ([], ["malformed"]),
    ],
)
def test_assertions(entries: object, said: list[str]) -> None:
    """Data mining and inference are what we would do; training is not."""
    assert [one.words for one in picture.assertion_vetoes({"entries": entries})] == said
    assert picture.assertion_vetoes(None)


_MANIFEST = b"\xff\xd8jumb cawg.training-mining cawg.data_mining"


def test_without_the_package_a_refusing_assertion_forbids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can tell what it refuses, so it refuses this."""
    monkeypatch.setitem(sys.modules, "c2pa", None)
    assert picture.picture_vetoes(_MANIFEST + b" allowed") == ()
    assert picture.picture_vetoes(_MANIFEST + b" notAllowed")
    assert picture.picture_vetoes(b"\xff\xd8 notAllowed") == ()


@pytest.mark.parametrize(
    ("use", "words"), [("notAllowed", ["cawg.data_mining notAllowed"]), ("allowed", [])]
)
def test_with_the_package_its_entries_are_read(
    monkeypatch: pytest.MonkeyPatch, use: str, words: list[str]
) -> None:
    """The manifests' JSON as the package gives it; an error of it forbids."""
    assertion = {
        "label": "cawg.training-mining",
        "data": {"entries": {"cawg.data_mining": {"use": use}}},
    }
    store = {"manifests": {"a": {"assertions": [assertion, {"label": "c2pa.actions"}]}}}
    monkeypatch.setitem(sys.modules, "c2pa", _c2pa(json.dumps(store)))
    assert [one.words for one in picture.picture_vetoes(_MANIFEST)] == words
    monkeypatch.setitem(sys.modules, "c2pa", _c2pa("{}"))
    assert [one.words for one in picture.picture_vetoes(_MANIFEST)] == ["malformed"]


def _c2pa(text: str) -> ModuleType:
    class Reader:
        def __init__(self, form: str, stream: io.BytesIO) -> None:
            assert form == "image/jpeg"
            assert stream.read(2) == b"\xff\xd8"

        def json(self) -> str:
            return text

    module = ModuleType("c2pa")
    module.__dict__["Reader"] = Reader
    return module


@given(st.binary(max_size=200), st.sampled_from([b"", b"<x:xmpmeta", b"XML:com.adobe.xmp\0\1"]))
def test_any_bytes_are_looked_into(data: bytes, begin: bytes) -> None:
    """Whatever they are, nothing is raised."""
    for whole in (begin + data, b"\x89PNG\r\n\x1a\n" + begin + data):
        assert isinstance(picture.picture_vetoes(whole), tuple)
