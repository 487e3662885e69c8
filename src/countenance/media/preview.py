"""
Previews: a photo small enough for a page, and large enough to search again.

A preview is a JPEG without any metadata: no place, no camera, no profile, only pixels.
"""

import cv2
import numpy as np
import simplejpeg  # type: ignore[import-untyped]
from numpy.typing import NDArray

from countenance.errors import VerificationError

Pixels = NDArray[np.uint8]

LONG_SIDE_PIXELS = 2048
QUALITY = 85


def encode_preview(
    pixels: Pixels, *, long_side: int = LONG_SIDE_PIXELS, quality: int = QUALITY
) -> bytes:
    """
    `pixels` `(h, w, 3)` uint8 RGB as a JPEG whose long side is at most `long_side` pixels.

    It is shrunk if it is larger, and never enlarged. `quality` is the JPEG scale, in [1, 100].
    """
    shrunk = np.ascontiguousarray(_shrunk(pixels, long_side))
    return bytes(
        simplejpeg.encode_jpeg(shrunk, quality=quality, colorspace="RGB", colorsubsampling="420")
    )


def decode_preview(data: bytes) -> Pixels:
    """
    The pixels of a preview, `(h, w, 3)` uint8 RGB.

    Raises `VerificationError` if `data` is not a whole JPEG: it is ours, so it should be.
    """
    try:
        return np.asarray(simplejpeg.decode_jpeg(data, colorspace="RGB"), dtype=np.uint8)
    except ValueError as exc:
        raise VerificationError(f"a preview is damaged: {exc}") from exc


# --------------------------------------------------------------------------------------------------


def _shrunk(pixels: Pixels, long_side: int) -> Pixels:
    height, width = pixels.shape[:2]
    factor = long_side / max(height, width)
    if factor >= 1:
        return pixels
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
