"""Decoding: every format and mode to upright 8-bit RGB, and a reason for all that is not."""

import io
import struct
import zlib
from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFile

from countenance.errors import Reason, Unreadable
from countenance.media import decode as module
from countenance.media.decode import Pixels, decode, decode_jpeg, read_header
from countenance.media.limits import Limits
from countenance.media.orientation import upright

_LIMITS = Limits()
_ORIENTATION = 0x0112
_UNDO = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}

_OVER: Mapping[str, Reason] = {
    "max_bytes": Reason.TOO_MANY_BYTES,
    "max_pixels": Reason.TOO_MANY_PIXELS,
}

# Red, green, blue and yellow quarters: no two ways to turn it look the same.
_COLOURS = np.array([[[200, 30, 30], [30, 200, 30]], [[30, 30, 200], [200, 200, 30]]], np.uint8)
_QUARTERS: Pixels = _COLOURS.repeat(32, axis=0).repeat(48, axis=1)


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_all_eight_orientations_stand_upright(kind: str, value: int) -> None:
    """However the pixels are stored, they come as they are seen."""
    data = _encoded(upright(_QUARTERS, _UNDO[value]), kind, orientation=value)
    picture = decode(data, limits=_LIMITS)
    assert _differ(picture.pixels, _QUARTERS) < 12
    assert (picture.width, picture.height, picture.scale) == (96, 64, 1)
    assert picture.pixels.flags.c_contiguous
    assert picture.oriented or (kind == "AVIF" and value == 1)
    assert read_header(data, _LIMITS).upright_size == (96, 64)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "JPEG2000", "AVIF"])
def test_picture_without_a_tag_says_so(kind: str) -> None:
    """Where no tag says which way is up, the picture comes as stored, and `oriented` is false."""
    picture = decode(_encoded(_QUARTERS, kind), limits=_LIMITS)
    assert not picture.oriented
    assert _differ(picture.pixels, _QUARTERS) < 12


@pytest.mark.parametrize("value", [0, 9, 255])
def test_orientation_that_means_nothing_is_no_orientation(value: int) -> None:
    """A tag outside 1 to 8 turns nothing, and does not count as knowing which way is up."""
    picture = decode(_encoded(_QUARTERS, "JPEG", orientation=value), limits=_LIMITS)
    assert not picture.oriented
    assert picture.pixels.shape == _QUARTERS.shape


def test_tag_behind_the_pixels_of_a_png_counts() -> None:
    """A PNG may carry its tag after its pixels, and is turned all the same."""
    plain = _encoded(upright(_QUARTERS, 8), "PNG")
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    late = plain[:-12] + _chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0")) + plain[-12:]
    picture = decode(late, limits=_LIMITS)
    assert picture.oriented
    assert np.array_equal(picture.pixels, _QUARTERS)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("1", (4, 4), 1), (255, 255, 255)),
        (Image.new("L", (4, 4), 77), (77, 77, 77)),
        (Image.new("LA", (4, 4), (0, 0)), (255, 255, 255)),
        (Image.new("RGBA", (4, 4), (255, 0, 0, 255)), (255, 0, 0)),
        (Image.new("RGBA", (4, 4), (9, 9, 9, 0)), (255, 255, 255)),
        (Image.new("RGB", (4, 4), (1, 2, 3)).quantize(2), (1, 2, 3)),
        (Image.new("I;16", (4, 4), 40_000), (255, 255, 255)),
    ],
    ids=["bits", "grey", "clear-grey", "opaque", "clear", "palette", "16-bit"],
)
def test_every_mode_becomes_rgb_on_white(
    image: Image.Image, expected: tuple[int, int, int]
) -> None:
    """Palettes, grey, depth and transparency all end as 8-bit RGB on white paper."""
    data = io.BytesIO()
    image.save(data, "PNG")
    pixels = decode(data.getvalue(), limits=_LIMITS).pixels
    assert pixels.dtype == np.uint8
    assert pixels.shape == (4, 4, 3)
    assert np.all(pixels == np.array(expected))


@pytest.mark.parametrize("mode", ["I;16", "I", "F"])
def test_deep_grey_keeps_its_steps(mode: str) -> None:
    """Grey of 16 or 32 bits is stretched, so that 12 bits in 16 are not black."""
    steps = np.linspace(0, 4095, 64).reshape(8, 8)
    kinds = {"I;16": np.uint16, "I": np.int32, "F": np.float32}
    data = io.BytesIO()
    Image.fromarray(steps.astype(kinds[mode])).save(data, "TIFF")
    pixels = decode(data.getvalue(), limits=_LIMITS).pixels
    assert pixels.min() == 0
    assert pixels.max() == 255
    assert np.all(np.diff(pixels[..., 0].ravel().astype(int)) >= 0)


def test_grey_that_is_all_black_stays_black() -> None:
    """There is nothing to stretch in a picture of zeros."""
    data = _encoded(np.zeros((4, 4), np.uint16), "PNG")
    assert not decode(data, limits=_LIMITS).pixels.any()


def test_cmyk_is_read_by_pillow() -> None:
    """A CMYK JPEG is not for the fast decoder, and comes in its own colours."""
    data = io.BytesIO()
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(data, "JPEG", quality=95)
    assert decode_jpeg(data.getvalue(), read_header(data.getvalue(), _LIMITS)) is None
    red = decode(data.getvalue(), limits=_LIMITS).pixels[8, 8]
    assert red[0] > 200
    assert red[1:].max() < 40


@pytest.mark.parametrize(
    ("size", "half", "expected"),
    [
        ((2560, 100), True, (1280, 50)),
        ((100, 2561), True, (50, 1281)),
        ((2559, 100), True, (2559, 100)),
        ((2560, 100), False, (2560, 100)),
    ],
)
def test_half_is_for_large_jpegs(
    size: tuple[int, int],
    half: bool,  # noqa: FBT001  # a table's column
    expected: tuple[int, int],
) -> None:
    """A JPEG of 2560 pixels and more comes at half size when half is enough."""
    picture = decode(
        _encoded(np.zeros((size[1], size[0], 3), np.uint8), "JPEG"), limits=_LIMITS, half=half
    )
    assert picture.pixels.shape[1::-1] == expected
    assert (picture.width, picture.height) == size
    assert picture.scale == pytest.approx(expected[0] / size[0])


def test_only_the_first_frame_is_read() -> None:
    """Of an animated GIF the first frame is the picture."""
    data = io.BytesIO()
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    frames[0].save(data, "GIF", save_all=True, append_images=frames[1:])
    assert decode(data.getvalue(), limits=_LIMITS).pixels[4, 4].tolist() == [255, 0, 0]


def test_declared_frames_have_a_limit() -> None:
    """A film in the coat of a picture is refused before it is read."""
    data = io.BytesIO()
    frames = [Image.new("RGB", (9, 9), (0, 0, shade)) for shade in range(0, 250, 50)]
    frames[0].save(data, "WEBP", save_all=True, append_images=frames[1:])
    assert _refusal(data.getvalue(), Limits(max_frames=4)) is Reason.FORMAT
    assert decode(data.getvalue(), limits=Limits(max_frames=5)).width == 9


def test_one_pixel_is_a_picture() -> None:
    """The smallest picture shows nobody, but is one."""
    assert decode(_encoded(np.zeros((1, 1, 3), np.uint8), "PNG"), limits=_LIMITS).width == 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.EMPTY),
        (b"<!doctype html><title>404</title>", Reason.NOT_A_PICTURE),
        (b"\0" * 1000, Reason.NOT_A_PICTURE),
        (b"\xff\xd8\xff", Reason.DAMAGED),
        (b"\x89PNG\r\n\x1a\n", Reason.DAMAGED),
        (b"\0\0\0\x18ftypheic" + b"\0" * 40, Reason.DAMAGED),
        (b"RIFF\x20\0\0\0WEBPVP8 ", Reason.DAMAGED),
        (b"8BPS\0\1" + b"\0" * 40, Reason.FORMAT),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", Reason.FORMAT),
        (b"\0\0\0\x18ftypisom" + b"\0" * 40, Reason.FORMAT),
    ],
)
def test_refusal_says_why(data: bytes, reason: Reason) -> None:
    """What is no picture, no picture we read, and a broken picture are three different answers."""
    assert _refusal(data, _LIMITS) is reason


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF"])
def test_cut_short_is_damaged(kind: str) -> None:
    """Half a file is refused, and never filled up with grey."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    data = _encoded(noise, kind)
    assert _refusal(data[: len(data) // 2], _LIMITS) is Reason.DAMAGED


def test_bomb_is_refused_by_its_header() -> None:
    """A small file that declares 1.7 thousand million pixels is never decoded."""
    header = struct.pack(">IIBBBBB", 40_960, 40_960, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(b"\0" * 100_000))
        + _chunk(b"IEND", b"")
    )
    assert _refusal(bomb, _LIMITS) is Reason.TOO_MANY_PIXELS


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), Reason.TOO_MUCH_MEMORY),
        (IndexError("out of range"), Reason.DAMAGED),
        (EOFError(), Reason.DAMAGED),
        (Image.DecompressionBombError(), Reason.TOO_MANY_PIXELS),
    ],
)
def test_whatever_a_decoder_raises_becomes_a_reason(
    monkeypatch: pytest.MonkeyPatch, error: Exception, reason: Reason
) -> None:
    """Nothing of a library's own exceptions gets out, whichever it is."""

    def load(_: Image.Image) -> None:
        raise error

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    assert _refusal(_encoded(_QUARTERS, "PNG"), _LIMITS) is reason


@pytest.mark.parametrize(
    ("size", "reason"), [((0, 5), Reason.DAMAGED), ((20_000, 20_000), Reason.TOO_MANY_PIXELS)]
)
def test_size_is_judged_again_once_it_is_known(size: tuple[int, int], reason: Reason) -> None:
    """A HEIC may turn out to be of another size than it said."""
    with pytest.raises(Unreadable) as refused:
        module._judge_pixels(size, _LIMITS)
    assert refused.value.reason is reason


def test_broken_metadata_leaves_the_picture_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture whose EXIF cannot be read is a picture that does not say which way is up."""

    def getexif(_: Image.Image) -> Image.Exif:
        raise struct.error

    monkeypatch.setattr(Image.Image, "getexif", getexif)
    assert not decode(_encoded(_QUARTERS, "JPEG", orientation=6), limits=_LIMITS).oriented


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "JPEG2000", "AVIF"])
def test_limits_are_exact(kind: str) -> None:
    """Just so many bytes and pixels are read, and one more of either is not."""
    data = _encoded(_QUARTERS, kind)
    exact = {"max_bytes": len(data), "max_pixels": 96 * 64}
    assert decode(data, limits=Limits(**exact)).width == 96
    for name, reason in _OVER.items():
        assert _refusal(data, Limits(**{**exact, name: exact[name] - 1})) is reason


# --------------------------------------------------------------------------------------------------


def _encoded(
    pixels: Pixels | NDArray[np.uint16], kind: str, *, orientation: int | None = None
) -> bytes:
    exif = Image.Exif()
    if orientation is not None:
        exif[_ORIENTATION] = orientation
    data = io.BytesIO()
    options = {"quality": 95} if kind in {"JPEG", "WEBP", "AVIF"} else {}
    Image.fromarray(pixels).save(data, kind, exif=exif, **options)
    return data.getvalue()


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _differ(pixels: Pixels, expected: Pixels) -> float:
    """The mean absolute difference, in steps of 255; pictures of different size differ by 255."""
    if pixels.shape != expected.shape:
        return 255.0
    return float(np.abs(pixels.astype(int) - expected.astype(int)).mean())


def _refusal(data: bytes, limits: Limits) -> Reason:
    with pytest.raises(Unreadable) as refused:
        decode(data, limits=limits)
    assert refused.value.message
    return refused.value.reason
