import numpy as np

from countenance.vision.centerface import decode
from countenance.vision.types import Float32


def maps(height: int = 20, width: int = 30) -> tuple[Float32, Float32, Float32, Float32]:
    return (
        np.zeros((1, height, width), np.float32),
        np.zeros((2, height, width), np.float32),
        np.zeros((2, height, width), np.float32),
        np.zeros((10, height, width), np.float32),
    )


def test_a_peak_becomes_a_box_and_landmarks() -> None:
    """Height before width and y before x, in cells of 4 pixels, about the centre of the cell."""
    heat, sizes, offsets, landmarks = maps()
    heat[0, 8, 12] = 0.9
    sizes[:, 8, 12] = np.log([10, 6])
    offsets[:, 8, 12] = [0.25, -0.25]
    landmarks[:, 8, 12] = [0.4, 0.3, 0.4, 0.7, 0.6, 0.5, 0.8, 0.35, 0.8, 0.65]
    found = decode(heat, sizes, offsets, landmarks, threshold=0.5)
    assert np.allclose(found.boxes, [[37, 15, 61, 55]], atol=1e-4)
    assert np.allclose(found.points[0, 0], [37 + 0.3 * 24, 15 + 0.4 * 40], atol=1e-4)
    assert np.allclose(found.points[0, 4], [37 + 0.65 * 24, 15 + 0.8 * 40], atol=1e-4)
    assert np.allclose(found.scores, [0.9])


def test_the_echo_of_a_face_is_dropped_and_its_neighbour_is_not() -> None:
    """Of two cells that answer for one face the better stays; the best face comes first."""
    heat, sizes, offsets, landmarks = maps()
    sizes[:] = np.log(5)
    heat[0, 8, 5], heat[0, 8, 6], heat[0, 8, 20] = 0.6, 0.8, 0.9
    found = decode(heat, sizes, offsets, landmarks, threshold=0.5)
    assert np.allclose(found.scores, [0.9, 0.8])


def test_nothing_above_the_threshold_is_no_face() -> None:
    """An empty map gives zero rows, of the right shapes."""
    assert len(decode(*maps(), threshold=0.5)) == 0
