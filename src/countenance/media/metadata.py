"""
Metadata: what a picture's file says of the picture, in words.

It is the source's own word: a caption, a time, a name beside a face. It is a hint, and never a
consent or an enrolment. Whatever of it cannot be read is empty and said so in a word; a picture is
never refused for it.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from countenance.media.blocks import MAX_BLOCK_BYTES, Blocks, find_blocks
from countenance.media.exif import (
    IPTC_CAPTION,
    IPTC_CREATOR,
    IPTC_CREDIT,
    IPTC_DATE,
    IPTC_HEADLINE,
    IPTC_KEYWORD,
    IPTC_RIGHTS,
    IPTC_TIME,
    IPTC_TITLE,
    Tags,
    instant,
    number_of,
    place,
    read_exif,
    read_iptc,
    sound_place,
    text_of,
    wide_text_of,
)
from countenance.media.orientation import UPRIGHT
from countenance.media.xmp import Box, Region, Xmp, read_xmp

MAX_CHARACTERS = 10_000
MAX_LINE_CHARACTERS = 1_000
"""Of a title, a name, a licence: one line."""
MAX_KEYWORDS = 200
MAX_KEYWORD_CHARACTERS = 200

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RegionHint:
    """
    The source names this part of its picture.

    `box` is `(x1, y1, x2, y2)` in [0, 1], in parts of the upright picture's width and height.
    `kind` is `face`, or whatever else it is said to be; `name` may be empty.
    """

    name: str
    box: Box
    kind: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """
    What is said of a picture; empty where nothing is.

    `taken_at` is in the form of ISO 8601, with an offset from UTC if the file gives one, and as the
    camera's clock had it if not. `place` is latitude and longitude in degrees. `caption` may have
    several lines: the same in several languages. `licence` is an address or a sentence,
    `data_mining` the last word of PLUS's vocabulary, such as `DMI-PROHIBITED`. `trouble` says what
    could not be read.
    """

    taken_at: str = ""
    place: tuple[float, float] | None = None
    title: str = ""
    caption: str = ""
    keywords: tuple[str, ...] = ()
    creator: str = ""
    credit: str = ""
    rights: str = ""
    licence: str = ""
    data_mining: str = ""
    regions: tuple[RegionHint, ...] = ()
    trouble: str = ""

    @property
    def prohibits_mining(self) -> bool:
        """Whether whoever holds the rights forbids mining it, for whatever purpose."""
        return self.data_mining.upper().startswith("DMI-PROHIBITED")


def read_metadata(data: bytes) -> Metadata:
    """What the file `data` says of its picture. Whatever the bytes are, it raises nothing."""
    troubles: list[str] = []
    blocks = _tried("file", lambda: find_blocks(data), Blocks(), troubles)
    nothing: tuple[Tags, Tags, Tags] = ({}, {}, {})
    exif = nothing
    if blocks.exif:
        exif = _tried("EXIF", lambda: read_exif(blocks.exif), nothing, troubles)
    main, _, _ = exif
    iptc = blocks.iptc or _raw(main, _TIFF_IPTC)
    desk: Mapping[int, list[str]] = {}
    if iptc:
        desk = _tried("IPTC", lambda: read_iptc(iptc), desk, troubles)
    documents = blocks.xmp or tuple(filter(None, (_raw(main, _TIFF_XMP),)))
    said = [
        _tried("XMP", lambda one=one: read_xmp(one, blocks.size), Xmp(), troubles)  # type: ignore[misc]  # bound at once
        for one in documents
        if len(one) <= MAX_BLOCK_BYTES
    ]
    told = _tried("all", lambda: _joined(exif, desk, said), Metadata(), troubles)
    if not troubles:
        return told
    return replace(told, trouble=f"cannot be read: {', '.join(dict.fromkeys(troubles))}")


# --------------------------------------------------------------------------------------------

_ORIENTATION, _DESCRIPTION, _ARTIST, _COPYRIGHT = 0x0112, 0x010E, 0x013B, 0x8298
_XP_TITLE, _XP_COMMENT, _XP_AUTHOR, _XP_KEYWORDS = 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E
_TIFF_XMP, _TIFF_IPTC = 0x02BC, 0x83BB
_ORIGINAL, _DIGITISED, _ORIGINAL_OFFSET, _DIGITISED_OFFSET = 0x9003, 0x9004, 0x9011, 0x9012

# Half of a character, a control character but for the end of a line, and what turns the direction
# of a line: on a terminal they could write over what stands beside them.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_SPACES = re.compile(r"\s+")

_TURNED: dict[int, Callable[[float, float], tuple[float, float]]] = {
    2: lambda x, y: (1 - x, y),
    3: lambda x, y: (1 - x, 1 - y),
    4: lambda x, y: (x, 1 - y),
    5: lambda x, y: (y, x),
    6: lambda x, y: (1 - y, x),
    7: lambda x, y: (1 - y, 1 - x),
    8: lambda x, y: (y, 1 - x),
}
"""Where a point of the stored picture lies in the upright one, by EXIF orientation."""


@dataclass(slots=True)
class _First:
    """The first of several texts that is not empty."""

    said: list[Xmp] = field(default_factory=list)

    def __call__(self, name: str, *others: str) -> str:
        of_xmp = (getattr(one, name) for one in self.said)
        return next((text for text in (*of_xmp, *others) if text.strip()), "")


def _tried(what: str, act: Callable[[], T], otherwise: T, troubles: list[str]) -> T:
    try:
        return act()
    # A stranger's bytes raise whatever they like; the picture is none the worse for it.
    except Exception:  # noqa: BLE001
        troubles.append(what)
        return otherwise


def _joined(
    exif: tuple[Tags, Tags, Tags], desk: Mapping[int, list[str]], said: list[Xmp]
) -> Metadata:
    """XMP before IPTC before EXIF, as MWG has it; but the camera's own time and place first."""
    main, camera, gps = exif
    first = _First(said)
    old = {which: texts[0] for which, texts in desk.items()}
    keywords = [word for one in said for word in one.keywords]
    keywords += desk.get(IPTC_KEYWORD, [])
    keywords += wide_text_of(main, _XP_KEYWORDS).split(";")
    regions = [region for one in said for region in one.regions]
    return Metadata(
        taken_at=_taken_at(camera, old, first),
        place=place(gps) or _place_of(said),
        title=line(
            first("title", old.get(IPTC_TITLE, ""), old.get(IPTC_HEADLINE, ""))
            or wide_text_of(main, _XP_TITLE)
        ),
        caption=clean(
            first("caption", old.get(IPTC_CAPTION, ""), text_of(main, _DESCRIPTION))
            or wide_text_of(main, _XP_COMMENT)
        ),
        keywords=_keywords(keywords),
        creator=line(
            first("creator", ", ".join(desk.get(IPTC_CREATOR, [])), text_of(main, _ARTIST))
            or wide_text_of(main, _XP_AUTHOR)
        ),
        credit=line(first("credit", old.get(IPTC_CREDIT, ""))),
        rights=line(first("rights", old.get(IPTC_RIGHTS, ""), text_of(main, _COPYRIGHT))),
        licence=line(first("licence")),
        data_mining=line(first("data_mining"))[:MAX_KEYWORD_CHARACTERS],
        regions=tuple(_upright(one, number_of(main, _ORIENTATION)) for one in regions),
    )


def _taken_at(camera: Tags, old: dict[int, str], first: _First) -> str:
    date, clock = old.get(IPTC_DATE, ""), old.get(IPTC_TIME, "")
    desk = f"{date[:4]}-{date[4:6]}-{date[6:8]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}"
    told = (
        instant(text_of(camera, _ORIGINAL), text_of(camera, _ORIGINAL_OFFSET)),
        instant(text_of(camera, _DIGITISED), text_of(camera, _DIGITISED_OFFSET)),
        instant(first("time")),
        instant(desk),
    )
    return next(filter(None, told), "")


def _place_of(said: Iterable[Xmp]) -> tuple[float, float] | None:
    places = (sound_place(one.latitude, one.longitude) for one in said)
    return next((one for one in places if one is not None), None)


def _raw(tags: Tags, which: int) -> bytes:
    value = tags.get(which, b"")
    return value if isinstance(value, bytes) else b""


def clean(text: str, *, most: int = MAX_CHARACTERS) -> str:
    """`text` without what is no character to be read, at most so many characters of it."""
    return unicodedata.normalize("NFC", _UNWANTED.sub("", text[: 2 * most])).strip()[:most]


def line(text: str, *, most: int = MAX_LINE_CHARACTERS) -> str:
    """The same, in one line."""
    return _SPACES.sub(" ", clean(text, most=most)).strip()


def _keywords(words: Iterable[str]) -> tuple[str, ...]:
    cleaned = (line(word, most=MAX_KEYWORD_CHARACTERS) for word in words)
    return tuple(dict.fromkeys(filter(None, cleaned)))[:MAX_KEYWORDS]


def _upright(one: Region, orientation: int) -> RegionHint:
    turned = _TURNED.get(orientation)
    x1, y1, x2, y2 = one.box
    if turned is not None and orientation != UPRIGHT:
        (ax, ay), (bx, by) = turned(x1, y1), turned(x2, y2)
        x1, y1, x2, y2 = min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)
    kind = line(one.kind, most=40).lower()
    return RegionHint(line(one.name, most=MAX_KEYWORD_CHARACTERS), (x1, y1, x2, y2), kind)
