"""
What a picture itself says against being read: PLUS DataMining, and the assertion on training and
data mining of CAWG and C2PA.

`plus:DataMining` (https://ns.useplus.org/LDF/ldf-XMPSpecification) stands in XMP. Every value of
its vocabulary but "allowed" and "unspecified" forbids, `-EXCEPTSEARCHENGINEINDEXING` too, since
comparing faces is not the indexing of a page, and so does one that the vocabulary lacks.

The assertion (https://cawg.io/training-and-data-mining/1.1) is read with the package `c2pa`, where
that is installed. Elsewhere nobody can tell which of its entries forbids what, and a picture that
carries one with a "notAllowed" or "constrained" is left alone.

This is for pictures of the web: of a site, of IIIF. In a folder of one's own the owner may decide.
"""

import importlib
import io
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from countenance.errors import Unreadable
from countenance.sources.site import xml
from countenance.sources.site.veto import Veto

PLUS = "plus:DataMining"
MINING = "training-mining"
WHERE_XMP = "the picture's XMP"
WHERE_C2PA = "the picture's C2PA manifest"

_PROPERTY = "{http://ns.useplus.org/ldf/xmp/1.0/}DataMining"
_RESOURCE = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}resource"
_SILENT = frozenset({"", "DMI-UNSPECIFIED", "DMI-ALLOWED"})

# How a packet begins and ends; the one within the other, where there are both.
_PACKETS = ((b"<x:xmpmeta", b"</x:xmpmeta>"), (b"<rdf:RDF", b"</rdf:RDF>"))
_MAX_PACKETS = 16
# The value in whatever packet could not be read as one: split, compressed by another, in UTF-16.
_PROHIBITED = tuple("DMI-PROHIBITED".encode(name) for name in ("utf-8", "utf-16-le", "utf-16-be"))

_PNG = b"\x89PNG\r\n\x1a\n"
_XMP_KEYWORD = b"XML:com.adobe.xmp\0\1"
_MAX_XMP_BYTES = 16 << 20

# Of the uses that an assertion may name, those that ours is: by the end of their names.
_OUR_USES = ("data_mining", "ai_inference")
_MARKS = (b"notAllowed", b"constrained")


def picture_vetoes(data: bytes) -> tuple[Veto, ...]:
    """What the bytes of a picture, of whatever format, say against it. Raises nothing."""
    found = [veto for packet in _packets(data) for veto in xmp_vetoes(packet)]
    if not found and any(mark in data for mark in _PROHIBITED):
        found.append(Veto(PLUS, WHERE_XMP, "DMI-PROHIBITED"))
    return tuple(dict.fromkeys([*found, *_assertions(data)]))


def xmp_vetoes(packet: bytes) -> tuple[Veto, ...]:
    """What a packet of XMP says. One that cannot be read and names DataMining forbids."""
    reading = _Mining()
    try:
        xml.read(packet, reading, what="the packet", namespaces=True)
    except Unreadable:
        told = b"DataMining" in packet.replace(b"\0", b"")
        return (Veto(PLUS, WHERE_XMP, "malformed"),) if told else ()
    return tuple(
        Veto(PLUS, WHERE_XMP, value)
        for value in dict.fromkeys(_term(value) for value in reading.values)
        if value.upper() not in _SILENT
    )


def assertion_vetoes(assertion: object) -> tuple[Veto, ...]:
    """
    What the assertion's JSON says: `{"entries": {"cawg.data_mining": {"use": "notAllowed"}}}`.

    One that has another shape forbids.
    """
    entries = assertion.get("entries") if isinstance(assertion, Mapping) else None
    if not isinstance(entries, Mapping):
        return (Veto(MINING, WHERE_C2PA, "malformed"),)
    return tuple(
        Veto(MINING, WHERE_C2PA, f"{name} {use}")
        for name, use in ((str(name), _use(entry)) for name, entry in entries.items())
        if name.endswith(_OUR_USES) and use.lower() != "allowed"
    )


# --------------------------------------------------------------------------------------------------


class _Mining:
    """Collects the values of the property: as an attribute, as text, as a resource, in a list."""

    def __init__(self) -> None:
        self.values: list[str] = []

    def opened(self, path: Sequence[str], attributes: Mapping[str, str]) -> None:
        if _PROPERTY in attributes:
            self.values.append(attributes[_PROPERTY])
        if _PROPERTY in path and _RESOURCE in attributes:
            self.values.append(attributes[_RESOURCE])

    def closed(self, path: Sequence[str], text: str) -> None:
        if _PROPERTY in path:
            self.values.append(text)


def _term(value: str) -> str:
    """`http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED` by its last part."""
    return value.strip().rpartition("/")[2]


def _packets(data: bytes) -> Iterator[bytes]:
    for begin, end in _PACKETS:
        start = data.find(begin)
        for _ in range(_MAX_PACKETS):
            stop = data.find(end, start)
            if start < 0 or stop < 0:
                break
            yield data[start : stop + len(end)]
            start = data.find(begin, stop)
    if data.startswith(_PNG):
        yield from _compressed(data)


def _compressed(data: bytes) -> Iterator[bytes]:
    """XMP that a PNG holds deflated, in an iTXt chunk."""
    at = data.find(_XMP_KEYWORD)
    if at < 0:
        return
    # Behind the keyword: the method, a language and a translated keyword, both ended by a zero.
    start = at + len(_XMP_KEYWORD) + 1
    for _ in range(2):
        start = data.find(b"\0", start) + 1
    try:
        yield zlib.decompressobj().decompress(data[start:], _MAX_XMP_BYTES)
    except zlib.error:
        yield b"<DataMining"  # somebody said something that nobody can read


def _assertions(data: bytes) -> Iterator[Veto]:
    if MINING.encode() not in data or b"jumb" not in data:
        return
    try:
        manifests = _manifests(data)
    except ImportError:
        if any(mark in data for mark in _MARKS):
            yield Veto(MINING, WHERE_C2PA, "notAllowed or constrained")
        return
    if manifests is None:
        yield Veto(MINING, WHERE_C2PA, "malformed")
        return
    for assertion in manifests:
        yield from assertion_vetoes(assertion)


class _C2pa(Protocol):
    """What is used of the package `c2pa`: it is no dependency, and ships no types."""

    def Reader(self, form: str, stream: io.BytesIO) -> "_Reader":  # noqa: N802
        """Open a file with manifests in it."""


class _Reader(Protocol):
    def json(self) -> str:
        """All manifests."""


def _manifests(data: bytes) -> list[object] | None:
    """
    The assertions on mining of every manifest; None if they cannot be read.

    Raises `ImportError` if `c2pa` is not installed.
    """
    c2pa: _C2pa = importlib.import_module("c2pa")
    try:
        store = json.loads(c2pa.Reader(_media_type(data), io.BytesIO(data)).json())
        return [
            assertion["data"]
            for manifest in store["manifests"].values()
            for assertion in manifest.get("assertions", ())
            if MINING in assertion["label"]
        ]
    except Exception:  # noqa: BLE001  # the package's errors are its own, and each of them forbids
        return None


def _media_type(data: bytes) -> str:
    if data.startswith(_PNG):
        return "image/png"
    if data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp":
        return "image/avif" if data[8:12] == b"avif" else "image/heic"
    return "image/jpeg"


def _use(entry: object) -> str:
    use = entry.get("use") if isinstance(entry, Mapping) else entry
    return use if isinstance(use, str) else "malformed"
