"""
The file of a picture that is given out: its pixels packed anew, and what may be said of it.

Nothing of the first file is in it but the pixels that are shown. Beside them stands one XMP
document of our own: whose picture it is and under what it may be used, as its file said; PLUS's
word on whether those shown released it, with the id under which a recall names it; and where
something is covered, without a word of who. The properties are those that `leaks` allows.

Releases after PLUS, http://ns.useplus.org/ldf/ldf-XMPSpecification; regions after IPTC Photo
Metadata 2025.1 with the role "anonymised" of https://cv.iptc.org/newscodes/imageregionrole/.
"""

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from xml.etree.ElementTree import Element, SubElement, tostring  # it is written, not read

import numpy as np
import simplejpeg  # type: ignore[import-untyped]
from numpy.typing import NDArray
from PIL import Image

from countenance.media.leaks import DC, EXT, META, PHOTOSHOP, PLUS, RDF, RIGHTS
from countenance.media.metadata import Metadata

Pixels = NDArray[np.uint8]
Box = tuple[float, float, float, float]

QUALITY = 92
"""Of a JPEG, with colours at every pixel."""

WEBP_QUALITY = 92
"""Of a WebP, which has colours at every other pixel."""

MAX_COVERS_TOLD = 50
"""More regions than these are not written: a segment of a JPEG has 65,533 bytes."""

_MAX_WORD_CHARACTERS = 300
_XMP_NAME = b"http://ns.adobe.com/xap/1.0/\0"
_VOCABULARY = "http://ns.useplus.org/ldf/vocab/"
_ROLE = "http://cv.iptc.org/newscodes/imageregionrole/anonymised"
_DATA_MINING = frozenset(
    {
        "DMI-ALLOWED",
        "DMI-PROHIBITED",
        "DMI-PROHIBITED-AIMLTRAINING",
        "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING",
        "DMI-PROHIBITED-GENAIMLTRAINING",
        "DMI-PROHIBITED-SEECONSTRAINT",
        "DMI-UNSPECIFIED",
    }
)
_UNLESS_TOLD = "DMI-PROHIBITED-AIMLTRAINING"


class Packing(StrEnum):
    """The format of a file that is given out."""

    JPEG = "jpeg"
    WEBP = "webp"

    @property
    def ending(self) -> str:
        """Of the name of the file."""
        return {Packing.JPEG: ".jpg", Packing.WEBP: ".webp"}[self]

    @property
    def media_type(self) -> str:
        return f"image/{self.value}"


class ReleaseStatus(StrEnum):
    """
    What PLUS says of the releases of those who are shown.

    There is one word more, for releases without limits. Nobody here gives one: a consent has a
    channel and an end.
    """

    NOBODY = "MR-NAP"
    LIMITED = "MR-LMR"
    NONE = "MR-NON"


@dataclass(frozen=True, slots=True)
class Release:
    """
    What is said of a picture that is given out.

    `receipt` is the id by which a recall names it. `said` is what its file says; of that only
    creator, credit, rights, licence and data mining are heeded. `covers` are the boxes of the
    covers, in pixels of the picture.
    """

    receipt: str
    status: ReleaseStatus
    said: Metadata = field(default_factory=Metadata)
    covers: Sequence[Box] = ()


def released(pixels: Pixels, release: Release, packing: Packing = Packing.JPEG) -> bytes:
    """`pixels` `(h, w, 3)` uint8 RGB as a file that says what `release` says, and nothing else."""
    height, width = pixels.shape[:2]
    said = release_xmp(release, width=width, height=height)
    return _webp(pixels, said) if packing is Packing.WEBP else _jpeg(pixels, said)


def release_xmp(release: Release, *, width: int, height: int) -> bytes:
    """The XMP document of a release, of a picture of `width` by `height` pixels. UTF-8."""
    root = Element("x:xmpmeta", {"xmlns:x": META})
    rdf = SubElement(root, "rdf:RDF", _SPACES)
    about = SubElement(rdf, "rdf:Description", {"rdf:about": ""})
    said = release.said
    _list(about, "dc:creator", "rdf:Seq", [said.creator])
    _text(about, "photoshop:Credit", said.credit)
    _in_languages(about, "dc:rights", said.rights)
    if said.licence.startswith(("https://", "http://")):
        _text(about, "xmpRights:WebStatement", said.licence)
    else:
        _in_languages(about, "xmpRights:UsageTerms", said.licence)
    mining = said.data_mining if said.data_mining in _DATA_MINING else _UNLESS_TOLD
    _text(about, "plus:DataMining", _VOCABULARY + mining)
    _text(about, "plus:ModelReleaseStatus", _VOCABULARY + release.status)
    _list(about, "plus:ModelReleaseID", "rdf:Bag", [release.receipt])
    if release.covers:
        _regions(about, release.covers[:MAX_COVERS_TOLD], width, height)
    return bytes(tostring(root, encoding="utf-8"))


# --------------------------------------------------------------------------------------------------

_SPACES = {
    "xmlns:rdf": RDF,
    "xmlns:dc": DC,
    "xmlns:photoshop": PHOTOSHOP,
    "xmlns:xmpRights": RIGHTS,
    "xmlns:plus": PLUS,
    "xmlns:Iptc4xmpExt": EXT,
    "xmlns:xmp": "http://ns.adobe.com/xap/1.0/",
}


def _jpeg(pixels: Pixels, said: bytes) -> bytes:
    plain = bytes(
        simplejpeg.encode_jpeg(
            np.ascontiguousarray(pixels), quality=QUALITY, colorspace="RGB", colorsubsampling="444"
        )
    )
    document = _XMP_NAME + said
    told = struct.pack(">BBH", 0xFF, 0xE1, len(document) + 2) + document
    # Behind the first segment, which JFIF wants to be the first.
    at = 4 + int.from_bytes(plain[4:6]) if plain[2:4] == b"\xff\xe0" else 2
    return plain[:at] + told + plain[at:]


def _webp(pixels: Pixels, said: bytes) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(
        file, "WEBP", quality=WEBP_QUALITY, method=4, use_sharp_yuv=True, xmp=said
    )
    return file.getvalue()


def _regions(parent: Element, covers: Sequence[Box], width: int, height: int) -> None:
    listed = SubElement(SubElement(parent, "Iptc4xmpExt:ImageRegion"), "rdf:Bag")
    for x1, y1, x2, y2 in covers:
        region = _structure(listed, "rdf:li")
        boundary = _structure(region, "Iptc4xmpExt:RegionBoundary")
        measures = {"X": x1 / width, "Y": y1 / height, "W": (x2 - x1) / width}
        measures["H"] = (y2 - y1) / height
        _text(boundary, "Iptc4xmpExt:rbShape", "rectangle")
        _text(boundary, "Iptc4xmpExt:rbUnit", "relative")
        for letter, value in measures.items():
            _text(boundary, f"Iptc4xmpExt:rb{letter}", f"{value:.4f}")
        role = SubElement(SubElement(region, "Iptc4xmpExt:rRole"), "rdf:Bag")
        one = _structure(role, "rdf:li")
        _list(one, "xmp:Identifier", "rdf:Bag", [_ROLE])
        _in_languages(one, "Iptc4xmpExt:Name", "anonymised", language="en")


def _structure(parent: Element, name: str) -> Element:
    return SubElement(parent, name, {"rdf:parseType": "Resource"})


def _text(parent: Element, name: str, text: str) -> None:
    if word := _word(text):
        SubElement(parent, name).text = word


def _list(parent: Element, name: str, kind: str, texts: Sequence[str]) -> None:
    if words := [word for text in texts if (word := _word(text))]:
        listed = SubElement(SubElement(parent, name), kind)
        for word in words:
            SubElement(listed, "rdf:li").text = word


def _in_languages(parent: Element, name: str, text: str, *, language: str = "x-default") -> None:
    if word := _word(text):
        listed = SubElement(SubElement(parent, name), "rdf:Alt")
        SubElement(listed, "rdf:li", {"xml:lang": language}).text = word


def _word(text: str) -> str:
    """One line that XML has signs for."""
    return "".join(sign if sign.isprintable() else " " for sign in text)[
        :_MAX_WORD_CHARACTERS
    ].strip()
