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


def test_a_network_is_one() -> None:
    """Whoever has an address of IPv6 has 2^64 of them; of IPv4 each is one, however it is said."""
    rates = Rates(clock=lambda: 0.0)
    for one in ("2001:db8::1", "2001:db8::2:3:4:5"):
        rates.take(SLOW, one)
    with pytest.raises(TooOften):
        rates.take(SLOW, "2001:db8:0:0:ffff::")
    rates.take(SLOW, "2001:db8:0:1::1")
    rates.take(SLOW, "192.0.2.1")
    rates.take(SLOW, "::ffff:192.0.2.1")
    with pytest.raises(TooOften):
        rates.require(SLOW, "192.0.2.1")
