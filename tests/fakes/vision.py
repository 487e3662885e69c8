"""
A vision without networks, and the pictures that it reads.

A face is a square on a near-white ground. Its mean colour is a number in base 3, the identity; its
chequers give it the contrast that an enrolment asks for. The template of a face is the unit vector
of its identity, another one for each pack, with a little noise that depends on where the face is
and on nothing else, so that a photo and its preview give the same one. Two templates of one
identity are about 0.15 apart, and those of strangers more than 1.
"""

import threading
from collections.abc import Callable, Sequence

import cv2
import numpy as np
import simplejpeg  # type: ignore[import-untyped]
from numpy.typing import NDArray

from countenance.vision.embed import Near
from countenance.vision.pack import Pack, load_pack
from countenance.vision.types import Detections, Float32, Pixels
from countenance.vision.vision import Vision

IDENTITIES = 27

FACE_PIXELS = 128
"""High enough that a preview serves as well as the photo."""

LOW_FACE_PIXELS = 96
"""So low that the photo itself is decoded for a comparison."""

_LEVELS = (40, 100, 160)
_CONTRAST = 24
_CHEQUER_PIXELS = 8
_GROUND = 250
_DARKER_THAN_GROUND = 215
_MARGIN = 40
_LEAST_EASILY = 16
_FLAT = 4
_NOISE = 0.106
# Of the side of the square: eyes, nose, corners of the mouth.
_POINTS = np.array([[0.25, 0.25], [0.75, 0.25], [0.5, 0.5], [0.25, 0.75], [0.75, 0.75]], np.float32)


def picture(*identities: int, side: int = FACE_PIXELS, salt: int = 0) -> bytes:
    """
    A JPEG with a face of each of `identities`, `side` pixels high, side by side.

    Another `salt`, at most 200, gives other bytes for the same people.
    """
    width = _MARGIN + max(1, len(identities)) * (side + _MARGIN)
    pixels = np.full((side + 2 * _MARGIN, width, 3), _GROUND, np.uint8)
    pixels[:4, :4] = _GROUND - salt // 8  # lighter than any face
    pixels[:4, 4:8] = _GROUND - salt % 8
    for number, identity in enumerate(identities):
        left = _MARGIN + number * (side + _MARGIN)
        pixels[_MARGIN : _MARGIN + side, left : left + side] = _square(identity, side)
    data = simplejpeg.encode_jpeg(pixels, quality=95, colorspace="RGB", colorsubsampling="444")
    return bytes(data)


class FakeVision(Vision):
    """
    A `Vision` that reads `picture`s.

    `looked` are the identities of each picture it was asked about, and `made` every template that
    it ever gave, by identity. `after_templates` is called after each making of templates, in the
    thread of the stage: just before what it found is stored.
    """

    def __init__(self, pack: Pack | None = None) -> None:
        self._pack = pack or load_pack("starter")
        self.looked: list[tuple[int, ...]] = []
        self.made: list[tuple[int, Float32]] = []
        self.after_templates: Callable[[], object] = _nothing
        self._one_at_a_time = threading.RLock()

    def find(self, pixels: Pixels) -> Detections:
        found = _squares(pixels, least=_MARGIN)
        self.looked.append(tuple(_identity(pixels, five) for five in found.points))
        return found

    def find_easily(self, pixels: Pixels) -> Detections:
        return _squares(pixels, least=_LEAST_EASILY)

    def find_in_frame(self, pixels: Pixels) -> Detections:
        return self.find(pixels)

    def chips(self, pixels: Pixels, points: Float32) -> Pixels:
        """In place of each face what its template is made of: who it is, and where."""
        side = self.pack.embedder.size
        cut = np.zeros((len(points), side * side * 3), np.uint8)
        for row, five in zip(cut, points, strict=True):
            place = [round(float(value)) for value in five.ravel()]
            written = np.array([_identity(pixels, five), *place], "<i4").tobytes()
            row[: len(written)] = np.frombuffer(written, np.uint8)
        return cut.reshape(-1, side, side, 3)

    def embed(self, chips: Pixels) -> Float32:
        made = [self._template(*_written(chip)) for chip in chips]
        with self._one_at_a_time:
            self.after_templates()
        return np.array(made, np.float32).reshape(-1, self.pack.embedder.dimensions)

    def embed_those_near(self, chips: Pixels, near: Near) -> tuple[NDArray[np.intp], Float32]:
        templates = self.embed(chips)
        (rows,) = np.nonzero(near(templates))
        return rows, templates[rows]

    def _template(self, identity: int, *place: int) -> Float32:
        own = [] if self.pack.id == "starter" else [*self.pack.id.encode()]
        noise = _unit([identity, *own, *place], self.pack.embedder.dimensions)
        mixed = _unit([identity, *own], self.pack.embedder.dimensions) + _NOISE * noise
        template = np.asarray(mixed / np.linalg.norm(mixed), np.float32)
        self.made.append((identity, template))
        return template


# --------------------------------------------------------------------------------------------


def _nothing() -> None:
    return


def _squares(pixels: Pixels, *, least: int) -> Detections:
    """Dark squares of at least so many pixels that are not of one colour, as a cover is."""
    dark = (pixels.min(axis=2) < _DARKER_THAN_GROUND).astype(np.uint8)
    _, _, components, _ = cv2.connectedComponentsWithStats(dark)
    boxes = np.array(
        [
            [x, y, x + w, y + h]
            for x, y, w, h, _ in components[1:]
            if min(w, h) >= least and _middle(pixels, x, y, w, h).std((0, 1)).min() > _FLAT
        ],
        np.float32,
    ).reshape(-1, 4)
    sides = (boxes[:, 2:] - boxes[:, :2])[:, None, :]
    points = (boxes[:, None, :2] + sides * _POINTS).astype(np.float32)
    return Detections(boxes, points, np.full(len(boxes), 0.9, np.float32))


def _middle(pixels: Pixels, x: int, y: int, w: int, h: int) -> Pixels:
    return pixels[y + h // 4 : y + h - h // 4, x + w // 4 : x + w - w // 4]


def _square(identity: int, side: int) -> Pixels:
    colour = [_LEVELS[identity // 9 % 3], _LEVELS[identity // 3 % 3], _LEVELS[identity % 3]]
    rows, columns = np.indices((side, side)) // _CHEQUER_PIXELS
    signs = np.where((rows + columns) % 2, _CONTRAST, -_CONTRAST)
    return np.asarray(np.array(colour) + signs[:, :, None], np.uint8)


def _identity(pixels: Pixels, points: Float32) -> int:
    """Read from the part between the eyes and the mouth."""
    (x1, y1), (x2, y2) = points.min(axis=0).astype(int), points.max(axis=0).astype(int)
    means = pixels[y1:y2, x1:x2].reshape(-1, 3).mean(axis=0)
    digits = [int(np.argmin([abs(mean - level) for level in _LEVELS])) for mean in means]
    return digits[0] * 9 + digits[1] * 3 + digits[2]


def _written(chip: Pixels) -> list[int]:
    """Who stands on a chip of ours, and where they were."""
    return [int(one) for one in np.frombuffer(chip.tobytes()[: 4 * (1 + _POINTS.size)], "<i4")]


def _unit(seed: Sequence[int], dimensions: int) -> Float32:
    vector = np.random.default_rng(list(seed)).standard_normal(dimensions)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)
