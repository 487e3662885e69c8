"""
The field's protocols, as arithmetic on distances: nothing is read, decoded or embedded here.

Words and definitions after ISO/IEC 19795-1: at a limit, a pair no farther apart is taken for one
person. FMR is the share of pairs of different people that are, TAR that of pairs of one person.
In identification a face is searched for among a gallery. FPIR is the share of searches for somebody
who is not in it that name anybody, FNIR that of searches for somebody in it that do not name them
first within the limit.

A limit follows from a rate that is asked for, and is never looser than that. Where fewer than
`FEWEST` errors are to be expected at that rate, the limit would hang on a handful of pairs: there
is no figure then, but how many would be needed.

A face that was not found is infinitely far from all: it is missed, and never named wrongly.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from countenance.core.rates import Rate
from countenance.errors import UsageError

Float64 = NDArray[np.float64]
Counts = NDArray[np.int64]

FEWEST = 10
"""Errors from which a rate is told: of 10 the 95 % interval reaches from about half to double."""

FARTHEST = 2.0
"""The distance of opposite unit vectors."""

BINS = 2**18
"""Of distances in [0, 2], each 8 millionths wide: more than a product in float32 is off."""

HEIGHTS = (10, 20, 40, 80, 160)
"""Of faces, in pixels: where one row of the recall ends and the next begins."""

_ROUNDING = 1e-9
"""What a rate times a number of pairs may be off: 0.01 times 300 is meant to be 3."""


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """
    How many pairs are how far apart: `counts` `(BINS,)` int64 from 0 to 2, `apart` infinitely.

    Distances are kept by bins, since of 8,000 pictures there are 30 million pairs.
    """

    counts: Counts
    apart: int = 0

    @classmethod
    def of(cls, distances: Float64) -> Self:
        """
        The spread of `distances` `(n,)`, each in [0, 2] or `inf`.

        Raises `UsageError` if one is negative, above 2 or not a number.
        """
        near = distances[np.isfinite(distances)]
        apart = int(np.count_nonzero(distances == np.inf))
        if len(near) + apart != len(distances) or np.any((near < 0) | (near > FARTHEST)):
            raise UsageError("distances: expected numbers from 0 to 2, or inf")
        bins = np.minimum((near * (BINS / FARTHEST)).astype(np.intp), BINS - 1)
        return cls(np.bincount(bins, minlength=BINS).astype(np.int64), apart)

    @classmethod
    def none(cls) -> Self:
        return cls(np.zeros(BINS, np.int64))

    def __add__(self, other: "Spread") -> "Spread":
        return Spread(self.counts + other.counts, self.apart + other.apart)

    @property
    def total(self) -> int:
        return int(self.counts.sum()) + self.apart

    def within(self) -> Counts:
        """How many lie below the lower edge of each bin, `(BINS + 1,)`; last all that are near."""
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(self.counts)])


@dataclass(frozen=True, slots=True)
class Verification:
    """
    What share of pairs of one person is `accepted` at a false-match rate of at most `fmr`.

    `false` is what came of it: the pairs of different people within the limit. Both are none if
    there are fewer than the `needed` pairs of different people, or none of one person.
    """

    fmr: float
    needed: int
    accepted: Rate | None
    false: Rate | None


@dataclass(frozen=True, slots=True)
class Identification:
    """
    What share of searches for enrolled people is `missed` at a false-positive rate of `fpir`.

    `false` are the searches for strangers that named somebody. Both are none if there are fewer
    than `needed` searches for strangers, or none for anybody enrolled.
    """

    fpir: float
    needed: int
    missed: Rate | None
    false: Rate | None


@dataclass(frozen=True, slots=True)
class Recall:
    """Of the faces at least `low` and less than `high` pixels high, how many were `found`."""

    low: float
    high: float
    found: Rate


@dataclass(frozen=True, slots=True)
class FoldAccuracy:
    """The share of pairs told rightly, each fold by the best limit of all others: as LFW asks."""

    mean: float
    error: float
    folds: int


def needed_for(rate: float) -> int:
    """How many trials it takes to say anything of an error `rate`, in (0, 1]."""
    return math.ceil(FEWEST / rate - _ROUNDING)


def verify(same: Spread, different: Spread, *, fmr: float) -> Verification:
    """Measure one point: the loosest limit with at most `fmr` of `different` within it."""
    needed = needed_for(fmr)
    if different.total < needed or not same.total:
        return Verification(fmr, needed, None, None)
    false = different.within()
    edge = int(np.searchsorted(false, _allowed(fmr, different.total), side="right")) - 1
    return Verification(
        fmr,
        needed,
        Rate(int(same.within()[edge]), same.total),
        Rate(int(false[edge]), different.total),
    )


def trade_off(same: Spread, different: Spread) -> tuple[Float64, Float64]:
    """
    FMR and FNMR at every limit that changes either, `(k,)` each, the strictest first: a DET curve.

    Nothing if there are no pairs of one of the two kinds.
    """
    if not same.total or not different.total:
        return np.zeros(0), np.zeros(0)
    edges = np.flatnonzero(np.concatenate([[1], same.counts + different.counts]))
    false = different.within()[edges] / different.total
    return false, 1 - same.within()[edges] / same.total


def identify(mates: Float64, strangers: Float64, *, fpir: float) -> Identification:
    """
    Measure one point of open-set identification.

    `mates` `(m,)` are the distances of searches for enrolled people to their own reference, `inf`
    where another was nearer; `strangers` `(s,)` those of strangers to whoever was nearest.
    """
    needed = needed_for(fpir)
    if len(strangers) < needed or not len(mates):
        return Identification(fpir, needed, None, None)
    allowed = _allowed(fpir, len(strangers))
    # One more stranger lies at `beyond`: the limit is just below that.
    beyond = np.partition(strangers, allowed)[allowed] if allowed < len(strangers) else np.inf
    return Identification(
        fpir,
        needed,
        Rate(int(np.count_nonzero(~(mates < beyond))), len(mates)),
        Rate(int(np.count_nonzero(strangers < beyond)), len(strangers)),
    )


def accuracy_by_folds(
    distances: Float64, same: NDArray[np.bool_], folds: NDArray[np.intp]
) -> FoldAccuracy | None:
    """
    Accuracy as LFW's protocol has it: mean over the folds, and the standard error of that mean.

    All are `(n,)`, a pair each; a distance may be `inf`. None if there are fewer than two folds.
    """
    each = np.unique(folds)
    if len(each) < 2:  # noqa: PLR2004  one fold leaves no others to learn from
        return None
    shares = [
        np.mean(
            (distances <= _best_limit(distances[folds != one], same[folds != one])) == same,
            where=folds == one,
        )
        for one in each
    ]
    return FoldAccuracy(
        float(np.mean(shares)), float(np.std(shares, ddof=1) / math.sqrt(len(each))), len(each)
    )


def recall_by_height(
    heights: Float64, found: NDArray[np.bool_], *, edges: Sequence[float] = HEIGHTS
) -> tuple[Recall, ...]:
    """
    Recall of faces `heights` `(n,)` pixels high, `found` `(n,)`, by rows that end at `edges`.

    Faces lower than the first edge are in none; rows without faces are left out.
    """
    rows = []
    for low, high in zip(edges, (*edges[1:], math.inf), strict=True):
        among = (heights >= low) & (heights < high)
        if among.any():
            rows.append(Recall(low, high, Rate(int(found[among].sum()), int(among.sum()))))
    return tuple(rows)


# --------------------------------------------------------------------------------------------------


def _allowed(rate: float, trials: int) -> int:
    return math.floor(rate * trials + _ROUNDING)


def _best_limit(distances: Float64, same: NDArray[np.bool_]) -> float:
    """The distance, of those there are, that tells most pairs rightly; the least of equals."""
    order = np.argsort(distances, kind="stable")
    ends, told = distances[order], same[order]
    # Within the first k pairs those of one person are right, beyond them those of two.
    right = np.cumsum(told) + (np.count_nonzero(~told) - np.cumsum(~told))
    last = np.append(ends[1:] != ends[:-1], [True])  # a limit takes all of a distance, or none
    return float(ends[last][np.argmax(right[last])])
