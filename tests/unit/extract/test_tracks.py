"""Tracks: which faces of successive frames are one, by place, size, colour and movement."""

import numpy as np
import pytest

from countenance.extract.tracks import LONGEST_GAP, Tracker
from countenance.vision.types import Float32, Pixels

SIZE = (720, 1280)  # rows, columns
STEP = 0.5  # seconds


def _ground(seed: int = 1, *, wide: int = 4000) -> Pixels:
    """A wall that can be told where one is: patches, as large as furniture."""
    random = np.random.default_rng(seed)
    patches = random.integers(30, 220, (18, wide // 40, 3), dtype=np.uint8)
    return np.repeat(np.repeat(patches, 40, axis=0), 40, axis=1)


def _shown(ground: Pixels, left: int = 0) -> Pixels:
    return np.ascontiguousarray(ground[: SIZE[0], left : left + SIZE[1]])


def _box(x: float, y: float = 200, side: float = 100) -> list[float]:
    return [x, y, x + side, y + side]


def _boxes(*boxes: list[float]) -> Float32:
    return np.array(boxes, np.float32).reshape(-1, 4)


def _paint(pixels: Pixels, box: list[float], colour: tuple[int, int, int]) -> Pixels:
    x1, y1, x2, y2 = (round(one) for one in box)
    pixels[y1:y2, x1:x2] = colour
    return pixels


def test_a_face_that_stays_is_one_track() -> None:
    """Also where the box trembles."""
    tracker, pixels = Tracker(), _shown(_ground())
    seen = {
        tracker.follow(number * STEP, pixels, _boxes(_box(300 + number % 3 * 8))).tracks
        for number in range(10)
    }
    assert seen == {(1,)}
    assert tracker.end() == (1,)
    assert tracker.end() == ()


def test_faces_side_by_side_stay_apart_whatever_their_order() -> None:
    """A detector gives the best first, which may change from frame to frame."""
    tracker, pixels = Tracker(), _shown(_ground())
    assert tracker.follow(0, pixels, _boxes(_box(100), _box(230))).tracks == (1, 2)
    assert tracker.follow(STEP, pixels, _boxes(_box(232), _box(101))).tracks == (2, 1)


@pytest.mark.parametrize("step", [60, 110, 130, 150])
def test_a_pan_joins_nobody_to_their_neighbour(step: int) -> None:
    """As it goes along a row of people, each face comes to stand where another stood."""
    tracker, ground = Tracker(), _ground()
    places = [200 + 130 * number for number in range(12)]
    tracks: dict[int, set[int]] = {}
    for number in range(6):
        left = number * step
        here = [(who, x - left) for who, x in enumerate(places) if 0 <= x - left <= SIZE[1] - 100]
        boxes = _boxes(*(_box(x) for _, x in here))
        joined = tracker.follow(number * STEP, _shown(ground, left), boxes)
        for (who, _), track in zip(here, joined.tracks, strict=True):
            tracks.setdefault(track, set()).add(who)
    assert all(len(people) == 1 for people in tracks.values()), tracks


def test_a_cut_ends_every_track() -> None:
    """Somebody else at the same place of another picture is somebody else."""
    tracker = Tracker()
    assert tracker.follow(0, _shown(_ground(1)), _boxes(_box(300))).tracks == (1,)
    joined = tracker.follow(STEP, _shown(_ground(2)), _boxes(_box(300)))
    assert (joined.tracks, joined.over) == ((2,), (1,))


def test_another_at_the_same_place_is_another() -> None:
    """Two who speak in turn before one wall: the picture is the same but for the face."""
    tracker, ground, box = Tracker(), _shown(_ground()), _box(300)
    one = _paint(ground.copy(), box, (200, 150, 120))
    two = _paint(ground.copy(), box, (90, 60, 50))
    assert tracker.follow(0, one, _boxes(box)).tracks == (1,)
    assert tracker.follow(STEP, two, _boxes(box)).tracks == (2,)
    assert tracker.follow(2 * STEP, two, _boxes(box)).tracks == (2,)


def test_a_face_of_another_size_is_another() -> None:
    """Nobody doubles within half a second."""
    tracker, pixels = Tracker(), _shown(_ground())
    tracker.follow(0, pixels, _boxes(_box(300, side=60)))
    assert tracker.follow(STEP, pixels, _boxes(_box(260, 160, side=140))).tracks == (2,)


def test_a_short_gap_is_bridged_and_a_long_one_is_not() -> None:
    """A face that one frame missed goes on; after a while nobody knows who has come back."""
    tracker, pixels, box = Tracker(), _shown(_ground()), _boxes(_box(300))
    tracker.follow(0, pixels, box)
    assert tracker.follow(0.5, pixels, _boxes()).over == ()
    assert tracker.follow(1.0, pixels, box).tracks == (1,)
    assert tracker.follow(1.0 + LONGEST_GAP + 0.1, pixels, box).tracks == (2,)


def test_a_walker_is_followed() -> None:
    """By their own speed, though the picture stands and no box overlaps the one before."""
    tracker, ground = Tracker(), _shown(_ground())
    places = [100, 150, 230, 330, 430, 530, 630]
    seen = []
    for number, x in enumerate(places):
        pixels = _paint(ground.copy(), _box(x), (200, 150, 120))
        seen.append(tracker.follow(number * STEP, pixels, _boxes(_box(x))).tracks)
    assert set(seen) == {(1,)}


def test_a_plain_ground_and_no_face_are_no_trouble() -> None:
    """Black frames, of which nothing can be told."""
    tracker, black = Tracker(), np.zeros((*SIZE, 3), np.uint8)
    assert tracker.follow(0, black, _boxes()).tracks == ()
    assert tracker.follow(STEP, black, _boxes()).tracks == ()
    assert tracker.follow(2 * STEP, np.zeros((40, 30, 3), np.uint8), _boxes()).tracks == ()
