"""
Finding faces: from a picture of any size to boxes and landmarks that can be believed.

A detector knows faces of the sizes it was trained on, up to about 300 pixels. So a picture is
looked at twice: at a size at which small faces are found, and again, small, for faces that fill it.
Where the first look hints at something small there is a third one, closer.
"""

from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.core.geometry import areas, suppress
from countenance.vision.types import Detections, Float32, Pixels

SMALL_SIDE = 320
"""The long side of the second look, in pixels."""

LARGE_FACE = 80
"""The least face, in pixels of the second look, that is taken from it: 320 at 1280 pixels."""

LARGEST_FACE = 300
"""The largest face that the first look is sure to find, in its pixels."""

SMALL_FACE = 32
"""What may be a face lower than this, in pixels of the first look, asks for a closer one."""

HINT = 0.3
"""
Of a detector's threshold, from which on something small may be a face, though it is not believed.

Of 27 photographs with faces of 40 pixels in 4032, 5 are looked at closer, of 25 with faces of 120
pixels 2. Half of it finds two faces more of 43 and looks closer three times as often.
"""

CLOSER = 1.6
"""How many times the size of the first look that is: 2048 for 1280 pixels. Nothing is enlarged."""

WORTH = 1.25
"""A closer look at less than so many times the size of the first shows nothing new."""

MAX_ENLARGEMENT = 2.0
"""A small picture is enlarged by no more than this. Faces of 34 pixels are found then."""

OVERLAP = 0.4
"""Of a face seen in both looks the boxes differ more than echoes within one look do."""


class Detector(Protocol):
    """What finds faces in a picture as it is, without resizing it. Safe to call from threads."""

    def __call__(self, pixels: Pixels) -> Detections:
        """The faces of `pixels`, in its coordinates, best first. Boxes may reach beyond it."""


class FaceFinder:
    """
    Finds the faces of a picture, whatever its size.

    `long_side` is the size of the first look, in pixels.
    `min_face` is the least height of a box, in pixels of the picture given.
    `threshold` is the score from which on a face is believed; what `detector` gives below it is a
    hint to look closer.
    """

    def __init__(
        self,
        detector: Detector,
        *,
        long_side: int = 1280,
        min_face: float = 0,
        threshold: float = 0,
    ) -> None:
        self._detector = detector
        self._threshold = threshold
        self._long_side = long_side
        self._min_face = min_face

    @property
    def long_side(self) -> int:
        return self._long_side

    def __call__(self, pixels: Pixels, *, long_side: int | None = None) -> Detections:
        """
        The faces of `pixels`, best first: boxes within it, landmarks that can be a face's.

        With `long_side` that is the size of this picture's first look.
        """
        scale = min((long_side or self._long_side) / max(pixels.shape[:2]), MAX_ENLARGEMENT)
        looked_at = _resized(pixels, scale)
        seen = self._look(looked_at)
        found = self._believed(seen)
        if long_side is None and np.any(seen.heights[seen.scores < self._threshold] < SMALL_FACE):
            found = self._closer(found, looked_at, pixels)
        if _FILLED * min(looked_at.shape[:2]) > LARGEST_FACE:
            small = _averaged(looked_at, SMALL_SIDE / max(looked_at.shape[:2]))
            found = _merged(found, self._large_faces(small, looked_at))
        found = _within(_rescaled(found, looked_at, pixels), pixels)
        return found.take(found.heights >= self._min_face)

    def _look(self, pixels: Pixels) -> Detections:
        found = self._detector(pixels)
        return found.take(plausible(found.points, found.boxes))

    def _believed(self, seen: Detections) -> Detections:
        return seen.take(seen.scores >= self._threshold)

    def _closer(self, found: Detections, looked_at: Pixels, pixels: Pixels) -> Detections:
        """`found`, and the small faces of a closer look, if `pixels` has more to show."""
        longest = max(pixels.shape[:2])
        scale = min(1.0, CLOSER * self._long_side / longest)
        closer = _resized(pixels, scale)
        if max(closer.shape[:2]) < WORTH * max(looked_at.shape[:2]):
            return found
        seen = self._believed(self._look(closer))
        small = seen.take(seen.heights < CLOSER * SMALL_FACE)
        return _merged(found, _rescaled(small, closer, looked_at))

    def _large_faces(self, small: Pixels, looked_at: Pixels) -> Detections:
        found = self._believed(self._look(small))
        return _rescaled(found.take(found.heights >= LARGE_FACE), small, looked_at)


def plausible(points: Float32, boxes: Float32) -> NDArray[np.bool_]:
    """
    Which rows of landmarks `(n, 5, 2)` can be those of the face in the box `(n, 4)`: `(n,)` bool.

    On a face that lies on its side CenterFace still answers, with landmarks that are not there. A
    template made from them would be of nobody. Profiles pass: there the eyes come together and the
    nose leaves the face. What cannot be told is YuNet's answer to a face upside down: it puts the
    landmarks of an upright face there.
    """
    sides = boxes[:, 2:] - boxes[:, :2]
    eyes, nose, mouth = points[:, :2].mean(1), points[:, 2], points[:, 3:].mean(1)
    down = mouth - eyes
    length = np.maximum(np.linalg.norm(down, axis=1), np.float32(1e-6))
    along = ((nose - eyes) * down).sum(1) / length**2
    across = points[:, 1] - points[:, 0]
    crossed = (across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0]) / length**2
    margin = (sides * _OUTSIDE)[:, None]
    inside = (points >= boxes[:, None, :2] - margin) & (points <= boxes[:, None, 2:] + margin)
    checks = (
        down[:, 1] >= _UPRIGHT * length,
        inside.all((1, 2)),
        (along >= -_NOSE_BEYOND) & (along <= 1 + _NOSE_BEYOND),
        crossed >= -_EYES_CROSSED,
        (length >= _EYES_TO_MOUTH[0] * sides[:, 1]) & (length <= _EYES_TO_MOUTH[1] * sides[:, 1]),
    )
    return np.asarray(np.logical_and.reduce(checks), np.bool_)


# ------------------------------------------------------------------------------------------------

_FILLED = 0.9  # of a picture's height, by the largest face in it that is whole

# Limits of the landmarks of a face. In brackets what was seen on the 43 faces of
# shared/data/photos, upright and leaning by 30 degrees, with both detectors. In the same pictures
# turned by 90, 180 and 270 degrees CenterFace "finds" 90 faces, of which these limits leave 3.
_UPRIGHT = 0.35  # cosine of the angle between "eyes to mouth" and down (.73 to 1): 70 degrees
_OUTSIDE = 0.25  # of the box, how far a point may lie outside it (0)
_NOSE_BEYOND = 0.2  # of the way from eyes to mouth, how far beyond its ends (at .44 to .71 of it)
_EYES_CROSSED = 0.1  # of that way, how far the eyes may have changed places (apart by .52 to 1.4)
_WITHIN = 0.9  # of a box's area
_EYES_TO_MOUTH = (0.15, 0.6)  # of the box's height (.29 to .45)


def _resized(pixels: Pixels, scale: float) -> Pixels:
    if scale == 1:
        return pixels
    """
    Halves while it can, which is the mean of four pixels each, and then interpolates.

    By area in one step a 12-megapixel photo at half size took 18 ms, so it takes 3; of the 43 faces
    of shared/data/photos none is lost by it, at 1280, 640 and 512 pixels, by either detector.
    """
    height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
    while scale < 1 / 2:
        half = tuple(max(1, round(side / 2)) for side in pixels.shape[1::-1])
        pixels = np.asarray(cv2.resize(pixels, half, interpolation=cv2.INTER_LINEAR), np.uint8)
        scale *= 2
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _averaged(pixels: Pixels, scale: float) -> Pixels:
    """`pixels` shrunk by area: from 1280 to 320 pixels that is the mean of 16, and quick."""
    height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
    shrunk = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, np.uint8)


def _rescaled(found: Detections, seen: Pixels, given: Pixels) -> Detections:
    return found.scaled(given.shape[1] / seen.shape[1], given.shape[0] / seen.shape[0])


def _merged(first: Detections, second: Detections) -> Detections:
    both = Detections(
        np.concatenate([first.boxes, second.boxes]),
        np.concatenate([first.points, second.points]),
        np.concatenate([first.scores, second.scores]),
    )
    kept = both.take(suppress(both.boxes, both.scores, overlap=OVERLAP))
    return kept.take(~_inside_a_better(kept.boxes))


def _inside_a_better(boxes: Float32) -> NDArray[np.bool_]:
    """
    Which boxes, best first, lie within a better one: parts of a very large face, taken for faces.

    A true face in front of another would hide it.
    """
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    within = shared >= _WITHIN * areas(boxes)[:, None]
    return np.asarray(np.tril(within, k=-1).any(axis=1), np.bool_)


def _within(found: Detections, pixels: Pixels) -> Detections:
    """The faces with their boxes cut off at the edges; those of which nothing is left dropped."""
    height, width = pixels.shape[:2]
    limits = np.array([width, height, width, height], np.float32)
    boxes = np.clip(found.boxes, np.float32(0), limits)
    left = np.all(boxes[:, 2:] - boxes[:, :2] >= 1, axis=1)
    return Detections(boxes[left], found.points[left], found.scores[left])
