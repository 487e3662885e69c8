"""
Which address to ask an image service for: IIIF Image API 1.1 to 3.0, from what its `info.json` says
(https://iiif.io/api/image/2.1/, https://iiif.io/api/image/3.0/).

A picture is wanted with a long side of 1600 pixels, which is enough to find and to compare faces,
and never larger than it is. A service of level 2 fits it into a square, one of level 1 is told the
width, and one of level 0 has a few sizes ready and gives no other.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from countenance.sources.iiif.presentation import Malformed, Service

LONG_SIDE = 1600
"""Pixels."""

_LEVEL = re.compile(r"level([012])")
_WHOLE = {1: "full", 2: "full", 3: "max"}
_NAME = {1: "native", 2: "default", 3: "default"}
_FITS = "sizeByConfinedWh"
_BY_WIDTH = "sizeByW"


@dataclass(frozen=True, slots=True)
class Info:
    """
    What a service says of a picture. All in pixels.

    `sizes` are those that it has ready. `long_side` is the longest that it gives, or 0 for no
    limit. `fits` says that it fits a picture into a square, `scales` that it takes any width.
    """

    version: int
    width: int
    height: int
    sizes: tuple[tuple[int, int], ...] = ()
    long_side: int = 0
    fits: bool = False
    scales: bool = False


def parse_info(data: bytes, service: Service) -> Info:
    """Raises `Malformed` if it is no `info.json` with a size."""
    try:
        read = json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise Malformed("its info.json is no JSON") from exc
    if not isinstance(read, Mapping):
        raise Malformed("its info.json says nothing of an image")
    width, height = _number(read.get("width")), _number(read.get("height"))
    if not width or not height:
        raise Malformed("its info.json has no size")
    said = json.dumps([read.get("profile"), read.get("@context"), read.get("type")])
    level = _LEVEL.search(said)
    able = json.dumps([read.get("extraFeatures"), read.get("profile")])
    number = int(level[1]) if level else service.level or 0
    most = [_number(read.get(name)) for name in ("maxWidth", "maxHeight")]
    return Info(
        version=_version(said, service),
        width=width,
        height=height,
        sizes=_sizes(read.get("sizes")),
        # A limit of one side alone is one of both.
        long_side=min((one for one in most if one), default=0),
        fits=number == 2 or _FITS in able,  # noqa: PLR2004  the level
        scales=number >= 1 or _BY_WIDTH in able,
    )


def request(service: Service, info: Info) -> str:
    """The address of the picture, in the size wanted or the next best."""
    return f"{service.address}/full/{_size(info)}/0/{_NAME[info.version]}.jpg"


# --------------------------------------------------------------------------------------------------


def _size(info: Info) -> str:
    whole = _WHOLE[info.version]
    longest = max(info.width, info.height)
    wanted = min(LONG_SIDE, info.long_side or LONG_SIDE)
    if longest <= wanted:
        return whole
    if info.fits:
        return f"!{wanted},{wanted}"
    if info.scales:
        return f"{max(1, info.width * wanted // longest)},"
    if info.sizes:
        large = [one for one in info.sizes if max(one) >= wanted]
        width, height = min(large, key=max) if large else max(info.sizes, key=max)
        return f"{width},{height}" if info.version > 2 else f"{width},"  # noqa: PLR2004  the version
    return whole


def _version(said: str, service: Service) -> int:
    if "image/3" in said or "ImageService3" in said:
        return 3
    if "image/2" in said or "ImageService2" in said:
        return 2
    if "image-api/1" in said:
        return 1
    return service.version


def _sizes(said: object) -> tuple[tuple[int, int], ...]:
    found = []
    for one in said if isinstance(said, list) else []:
        if isinstance(one, Mapping):
            width, height = _number(one.get("width")), _number(one.get("height"))
            if width and height:
                found.append((width, height))
    return tuple(found)


def _number(said: object) -> int:
    return said if isinstance(said, int) and not isinstance(said, bool) and said > 0 else 0
