"""
XMP: captions, rights and regions, as an RDF document inside a picture.

Read after ISO 16684-1, in both spellings of RDF (properties as elements and as attributes,
structures as `parseType="Resource"` and as a nested description). Regions after MWG 2.0
("Guidelines for handling image metadata", 5.9), Microsoft's `MP:RegionInfo`, and IPTC's
`ImageRegion` (2025.1).
It is a stranger's XML: no document type, no entities, nothing fetched.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]

MAX_REGIONS = 500

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_PHOTOSHOP = "{http://ns.adobe.com/photoshop/1.0/}"
_EXIF = "{http://ns.adobe.com/exif/1.0/}"
_RIGHTS = "{http://ns.adobe.com/xap/1.0/rights/}"
_PLUS = "{http://ns.useplus.org/ldf/xmp/1.0/}"
_CC = "{http://creativecommons.org/ns#}"
_MWG = "{http://www.metadataworkinggroup.com/schemas/regions/}"
_AREA = "{http://ns.adobe.com/xmp/sType/Area#}"
_SIZE = "{http://ns.adobe.com/xap/1.0/sType/Dimensions#}"
_MP = "{http://ns.microsoft.com/photo/1.2/}"
_MPRI = "{http://ns.microsoft.com/photo/1.2/t/RegionInfo#}"
_MPREG = "{http://ns.microsoft.com/photo/1.2/t/Region#}"
_EXT = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"

_LISTS = tuple(f"{_RDF}{kind}" for kind in ("Alt", "Bag", "Seq"))
_MAX_ITEMS = 1000

Box = tuple[float, float, float, float]
"""`(x1, y1, x2, y2)`, in parts of the picture's width and height: in [0, 1]."""

_Node = Element | str


@dataclass(frozen=True, slots=True)
class Region:
    """A region as it is written: `box` is in the stored picture, before it is turned upright."""

    name: str
    box: Box
    kind: str


@dataclass(slots=True)
class Xmp:
    """What an XMP document says. What it does not say is empty."""

    time: str = ""
    latitude: float = math.nan
    longitude: float = math.nan
    title: str = ""
    caption: str = ""
    keywords: list[str] = field(default_factory=list)
    creator: str = ""
    credit: str = ""
    rights: str = ""
    licence: str = ""
    data_mining: str = ""
    regions: list[Region] = field(default_factory=list)


def read_xmp(document: bytes, size: tuple[int, int] | None) -> Xmp:
    """
    What a document says. `size` is that of the stored picture, in pixels, if it is known.

    Raises `ValueError` or `xml.etree.ElementTree.ParseError` if it is not XMP, or forbidden XML.
    """
    said = _properties(document)
    get = said.get
    return Xmp(
        time=_text(get(f"{_EXIF}DateTimeOriginal")) or _text(get(f"{_PHOTOSHOP}DateCreated")),
        latitude=_angle(_text(get(f"{_EXIF}GPSLatitude")), "NS"),
        longitude=_angle(_text(get(f"{_EXIF}GPSLongitude")), "EW"),
        title=_text(get(f"{_DC}title")) or _text(get(f"{_PHOTOSHOP}Headline")),
        caption="\n".join(_in_languages(get(f"{_DC}description"))),
        keywords=_texts(get(f"{_DC}subject")),
        creator=", ".join(_texts(get(f"{_DC}creator"))),
        credit=_text(get(f"{_PHOTOSHOP}Credit")),
        rights=_text(get(f"{_DC}rights")),
        licence=_licence(said),
        data_mining=_text(get(f"{_PLUS}DataMining")).rpartition("/")[2],
        regions=_regions(said, size),
    )


# --- RDF ------------------------------------------------------------------------------------


def _properties(document: bytes) -> Mapping[str, _Node]:
    """Every property of the picture, by its full name; the first, if one is there twice."""
    root = fromstring(_utf8(document), forbid_dtd=True)
    rdf = root if root.tag == f"{_RDF}RDF" else root.find(f"{_RDF}RDF")
    found: dict[str, _Node] = {}
    for description in [] if rdf is None else rdf.findall(f"{_RDF}Description"):
        for name, value in _fields(description).items():
            found.setdefault(name, value)
    return found


def _utf8(document: bytes) -> bytes:
    """XMP may come in any of Unicode's forms, and with zeros behind its end."""
    for form, marks in (("utf-16-be", (b"\0<", b"\xfe\xff")), ("utf-16-le", (b"<\0", b"\xff\xfe"))):
        if document.startswith(marks):
            return document.decode(form).strip("\0\ufeff \t\r\n").encode()
    return document.strip(b"\0 \t\r\n")


def _fields(node: _Node | None) -> dict[str, _Node]:
    """The fields of a structure, in whichever spelling."""
    if node is None or isinstance(node, str):
        return {}
    found: dict[str, _Node] = {}
    for one in (node, *node.findall(f"{_RDF}Description")):
        found |= one.attrib
        found |= {child.tag: child for child in one if child.tag != f"{_RDF}Description"}
    return found


def _items(node: _Node | None) -> list[Element]:
    """The items of an array; of a single value, that value itself."""
    if node is None or isinstance(node, str):
        return []
    for kind in _LISTS:
        if (many := node.find(kind)) is not None:
            return many.findall(f"{_RDF}li")[:_MAX_ITEMS]
    return [node]


def _text(node: _Node | None) -> str:
    return next(iter(_in_languages(node)), "")


def _texts(node: _Node | None) -> list[str]:
    if isinstance(node, str):
        return [node]
    return [text for one in _items(node) if (text := _plain(one))]


def _in_languages(node: _Node | None) -> list[str]:
    """The distinct wordings of a text: that for everybody first, the others as they stand."""
    if isinstance(node, str):
        return [node] if node.strip() else []
    ordered = sorted(_items(node), key=lambda one: one.get(_LANGUAGE) != "x-default")
    return [*dict.fromkeys(text for one in ordered if (text := _plain(one)))]


def _plain(one: Element) -> str:
    return (one.text or "").strip() or one.get(f"{_RDF}resource", "").strip()


def _number(node: _Node | None) -> float:
    try:
        return float(_text(node))
    except ValueError:
        return math.nan


# --- place and licence ------------------------------------------------------------------------


def _angle(text: str, sides: str) -> float:
    """`58,24.5N` or `58,24,30N` in degrees, north and east positive; else not a number."""
    if text[-1:].upper() not in tuple(sides):
        return math.nan
    try:
        parts = [float(part) for part in text[:-1].split(",")]
    except ValueError:
        return math.nan
    degrees: float = sum(part / 60**power for power, part in enumerate(parts[:3]))
    return -degrees if text[-1].upper() == sides[1] else degrees


def _licence(said: Mapping[str, _Node]) -> str:
    """Under what, and of whom, it may be used: the first of the places where that is said."""
    licensor = next(iter(_items(said.get(f"{_PLUS}Licensor"))), None)
    told = (
        _text(said.get(f"{_CC}license")),
        _text(said.get(f"{_RIGHTS}WebStatement")),
        _text(_fields(licensor).get(f"{_PLUS}LicensorURL")),
        _text(said.get(f"{_RIGHTS}UsageTerms")),
    )
    return next(filter(None, told), "")


# --- regions ----------------------------------------------------------------------------------


def _regions(said: Mapping[str, _Node], size: tuple[int, int] | None) -> list[Region]:
    """
    Those of MWG, then of IPTC, then of Microsoft.

    Programs write several of them side by side, and forget to turn the later ones: whoever is
    named by an earlier one is left out of a later.
    """
    found: list[Region] = []
    for told in (_of_mwg(said), _of_iptc(said, size), _of_microsoft(said)):
        known = {one.name.casefold() for one in found}
        found += [one for one in told if not one.name or one.name.casefold() not in known]
    return found[:MAX_REGIONS]


def _of_mwg(said: Mapping[str, _Node]) -> Iterator[Region]:
    regions = _fields(said.get(f"{_MWG}Regions"))
    applied = _fields(regions.get(f"{_MWG}AppliedToDimensions"))
    whole = _number(applied.get(f"{_SIZE}w")), _number(applied.get(f"{_SIZE}h"))
    for one in _items(regions.get(f"{_MWG}RegionList")):
        region = _fields(one)
        area = _fields(region.get(f"{_MWG}Area"))
        x, y, w, h = (_number(area.get(f"{_AREA}{name}")) for name in "xywh")
        diameter = _number(area.get(f"{_AREA}d"))
        w, h = (diameter if math.isnan(w) else w), (diameter if math.isnan(h) else h)
        per = whole if _text(area.get(f"{_AREA}unit")) == "pixel" else (1.0, 1.0)
        kind = _text(region.get(f"{_MWG}Type")).lower() or "face"
        name = _text(region.get(f"{_MWG}Name"))
        yield from _region(name, (x - w / 2, y - h / 2, w, h), per, kind)


def _of_microsoft(said: Mapping[str, _Node]) -> Iterator[Region]:
    info = _fields(said.get(f"{_MP}RegionInfo"))
    for one in _items(info.get(f"{_MPRI}Regions")):
        region = _fields(one)
        try:
            x, y, w, h = map(float, _text(region.get(f"{_MPREG}Rectangle")).split(","))
        except ValueError:
            continue
        name = _text(region.get(f"{_MPREG}PersonDisplayName"))
        yield from _region(name, (x, y, w, h), (1.0, 1.0), "face")


def _of_iptc(said: Mapping[str, _Node], size: tuple[int, int] | None) -> Iterator[Region]:
    for one in _items(said.get(f"{_EXT}ImageRegion")):
        region = _fields(one)
        boundary = _fields(region.get(f"{_EXT}RegionBoundary"))
        per = (1.0, 1.0)
        if _text(boundary.get(f"{_EXT}rbUnit")) == "pixel":
            per = (math.nan, math.nan) if size is None else (float(size[0]), float(size[1]))
        names = _texts(region.get(f"{_EXT}PersonInImage"))
        # Of several people in one region it does not say who is where.
        name = names[0] if len(names) == 1 else ""
        yield from _region(name, _boundary(boundary), per, "face" if name else "region")


def _boundary(said: Mapping[str, _Node]) -> Box:
    """`(x, y, width, height)` of a rectangle, and around a circle or a polygon."""
    x, y = _number(said.get(f"{_EXT}rbX")), _number(said.get(f"{_EXT}rbY"))
    radius = _number(said.get(f"{_EXT}rbRx"))
    if not math.isnan(radius):
        return x - radius, y - radius, 2 * radius, 2 * radius
    corners = [_fields(one) for one in _items(said.get(f"{_EXT}rbVertices"))]
    if corners:
        across = [_number(one.get(f"{_EXT}rbX")) for one in corners]
        down = [_number(one.get(f"{_EXT}rbY")) for one in corners]
        return min(across), min(down), max(across) - min(across), max(down) - min(down)
    return x, y, _number(said.get(f"{_EXT}rbW")), _number(said.get(f"{_EXT}rbH"))


def _region(name: str, where: Box, per: tuple[float, float], kind: str) -> Iterator[Region]:
    """The region, if it is one: what reaches over the border is cut off there."""
    x, y, w, h = where
    wide, high = per
    try:
        corners = (x / wide, y / high, (x + w) / wide, (y + h) / high)
    except ZeroDivisionError:
        return
    if not all(map(math.isfinite, corners)):
        return
    x1, y1, x2, y2 = (min(1.0, max(0.0, one)) for one in corners)
    if x1 < x2 and y1 < y2:
        yield Region(name, (x1, y1, x2, y2), kind)
