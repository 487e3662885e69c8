import numpy as np
import pytest

from countenance.vision.detect import FaceFinder, plausible
from countenance.vision.types import Detections, Float32, Pixels

FRONTAL = [[0.3, 0.4], [0.7, 0.4], [0.5, 0.58], [0.35, 0.77], [0.65, 0.77]]
FACES = {
    "frontal": (FRONTAL, True),
    "a profile": ([[0.2, 0.4], [0.3, 0.4], [0.0, 0.57], [0.25, 0.76], [0.3, 0.77]], True),
    "a profile whose eyes change places": (
        [[0.31, 0.4], [0.3, 0.4], [-0.1, 0.57], [0.3, 0.76], [0.3, 0.77]],
        True,
    ),
    "looking up": ([[0.3, 0.35], [0.7, 0.35], [0.5, 0.38], [0.35, 0.6], [0.65, 0.6]], True),
    "leaning by 45 degrees": (
        [[0.3, 0.6], [0.6, 0.3], [0.6, 0.6], [0.6, 0.86], [0.82, 0.62]],
        True,
    ),
    "eyes under the mouth": (
        [[0.7, 0.7], [0.3, 0.7], [0.5, 0.5], [0.65, 0.3], [0.35, 0.3]],
        False,
    ),
    "lying on its side": ([[0.3, 0.7], [0.3, 0.3], [0.5, 0.5], [0.7, 0.7], [0.7, 0.3]], False),
    "mirrored": ([[0.7, 0.4], [0.3, 0.4], [0.5, 0.6], [0.65, 0.8], [0.35, 0.8]], False),
    "an eye far outside": ([[-0.6, 0.4], *FRONTAL[1:]], False),
    "a nose on the forehead": ([*FRONTAL[:2], [0.5, 0.1], *FRONTAL[3:]], False),
    "eyes on the mouth": ([[0.3, 0.75], [0.7, 0.75], [0.5, 0.76], [0.35, 0.8], [0.6, 0.8]], False),
    "all in one place": ([[0.5, 0.5]] * 5, False),
}


class Drawn:
    """
    A detector that finds what was drawn: `faces` are `[x1, y1, x2, y2]` as parts of the picture.

    It remembers the shapes of the pictures it was shown.
    """

    def __init__(self, *faces: tuple[float, float, float, float]) -> None:
        self._faces = np.array(faces, np.float32).reshape(-1, 4)
        self.shown: list[tuple[int, ...]] = []

    def __call__(self, pixels: Pixels) -> Detections:
        self.shown.append(pixels.shape)
        sides = np.array([pixels.shape[1], pixels.shape[0]], np.float32)
        boxes = self._faces * np.tile(sides, 2)
        scores = np.linspace(0.9, 0.6, len(boxes), dtype=np.float32)
        return Detections(boxes, landmarks(boxes), scores)


def landmarks(boxes: Float32) -> Float32:
    sides = boxes[:, None, 2:] - boxes[:, None, :2]
    return np.asarray(boxes[:, None, :2] + sides * np.array(FRONTAL, np.float32), np.float32)


class Faint(Drawn):
    """A detector that is sure of what is 30 pixels high in the picture shown, and not of less."""

    def __call__(self, pixels: Pixels) -> Detections:
        found = super().__call__(pixels)
        scores = np.where(found.heights >= 30, 0.9, 0.3).astype(np.float32)
        return Detections(found.boxes, found.points, scores)


def test_a_hint_of_a_small_face_is_looked_at_closer() -> None:
    """At most 1.6 times as large, and no larger than the picture is; the face is believed then."""
    detector = Faint((0.5, 0.5, 0.515, 0.5266))
    found = FaceFinder(detector, threshold=0.6)(np.zeros((1512, 2016, 3), np.uint8))
    assert [shape[:2] for shape in detector.shown] == [(960, 1280), (1512, 2016), (240, 320)]
    assert found.boxes == pytest.approx(np.array([[1008, 756, 1038.2, 796.2]]), abs=0.5)


@pytest.mark.parametrize("face", [(0.5, 0.5, 0.515, 0.532), (0.2, 0.2, 0.4, 0.5)])
def test_without_a_hint_nothing_is_looked_at_closer(
    face: tuple[float, float, float, float],
) -> None:
    """A face that is believed hints at nothing, however small; neither does a high one."""
    detector = Faint(face)
    assert len(FaceFinder(detector, threshold=0.6)(np.zeros((1512, 2016, 3), np.uint8))) == 1
    assert len(detector.shown) == 2


def test_a_hint_that_cannot_be_seen_better_is_no_face() -> None:
    """A picture that is shown as large as it is, or a size that was asked for: no closer look."""
    detector = Faint((0.5, 0.5, 0.515, 0.52))
    finder = FaceFinder(detector, threshold=0.6)
    assert len(finder(np.zeros((960, 1280, 3), np.uint8))) == 0
    assert len(finder(np.zeros((1512, 2016, 3), np.uint8), long_side=1280)) == 0
    assert max(max(shape) for shape in detector.shown) == 1280


@pytest.mark.parametrize(("points", "expected"), FACES.values(), ids=FACES)
def test_plausible_knows_a_face(points: list[list[float]], *, expected: bool) -> None:
    """Landmarks that a face can have pass, profiles too; others do not."""
    box = np.array([[100, 100, 200, 220]], np.float32)
    placed = np.array([points], np.float32) * np.array([100, 120], np.float32) + 100
    assert plausible(placed.astype(np.float32), box).tolist() == [expected]


def test_plausible_of_nothing() -> None:
    """No rows give no rows."""
    assert plausible(np.zeros((0, 5, 2), np.float32), np.zeros((0, 4), np.float32)).shape == (0,)


@pytest.mark.parametrize("shape", [(1512, 2016), (2016, 1512), (200, 190), (60, 3000)])
def test_faces_are_reported_in_pixels_of_the_picture_given(shape: tuple[int, int]) -> None:
    """Whatever size the detector sees, boxes and landmarks are those of the picture given."""
    finder = FaceFinder(Drawn((0.2, 0.3, 0.4, 0.7)))
    found = finder(np.zeros((*shape, 3), np.uint8))
    expected = np.array([[0.2, 0.3, 0.4, 0.7]]) * np.array([shape[1], shape[0]] * 2)
    assert np.allclose(found.boxes, expected, atol=0.01)
    assert np.allclose(found.points, landmarks(found.boxes), atol=0.01)


def test_the_sizes_looked_at() -> None:
    """A large picture is seen at 1280 and at 320 pixels, a small one at twice its size."""
    large, small, tiny = Drawn(), Drawn(), Drawn()
    FaceFinder(large)(np.zeros((1512, 2016, 3), np.uint8))
    FaceFinder(small)(np.zeros((230, 190, 3), np.uint8))
    FaceFinder(tiny)(np.zeros((1, 1, 3), np.uint8))
    assert large.shown == [(960, 1280, 3), (240, 320, 3)]
    assert small.shown == [(460, 380, 3), (320, 264, 3)]
    assert tiny.shown == [(2, 2, 3)]


def test_a_face_seen_in_both_looks_is_one_face() -> None:
    """The second look adds no second box for a large face, and no small face at all."""
    finder = FaceFinder(Drawn((0.1, 0.1, 0.6, 0.9), (0.7, 0.1, 0.74, 0.17)))
    assert len(finder(np.zeros((1512, 2016, 3), np.uint8))) == 2


def test_a_part_of_a_large_face_is_no_face() -> None:
    """A box that lies within a better one is dropped."""
    finder = FaceFinder(Drawn((0.1, 0.1, 0.8, 0.9), (0.3, 0.3, 0.5, 0.6)))
    found = finder(np.zeros((1512, 2016, 3), np.uint8))
    assert np.allclose(found.scores, [0.9])


def test_boxes_end_at_the_edge() -> None:
    """A box that reaches beyond the picture is cut off; one that lies beyond it is dropped."""
    finder = FaceFinder(Drawn((-0.1, 0.2, 0.2, 0.6), (1.01, 0.1, 1.2, 0.4)))
    found = finder(np.zeros((1000, 1000, 3), np.uint8))
    assert np.allclose(found.boxes, [[0, 200, 200, 600]], atol=0.1)


def test_faces_below_the_least_size_are_dropped() -> None:
    """The least size is in pixels of the picture given, not of the one looked at."""
    finder = FaceFinder(Drawn((0.1, 0.1, 0.2, 0.2), (0.5, 0.5, 0.505, 0.505)), min_face=10)
    assert len(finder(np.zeros((1000, 1000, 3), np.uint8))) == 1
