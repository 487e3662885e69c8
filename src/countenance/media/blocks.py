"""
Where a picture's metadata stands in its file: the blocks of EXIF, XMP and IPTC, as bytes.

Read from the containers' published forms: JPEG (ITU-T T.81, annex B; XMP specification part 3, 1.1;
Photoshop image resources), PNG (W3C, third edition), WebP (RFC 9649), TIFF 6.0, and HEIF and AVIF
(ISO/IEC 14496-12, 8.11). Plain Python that only ever slices `data`: hostile bytes may make it raise
any error of a malformed file, never crash or run on, for every loop goes forward and is counted.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

MAX_BLOCK_BYTES = 1024 * 1024
"""Of EXIF, XMP or IPTC. What is longer is left out: no caption is."""

_MAX_PARTS = 4096
"""Segments, chunks, boxes or items looked at in one file."""

_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED = b"http://ns.adobe.com/xmp/extension/\0"
_PHOTOSHOP, _IPTC_RESOURCE = b"Photoshop 3.0\0", 0x0404
_APP1, _APP13, _SCAN, _END = 0xE1, 0xED, 0xDA, 0xD9
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(slots=True)
class Blocks:
    """
    The blocks of one file; what is not there is empty.

    `exif` begins with its TIFF header. `xmp` are one or two documents, the second the extension of
    the first. `size` is the stored picture's width and height in pixels, where it was met on the
    way.
    """

    exif: bytes = b""
    xmp: tuple[bytes, ...] = ()
    iptc: bytes = b""
    size: tuple[int, int] | None = None


def find_blocks(data: bytes) -> Blocks:
    """
    The blocks in a JPEG, PNG, WebP, TIFF, HEIC or AVIF; none of a file of another kind.

    Raises whatever malformed bytes lead to: `ValueError`, `IndexError`, `struct.error` or
    `zlib.error`.
    """
    if data.startswith(b"\xff\xd8"):
        return _of_jpeg(data)
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _of_png(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _of_webp(data)
    if data[:4] in (b"II*\0", b"MM\0*"):
        return Blocks(exif=data)
    if data[4:8] == b"ftyp":
        return _of_heif(data)
    return Blocks()


# --- JPEG -----------------------------------------------------------------------------------


def _of_jpeg(data: bytes) -> Blocks:
    found, extension, resources = Blocks(), _Extension(), bytearray()
    for marker, start, end in _segments(data):
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, start + 1)
            found.size = (width, height)
        elif marker == _APP1 and data.startswith(_EXIF, start) and not found.exif:
            found.exif = data[start + len(_EXIF) : end]
        elif marker == _APP1 and data.startswith(_XMP, start) and not found.xmp:
            found.xmp = (data[start + len(_XMP) : end],)
        elif marker == _APP1 and data.startswith(_EXTENDED, start):
            extension.add(data[start + len(_EXTENDED) : end])
        elif marker == _APP13 and data.startswith(_PHOTOSHOP, start):
            # A long resource goes on in the next segment, without a word in between.
            resources += data[start + len(_PHOTOSHOP) : end]
    found.iptc = _iptc_resource(bytes(resources[:MAX_BLOCK_BYTES]))
    if found.xmp and (more := extension.of(found.xmp[0])):
        found.xmp = (*found.xmp, more)
    return found


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Of each segment before the picture its marker, and where its content begins and ends."""
    place = 2
    for _ in range(_MAX_PARTS):
        while data[place : place + 2] == b"\xff\xff":  # filling
            place += 1
        if len(data) < place + 4 or data[place] != 0xFF:  # noqa: PLR2004  every marker begins so
            return
        marker = data[place + 1]
        if marker in _BARE:
            place += 2
            continue
        if marker in (_SCAN, _END):
            return
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4])
        yield marker, place + 4, end
        place = max(end, place + 4)


class _Extension:
    """The parts of XMP that one segment was too short for, by the digest that the first names."""

    def __init__(self) -> None:
        self._parts: dict[bytes, list[tuple[int, bytes]]] = {}

    def add(self, content: bytes) -> None:
        guid, offset = content[:32], int.from_bytes(content[36:40])
        self._parts.setdefault(guid, []).append((offset, content[40:]))

    def of(self, first: bytes) -> bytes:
        for guid, parts in self._parts.items():
            if guid in first:
                joined = b"".join(part for _, part in sorted(parts))
                return joined if len(joined) <= MAX_BLOCK_BYTES else b""
        return b""


def _iptc_resource(resources: bytes) -> bytes:
    """The IPTC record among Photoshop's image resources."""
    place = 0
    while resources[place : place + 4] == b"8BIM":
        which, name = struct.unpack_from(">HB", resources, place + 4)
        place += 6 + _even(1 + name)
        size = int.from_bytes(resources[place : place + 4])
        if which == _IPTC_RESOURCE:
            return resources[place + 4 : place + 4 + size]
        place += 4 + _even(size)
    return b""


def _even(number: int) -> int:
    return number + number % 2


# --- PNG and WebP ---------------------------------------------------------------------------


def _of_png(data: bytes) -> Blocks:
    found, place = Blocks(), 8
    for _ in range(_MAX_PARTS):
        if len(data) < place + 8:
            break
        size, kind = int.from_bytes(data[place : place + 4]), data[place + 4 : place + 8]
        content = data[place + 8 : place + 8 + min(size, MAX_BLOCK_BYTES)]
        if kind == b"IHDR":
            width, height = struct.unpack_from(">II", content)
            found.size = (width, height)
        elif kind == b"eXIf":
            found.exif = content
        elif kind == b"iTXt" and content.startswith(b"XML:com.adobe.xmp\0"):
            found.xmp = (_international(content[18:]),)
        place += 12 + size
    return found


def _international(content: bytes) -> bytes:
    """The text of an `iTXt` chunk, from behind its keyword."""
    packed = content[0]
    text = content[2:].split(b"\0", 2)[2]
    if not packed:
        return text
    opened = zlib.decompressobj()
    plain = opened.decompress(text, MAX_BLOCK_BYTES)
    if opened.unconsumed_tail:
        raise ValueError("it unpacks to more than is read")
    return plain


def _of_webp(data: bytes) -> Blocks:
    found, place = Blocks(), 12
    for _ in range(_MAX_PARTS):
        if len(data) < place + 8:
            break
        kind, size = struct.unpack_from("<4sI", data, place)
        content = data[place + 8 : place + 8 + min(size, MAX_BLOCK_BYTES)]
        if kind == b"EXIF":
            found.exif = content.removeprefix(_EXIF)
        elif kind == b"XMP ":
            found.xmp = (content,)
        place += 8 + _even(size)
    return found


# --- HEIF and AVIF --------------------------------------------------------------------------


def _of_heif(data: bytes) -> Blocks:
    meta = _box(data, 0, len(data), b"meta")
    if meta is None:
        return Blocks()
    start, end = meta[0] + 4, meta[1]  # a full box: version and flags come first
    kinds = _item_kinds(data, _box(data, start, end, b"iinf"))
    inside = _box(data, start, end, b"idat")
    found = Blocks()
    for which, parts in _item_places(data, _box(data, start, end, b"iloc"), inside):
        kind = kinds.get(which, b"")
        if kind not in (b"Exif", b"mime"):
            continue
        content = b"".join(data[first : first + size] for first, size in parts)
        if len(content) > MAX_BLOCK_BYTES:
            continue
        if kind == b"Exif" and not found.exif:
            found.exif = content[4 + int.from_bytes(content[:4]) :].removeprefix(_EXIF)
        elif kind == b"mime" and not found.xmp:
            found.xmp = (content,)
    return found


_Place = tuple[int, int]


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    for _ in range(_MAX_PARTS):
        if end - start < 8:  # noqa: PLR2004  a box begins with a size and a kind of 4 bytes
            return
        size, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1:
            size, head = int.from_bytes(data[start + 8 : start + 16]), 16
        elif size == 0:
            size = end - start
        if size < head:
            raise ValueError("a box that is shorter than its head")
        yield kind, start + head, min(end, start + size)
        start += size


def _box(data: bytes, start: int, end: int, kind: bytes) -> _Place | None:
    return next((place for name, *place in _boxes(data, start, end) if name == kind), None)  # type: ignore[return-value]  # the rest of three is two


def _item_kinds(data: bytes, box: _Place | None) -> dict[int, bytes]:
    """The kind of each item; of `mime` only those that are XMP."""
    if box is None:
        return {}
    start, end = box
    kinds: dict[int, bytes] = {}
    first = start + (6 if data[start] == 0 else 8)
    for kind, begin, close in _boxes(data, first, end):
        version = data[begin]
        if kind != b"infe" or version < 2:  # noqa: PLR2004  older ones name no kind
            continue
        wide = 2 if version == 2 else 4  # noqa: PLR2004
        which = int.from_bytes(data[begin + 4 : begin + 4 + wide])
        rest = data[begin + 4 + wide + 2 : close]
        if rest[:4] != b"mime" or b"application/rdf+xml" in rest:
            kinds[which] = rest[:4]
    return kinds


def _item_places(
    data: bytes, box: _Place | None, inside: _Place | None
) -> Iterator[tuple[int, list[_Place]]]:
    """Where each item lies: of every part where it begins, and how long it is."""
    if box is None:
        return
    read = _Numbers(data, *box)
    version = read(1)
    read(3)
    sizes = read(2)
    offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    for _ in range(min(read(2 if version < 2 else 4), _MAX_PARTS)):  # noqa: PLR2004
        which = read(2 if version < 2 else 4)  # noqa: PLR2004
        method = read(2) & 15 if version else 0
        read(2)
        start = read(base) + (inside[0] if method == 1 and inside is not None else 0)
        parts = []
        for _ in range(min(read(2), _MAX_PARTS)):
            if version and index:
                read(index)
            first = read(offset)
            parts.append((start + first, min(read(length), MAX_BLOCK_BYTES + 1)))
        if method in (0, 1):
            yield which, parts


class _Numbers:
    """Numbers of so many bytes, one after the other. Raises `ValueError` behind the end."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self._data, self._place, self._end = data, start, end

    def __call__(self, size: int) -> int:
        self._place += size
        if self._place > self._end:
            raise ValueError("a table that is shorter than it says")
        return int.from_bytes(self._data[self._place - size : self._place])
