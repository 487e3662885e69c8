"""The leak check: the routes by which a covered face came back, and bytes of whatever kind."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from countenance.media.leaks import MAX_FINDINGS, UNLIMITED, Leak, find_leaks

SIDE = 64
XMP_NAME = b"http://ns.adobe.com/xap/1.0/\0"
RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'


def image(side: int = SIDE) -> Image.Image:
    """A picture with something in it."""
    grid = np.indices((side, side)).sum(0) * 2 % 256
    return Image.fromarray(np.stack([grid, grid[::-1], grid], -1).astype(np.uint8))


def jpeg(**how: object) -> bytes:
    file = io.BytesIO()
    image().save(file, "JPEG", **how)
    return file.getvalue()


def png(**how: object) -> bytes:
    file = io.BytesIO()
    image().save(file, "PNG", **how)
    return file.getvalue()


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def with_segment(marker: int, body: bytes) -> bytes:
    """A plain JPEG with one segment more behind its beginning."""
    plain = jpeg()
    return plain[:2] + segment(marker, body) + plain[2:]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunk(kind: bytes, body: bytes) -> bytes:
    plain = png()
    return plain[:33] + chunk(kind, body) + plain[33:]


def xmp(inner: str) -> bytes:
    """A JPEG whose XMP has this description."""
    names = {
        "dc": "http://purl.org/dc/elements/1.1/",
        "xmp": "http://ns.adobe.com/xap/1.0/",
        "xmpGImg": "http://ns.adobe.com/xap/1.0/g/img/",
        "photoshop": "http://ns.adobe.com/photoshop/1.0/",
        "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
        "aux": "http://ns.adobe.com/exif/1.0/aux/",
        "exif": "http://ns.adobe.com/exif/1.0/",
        "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
        "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    }
    spaces = " ".join(f'xmlns:{short}="{name}"' for short, name in names.items())
    text = (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF} {spaces}>'
        f'<rdf:Description rdf:about="">{inner}</rdf:Description></rdf:RDF></x:xmpmeta>'
    )
    return with_segment(0xE1, XMP_NAME + text.encode())


def exif_block(
    main: dict[int, object],
    *,
    camera: dict[int, object] | None = None,
    gps: dict[int, object] | None = None,
) -> bytes:
    """EXIF from its TIFF header on, with these tags."""
    made = Image.Exif()
    made.update({0x0112: 1, **main})
    made.get_ifd(0x8769).update(camera or {})
    made.get_ifd(0x8825).update(gps or {})
    return made.tobytes().removeprefix(b"Exif\0\0")


def kinds(data: bytes) -> set[Leak]:
    return {one.leak for one in find_leaks(data)}


def thumbnail() -> bytes:
    file = io.BytesIO()
    image(16).save(file, "JPEG")
    return file.getvalue()


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"quality": 30},
        {"progressive": True},
        {"optimize": True},
        {"restart_marker_rows": 1},
        {"subsampling": 0, "quality": 100},
    ],
)
def test_a_plain_jpeg_is_plain(how: dict[str, object]) -> None:
    """Whichever way its pixels are packed."""
    assert find_leaks(jpeg(**how)) == ()


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "1"])
def test_a_plain_png_is_plain(mode: str) -> None:
    """Of every kind of pixels."""
    file = io.BytesIO()
    image().convert(mode).save(file, "PNG")
    assert find_leaks(file.getvalue()) == ()


LEAKS = {
    "exif": (with_segment(0xE1, b"Exif\0\0" + exif_block({})), {Leak.EXIF}),
    "place": (
        with_segment(0xE1, b"Exif\0\0" + exif_block({}, gps={1: "N", 2: (58, 0, 0)})),
        {Leak.EXIF, Leak.PLACE},
    ),
    "serial": (
        with_segment(0xE1, b"Exif\0\0" + exif_block({}, camera={0xA431: "007"})),
        {Leak.EXIF, Leak.SERIAL},
    ),
    "artist": (
        with_segment(0xE1, b"Exif\0\0" + exif_block({0x013B: "Nobody"})),
        {Leak.EXIF, Leak.NAME},
    ),
    "exif thumbnail": (
        with_segment(0xE1, b"Exif\0\0" + exif_block({}) + thumbnail()),
        {Leak.EXIF, Leak.THUMBNAIL},
    ),
    "broken exif": (with_segment(0xE1, b"Exif\0\0" + b"XX" * 9), {Leak.EXIF}),
    "jfif thumbnail": (
        with_segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\2\2" + bytes(12)),
        {Leak.THUMBNAIL},
    ),
    "jfxx": (
        with_segment(0xE0, b"JFXX\0\x10" + thumbnail()),
        {Leak.THUMBNAIL, Leak.SECOND_PICTURE},
    ),
    "photoshop": (
        with_segment(0xED, b"Photoshop 3.0\08BIM\x04\x0c" + bytes(30) + thumbnail()),
        {Leak.MARKER, Leak.SECOND_PICTURE},
    ),
    "iptc": (with_segment(0xED, b"Photoshop 3.0\08BIM\x04\x04 a name"), {Leak.MARKER}),
    "comment": (with_segment(0xFE, b"Nobody was here"), {Leak.COMMENT}),
    "colour profile": (with_segment(0xE2, b"ICC_PROFILE\0\1\1" + bytes(99)), {Leak.MARKER}),
    "mpf": (with_segment(0xE2, b"MPF\0II*\0"), {Leak.MARKER, Leak.SECOND_PICTURE}),
    "gain map": (with_segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0"), {Leak.MARKER}),
    "c2pa": (with_segment(0xEB, b"JP\0\1" + thumbnail()), {Leak.MARKER, Leak.SECOND_PICTURE}),
    "extended xmp": (
        with_segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(40)),
        {Leak.MARKER},
    ),
    "padded table": (with_segment(0xDB, b"\0" + bytes(64) + b"Nobody"), {Leak.BROKEN}),
    "padded huffman": (with_segment(0xC4, bytes(17) + b"\xffNobody"), {Leak.BROKEN}),
    "trailer": (jpeg() + b"Nobody", {Leak.TRAILER}),
    "second picture": (jpeg() + thumbnail(), {Leak.TRAILER, Leak.SECOND_PICTURE}),
    "motion photo": (jpeg() + b"\0\0\0\x18ftypmp42", {Leak.TRAILER, Leak.SECOND_PICTURE}),
    "cut short": (jpeg()[:-2], {Leak.BROKEN}),
    "cut in the head": (jpeg()[:100], {Leak.BROKEN}),
    "two frames": (jpeg()[:-2] + jpeg()[2:], {Leak.BROKEN}),
    "picture within": (jpeg()[:-2] + thumbnail(), {Leak.SECOND_PICTURE, Leak.BROKEN}),
    "text in png": (with_chunk(b"tEXt", b"Comment\0Nobody"), {Leak.COMMENT}),
    "exif in png": (with_chunk(b"eXIf", exif_block({})), {Leak.EXIF, Leak.SECOND_PICTURE}),
    "profile in png": (with_chunk(b"iCCP", b"x\0\0"), {Leak.MARKER}),
    "unknown in png": (with_chunk(b"noBy", b"x"), {Leak.MARKER}),
    "png trailer": (png() + thumbnail(), {Leak.TRAILER, Leak.SECOND_PICTURE}),
    "more pixels in png": (
        png()[:-12] + chunk(b"IDAT", zlib.compress(b"Nobody")) + png()[-12:],
        {Leak.BROKEN},
    ),
    "webp": (b"RIFF\0\0\0\0WEBPVP8 ", {Leak.BROKEN, Leak.TRAILER}),
    "gif": (b"GIF89a\x10\0\x10\0", {Leak.FORMAT}),
    "nothing": (b"", {Leak.FORMAT}),
}


@pytest.mark.promise("P8")
@pytest.mark.parametrize("route", LEAKS)
def test_the_leak_matrix(route: str) -> None:
    """Every route by which something came back is found, and called by its name."""
    data, expected = LEAKS[route]
    found = kinds(data)
    assert expected <= found
    assert found - expected <= {Leak.MARKER, Leak.SECOND_PICTURE, Leak.BROKEN}


def test_a_frame_more_in_a_png_is_found() -> None:
    """An animated one."""
    file = io.BytesIO()
    image().save(file, "PNG", save_all=True, append_images=[image().rotate(90)])
    assert Leak.SECOND_PICTURE in kinds(file.getvalue())


def test_what_pillow_keeps_is_found() -> None:
    """Its plain save carries the comment on, and any EXIF that it is handed."""
    first = jpeg(comment=b"Nobody", exif=b"Exif\0\0" + exif_block({}))
    with Image.open(io.BytesIO(first)) as opened:
        again = io.BytesIO()
        opened.save(again, "JPEG", exif=opened.info["exif"])
    assert {Leak.COMMENT, Leak.EXIF} <= kinds(again.getvalue())
    with Image.open(io.BytesIO(first)) as opened:
        fresh = io.BytesIO()
        Image.fromarray(np.asarray(opened)).save(fresh, "JPEG", exif=b"")
    assert find_leaks(fresh.getvalue()) == ()


def test_what_pillow_writes_into_a_png_is_found() -> None:
    """Its texts and its XMP."""
    said = PngImagePlugin.PngInfo()
    said.add_itxt("XML:com.adobe.xmp", "<x/>")
    assert Leak.COMMENT in kinds(png(pnginfo=said))


def test_a_file_of_several_pictures_is_found() -> None:
    """An MPO is a JPEG with another behind it: the one that nobody covered."""
    file = io.BytesIO()
    image().save(file, "MPO", save_all=True, append_images=[image().rotate(90)])
    assert {Leak.TRAILER, Leak.SECOND_PICTURE, Leak.MARKER} <= kinds(file.getvalue())


ALLOWED = """
<dc:creator><rdf:Seq><rdf:li>A photographer</rdf:li></rdf:Seq></dc:creator>
<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">CC BY 4.0</rdf:li></rdf:Alt></dc:rights>
<plus:ModelReleaseStatus>http://ns.useplus.org/ldf/vocab/MR-LMR</plus:ModelReleaseStatus>
<plus:ModelReleaseID><rdf:Bag><rdf:li>x_1</rdf:li></rdf:Bag></plus:ModelReleaseID>
<Iptc4xmpExt:ImageRegion><rdf:Bag><rdf:li rdf:parseType="Resource">
<Iptc4xmpExt:RegionBoundary rdf:parseType="Resource"><Iptc4xmpExt:rbX>0.1</Iptc4xmpExt:rbX>
</Iptc4xmpExt:RegionBoundary>
<Iptc4xmpExt:rRole><rdf:Bag><rdf:li rdf:parseType="Resource">
<Iptc4xmpExt:Name><rdf:Alt><rdf:li xml:lang="en">anonymised</rdf:li></rdf:Alt></Iptc4xmpExt:Name>
</rdf:li></rdf:Bag></Iptc4xmpExt:rRole></rdf:li></rdf:Bag></Iptc4xmpExt:ImageRegion>
"""


def test_what_may_be_said_may_be_said() -> None:
    """Whose it is, under what, on which release, and where something is covered."""
    assert find_leaks(xmp(ALLOWED)) == ()


@pytest.mark.promise("P8")
@pytest.mark.parametrize(
    ("said", "leak"),
    [
        ("<xmp:Thumbnails><rdf:Alt><rdf:li/></rdf:Alt></xmp:Thumbnails>", Leak.THUMBNAIL),
        ("<xmpGImg:image>/9j/4AAQ</xmpGImg:image>", Leak.THUMBNAIL),
        ("<dc:creator><xmpGImg:image>/9j/4AAQ</xmpGImg:image></dc:creator>", Leak.THUMBNAIL),
        ("<exif:GPSLatitude>58,24N</exif:GPSLatitude>", Leak.PLACE),
        ("<photoshop:City>Visby</photoshop:City>", Leak.PLACE),
        ("<aux:SerialNumber>7</aux:SerialNumber>", Leak.SERIAL),
        (
            "<Iptc4xmpExt:PersonInImage>Nobody</Iptc4xmpExt:PersonInImage>",
            Leak.NAME,
        ),
        (
            "<Iptc4xmpExt:ImageRegion><Iptc4xmpExt:Name>Nobody</Iptc4xmpExt:Name>"  # noqa: ISC004
            "</Iptc4xmpExt:ImageRegion>",
            Leak.NAME,
        ),
        ("<dc:subject>Nobody</dc:subject>", Leak.PROPERTY),
        ("<dc:description>Nobody</dc:description>", Leak.PROPERTY),
        ("<mwg-rs:Regions/>", Leak.PROPERTY),
        (f"<dc:creator>{'x' * 2000}</dc:creator>", Leak.PROPERTY),
        (
            f"<plus:ModelReleaseStatus>{UNLIMITED}</plus:ModelReleaseStatus>",
            Leak.PROPERTY,
        ),
        ("<!-- Nobody -->", Leak.COMMENT),
        ("<?nobody was here?>", Leak.COMMENT),
    ],
)
def test_what_may_not_be_said_is_found(said: str, leak: Leak) -> None:
    """No picture, place, serial number or name; whatever is not listed is not allowed."""
    assert leak in kinds(xmp(said))
    assert leak in kinds(xmp(ALLOWED + said))


def test_a_property_as_an_attribute_is_one() -> None:
    """RDF has two spellings."""
    data = xmp("").replace(b'rdf:about=""', b'rdf:about="" dc:subject="x"')
    # One more byte of the segment's length for each that came in between.
    at = data.index(XMP_NAME) - 2
    longer = int.from_bytes(data[at : at + 2]) + len(b' dc:subject="x"')
    data = data[:at] + struct.pack(">H", longer) + data[at + 2 :]
    assert kinds(data) == {Leak.PROPERTY}


def test_xmp_that_is_none_is_found() -> None:
    """Broken, or with a document type."""
    assert Leak.BROKEN in kinds(with_segment(0xE1, XMP_NAME + b"<x"))
    bomb = b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'
    assert Leak.BROKEN in kinds(with_segment(0xE1, XMP_NAME + bomb))


@given(st.binary(max_size=300))
def test_whatever_the_bytes_are_it_answers(data: bytes) -> None:
    """Bytes at random are no picture."""
    for beginning in (b"", b"\xff\xd8", b"\xff\xd8\xff\xe1", b"\x89PNG\r\n\x1a\n"):
        found = find_leaks(beginning + data)
        assert 0 < len(found) <= MAX_FINDINGS
        assert all(one.said for one in found)


@given(st.sampled_from(sorted(LEAKS)), st.data())
def test_a_damaged_file_is_answered(route: str, draw: st.DataObject) -> None:
    """One byte changed, or a piece cut out: an answer, and never an error."""
    data = bytearray(LEAKS[route][0])
    for _ in range(3):
        if data:
            data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    cut = draw.draw(st.integers(0, len(data)))
    find_leaks(bytes(data))
    find_leaks(bytes(data[:cut]))
    find_leaks(bytes(data[cut:]))


@pytest.mark.promise("P8")
@given(st.binary(min_size=1, max_size=40), st.data())
def test_nothing_can_be_put_between(more: bytes, draw: st.DataObject) -> None:
    """Bytes put anywhere between two segments are no part of a plain picture."""
    plain = jpeg()
    places, at = [2], 2
    while plain[at + 1] != 0xDA:
        at += 2 + int.from_bytes(plain[at + 2 : at + 4])
        places.append(at)
    places.append(len(plain))
    where = draw.draw(st.sampled_from(places))
    if set(more) == {0xFF}:
        return  # filling, which the standard lets stand before a marker
    assert find_leaks(plain[:where] + more + plain[where:])


# --- WebP -----------------------------------------------------------------------------------------


def webp(**how: object) -> bytes:
    file = io.BytesIO()
    image(40).save(file, "WEBP", **how)
    return file.getvalue()


def with_riff(data: bytes, kind: bytes, body: bytes) -> bytes:
    """A WebP with a chunk at its end, and the length that it has then."""
    chunk = kind + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) % 2)
    whole = data + chunk
    return whole[:4] + (len(whole) - 8).to_bytes(4, "little") + whole[8:]


@pytest.mark.parametrize("how", [{"quality": 30}, {"quality": 100}, {"lossless": True}])
def test_a_plain_webp_is_plain(how: dict[str, object]) -> None:
    """Whichever way its pixels are packed."""
    assert find_leaks(webp(**how)) == ()


@pytest.mark.promise("P8")
@pytest.mark.parametrize(
    ("data", "leak"),
    [
        (webp(exif=b"Exif\0\0" + exif_block({0x013B: "Nobody"})), Leak.NAME),
        (webp(icc_profile=b"x" * 200), Leak.MARKER),
        (webp(xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><x:City/></x:xmpmeta>"), Leak.PLACE),
        (webp(save_all=True, append_images=[image(40).rotate(90)]), Leak.SECOND_PICTURE),
        (webp() + b"more", Leak.TRAILER),
        (webp() + thumbnail(), Leak.SECOND_PICTURE),
        (with_riff(webp(), b"VP8 ", webp()[20:]), Leak.BROKEN),
        (with_riff(webp(), b"note", b"by hand"), Leak.MARKER),
        (with_riff(webp(), b"note", thumbnail()), Leak.SECOND_PICTURE),
        (webp()[:-8], Leak.BROKEN),
        (webp()[:24], Leak.BROKEN),
        (webp()[:12], Leak.BROKEN),
        (b"RIFF\xff\xff\xff\xffWEBP", Leak.BROKEN),
    ],
)
def test_what_a_webp_has_too_much_is_found(data: bytes, leak: Leak) -> None:
    """Whatever is beside its pixels, and a second one behind them."""
    assert leak in kinds(data)


def test_a_webp_of_another_size_than_it_says_is_found() -> None:
    """And one that begins elsewhere, or says that some of it is transparent."""
    with_xmp = webp(xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    assert kinds(with_xmp) == set()
    for at, byte in ((24, 0xFF), (20, 0x14), (21, 1)):
        changed = bytearray(with_xmp)
        changed[at] = byte
        assert Leak.BROKEN in kinds(bytes(changed))


def test_a_webp_is_read_through_whatever_its_bytes_are() -> None:
    """Cut off anywhere, and with any byte of its beginning another."""
    plain = webp(xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    for end in range(1, len(plain)):
        assert find_leaks(plain[:end])
    for at in range(60):
        changed = bytearray(plain)
        changed[at] ^= 0xFF
        find_leaks(bytes(changed))
