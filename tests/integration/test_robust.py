"""The 149 odd files of `shared/data/robust`: each ends in a picture or in a reason."""

import csv
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from countenance.errors import Reason, Unreadable
from countenance.media.decode import Picture
from countenance.media.decoder import Decoder
from countenance.media.limits import Limits

# Where we differ from what `files.csv` notes, and why. Its notes were made by reading every frame.
_DIFFERENT = {
    # The frame that is broken is a later one; the first is whole.
    "broken/drew_6d939393058de0579fca1bbf10ecff25.gif": "opens",
    # A camera's raw file: what opens is a thumbnail of 8 by 8 pixels.
    "formats/et_DNG.dng": "refused",
}

_FAMILIES = {
    "orientation/rec_Portrait_{}.jpg": (1, 2, 3, 4, 5, 6, 7, 8),
    "orientation/pil_hopper_orientation_{}.jpg": (2, 3, 4, 5, 6, 7, 8),
    "orientation/pil_hopper_orientation_{}.webp": (2, 3, 4, 5, 6, 7, 8),
    "orientation/pil_g4_orientation_{}.tif": (2, 6, 8),
}


@pytest.fixture(scope="module")
def robust(shared_data: Path) -> Path:
    return shared_data / "robust"


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder(Limits()) as decoder:
        yield decoder


@pytest.mark.parametrize("isolated", [False, True], ids=["trusted", "untrusted"])
def test_each_file_ends_in_a_picture_or_a_reason(
    robust: Path,
    decoder: Decoder,
    isolated: bool,  # noqa: FBT001
) -> None:
    """All 149 end as `files.csv` notes, but for the differences that are listed here."""
    table = (robust / "files.csv").read_text(encoding="utf-8")
    noted = {row["file"]: row["pillow"] for row in csv.DictReader(table.splitlines())}
    ended = {name: _outcome(decoder, robust / name, isolated=isolated) for name in noted}
    differing = {name: outcome for name, outcome in ended.items() if outcome != noted[name]}
    assert len(ended) == 149
    assert differing == _DIFFERENT


@pytest.mark.parametrize("pattern", _FAMILIES)
def test_each_family_stands_upright(robust: Path, decoder: Decoder, pattern: str) -> None:
    """The same picture stored in up to eight ways comes out the same, within JPEG's tolerance."""
    first, *others = (
        _decoded(decoder, robust / pattern.format(value)) for value in _FAMILIES[pattern]
    )
    assert first.oriented
    for other in others:
        assert (other.width, other.height) == (first.width, first.height)
        assert _difference(other, first) < 6


def test_container_turns_and_its_exif_does_not_turn_again(robust: Path, decoder: Decoder) -> None:
    """A HEIC of a telephone and a turned AVIF come upright, turned once."""
    heic = _decoded(decoder, robust / "formats/drew_IMG_2927.HEIC")
    assert (heic.width, heic.height, heic.oriented) == (3024, 4032, True)
    avif = _decoded(decoder, robust / "formats/link_kimono.mirror-vertical.rotate270.crop.avif")
    assert (avif.width, avif.height, avif.oriented) == (722, 1024, True)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("formats/sharp_giant-image.jpg", Reason.TOO_MANY_PIXELS),
        ("broken/sharp_65536-uint32-limit.png", Reason.TOO_MANY_PIXELS),
        ("broken/pil_truncated_jpeg.jpg", Reason.DAMAGED),
        ("broken/pil_decompression_bomb.ico", Reason.FORMAT),
        ("broken/pil_timeout-dedc7a4ebd856d79b4359bbcc79e8ef231ce38f6.psd", Reason.FORMAT),
        ("regions/et_XMP.xmp", Reason.NOT_A_PICTURE),
    ],
)
def test_reasons_fit(robust: Path, decoder: Decoder, name: str, reason: Reason) -> None:
    """A person reading the report can tell these cases apart."""
    with pytest.raises(Unreadable) as refused:
        _decoded(decoder, robust / name)
    assert refused.value.reason is reason


# --------------------------------------------------------------------------------------------------


def _decoded(decoder: Decoder, path: Path) -> Picture:
    return decoder(path.read_bytes())


def _outcome(decoder: Decoder, path: Path, *, isolated: bool) -> str:
    try:
        picture = decoder(path.read_bytes(), half=True, isolated=isolated)
    except Unreadable:
        return "refused"
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.ndim == 3
    assert picture.pixels.flags.c_contiguous
    return "opens"


def _difference(a: Picture, b: Picture) -> float:
    """The mean difference in steps of 255, after a blur: JPEG's blocks lie elsewhere if turned."""
    blurred = [cv2.blur(picture.pixels.astype(np.float32), (5, 5)) for picture in (a, b)]
    return float(np.abs(blurred[0] - blurred[1]).mean())
