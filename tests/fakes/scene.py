"""Fake pictures with enough in them to have a near hash: the plain ones are all alike."""

import cv2
import numpy as np
import simplejpeg  # type: ignore[import-untyped]

from tests.fakes.vision import picture


def scene(seed: int, *identities: int, edit: str = "") -> bytes:
    """
    A JPEG of fake faces before a ground of light squares; with `edit` `saved`, saved once more.

    Another `seed` gives another ground.
    """
    pixels = simplejpeg.decode_jpeg(picture(*identities, side=256), colorspace="RGB")
    high, wide = pixels.shape[:2]
    drawn = np.random.default_rng(seed).integers(216, 256, (12, 12), dtype=np.uint8)
    ground = cv2.resize(drawn, (wide, high), interpolation=cv2.INTER_NEAREST)
    light = pixels.min(axis=2) > 230
    pixels = np.where(light[:, :, None], ground[:, :, None], pixels)
    quality = 70 if edit == "saved" else 95
    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(pixels), quality=quality))
