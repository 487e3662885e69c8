"""
The near hash of a picture: 256 bits that stay much the same when it is shrunk or saved again.

It is PDQ, as described in D. Davis and J. Rosen, "The TMK+PDQF video-hashing algorithm and the PDQ
image-hashing algorithm" (Facebook, 2019; `hashing.pdf` beside the reference implementation): grey,
a tent filter, 64 by 64 samples, of their cosine transform the 16 by 16 lowest frequencies without
the constant, and of each whether it is above the median.

Written after that description. The original shrinks a picture as its caller likes; here every
picture is first brought to 512 by 512 pixels, so that one width serves all. It is no identity: two
pictures of one scene may be near, and a crop or a turn is far. From a hash a blurred picture can be
guessed, so it goes with the picture it was made of.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Hashes = NDArray[np.uint64]

HASH_BYTES = 32

SAME = 31
"""Bits. At most so far apart, two pictures are taken for one (`docs/performance.md`)."""

ALIKE = 60
"""Bits. Up to here somebody has to look: a turn by some degrees, a caption, or another picture."""

LEAST_QUALITY = 50
"""Of 100. A picture with less in it than that, a wall, a sky, is near to any other such."""

_WIDTH, _SAMPLES, _FREQUENCIES = 512, 64, 16
_TENT_PASSES = 2
_WINDOW = _WIDTH // (2 * _SAMPLES)  # (512 + 127) // 128 in the description's words
_CENTRES = ((np.arange(_SAMPLES) + 0.5) * _WIDTH / _SAMPLES).astype(np.intp)
_QUALITY_DIVISOR = 90
_REC_601 = np.array([0.299, 0.587, 0.114], np.float32)


def near_hash(pixels: Pixels) -> bytes:
    """
    The near hash of `pixels` `(h, w, 3)` uint8 RGB, 32 bytes; none if too little is in them.

    It is the same whether the picture comes whole or at half size, but for a few bits.
    """
    samples = _samples(pixels)
    return _hash(samples) if _quality(samples) >= LEAST_QUALITY else b""


def distance(one: bytes, two: bytes) -> int:
    """In how many of their 256 bits two hashes differ."""
    return (int.from_bytes(one) ^ int.from_bytes(two)).bit_count()


def same(some: Hashes, others: Hashes) -> NDArray[np.bool_]:
    """
    Which of `some` `(n, 4)` and which of `others` `(m, 4)`, hashes as numbers of 64 bits, are at
    most `SAME` bits apart: `(n, m)`.
    """
    # Half of the bits tells of nearly all pairs that they are further apart.
    apart = _differing(some[:, None, 0], others[None, :, 0])
    apart += _differing(some[:, None, 1], others[None, :, 1])
    found = apart <= SAME
    if not found.any():
        return found
    rows, columns = np.nonzero(found)
    rest = _differing(some[rows, 2], others[columns, 2])
    rest += _differing(some[rows, 3], others[columns, 3])
    found[rows, columns] = apart[rows, columns] + rest <= SAME
    return found


def numbers(hashes: Sequence[bytes]) -> Hashes:
    """Hashes as numbers of 64 bits, `(n, 4)`, so that one number of all lies together."""
    read = np.frombuffer(b"".join(hashes), np.uint64).reshape(len(hashes), HASH_BYTES // 8)
    return np.asfortranarray(read)


# --------------------------------------------------------------------------------------------


def _differing(some: Hashes, others: Hashes) -> NDArray[np.uint8]:
    return np.asarray(np.bitwise_count(some ^ others), np.uint8)


def _cosines() -> Float32:
    """`(16, 64)` float32: the transform's rows 1 to 16; row 0, the constant, is left out."""
    rows = np.arange(1, _FREQUENCIES + 1)[:, None]
    columns = 2 * np.arange(_SAMPLES)[None, :] + 1
    angles = np.pi / (2 * _SAMPLES) * rows * columns
    return np.asarray(np.sqrt(2 / _SAMPLES) * np.cos(angles), np.float32)


_COSINES = _cosines()


def _samples(pixels: Pixels) -> Float32:
    """`(64, 64)` float32, in [0, 255]: the picture's grey, filtered and sampled."""
    grey = _squared(pixels)
    # A box filter twice is a tent. At the border the mean is of what is there; a window of an even
    # size reaches one further to the right and down.
    for _ in range(_TENT_PASSES):
        grey = _summed(grey) / _INSIDE
    return np.asarray(grey[np.ix_(_CENTRES, _CENTRES)], np.float32)


def _squared(pixels: Pixels) -> Float32:
    """512 by 512 pixels of the grey of a picture of any size, float32."""
    height, width = pixels.shape[:2]
    times = min(height, width) // _WIDTH
    if times > 1:
        # A large picture is shrunk by a whole number first, and its grey is rounded: that is four
        # times as fast, and where four pixels and more become one, rounding is nothing.
        whole = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        whole = whole[: height // times * times, : width // times * times]
        size = (width // times, height // times)
        grey = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
    else:
        grey = np.asarray(pixels, np.float32) @ _REC_601
    how = cv2.INTER_AREA if min(height, width) >= _WIDTH else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (_WIDTH, _WIDTH), interpolation=how), np.float32)


def _summed(grey: Float32) -> Float32:
    anchor = _WINDOW // 2 - 1
    summed = cv2.boxFilter(
        grey,
        -1,
        (_WINDOW, _WINDOW),
        anchor=(anchor, anchor),
        normalize=False,
        borderType=cv2.BORDER_CONSTANT,
    )
    return np.asarray(summed, np.float32)


_INSIDE = _summed(np.ones((_WIDTH, _WIDTH), np.float32))
"""How many pixels of the window are in the picture."""


def _quality(samples: Float32) -> int:
    """How much is in the picture, in [0, 100]: the steps between neighbours, in percent of 255."""
    steps = [np.diff(samples, axis=axis) * (100 / 255) for axis in (0, 1)]
    total = sum(int(np.abs(one.astype(np.int32)).sum()) for one in steps)
    return min(100, total // _QUALITY_DIVISOR)


def _hash(samples: Float32) -> bytes:
    frequencies = (_COSINES @ samples @ _COSINES.T).ravel()
    # Of 256 numbers there is no middle one; the description takes the lower of the two.
    middle = np.partition(frequencies, len(frequencies) // 2 - 1)[len(frequencies) // 2 - 1]
    # Its first frequency is the last bit.
    return bytes(np.packbits((frequencies > middle)[::-1]))
