"""
Embedding: from a face's chip to its template.

A template is the mean of what the network says of the chip and of the mirrored chip, each brought
to length one first, and the mean to length one again. Two templates are compared by their Euclidean
distance, in [0, 2]. They are not centred and not whitened: on dlib's network that took the share of
pairs found at a false-match rate of 1e-4 from .79 to .58 (2,500 pictures of LFW).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from countenance.vision.inputs import planes
from countenance.vision.pack import EmbedderRecord
from countenance.vision.session import Session
from countenance.vision.types import Float32, Pixels

MOST_IMAGES = 32
"""Images a run, mirrored ones included. More is not faster, and costs memory."""

Near = Callable[[Float32], NDArray[np.bool_]]
"""Of halves of templates `(n, dimensions)`, unit rows: which may become anybody's `(n,)`."""


class Embedder:
    """The network, loaded. Safe to call from several threads."""

    def __init__(self, session: Session, record: EmbedderRecord) -> None:
        self._session = session
        self._record = record

    def __call__(self, chips: Pixels) -> Float32:
        """
        The templates `(n, dimensions)` float32, rows of length one, C order, of `chips`.

        `chips` is `(n, size, size, 3)` uint8, RGB. A template does not depend on its neighbours
        but for rounding.
        """
        templates = np.zeros((len(chips), self._record.dimensions), np.float32)
        step = MOST_IMAGES // 2
        for start in range(0, len(chips), step):
            batch = chips[start : start + step]
            both = self._embed(np.concatenate([batch, batch[:, :, ::-1]]))
            templates[start : start + step] = _unit(both[: len(batch)] + both[len(batch) :])
        return templates

    def those_near(self, chips: Pixels, near: Near) -> tuple[NDArray[np.intp], Float32]:
        """
        The rows of `chips` that may be of somebody, and their templates, as a call gives them.

        The chips as they are, the first halves of their templates, are shown to `near`; only those
        that it lets pass are embedded mirrored as well, which is the other half of the work.
        """
        halves = np.zeros((len(chips), self._record.dimensions), np.float32)
        for start in range(0, len(chips), MOST_IMAGES):
            halves[start : start + MOST_IMAGES] = self._embed(chips[start : start + MOST_IMAGES])
        (rows,) = np.nonzero(near(halves))
        templates = np.zeros((len(rows), self._record.dimensions), np.float32)
        for start in range(0, len(rows), MOST_IMAGES):
            part = rows[start : start + MOST_IMAGES]
            mirrored = self._embed(np.ascontiguousarray(chips[part][:, :, ::-1]))
            templates[start : start + MOST_IMAGES] = _unit(halves[part] + mirrored)
        return rows, templates

    def _embed(self, images: Pixels) -> Float32:
        """The network's rows of length one. Some networks take exactly so many images a run."""
        values = planes(images, self._record.input)
        step = self._session.batch or len(values)
        runs = [
            self._session.run(values[start : start + step])[0]
            for start in range(0, len(values), step)
        ]
        return _unit(np.concatenate(runs))


# ------------------------------------------------------------------------------------------------

_TINY = np.float32(1e-12)  # so that a row of zeros stays one


def _unit(rows: Float32) -> Float32:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, _TINY), np.float32)
