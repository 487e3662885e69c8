"""Metadata: what files say, in every spelling; and whatever they say, no error."""

import csv
import io
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import simplejpeg  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from countenance.media import metadata
from countenance.media.blocks import find_blocks
from countenance.media.exif import instant
from countenance.media.metadata import MAX_CHARACTERS, MAX_KEYWORDS, Metadata, read_metadata
from countenance.media.xmp import MAX_REGIONS
from tests.fakes.said import exif, in_jpeg, said_regions, with_words, xmp

ROBUST = Path(__file__).parents[3].parent / "shared" / "data" / "robust"
JPEG = bytes(simplejpeg.encode_jpeg(np.full((20, 30, 3), 128, np.uint8)))
REGION = (0.1, 0.2, 0.3, 0.6)
UPRIGHT = {
    1: (0.1, 0.2, 0.3, 0.6),
    2: (0.7, 0.2, 0.9, 0.6),
    3: (0.7, 0.4, 0.9, 0.8),
    4: (0.1, 0.4, 0.3, 0.8),
    5: (0.2, 0.1, 0.6, 0.3),
    6: (0.4, 0.1, 0.8, 0.3),
    7: (0.4, 0.7, 0.8, 0.9),
    8: (0.2, 0.7, 0.6, 0.9),
}

needs_robust = pytest.mark.skipif(not ROBUST.is_dir(), reason="../shared/data/robust is not here")


# --- texts ------------------------------------------------------------------------------------


def test_a_file_that_says_nothing_has_nothing() -> None:
    """And no trouble."""
    assert read_metadata(JPEG) == Metadata()


def test_texts_and_keywords() -> None:
    """As they stand in XMP, in one line but for the caption."""
    said = read_metadata(
        with_words(JPEG, title="Summer\n ball", caption="On\nthe stairs", keywords=["a", "b", "a"])
    )
    assert (said.title, said.caption, said.keywords) == (
        "Summer ball",
        "On\nthe stairs",
        ("a", "b"),
    )


def test_a_caption_comes_in_its_languages() -> None:
    """The one for everybody first, the others as they stand, none twice."""
    words = "".join(
        f'<rdf:li xml:lang="{language}">{text}</rdf:li>'
        for language, text in (("sv", "trappan"), ("x-default", "stairs"), ("en", "stairs"))
    )
    document = xmp(f"<dc:description><rdf:Alt>{words}</rdf:Alt></dc:description>")
    assert read_metadata(in_jpeg(JPEG, xmp=document)).caption == "stairs\ntrappan"


def test_both_spellings_of_rdf_are_read() -> None:
    """Properties as attributes too; and in UTF-16."""
    document = xmp("").replace(b"<rdf:Description>", b'<rdf:Description photoshop:Credit="AP">')
    wide = document.decode().encode("utf-16-be")
    assert [read_metadata(in_jpeg(JPEG, xmp=one)).credit for one in (document, wide)] == ["AP"] * 2


@pytest.mark.parametrize(
    ("value", "prohibits"),
    [
        ("http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED", True),
        ("http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING", True),
        ("DMI-PROHIBITED-SEECONSTRAINT", True),
        ("http://ns.useplus.org/ldf/vocab/DMI-ALLOWED", False),
        ("", False),
    ],
)
def test_what_is_said_of_mining(value: str, *, prohibits: bool) -> None:
    """Every kind of prohibition is one."""
    said = read_metadata(in_jpeg(JPEG, xmp=xmp(f"<plus:DataMining>{value}</plus:DataMining>")))
    assert said.data_mining == value.rpartition("/")[2]
    assert said.prohibits_mining is prohibits


def test_iptc_is_read_where_there_is_no_xmp() -> None:
    """Title, keywords, creator, caption; in UTF-8 or Latin 1; a date with its offset."""
    sets = [(5, b"Ball"), (25, b"gala"), (25, "Malmö".encode("latin-1")), (80, b"Ada"), (120, b"C")]
    sets += [(55, b"20260501"), (60, b"123000+0200")]
    block = b"".join(struct.pack(">BBBH", 0x1C, 2, which, len(v)) + v for which, v in sets)
    said = read_metadata(in_jpeg(JPEG, iptc=block))
    assert (said.title, said.keywords, said.creator) == ("Ball", ("gala", "Malmö"), "Ada")
    assert (said.caption, said.taken_at) == ("C", "2026-05-01T12:30:00+02:00")


def test_what_cannot_be_seen_is_taken_out() -> None:
    """Control characters, marks that turn a line round; and there is an end to every text."""
    hidden = "a\u202eb\u200bc\x85e\u0301"
    assert metadata.clean(hidden) == "ab\u200bc\u00e9"
    words = [f"w{number}" for number in range(400)]
    whole = read_metadata(in_jpeg(JPEG, xmp=xmp(_bag(words) + _caption("x" * 30_000))))
    assert len(whole.keywords) == MAX_KEYWORDS
    assert len(whole.caption) == MAX_CHARACTERS


# --- time and place ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("time", "offset", "expected"),
    [
        ("2026:05:01 12:30:00", "", "2026-05-01T12:30:00"),
        ("2026:05:01 12:30:00", "+02:00", "2026-05-01T12:30:00+02:00"),
        ("2026-05-01T12:30:00Z", "", "2026-05-01T12:30:00+00:00"),
        ("2026-05-01T12:30:00.25-0330", "", "2026-05-01T12:30:00-03:30"),
        ("2026-05-01T12:30", "", "2026-05-01T12:30:00"),
        ("0000:00:00 00:00:00", "", ""),
        ("2026:13:01 12:30:00", "", ""),
        ("2026:05:01 25:30:00", "", ""),
        ("    :  :     :  :  ", "", ""),
        ("yesterday", "", ""),
    ],
)
def test_a_time_keeps_its_offset_or_has_none(time: str, offset: str, expected: str) -> None:
    """A clock without a zone is not given one."""
    assert instant(time, offset) == expected


@pytest.mark.parametrize(
    ("latitude", "longitude", "expected"),
    [
        ("59,20.5N", "18,3,30E", (59.341667, 18.058333)),
        ("59,20.5S", "18,3.5W", (-59.341667, -18.058333)),
        ("0,0N", "0,0E", None),
        ("95,0N", "10,0E", None),
        ("nanN", "10,0E", None),
        ("59,20.5N", "", None),
    ],
)
def test_a_place_is_one_on_earth(
    latitude: str, longitude: str, expected: tuple[float, float] | None
) -> None:
    """Or none: half of one, one out of range, and that of a receiver without a signal."""
    tags = (
        f'<e:GPSLatitude xmlns:e="http://ns.adobe.com/exif/1.0/">{latitude}</e:GPSLatitude>'
        f'<e:GPSLongitude xmlns:e="http://ns.adobe.com/exif/1.0/">{longitude}</e:GPSLongitude>'
    )
    assert read_metadata(in_jpeg(JPEG, xmp=xmp(tags))).place == expected


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_exif_is_read_in_every_format(form: str) -> None:
    """As Pillow writes it: time with offset, place, description, creator."""
    tags = Image.Exif()
    tags[0x010E], tags[0x013B] = "On the stairs", "Ada"
    tags.get_ifd(0x8769).update({0x9003: "2026:05:01 12:30:00", 0x9011: "+02:00"})
    tags.get_ifd(0x8825).update({1: "N", 2: (59.0, 20.0, 30.0), 3: "W", 4: (18.0, 0.0, 0.0)})
    written = io.BytesIO()
    Image.new("RGB", (64, 48)).save(written, "JPEG" if form == "TIFF" else form, exif=tags)
    data = written.getvalue()
    # The block in a JPEG is a TIFF, and has what Pillow leaves out of one.
    said = read_metadata(find_blocks(data).exif if form == "TIFF" else data)
    assert (said.caption, said.creator) == ("On the stairs", "Ada")
    assert (said.taken_at, said.place) == ("2026-05-01T12:30:00+02:00", (59.341667, -18.0))


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_xmp_is_read_in_every_format(form: str) -> None:
    """As it is in a JPEG."""
    document, written = xmp(_caption("stairs")), io.BytesIO()
    image = Image.new("RGB", (64, 48))
    if form == "PNG":
        image.save(written, form)
        chunk = b"iTXtXML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(document)
        size = struct.pack(">I", len(chunk) - 4)
        whole, crc = written.getvalue(), struct.pack(">I", zlib.crc32(chunk))
        data = whole[:33] + size + chunk + crc + whole[33:]
    elif form == "TIFF":
        image.save(written, form, tiffinfo={700: document})
        data = written.getvalue()
    else:
        image.save(written, form, xmp=document)
        data = written.getvalue()
    assert read_metadata(data).caption == "stairs"


# --- regions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_a_region_lies_in_the_upright_picture(orientation: int) -> None:
    """It is written in the stored one, and turned with it."""
    data = with_words(JPEG, regions=[("Ada", REGION)], orientation=orientation)
    (one,) = read_metadata(data).regions
    assert (one.name, one.kind) == ("Ada", "face")
    assert one.box == pytest.approx(UPRIGHT[orientation])


@needs_robust
@pytest.mark.parametrize(
    "name",
    [
        "immich_portrait.jpg",
        "immich_portrait-orientation-6.jpg",
        "skat_photo.3.embedded.jpg",
        "skat_photo.6.embedded.jpg",
    ],
)
def test_regions_of_real_programs_are_where_the_faces_are(name: str) -> None:
    """One picture, turned and tagged by several programs: the two faces are at one place."""
    said = read_metadata((ROBUST / "regions" / name).read_bytes())
    boxes = {one.name: one.box for one in said.regions}
    assert boxes["Marie Curie"] == pytest.approx((0.312, 0.209, 0.425, 0.407), abs=0.006)
    assert boxes["Pierre Curie"] == pytest.approx((0.639, 0.119, 0.736, 0.360), abs=0.006)
    assert len(boxes) == 2


@needs_robust
def test_iptc_regions_are_read() -> None:
    """Rectangle, circle and polygon of the reference picture of IPTC."""
    file = ROBUST / "regions" / "drew_Issue_258_(dotnet).jpg"
    boxes = [one.box for one in read_metadata(file.read_bytes()).regions]
    assert boxes[0] == pytest.approx((0.31, 0.18, 0.437, 0.565))
    assert len(boxes) == 3
    assert all(0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1 for x1, y1, x2, y2 in boxes)


@pytest.mark.parametrize(
    "box",
    [
        (math.nan, 0.1, 0.2, 0.3),
        (0.5, 0.5, 0.5, 0.5),
        (2.0, 2.0, 3.0, 3.0),
        (math.inf, 0.0, 1.0, 1.0),
        (0.9, 0.1, 0.2, 0.3),
    ],
)
def test_a_region_that_is_none_is_left_out(box: tuple[float, float, float, float]) -> None:
    """No number, no area, outside of the picture, inside out."""
    assert read_metadata(with_words(JPEG, regions=[("Ada", box)])).regions == ()


def test_there_is_an_end_to_regions() -> None:
    """So many faces nobody named."""
    many = [(f"n{number}", REGION) for number in range(MAX_REGIONS + 20)]
    document = with_words(b"\xff\xd8\xff\xd9", regions=many[:120])
    assert len(read_metadata(document).regions) == 120
    png = _png_with(many)
    assert len(read_metadata(png).regions) == MAX_REGIONS


# --- hostile ----------------------------------------------------------------------------------

BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>' + xmp(
    "<dc:title><rdf:Alt><rdf:li>&b;</rdf:li></rdf:Alt></dc:title>"
)
OUTSIDE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + xmp(
    "<dc:title><rdf:Alt><rdf:li>&a;</rdf:li></rdf:Alt></dc:title>"
)
DEEP = b"<x>" * 20_000


@pytest.mark.parametrize("document", [BOMB, OUTSIDE, DEEP, b"<", b"\0<\0", b"<\0\xd8", b"<a/>"])
def test_hostile_xml_is_no_metadata(document: bytes) -> None:
    """Entities, depth, no XML at all: nothing is said, and, where it is not read, that."""
    said = read_metadata(in_jpeg(JPEG, xmp=document))
    assert (said.title, said.caption) == ("", "")
    assert said.trouble in ("", "cannot be read: XMP")


def test_one_damaged_block_leaves_the_others() -> None:
    """And is named."""
    data = in_jpeg(JPEG, xmp=b"<broken", exif=exif({0x0112: 1}), iptc=b"\x1c\x02\x05\0\4Ball")
    said = read_metadata(data)
    assert (said.title, said.trouble) == ("Ball", "cannot be read: XMP")


@needs_robust
def test_of_149_odd_files_none_is_an_error() -> None:
    """Nor is any of them cut off at any of a hundred places."""
    listed = (ROBUST / "files.csv").read_text(encoding="utf-8").splitlines()
    files = [row["file"] for row in csv.DictReader(listed)]
    assert len(files) == 149
    for name in files:
        data = (ROBUST / name).read_bytes()
        _require_sound(read_metadata(data))
        for place in range(0, min(len(data), 20_000), 401):
            _require_sound(read_metadata(data[:place]))


HEADS = [
    *(b"\xff\xd8\xff\xe1", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"RIFF\0\0\0\0WEBP"),
    b"\0\0\0\x0cftypheic\0\0\0\0meta",
]

SEEDS = [
    with_words(JPEG, title="t", caption="c", keywords=["k"], regions=[("Ada", REGION)]),
    in_jpeg(JPEG, iptc=b"\x1c\x02\x05\0\4Ball", exif=exif({0x0112: 6, 0x8769: 8, 0x8825: 8})),
]


@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255))))
def test_whatever_the_bytes_are_it_raises_nothing(
    data: bytes, changes: list[tuple[int, int]]
) -> None:
    """Any bytes changed, anywhere."""
    damaged = bytearray(data)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    _require_sound(read_metadata(bytes(damaged)))


@given(
    st.sampled_from(HEADS),
    st.binary(max_size=400),
)
def test_no_beginning_leads_astray(head: bytes, rest: bytes) -> None:
    """Of any container, with anything behind it."""
    _require_sound(read_metadata(head + rest))


# --------------------------------------------------------------------------------------------


def _require_sound(said: Metadata) -> None:
    """Whatever it says is within its limits, and can be stored and shown."""
    texts = (said.title, said.caption, said.creator, said.credit, said.licence, *said.keywords)
    assert all(len(one) <= MAX_CHARACTERS for one in texts)
    assert not any(metadata._UNWANTED.search(one) for one in texts)
    assert len(said.keywords) <= MAX_KEYWORDS
    assert len(said.regions) <= MAX_REGIONS
    for one in said.regions:
        x1, y1, x2, y2 = one.box
        assert 0 <= x1 < x2 <= 1
        assert 0 <= y1 < y2 <= 1
    if said.place is not None:
        assert all(map(math.isfinite, said.place))


def _bag(words: list[str]) -> str:
    items = "".join(f"<rdf:li>{word}</rdf:li>" for word in words)
    return f"<dc:subject><rdf:Bag>{items}</rdf:Bag></dc:subject>"


def _caption(text: str) -> str:
    alt = f'<rdf:Alt><rdf:li xml:lang="x-default">{text}</rdf:li></rdf:Alt>'
    return f"<dc:description>{alt}</dc:description>"


def _png_with(regions: list[tuple[str, tuple[float, float, float, float]]]) -> bytes:
    """A PNG, whose chunks may be longer than a JPEG's segments."""
    document = xmp(said_regions(regions))
    chunk = b"iTXtXML:com.adobe.xmp\0\0\0\0\0" + document
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(chunk) - 4) + chunk + b"\0\0\0\0"
