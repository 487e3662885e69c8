"""
Sidecars: an XMP document beside a photo or a film that says who is in it, and where or when.

For a photo regions after MWG 2.0 ("Guidelines for handling image metadata", 5.9), as digiKam,
Lightroom and Immich read them: in the picture as it is stored, before it is turned upright. For a
film markers in a track of milliseconds, after Adobe's XMP Specification, part 2, 1.2.6 ("Dynamic
Media"). Names besides as IPTC's `PersonInImage`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, indent, tostring  # it is written, not read

Box = tuple[float, float, float, float]
Span = tuple[float, float]

ENDING = ".xmp"
"""Behind the whole name of the file: `photo.jpg.xmp`."""

_NAMESPACES = {
    "xmlns:rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xmlns:mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "xmlns:stArea": "http://ns.adobe.com/xmp/sType/Area#",
    "xmlns:stDim": "http://ns.adobe.com/xap/1.0/sType/Dimensions#",
    "xmlns:xmpDM": "http://ns.adobe.com/xmp/1.0/DynamicMedia/",
    "xmlns:Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
}

# An upright place, in parts of the upright sides, as it is stored under each EXIF orientation.
_STORED = {
    2: lambda x, y: (1 - x, y),
    3: lambda x, y: (1 - x, 1 - y),
    4: lambda x, y: (x, 1 - y),
    5: lambda x, y: (y, x),
    6: lambda x, y: (y, 1 - x),
    7: lambda x, y: (1 - y, 1 - x),
    8: lambda x, y: (1 - y, x),
}
_SWAPS_SIDES = frozenset({5, 6, 7, 8})


@dataclass(frozen=True, slots=True)
class InPhoto:
    """Somebody in a photo: `box` is `(x1, y1, x2, y2)` in pixels of the upright photo."""

    name: str
    box: Box


@dataclass(frozen=True, slots=True)
class InFilm:
    """Somebody in a film, for `span`, in seconds from its beginning."""

    name: str
    span: Span


def photo_sidecar(people: Sequence[InPhoto], *, size: tuple[int, int], orientation: int) -> bytes:
    """
    The sidecar of a photo of `size`, upright, in pixels, stored under an EXIF `orientation`.

    UTF-8.
    """
    root, about = _document(one.name for one in people)
    width, height = reversed(size) if orientation in _SWAPS_SIDES else size
    regions = _structure(about, "mwg-rs:Regions")
    applied = {"stDim:w": str(width), "stDim:h": str(height), "stDim:unit": "pixel"}
    SubElement(regions, "mwg-rs:AppliedToDimensions", applied)
    listed = SubElement(SubElement(regions, "mwg-rs:RegionList"), "rdf:Bag")
    for one in people:
        x1, y1, x2, y2 = _stored(one.box, size, orientation)
        region = _structure(listed, "rdf:li")
        area = {
            "stArea:x": _part((x1 + x2) / 2),
            "stArea:y": _part((y1 + y2) / 2),
            "stArea:w": _part(x2 - x1),
            "stArea:h": _part(y2 - y1),
            "stArea:unit": "normalized",
        }
        SubElement(region, "mwg-rs:Area", area)
        SubElement(region, "mwg-rs:Name").text = _printable(one.name)
        SubElement(region, "mwg-rs:Type").text = "Face"
    return _written(root)


def film_sidecar(people: Sequence[InFilm]) -> bytes:
    """The sidecar of a film: a marker for each stretch that somebody is seen in. UTF-8."""
    root, about = _document(one.name for one in people)
    tracks = SubElement(SubElement(about, "xmpDM:Tracks"), "rdf:Bag")
    track = _structure(tracks, "rdf:li")
    SubElement(track, "xmpDM:trackName").text = "People"
    SubElement(track, "xmpDM:trackType").text = "Comment"
    SubElement(track, "xmpDM:frameRate").text = "f1000"
    markers = SubElement(SubElement(track, "xmpDM:markers"), "rdf:Seq")
    for one in sorted(people, key=lambda one: (one.span, one.name)):
        marker = _structure(markers, "rdf:li")
        begin, end = (round(seconds * 1000) for seconds in one.span)
        SubElement(marker, "xmpDM:startTime").text = str(begin)
        SubElement(marker, "xmpDM:duration").text = str(end - begin)
        SubElement(marker, "xmpDM:name").text = _printable(one.name)
        SubElement(marker, "xmpDM:type").text = "Comment"
    return _written(root)


# --------------------------------------------------------------------------------------------


def _document(names: Iterable[str]) -> tuple[Element, Element]:
    root = Element("x:xmpmeta", {"xmlns:x": "adobe:ns:meta/"})
    rdf = SubElement(root, "rdf:RDF", _NAMESPACES)
    about = SubElement(rdf, "rdf:Description", {"rdf:about": ""})
    shown = SubElement(SubElement(about, "Iptc4xmpExt:PersonInImage"), "rdf:Bag")
    for name in dict.fromkeys(names):
        SubElement(shown, "rdf:li").text = _printable(name)
    return root, about


def _structure(parent: Element, name: str) -> Element:
    return SubElement(parent, name, {"rdf:parseType": "Resource"})


def _stored(box: Box, size: tuple[int, int], orientation: int) -> Box:
    width, height = size
    x1, y1, x2, y2 = box[0] / width, box[1] / height, box[2] / width, box[3] / height
    if orientation in _STORED:
        (ax, ay), (bx, by) = _STORED[orientation](x1, y1), _STORED[orientation](x2, y2)
        x1, y1, x2, y2 = min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)
    return x1, y1, x2, y2


def _part(value: float) -> str:
    return f"{value:.6f}"


def _printable(name: str) -> str:
    """XML has no sign for most control characters."""
    return "".join(sign if sign.isprintable() else " " for sign in name)


def _written(root: Element) -> bytes:
    indent(root)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"
