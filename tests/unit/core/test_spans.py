"""Spans of films: written, joined, compared."""

import pytest

from countenance.core.spans import fragment, in_words, joined, meet, moment


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "00:00.0"),
        (12.5, "00:12.5"),
        (59.96, "01:00.0"),
        (3599.94, "59:59.9"),
        (3732.5, "1:02:12.5"),
        (36_000, "10:00:00.0"),
    ],
)
def test_moments_are_minutes_and_tenths(seconds: float, written: str) -> None:
    """To a tenth, with hours where there are any; 59.96 is a minute and not sixty seconds."""
    assert moment(seconds) == written


def test_a_span_is_two_moments_or_one() -> None:
    """What is seen in one frame has one time."""
    assert in_words((12.5, 14)) == "00:12.5-00:14.0"
    assert in_words((12.5, 12.52)) == "00:12.5"
    assert fragment((12.5, 14)) == "#t=12.5"


def test_spans_meet_in_an_instant() -> None:
    """The ends belong to them."""
    assert meet([(0, 1)], [(1, 2)])
    assert meet([(0, 10)], [(4, 5)])
    assert not meet([(0, 1), (3, 4)], [(1.1, 2.9)])
    assert not meet([], [(0, 1)])


def test_near_spans_become_one() -> None:
    """In any order, and over whatever lies within another."""
    spans = [(20, 21), (0, 5), (1, 2), (6, 7)]
    assert joined(spans, gap=1) == ((0, 7), (20, 21))
    assert joined(spans, gap=0.5) == ((0, 5), (6, 7), (20, 21))
    assert joined([], gap=1) == ()
