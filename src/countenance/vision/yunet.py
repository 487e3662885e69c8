"""
YuNet: faces in three grids, of cells of 8, 16 and 32 pixels.

Wu, Peng, Yu, "YuNet: A Tiny Millisecond-level Face Detector" (2023),
https://doi.org/10.1007/s11633-023-1423-y; weights of OpenCV Zoo, MIT. The decoding is that of
`FaceDetectorYN` in OpenCV.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from countenance.core.geometry import suppress
from countenance.vision.inputs import padded
from countenance.vision.pack import DetectorRecord
from countenance.vision.session import Session
from countenance.vision.types import Detections, Float32, Pixels

STRIDES = (8, 16, 32)
"""Pixels of the picture a cell, for each grid."""

OVERLAP = 0.3
"""Of two boxes that share this much, as intersection over union, one is the other's echo."""


class YuNet:
    """The detector, loaded. Safe to call from several threads."""

    def __init__(self, session: Session, record: DetectorRecord) -> None:
        self._session = session
        self._record = record

    def __call__(self, pixels: Pixels) -> Detections:
        """The faces of `pixels`, looked for at the size given."""
        image = padded(pixels, self._record.colour, multiple=max(STRIDES))
        outputs = [output[0] for output in self._session.run(image)]
        grids = [
            Grid(stride, image.shape[2] // stride, *outputs[place :: len(STRIDES)])
            for place, stride in enumerate(STRIDES)
        ]
        return decode(grids, threshold=self._record.threshold)


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """
    The four outputs for one grid, a row a cell, row by row from the upper left: all float32.

    `classes` and `objects` `(k, 1)` are in [0, 1]; a face's score is the root of their product.
    `boxes` `(k, 4)` is the centre's x and y within the cell, in cells, and the logarithm of width
    and height in cells; `points` `(k, 10)` is x and y of each landmark within the cell, in cells.
    """

    stride: int
    columns: int
    classes: Float32
    objects: Float32
    boxes: Float32
    points: Float32


def decode(grids: Sequence[Grid], *, threshold: float) -> Detections:
    """The faces in the grids, of all sizes together."""
    faces = [_decode_grid(grid, threshold) for grid in grids]
    found = Detections(
        np.concatenate([face.boxes for face in faces]),
        np.concatenate([face.points for face in faces]),
        np.concatenate([face.scores for face in faces]),
    )
    return found.take(suppress(found.boxes, found.scores, overlap=OVERLAP))


# ------------------------------------------------------------------------------------------------


def _decode_grid(grid: Grid, threshold: float) -> Detections:
    scores = np.sqrt(np.clip(grid.classes, 0, 1) * np.clip(grid.objects, 0, 1))[:, 0]
    (cells,) = np.nonzero(scores >= threshold)
    corners = np.stack([cells % grid.columns, cells // grid.columns], axis=1).astype(np.float32)
    centres = (corners + grid.boxes[cells, :2]) * grid.stride
    sides = np.exp(grid.boxes[cells, 2:]) * grid.stride
    points = (corners[:, None] + grid.points[cells].reshape(-1, 5, 2)) * grid.stride
    boxes = np.concatenate([centres - sides / 2, centres + sides / 2], axis=1)
    return Detections(
        boxes.astype(np.float32), points.astype(np.float32), scores[cells].astype(np.float32)
    )
