"""Covers: whole heads, and no value from under them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.errors import UsageError
from countenance.media.cover import (
    Box,
    Colour,
    Size,
    contains,
    cover_mask,
    covered,
    head_box,
    is_flat,
    overlap,
)
from countenance.media.release import Release, ReleaseStatus, released

SIZE = Size(200, 160)
NOISE = np.random.default_rng(1).integers(0, 255, (160, 200, 3), dtype=np.uint8)
UPRIGHT = ((85.0, 75.0), (115.0, 75.0), (100.0, 90.0), (88.0, 105.0), (112.0, 105.0))
FACE = (75.0, 55.0, 125.0, 115.0)

boxes = st.tuples(
    st.floats(-40, 190), st.floats(-40, 150), st.floats(4, 120), st.floats(4, 120)
).map(lambda one: (one[0], one[1], one[0] + one[2], one[1] + one[3]))


def in_picture(box: Box) -> bool:
    return box[2] > 1 and box[3] > 1 and box[0] < SIZE.width - 1 and box[1] < SIZE.height - 1


def test_the_whole_head_is_in_the_box() -> None:
    """Hair above, ears beside, the chin below."""
    x1, y1, x2, y2 = head_box(FACE, UPRIGHT, SIZE)
    width, height = FACE[2] - FACE[0], FACE[3] - FACE[1]
    assert y1 <= FACE[1] - 0.6 * height
    assert y2 >= FACE[3] + 0.2 * height
    assert x1 <= FACE[0] - 0.2 * width
    assert x2 >= FACE[2] + 0.2 * width


@pytest.mark.parametrize("lean", [-0.5, 0.0, 0.5])
def test_the_back_of_a_turned_head_is_in_the_box(lean: float) -> None:
    """It is on the other side than the nose; a head that looks straight has none to be seen."""
    turn = np.array([[np.cos(lean), np.sin(lean)], [-np.sin(lean), np.cos(lean)]])

    def head(nose: float) -> Box:
        points = np.array(UPRIGHT, np.float32) - 100
        points[2, 0] += nose
        said = points @ turn + 100
        return head_box(FACE, [(float(x), float(y)) for x, y in said], SIZE)

    straight, left, right = head(0), head(-12), head(12)
    assert left[2] >= straight[2] + 0.5 * 50 * np.cos(lean)
    assert right[0] <= straight[0] - 0.5 * 50 * np.cos(lean)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_head_that_lies_is_covered_on_every_side(quarters: int) -> None:
    """Where the hair is, is not to the side that is up; nor is it where nobody knows."""
    points = np.array(UPRIGHT, np.float32) - 100
    turn = np.array([[0, -1], [1, 0]])
    for _ in range(quarters):
        points = points @ turn
    box = (60.0, 60.0, 110.0, 110.0)
    for said in (None, [(float(x), float(y)) for x, y in points + 100]):
        x1, y1, x2, y2 = head_box(box, said, SIZE)
        assert min(60 - x1, 60 - y1, x2 - 110, y2 - 110) >= 0.55 * 50


@given(boxes.filter(in_picture))
def test_the_face_itself_is_wholly_covered(face: Box) -> None:
    """Every pixel of the detector's box, though the corners of the cover are round."""
    clipped = (max(0, face[0]), max(0, face[1]), min(200, face[2]), min(160, face[3]))
    middle = (face[0] + face[2]) / 2, (face[1] + face[3]) / 2
    points = [(middle[0] + dx, middle[1] + dy) for dx, dy in ((-1, -2), (1, -2), (0, 0), (0, 2))]
    for said in (None, [*points, points[-1]]):
        mask = cover_mask((160, 200), [head_box(clipped, said, SIZE)])
        x1, y1, x2, y2 = (round(one) for one in clipped)
        assert mask[y1:y2, x1:x2].all()


@pytest.mark.promise("P8")
@pytest.mark.parametrize("colour", Colour)
@given(st.lists(boxes.filter(in_picture), min_size=1, max_size=4), st.integers(0, 2**32))
def test_what_is_under_a_cover_has_no_part_in_the_picture(
    colour: Colour, places: list[Box], seed: int
) -> None:
    """Two pictures that differ there alone give one and the same file, to the last bit."""
    mask = cover_mask(NOISE.shape, places)
    other = NOISE.copy()
    other[mask] = np.random.default_rng(seed).integers(0, 255, (int(mask.sum()), 3))
    one, two = covered(NOISE, places, colour), covered(other, places, colour)
    assert np.array_equal(one, two)
    assert np.array_equal(one[~mask], NOISE[~mask])
    release = Release("x_1", ReleaseStatus.NONE, covers=places)
    assert released(one, release) == released(two, release)


def test_the_picture_given_is_not_changed() -> None:
    """It may be needed again."""
    before = NOISE.copy()
    covered(NOISE, [(10, 10, 60, 60)], Colour.SLATE)
    assert np.array_equal(before, NOISE)


@pytest.mark.promise("P8")
def test_what_was_not_painted_is_not_flat() -> None:
    """The check of the file sees a cover that is missing, moved, or let through."""
    mask = cover_mask(NOISE.shape, [(40.0, 30.0, 140.0, 130.0)])
    painted = covered(NOISE, [(40.0, 30.0, 140.0, 130.0)], Colour.SLATE)
    assert is_flat(painted, mask)
    assert not is_flat(NOISE, mask)
    assert not is_flat(painted, cover_mask(NOISE.shape, [(60.0, 50.0, 170.0, 150.0)]))
    through = (painted.astype(int) * 9 // 10 + NOISE.astype(int) // 10).astype(np.uint8)
    assert not is_flat(through, mask)


@pytest.mark.parametrize(
    "box", [(5, 5, 5, 9), (9, 5, 5, 9), (300, 5, 400, 9), (-9, -9, -1, -1), (0, 0, np.nan, 9)]
)
def test_what_is_no_box_is_refused(box: Box) -> None:
    """Empty, turned round, or outside the picture: a cover that would cover nothing."""
    with pytest.raises(UsageError):
        cover_mask((160, 200), [box])


def test_a_box_of_any_size_costs_no_more_than_the_picture() -> None:
    """A number typed by hand is no order to take all memory."""
    assert cover_mask((16, 20), [(-1e12, -1e12, 1e12, 1e12)]).all()


def test_boxes_are_compared() -> None:
    """Within, but for half a pixel; and how much of the smaller one is in the other."""
    assert contains((0, 0, 10, 10), (0, 0, 10.4, 10))
    assert not contains((0, 0, 10, 10), (0, 0, 11, 10))
    assert overlap((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(0.5)
    assert overlap((0, 0, 10, 10), (2, 2, 4, 4)) == pytest.approx(1)
    assert overlap((0, 0, 10, 10), (20, 0, 30, 10)) == 0
