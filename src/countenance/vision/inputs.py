"""Pictures, as networks take them."""

import cv2
import numpy as np

from countenance.vision.pack import Colour, Input
from countenance.vision.types import Float32, Pixels


def padded(pixels: Pixels, colour: Colour, *, multiple: int) -> Pixels:
    """
    What a detector takes: `(1, height, width, 3)` uint8, both sides a multiple of `multiple`.

    Black is added at the right and the bottom, so that coordinates stay as they are.
    """
    height, width = (-(-side // multiple) * multiple for side in pixels.shape[:2])
    canvas = np.zeros((1, height, width, 3), np.uint8)
    # OpenCV changes the order 30 times as fast as NumPy copies it.
    ordered = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR) if colour is Colour.BGR else pixels
    canvas[0, : pixels.shape[0], : pixels.shape[1]] = ordered
    return canvas


def planes(chips: Pixels, convention: Input) -> Float32:
    """What an embedder takes of `chips` `(n, h, w, 3)`: `(n, 3, h, w)` float32, C order."""
    channels = _ordered(chips, convention.colour).transpose(0, 3, 1, 2)
    values = channels.astype(np.float32, order="C")
    return (values - np.float32(convention.mean)) * np.float32(convention.scale)


# ------------------------------------------------------------------------------------------------


def _ordered(pixels: Pixels, colour: Colour) -> Pixels:
    return pixels[..., ::-1] if colour is Colour.BGR else pixels
