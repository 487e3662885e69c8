"""
Alignment: each face turned, scaled and cut out so that its landmarks lie where the embedder
learnt to see them.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.errors import UsageError
from countenance.vision.types import Float32, Pixels

SHRINK = 1.7
"""A face larger than its chip by more than this is shrunk by area first, against aliasing."""


def similarity(points: Float32, template: Float32) -> Float32:
    """
    The turn, scale and shift that bring `points` closest to `template`: `(n, 2, 3)` float32.

    `points` is `(n, k, 2)` and `template` `(k, 2)`, `[x, y]` each. Row i of the answer, `M`, takes
    a point p to `M[:, :2] @ p + M[:, 2]`; it never mirrors. Least squares, after Umeyama (1991),
    https://doi.org/10.1109/34.88573. In the plane that has a closed form: with centred points as
    complex numbers, turn and scale together are the number sum(conj(p) t) / sum(|p|²).

    Raises `UsageError` if all the points of a face are the same.
    """
    centres, target = points.mean(1, dtype=np.float64), template.mean(0, dtype=np.float64)
    p = _complex(points - centres[:, None])
    t = _complex(template - target)
    spread = (abs(p) ** 2).sum(1)
    if not np.all(spread > 0):
        raise UsageError("points: expected landmarks that differ, got the same place five times")
    factor = (p.conj() * t).sum(1) / spread
    turn = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]]).transpose(2, 0, 1)
    shift = target - np.einsum("nij,nj->ni", turn, centres)
    return np.concatenate([turn, shift[:, :, None]], axis=2).astype(np.float32)


def chips(pixels: Pixels, points: Float32, template: Float32, *, size: int) -> Pixels:
    """
    The faces cut out of `pixels` by their landmarks `(n, 5, 2)`: `(n, size, size, 3)` uint8.

    `template` is `(5, 2)`, in pixels of a chip. What lies outside the picture is black.
    """
    cut = np.zeros((len(points), size, size, 3), np.uint8)
    for row, matrix in enumerate(similarity(points, template)):
        cut[row] = _cut(pixels, matrix.astype(np.float64), size)
    return cut


# ------------------------------------------------------------------------------------------------

_BORDER = 2  # pixels round the region that is cut out, for interpolation at its edge


def _complex(vectors: NDArray[np.float64]) -> NDArray[np.complex128]:
    return np.asarray(vectors[..., 0] + 1j * vectors[..., 1], np.complex128)


def _cut(pixels: Pixels, matrix: NDArray[np.float64], size: int) -> Pixels:
    """One chip. `matrix` `(2, 3)` takes points of the picture to points of the chip."""
    x1, y1, x2, y2 = _region(pixels, matrix, size)
    region = pixels[y1:y2, x1:x2]
    if not region.size:
        return np.zeros((size, size, 3), np.uint8)
    matrix = _after(matrix, scale=(1, 1), shift=(x1, y1))
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < 1 / SHRINK:
        height, width = (max(1, round(side * scale)) for side in region.shape[:2])
        ratio = (region.shape[1] / width, region.shape[0] / height)
        region = np.asarray(
            cv2.resize(region, (width, height), interpolation=cv2.INTER_AREA), np.uint8
        )
        # A pixel's centre is its whole number, so the corner of the picture is at (-.5, -.5).
        matrix = _after(matrix, scale=ratio, shift=(ratio[0] / 2 - 0.5, ratio[1] / 2 - 0.5))
    return np.asarray(cv2.warpAffine(region, matrix, (size, size)), np.uint8)


def _region(pixels: Pixels, matrix: NDArray[np.float64], size: int) -> tuple[int, int, int, int]:
    """The part of the picture that a chip shows, `(x1, y1, x2, y2)` in whole pixels."""
    corners = np.array([[0, 0], [size, 0], [0, size], [size, size]], np.float64)
    places = np.linalg.solve(matrix[:, :2], (corners - matrix[:, 2]).T).T
    height, width = pixels.shape[:2]
    low = np.clip(np.floor(places.min(0)) - _BORDER, 0, (width, height))
    high = np.clip(np.ceil(places.max(0)) + _BORDER, 0, (width, height))
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _after(
    matrix: NDArray[np.float64], *, scale: tuple[float, float], shift: tuple[float, float]
) -> NDArray[np.float64]:
    """`matrix` for points that are first scaled and then shifted."""
    moved = matrix.copy()
    moved[:, 2] += matrix[:, :2] @ np.array(shift)
    moved[:, :2] *= np.array(scale)
    return moved
