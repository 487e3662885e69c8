"""
The values that vision gives and takes: detections and templates.

Rows stand side by side: row i of every array of one value is about the same face. No face is a
value too: zero rows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from countenance.errors import UsageError

Float32 = NDArray[np.float32]
Pixels = NDArray[np.uint8]
"""A picture: `(height, width, 3)` uint8, RGB, upright, C-contiguous."""


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """
    The faces a detector found in one picture, best score first.

    `boxes` is `(n, 4)` float32, `[x1, y1, x2, y2]` in pixels, with x1 < x2 and y1 < y2.

    `points` is `(n, 5, 2)` float32, `[x, y]` in pixels: left eye, right eye, nose tip, left and
    right corner of the mouth. Left and right are the viewer's.

    `scores` is `(n,)` float32 in [0, 1]. A score is what the detector says; it is not a
    probability, and two detectors' scores cannot be compared.

    Raises `UsageError` if a shape or the order of a box's corners is wrong.
    """

    boxes: Float32
    points: Float32
    scores: Float32

    def __post_init__(self) -> None:
        n = len(self.boxes)
        _check_shape("boxes", self.boxes, (n, 4))
        _check_shape("points", self.points, (n, 5, 2))
        _check_shape("scores", self.scores, (n,))
        if not np.all(self.boxes[:, :2] < self.boxes[:, 2:]):
            raise UsageError("boxes: expected x1 < x2 and y1 < y2 in every row")

    def __len__(self) -> int:
        return len(self.boxes)

    @classmethod
    def none(cls) -> "Detections":
        return cls(
            np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32), np.zeros(0, np.float32)
        )

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "Detections":
        """The detections of `rows` only, in that order."""
        return Detections(self.boxes[rows], self.points[rows], self.scores[rows])

    def scaled(self, factor_x: float, factor_y: float) -> "Detections":
        """The same faces in a picture `factor_x` times as wide and `factor_y` times as high."""
        factors = np.array([factor_x, factor_y], np.float32)
        return Detections(self.boxes * np.tile(factors, 2), self.points * factors, self.scores)

    @property
    def heights(self) -> Float32:
        """Box heights in pixels, `(n,)`."""
        return self.boxes[:, 3] - self.boxes[:, 1]


def _check_shape(name: str, array: Float32, expected: tuple[int, ...]) -> None:
    if array.shape != expected or array.dtype != np.float32:
        raise UsageError(
            f"{name}: expected float32 of shape {expected}, got {array.dtype} {array.shape}"
        )
