"""
Two networks for one: a rough one looks at the whole picture, the exact one at what it saw.

In whole numbers CenterFace takes half the time and sees the same faces, but puts their points off
by 1.4 % of the face's height. So a face is looked at again by the network in float32, in a window
around it, and that one decides: whether it is a face, where, and where its points are. The window
begins at a multiple of 32 pixels, so that the network's cells lie as they do in the whole picture.
"""

import numpy as np

from countenance.core.geometry import overlaps, suppress
from countenance.vision.detect import Detector
from countenance.vision.types import Detections, Float32, Pixels

ROOM = 2.0
"""
The window's side, in sides of the face, at the least.

Points are then off by 0.3 % of the face's height; by 0.4 % with 1.5, and by 0.2 % with 3, which
costs twice as much. A look at 1216 pixels instead of 1280 moves them by 1 %.
"""

LEAST = 64
"""The least side of a window, in pixels."""

CELL = 32
"""Pixels of the picture that the coarsest layer of the network has a cell for."""

MOST = 0.5
"""Of the picture, in windows: from there on the exact network looks at all of it."""

SAME = 0.3
"""Of two boxes that share this much, as intersection over union, one is the other's echo."""

_Window = tuple[slice, slice]


class RoughThenExact:
    """
    A detector of two. `believed` is the score from which on the exact one is asked of a face.

    What scores less is given as the rough one saw it. Safe to call from several threads.
    """

    def __init__(self, rough: Detector, exact: Detector, *, believed: float) -> None:
        self._rough = rough
        self._exact = exact
        self._believed = believed

    def __call__(self, pixels: Pixels) -> Detections:
        """The faces of `pixels`, looked for at the size given."""
        seen = self._rough(pixels)
        likely = seen.scores >= self._believed
        windows = [_window(box, pixels) for box in seen.boxes[likely]]
        area = sum(pixels[window].size for window in windows)
        if area > MOST * pixels.size:
            return self._exact(pixels)
        exact = [
            self._confirmed(pixels, window, box)
            for window, box in zip(windows, seen.boxes[likely][:, None], strict=True)
        ]
        return _joined([*exact, seen.take(~likely)])

    def _confirmed(self, pixels: Pixels, window: _Window, box: Float32) -> Detections:
        """The face in the window that is the one in `box` `(1, 4)`, or none."""
        found = self._exact(np.ascontiguousarray(pixels[window]))
        corner = np.array([window[1].start, window[0].start], np.float32)
        moved = Detections(found.boxes + np.tile(corner, 2), found.points + corner, found.scores)
        shared = overlaps(moved.boxes, box)[:, 0]
        return moved.take(np.flatnonzero((shared >= SAME) & (shared == shared.max(initial=0)))[:1])


# ------------------------------------------------------------------------------------------------


def _window(box: Float32, pixels: Pixels) -> _Window:
    """The part of the picture around `box`."""
    middle = (box[:2] + box[2:]) / 2
    half = max(ROOM * float(np.max(box[2:] - box[:2])), LEAST) / 2
    height, width = pixels.shape[:2]
    (left, top), (right, bottom) = middle - half, middle + half
    return _cells(top, bottom, height), _cells(left, right, width)


def _cells(begin: float, end: float, most: int) -> slice:
    first = min(max(0, int(begin // CELL) * CELL), most - 1)
    return slice(first, max(first + 1, min(most, int(-(-end // CELL)) * CELL)))


def _joined(parts: list[Detections]) -> Detections:
    """All of them, best first, each face once: two windows may show the same one."""
    whole = Detections(
        np.concatenate([one.boxes for one in parts]),
        np.concatenate([one.points for one in parts]),
        np.concatenate([one.scores for one in parts]),
    )
    return whole.take(suppress(whole.boxes, whole.scores, overlap=SAME))
