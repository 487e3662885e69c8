"""
At most so many false hits in 1,000 searches: the promise, kept at every size of the gallery.

Scores are made, with a seed: random directions, whose distances have a distribution that is known.
"""

import math

import numpy as np
import pytest

from countenance.core.ids import PersonId
from countenance.errors import Refused, UsageError
from countenance.extract.recognise import expected_here, require_reach
from countenance.gallery.bands import (
    FALSE_NAMES,
    FEWEST_PEOPLE,
    MOST_FALSE_HITS,
    Band,
    Calibration,
    limits,
    most_people,
    promised,
)
from countenance.gallery.gallery import Float32, Gallery
from countenance.gallery.matching import assign
from countenance.vision.pack import load_pack

DIMENSIONS = 24
SEED = 20261123
AT_ONCE = 500


def _calibration() -> Calibration:
    """Of two random directions: the share of pairs within a distance, by its known density."""
    cosines = np.linspace(-1, 1, 2_000_001)
    density = (1 - cosines**2) ** ((DIMENSIONS - 3) / 2)
    above = np.cumsum(density[::-1])[::-1] / density.sum()
    rates = np.logspace(0, -8, 161)
    found = np.interp(-np.log(rates), -np.log(np.maximum(above, 1e-300)), cosines)
    distances = np.sqrt(2 - 2 * found)
    return Calibration(tuple(zip(rates.tolist(), distances.tolist(), strict=True)))


CALIBRATION = _calibration()


def _directions(count: int, rng: np.random.Generator) -> Float32:
    rows = rng.standard_normal((count, DIMENSIONS)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def _gallery(people: int, rng: np.random.Generator) -> Gallery:
    names = tuple(PersonId(f"p_{number:06}") for number in range(people))
    return Gallery(names, _directions(people, rng), np.zeros(people, np.bool_))


@pytest.mark.promise("P9")
@pytest.mark.parametrize("false_hits", [1.0, 4.0])
@pytest.mark.parametrize(
    ("people", "searches"),
    [
        (10, 20_000),
        (20, 20_000),
        (100, 20_000),
        (1_000, 20_000),
        (10_000, 8_000),
        (100_000, 2_000),
    ],
)
def test_strangers_are_named_as_seldom_as_promised(
    people: int, searches: int, false_hits: float
) -> None:
    """
    Each search a stranger's face by itself, through gallery and matching, as the product searches.

    The promise holds for a band or a better one; it is also no stricter than it has to be.
    """
    rng = np.random.default_rng([SEED, people])
    gallery, named = _gallery(people, rng), dict.fromkeys(Band, 0)
    for _ in range(searches // AT_ONCE):
        matches = assign(
            _directions(AT_ONCE, rng),
            small=np.zeros(AT_ONCE, np.bool_),
            gallery=gallery,
            calibration=CALIBRATION,
            penalty=2.0,
            false_hits=false_hits,
            together=np.eye(AT_ONCE, dtype=np.bool_),  # each a search of its own
        )
        for match in matches:
            named[match.band] += 1
    better = 0
    for band in Band:
        better += named[band]
        expected = promised(false_hits)[band] * searches
        slack = 4 * math.sqrt(expected) + 1
        assert better <= expected + slack, band
        if people >= FEWEST_PEOPLE:
            # Of twenty who may be hit several at once, the share of searches is a little lower.
            assert better >= 0.9 * expected - slack, band


@pytest.mark.parametrize("people", [10, 100, 1_000, 10_000, 100_000])
@pytest.mark.parametrize("false_hits", [0.1, 1.0, 20.0])
def test_the_limits_are_exact_by_the_least_of_so_many(people: int, false_hits: float) -> None:
    """The nearest of n strangers, drawn by its own distribution, a million times."""
    rng = np.random.default_rng([SEED, people, round(false_hits * 10)])
    least = -np.expm1(np.log1p(-rng.random(1_000_000)) / people)  # the lowest of n rates
    reached = limits(CALIBRATION, size=people, false_hits=false_hits)
    for band in Band:
        limit, promise = getattr(reached, band.value), promised(false_hits)[band]
        rate = CALIBRATION.rate(limit) if limit > 0 else 0.0
        named = float(np.mean(least <= rate))
        assert named <= promise + 4 * math.sqrt(promise / len(least))


def test_one_in_a_thousand_is_what_it_always_was() -> None:
    """The default changes no limit; so many more are so many times as much."""
    assert promised() == FALSE_NAMES
    assert promised(2.0) == {band: 2 * rate for band, rate in FALSE_NAMES.items()}
    assert promised(MOST_FALSE_HITS)[Band.UNSURE] == pytest.approx(1.0)
    for wrong in (0.0, -1.0, math.nan, 20.5):
        with pytest.raises(UsageError, match="false_hits"):
            promised(wrong)


def test_how_many_people_a_measurement_is_enough_for() -> None:
    """As docs/accuracy.md says; a gallery of one more reaches the band no longer."""
    starter = expected_here(load_pack("starter"))
    most = most_people(starter)
    assert most == {Band.SURE: 250, Band.LIKELY: 2_500, Band.UNSURE: 12_500}
    for band, people in most.items():
        assert getattr(limits(starter, size=people), band.value) > 0
        assert getattr(limits(starter, size=people + 1), band.value) == -math.inf
    assert most_people(starter, false_hits=0.01)[Band.SURE] == 0


@pytest.mark.promise("P9")
def test_where_no_band_can_be_reached_it_is_said_and_not_silent() -> None:
    """With what is measured, and for how many that is enough."""
    pack = load_pack("starter")
    require_reach(pack, 12_500, false_hits=1.0)
    with pytest.raises(Refused, match="was measured for is 4e-06, which is enough for 12,500"):
        require_reach(pack, 12_501, false_hits=1.0)
    with pytest.raises(Refused, match=r"at most 0\.1 false hits per 1,000 searches among 5,000"):
        require_reach(pack, 5_000, false_hits=0.1)
    require_reach(pack, 5_000, false_hits=2.0)
