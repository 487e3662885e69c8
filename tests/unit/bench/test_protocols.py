"""The protocols against counting by hand, on distances that are made up."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from countenance.bench import protocols
from countenance.bench.protocols import (
    BINS,
    Spread,
    accuracy_by_folds,
    identify,
    needed_for,
    recall_by_height,
    trade_off,
    verify,
)
from countenance.core.rates import Rate
from countenance.errors import UsageError

Float64 = protocols.Float64

WIDTH = protocols.FARTHEST / BINS
NEAR = st.integers(0, 200).map(lambda tick: (tick + 0.5) * WIDTH * 997)
DISTANCE = st.one_of(NEAR, st.just(math.inf))


def distances(low: int, high: int) -> st.SearchStrategy[Float64]:
    return st.lists(DISTANCE, min_size=low, max_size=high).map(np.array)


@given(distances(1, 40), distances(100, 160), st.sampled_from([0.1, 0.15, 0.33, 1.0]))
def test_verification_is_what_counting_every_limit_says(
    same: Float64, different: Float64, fmr: float
) -> None:
    """Of all limits with at most that share of false matches, the most pairs that one accepts."""
    point = verify(Spread.of(same), Spread.of(different), fmr=fmr)
    best = 0
    for limit in [*same[np.isfinite(same)], *different[np.isfinite(different)], 0.0]:
        if np.sum(different <= limit) <= fmr * len(different):
            best = max(best, int(np.sum(same <= limit)))
    assert point.accepted == Rate(best, len(same))
    assert point.false is not None
    assert point.false.count <= fmr * len(different)


@given(distances(0, 20), distances(0, 99))
def test_too_few_pairs_give_no_figure(same: Float64, different: Float64) -> None:
    """Where not ten false matches are to be expected, there is how many pairs it takes."""
    point = verify(Spread.of(same), Spread.of(different), fmr=0.1)
    assert (point.needed, point.accepted, point.false) == (100, None, None)


@given(distances(0, 20), distances(0, 20))
def test_spreads_add_up(one: Float64, other: Float64) -> None:
    """Counted block by block, or all at once."""
    whole = Spread.of(np.concatenate([one, other]))
    summed = Spread.of(one) + Spread.of(other)
    assert whole.apart == summed.apart
    assert np.array_equal(whole.counts, summed.counts)
    assert whole.total == len(one) + len(other)


@pytest.mark.parametrize("wrong", [-0.1, 2.1, math.nan, -math.inf])
def test_what_is_no_distance_is_refused(wrong: float) -> None:
    """Unit vectors are from 0 to 2 apart."""
    with pytest.raises(UsageError, match="distances"):
        Spread.of(np.array([0.5, wrong]))


@given(distances(1, 30), distances(1, 30))
def test_the_trade_off_falls(same: Float64, different: Float64) -> None:
    """As limits grow there are more false matches and fewer misses; every point is a true one."""
    false, missed = trade_off(Spread.of(same), Spread.of(different))
    assert np.all(np.diff(false) >= 0)
    assert np.all(np.diff(missed) <= 0)
    assert (false[0], missed[0]) == (0, 1)
    assert false[-1] == np.isfinite(different).mean()
    assert missed[-1] == pytest.approx(np.isinf(same).mean())


def test_no_pairs_of_one_kind_have_no_trade_off() -> None:
    """There is nothing to trade."""
    assert len(trade_off(Spread.none(), Spread.of(np.array([0.5])))[0]) == 0


@given(distances(1, 30), distances(100, 130), st.sampled_from([0.1, 0.2, 1.0]))
def test_identification_is_what_counting_every_limit_says(
    mates: Float64, strangers: Float64, fpir: float
) -> None:
    """Of all limits that name at most that share of strangers, the fewest that one misses."""
    point = identify(mates, strangers, fpir=fpir)
    fewest = len(mates)
    for limit in [*mates[np.isfinite(mates)], *strangers[np.isfinite(strangers)], 0.0]:
        if np.sum(strangers <= limit) <= fpir * len(strangers):
            fewest = min(fewest, int(np.sum(~(mates <= limit))))
    assert point.missed == Rate(fewest, len(mates))
    assert point.false is not None
    assert point.false.count <= fpir * len(strangers)


def test_identification_needs_strangers() -> None:
    """At 0.003 it takes more than 3,333 searches for people who are not there."""
    point = identify(np.full(9, 0.1), np.full(3333, 1.0), fpir=0.003)
    assert (point.needed, point.missed) == (3334, None)
    enough = identify(np.full(9, 0.1), np.full(3334, 1.0), fpir=0.003)
    assert enough.missed == Rate(0, 9)


def test_a_tie_of_strangers_is_not_cut_in_two() -> None:
    """Of strangers who are equally near either all are within the limit, or none."""
    point = identify(np.array([0.4, 0.6]), np.full(100, 0.5), fpir=0.1)
    assert (point.missed, point.false) == (Rate(1, 2), Rate(0, 100))


@given(st.data())
def test_accuracy_by_folds_is_what_trying_every_limit_says(data: st.DataObject) -> None:
    """Each fold is judged by the limit that was best on the others, found here by trying all."""
    n = data.draw(st.integers(6, 40))
    apart = data.draw(arrays(np.float64, n, elements=DISTANCE))
    same = data.draw(arrays(np.bool_, n))
    folds = np.arange(n) % 3
    shares = []
    for fold in range(3):
        others = folds != fold
        tried = [
            (np.mean((apart[others] <= limit) == same[others]), -limit) for limit in apart[others]
        ]
        best = -max(tried)[1]
        shares.append(float(np.mean((apart[~others] <= best) == same[~others])))
    told = accuracy_by_folds(apart, same, folds)
    assert told is not None
    assert told.mean == pytest.approx(np.mean(shares))
    assert told.error == pytest.approx(np.std(shares, ddof=1) / math.sqrt(3))


def test_one_fold_has_no_others() -> None:
    """There is nothing to learn a limit from."""
    assert accuracy_by_folds(np.ones(4), np.ones(4, np.bool_), np.zeros(4, np.intp)) is None


@given(st.lists(st.tuples(st.floats(0, 300), st.booleans()), max_size=60))
def test_recall_counts_every_face_in_one_row(faces: list[tuple[float, bool]]) -> None:
    """Each face from 10 pixels on stands in the row of its height, found or not."""
    heights = np.array([height for height, _ in faces])
    found = np.array([seen for _, seen in faces], np.bool_)
    rows = recall_by_height(heights, found)
    assert sum(row.found.of for row in rows) == sum(height >= 10 for height, _ in faces)
    for row in rows:
        within = [seen for height, seen in faces if row.low <= height < row.high]
        assert row.found == Rate(sum(within), len(within))


def test_how_many_it_takes() -> None:
    """Ten errors are to be expected, by the rate that is asked for."""
    assert [needed_for(rate) for rate in (1e-3, 1e-4, 0.003, 0.01)] == [10_000, 100_000, 3334, 1000]
