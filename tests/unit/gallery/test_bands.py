import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.errors import UsageError
from countenance.gallery.bands import FALSE_NAMES, Band, BandLimits, Calibration, limits

STARTER = Calibration(((1e-2, 0.420), (1e-3, 0.374), (1e-4, 0.335), (1e-5, 0.301), (1e-6, 0.272)))
ORDER = (Band.SURE, Band.LIKELY, Band.UNSURE, None)

distances = st.floats(0, 2)
measured_distances = st.floats(0.272, 0.420)
sizes = st.integers(0, 10_000_000)
penalties = st.floats(1, 16)


def _rank(band: Band | None) -> int:
    return ORDER.index(band)


@pytest.mark.parametrize(("rate", "distance"), STARTER.points)
def test_a_measured_point_is_given_as_measured(rate: float, distance: float) -> None:
    """At the points themselves nothing is interpolated."""
    assert STARTER.distance(rate) == distance
    assert STARTER.rate(distance) == pytest.approx(rate, rel=1e-12)


def test_between_two_points_the_logarithm_is_linear() -> None:
    """Half way between two distances lies the geometric mean of their rates."""
    assert STARTER.rate((0.374 + 0.335) / 2) == pytest.approx(math.sqrt(1e-3 * 1e-4))
    assert STARTER.distance(math.sqrt(1e-3 * 1e-4)) == pytest.approx((0.374 + 0.335) / 2)


@given(measured_distances)
def test_there_and_back_is_the_same_distance(distance: float) -> None:
    """Within what was measured, rate and distance are each other's inverse."""
    assert STARTER.distance(STARTER.rate(distance) * (1 + 1e-12)) == pytest.approx(distance)


@given(distances, distances)
def test_a_larger_distance_never_has_a_lower_rate(a: float, b: float) -> None:
    """The rate rises with the distance."""
    assert STARTER.rate(min(a, b)) <= STARTER.rate(max(a, b))


@given(distances)
def test_no_rate_below_the_lowest_measured_is_claimed(distance: float) -> None:
    """However near, the rate is never lower than what was measured, and beyond it is 1."""
    assert 1e-6 * (1 - 1e-12) <= STARTER.rate(distance) <= 1
    if distance > 0.420:
        assert STARTER.rate(distance) == 1


@given(st.floats(1e-12, 9.9e-7))
def test_a_rate_that_was_not_measured_has_no_distance(rate: float) -> None:
    """Below the lowest measured rate no distance will do, not even none."""
    assert STARTER.distance(rate) == -math.inf


@given(st.floats(1e-2, 10))
def test_a_rate_above_the_highest_measured_gives_the_largest_distance(rate: float) -> None:
    """Nobody is named at a distance beyond those measured, whatever may be wrong."""
    assert STARTER.distance(rate) == 0.420


def test_bands_in_a_gallery_of_a_hundred() -> None:
    """The limits are where the measured rate times the people is the band's share."""
    reached = limits(STARTER, size=100)
    assert reached.sure == pytest.approx(0.301)
    assert reached.likely == pytest.approx(0.335)
    assert 0.335 < reached.unsure < 0.374


@given(measured_distances, st.integers(1, 30_000), penalties)
def test_a_band_keeps_what_it_promises(distance: float, size: int, penalty: float) -> None:
    """Where a band is given, rate times people times penalty is at most its share."""
    band = limits(STARTER, size=size, penalty=penalty).band_of(distance)
    if band is not None:
        assert STARTER.rate(distance) * size * penalty <= FALSE_NAMES[band] * (1 + 1e-9)


@given(distances, distances, sizes, penalties)
def test_a_larger_distance_is_never_in_a_better_band(
    a: float, b: float, size: int, penalty: float
) -> None:
    """Bands follow the distance."""
    reached = limits(STARTER, size=size, penalty=penalty)
    assert _rank(reached.band_of(min(a, b))) <= _rank(reached.band_of(max(a, b)))


@given(distances, sizes, sizes)
def test_a_larger_gallery_never_gives_a_better_band(distance: float, a: int, b: int) -> None:
    """More people, more chances for a stranger to look like one of them."""
    small, large = limits(STARTER, size=min(a, b)), limits(STARTER, size=max(a, b))
    assert _rank(small.band_of(distance)) <= _rank(large.band_of(distance))


@given(distances, sizes, penalties, penalties)
def test_a_larger_penalty_never_gives_a_better_band(
    distance: float, size: int, a: float, b: float
) -> None:
    """A poor picture is trusted less."""
    trusted = limits(STARTER, size=size, penalty=min(a, b))
    doubted = limits(STARTER, size=size, penalty=max(a, b))
    assert _rank(trusted.band_of(distance)) <= _rank(doubted.band_of(distance))


def test_a_gallery_too_large_for_the_pack_names_nobody() -> None:
    """Where the pack was never measured as finely as needed, equal vectors are no match either."""
    assert limits(STARTER, size=100_000).band_of(0.0) is None


def test_a_limit_belongs_to_its_band() -> None:
    """At its very limit a distance is still in the band."""
    reached = BandLimits(sure=0.1, likely=0.2, unsure=0.3)
    found = [reached.band_of(distance) for distance in (0.0, 0.1, 0.2, 0.3, 0.31)]
    assert found == [Band.SURE, Band.SURE, Band.LIKELY, Band.UNSURE, None]


@pytest.mark.parametrize(
    "points",
    [
        (),
        ((1e-2, 0.4),),
        ((1e-3, 0.4), (1e-2, 0.3)),
        ((1e-2, 0.3), (1e-3, 0.4)),
        ((1e-2, 0.4), (1e-2, 0.3)),
        ((1e-2, 0.4), (1e-3, 0.4)),
        ((1.5, 0.4), (1e-3, 0.3)),
        ((1e-2, 0.4), (0.0, 0.3)),
        ((1e-2, 2.5), (1e-3, 0.3)),
        ((1e-2, 0.4), (1e-3, 0.0)),
        ((math.nan, 0.4), (1e-3, 0.3)),
        ((1e-2, math.nan), (1e-3, 0.3)),
    ],
)
def test_a_malformed_calibration_is_refused(points: tuple[tuple[float, float], ...]) -> None:
    """Too few points, or points out of order or range, are no calibration."""
    with pytest.raises(UsageError, match="calibration"):
        Calibration(points)


@pytest.mark.parametrize("rate", [0.0, -1.0, math.nan])
def test_a_rate_is_above_zero(rate: float) -> None:
    """Nothing is never wrong."""
    with pytest.raises(UsageError, match="rate"):
        STARTER.distance(rate)


@pytest.mark.parametrize(("size", "penalty"), [(-1, 1.0), (10, 0.5), (10, math.nan)])
def test_limits_need_a_size_and_a_penalty(size: int, penalty: float) -> None:
    """A penalty never makes a band better."""
    with pytest.raises(UsageError, match="limits"):
        limits(STARTER, size=size, penalty=penalty)
