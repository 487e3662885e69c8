"""
Tracks: the faces of successive frames joined, so that one face of a scene is one thing.

Faces are joined by where they are, by how large they are, by the colours there, and by how the
whole picture moves: never by whom they show. No template is compared, so that nobody is followed
but through the one scene that they are seen in. Two people in one track would be taken for one, and
one person in two tracks costs next to nothing: in doubt faces are not joined. A cut ends every
track.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.core.geometry import areas, overlaps
from countenance.media.film import Pixels

Float32 = NDArray[np.float32]

LONGEST_GAP = 1.6
"""Seconds for which a face may be out of sight, or undetected, and is the same one after."""


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """
    What became of the faces of one frame. `tracks` has the number of each face's track, in the
    order of the faces; `over` are the numbers of the tracks that have ended before it.
    """

    tracks: tuple[int, ...]
    over: tuple[int, ...]


@dataclass(slots=True)
class Tracker:
    """Follows faces from frame to frame of one film. What is over it forgets."""

    _live: list["_Live"] = field(default_factory=list, init=False)
    _before: "_Glance | None" = field(default=None, init=False)
    _made: int = field(default=0, init=False)

    def follow(self, at: float, pixels: Pixels, boxes: Float32) -> Joined:
        """
        Join the faces `boxes` `(n, 4)` of the frame `pixels`, at `at` seconds, to those before.

        Frames come in their order, all of one size but at a cut.
        """
        glance = _Glance.at(pixels)
        moved = None if self._before is None else self._before.moved_to(glance)
        self._before = glance
        over = self._end(lambda one: moved is None or at - one.at > LONGEST_GAP)
        for one in self._live:
            assert moved is not None  # noqa: S101  nothing is live before the first frame
            one.drift = one.drift + moved
        colours = [_colours(_inside(pixels, box)) for box in boxes]
        return Joined(self._assigned(at, boxes, colours), over)

    def end(self) -> tuple[int, ...]:
        """The tracks that are live yet: the film is over."""
        return self._end(lambda _: True)

    # ----------------------------------------------------------------------------------------

    def _end(self, is_over: "Callable[[_Live], bool]") -> tuple[int, ...]:
        over = tuple(one.number for one in self._live if is_over(one))
        self._live = [one for one in self._live if one.number not in over]
        return over

    def _assigned(self, at: float, boxes: Float32, colours: Sequence[Float32]) -> tuple[int, ...]:
        known = dict(_pairs(self._live, at, boxes, colours))
        numbers = []
        for row, box in enumerate(boxes):
            if row in known:
                one = self._live[known[row]]
                one.move_to(at, box, colours[row])
            else:
                self._made += 1
                one = _Live(self._made, at, box, colours[row])
                self._live.append(one)
            numbers.append(one.number)
        return tuple(numbers)


# --------------------------------------------------------------------------------------------


_GLANCE = (160, 90)  # pixels: enough to see how a picture moves, and what it shows
_CORRELATED = 0.35  # of two pictures of one scene, laid upon each other; after a cut they are not
_ALIKE = 0.55  # shared part of the histograms of two pictures of one scene
_LEVELS = 6  # of each colour, in a histogram
_ALIKE_FACES = 0.45  # shared part of the histograms of one face, half a second apart
_MOVING = 0.3  # overlap from which a face is where the picture's movement, or its own, took it
_STILL = 0.5  # overlap from which it is where it was
_SIZES = 0.6  # of the larger height, from which on two faces may be one
_SMALL_NUMBER = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class _Glance:
    """A frame, small. `grey` is `(h, w)` float32; `colours` a histogram that sums to one."""

    grey: Float32
    colours: Float32
    size: tuple[int, int]

    @classmethod
    def at(cls, pixels: Pixels) -> "_Glance":
        # Of a large frame every other pixel will do, and costs a quarter.
        step = max(1, min(pixels.shape[0] // _GLANCE[1], pixels.shape[1] // _GLANCE[0]) // 2)
        thinned = np.ascontiguousarray(pixels[::step, ::step])
        small = cv2.resize(thinned, _GLANCE, interpolation=cv2.INTER_AREA)
        grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float32)
        height, width = pixels.shape[:2]
        return cls(grey, _colours(np.asarray(small, np.uint8)), (width, height))

    def moved_to(self, other: "_Glance") -> Float32 | None:
        """By how many pixels of the frame its picture went, `[x, y]`; nothing at a cut."""
        if self.size != other.size:
            return None
        if _shared(self.colours, other.colours) < _ALIKE:
            return None
        x, y = _shift(self.grey, other.grey)
        # It may be that what moves is in the picture, and the picture stands.
        shifts = ((x, y), (0, 0))
        best = max(shifts, key=lambda one: _correlation(self.grey, other.grey, one))
        if _correlation(self.grey, other.grey, best) < _CORRELATED:
            return None
        scale = np.array(self.size, np.float32) / np.array(_GLANCE, np.float32)
        return np.asarray(np.array(best, np.float32) * scale, np.float32)


@dataclass(slots=True)
class _Live:
    """
    A track that goes on. `box` is its last one, seen at `at`, and `colours` what was in it. `drift`
    is how far the picture went since, and `velocity` how fast the face itself went, in pixels a
    second.
    """

    number: int
    at: float
    box: Float32
    colours: Float32
    drift: Float32 = field(default_factory=lambda: np.zeros(2, np.float32))
    velocity: Float32 | None = None

    def move_to(self, at: float, box: Float32, colours: Float32) -> None:
        passed = max(at - self.at, _SMALL_NUMBER)
        self.velocity = np.asarray((_middle(box) - _middle(self.box)) / passed, np.float32)
        self.at, self.box, self.colours = at, box, colours
        self.drift = np.zeros(2, np.float32)

    def expected(self, at: float) -> "list[tuple[Float32, float]]":
        """Where it may be by now, and the least overlap with that."""
        places = [
            (self.box + np.tile(self.drift, 2), _MOVING),
            (self.box, _STILL),
        ]
        if self.velocity is not None:
            places.append((self.box + np.tile(self.velocity * (at - self.at), 2), _MOVING))
        return places


def _pairs(
    live: Sequence[_Live], at: float, boxes: Float32, colours: Sequence[Float32]
) -> list[tuple[int, int]]:
    """Rows of `boxes` and places in `live` that are one face: the best first, each once."""
    rated = []
    for place, one in enumerate(live):
        if not len(boxes):
            break
        shared = np.array([_shared(one.colours, other) for other in colours])
        alike = _alike(one.box, boxes) & (shared >= _ALIKE_FACES)
        for where, least in one.expected(at):
            shares = overlaps(np.asarray(where, np.float32)[None], boxes)[0]
            rated += [
                (float(shares[row]), row, place)
                for row in np.flatnonzero((shares >= least) & alike).tolist()
            ]
    pairs: list[tuple[int, int]] = []
    rows, places = set(), set()
    for _, row, place in sorted(rated, reverse=True):
        if row not in rows and place not in places:
            rows.add(row)
            places.add(place)
            pairs.append((row, place))
    return pairs


def _colours(pixels: Pixels) -> Float32:
    """How often each colour is there: a histogram that sums to one."""
    counted = cv2.calcHist([pixels], [0, 1, 2], None, [_LEVELS] * 3, [0, 256] * 3)
    return np.asarray(counted / max(float(counted.sum()), 1.0), np.float32)


def _shared(one: Float32, other: Float32) -> float:
    """What two histograms have in common, in [0, 1]."""
    return float(np.minimum(one, other).sum())


def _inside(pixels: Pixels, box: Float32) -> Pixels:
    """What is in a box, in about 32 by 32 pixels, and at least one."""
    height, width = pixels.shape[:2]
    x1, y1 = np.clip(np.floor(box[:2]).astype(int), 0, (width - 1, height - 1))
    x2, y2 = np.clip(np.ceil(box[2:]).astype(int), (x1 + 1, y1 + 1), (width, height))
    step = max(1, int(min(x2 - x1, y2 - y1)) // 32)
    return np.ascontiguousarray(pixels[y1:y2:step, x1:x2:step])


def _alike(box: Float32, boxes: Float32) -> NDArray[np.bool_]:
    """Whether sizes may be those of one face."""
    one, others = areas(box[None])[0], areas(boxes)
    return np.asarray(np.minimum(one, others) >= _SIZES**2 * np.maximum(one, others), np.bool_)


def _middle(box: Float32) -> Float32:
    return np.asarray((box[:2] + box[2:]) / 2, np.float32)


def _shift(before: Float32, after: Float32) -> tuple[int, int]:
    """By how many pixels the picture went, by its phases."""
    window = cv2.createHanningWindow(_GLANCE, cv2.CV_32F)
    # It lays the window upon what it is given, and not upon a copy.
    (x, y), _ = cv2.phaseCorrelate(before.copy(), after.copy(), window)
    return round(x), round(y)


def _correlation(before: Float32, after: Float32, shift: tuple[int, int]) -> float:
    """How alike two pictures are where they overlap, the first one shifted, in [-1, 1]."""
    x, y = shift
    height, width = before.shape
    if abs(x) > width // 2 or abs(y) > height // 2:
        return -1.0
    one = before[max(0, -y) : height - max(0, y), max(0, -x) : width - max(0, x)]
    two = after[max(0, y) : height - max(0, -y), max(0, x) : width - max(0, -x)]
    one, two = one - one.mean(), two - two.mean()
    norm = float(np.sqrt((one**2).sum() * (two**2).sum()))
    if norm < _SMALL_NUMBER:
        return 1.0  # two plain grounds
    return float((one * two).sum()) / norm
