"""Previews."""

import io

import numpy as np
import pytest
from PIL import Image

from countenance.errors import VerificationError
from countenance.media.preview import decode_preview, encode_preview


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((3000, 100), (2048, 68)),
        ((100, 3000), (68, 2048)),
        ((640, 480), (640, 480)),
        ((5000, 1), (2048, 1)),
    ],
)
def test_preview_is_shrunk_and_never_enlarged(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    """The long side is at most 2048 pixels, and a small picture keeps its size."""
    pixels = np.full((size[1], size[0], 3), (200, 100, 50), np.uint8)
    seen = decode_preview(encode_preview(pixels))
    assert seen.shape[1::-1] == expected
    assert np.abs(seen.astype(int) - (200, 100, 50)).max() < 8


def test_preview_carries_pixels_only() -> None:
    """There is no metadata in a preview: no EXIF, no XMP, no profile, no comment."""
    image = Image.open(io.BytesIO(encode_preview(np.zeros((8, 8, 3), np.uint8))))
    assert image.format == "JPEG"
    assert not image.getexif()
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_damaged_preview_is_named() -> None:
    """A preview is ours: one that is cut short is a failed check, not an odd file."""
    whole = encode_preview(np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(VerificationError):
        decode_preview(whole[: len(whole) // 2])


@pytest.mark.parametrize("size", [(2048, 1365), (1365, 2048), (900, 300), (640, 480), (500, 400)])
def test_fewer_pixels_are_decoded_but_never_too_few(size: tuple[int, int]) -> None:
    """The long side keeps as many as were asked for, or all there are."""
    width, height = size
    ramp = np.linspace(0, 255, width).astype(np.uint8)
    pixels = np.repeat(np.repeat(ramp[None, :, None], height, 0), 3, 2)
    data = encode_preview(pixels)
    seen = decode_preview(data, long_side=640)
    assert min(640, max(size)) <= max(seen.shape[:2]) <= max(size)
    assert seen.shape[1] / seen.shape[0] == pytest.approx(width / height, rel=0.02)
    small = encode_preview(seen, long_side=640, quality=80)
    whole = encode_preview(decode_preview(data), long_side=640, quality=80)
    apart = decode_preview(small).astype(int) - decode_preview(whole)
    assert np.abs(apart).mean() < 2
