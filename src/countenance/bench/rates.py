"""False-match rates of a pack out of an evaluation: what its bands may rest on."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from countenance.bench.evaluation import Evaluation
from countenance.bench.protocols import BINS, FARTHEST, Spread
from countenance.errors import Refused
from countenance.vision.pack import Calibration, CalibrationPoint, Pack

RATES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)

FEWEST_ERRORS = 10
"""At a rate where fewer are to be expected nothing is claimed."""

_LEAST_POINTS = 2


def rates_of(pack: Pack, measured: Evaluation, dataset: str) -> Calibration:
    """
    The calibration of `pack` by all pairs of different people in a dataset.

    Raises `Refused` if the pack comes with rates, or if there are too few pairs for two rates.
    """
    if pack.measured:
        raise Refused(f"{pack.id}: its false-match rates are known; nothing was written")
    spreads = [one.different for one in measured.compared if one.protocol == "all pairs"]
    spread = spreads[0] if spreads else Spread.none()
    points = points_of(spread)
    if len(points) < _LEAST_POINTS:
        needed = int(FEWEST_ERRORS / RATES[_LEAST_POINTS - 1])
        raise Refused(
            f"{dataset}: {spread.total:,} pairs of different people are too few for two rates; "
            f"{needed:,} are enough, and for the rates that a library needs 10,000,000"
        )
    today = datetime.now(UTC).date()
    told = f"{dataset}, {spread.total:,} pairs of different people, on this machine"
    return replace(pack.calibration, measured=True, measured_on=told, date=today, points=points)


def points_of(spread: Spread) -> tuple[CalibrationPoint, ...]:
    """
    For each rate the largest distance within which no greater share of the pairs lies; as far down
    as there are pairs to tell.
    """
    within = spread.within()
    points: list[CalibrationPoint] = []
    for rate in RATES:
        if spread.total * rate < FEWEST_ERRORS:
            break
        edge = int(np.searchsorted(within, rate * spread.total, side="right")) - 1
        distance = edge * FARTHEST / BINS
        if distance > 0 and (not points or distance < points[-1].distance):
            points.append(CalibrationPoint(rate, distance))
    return tuple(points)
