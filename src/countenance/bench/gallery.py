"""
How fast a large gallery is searched by its codes, and what they lose against the exact search.

    countenance bench gallery --people 1000000

The templates are made: directions around a common one, as those of the default pack are, with a
spectrum that falls. The limit is the distance within which a stranger comes near somebody once in
twenty probes, which is what the widest band allows. Half of the probes are of people in the
gallery, spread over all distances up to the limit; half are of strangers.
"""

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import process_time

import numpy as np

from countenance.bench.search import Spread
from countenance.core.ids import PersonId
from countenance.errors import UsageError
from countenance.gallery.codes import Codes, available
from countenance.gallery.gallery import Float32, Gallery, Hits

DIMS = 128
_COMMON = 0.915  # the length of the mean template of the default pack, over LFW
_FALLS_BY = 40.0  # dimensions in which the spectrum falls to 1/e
_STRANGERS_A_PROBE = 0.05
_SAMPLE = 3000  # templates of which all pairs are compared, to know how near strangers come
_BLOCK = 100_000  # templates made at once


@dataclass(frozen=True, slots=True)
class GalleryFigures:
    """
    CPU times of the whole process; a probe's in milliseconds, that of the codes in seconds.

    `hits` are the pairs that the exact search finds, and `lost` those of them that the codes do
    not. `wrong` are pairs that only the codes found: there can be none.
    """

    people: int
    probes: int
    coded: float
    by_codes: Spread
    exact: Spread
    hits: int
    lost: int
    wrong: int

    def as_text(self) -> Iterator[str]:
        yield f"{self.people:,} people, {self.probes} probes one by one, CPU milliseconds a probe"
        yield f"  by codes    {_words(self.by_codes)}; made in {self.coded:.1f} CPU s"
        yield f"  exact       {_words(self.exact)}"
        yield f"  {self.hits} pairs within the limit: {self.lost} lost, {self.wrong} wrong by codes"


def bench_gallery(people: int = 1_000_000, *, probes: int = 400) -> GalleryFigures:
    """
    Measure both searches on the same probes. Raises `UsageError` for fewer than 20,000 people or 2
    probes, and if faiss is not installed.
    """
    if people < 20_000 or probes < 2:  # noqa: PLR2004  a codebook needs so many
        raise UsageError("bench: people must be 20,000 or more, and probes 2 or more")
    if not available():
        raise UsageError("bench: faiss is not installed: pip install 'countenance[large]'")
    random = np.random.default_rng(5)
    common = _unit(random.standard_normal((1, DIMS), dtype=np.float32))
    matrix = np.empty((people, DIMS), np.float32)
    for first in range(0, people, _BLOCK):
        block = matrix[first : first + _BLOCK]
        block[:] = templates(random, len(block), common)
    limit = _limit(random, common, people)
    asked = _probes(random, matrix, common, probes, limit)
    begun = process_time()
    codes = Codes(matrix)
    coded = process_time() - begun
    persons = tuple(PersonId(f"p_{row}") for row in range(people))
    weak = np.zeros(people, np.bool_)
    by_codes = _search(Gallery(persons, matrix, weak, codes).within, asked, limit)
    exact = _search(Gallery(persons, matrix, weak).within, asked, limit)
    return GalleryFigures(
        people=people,
        probes=probes,
        coded=coded,
        by_codes=by_codes.spread,
        exact=exact.spread,
        hits=len(exact.pairs),
        lost=len(exact.pairs - by_codes.pairs),
        wrong=len(by_codes.pairs - exact.pairs),
    )


# --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Searched:
    spread: Spread
    pairs: frozenset[tuple[int, int]]


def _search(within: Callable[..., Hits], probes: Float32, limit: float) -> _Searched:
    times: list[float] = []
    pairs: set[tuple[int, int]] = set()
    for row in range(len(probes)):
        begun = process_time()
        hits = within(probes[row : row + 1], limit=limit)
        times.append((process_time() - begun) * 1000)
        pairs.update((row, reference) for reference in hits.reference.tolist())
    return _Searched(_spread(times), frozenset(pairs))


def direction(faces: Float32) -> Float32:
    """The direction about which templates `(n, d)` lie, `(1, d)`."""
    return _unit(faces.mean(0, keepdims=True))


def templates(random: np.random.Generator, n: int, common: Float32) -> Float32:
    """Templates of `n` people who are not, spread about `common` as the default pack's are."""
    own = random.standard_normal((n, DIMS), dtype=np.float32)
    own *= np.exp(-np.arange(DIMS, dtype=np.float32) / _FALLS_BY)
    own = _unit(own)
    own *= math.sqrt(1 - _COMMON**2)
    own += _COMMON * common
    return _unit(own)


def _limit(random: np.random.Generator, common: Float32, people: int) -> float:
    """By the nearest of nine million pairs, carried on by how their logarithm falls."""
    some, others = (templates(random, _SAMPLE, common) for _ in range(2))
    products = np.sort((some @ others.T).ravel())
    rates = np.array([1e-4, 1e-5, 1e-6])
    distances = np.sqrt(2 - 2 * products[len(products) - (rates * len(products)).astype(int)])
    wanted = math.log10(_STRANGERS_A_PROBE / people)
    slope, start = np.polyfit(np.log10(rates), distances, 1)
    return float(start + slope * wanted)


def _probes(
    random: np.random.Generator, matrix: Float32, common: Float32, count: int, limit: float
) -> Float32:
    known = matrix[random.integers(0, len(matrix), count // 2)]
    away = _unit(random.standard_normal(known.shape, dtype=np.float32))
    far = np.asarray(random.uniform(0.3, 1.0, (len(known), 1)) * limit, np.float32)
    return np.concatenate(
        [_unit(known + far * away), templates(random, count - len(known), common)]
    )


def _unit(vectors: Float32) -> Float32:
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _spread(times: Sequence[float]) -> Spread:
    return Spread(min(times), statistics.median(times), max(times))


def _words(spread: Spread) -> str:
    return f"{spread.median:.2f} ({spread.least:.2f} to {spread.most:.2f})"
