"""
Boxes: arithmetic on rectangles in pixels, without saying what is inside them.

A box is `[x1, y1, x2, y2]`, x to the right, y down, the origin at the upper left corner of the
upright picture, with x1 < x2 and y1 < y2.
"""

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]


def areas(boxes: Float32) -> Float32:
    """The areas in square pixels, `(n,)`, of `boxes` `(n, 4)`."""
    sides: Float32 = boxes[:, 2:] - boxes[:, :2]
    return sides[:, 0] * sides[:, 1]


def overlaps(a: Float32, b: Float32) -> Float32:
    """Intersection over union of every pair, `(n, m)` in [0, 1], `a` `(n, 4)`, `b` `(m, 4)`."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = np.clip(high - low, 0, None)
    shared: Float32 = sides[..., 0] * sides[..., 1]
    union = areas(a)[:, None] + areas(b)[None, :] - shared
    shares: Float32 = shared / np.maximum(union, np.float32(1e-9))
    return shares


def suppress(boxes: Float32, scores: Float32, *, overlap: float) -> NDArray[np.intp]:
    """
    Non-maximum suppression: the rows to keep, best score first.

    A box is dropped if it overlaps a better one by at least `overlap`, in [0, 1].
    """
    order = np.argsort(-scores, kind="stable")
    keep: list[int] = []
    while order.size:
        best, rest = int(order[0]), order[1:]
        keep.append(best)
        shared = overlaps(boxes[best : best + 1], boxes[rest])[0]
        order = rest[shared < overlap]
    return np.asarray(keep, dtype=np.intp)
