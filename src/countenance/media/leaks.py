"""
The leak check: whether a file is one plain picture and nothing more.

A picture whose pixels are harmless may still carry a second one: a thumbnail of what it was before
a face was covered, a preview in its metadata, a film behind its end. It may carry a place, a
serial number, a name. So nothing is looked for: what is allowed is listed, and everything else is
a finding. Checked is what every byte of the file belongs to, of a JPEG after ITU-T T.81, annex B,
of a PNG after the W3C's third edition, and of a WebP after RFC 9649. Other formats can hold more
than this reads, and are findings themselves.

It says nothing about what is seen in the picture. Plain Python that only ever slices `data`, and
goes forward: whatever the bytes are, it ends, and raises nothing.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]

from countenance.media.exif import read_exif

MAX_FINDINGS = 50

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DC = "http://purl.org/dc/elements/1.1/"
PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
RIGHTS = "http://ns.adobe.com/xap/1.0/rights/"
PLUS = "http://ns.useplus.org/ldf/xmp/1.0/"
EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
META = "adobe:ns:meta/"

ALLOWED_PROPERTIES = frozenset(
    {
        f"{{{DC}}}creator",
        f"{{{DC}}}rights",
        f"{{{PHOTOSHOP}}}Credit",
        f"{{{RIGHTS}}}Marked",
        f"{{{RIGHTS}}}UsageTerms",
        f"{{{RIGHTS}}}WebStatement",
        f"{{{PLUS}}}DataMining",
        f"{{{PLUS}}}ModelReleaseID",
        f"{{{PLUS}}}ModelReleaseStatus",
        f"{{{EXT}}}ImageRegion",
    }
)
"""What may be said of a picture that is given out: whose it is, under what, on which release."""

REGION_FIELDS = frozenset(
    f"{{{EXT}}}{name}"
    for name in (
        *("RegionBoundary", "rbShape", "rbUnit", "rbX", "rbY", "rbW", "rbH", "rbRx", "rbVertices"),
        *("rRole", "rId"),
    )
)
"""What may be said of a part of it: where it is, and that something is covered there. No name."""

ROLE_FIELDS = frozenset({f"{{{EXT}}}Name", "{http://ns.adobe.com/xap/1.0/}Identifier"})
"""Of the role of a region: its word, and the address of that word in a vocabulary."""

UNLIMITED = "http://ns.useplus.org/ldf/vocab/MR-UMR"
"""Every person shown released it for everything: what nobody here ever says."""


class Leak(StrEnum):
    """What a file has that one plain picture has not."""

    FORMAT = "format"
    BROKEN = "broken"
    TRAILER = "trailer"
    SECOND_PICTURE = "second-picture"
    THUMBNAIL = "thumbnail"
    EXIF = "exif"
    PLACE = "place"
    SERIAL = "serial"
    NAME = "name"
    COMMENT = "comment"
    MARKER = "marker"
    PROPERTY = "property"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing too many. `at` is the byte in the file at which it stands."""

    leak: Leak
    said: str
    at: int = 0


def find_leaks(data: bytes) -> tuple[Finding, ...]:
    """Why `data` is more than one plain picture, in the order of the file; nothing if it is one."""
    try:
        found = list(_looked_through(data))
    # The checker of a stranger's bytes may stumble over them: then they are not what is plain.
    except Exception as exc:  # noqa: BLE001
        found = [Finding(Leak.BROKEN, f"it cannot be read through: {type(exc).__name__}")]
    return tuple(dict.fromkeys(found))[:MAX_FINDINGS]


# --------------------------------------------------------------------------------------------------

_SIGNATURES = (
    (b"\xff\xd8\xff", "a JPEG"),
    (b"\x89PNG\r\n\x1a\n", "a PNG"),
    (b"ftyp", "a HEIF or a film"),
    (b"RIFF", "a WebP or a film"),
    (b"II*\0", "a TIFF"),
    (b"MM\0*", "a TIFF"),
    (b"GIF8", "a GIF"),
)


def _looked_through(data: bytes) -> Iterator[Finding]:
    if data.startswith(b"\xff\xd8"):
        yield from _of_jpeg(data)
    elif data.startswith(_PNG):
        yield from _of_png(data)
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        yield from _of_webp(data)
    else:
        yield Finding(Leak.FORMAT, "no JPEG, PNG or WebP: of no other format is this known")


def _inside(body: bytes, where: str, at: int) -> Iterator[Finding]:
    """Pictures in a part of the file that is none."""
    for signature, what in _SIGNATURES:
        if (place := body.find(signature)) >= 0:
            yield Finding(Leak.SECOND_PICTURE, f"{what} in {where}", at + place)


def _behind(data: bytes, at: int) -> Iterator[Finding]:
    if at >= len(data):
        return
    yield Finding(Leak.TRAILER, f"{len(data) - at:,} bytes after the end of the picture", at)
    yield from _inside(data[at:], "what stands after its end", at)


# --- JPEG -----------------------------------------------------------------------------------------

_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_TABLES, _HUFFMAN, _RESTART = 0xDB, 0xC4, 0xDD
_FRAMES = (0xC0, 0xC2)
_JFIF, _APP1, _COMMENT = 0xE0, 0xE1, 0xFE
_RESTARTS = range(0xD0, 0xD8)
_MAX_SEGMENTS = 4096
_JFIF_BYTES = 14
_HUFFMAN_HEAD = 17

_JFIF_NAME = b"JFIF\0"
_EXIF_NAME = b"Exif\0\0"
_XMP_NAME = b"http://ns.adobe.com/xap/1.0/\0"

_KNOWN_APPS = {
    b"http://ns.adobe.com/xmp/extension/\0": "the second part of XMP",
    b"JFXX\0": "a thumbnail of JFIF",
    b"ICC_PROFILE\0": "a colour profile",
    b"MPF\0": "the index of further pictures",
    b"Photoshop 3.0\0": "resources of Photoshop",
    b"Adobe\0": "Adobe's marker",
    b"urn:iso:std:iso:ts:21496": "a gain map",
    b"JP": "a manifest of where it comes from",
}


def _of_jpeg(data: bytes) -> Iterator[Finding]:
    at, frames, scans, ended = 2, 0, 0, False
    for _ in range(_MAX_SEGMENTS):
        while data[at : at + 2] == b"\xff\xff":
            at += 1
        marker = data[at + 1] if data[at : at + 1] == b"\xff" and at + 1 < len(data) else None
        if marker == _END:
            at, ended = at + 2, True
            break
        if marker is None or at + 4 > len(data):
            yield Finding(Leak.BROKEN, "no marker where one has to be", at)
            break
        length = int.from_bytes(data[at + 2 : at + 4])
        body = data[at + 4 : at + 2 + length]
        if marker == _START:
            yield Finding(Leak.SECOND_PICTURE, "a JPEG begins within it", at)
            break
        if length < 2 or len(body) != length - 2:  # noqa: PLR2004
            yield Finding(Leak.BROKEN, f"the segment {_word(marker)} is cut short", at)
            break
        yield from _of_segment(marker, body, at)
        frames += marker in _FRAMES
        at += 2 + length
        if marker == _SCAN:
            scans += 1
            at = _scan_end(data, at)
    if frames != 1 or not scans:
        yield Finding(Leak.BROKEN, f"{frames} frames and {scans} scans: a picture has one frame")
    if ended:
        yield from _behind(data, at)
    else:
        yield Finding(Leak.BROKEN, "it does not end", min(at, len(data)))
        yield from _inside(data[at:], "what follows", at)


def _of_segment(marker: int, body: bytes, at: int) -> Iterator[Finding]:
    """Each segment is allowed and of its form to the byte, or a finding."""
    if marker == _JFIF and body.startswith(_JFIF_NAME):
        if body[12:14] != b"\0\0" or len(body) != _JFIF_BYTES:
            yield Finding(Leak.THUMBNAIL, "a thumbnail of JFIF", at)
    elif marker == _APP1 and body.startswith(_XMP_NAME):
        yield from _of_xmp(body.removeprefix(_XMP_NAME), at)
    elif marker == _APP1 and body.startswith(_EXIF_NAME):
        yield from _of_exif(body.removeprefix(_EXIF_NAME), at)
    elif marker == _COMMENT:
        yield Finding(Leak.COMMENT, f"a comment of {len(body):,} bytes", at)
    elif marker not in _FORMS:
        known = (what for name, what in _KNOWN_APPS.items() if body.startswith(name))
        what = next(known, f"the segment {_word(marker)}")
        leak = Leak.THUMBNAIL if "thumbnail" in what else Leak.MARKER
        yield Finding(leak, f"{what}, which does not belong in it", at)
        yield from _inside(body, f"the segment {_word(marker)}", at)
    elif not _FORMS[marker](body):
        yield Finding(Leak.BROKEN, f"the segment {_word(marker)} is not of its form", at)
        yield from _inside(body, f"the segment {_word(marker)}", at)


def _word(marker: int) -> str:
    return f"FF{marker:02X}"


def _scan_end(data: bytes, at: int) -> int:
    """Where the next marker stands behind the data of a scan, or the end of the file."""
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        if data[at + 1] != 0 and data[at + 1] not in _RESTARTS:
            return at
        at += 2
    return len(data)


def _is_quantisation(body: bytes) -> bool:
    at = 0
    while at < len(body):
        precision, table = divmod(body[at], 16)
        if precision > 1 or table > 3:  # noqa: PLR2004
            return False
        at += 1 + 64 * (1 + precision)
    return at == len(body) > 0


def _is_huffman(body: bytes) -> bool:
    at = 0
    while at < len(body):
        kind, table = divmod(body[at], 16)
        if kind > 1 or table > 3 or at + _HUFFMAN_HEAD > len(body):  # noqa: PLR2004
            return False
        at += _HUFFMAN_HEAD + sum(body[at + 1 : at + _HUFFMAN_HEAD])
    return at == len(body) > 0


def _is_frame(body: bytes) -> bool:
    return len(body) > 5 and body[0] == 8 and len(body) == 6 + 3 * body[5]  # noqa: PLR2004


def _is_scan(body: bytes) -> bool:
    return len(body) > 0 and 1 <= body[0] <= 4 and len(body) == 4 + 2 * body[0]  # noqa: PLR2004


def _is_restart(body: bytes) -> bool:
    return len(body) == 2  # noqa: PLR2004


_FORMS = {
    _TABLES: _is_quantisation,
    _HUFFMAN: _is_huffman,
    _FRAMES[0]: _is_frame,
    _FRAMES[1]: _is_frame,
    _SCAN: _is_scan,
    _RESTART: _is_restart,
}


# --- EXIF -----------------------------------------------------------------------------------------

# CIPA DC-008, and the tags that cameras add.
_SERIALS = frozenset({0xA431, 0xA435, 0xC62F, 0xC65B})
_NAMES = frozenset({0x013B, 0x9C9D, 0xA430})


def _of_exif(block: bytes, at: int) -> Iterator[Finding]:
    """What its EXIF gives away. That there is one is a finding already."""
    yield Finding(Leak.EXIF, "EXIF, which does not belong in it", at)
    try:
        main, camera, gps = read_exif(block)
    except (ValueError, IndexError, KeyError, struct.error):
        main, camera, gps = {}, {}, {}
    if gps:
        yield Finding(Leak.PLACE, "the place where it was taken", at)
    if _SERIALS & {*main, *camera}:
        yield Finding(Leak.SERIAL, "the serial number of a camera or a lens", at)
    if _NAMES & {*main, *camera}:
        yield Finding(Leak.NAME, "the name of a photographer or an owner, in EXIF", at)
    if b"\xff\xd8\xff" in block:
        yield Finding(Leak.THUMBNAIL, "a thumbnail in EXIF", at + block.find(b"\xff\xd8\xff"))


# --- XMP ------------------------------------------------------------------------------------------

_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_DESCRIPTION = f"{{{RDF}}}Description"
_FRAME_OF_XMP = frozenset({f"{{{META}}}xmpmeta", f"{{{RDF}}}RDF"})
_OF_RDF = frozenset(f"{{{RDF}}}{name}" for name in ("Bag", "Seq", "Alt", "li", "Description"))
_ATTRIBUTES = frozenset({f"{{{RDF}}}about", f"{{{RDF}}}parseType", f"{{{RDF}}}resource", _LANGUAGE})
_PERSONAL = ("Person", "Name", "Model", "Owner", "Creator", "Author", "Serial", "GPS")
_REGION = f"{{{EXT}}}ImageRegion"
_ROLE = f"{{{EXT}}}rRole"
_PASSED_OVER = re.compile(rb"<!--|<!\[CDATA\[|<\?(?!xpacket |xml )|\0[^\0]")
MAX_XMP_CHARACTERS = 1000
"""Of one text in it. A picture, in base 64, is longer."""


def _of_xmp(document: bytes, at: int) -> Iterator[Finding]:
    yield from _inside(document, "XMP", at)
    try:
        root = fromstring(document.strip(b"\0 \t\r\n"), forbid_dtd=True)
    except Exception as exc:  # noqa: BLE001  whatever the parser says: it is not plain XMP
        yield Finding(Leak.BROKEN, f"XMP that cannot be read: {type(exc).__name__}", at)
        return
    # What the parser passes over in silence; and a document of two bytes a sign hides that, too.
    if _PASSED_OVER.search(document):
        yield Finding(Leak.COMMENT, "a remark in XMP", at)
    yield from _of_element(root, "", at)


def _of_element(node: Element, within: str, at: int) -> Iterator[Finding]:
    """
    `node` is frame, or property, or a part of one. `within` is the property it is a part of, or
    `rRole` of a region.
    """
    for name, value in node.attrib.items():
        if name in _ATTRIBUTES:
            yield from _of_text(value, at)
        else:
            yield from _of_name(name, within, at)
            yield from _of_text(value, at)
    for text in (node.text, node.tail):
        yield from _of_text(text or "", at)
    for child in node:
        if child.tag in _FRAME_OF_XMP and not within:
            yield from _of_element(child, "", at)
        elif child.tag in _OF_RDF:
            yield from _of_element(child, within, at)
        else:
            yield from _of_name(child.tag, within, at)
            deeper = child.tag if not within or child.tag == _ROLE else within
            yield from _of_element(child, deeper, at)


def _of_name(name: str, within: str, at: int) -> Iterator[Finding]:
    allowed = {"": ALLOWED_PROPERTIES, _REGION: REGION_FIELDS, _ROLE: ROLE_FIELDS}
    if name in allowed.get(within, ()):
        return
    local = str(name).rpartition("}")[2]
    if "humbnail" in local or local == "image":
        yield Finding(Leak.THUMBNAIL, f"a thumbnail in XMP: {local}", at)
    elif "GPS" in local or local in {"City", "Location", "LocationShown", "LocationCreated"}:
        yield Finding(Leak.PLACE, f"a place in XMP: {local}", at)
    elif "Serial" in local:
        yield Finding(Leak.SERIAL, f"a serial number in XMP: {local}", at)
    elif any(word in local for word in _PERSONAL) and "Tool" not in local:
        yield Finding(Leak.NAME, f"a name in XMP: {local}", at)
    else:
        yield Finding(Leak.PROPERTY, f"{local} in XMP, which is not allowed", at)


def _of_text(text: str, at: int) -> Iterator[Finding]:
    if len(text) > MAX_XMP_CHARACTERS and text.strip():
        yield Finding(Leak.PROPERTY, f"a text of {len(text):,} characters in XMP", at)
    if text.strip() == UNLIMITED:
        yield Finding(Leak.PROPERTY, "a release without limits, which nobody gave", at)


# --- PNG ------------------------------------------------------------------------------------------

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_CHUNKS = {
    b"IHDR": 13,
    b"PLTE": 768,
    b"IDAT": None,
    b"IEND": 0,
    b"tRNS": 256,
    b"sRGB": 1,
    b"gAMA": 4,
    b"cHRM": 32,
    b"pHYs": 9,
    b"sBIT": 4,
    b"bKGD": 6,
}
"""The chunks that are the picture's own, with the most bytes that each may have."""

_PNG_LEAKS = {
    b"eXIf": (Leak.EXIF, "EXIF"),
    b"tEXt": (Leak.COMMENT, "a text"),
    b"zTXt": (Leak.COMMENT, "a text"),
    b"iTXt": (Leak.COMMENT, "a text, or XMP"),
    b"acTL": (Leak.SECOND_PICTURE, "further frames"),
    b"fdAT": (Leak.SECOND_PICTURE, "a further frame"),
}


def _of_png(data: bytes) -> Iterator[Finding]:
    at, header, pixels = len(_PNG), b"", _Unpacked()
    while True:
        length = int.from_bytes(data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        check = data[at + 8 + length : at + 12 + length]
        if len(check) != 4:  # noqa: PLR2004
            yield Finding(Leak.BROKEN, "it does not end", at)
            return
        sound = zlib.crc32(kind + body) == int.from_bytes(check)
        if not sound or (kind == b"IHDR") == bool(header):
            yield Finding(Leak.BROKEN, f"the chunk {kind.decode('latin-1')!r} is damaged", at)
        if kind == b"IHDR":
            header = header or body
            pixels.expected = _png_bytes(body)
        if kind == b"IDAT":
            pixels.add(body)
        yield from _of_chunk(kind, body, at)
        at += 12 + length
        if kind == b"IEND":
            break
    if not pixels.whole:
        yield Finding(Leak.BROKEN, "its pixels are not as many as it says, or are interlaced")
    yield from _behind(data, at)


def _of_chunk(kind: bytes, body: bytes, at: int) -> Iterator[Finding]:
    word = kind.decode("latin-1")
    if kind in _PNG_CHUNKS:
        most = _PNG_CHUNKS[kind]
        if most is not None and len(body) > most:
            yield Finding(Leak.BROKEN, f"the chunk {word} is too long", at)
        return
    leak, what = _PNG_LEAKS.get(kind, (Leak.MARKER, "something that does not belong in it"))
    yield Finding(leak, f"{what}, in the chunk {word!r}", at)
    yield from _inside(body, f"the chunk {word!r}", at)


class _Unpacked:
    """How many bytes the pixels of a PNG unpack to: no more of them are unpacked than show it."""

    def __init__(self) -> None:
        self.expected: int | None = None
        self._seen = 0
        self._unpacking = zlib.decompressobj()

    def add(self, body: bytes) -> None:
        if self.expected is not None and self._seen <= self.expected:
            left = self.expected + 1 - self._seen
            self._seen += len(self._unpacking.decompress(body, left))

    @property
    def whole(self) -> bool:
        ended = self._unpacking.eof and not self._unpacking.unused_data
        return ended and self._seen == self.expected


def _png_bytes(header: bytes) -> int | None:
    """How many bytes its pixels unpack to; nothing of an interlaced or a strange one."""
    width, height, depth, colour, packing, filtering, interlace = struct.unpack(">IIBBBBB", header)
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour)
    if samples is None or packing or filtering or interlace:
        return None
    return int(height * (1 + (width * samples * depth + 7) // 8))


# --- WebP -----------------------------------------------------------------------------------------

_WEBP_HEAD = 12
_VP8X_BYTES, _VP8X_XMP = 10, 0x04
_VP8_START, _VP8L_START = b"\x9d\x01\x2a", 0x2F

_WEBP_LEAKS = {
    b"EXIF": (Leak.EXIF, "EXIF"),
    b"ANIM": (Leak.SECOND_PICTURE, "further frames"),
    b"ANMF": (Leak.SECOND_PICTURE, "a further frame"),
    b"ICCP": (Leak.MARKER, "a colour profile"),
    b"ALPH": (Leak.MARKER, "what is transparent in it"),
}

_WEBP_ORDERS = frozenset(
    around
    for pixels in (b"VP8 ", b"VP8L")
    for around in ((pixels,), (b"VP8X", pixels), (b"VP8X", pixels, b"XMP "))
)

_IN_PIXELS = (b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xe1", b"\xff\xd8\xff\xdb", _PNG, b"II*\0\x08\0")
"""How pictures begin, in so many bytes that chance does not make them among packed pixels."""


def _of_webp(data: bytes) -> Iterator[Finding]:
    end = 8 + int.from_bytes(data[4:8], "little")
    if not _WEBP_HEAD <= end <= len(data):
        yield Finding(Leak.BROKEN, "it does not end", len(data))
    kinds, sizes, at = list[bytes](), list[tuple[int, int] | None](), _WEBP_HEAD
    while at + 8 <= min(end, len(data)):
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body, following = data[at + 8 : at + 8 + length], at + 8 + length + length % 2
        if following > min(end, len(data)) or any(data[at + 8 + length : following]):
            break
        if kind in {b"VP8X", b"VP8 ", b"VP8L"}:
            sizes.append(_canvas(body) if kind == b"VP8X" else _webp_size(kind, body))
        yield from _of_webp_chunk(kind, body, at)
        kinds.append(kind)
        at = following
    if at != end:
        yield Finding(Leak.BROKEN, "a chunk is cut short, or padded with something", at)
    if None in sizes or len(set(sizes)) != 1 or not _is_whole(kinds):
        yield Finding(Leak.BROKEN, "it is not one picture of the size that it says")
    yield from _behind(data, max(end, _WEBP_HEAD))


def _is_whole(kinds: list[bytes]) -> bool:
    """Whether there is one picture and at most one of what may stand around it, in its order."""
    return tuple(one for one in kinds if one not in _WEBP_LEAKS) in _WEBP_ORDERS


def _of_webp_chunk(kind: bytes, body: bytes, at: int) -> Iterator[Finding]:
    word = kind.decode("latin-1")
    if kind == b"EXIF":
        yield from _of_exif(body.removeprefix(_EXIF_NAME), at)
    elif kind == b"XMP ":
        yield from _of_xmp(body, at)
    elif kind in {b"VP8 ", b"VP8L"}:
        yield from _within(body, at)
    if kind in {b"EXIF", b"XMP ", b"VP8 ", b"VP8L", b"VP8X"}:
        return
    leak, what = _WEBP_LEAKS.get(kind, (Leak.MARKER, "something that does not belong in it"))
    yield Finding(leak, f"{what}, in the chunk {word!r}", at)
    yield from _inside(body, f"the chunk {word!r}", at)


def _within(body: bytes, at: int) -> Iterator[Finding]:
    for signature in _IN_PIXELS:
        if (place := body.find(signature)) >= 0:
            yield Finding(Leak.SECOND_PICTURE, "a picture among its pixels", at + place)


def _canvas(body: bytes) -> tuple[int, int] | None:
    """Width and height that the header of a WebP says; nothing if it says anything else but XMP."""
    if len(body) != _VP8X_BYTES or body[0] & ~_VP8X_XMP or any(body[1:4]):
        return None
    width, height = int.from_bytes(body[4:7], "little"), int.from_bytes(body[7:10], "little")
    return width + 1, height + 1


def _webp_size(kind: bytes, body: bytes) -> tuple[int, int] | None:
    """Width and height of the pixels of a WebP; nothing if they are not one whole picture."""
    if kind == b"VP8L":
        if len(body) < 5 or body[0] != _VP8L_START:  # noqa: PLR2004
            return None
        bits = int.from_bytes(body[1:5], "little")
        # Bit 28 says that some of it is transparent, and three more are the version.
        return None if bits >> 28 else ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    head = int.from_bytes(body[:3], "little")
    # A key frame that is shown, and whose first part is in it.
    if len(body) < 10 or head & 1 or not head >> 4 & 1 or (head >> 5) + 10 > len(body):  # noqa: PLR2004
        return None
    width, height = (int.from_bytes(body[at : at + 2], "little") for at in (6, 8))
    return (width & 0x3FFF, height & 0x3FFF) if body[3:6] == _VP8_START else None
