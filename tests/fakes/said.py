"""Pictures that say something of themselves: the fake pictures, with metadata written into them."""

from collections.abc import Sequence
from html import escape
from struct import pack

Region = tuple[str, tuple[float, float, float, float]]
"""A name, and a box in parts of the picture as it is stored."""

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_SPACES = {
    "rdf": _RDF,
    "dc": "http://purl.org/dc/elements/1.1/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "stArea": "http://ns.adobe.com/xmp/sType/Area#",
}


def with_words(  # noqa: PLR0913  what a picture may say
    jpeg: bytes,
    *,
    title: str = "",
    caption: str = "",
    keywords: Sequence[str] = (),
    taken: str = "",
    regions: Sequence[Region] = (),
    orientation: int = 1,
) -> bytes:
    """`jpeg` with XMP and EXIF that say this."""
    said = [
        f"<dc:title>{_alt(title)}</dc:title>" if title else "",
        f"<dc:description>{_alt(caption)}</dc:description>" if caption else "",
        f"<dc:subject>{_bag(keywords)}</dc:subject>" if keywords else "",
        f"<photoshop:DateCreated>{taken}</photoshop:DateCreated>" if taken else "",
        said_regions(regions) if regions else "",
    ]
    return in_jpeg(jpeg, xmp=xmp("".join(said)), exif=exif({0x0112: orientation}))


def xmp(properties: str) -> bytes:
    """An XMP document of one description with these properties."""
    spaces = " ".join(f'xmlns:{name}="{address}"' for name, address in _SPACES.items())
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {spaces}><rdf:Description>'
        f"{properties}</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def exif(numbers: dict[int, int]) -> bytes:
    """A TIFF header and one directory, with a short number a tag."""
    rows = b"".join(pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in sorted(numbers.items()))
    return b"II*\0" + pack("<IH", 8, len(numbers)) + rows + b"\0\0\0\0"


def in_jpeg(jpeg: bytes, *, xmp: bytes = b"", exif: bytes = b"", iptc: bytes = b"") -> bytes:
    """`jpeg` with these blocks, each in a segment of its own, behind its first marker."""
    photoshop = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + pack(">I", len(iptc)) + iptc
    parts = [
        _segment(0xE1, b"Exif\0\0" + exif) if exif else b"",
        _segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp) if xmp else b"",
        _segment(0xED, photoshop + b"\0" * (len(iptc) % 2)) if iptc else b"",
    ]
    return jpeg[:2] + b"".join(parts) + jpeg[2:]


def said_regions(regions: Sequence[Region]) -> str:
    """The property of XMP that says so, after MWG."""
    rows = []
    for name, (x1, y1, x2, y2) in regions:
        area = (("x", (x1 + x2) / 2), ("y", (y1 + y2) / 2), ("w", x2 - x1), ("h", y2 - y1))
        said = "".join(f"<stArea:{key}>{value}</stArea:{key}>" for key, value in area)
        rows.append(
            f'<rdf:li rdf:parseType="Resource"><mwg-rs:Name>{escape(name)}</mwg-rs:Name>'
            f"<mwg-rs:Type>Face</mwg-rs:Type>"
            f'<mwg-rs:Area rdf:parseType="Resource">{said}</mwg-rs:Area></rdf:li>'
        )
    listed = f"<mwg-rs:RegionList><rdf:Bag>{''.join(rows)}</rdf:Bag></mwg-rs:RegionList>"
    return f'<mwg-rs:Regions rdf:parseType="Resource">{listed}</mwg-rs:Regions>'


# --------------------------------------------------------------------------------------------


def _segment(marker: int, content: bytes) -> bytes:
    return pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _alt(text: str) -> str:
    return f'<rdf:Alt><rdf:li xml:lang="x-default">{escape(text)}</rdf:li></rdf:Alt>'


def _bag(words: Sequence[str]) -> str:
    return f"<rdf:Bag>{''.join(f'<rdf:li>{escape(word)}</rdf:li>' for word in words)}</rdf:Bag>"
