"""
Every face: what may be one, for whom a picture is given out.

A search would rather miss a face than take a shadow for one. Who publishes has it the other way
round: a face that is missed is shown, and a shadow that is covered is a cover too many. So a
picture is looked at in several sizes and turned, at a lower threshold, and whatever answers counts.
"""

from collections.abc import Iterator

import cv2
import numpy as np

from countenance.core.geometry import suppress
from countenance.media.orientation import turn, unturn
from countenance.vision.detect import MAX_ENLARGEMENT
from countenance.vision.types import Detections, Float32, Pixels
from countenance.vision.vision import Vision

LONG_SIDES = (2560, 1280, 640, 320)
"""Sizes of the looks, in pixels: small faces are found in the first, those that fill the picture
in the last."""

FRAME_SIDES = (1280, 512)
"""Sizes of the looks at a frame of a film, in pixels."""

TURNED_SIDE = 1280
"""The size at which it is looked at turned as well: heads that lie, or hang."""

LEAST = 5
"""Pixels of the picture. Nobody is known by less."""

ONE_FACE = 0.4
"""Boxes of two looks that share so much, as intersection over union, are of one face."""


def every_face(vision: Vision, pixels: Pixels) -> Detections:
    """
    Whatever in `pixels` `(h, w, 3)` may be a face, best first, in its coordinates, upright or not.

    Boxes lie within the picture. The points of a head that was found turned are where its eyes,
    nose and mouth are.
    """
    return _joined([*_looks(vision, pixels)], pixels)


def every_face_in_frame(vision: Vision, pixels: Pixels) -> Detections:
    """
    Whatever may be a face in a frame of a film, upright: in the frames around it there is another
    chance to see it, and now and then one is looked at wholly, as a photo is.
    """
    longest = max(pixels.shape[:2])
    scales = {min(side / longest, MAX_ENLARGEMENT) for side in FRAME_SIDES}
    looks = [_seen(vision, _resized(pixels, scale), 0, pixels) for scale in sorted(scales)]
    return _joined(looks, pixels)


# --------------------------------------------------------------------------------------------------


def _joined(looks: list[Detections], pixels: Pixels) -> Detections:
    boxes = np.concatenate([one.boxes for one in looks])
    points = np.concatenate([one.points for one in looks])
    scores = np.concatenate([one.scores for one in looks])
    height, width = pixels.shape[:2]
    boxes = np.clip(boxes, 0, np.array([width, height, width, height], np.float32))
    large = np.all(boxes[:, 2:] - boxes[:, :2] >= LEAST, axis=1)
    found = Detections(boxes[large].astype(np.float32), points[large], scores[large])
    return found.take(suppress(found.boxes, found.scores, overlap=ONE_FACE))


def _looks(vision: Vision, pixels: Pixels) -> Iterator[Detections]:
    longest = max(pixels.shape[:2])
    for side in LONG_SIDES:
        # A picture is enlarged once, and not looked at again where that gave the same size.
        if side > longest * MAX_ENLARGEMENT and side != LONG_SIDES[-1]:
            continue
        looked_at = _resized(pixels, side / longest)
        for quarters in range(4) if side == TURNED_SIDE else (0,):
            yield _seen(vision, looked_at, quarters, pixels)
    if longest * MAX_ENLARGEMENT < TURNED_SIDE:
        looked_at = _resized(pixels, MAX_ENLARGEMENT)
        for quarters in range(4):
            yield _seen(vision, looked_at, quarters, pixels)


def _seen(vision: Vision, looked_at: Pixels, quarters: int, pixels: Pixels) -> Detections:
    found = vision.find_easily(turn(looked_at, quarters))
    height, width = looked_at.shape[:2]
    boxes: Float32 = found.boxes
    points: Float32 = found.points
    if quarters:
        boxes, points = unturn(boxes, points, quarters=quarters, size=(width, height))
    upright = Detections(boxes, points, found.scores)
    return upright.scaled(pixels.shape[1] / width, pixels.shape[0] / height)


def _resized(pixels: Pixels, scale: float) -> Pixels:
    height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=method), np.uint8)
