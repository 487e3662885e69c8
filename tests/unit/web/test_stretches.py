"""Stretches: all buckets, in their order, and few of them by name."""

import pytest

from countenance.catalog.buckets import Bucket, Place
from countenance.core.ids import PhotoId
from countenance.web.staff.stretches import FEW, STRETCHES, between, stretched


def made(count: int) -> list[Bucket]:
    return [Bucket(Place(f"{number:06}", PhotoId("i")), 250, 300.0) for number in range(count)]


@pytest.mark.parametrize("count", [0, 1, FEW, FEW + 1, 777, 4000])
def test_stretches_are_all_buckets_once_in_their_order(count: int) -> None:
    """Whatever is looked at: what is in them together is what there is."""
    buckets = made(count)
    for looked_at in (None, *(one.first for one in buckets[:: max(1, count // 5)])):
        found = stretched(buckets, looked_at)
        assert sum(one.buckets for one in found) == count
        assert sum(one.count for one in found) == 250 * count
        inside = [each for one in found for each in between(buckets, one.first, one.until)]
        assert [each.first for each in inside] == [one.first for one in buckets]
        assert len(found) <= max(FEW, STRETCHES + -(-count // STRETCHES))


def test_what_is_looked_at_is_a_bucket() -> None:
    """The page shows that one, and names those beside it one by one."""
    buckets = made(4000)
    first = buckets[1234].first
    (here,) = [one for one in stretched(buckets, first) if one.first == first]
    assert here.buckets == 1
    assert here.until == buckets[1235].first
