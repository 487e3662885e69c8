import math

import hypothesis.strategies as st
import pytest
from hypothesis import given

from countenance.core.rates import Rate
from countenance.errors import UsageError

PUBLISHED = [
    # Newcombe (1998), Statistics in Medicine 17, 857-872, table I: method 3, to four places.
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0000, 0.1611),
    (1, 29, 0.0061, 0.1718),
]


@pytest.mark.parametrize(("count", "of", "low", "high"), PUBLISHED)
def test_the_interval_is_as_published(count: int, of: int, low: float, high: float) -> None:
    """The intervals that the literature gives for Wilson's method."""
    assert Rate(count, of).interval == pytest.approx((low, high), abs=5e-5)


def test_of_no_events_anything_may_be() -> None:
    """Nothing was counted: there is no share, and the interval is all there is."""
    assert (Rate(0, 0).share, Rate(0, 0).interval) == (None, (0.0, 1.0))


@given(st.integers(1, 10**7).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_both_ends_solve_the_equation_of_wilson(pair: tuple[int, int]) -> None:
    """Each end lies 1.96 of its own standard errors from the share; and the share between them."""
    rate = Rate(*pair)
    assert rate.share is not None
    low, high = rate.interval
    assert 0 <= low <= rate.share <= high <= 1
    for end in (low, high):
        if 0 < end < 1:
            deviation = abs(rate.share - end) / math.sqrt(end * (1 - end) / rate.of)
            assert deviation == pytest.approx(1.96, rel=1e-3)


@pytest.mark.parametrize(("count", "of"), [(-1, 3), (4, 3), (0, -1)])
def test_more_than_all_or_less_than_none_is_no_rate(count: int, of: int) -> None:
    """So many of so many."""
    with pytest.raises(UsageError, match="count"):
        Rate(count, of)
