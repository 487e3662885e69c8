"""Orientation: eight ways to lie, one way to stand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from countenance.media.orientation import Float32, turn, unturn, upright, upright_size

# What Pillow calls the turn that each value asks for.
_PILLOW_SAYS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIZES = st.tuples(st.integers(1, 5000), st.integers(1, 5000))


@st.composite
def _faces(draw: st.DrawFn) -> tuple[Float32, Float32]:
    """Boxes with their corners in order, and five points each."""
    count = draw(st.integers(0, 4))
    numbers = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    corners = numbers.uniform(0, 1000, (count, 2))
    sides = numbers.uniform(1, 500, (count, 2))
    boxes = np.concatenate([corners, corners + sides], axis=1).astype(np.float32)
    return boxes, numbers.uniform(0, 1000, (count, 5, 2)).astype(np.float32)


@pytest.mark.parametrize("value", range(1, 9))
def test_pixels_stand_as_pillow_turns_them(value: int) -> None:
    """Each of the eight values turns the pixels as Pillow's transposition of that name does."""
    pixels = np.random.default_rng(value).integers(0, 256, (5, 7, 3), np.uint8)
    image = Image.fromarray(pixels)
    expected = image.transpose(_PILLOW_SAYS[value]) if value in _PILLOW_SAYS else image
    seen = upright(pixels, value)
    assert np.array_equal(seen, np.asarray(expected))
    assert seen.flags.c_contiguous
    assert upright_size(7, 5, value) == expected.size


@given(_faces(), _SIZES, st.integers(-4, 8))
def test_turning_and_unturning_is_identity(
    faces: tuple[Float32, Float32], size: tuple[int, int], quarters: int
) -> None:
    """Unturning by a number of quarters, and by as many the other way, changes nothing."""
    boxes, points = faces
    turned_size = size[::-1] if quarters % 2 else size
    turned = unturn(boxes, points, quarters=-quarters, size=turned_size)
    back = unturn(*turned, quarters=quarters, size=size)
    assert np.allclose(back[0], boxes, atol=0.01)
    assert np.allclose(back[1], points, atol=0.01)
    assert [array.dtype for array in back] == [np.float32, np.float32]
    assert np.all(turned[0][:, :2] < turned[0][:, 2:])


@pytest.mark.parametrize("quarters", range(4))
def test_what_is_found_in_a_turned_picture_is_where_it_was_before(quarters: int) -> None:
    """A white patch found in the turned pixels maps back to the patch that was painted."""
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[10:14, 20:30] = 255
    rows, columns = np.nonzero(turn(pixels, quarters)[..., 0])
    found = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], np.float32)
    points = np.repeat(found.reshape(1, 2, 2)[:, :1], 5, axis=1)
    boxes, corners = unturn(found, points, quarters=quarters, size=(60, 40))
    assert boxes.tolist() == [[20, 10, 30, 14]]
    assert corners[0, 0].tolist() in [[20, 10], [20, 14], [30, 14], [30, 10]]
