"""
The gallery: the references in force, in memory, one mean template a person.

The search is exact. A product of matrices finds the candidates, a block of references at a time,
so that the products stay in the processor's cache and reading them again costs little. A product
in float32 is off by a few millionths, so it only proposes; the distance of each candidate is
computed in float64, and that one decides. `bench.search` measures it.

Above 100,000 people, and where faiss is installed, short codes propose instead of the product
(`codes.py`). What they propose is measured in the same way, so nobody is named who is not that
near; that nobody near is passed over is measured, not proven.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from countenance.core.ids import PersonId
from countenance.errors import UsageError
from countenance.gallery import codes
from countenance.gallery.codes import Codes

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Rows = NDArray[np.intp]

_PROBES_A_BLOCK = 256
_PRODUCTS_A_BLOCK = 2**21
"""
8 MB of products. By trial on two cores: on an idle machine a quarter of it is as fast, but on a
busy one much slower, as each block waits for the slower of two threads; four times it leaves the
cache.
"""

EXACT_UP_TO = 100_000
"""People above which codes propose: up to there the product takes 2 ms a probe, and is exact."""

_NORM_SLACK = 1e-4
"""How far the squared norm of a unit vector may be from 1."""


@dataclass(frozen=True, slots=True, eq=False)
class GalleryEntry:
    """
    What the gallery is told of one person: `templates` `(k, d)` float32, k >= 1, unit rows.

    `weak` says that they come from pictures too poor to trust as much as others.
    """

    person: PersonId
    templates: Float32
    weak: bool


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """
    Pairs of a probe and a reference that are near, the nearest first.

    `probe` and `reference` are `(h,)` rows of the probes and of the gallery; `distance` is `(h,)`
    float64, Euclidean, in [0, 2]. At the same distance the lower rows come first.
    """

    probe: Rows
    reference: Rows
    distance: Float64

    def __len__(self) -> int:
        return len(self.distance)


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """
    People and their templates, row by row. A value: a change makes a new gallery.

    `persons` are n different ids. `matrix` is `(n, d)` float32 in C order, unit rows. `weak` is
    `(n,)` bool. The arrays are taken over and become read-only. `codes` are those of `matrix`, or
    `None`: then every search reads all of it.

    Raises `UsageError` if a shape, the order or a norm is wrong, or a person stands there twice.
    """

    persons: tuple[PersonId, ...]
    matrix: Float32
    weak: NDArray[np.bool_]
    codes: Codes | None = None

    def __post_init__(self) -> None:
        n = len(self.persons)
        _check_unit("gallery", self.matrix, self.dims)
        if len(self.matrix) != n or self.weak.shape != (n,) or self.weak.dtype != np.bool_:
            raise UsageError(
                f"gallery: expected {n} templates and {n} bools, got {self.matrix.shape} and "
                f"{self.weak.dtype} {self.weak.shape}"
            )
        if not self.matrix.flags.c_contiguous:
            raise UsageError("gallery: expected C order")
        if len(set(self.persons)) != n:
            raise UsageError("gallery: a person stands there twice")
        self.matrix.setflags(write=False)
        self.weak.setflags(write=False)

    def __len__(self) -> int:
        return len(self.persons)

    @property
    def dims(self) -> int:
        return int(self.matrix.shape[-1])

    @classmethod
    def of(cls, references: Sequence[GalleryEntry], *, dims: int) -> "Gallery":
        """
        The gallery of these people, in their order, with templates of `dims` numbers.

        Raises `UsageError` if a person comes twice, has no template or templates of another
        length, or has templates that cancel one another out.
        """
        for reference in references:
            _check_unit("reference", reference.templates, dims)
        templates = [np.empty((0, dims), np.float32), *(one.templates for one in references)]
        counts = np.array([len(one.templates) for one in references], np.intp)
        matrix = mean_templates(np.concatenate(templates), counts)
        weak = np.array([reference.weak for reference in references], np.bool_)
        return cls.made(tuple(reference.person for reference in references), matrix, weak)

    @classmethod
    def made(
        cls, persons: tuple[PersonId, ...], matrix: Float32, weak: NDArray[np.bool_]
    ) -> "Gallery":
        """The gallery of these rows, with codes where they pay."""
        large = len(persons) > EXACT_UP_TO and matrix.shape[-1] % 2 == 0 and codes.available()
        return cls(persons, matrix, weak, Codes(matrix) if large else None)

    def only(self, persons: Collection[PersonId]) -> "Gallery":
        """The gallery of those of `persons` who are in it, in the same order."""
        rows = [row for row, person in enumerate(self.persons) if person in persons]
        among = tuple(self.persons[row] for row in rows)
        return Gallery.made(among, self.matrix[rows], self.weak[rows])

    def within(self, probes: Float32, *, limit: float) -> Hits:
        """
        Every pair of a probe and a reference at a distance of at most `limit`.

        `probes` is `(m, d)` float32, unit rows. A negative limit finds nothing.
        Raises `UsageError` if the shape or a norm is wrong.
        """
        _check_unit("probes", probes, self.dims)
        found = [(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0, np.float64))]
        if limit >= 0:
            for probe, reference in self._proposed(probes, limit):
                distance = _distances(probes[probe], self.matrix[reference])
                near = distance <= limit
                found.append((probe[near], reference[near], distance[near]))
        return _nearest_first(*(np.concatenate(column) for column in zip(*found, strict=True)))

    def _proposed(self, probes: Float32, limit: float) -> Iterator[tuple[Rows, Rows]]:
        """Pairs that may be within `limit`: by codes, or by the product."""
        unlisted: Rows = np.arange(len(probes))
        if self.codes is not None and len(probes):
            references, near = self.codes.shortlists(probes)
            # Where the last of the list is as near by its code, the list may have cut off others.
            crowded = near[:, -1] <= limit
            listed = np.flatnonzero(~crowded)
            yield np.repeat(listed, references.shape[1]), references[listed].ravel()
            unlisted = np.flatnonzero(crowded)
        lowest = _lowest_product(limit, self)
        for probe, reference in _candidates(probes[unlisted], self.matrix, lowest):
            yield unlisted[probe], reference


def mean_templates(templates: Float32, counts: Rows) -> Float32:
    """
    One template a person, `(n, d)` float32: the mean of theirs, brought back to length 1.

    `templates` is `(m, d)` float32, unit rows, those of a person one after the other; `counts` is
    `(n,)`, how many are whose.

    Raises `UsageError` if a shape or a norm is wrong, if somebody has no template, or if theirs
    cancel one another out.
    """
    _check_unit("reference", templates, templates.shape[-1])
    if np.any(counts < 1) or counts.sum() != len(templates):
        raise UsageError("reference: expected at least one template")
    if not len(counts):
        return np.empty((0, templates.shape[-1]), np.float32)
    starts = np.cumsum(counts) - counts
    means = templates[starts].astype(np.float64)
    # Everybody's second, everybody's third: several times as fast as `np.add.reduceat`.
    for place in range(1, int(counts.max())):
        so_many = np.flatnonzero(counts > place)
        means[so_many] += templates[starts[so_many] + place]
    means /= counts[:, None]
    norms = np.linalg.norm(means, axis=1, keepdims=True)
    if np.any(norms < _NORM_SLACK):
        raise UsageError("reference: its templates cancel one another out")
    return np.asarray(means / norms, np.float32)


# ------------------------------------------------------------------------------------------------


def _check_unit(name: str, vectors: Float32, dims: int) -> None:
    if vectors.shape != (len(vectors), dims) or vectors.dtype != np.float32:
        raise UsageError(
            f"{name}: expected float32 of shape (n, {dims}), got {vectors.dtype} {vectors.shape}"
        )
    squares = np.einsum("ij,ij->i", vectors, vectors)
    if not np.all(np.abs(squares - 1) <= _NORM_SLACK):  # not a number fails this too
        raise UsageError(f"{name}: expected rows of length 1")


def _lowest_product(limit: float, gallery: Gallery) -> float:
    """
    A bound that the computed product of no pair within `limit` falls below.

    The true product is `(|a|² + |b|² - distance²) / 2`. Summing d products in float32, in whatever
    order, is off by less than d times the machine epsilon (Higham, Accuracy and Stability of
    Numerical Algorithms, section 3.1).
    """
    rounding = (gallery.dims + 4) * float(np.finfo(np.float32).eps)
    return 1 - limit * limit / 2 - _NORM_SLACK - rounding


def _candidates(probes: Float32, matrix: Float32, lowest: float) -> Iterator[tuple[Rows, Rows]]:
    """The rows of probes and references whose product is at least `lowest`, block by block."""
    for first in range(0, len(probes), _PROBES_A_BLOCK):
        block = probes[first : first + _PROBES_A_BLOCK]
        for probe, reference in _candidates_of_block(block, matrix, lowest):
            yield probe + first, reference


def _candidates_of_block(
    probes: Float32, matrix: Float32, lowest: float
) -> Iterator[tuple[Rows, Rows]]:
    rows = min(_PRODUCTS_A_BLOCK // len(probes), len(matrix))
    shape = (rows, len(probes))
    products, near = np.empty(shape, np.float32), np.empty(shape, np.bool_)  # made once: reused
    for first in range(0, len(matrix), max(rows, 1)):
        references = matrix[first : first + rows]
        n = len(references)
        np.matmul(references, probes.T, out=products[:n])
        np.greater_equal(products[:n], lowest, out=near[:n])
        reference, probe = np.divmod(np.flatnonzero(near[:n]), len(probes))
        if len(probe):
            yield probe, reference + first


def _distances(a: Float32, b: Float32) -> Float64:
    return np.asarray(np.linalg.norm(a.astype(np.float64) - b, axis=1), np.float64)


def _nearest_first(probe: Rows, reference: Rows, distance: Float64) -> Hits:
    order = np.lexsort((reference, probe, distance))
    return Hits(probe[order], reference[order], distance[order])
