import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.errors import UsageError
from countenance.vision.align import chips, similarity
from countenance.vision.types import Float32, Pixels

TEMPLATE = np.array([[30, 30], [70, 30], [50, 50], [35, 70], [65, 70]], np.float32)
SIZE = 100


def picture(height: int = 300, width: int = 400) -> Pixels:
    """A soft pattern in which every place looks different."""
    y, x = np.mgrid[:height, :width]
    planes = [np.sin(x / 23) + np.cos(y / 31), np.sin((x + y) / 37), np.cos((x - 2 * y) / 53)]
    return np.stack([np.uint8(127 + 60 * plane) for plane in planes], axis=2)


def moved(points: Float32, *, degrees: float, scale: float, shift: tuple[float, float]) -> Float32:
    turn = scale * np.array(
        [
            [np.cos(np.radians(degrees)), -np.sin(np.radians(degrees))],
            [np.sin(np.radians(degrees)), np.cos(np.radians(degrees))],
        ]
    )
    return np.asarray(points @ turn.T + np.array(shift), np.float32)


@given(
    degrees=st.floats(-180, 180),
    scale=st.floats(0.1, 20),
    shift=st.tuples(st.floats(-500, 5000), st.floats(-500, 5000)),
)
def test_similarity_undoes_any_turn_scale_and_shift(
    degrees: float, scale: float, shift: tuple[float, float]
) -> None:
    """Landmarks that are a moved template are brought back onto the template."""
    points = moved(TEMPLATE, degrees=degrees, scale=scale, shift=shift)
    (matrix,) = similarity(points[None], TEMPLATE)
    back = points @ matrix[:, :2].T + matrix[:, 2]
    assert np.allclose(back, TEMPLATE, atol=0.2)


def test_similarity_does_not_mirror() -> None:
    """A mirrored face is fitted as well as turning can, with its orientation kept."""
    mirrored = TEMPLATE * np.array([-1, 1], np.float32)
    (matrix,) = similarity(mirrored[None], TEMPLATE)
    assert np.linalg.det(matrix[:, :2]) > 0


def test_similarity_takes_no_faces_and_many() -> None:
    """Each row is fitted on its own, and no rows give no rows."""
    both = np.stack([TEMPLATE, TEMPLATE * 2])
    assert similarity(both[:0], TEMPLATE).shape == (0, 2, 3)
    assert np.allclose(similarity(both, TEMPLATE)[1, :, :2], np.eye(2) / 2, atol=1e-6)


def test_similarity_refuses_landmarks_in_one_place() -> None:
    """Five points in one place have no size to scale by."""
    with pytest.raises(UsageError, match="the same place"):
        similarity(np.ones((1, 5, 2), np.float32), TEMPLATE)


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.5, 2.5])
def test_a_turned_picture_gives_the_same_chip(scale: float) -> None:
    """Turning the picture and its landmarks by 90 degrees changes nothing in the chip."""
    pixels = picture()
    points = moved(TEMPLATE, degrees=10, scale=scale, shift=(90, 20))
    turned = np.ascontiguousarray(np.rot90(pixels))
    turned_points = np.stack([points[:, 1], pixels.shape[1] - 1 - points[:, 0]], axis=1)
    (chip,) = chips(pixels, points[None], TEMPLATE, size=SIZE)
    (same,) = chips(turned, turned_points[None], TEMPLATE, size=SIZE)
    assert np.abs(chip.astype(int) - same).mean() < 1.5


@pytest.mark.parametrize("scale", [1.0, 3.0, 6.0])
def test_a_chip_does_not_depend_on_the_size_of_the_picture(scale: float) -> None:
    """The same face in an enlarged picture, which is shrunk by area first, gives the same chip."""
    pixels = picture()
    points = moved(TEMPLATE, degrees=-20, scale=1.2, shift=(100, 100))
    large = np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale), np.uint8)
    large_points = np.asarray((points + 0.5) * scale - 0.5, np.float32)
    (chip,) = chips(pixels, points[None], TEMPLATE, size=SIZE)
    (same,) = chips(large, large_points[None], TEMPLATE, size=SIZE)
    assert np.abs(chip.astype(int) - same).mean() < 1.5


def test_fine_detail_of_a_large_face_does_not_alias() -> None:
    """A chessboard of single pixels, shrunk four times, is grey and not a pattern."""
    board = (255 * (np.indices((600, 600)).sum(0) % 2)).astype(np.uint8)
    pixels = np.repeat(board[:, :, None], 3, axis=2)
    points = moved(TEMPLATE, degrees=7, scale=4.3, shift=(60, 60))
    (chip,) = chips(pixels, points[None], TEMPLATE, size=SIZE)
    assert chip[20:80, 20:80].std() < 12


def test_what_lies_outside_the_picture_is_black() -> None:
    """A face at the edge is filled up, and one far outside is a black chip."""
    pixels = np.full((100, 100, 3), 200, np.uint8)
    edge = moved(TEMPLATE, degrees=0, scale=1, shift=(50, 0))
    (half, none) = chips(pixels, np.stack([edge, edge + 5000]), TEMPLATE, size=SIZE)
    assert half[50, 10].tolist() == [200, 200, 200]
    assert half[50, 90].tolist() == [0, 0, 0]
    assert not none.any()
