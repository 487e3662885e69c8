"""Colours of a profile become those of sRGB; what is no profile changes nothing."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from countenance.media.colour import MAX_PROFILE_BYTES, in_srgb
from countenance.media.decode import read_profile
from countenance.media.limits import Limits
from tests.fakes.profiles import to_srgb, wide_profile

PIXELS = np.random.default_rng(1).integers(40, 216, (32, 48, 3), dtype=np.uint8)


def test_wide_colours_are_converted() -> None:
    """As the formulas of both spaces have it, to a rounding."""
    made = in_srgb(PIXELS, wide_profile(), limits=Limits())
    assert made.shape == PIXELS.shape
    assert float(np.abs(made - to_srgb(PIXELS)).max()) <= 2.5
    assert float(np.abs(made.astype(int) - PIXELS).max()) > 15


@pytest.mark.parametrize(
    "profile",
    [
        b"",
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        b"\0" * 200,
        wide_profile()[:180],
        wide_profile(space=b"CMYK"),
        wide_profile() + b"\0" * MAX_PROFILE_BYTES,
    ],
)
def test_what_is_no_profile_of_wide_colours_changes_nothing(profile: bytes) -> None:
    """None, sRGB's own, noughts, one that is cut short, one of ink, one that is too long."""
    assert in_srgb(PIXELS, profile, limits=Limits()) is PIXELS


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_profile_of_a_file_is_found(kind: str) -> None:
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, kind, icc_profile=wide_profile())
    assert read_profile(file.getvalue(), Limits()) == wide_profile()
    plain = io.BytesIO()
    Image.fromarray(PIXELS).save(plain, kind)
    assert read_profile(plain.getvalue(), Limits()) == b""
