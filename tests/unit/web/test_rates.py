import pytest

from countenance.web.rates import Rate, Rates, TooOften

SLOW = Rate(burst=2, per_minute=6)


def test_a_bucket_empties_and_fills_again() -> None:
    """So many at once, then one every ten seconds; who is refused loses nothing by it."""
    now = 0.0
    rates = Rates(clock=lambda: now)
    for _ in range(2):
        rates.take(SLOW, "a")
    for _ in range(3):
        with pytest.raises(TooOften):
            rates.take(SLOW, "a")
    rates.take(SLOW, "b")
    now = 10.0
    rates.require(SLOW, "a")
    rates.take(SLOW, "a")
    with pytest.raises(TooOften):
        rates.require(SLOW, "a")
    now = 1000.0
    for _ in range(2):
        rates.take(SLOW, "a")
    with pytest.raises(TooOften):
        rates.take(SLOW, "a")
