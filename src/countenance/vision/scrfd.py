"""
SCRFD: faces in three grids, of cells of 8, 16 and 32 pixels, two anchors a cell.

Guo, Deng, Lattas, Zafeiriou, "Sample and Computation Redistribution for Efficient Face Detection"
(2021), https://arxiv.org/abs/2105.04714. It is the detector of InsightFace's packs, which are
loaded by path alone. Its outputs are known by their shapes: a row a face of 1 (score), 4 (box) or
10 (points) numbers, and the most rows in the finest grid.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from countenance.core.geometry import suppress
from countenance.errors import VerificationError
from countenance.vision.inputs import padded, planes
from countenance.vision.pack import DetectorRecord, Input
from countenance.vision.session import Session
from countenance.vision.types import Detections, Float32, Pixels

STRIDES = (8, 16, 32)
"""Pixels of the picture a cell, for each grid."""

OVERLAP = 0.4
"""Of two boxes that share this much, as intersection over union, one is the other's echo."""

MEAN, SCALE = 127.5, 1 / 128
"""What the network takes: `(pixel - MEAN) * SCALE`, RGB, planes of float32."""

_WIDTHS = (1, 4, 10)


class Scrfd:
    """The detector, loaded. Safe to call from several threads."""

    def __init__(self, session: Session, record: DetectorRecord) -> None:
        self._session = session
        self._record = record
        self._input = Input(record.colour, MEAN, SCALE)

    def __call__(self, pixels: Pixels) -> Detections:
        """
        The faces of `pixels`, looked for at the size given; or, by a network that takes one size
        alone, at the largest that fits into it.

        Raises `VerificationError` if the network's outputs are not SCRFD's.
        """
        seen, scale = self._fitted(pixels)
        canvas = padded(seen, self._record.colour, multiple=max(STRIDES))
        if self._session.size is not None:
            canvas = _filled(canvas, self._session.size)
        # `padded` has put the channels into their order.
        straight = Input(type(self._input.colour).RGB, MEAN, SCALE)
        grids = grids_of(self._session.run(planes(canvas, straight)), canvas.shape[1:3])
        found = decode(grids, threshold=self._record.threshold)
        return found.scaled(1 / scale, 1 / scale)

    def _fitted(self, pixels: Pixels) -> tuple[Pixels, float]:
        if self._session.size is None:
            return pixels, 1.0
        height, width = self._session.size
        scale = min(height / pixels.shape[0], width / pixels.shape[1], 1.0)
        if scale == 1.0:
            return pixels, scale
        size = max(1, int(pixels.shape[1] * scale)), max(1, int(pixels.shape[0] * scale))
        return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8), scale


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """
    The outputs for one grid, a row an anchor, cell by cell from the upper left: all float32.

    `scores` `(k,)` are in [0, 1]; `boxes` `(k, 4)` how far left, up, right and down of the cell's
    upper left corner the box reaches, and `points` `(k, 10)` where x and y of each landmark lie
    from there, all in cells.
    """

    stride: int
    columns: int
    anchors: int
    scores: Float32
    boxes: Float32
    points: Float32


def grids_of(outputs: Sequence[Float32], size: tuple[int, int]) -> list[Grid]:
    """
    The grids in a network's `outputs` for a picture of `size`, height and width.

    Raises `VerificationError` if they are not those of SCRFD with five points.
    """
    rows = [one.reshape(-1, one.shape[-1]) for one in outputs]
    by_width = [
        sorted((one for one in rows if one.shape[1] == width), key=len, reverse=True)
        for width in _WIDTHS
    ]
    if len(outputs) != len(_WIDTHS) * len(STRIDES) or any(
        len(own) != len(STRIDES) for own in by_width
    ):
        shapes = ", ".join(str(one.shape) for one in outputs)
        raise VerificationError(f"not the outputs of SCRFD with five points: {shapes}")
    grids = []
    for stride, scores, boxes, points in zip(STRIDES, *by_width, strict=True):
        columns, lines = size[1] // stride, size[0] // stride
        anchors, rest = divmod(len(scores), columns * lines)
        if rest or not anchors or not len(scores) == len(boxes) == len(points):
            raise VerificationError(f"not a grid of {lines} x {columns} cells: {len(scores)} rows")
        grids.append(Grid(stride, columns, anchors, scores[:, 0], boxes, points))
    return grids


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
    # A box of no size is no face, and nothing could be made of it.
    some = (grid.boxes[:, 0] + grid.boxes[:, 2] > 0) & (grid.boxes[:, 1] + grid.boxes[:, 3] > 0)
    (rows,) = np.nonzero((grid.scores >= threshold) & some)
    cells = rows // grid.anchors
    corners = np.stack([cells % grid.columns, cells // grid.columns], axis=1).astype(np.float32)
    corners *= grid.stride
    reach = grid.boxes[rows] * grid.stride
    boxes = np.concatenate([corners - reach[:, :2], corners + reach[:, 2:]], axis=1)
    points = corners[:, None] + grid.points[rows].reshape(-1, 5, 2) * grid.stride
    return Detections(
        boxes.astype(np.float32), points.astype(np.float32), grid.scores[rows].astype(np.float32)
    )


def _filled(canvas: Pixels, size: tuple[int, int]) -> Pixels:
    whole = np.zeros((1, *size, 3), np.uint8)
    whole[:, : canvas.shape[1], : canvas.shape[2]] = canvas[:, : size[0], : size[1]]
    return whole
