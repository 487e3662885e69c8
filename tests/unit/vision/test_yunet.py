import numpy as np

from countenance.vision.yunet import STRIDES, Grid, decode


def grids() -> list[Grid]:
    """Three empty grids, for a picture of 128 by 96 pixels."""
    sizes = [(128 // stride, (128 // stride) * (96 // stride)) for stride in STRIDES]
    return [
        Grid(
            stride,
            columns,
            classes=np.zeros((cells, 1), np.float32),
            objects=np.ones((cells, 1), np.float32),
            boxes=np.zeros((cells, 4), np.float32),
            points=np.zeros((cells, 10), np.float32),
        )
        for stride, (columns, cells) in zip(STRIDES, sizes, strict=True)
    ]


def test_a_cell_becomes_a_box_and_landmarks() -> None:
    """Offsets count from the cell's upper left corner, in cells; sizes are logarithms."""
    seen = grids()
    cell = 2 * seen[2].columns + 1
    seen[2].classes[cell] = 0.81
    seen[2].boxes[cell] = [0.5, 0.25, np.log(2), np.log(1.5)]
    seen[2].points[cell] = np.arange(10) / 10
    found = decode(seen, threshold=0.6)
    assert np.allclose(found.boxes, [[16, 48, 80, 96]], atol=1e-4)
    assert np.allclose(found.points[0, 1], [32 + 0.2 * 32, 64 + 0.3 * 32], atol=1e-4)
    assert np.allclose(found.scores, [0.9])


def test_the_grids_are_judged_together() -> None:
    """One face seen in two grids is one face; the better answer stays."""
    seen = grids()
    small, large = 4 * seen[1].columns + 2, 2 * seen[2].columns + 1
    seen[1].classes[small] = 0.64
    seen[1].boxes[small] = [0, 0, np.log(4), np.log(4)]
    seen[2].classes[large] = 0.81
    seen[2].boxes[large] = [0, 0, np.log(2), np.log(2)]
    found = decode(seen, threshold=0.6)
    assert np.allclose(found.boxes, [[0, 32, 64, 96]], atol=1e-4)
    assert np.allclose(found.scores, [0.9])


def test_nothing_above_the_threshold_is_no_face() -> None:
    """Empty grids give zero rows, of the right shapes."""
    assert len(decode(grids(), threshold=0.6)) == 0
