"""
Two networks for one: a rough one looks at the whole picture, the exact one at what it saw.

In whole numbers CenterFace takes half the time and sees the same faces, but puts their points off
by 1.3 % of the face's height. So a face is looked at again by the network in float32, in a window
around it, and that one decides: whether it is a face, where, and where its points are. The window
begins at a multiple of 32 pixels, so that the network's cells lie as they do in the whole picture.
"""

import numpy as np

from countenance.core.geometry import overlaps, suppress
from countenance.vision.detect import SMALL_FACE, Detector
from countenance.vision.types import Detections, Float32, Pixels

ROOM = 2.0
"""
The window's side, in sides of the face, at the least.

Points are then off by 0.2 % of the face's height (`tools/rough.py`). A look at 1216 pixels instead
of 1280 moves them by 0.8 %.
"""

LEAST = 96
"""The least side of a window, in pixels. A face of ten is known by what is around it."""

SURE = 0.6
"""The score in a window from which on it is believed. What scores less has its window widened."""

WIDE = 448
"""
The side of a window, in pixels, in which a score is what it is in the whole picture.

The back of a hood scores 0.32 to 0.49 in a window of 96 pixels, and 0.24 to 0.33 in this one as in
the whole picture (`tests/e2e/test_robust.py`).
"""

CELL = 32
"""Pixels of the picture that the coarsest layer of the network has a cell for."""

SMALL = 2 * SMALL_FACE
"""In pixels of the picture. What is lower may ask for a closer look, by the exact score."""

ROUGHLY = 0.5
"""
Of a score of the exact network, what is enough of the rough one for the same face.

On the 43 faces of shared/data/photos the rough one's scores are lower by 0.1 at most, of 0.35.
"""

MOST = 0.5
"""Of the picture, in windows: from there on the exact network looks at all of it."""

SAME = 0.1
"""What the two networks' boxes for a face share at least, as intersection over union."""

ECHO = 0.3
"""Of two boxes that share this much, one is the other's echo."""

_Window = tuple[slice, slice]


class RoughThenExact:
    """
    A detector of two: what `rough` sees is shown to `exact`, which gives the answer.

    From the score `believed` on somebody takes it for a face.
    What scores less than `likely` is shown only if it is small: there a hint is worth something
    (`detect.HINT`), and a window costs little. Safe to call from several threads.
    """

    def __init__(self, rough: Detector, exact: Detector, *, likely: float, believed: float) -> None:
        self._rough = rough
        self._exact = exact
        self._likely = likely
        self._believed = believed

    def __call__(self, pixels: Pixels) -> Detections:
        """The faces of `pixels`, looked for at the size given."""
        if max(pixels.shape[:2]) <= WIDE:
            return self._exact(pixels)
        seen = self._rough(pixels)
        seen = seen.take((seen.scores >= self._likely) | (seen.heights < SMALL))
        found = self._shown(pixels, seen, least=LEAST)
        unsure = [row for row, one in enumerate(found or ()) if self._is_unsure(one)]
        again = self._shown(pixels, seen.take(np.array(unsure, np.intp)), least=WIDE)
        if found is None or again is None:
            return self._exact(pixels)
        for row, one in zip(unsure, again, strict=True):
            found[row] = one
        return _joined(found)

    def _is_unsure(self, found: Detections) -> bool:
        return any(self._believed <= score < SURE for score in found.scores)

    def _shown(self, pixels: Pixels, seen: Detections, *, least: float) -> list[Detections] | None:
        """What `exact` says of each that is `seen`; nothing where it had better see it all."""
        windows = [_window(box, pixels, least=least) for box in seen.boxes]
        if sum(pixels[window].size for window in windows) > MOST * pixels.size:
            return None
        return [
            self._confirmed(pixels, window, seen.take(np.array([row])))
            for row, window in enumerate(windows)
        ]

    def _confirmed(self, pixels: Pixels, window: _Window, seen: Detections) -> Detections:
        """
        The face in the window that is the one `seen`, or none.

        Of the window alone the exact network believes in some that are none, where it sees less
        around them than in the whole picture. So its score counts up to twice the rough one's.
        """
        found = self._exact(np.ascontiguousarray(pixels[window]))
        corner = np.array([window[1].start, window[0].start], np.float32)
        scores = np.minimum(found.scores, seen.scores / np.float32(ROUGHLY))
        moved = Detections(found.boxes + np.tile(corner, 2), found.points + corner, scores)
        shared = overlaps(moved.boxes, seen.boxes)[:, 0]
        return moved.take(np.flatnonzero((shared >= SAME) & (shared == shared.max(initial=0)))[:1])


# ------------------------------------------------------------------------------------------------


def _window(box: Float32, pixels: Pixels, *, least: float) -> _Window:
    """The part of the picture around `box`."""
    middle = (box[:2] + box[2:]) / 2
    half = max(ROOM * float(np.max(box[2:] - box[:2])), least) / 2
    height, width = pixels.shape[:2]
    (left, top), (right, bottom) = middle - half, middle + half
    return _cells(top, bottom, height), _cells(left, right, width)


def _cells(begin: float, end: float, most: int) -> slice:
    first = min(max(0, int(begin // CELL) * CELL), most - 1)
    return slice(first, max(first + 1, min(most, int(-(-end // CELL)) * CELL)))


def _joined(parts: list[Detections]) -> Detections:
    """All of them, best first, each face once: two windows may show the same one."""
    if not parts:
        return Detections.none()
    whole = Detections(
        np.concatenate([one.boxes for one in parts]),
        np.concatenate([one.points for one in parts]),
        np.concatenate([one.scores for one in parts]),
    )
    return whole.take(suppress(whole.boxes, whole.scores, overlap=ECHO))
