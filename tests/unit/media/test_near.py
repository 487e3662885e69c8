"""The near hash: the published algorithm, to the bit, and what edits do to it."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.media import near
from countenance.media.near import (
    ALIKE,
    HASH_BYTES,
    LEAST_QUALITY,
    SAME,
    Pixels,
    distance,
    near_hash,
    numbers,
    same,
)

REFERENCE = [
    (1, 8, 100, "d70a970b02df039fc2ded6ca42de29b5960bd64abd212935bd21fc60fd2060fc"),
    (2, 8, 100, "093501ff69b529b579b0fb1069b4fc60039f039f964b04ef864fd64ad64aff00"),
    (3, 16, 100, "1b271ba72eaae80c082aed4341ecfc20fb54495503f7d6aad424e7fe0f23de26"),
    (4, 32, 100, "e075b61365873712fd78b6af82322b8f57482a1b54555e5ccb15a0dc4798fd0c"),
]
"""Made with the reference implementation (pdqhash 0.2.8) from the same blocks: seed, how many
blocks across, its quality, its hash."""


def blocks(seed: int, across: int) -> Pixels:
    """512 by 512 pixels of coloured squares, the same on every machine."""
    values = [
        (1103515245 * (seed * 7919 + place) + 12345 >> 16) & 255 for place in range(across**2 * 3)
    ]
    small = np.array(values, np.uint8).reshape(across, across, 3)
    return np.kron(small, np.ones((512 // across, 512 // across, 1), np.uint8))


def _of_bits(bits: set[int]) -> bytes:
    return sum(1 << bit for bit in bits).to_bytes(32)


@pytest.mark.parametrize(("seed", "across", "quality", "expected"), REFERENCE)
def test_it_is_the_published_hash(seed: int, across: int, quality: int, expected: str) -> None:
    """Bit for bit, and so is its measure of how much is in the picture."""
    samples = near._samples(blocks(seed, across))
    assert near._hash(samples).hex() == expected
    assert near._quality(samples) == quality


def test_a_picture_with_nothing_in_it_has_none() -> None:
    """A white wall is near to every other: it is near to none."""
    wall = np.full((300, 400, 3), 250, np.uint8)
    assert near_hash(wall) == b""
    assert near._quality(near._samples(wall)) < LEAST_QUALITY


@pytest.mark.parametrize("size", [(1024, 1024), (200, 300), (64, 64), (1500, 40)])
def test_it_hardly_changes_with_the_size(size: tuple[int, int]) -> None:
    """Shrunk, enlarged or pulled out of shape it is the same picture."""
    whole = blocks(1, 8)
    resized = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
    found = near_hash(np.asarray(resized, np.uint8))
    assert len(found) == HASH_BYTES
    assert distance(near_hash(whole), found) <= SAME


def test_other_pictures_are_far() -> None:
    """About half of the bits differ."""
    assert distance(near_hash(blocks(1, 8)), near_hash(blocks(2, 8))) > ALIKE


_FLIPPED = st.sets(st.integers(0, 255), max_size=2 * SAME)


@given(st.lists(st.binary(min_size=32, max_size=32) | _FLIPPED.map(_of_bits), max_size=8))
def test_what_is_the_same_is_so_of_pairs(hashes: list[bytes]) -> None:
    """Of many to many as of one to one, wherever the bits are; to itself, the same both ways."""
    rows = numbers(hashes)
    told = [[distance(one, two) <= SAME for two in hashes] for one in hashes]
    assert same(rows, rows).tolist() == told
    assert all(told[place][place] for place in range(len(hashes)))
    assert told == [list(column) for column in zip(*told, strict=True)]
