"""
How fast the gallery is searched, next to what the machine's matrix product allows.

The vectors are random directions, not faces: the time depends on their number and length only,
and a little on how many pairs are near. The limit is set so that about as many are as in use.
"""

import math
import resource
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import perf_counter

import numpy as np

from countenance.core.ids import PersonId
from countenance.errors import UsageError
from countenance.gallery.gallery import Float32, Gallery

_STRANGERS_NEAR = 4.1
"""
Standard deviations above the mean of the product of two random directions: about 1 pair in
100,000 is nearer, which in a gallery of 100,000 is one stranger a probe.
"""


@dataclass(frozen=True, slots=True)
class Spread:
    """The least, the middle and the most of several runs."""

    least: float
    median: float
    most: float


@dataclass(frozen=True, slots=True)
class SearchFigures:
    """
    What was measured: times in milliseconds of wall time, with the threads that NumPy uses.

    `one_probe` and `all_probes` are searches, `product` is the bare product of the same arrays in
    memory that is there already. `share` is `product / all_probes`, run by run: 1 is a search that
    costs nothing but the product. `hits` are the pairs found. `peak_bytes` is the most memory that
    the process held until after the first search.
    """

    references: int
    dims: int
    probes: int
    runs: int
    hits: int
    one_probe: Spread
    all_probes: Spread
    product: Spread
    share: Spread
    peak_bytes: int


def bench_search(
    references: int = 100_000, *, dims: int = 128, probes: int = 256, runs: int = 9
) -> SearchFigures:
    """
    Measure searches and bare products in turn, so that both meet the same disturbances.

    Raises `UsageError` if a number is below 1.
    """
    if min(references, dims, probes, runs) < 1:
        raise UsageError("bench: references, dims, probes and runs must be 1 or more")
    random = np.random.default_rng(2)
    gallery = _gallery(_directions(random, references, dims))
    faces = _directions(random, probes, dims)
    limit = math.sqrt(max(0.0, 2 - 2 * _STRANGERS_NEAR / math.sqrt(dims)))

    hits = len(gallery.within(faces, limit=limit))
    peak_bytes = _peak_bytes()

    product = np.empty((probes, references), np.float32)
    multiply = partial(np.matmul, faces, gallery.matrix.T, out=product)
    multiply()  # once unmeasured, as the search was
    one, many, bare = [], [], []
    for run in range(runs):
        face = faces[run % probes : run % probes + 1]
        one.append(_milliseconds(partial(gallery.within, face, limit=limit)))
        many.append(_milliseconds(partial(gallery.within, faces, limit=limit)))
        bare.append(_milliseconds(multiply))
    return SearchFigures(
        references=references,
        dims=dims,
        probes=probes,
        runs=runs,
        hits=hits,
        one_probe=_spread(one),
        all_probes=_spread(many),
        product=_spread(bare),
        share=_spread([b / m for b, m in zip(bare, many, strict=True)]),
        peak_bytes=peak_bytes,
    )


# ------------------------------------------------------------------------------------------------


def _directions(random: np.random.Generator, n: int, dims: int) -> Float32:
    vectors = random.standard_normal((n, dims), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _gallery(matrix: Float32) -> Gallery:
    persons = tuple(PersonId(f"p_{row}") for row in range(len(matrix)))
    return Gallery(persons, matrix, np.zeros(len(matrix), np.bool_))


def _milliseconds(work: Callable[[], object]) -> float:
    begun = perf_counter()
    work()
    return (perf_counter() - begun) * 1000


def _spread(figures: list[float]) -> Spread:
    return Spread(min(figures), statistics.median(figures), max(figures))


def _peak_bytes() -> int:
    """The kernel counts in KiB on Linux and in bytes on macOS."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
