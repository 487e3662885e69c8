"""
Whether a picture is good enough to enrol from, in words that its owner can act on.

Two severities. What is *refused* would make a reference that finds nobody, or the wrong ones. What
is *weak* is taken with a warning, and its matches count for less.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from countenance.core.geometry import areas
from countenance.vision.pack import FaceRules
from countenance.vision.types import Detections, Float32, Pixels


class Quality(StrEnum):
    """What can be wrong with a picture to enrol from."""

    NO_FACE = "no-face"
    TWO_FACES = "two-faces"
    TOO_SMALL = "too-small"
    TOO_DARK = "too-dark"
    TOO_BRIGHT = "too-bright"
    TURNED_AWAY = "turned-away"
    BLURRED = "blurred"
    COVERED = "covered"


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing that is wrong: `sentence` is for a person, with what was measured and wanted."""

    quality: Quality
    refusing: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """
    What is to be said of one picture; nothing, if it is good.

    `face` is the row of the face to enrol, or `None` if no single face can be meant.
    """

    face: int | None
    answers: tuple[Answer, ...]

    @property
    def ok(self) -> bool:
        return not any(answer.refusing for answer in self.answers)

    @property
    def weak(self) -> bool:
        """Whether a reference from this picture is taken, but counts for less."""
        return self.ok and bool(self.answers)


def assess(pixels: Pixels, found: Detections, rules: FaceRules) -> Assessment:
    """
    Whether the faces `found` in `pixels` are one face to enrol, and how good it is.

    People in the background do not matter: only a second face at least half as high as the first.
    """
    if not len(found):
        return _refused(Quality.NO_FACE, "no face was found in the picture")
    face = int(np.argmax(areas(found.boxes)))
    rivals = int((found.heights >= _RIVAL * found.heights[face]).sum())
    if rivals > 1:
        return _refused(
            Quality.TWO_FACES, f"the picture shows {rivals} faces of like size; one is wanted"
        )
    return Assessment(face, tuple(_judged(_Face.cut(pixels, found, face), rules)))


def merits(pixels: Pixels, found: Detections) -> Float32:
    """
    How much each face is worth a template, `(n,)` in [0, 1]: high, sharp, and turned to the camera.

    It chooses among pictures of one face, and refuses none.
    """
    worth = [_merit(_Face.cut(pixels, found, row)) for row in range(len(found))]
    return np.array(worth, np.float32)


# ------------------------------------------------------------------------------------------------

_RIVAL = 0.5
"""Of the largest face's height, from which on another face may be meant as well."""

_SHARPNESS_HEIGHT = 48
"""Pixels of face height at which sharpness is measured: what a template is made from."""


@dataclass(frozen=True, slots=True, eq=False)
class _Face:
    """
    `grey` is `(h, w)` uint8, the face's box, whose left upper pixel is `corner`; `points` `(5, 2)`,
    of the whole picture.
    """

    height: float
    grey: Pixels
    points: Float32
    corner: tuple[int, int]

    @classmethod
    def cut(cls, pixels: Pixels, found: Detections, face: int) -> "_Face":
        """The face of that row, at least a pixel of it, cut out of the picture."""
        height, width = pixels.shape[:2]
        low = np.floor(found.boxes[face, :2]).astype(int)
        x1, y1 = np.clip(low, 0, (width - 1, height - 1))
        x2, y2 = np.ceil(found.boxes[face, 2:]).astype(int)
        box = np.ascontiguousarray(pixels[y1:y2, x1:x2])
        grey = np.asarray(cv2.cvtColor(box, cv2.COLOR_RGB2GRAY), np.uint8)
        return cls(float(found.heights[face]), grey, found.points[face], (int(x1), int(y1)))


@dataclass(frozen=True, slots=True)
class _Limit:
    """
    A measure of a face, and from where on it is weak or refused.

    The measure is better the higher it is if `weak` is above `refused`, and else the lower.
    """

    quality: Quality
    measure: Callable[[_Face], float]
    weak: float
    refused: float
    sentence: str

    def answer(self, face: _Face) -> Answer | None:
        """What is to be said of the face, or nothing if it is on the good side."""
        value = self.measure(face)
        sign = 1 if self.weak > self.refused else -1
        if sign * value >= sign * self.weak:
            return None
        return Answer(
            self.quality,
            refusing=sign * value < sign * self.refused,
            sentence=self.sentence.format(value=value, wanted=self.weak),
        )


def _limits(rules: FaceRules) -> tuple[_Limit, ...]:
    """
    The limits, with the unit and the source of each.

    Source: the 23 portraits and 19 faces of shared/data/photos, each also darkened, brightened and
    blurred by us. A template's distance to that of the untouched picture says what a change costs;
    0.3 is where strangers begin (a false-match rate of 1e-5).
    """
    return (
        # Pixels. Below 80 fewer are found again, and at 32 strangers match twice as often
        # (shared/notes/vision.md, section 6). The smallest useful portrait had 34.
        _Limit(
            Quality.TOO_SMALL,
            _height,
            weak=rules.enrol_px,
            refused=30,
            sentence="the face is {value:.0f} pixels high; {wanted:.0f} are wanted:"
            " small faces look alike",
        ),
        # Of 255. Untouched: 155 or more. At 50 a template moved by .14, at 20 by .26, at 10 by .4.
        _Limit(
            Quality.TOO_DARK,
            _highlight,
            weak=30,
            refused=12,
            sentence="the brightest part of the face reaches {value:.0f} of 255;"
            " {wanted:.0f} is wanted: take the picture in more light",
        ),
        # Of 255. Untouched: 164 or less. At 192 a template moved by .13, at 220 by .2 to .28, at
        # 245 by .4.
        _Limit(
            Quality.TOO_BRIGHT,
            _brightness,
            weak=215,
            refused=245,
            sentence="the face is at {value:.0f} of 255, nearly white; {wanted:.0f} or less is"
            " wanted: take the picture in less light",
        ),
        # Degrees, roughly. Untouched portraits: 20 or less, but one that is plainly half turned, of
        # 27 by one detector's landmarks and 55 by the other's, and is still useful.
        # Both eyes cannot be seen beyond 60.
        _Limit(
            Quality.TURNED_AWAY,
            _turn,
            weak=20,
            refused=65,
            sentence="the head is turned by about {value:.0f} degrees; {wanted:.0f} or less is"
            " wanted: look at the camera",
        ),
        # Contrast of neighbours over contrast of the face. Untouched: .59 or more. Blurred by 2 %
        # of the face's height .43, a template moved by .26; by 4.5 % .22, and it moved by .44.
        _Limit(
            Quality.BLURRED,
            _sharpness,
            weak=0.5,
            refused=0.2,
            sentence="the face's sharpness is {value:.2f}; {wanted:.2f} is wanted:"
            " hold the camera still, or take a larger original",
        ),
        # Contrast at the eyes and at the mouth, whichever has the least, over that of the face.
        # Untouched: .38 or more, but one portrait, of .05 and .26. Drawn over with dark
        # glasses, a mask or a plain hand: told of 84 in 90 by one detector's points, and of 64 in
        # 94 by the other's, which move off it. A pattern is not seen, so nobody is refused by it.
        _Limit(
            Quality.COVERED,
            _least_detail,
            weak=0.22,
            refused=-1,
            sentence="an eye or the mouth shows next to nothing ({value:.2f}; {wanted:.2f} is"
            " wanted): take off what covers it",
        ),
    )


def _refused(quality: Quality, sentence: str) -> Assessment:
    return Assessment(None, (Answer(quality, refusing=True, sentence=sentence),))


def _judged(face: _Face, rules: FaceRules) -> Iterator[Answer]:
    said: set[Quality] = set()
    for limit in _limits(rules):
        answer = limit.answer(face)
        # What is blurred or turned away shows too little of its eyes as well: that is said by then.
        if answer and not (answer.quality is Quality.COVERED and said & _HIDING):
            said.add(answer.quality)
            yield answer


_HIDING = {Quality.BLURRED, Quality.TURNED_AWAY}


_HIGH_ENOUGH = 150.0  # pixels: the embedder's own picture of a face
_SHARP_ENOUGH = 0.5  # see the limits above


def _merit(face: _Face) -> float:
    high, sharp = min(1.0, face.height / _HIGH_ENOUGH), min(1.0, _sharpness(face) / _SHARP_ENOUGH)
    return high * sharp * float(np.cos(np.radians(_turn(face))))


def _height(face: _Face) -> float:
    return face.height


def _brightness(face: _Face) -> float:
    return float(face.grey.mean())


def _highlight(face: _Face) -> float:
    """
    The brightness that one pixel in twenty reaches.

    Not the mean, which is low for dark skin in good light.
    """
    return float(np.quantile(face.grey, 0.95))


def _turn(face: _Face) -> float:
    """
    The angle between the line of sight and the camera, sideways, in degrees from 0 to 90.

    From how far the nose's tip has left the middle of the face: it stands out of the plane of eyes
    and mouth by about half the distance of the eyes.
    """
    points = face.points.astype(np.float64)
    eyes, mouth = points[:2].mean(0), points[3:].mean(0)
    down = (mouth - eyes) / max(float(np.linalg.norm(mouth - eyes)), 1e-6)
    sideways = np.array([down[1], -down[0]])
    offset = abs((points[2] - (eyes + mouth) / 2) @ sideways)
    between_eyes = max(float((points[1] - points[0]) @ sideways), 1e-6)
    return float(np.degrees(np.arctan2(offset, between_eyes / 2)))


_PLACES = ((slice(0, 1), 0.085, 0.05), (slice(1, 2), 0.085, 0.05), (slice(3, 5), 0.125, 0.065))
"""The eyes and the mouth: which points, and how far around them, of the face's height."""


def _least_detail(face: _Face) -> float:
    """The least spread of the greys at an eye or at the mouth, over that of the whole face."""
    spread = max(float(face.grey.std()), 1.0)
    return min(float(_place(face, *place).std()) for place in _PLACES) / spread


def _place(face: _Face, which: slice, across: float, up: float) -> Pixels:
    """What is around some of the points, at least a pixel."""
    height, width = face.grey.shape
    x, y = face.points[which].mean(0) - face.corner
    x, y = float(np.clip(x, 0, width - 1)), float(np.clip(y, 0, height - 1))
    dx, dy = across * face.height, up * face.height
    rows = slice(max(0, int(y - dy)), int(y + dy) + 1)
    return face.grey[rows, max(0, int(x - dx)) : int(x + dx) + 1]


def _sharpness(face: _Face) -> float:
    """The spread of the Laplacian over the spread of the greys, at most 48 pixels high."""
    height, width = face.grey.shape
    grey = face.grey.astype(np.float32)
    if height > _SHARPNESS_HEIGHT:
        size = (max(1, round(width * _SHARPNESS_HEIGHT / height)), _SHARPNESS_HEIGHT)
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.float32)
    edges = cv2.Laplacian(grey, cv2.CV_32F)
    return float(edges.std() / max(float(grey.std()), 1.0))
