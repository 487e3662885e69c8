"""Pictures for pages, cut from a preview: small ones, and the place of one face."""

from enum import StrEnum

import numpy as np

from countenance.media.preview import Pixels, decode_preview, encode_preview

SMALL_PIXELS = 512
"""
Long side: a quarter of a preview's, so that the decoder gives it and nothing has to be resized,
which is half of the work. Rows are 190 pixels high: enough for a screen of nearly twice as many.
"""

FACE_PIXELS = 320

_AROUND = 0.8
"""Of a face's height, that is shown on each side of it: enough to know a person by."""

_QUALITY = 80


class Cut(StrEnum):
    """How much of a photo is shown, and how large."""

    WHOLE = "whole"
    SMALL = "small"
    FACE = "face"


def cut(preview: bytes, how: Cut, *, box: tuple[float, float, float, float], width: int) -> bytes:
    """
    A JPEG out of a `preview`. `box` is a face's, in pixels of the photo, which is `width` wide.

    Raises `VerificationError` if the preview is damaged.
    """
    if how is Cut.WHOLE:
        return preview
    if how is Cut.SMALL:
        pixels = decode_preview(preview, long_side=SMALL_PIXELS)
        return encode_preview(pixels, long_side=SMALL_PIXELS, quality=_QUALITY)
    pixels = decode_preview(preview)
    around = _around(pixels, box, scale=pixels.shape[1] / width)
    return encode_preview(around, long_side=FACE_PIXELS, quality=_QUALITY)


# --------------------------------------------------------------------------------------------------


def _around(pixels: Pixels, box: tuple[float, float, float, float], *, scale: float) -> Pixels:
    """A square around a face, as far as the picture reaches."""
    x1, y1, x2, y2 = (value * scale for value in box)
    half = max(x2 - x1, y2 - y1) * (0.5 + _AROUND)
    middle = ((x1 + x2) / 2, (y1 + y2) / 2)
    height, across = pixels.shape[:2]
    left, right = (int(np.clip(middle[0] + side, 0, across)) for side in (-half, half))
    top, bottom = (int(np.clip(middle[1] + side, 0, height)) for side in (-half, half))
    found = pixels[top:bottom, left:right]
    return np.ascontiguousarray(found) if found.size else pixels
