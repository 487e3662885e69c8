"""
Covers: an opaque shape over a whole head, with nothing of the face left in it.

A blur and a mosaic are made of the face, and faces have been recognised from both; so neither is
here. A cover has one colour, from a palette or from the picture outside every cover, and what it
replaces has no part in the result: two pictures that differ under their covers alone give the same
pixels, to the last bit.

A detector's box ends at the eyebrows and the chin. What people are known by reaches further: hair,
ears, the outline of the head. So the box grows before it is painted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.errors import UsageError

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

Box = tuple[float, float, float, float]
"""`(x1, y1, x2, y2)` in pixels of the upright picture."""

Points = Sequence[tuple[float, float]]
"""Five: left eye, right eye, nose tip, left and right corner of the mouth, the viewer's."""

SIDEWAYS = 0.3
"""Of a face's width, added on either side: ears, and hair beside them."""

BACK = 0.7
"""Of its width, added where the back of a head is that is turned to the other side, wholly; of one
that is turned less, a part of it."""

TURNED = 0.4
"""Of the way from eye to eye, how far the nose is beside their middle in a head turned wholly."""

BELOW = 0.25
"""Of its height, added below the chin, and above the brow before the hair."""

HAIR = 0.45
"""Of its height, added beyond that in the direction of the forehead."""

ANYWHERE = 0.6
"""Of its longer side, added on every side where nobody knows which way is up."""

CORNER = 0.3
"""The radius of a cover's corners, as a part of its shorter side."""

_UPRIGHT_COSINE = 0.1  # of the way from the mouth to the eyes: less far up than that is no way up


class Colour(StrEnum):
    """What a cover is painted with. `AROUND` is the middle colour of what no cover is over."""

    SLATE = "slate"
    SAND = "sand"
    BLACK = "black"
    WHITE = "white"
    AROUND = "around"


PALETTE = {
    Colour.SLATE: (84, 92, 104),
    Colour.SAND: (214, 200, 176),
    Colour.BLACK: (16, 16, 16),
    Colour.WHITE: (244, 244, 244),
}
"""RGB."""


@dataclass(frozen=True, slots=True)
class Size:
    """Of a picture, in pixels."""

    width: int
    height: int


def head_box(face: Box, points: Points | None, size: Size) -> Box:
    """
    The box of the whole head around a detector's box `face`, cut off at the picture's borders.

    `points` say which way is up; without any the box grows on every side as far as hair may reach.
    """
    x1, y1, x2, y2 = face
    width, height = x2 - x1, y2 - y1
    up = _up(points)
    if points is None or up is None:
        more = ANYWHERE * max(width, height)
        return _within((x1 - more, y1 - more, x2 + more, y2 + more), size)
    side, below, hair = SIDEWAYS * width, BELOW * height, HAIR * max(width, height)
    back = BACK * width * _turned(points, up, width)
    dx, dy = up[0] * hair, up[1] * hair
    # What is to the right of the face, seen along it, is at a right angle to what is up.
    bx, by = up[1] * back, -up[0] * back
    grown = (
        x1 - side + min(0.0, dx) + min(0.0, bx),
        y1 - below + min(0.0, dy) + min(0.0, by),
        x2 + side + max(0.0, dx) + max(0.0, bx),
        y2 + below + max(0.0, dy) + max(0.0, by),
    )
    return _within(grown, size)


def covered(pixels: Pixels, boxes: Sequence[Box], colour: Colour) -> Pixels:
    """
    A copy of `pixels` `(h, w, 3)` uint8 RGB with an opaque cover over each of `boxes`.

    No value under a cover has any part in the result. Raises `UsageError` if a box is not one, or
    lies outside the picture.
    """
    mask = cover_mask(pixels.shape[:2], boxes)
    painted = pixels.copy()
    painted[mask] = _colour(pixels, mask, colour)
    return painted


def cover_mask(shape: tuple[int, ...], boxes: Sequence[Box]) -> Mask:
    """
    Which pixels of a picture of `shape` (rows and columns) are covered, `(h, w)` bool.

    Raises `UsageError` as `covered` does.
    """
    mask = np.zeros(shape[:2], np.uint8)
    for box in boxes:
        _paint(mask, box)
    return mask.astype(np.bool_)


@dataclass(frozen=True, slots=True)
class Flatness:
    """
    What a cover decodes to in a format: in the blocks of the code that lie wholly in it, `block`
    pixels wide and high, and not nearer than `edge` pixels to its edge, no two values are further
    apart than `most`.
    """

    block: int
    edge: int
    most: int


OF_JPEG = Flatness(block=8, edge=0, most=6)
OF_WEBP = Flatness(block=1, edge=4, most=16)
"""Its blocks are smoothed over their edges: of 464 covers in photos none was off by more than 8."""


def is_flat(pixels: Pixels, mask: Mask, flatness: Flatness = OF_JPEG) -> bool:
    """Whether `pixels` has one colour where `mask` `(h, w)` is, as far as its format can."""
    block, side = flatness.block, 2 * flatness.edge + 1
    if flatness.edge:
        mask = cv2.erode(mask.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    rows, columns = (side // block * block for side in mask.shape)
    blocks = mask[:rows, :columns].reshape(rows // block, block, columns // block, block)
    whole = np.repeat(np.repeat(blocks.all((1, 3)), block, 0), block, 1)
    inside = pixels[:rows, :columns][whole]
    apart = int(np.ptp(inside.astype(np.int16), axis=0).max()) if len(inside) else 0
    return apart <= flatness.most


def part_under(mask: Mask, box: Box) -> float:
    """The part of a box that lies where `mask` `(h, w)` is, in [0, 1]; 1 of one outside of it."""
    height, width = mask.shape
    x1, y1 = max(0, int(box[0])), max(0, int(box[1]))
    inside = mask[y1 : min(height, int(np.ceil(box[3]))), x1 : min(width, int(np.ceil(box[2])))]
    return float(inside.mean()) if inside.size else 1.0


def contains(outer: Box, inner: Box, *, slack: float = 0.5) -> bool:
    """Whether `inner` lies within `outer`, but for `slack` pixels."""
    return (
        outer[0] <= inner[0] + slack
        and outer[1] <= inner[1] + slack
        and outer[2] >= inner[2] - slack
        and outer[3] >= inner[3] - slack
    )


def overlap(a: Box, b: Box) -> float:
    """The part of the smaller of two boxes that lies in the other, in [0, 1]."""
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or high <= 0:
        return 0.0
    return wide * high / max(1e-9, min(_area(a), _area(b)))


# --------------------------------------------------------------------------------------------------


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _up(points: Points | None) -> tuple[float, float] | None:
    """The direction of the forehead, of length one; nothing where the points do not say."""
    if not points:
        return None
    (lx, ly), (rx, ry), _, (mx, my), (nx, ny) = points
    dx, dy = (lx + rx - mx - nx) / 2, (ly + ry - my - ny) / 2
    length = float(np.hypot(dx, dy))
    # A detector that answers for a head upside down puts the points of an upright one there: which
    # of the two it is, only a picture that is turned back says. What points down is not believed.
    if length < 1 or -dy / length < _UPRIGHT_COSINE:
        return None
    return dx / length, dy / length


def _turned(points: Points, up: tuple[float, float], width: float) -> float:
    """How far a head is turned to the viewer's right, in [-1, 1]; negative to the left."""
    (lx, ly), (rx, ry), (x, y), _, _ = points
    across = (x - (lx + rx) / 2) * -up[1] + (y - (ly + ry) / 2) * up[0]
    apart = max(float(np.hypot(rx - lx, ry - ly)), 0.25 * width)
    return float(np.clip(across / apart / TURNED, -1, 1))


def _within(box: Box, size: Size) -> Box:
    x1, y1, x2, y2 = box
    return (
        round(max(0.0, x1), 1),
        round(max(0.0, y1), 1),
        round(min(float(size.width), x2), 1),
        round(min(float(size.height), y2), 1),
    )


def _paint(mask: NDArray[np.uint8], box: Box) -> None:
    """
    A rectangle with round corners: every pixel that the box touches, but for the corners. What
    is cut off by the picture's border is cut off there, and not rounded.
    """
    if not all(np.isfinite(box)):
        raise UsageError("a cover's box has four numbers")
    height, width = mask.shape
    x1, y1, x2, y2 = (*map(int, np.floor(box[:2])), *map(int, np.ceil(box[2:])))
    if x1 >= min(x2, width) or y1 >= min(y2, height) or min(x2, y2) <= 0:
        raise UsageError(
            f"no cover lies at {', '.join(f'{one:g}' for one in box)}: the picture is {width} by "
            f"{height} pixels"
        )
    x1, y1, x2, y2 = max(x1, -width), max(y1, -height), min(x2, 2 * width), min(y2, 2 * height)
    radius = int(CORNER * min(x2 - x1, y2 - y1))
    # Of what ends at the border the head may go on behind it.
    rounds = np.zeros((y2 - y1, x2 - x1), np.uint8)
    rounds[:, radius : x2 - x1 - radius] = 1
    rounds[radius : y2 - y1 - radius] = 1
    for left, x in ((x1 <= 0, radius), (x2 >= width, x2 - x1 - radius - 1)):
        for top, y in ((y1 <= 0, radius), (y2 >= height, y2 - y1 - radius - 1)):
            cv2.circle(rounds, (x, y), radius, 1, thickness=-1)
            if left or top:
                _square_off(rounds, x, y, radius)
    seen = (slice(max(0, y1), min(height, y2)), slice(max(0, x1), min(width, x2)))
    mask[seen] |= rounds[
        seen[0].start - y1 : seen[0].stop - y1, seen[1].start - x1 : seen[1].stop - x1
    ]


def _square_off(rounds: NDArray[np.uint8], x: int, y: int, radius: int) -> None:
    high, wide = rounds.shape
    rows = slice(0, radius) if y < high / 2 else slice(high - radius, high)
    columns = slice(0, radius) if x < wide / 2 else slice(wide - radius, wide)
    rounds[rows, columns] = 1


def _colour(pixels: Pixels, mask: Mask, colour: Colour) -> tuple[int, int, int]:
    if colour is not Colour.AROUND:
        return PALETTE[colour]
    outside = pixels[~mask]
    if not len(outside):
        return PALETTE[Colour.SLATE]
    red, green, blue = (int(one) for one in np.median(outside, axis=0))
    return red, green, blue
