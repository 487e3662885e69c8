"""Boxes."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.core.geometry import Float32, areas, overlaps, suppress

_ORIGIN = st.floats(-5000, 5000, width=32)
_SIDE = st.floats(1, 5000, width=32)
_BOX = st.tuples(_ORIGIN, _ORIGIN, _SIDE, _SIDE).map(
    lambda box: (box[0], box[1], box[0] + box[2], box[1] + box[3])
)
_BOXES = st.lists(_BOX, max_size=12).map(lambda rows: np.array(rows, np.float32).reshape(-1, 4))


@given(_BOXES)
def test_areas_are_positive(boxes: Float32) -> None:
    """A box whose corners are in order has an area."""
    assert areas(boxes).shape == (len(boxes),)
    assert np.all(areas(boxes) > 0)


@given(_BOXES, _BOXES)
def test_overlaps_are_shares(a: Float32, b: Float32) -> None:
    """Every pair has an overlap in [0, 1], also when there is no pair at all."""
    shares = overlaps(a, b)
    assert shares.shape == (len(a), len(b))
    assert shares.dtype == np.float32
    assert np.all((shares >= 0) & (shares <= 1))


@given(_BOXES, _BOXES)
def test_overlaps_are_symmetric(a: Float32, b: Float32) -> None:
    """It does not matter which of two boxes is asked about the other."""
    assert np.array_equal(overlaps(a, b), overlaps(b, a).T)


@given(_BOXES)
def test_a_box_overlaps_itself_fully(boxes: Float32) -> None:
    """The overlap of a box with itself is one."""
    assert np.diag(overlaps(boxes, boxes)) == pytest.approx(np.ones(len(boxes)))


def test_overlap_of_two_boxes_that_share_a_third() -> None:
    """Two squares shifted by half a side share half of each, which is a third of both."""
    a = np.array([[0, 0, 2, 2]], np.float32)
    b = np.array([[1, 0, 3, 2]], np.float32)
    assert overlaps(a, b)[0, 0] == pytest.approx(1 / 3)


def test_boxes_that_touch_do_not_overlap() -> None:
    """A common edge is no common area."""
    a = np.array([[0, 0, 2, 2]], np.float32)
    b = np.array([[2, 0, 4, 2]], np.float32)
    assert overlaps(a, b)[0, 0] == 0


@given(_BOXES, st.floats(0.05, 0.95), st.randoms(use_true_random=False))
def test_suppress_keeps_the_best_and_explains_what_it_drops(
    boxes: Float32, overlap: float, random: Random
) -> None:
    """
    What is kept is in order of score and apart from one another; what is dropped overlaps a
    better box that was kept.
    """
    scores = np.array([random.random() for _ in boxes], np.float32)
    keep = suppress(boxes, scores, overlap=overlap)
    shares = overlaps(boxes, boxes)

    assert np.all(np.diff(scores[keep]) <= 0)
    assert len(boxes) == 0 or scores[keep[0]] == scores.max()
    for row in range(len(boxes)):
        better = [k for k in keep if k != row and scores[k] >= scores[row]]
        overlapped = bool(np.any(shares[row, better] >= overlap))
        assert overlapped != (row in keep)


def test_suppress_of_nothing_keeps_nothing() -> None:
    """No box is a value: zero rows in, zero rows out."""
    nothing = suppress(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), overlap=0.5)
    assert nothing.shape == (0,)
