from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countenance.errors import UsageError
from countenance.vault.scan import Needles, needles_of


def noise(size: int) -> bytes:
    return np.random.default_rng(1).bytes(size)


NEEDLE = noise(24)


def test_needles_are_spread_behind_the_header() -> None:
    """Five pieces from five parts of the object, none of them in what is skipped."""
    data = noise(100_000)
    needles = needles_of(data)
    places = [data.find(one) for one in needles]
    assert [len(one) for one in needles] == [24] * 5
    assert places[0] >= 4096
    assert all(later - former > 15_000 for former, later in pairwise(places))


@pytest.mark.parametrize("size", [*range(30), 64, 100, 1000])
def test_a_small_object_gives_what_it_has(size: int) -> None:
    """From 16 bytes on there is a needle, and each is a piece of the object."""
    data = noise(size)
    needles = needles_of(data)
    assert bool(needles) == (size >= 16)
    assert all(one in data and len(one) >= 16 for one in needles)


def test_what_is_in_every_file_is_no_needle() -> None:
    """Blank and dull pieces are passed over, also where most of the object is so."""
    assert needles_of(bytes(5000)) == needles_of(b"abcde" * 1000) == ()
    blank = bytes(50_000) + noise(100) + bytes(50_000)
    assert needles_of(blank)
    for one in needles_of(blank):
        assert bytes(8) not in one
        assert len(set(one)) >= 6


def test_an_object_that_repeats_itself_gives_each_needle_once() -> None:
    """Two needles that are the same would be one."""
    needles = needles_of(noise(24) * 1000)
    assert len(set(needles)) == len(needles)


def test_a_telling_header_is_better_than_nothing() -> None:
    """Where nothing behind the header tells anything, the header is taken."""
    assert needles_of(noise(100) + bytes(9000))


@settings(deadline=None)
@given(st.binary(max_size=400), st.integers(1, 7), st.integers(16, 40), st.integers(0, 300))
def test_needles_find_their_object(data: bytes, count: int, length: int, skip: int) -> None:
    """Whatever is asked for, each needle is a piece of the object and none is there twice."""
    needles = needles_of(data, count=count, length=length, skip=skip)
    assert len(set(needles)) == len(needles) <= count
    assert all(one in data and 16 <= len(one) <= length for one in needles)


def test_needles_that_prove_nothing_are_refused() -> None:
    """An object without a needle would look gone, and a short one is found by chance."""
    with pytest.raises(UsageError, match="no needle of c_1"):
        Needles({"c_1": ()})
    with pytest.raises(UsageError, match="shorter than 16"):
        Needles({"c_1": (NEEDLE, NEEDLE[:15])})
    with pytest.raises(UsageError, match="needles"):
        needles_of(NEEDLE, length=15)
    with pytest.raises(UsageError, match="needles"):
        needles_of(NEEDLE, count=0)
