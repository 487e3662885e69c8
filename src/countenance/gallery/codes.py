"""
Codes: a short list of the references that may be near a probe, without reading all of them.

Each reference is kept a second time as 2 bits a dimension (product quantisation, 16 centroids for
each pair of dimensions; Jégou et al. 2011, in the fast-scan layout of André et al. 2015). All codes
are scanned: no graph and no inverted file, which find less among faces, and from which nobody can
be taken out. A code only proposes: `Gallery` computes the distance from the reference itself.

In memory alone, and made anew with each gallery.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Rows = NDArray[np.intp]

_SHORTLIST = 400
"""
References proposed a probe. Among a million made faces 50 lost 5 of 142 true hits, 100 lost 4 and
400 none, for 0.4 ms more (`countenance bench gallery`).
"""

_TRAINED_ON = 20_000  # rows: 16 centroids a pair of dimensions need no more
_BITS = 4  # a pair of dimensions
_BLOCK = 100_000  # rows coded at once: the library copies them


def available() -> bool:
    """Whether faiss is installed (the extra `large`)."""
    try:
        import faiss  # noqa: F401, PLC0415  an extra
    except ImportError:
        return False
    return True


class Codes:
    """
    The codes of `matrix`, `(n, d)` float32 with n > 0 and d even. Faiss must be installed.

    The codebook is learnt from rows of `matrix` itself, spread over all of it.
    """

    def __init__(self, matrix: Float32) -> None:
        import faiss  # noqa: PLC0415  an extra

        n, dims = matrix.shape
        self._index: Any = faiss.IndexPQFastScan(dims, dims // 2, _BITS, faiss.METRIC_L2)
        self._index.train(matrix[:: max(1, n // _TRAINED_ON)])
        for first in range(0, n, _BLOCK):
            self._index.add(matrix[first : first + _BLOCK])

    def shortlists(self, probes: Float32) -> tuple[Rows, Float32]:
        """
        For each probe the references that its codes say are nearest, nearest first.

        `probes` is `(m, d)` float32. Gives rows `(m, k)` of the gallery and what the codes take for
        their distances, `(m, k)` float32; k is 400, or n if that is less.
        """
        squares, rows = self._index.search(probes, min(_SHORTLIST, self._index.ntotal))
        return rows.astype(np.intp), np.sqrt(np.maximum(squares, 0))
