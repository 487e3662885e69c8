"""
Decoding: the bytes of a picture in, upright RGB pixels out, or a reason why not.

Pillow judges every file and decodes most; pi-heif lends it HEIC, and simplejpeg decodes ordinary
JPEGs, at half size if that is enough, in a third of the time. What each library really returns
for 149 odd files was measured: Pillow is the only one right in every row, and refuses what is cut
short instead of painting it grey.

Every number is judged before a pixel is decoded, and whatever a decoder raises on hostile bytes
leaves here as `Unreadable` with a reason.
"""

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pi_heif  # type: ignore[import-untyped]
import simplejpeg  # type: ignore[import-untyped]
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from countenance.errors import Reason, Unreadable
from countenance.media import orientation
from countenance.media.limits import Limits

Pixels = NDArray[np.uint8]

# No EPS, no PSD, no icons, no films: a format is here because photographs come in it. An MPO (a
# JPEG with further pictures behind it) is opened as JPEG.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "HEIF", "AVIF", "BMP", "JPEG2000")

# How files of these formats begin: one that does and yet cannot be opened is damaged.
_BEGINNINGS = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"II*\0",
    b"MM\0*",
    b"BM",
    b"\0\0\0\x0cjP  \r\n\x87\n",
    b"\xff\x4f\xff\x51",
)
_CONTAINERS = frozenset(
    b"ftyp" + brand
    for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis")
)

_NEW_SUBFILE_TYPE, _REDUCED = 254, 1  # TIFF 6.0, section 8: a version of another image, reduced
_DNG_VERSION = 50706  # Adobe DNG 1.6, chapter 4

# Pictures, but of formats that are not read: PSD, PostScript, PDF, ICO, ICNS, JPEG XL, FITS.
_UNREAD_BEGINNINGS = (
    b"8BPS",
    b"%!PS",
    b"%PDF",
    b"\0\0\1\0",
    b"icns",
    b"\xff\x0a",
    b"\0\0\0\x0cJXL ",
    b"SIMPLE  =",
)

# From this long side on, half of it is enough to find faces and to cut them out.
_HALF_FROM_PIXELS = 2560

# simplejpeg would decode CMYK as well, but differently from Pillow.
_FAST_MODES = frozenset({"RGB", "L"})

# Pillow turns a TIFF upright while it loads it, and pi-heif a HEIC; a HEIC's EXIF tag is then a
# duplicate, and pi-heif has set it to 1.
_TURNED_BY_LOADING = "TIFF"
_ORIENTATION_TAG = 0x0112

# Pillow's limit of pixels and the filters of warnings are the process's, not the call's.
_PILLOW = threading.RLock()


@dataclass(frozen=True, slots=True)
class Header:
    """
    What a file says of its picture before it is decoded.

    `format` is Pillow's word, such as `JPEG` or `MPO`, and `mode` Pillow's mode, such as `RGB`.

    `width` and `height` are in pixels, as stored. `orientation` is in [1, 8] and says how to turn
    them; `oriented` is whether the file says so itself. A HEIF is given as its own container
    turns it, so its `orientation` is 1.
    """

    format: str
    mode: str
    width: int
    height: int
    orientation: int
    oriented: bool

    @property
    def upright_size(self) -> tuple[int, int]:
        return orientation.upright_size(self.width, self.height, self.orientation)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """
    A decoded picture, as it is seen.

    `pixels` is `(h, w, 3)` uint8, RGB, upright, C-contiguous. It may be a reduction.

    `width` and `height` are the whole upright picture's, in pixels.

    `oriented` is whether the file said which way is up. If it did not, `pixels` may lie sideways.
    """

    pixels: Pixels
    width: int
    height: int
    oriented: bool

    @property
    def scale(self) -> float:
        """How wide `pixels` is, as a part of `width`: 1 or about a half."""
        return float(self.pixels.shape[1] / self.width)


def read_header(data: bytes, limits: Limits) -> Header:
    """
    What `data` declares, without decoding its pixels.

    Raises `Unreadable` if that breaks a limit, or if the file is empty, no picture, a picture of
    a format that is not read, or too damaged to say.
    """
    _judge_bytes(data, limits)
    with _pillow(limits), _opened(data, limits) as image:
        tag = _orientation(image)
        width, height = image.size
        if image.format == _TURNED_BY_LOADING:
            width, height = orientation.upright_size(width, height, tag or orientation.UPRIGHT)
        return Header(
            format=str(image.format),
            mode=image.mode,
            width=width,
            height=height,
            orientation=tag or orientation.UPRIGHT,
            oriented=tag is not None,
        )


def read_profile(data: bytes, limits: Limits) -> bytes:
    """
    The colour profile (ICC) that `data` carries, or nothing.

    Raises `Unreadable` as `read_header` does.
    """
    _judge_bytes(data, limits)
    with _pillow(limits), _opened(data, limits) as image:
        found = image.info.get("icc_profile")
        return found if isinstance(found, bytes) else b""


def decode(data: bytes, *, limits: Limits, half: bool = False) -> Picture:
    """
    The picture in `data`, upright.

    With `half`, a JPEG whose long side is at least 2560 pixels comes at half size, which costs
    less; whatever else comes whole. Transparent parts are white.

    Raises `Unreadable` with the reason if `data` breaks a limit or is no whole, sound picture.
    """
    picture = None
    if is_jpeg(data):
        picture = decode_jpeg(data, read_header(data, limits), half=half)
    return picture or _decode_with_pillow(data, limits)


def is_jpeg(data: bytes) -> bool:
    return data.startswith(b"\xff\xd8\xff")


def decode_jpeg(data: bytes, header: Header, *, half: bool = False) -> Picture | None:
    """
    The picture in a JPEG, fast; or `None` if simplejpeg refuses it, which need not mean much.

    It is strict and stops at marks of damage that do no harm to the picture. Such a file, and one
    that is neither RGB nor grey, is for Pillow to judge. `header` is that of `data`.
    """
    if header.mode not in _FAST_MODES:
        return None
    halved = half and max(header.width, header.height) >= _HALF_FROM_PIXELS
    # The least size asked for; simplejpeg takes the smallest of its scales that is not below it.
    least = ((header.width + 1) // 2, (header.height + 1) // 2) if halved else (0, 0)
    try:
        pixels = simplejpeg.decode_jpeg(
            data, colorspace="RGB", min_width=least[0], min_height=least[1]
        )
    except ValueError:
        return None
    width, height = header.upright_size
    return Picture(
        orientation.upright(pixels, header.orientation), width, height, oriented=header.oriented
    )


# --------------------------------------------------------------------------------------------------


def _decode_with_pillow(data: bytes, limits: Limits) -> Picture:
    _judge_bytes(data, limits)
    with _pillow(limits), _opened(data, limits) as image:
        # Loading removes the tag of a TIFF, and finds that of a PNG that has it after its pixels.
        tag_before = _orientation(image) if image.format == _TURNED_BY_LOADING else None
        image.load()
        _judge_pixels(image.size, limits)
        tag = _orientation(image)
        pixels = orientation.upright(_rgb(image), tag or orientation.UPRIGHT)
        height, width = pixels.shape[:2]
        return Picture(pixels, width, height, oriented=bool(tag_before or tag))


@contextmanager
def _pillow(limits: Limits) -> Iterator[None]:
    """
    Pillow under our limits, its exceptions made ours.

    One thread at a time: Pillow keeps its limit in a global, and so does Python its filters of
    warnings. The slow decoders run in child processes, so hardly anybody waits.
    """
    with _PILLOW, warnings.catch_warnings():
        # Pillow remarks on metadata that is odd; the picture is what is judged here.
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        before = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = limits.max_pixels
        try:
            yield
        except Unreadable:
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
            raise _too_many_pixels(limits) from exc
        except MemoryError as exc:
            raise Unreadable(
                Reason.TOO_MUCH_MEMORY, "decoding it takes more memory than is allowed"
            ) from exc
        # On hostile bytes a decoder raises whatever it happens to stumble over: IndexError,
        # struct.error, RuntimeError. All of it means the same: these bytes are not sound.
        except Exception as exc:
            what = str(exc) or type(exc).__name__
            raise Unreadable(Reason.DAMAGED, f"damaged: the decoder stopped at '{what}'") from exc
        finally:
            Image.MAX_IMAGE_PIXELS = before


@contextmanager
def _opened(data: bytes, limits: Limits) -> Iterator[Image.Image]:
    """The file opened and judged, none of its pixels decoded."""
    _register_heif()
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except UnidentifiedImageError as exc:
        raise _unidentified(data) from exc
    with image:
        _judge_raw(image, data)
        _judge_pixels(image.size, limits)
        _judge_frames(image, limits)
        yield image


def _register_heif() -> None:
    """Teach this process's Pillow to open HEIC. May be called again."""
    if "HEIF" not in Image.OPEN:
        # One thread, and only the picture itself: the child's memory is counted.
        pi_heif.register_heif_opener(
            decode_threads=1, thumbnails=False, depth_images=False, aux_images=False
        )


def _judge_bytes(data: bytes, limits: Limits) -> None:
    if not data:
        raise Unreadable(Reason.EMPTY, "the file is empty")
    if len(data) > limits.max_bytes:
        raise Unreadable(
            Reason.TOO_MANY_BYTES,
            f"the file has {len(data):,} bytes, more than the {limits.max_bytes:,} allowed",
        )


def _judge_pixels(size: tuple[int, int], limits: Limits) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise Unreadable(Reason.DAMAGED, f"damaged: it says it is {width} by {height} pixels")
    if width * height > limits.max_pixels:
        raise _too_many_pixels(limits)


def _too_many_pixels(limits: Limits) -> Unreadable:
    return Unreadable(
        Reason.TOO_MANY_PIXELS,
        f"the picture has more pixels than the {limits.max_pixels:,} allowed",
    )


def _judge_raw(image: Image.Image, data: bytes) -> None:
    # A camera's raw file is a TIFF whose first image is a thumbnail: faces would be boxes in that.
    if image.format != "TIFF":
        return
    tags = getattr(image, "tag_v2", {})
    thumbnail = int(tags.get(_NEW_SUBFILE_TYPE, 0)) & _REDUCED
    if thumbnail or _DNG_VERSION in tags or data[8:10] == b"CR":
        raise Unreadable(
            Reason.FORMAT,
            "a camera's raw file, which is not read",
            hint="put the JPEG of the same picture beside it",
        )


def _judge_frames(image: Image.Image, limits: Limits) -> None:
    # Asked only where the header has the answer: a GIF or a TIFF would be read to its end.
    if image.format not in {"HEIF", "AVIF", "WEBP"}:
        return
    frames = int(getattr(image, "n_frames", 1))
    if frames > limits.max_frames:
        raise Unreadable(
            Reason.FORMAT,
            f"a film of {frames:,} frames, more than the {limits.max_frames:,} allowed",
        )


def _unidentified(data: bytes) -> Unreadable:
    """Why Pillow found no picture of a format that is read."""
    if data.startswith(_BEGINNINGS) or _is_webp(data) or data[4:12] in _CONTAINERS:
        return Unreadable(Reason.DAMAGED, "damaged: it begins like a picture, but cannot be opened")
    if data.startswith(_UNREAD_BEGINNINGS) or data[4:8] == b"ftyp":
        return Unreadable(Reason.FORMAT, "a file of a format that is not read")
    return Unreadable(Reason.NOT_A_PICTURE, "not a picture")


def _is_webp(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def _orientation(image: Image.Image) -> int | None:
    """The EXIF orientation, in [1, 8], or `None` if the file has none that means anything."""
    try:
        # Not the method of the PNG class, which decodes the picture to look behind it.
        tag = Image.Image.getexif(image).get(_ORIENTATION_TAG)
    # Metadata raises as variously as pixels do; a sound picture under broken metadata is sound.
    except Exception:  # noqa: BLE001
        return None
    return tag if isinstance(tag, int) and 1 <= tag <= 8 else None  # noqa: PLR2004


def _rgb(image: Image.Image) -> Pixels:
    """The pixels `(h, w, 3)` uint8 of a loaded image of any mode, not yet turned."""
    if image.mode.startswith(("I", "F")):
        grey = _stretched(np.asarray(image))
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.has_transparency_data:
        drawn = image if image.mode == "RGBA" else image.convert("RGBA")
        paper = Image.new("RGB", drawn.size, "white")
        paper.paste(drawn, mask=drawn)
        return np.asarray(paper)
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _stretched(values: NDArray[np.generic]) -> Pixels:
    """
    Grey of more than 8 bits, `(h, w)`, as 8 bits: the largest value becomes white, zero black.

    Files do not say how many of their 16 or 32 bits they use; 12 are common.
    """
    finite = np.nan_to_num(values.astype(np.float32), posinf=0, neginf=0)
    low = min(float(finite.min()), 0.0)
    span = float(finite.max()) - low
    if span <= 0:
        return np.zeros(finite.shape, np.uint8)
    return ((finite - low) * (255 / span)).astype(np.uint8)
