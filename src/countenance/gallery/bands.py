"""
Bands: what a distance between two templates means, in a gallery of a given size.

A distance says little by itself: the same one is safe among ten people and names a stranger every
day among a hundred thousand. What counts is how often a stranger's face would be given anybody's
name. That is the rate at which two different people come as near as this (the pack's calibration),
times the number of people it is compared with.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from countenance.errors import UsageError


class Band(StrEnum):
    """How sure a sighting is, best first. The value is the word in answers and in the database."""

    SURE = "sure"
    LIKELY = "likely"
    UNSURE = "unsure"


FALSE_NAMES: Mapping[Band, float] = {Band.SURE: 0.001, Band.LIKELY: 0.01, Band.UNSURE: 0.05}
"""
False names for each stranger's face, at most, by band, where one false hit in 1,000 searches is
allowed; where N are, N times as many.

`sure` is for acting without another look: a gala of 1,000 strangers' faces names one of them
wrongly. `likely` is for a list that its reader looks through: one in 100. `unsure` is for a list
to be confirmed by hand: one in 20, beyond which checking costs more than it finds.
"""


FALSE_HITS = 1.0
"""In 1,000 searches with a stranger's face, how often it may be given a name that is `sure`."""

MOST_FALSE_HITS = 20.0
"""With more, every stranger would be given a name that is `unsure`."""

FEWEST_PEOPLE = 20
"""
A smaller gallery is judged as if it held this many people.

By the rates alone a gallery of one could take anybody who looks somewhat alike for that one; but
a library with few people enrolled still shows many strangers.
"""

_ROUNDING = 1e-9

_FARTHEST = 2.0
"""The distance of opposite unit vectors."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """
    How often two different people come as near as a distance, as measured for one model pack.

    `points` are pairs of a false-match rate, in (0, 1], and the Euclidean distance between unit
    vectors, in (0, 2], below which that share of pairs of different people lies; the highest rate
    first. Between two points the logarithm of the rate is linear in the distance.

    Outside the measured points nothing is claimed: below the smallest distance the rate is the
    lowest that was measured, above the largest it is 1.

    Raises `UsageError` if there are fewer than two points, or if they are out of order or range.
    """

    points: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        rates, distances = self._rates(), self._distances()
        if len(self.points) < 2:  # noqa: PLR2004  a line takes two points
            raise UsageError(f"calibration: expected 2 points or more, got {len(self.points)}")
        if not (_descends(rates) and _descends(distances)):
            raise UsageError("calibration: rates and distances must both descend")
        if not (rates[-1] > 0 and rates[0] <= 1):
            raise UsageError("calibration: rates must be above 0 and at most 1")
        if not (distances[-1] > 0 and distances[0] <= _FARTHEST):
            raise UsageError("calibration: distances must be above 0 and at most 2")

    def rate(self, distance: float) -> float:
        """The false-match rate at `distance`: never lower than the lowest that was measured."""
        import numpy as np  # noqa: PLC0415  slow, and seldom needed

        if distance > self.points[0][1]:
            return 1.0
        logs = np.log10(self._rates()[::-1])
        return float(10 ** np.interp(distance, self._distances()[::-1], logs))

    def distance(self, rate: float) -> float:
        """
        The largest distance with at most this false-match rate.

        It is `-inf` if `rate` is lower than the lowest that was measured: then no distance will do.
        Raises `UsageError` if `rate` is not above 0.
        """
        import numpy as np  # noqa: PLC0415  slow, and seldom needed

        if not rate > 0:
            raise UsageError(f"rate: expected a number above 0, got {rate}")
        if rate < self.points[-1][0]:
            return -math.inf
        logs = np.log10(self._rates()[::-1])
        return float(np.interp(math.log10(rate), logs, self._distances()[::-1]))

    def _rates(self) -> list[float]:
        return [rate for rate, _ in self.points]

    def _distances(self) -> list[float]:
        return [distance for _, distance in self.points]


@dataclass(frozen=True, slots=True)
class BandLimits:
    """The largest distance of each band; `-inf` for a band that no distance reaches."""

    sure: float
    likely: float
    unsure: float

    def band_of(self, distance: float) -> Band | None:
        """The best band that `distance` reaches, or `None` if it is too large for any."""
        if distance <= self.sure:
            return Band.SURE
        if distance <= self.likely:
            return Band.LIKELY
        if distance <= self.unsure:
            return Band.UNSURE
        return None


def limits(
    calibration: Calibration, *, size: int, penalty: float = 1.0, false_hits: float = FALSE_HITS
) -> BandLimits:
    """
    The limits of the bands for a face that is compared with `size` people, 20 at the fewest.

    `penalty`, 1 or more, is how many times the measured rate is expected, for a face or a
    reference worse than those it was measured on. Of 1,000 strangers' faces at most `false_hits`
    are given somebody's name and called `sure`, and the other bands in proportion.

    Raises `UsageError` if `size` is negative, `penalty` is below 1, or `false_hits` is not above 0
    or above `MOST_FALSE_HITS`.
    """
    if size < 0 or not penalty >= 1:
        raise UsageError(f"limits: expected size >= 0 and penalty >= 1, got {size} and {penalty}")
    comparisons = max(size, FEWEST_PEOPLE) * penalty
    rates = {band: rate / comparisons for band, rate in promised(false_hits).items()}
    return BandLimits(
        sure=calibration.distance(rates[Band.SURE]),
        likely=calibration.distance(rates[Band.LIKELY]),
        unsure=calibration.distance(rates[Band.UNSURE]),
    )


def promised(false_hits: float = FALSE_HITS) -> Mapping[Band, float]:
    """
    False names for each stranger's face, at most, by band, where `false_hits` in 1,000 searches
    may be sure.

    Raises `UsageError` if it is not above 0, or is above `MOST_FALSE_HITS`.
    """
    if not 0 < false_hits <= MOST_FALSE_HITS:
        raise UsageError(
            f"false_hits: expected a number above 0, at most {MOST_FALSE_HITS:g}, got {false_hits}"
        )
    return {band: rate * false_hits / FALSE_HITS for band, rate in FALSE_NAMES.items()}


def most_people(calibration: Calibration, *, false_hits: float = FALSE_HITS) -> Mapping[Band, int]:
    """
    Among how many people each band can be reached at most; 0 for one that cannot be at all.

    Beyond that it would take a lower false-match rate than was measured. Raises as `promised`.
    """
    lowest = calibration.points[-1][0]
    # A little slack, for 0.001 / 0.000004 is 250 in numbers, and a hair less in floats.
    counts = {
        band: math.floor(rate / lowest * (1 + _ROUNDING))
        for band, rate in promised(false_hits).items()
    }
    return {band: count if count >= FEWEST_PEOPLE else 0 for band, count in counts.items()}


# ------------------------------------------------------------------------------------------------


def _descends(numbers: list[float]) -> bool:
    return all(above > below for above, below in pairwise(numbers))
