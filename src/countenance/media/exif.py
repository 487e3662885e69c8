"""
EXIF and IPTC-IIM: what a camera, and a picture desk of old, wrote beside a picture.

EXIF is read after CIPA DC-008 (a TIFF 6.0 directory and its two sub-directories), IPTC after IIM
4.2. Like `blocks`, it only slices: malformed bytes raise, and never do more.
"""

import math
import re
import struct
from collections.abc import Mapping

Tags = Mapping[int, "bytes | tuple[float, ...]"]
"""By number: text and undefined bytes as bytes, numbers as numbers. Rationals are divided."""

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_FORMS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I"}
_PLAIN, _RATIONAL, _SIGNED_RATIONAL = (2, 7), 5, 10
_EXIF_DIRECTORY, _GPS_DIRECTORY = 0x8769, 0x8825
_MAX_ENTRIES = 512
_MAX_VALUE_BYTES = 1024 * 1024
_MAX_NUMBERS = 64

_TIME = re.compile(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d)(?::(\d\d))?")
_OFFSET = re.compile(r"(Z|[+-](?:0\d|1[0-4]):?[0-5]\d)")
_HOURS = (24, 60, 60)


def read_exif(block: bytes) -> tuple[Tags, Tags, Tags]:
    """
    The tags of a picture, of its EXIF and of its GPS directory, from a TIFF header on.

    Raises `ValueError`, `IndexError` or `struct.error` if the bytes are malformed.
    """
    order = {b"II": "<", b"MM": ">"}[block[:2]]
    (first,) = struct.unpack_from(f"{order}I", block, 4)
    main = _directory(block, first, order)
    return (
        main,
        _below(block, main, _EXIF_DIRECTORY, order),
        _below(block, main, _GPS_DIRECTORY, order),
    )


def text_of(tags: Tags, which: int) -> str:
    """A text up to its first zero, empty if there is none. UTF-8 where it is that, else Latin 1."""
    value = tags.get(which, b"")
    return decoded(value.split(b"\0", 1)[0]) if isinstance(value, bytes) else ""


def wide_text_of(tags: Tags, which: int) -> str:
    """One of the texts that Windows writes, in UTF-16."""
    value = tags.get(which, b"")
    if not isinstance(value, bytes):
        value = bytes(int(one) & 0xFF for one in value)
    return value.decode("utf-16-le", errors="replace").split("\0", 1)[0]


def decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def number_of(tags: Tags, which: int) -> int:
    """The first number of a tag, or 0."""
    value = tags.get(which, ())
    return int(value[0]) if isinstance(value, tuple) and value and math.isfinite(value[0]) else 0


def instant(time: str, offset: str = "") -> str:
    """
    A time as EXIF, XMP or IPTC give it, in the form of ISO 8601, to the second.

    It ends with its offset from UTC where that is known, and without one else: then it is the time
    of some clock somewhere. Empty if it is no time.
    """
    found = _TIME.match(time.strip())
    if found is None:
        return ""
    year, month, day, *clock = (int(part or 0) for part in found.groups())
    sound = year >= 1800 and 1 <= month <= 12 and 1 <= day <= 31  # noqa: PLR2004
    if not sound or any(part >= most for part, most in zip(clock, _HOURS, strict=True)):
        return ""
    hour, minute, second = clock
    text = f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
    behind = _OFFSET.search(offset.strip() or time[found.end() :])
    if behind is None:
        return text
    zone = "+00:00" if behind[1] == "Z" else behind[1]
    return text + (zone if ":" in zone else f"{zone[:3]}:{zone[3:]}")


def place(gps: Tags) -> tuple[float, float] | None:
    """
    Latitude and longitude in degrees, north and east positive, to a millionth.

    Nothing if one of the two is missing or out of range, or if both are 0: a receiver without a
    signal writes that.
    """
    latitude = _degrees(gps.get(2), text_of(gps, 1), "NS")
    longitude = _degrees(gps.get(4), text_of(gps, 3), "EW")
    return sound_place(latitude, longitude)


def sound_place(latitude: float, longitude: float) -> tuple[float, float] | None:
    """The two, if they are a place on earth."""
    if not (abs(latitude) <= 90 and abs(longitude) <= 180) or latitude == longitude == 0:  # noqa: PLR2004
        return None
    return round(latitude, 6), round(longitude, 6)


IPTC_TITLE, IPTC_KEYWORD, IPTC_DATE, IPTC_TIME = 5, 25, 55, 60
IPTC_CREATOR, IPTC_HEADLINE, IPTC_CREDIT, IPTC_RIGHTS, IPTC_CAPTION = 80, 105, 110, 116, 120


def read_iptc(block: bytes) -> Mapping[int, list[str]]:
    """
    The texts of the second record of IIM, by the number of the data set, in their order.

    Raises `ValueError` if a data set says that it is longer than the block.
    """
    found: dict[int, list[str]] = {}
    at = 0
    while block[at : at + 1] == b"\x1c" and len(block) >= at + 5:
        record, number, size = struct.unpack_from(">BBH", block, at + 1)
        if size & 0x8000 or at + 5 + size > len(block):
            raise ValueError("a data set that is longer than its block")
        if record == 2:  # noqa: PLR2004  the application record
            found.setdefault(number, []).append(decoded(block[at + 5 : at + 5 + size]))
        at += 5 + size
    return found


# --------------------------------------------------------------------------------------------


def _below(block: bytes, main: Tags, which: int, order: str) -> Tags:
    return _directory(block, number_of(main, which), order) if which in main else {}


def _directory(block: bytes, start: int, order: str) -> Tags:
    (count,) = struct.unpack_from(f"{order}H", block, start)
    found: dict[int, bytes | tuple[float, ...]] = {}
    for number in range(min(count, _MAX_ENTRIES)):
        at = start + 2 + 12 * number
        if len(block) < at + 12:
            break
        tag, form, values = struct.unpack_from(f"{order}HHI", block, at)
        size = _SIZES.get(form, 0) * values
        if not size or size > _MAX_VALUE_BYTES:
            continue
        begin = at + 8 if size <= 4 else struct.unpack_from(f"{order}I", block, at + 8)[0]  # noqa: PLR2004
        raw = block[begin : begin + size]
        if len(raw) == size:
            found.setdefault(tag, _value(raw, form, order))
    return found


def _value(raw: bytes, form: int, order: str) -> "bytes | tuple[float, ...]":
    if form in _PLAIN or (form == 1 and len(raw) > _MAX_NUMBERS):
        return raw
    if form in (_RATIONAL, _SIGNED_RATIONAL):
        kind = "I" if form == _RATIONAL else "i"
        count = min(len(raw) // 8, _MAX_NUMBERS)
        parts = struct.unpack_from(f"{order}{2 * count}{kind}", raw)
        return tuple(
            over / under if under else math.nan
            for over, under in zip(parts[::2], parts[1::2], strict=True)
        )
    count = min(len(raw) // _SIZES[form], _MAX_NUMBERS)
    return struct.unpack_from(f"{order}{count}{_FORMS[form]}", raw)


def _degrees(value: object, side: str, sides: str) -> float:
    """Signed degrees, or not a number."""
    parts = value[:3] if isinstance(value, tuple) else ()
    if not parts or side[:1].upper() not in tuple(sides):
        return math.nan
    degrees: float = sum(float(part) / 60**power for power, part in enumerate(parts))
    return -degrees if side[:1].upper() == sides[1] else degrees
