import numpy as np
import pytest

from countenance.vision.detect import Detector
from countenance.vision.rough import CELL, WIDE, RoughThenExact
from countenance.vision.types import Detections, Pixels

FACE = (300, 200, 340, 250)


def scene(*faces: tuple[int, int, int, int], side: int = 640) -> Pixels:
    """A picture in which each face is a white box."""
    pixels = np.zeros((side, side, 3), np.uint8)
    for x1, y1, x2, y2 in faces:
        pixels[y1:y2, x1:x2] = 255
    return pixels


def detections(boxes: list[tuple[float, ...]], scores: list[float]) -> Detections:
    placed = np.array(boxes, np.float32).reshape(-1, 4)
    middles = ((placed[:, None, :2] + placed[:, None, 2:]) / 2).astype(np.float32)
    return Detections(placed, np.repeat(middles, 5, axis=1), np.array(scores, np.float32))


def exact(looked_at: list[Pixels]) -> Detector:
    """Finds the one white box of a picture, as it is; remembers what it was shown."""

    def found(pixels: Pixels) -> Detections:
        looked_at.append(pixels)
        y, x = np.nonzero(pixels[..., 0])
        if not len(x):
            return Detections.none()
        return detections([(x.min(), y.min(), x.max() + 1, y.max() + 1)], [0.9])

    return found


def rough(boxes: list[tuple[float, ...]], scores: list[float]) -> Detector:
    def found(pixels: Pixels) -> Detections:
        del pixels
        return detections(boxes, scores)

    return found


def test_the_exact_network_says_where_a_face_is() -> None:
    """It is shown a window around what the rough one saw, in step with the network's cells."""
    shown: list[Pixels] = []
    find = RoughThenExact(
        rough([(303, 198, 344, 252)], [0.4]), exact(shown), likely=0.2, believed=0.4
    )
    found = find(scene(FACE))
    assert found.boxes.tolist() == [list(FACE)]
    assert np.allclose(found.points, [[[320, 225]] * 5])
    assert np.allclose(found.scores, [0.8])  # twice what the rough one believes
    (window,) = shown
    assert window.shape[0] % CELL == window.shape[1] % CELL == 0
    assert 2 * 54 <= min(window.shape[:2]) < 200


def test_what_the_exact_network_does_not_see_is_no_face() -> None:
    """Nor is a face elsewhere in the window taken for it."""
    seen = rough([(100, 100, 140, 150), (360, 200, 400, 250)], [0.8, 0.7])
    assert len(RoughThenExact(seen, exact([]), likely=0.2, believed=0.4)(scene(FACE))) == 0


def test_what_is_unsure_in_its_window_is_shown_with_more_around_it() -> None:
    """There it scores as in the whole picture: what was believed in may be none."""
    sides: list[int] = []

    def unsure(pixels: Pixels) -> Detections:
        sides.append(min(pixels.shape[:2]))
        return exact([])(pixels).take(np.array([sides[-1] < WIDE]))

    def half_sure(pixels: Pixels) -> Detections:
        found = unsure(pixels)
        return Detections(found.boxes, found.points, found.scores / np.float32(2))

    seen = rough([FACE], [0.4])
    scenery = scene(FACE, side=1280)
    assert len(RoughThenExact(seen, half_sure, likely=0.2, believed=0.4)(scenery)) == 0
    assert len(sides) == 2
    assert sides[1] >= WIDE
    # What nobody believes in, or is sure of, is shown once.
    assert len(RoughThenExact(seen, half_sure, likely=0.2, believed=0.5)(scenery)) == 1
    assert len(RoughThenExact(seen, unsure, likely=0.2, believed=0.4)(scenery)) == 1
    assert len(sides) == 4


def test_what_is_large_and_unlikely_is_not_shown() -> None:
    """A hint is of small faces; the window of a large one is half of the picture."""
    boxes: list[tuple[float, ...]] = [(20, 20, 320, 420), (303, 198, 344, 252)]
    shown: list[Pixels] = []
    find = RoughThenExact(rough(boxes, [0.15, 0.1]), exact(shown), likely=0.2, believed=0.4)
    assert find(scene(FACE)).boxes.tolist() == [list(FACE)]
    assert len(shown) == 1


def test_where_nothing_is_seen_the_exact_network_is_not_asked() -> None:
    """Most of a collection's pictures may show nobody."""
    shown: list[Pixels] = []
    assert (
        len(RoughThenExact(rough([], []), exact(shown), likely=0.2, believed=0.4)(scene(FACE))) == 0
    )
    assert not shown


def test_a_face_in_two_windows_is_one() -> None:
    """Two rough boxes for one face become the one that is there."""
    boxes: list[tuple[float, ...]] = [(296, 196, 336, 246), (306, 206, 346, 256)]
    find = RoughThenExact(rough(boxes, [0.5, 0.4]), exact([]), likely=0.2, believed=0.4)
    assert find(scene(FACE)).boxes.tolist() == [list(FACE)]


@pytest.mark.parametrize(
    ("boxes", "side"),
    [([(10.0, 10.0, 50.0, 60.0)] * 40, 640), ([(20.0, 20.0, 160.0, 160.0)], 320)],
    ids=["a crowd", "a large face"],
)
def test_the_exact_network_looks_at_the_whole_where_that_is_less_work(
    boxes: list[tuple[float, ...]], side: int
) -> None:
    """Where the windows would be more than half of the picture."""
    shown: list[Pixels] = []
    find = RoughThenExact(rough(boxes, [0.5] * len(boxes)), exact(shown), likely=0.2, believed=0.4)
    assert find(scene((20, 20, 60, 60), side=side)).boxes.tolist() == [[20, 20, 60, 60]]
    assert [one.shape for one in shown] == [(side, side, 3)]


@pytest.mark.parametrize("box", [(-90.0, -90.0, -20.0, -20.0), (650.0, 650.0, 700.0, 700.0)])
def test_a_box_beyond_the_picture_is_no_face(box: tuple[float, ...]) -> None:
    """A detector's boxes may reach beyond the picture, and lie beyond it."""
    find = RoughThenExact(rough([box], [0.9]), exact([]), likely=0.2, believed=0.4)
    assert len(find(scene(FACE))) == 0
