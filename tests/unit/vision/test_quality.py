import cv2
import numpy as np
import pytest

from countenance.vision.pack import FaceRules
from countenance.vision.quality import Assessment, Quality, assess
from countenance.vision.types import Detections, Float32, Pixels

RULES = FaceRules(enrol_px=80, match_px=40, small_penalty=2.0)
FRONTAL = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.77], [0.65, 0.77]], np.float32)


def scene(*, spread: float = 40, mean: float = 130, grain: float = 2.5) -> Pixels:
    """400 by 400 pixels of structure of `grain` pixels: what a face's skin is to the measures."""
    noise = np.random.default_rng(1).normal(0, 1, (400, 400)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), grain)
    grey = np.clip(mean + spread * soft / soft.std(), 0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def faces(*heights: float, nose: float = 0.5) -> Detections:
    """Faces of these heights, side by side, with the tip of the nose at `nose` of the width."""
    boxes = np.array(
        [[20 + 190 * i, 50, 20 + 190 * i + 0.8 * h, 50 + h] for i, h in enumerate(heights)]
    )
    shape = FRONTAL.copy()
    shape[2, 0] = nose
    boxes = boxes.astype(np.float32)
    points: Float32 = boxes[:, None, :2] + shape * (boxes[:, None, 2:] - boxes[:, None, :2])
    return Detections(boxes, points, np.full(len(boxes), 0.9, np.float32))


def covered(*which: int) -> Pixels:
    """A scene with something plain before these points of a face 150 pixels high."""
    pixels = scene()
    for x, y in faces(150).points[0, list(which)].astype(int):
        pixels[y - 18 : y + 18, x - 18 : x + 18] = 90
    return pixels


def qualities(answer: Assessment, *, refusing: bool) -> list[Quality]:
    return [each.quality for each in answer.answers if each.refusing is refusing]


def test_a_good_picture_has_nothing_said_of_it() -> None:
    """One large, sharp, well lit face that looks at the camera."""
    answer = assess(scene(), faces(150), RULES)
    assert (answer.ok, answer.weak, answer.face, answer.answers) == (True, False, 0, ())


def test_no_face() -> None:
    """Nobody in the picture is refused, and no row is named."""
    answer = assess(scene(), Detections.none(), RULES)
    assert (answer.ok, answer.face) == (False, None)
    assert qualities(answer, refusing=True) == [Quality.NO_FACE]


def test_two_faces_of_like_size() -> None:
    """A second face half as high could be the one meant."""
    answer = assess(scene(), faces(150, 80), RULES)
    assert (answer.ok, answer.face) == (False, None)
    assert answer.answers[0].sentence == ("the picture shows 2 faces of like size; one is wanted")


def test_somebody_in_the_background() -> None:
    """A face less than half as high is not meant, wherever it stands in the list."""
    answer = assess(scene(), faces(60, 150), RULES)
    assert (answer.ok, answer.face) == (True, 1)


@pytest.mark.parametrize(
    ("quality", "pixels", "found", "refusing"),
    [
        (Quality.TOO_SMALL, scene(grain=0.8), faces(34), False),
        (Quality.TOO_SMALL, scene(grain=0.6), faces(24), True),
        (Quality.TOO_DARK, scene(mean=20, spread=3), faces(150), False),
        (Quality.TOO_DARK, scene(mean=6, spread=2), faces(150), True),
        (Quality.TOO_BRIGHT, scene(mean=230, spread=10), faces(150), False),
        (Quality.TOO_BRIGHT, scene(mean=252, spread=3), faces(150), True),
        (Quality.TURNED_AWAY, scene(), faces(150, nose=0.7), False),
        (Quality.TURNED_AWAY, scene(), faces(150, nose=0.98), True),
        (Quality.TURNED_AWAY, scene(), faces(150, nose=0.02), True),
        (Quality.BLURRED, scene(grain=8), faces(150), False),
        (Quality.BLURRED, scene(grain=12), faces(150), True),
        (Quality.COVERED, covered(0), faces(150), False),
        (Quality.COVERED, covered(1), faces(150), False),
        (Quality.COVERED, covered(3, 4), faces(150), False),
    ],
)
def test_each_fault_has_its_answer(
    quality: Quality, pixels: Pixels, found: Detections, *, refusing: bool
) -> None:
    """A fault is a warning up to its limit, and refused beyond; nothing else is said."""
    answer = assess(pixels, found, RULES)
    assert qualities(answer, refusing=refusing) == [quality]
    assert len(answer.answers) == 1
    assert (answer.ok, answer.weak) == (not refusing, not refusing)


def test_a_sentence_says_what_is_and_what_is_wanted() -> None:
    """The number measured and the number wanted stand in the sentence."""
    (answer,) = assess(scene(grain=0.8), faces(34), RULES).answers
    assert answer.sentence == ("the face is 34 pixels high; 80 are wanted: small faces look alike")


def test_dark_skin_in_good_light_is_not_too_dark() -> None:
    """A low mean with lights in it is not darkness."""
    assert assess(scene(mean=38, spread=16), faces(150), RULES).ok
    assert not assess(scene(mean=38, spread=16), faces(150), RULES).weak


def test_a_face_cut_off_by_the_edge_is_judged() -> None:
    """A box at the corner of the picture is measured where there are pixels."""
    found = Detections(
        np.array([[398.5, 398.5, 400, 400]], np.float32),
        np.array([398.5 + FRONTAL], np.float32),
        np.array([0.9], np.float32),
    )
    assert not assess(scene(), found, RULES).ok
