"""
The pictures of the demo: two portraits in the public domain, and photos made from them.

The portraits ship inside two well-known packages: Grace Hopper (US Navy) in matplotlib, Eileen
Collins (NASA) in scikit-image. Only the two files are read; neither package is imported. What is
made from them is the same on every machine, but for the JPEG encoder's version.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from countenance.errors import Unavailable

WALL_PIXELS = (1600, 1200)
"""Width and height of the photos."""

_ORIENTATION_TAG = 0x0112
_HALF, _RIGHT, _LEFT = 3, 6, 8

# How a file of this EXIF orientation is stored: the turn that a viewer undoes.
_STORED_AS = {
    _HALF: Image.Transpose.ROTATE_180,
    _RIGHT: Image.Transpose.ROTATE_90,
    _LEFT: Image.Transpose.ROTATE_270,
}


@dataclass(frozen=True, slots=True)
class Portraits:
    """The two portraits, as files of installed packages."""

    hopper: Path
    collins: Path


def find_portraits() -> Portraits:
    """Raises `Unavailable` if one of the two packages is not installed."""
    return Portraits(
        hopper=_inside("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
        collins=_inside("skimage", "data/astronaut.png"),
    )


def make_photos(folder: Path, portraits: Portraits) -> None:
    """
    Make the photos of the demo in `folder`.

    Hopper is in nine, Collins in six of them, both in four. One shows a landscape and nobody, and
    one is damaged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in _photos(_opened(portraits.hopper), _opened(portraits.collins)):
        (folder / name).write_bytes(data)


def drawn_face() -> bytes:
    """A picture, PNG, of a face that nobody has: it is drawn."""
    picture = Image.new("RGB", (480, 480), (96, 122, 148))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((120, 50, 360, 330), fill=(58, 40, 30))  # hair
    pen.rectangle((205, 340, 275, 430), fill=(196, 148, 120))
    pen.ellipse((60, 400, 420, 640), fill=(60, 66, 84))  # shoulders
    pen.ellipse((140, 90, 340, 370), fill=(214, 168, 140))
    for eye in (195, 285):
        pen.ellipse((eye - 24, 198, eye + 24, 226), fill=(240, 236, 230))
        pen.ellipse((eye - 12, 200, eye + 12, 225), fill=(70, 52, 40))
        pen.arc((eye - 32, 168, eye + 32, 220), 200, 340, fill=(52, 36, 28), width=8)
    pen.polygon(((240, 215), (222, 276), (258, 276)), fill=(190, 140, 114))
    pen.ellipse((200, 298, 280, 330), fill=(166, 78, 76))
    pen.line((204, 314, 276, 314), fill=(110, 44, 46), width=4)
    return _encoded(picture.filter(ImageFilter.GaussianBlur(4)), "PNG")


# --------------------------------------------------------------------------------------------------


def _inside(package: str, path: str) -> Path:
    spec = find_spec(package)
    folders = (spec.submodule_search_locations if spec else None) or ()
    file = next((Path(one) / path for one in folders if (Path(one) / path).is_file()), None)
    if file is None:
        raise Unavailable(
            f"the demo needs a portrait that ships inside {package}, which is not here",
            hint="pip install 'countenance[demo]'",
        )
    return file


def _opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")


def _photos(hopper: Image.Image, collins: Image.Image) -> Iterator[tuple[str, bytes]]:
    """Each photo's name and bytes. A number after a portrait is the height it is given."""
    yield "01-hopper.jpg", _jpeg(_wall((hopper, 900)))
    yield "02-side-by-side.jpg", _jpeg(_wall((hopper, 800), (collins, 800)))
    yield "03-turned-right.jpg", _jpeg(_wall((hopper, 800)), orientation=_RIGHT)
    yield "04-upside-down.jpg", _jpeg(_wall((collins, 800), (hopper, 800)), orientation=_HALF)
    yield "05-turned-left.jpg", _jpeg(_wall((hopper, 700)), orientation=_LEFT)
    yield "06-darker.jpg", _jpeg(_darker(_wall((hopper, 900))))
    yield "07-small.jpg", _jpeg(_wall((collins, 330), (hopper, 240)))
    yield "08-black-and-white.jpg", _jpeg(_wall((hopper, 600), (collins, 700)).convert("L"))
    yield "09-sideways-unmarked.jpg", _jpeg(_sideways(_wall((hopper, 800))))
    yield "10-collins.jpg", _jpeg(_wall((collins, 900)))
    yield "11-collins-darker.jpg", _jpeg(_darker(_wall((collins, 700))))
    yield "12-landscape.jpg", _jpeg(_landscape())
    whole = _jpeg(_wall((hopper, 500)))
    yield "13-cut-short.jpg", whole[: len(whole) // 3]


def _wall(*hung: tuple[Image.Image, int]) -> Image.Image:
    """Portraits beside one another on a wall, each scaled to the height beside it, in pixels."""
    width, height = WALL_PIXELS
    wall = Image.fromarray(_gradient((205, 198, 186), (150, 140, 128)))
    for place, (portrait, tall) in enumerate(hung):
        size = (round(portrait.width * tall / portrait.height), tall)
        picture = portrait.resize(size, Image.Resampling.LANCZOS)
        middle = width * (2 * place + 1) // (2 * len(hung))
        wall.paste(picture, (middle - size[0] // 2, (height - tall) // 2))
    return wall


def _landscape() -> Image.Image:
    """A sky, a sun, hills and a meadow: nobody."""
    width, height = WALL_PIXELS
    picture = Image.fromarray(_gradient((96, 148, 214), (238, 226, 196)))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((1180, 160, 1320, 300), fill=(255, 244, 200))
    across = np.linspace(0, 3 * np.pi, 80)
    for base, swing, colour in ((700, 90, (116, 138, 150)), (840, 60, (92, 122, 88))):
        ridge = base - swing * np.sin(across + base)
        along = zip(np.linspace(0, width, len(ridge)), ridge, strict=True)
        points = [(float(x), float(y)) for x, y in along]
        pen.polygon([(0, height), *points, (width, height)], fill=colour)
    return picture.filter(ImageFilter.GaussianBlur(2))


def _gradient(top: tuple[int, int, int], bottom: tuple[int, int, int]) -> np.ndarray:
    """From one colour at the top to another at the bottom, `(h, w, 3)` uint8, with a fine grain."""
    width, height = WALL_PIXELS
    rows = np.linspace(top, bottom, height)[:, None, :]
    grain = np.random.default_rng(2).normal(0, 2, (height, width, 1))
    return np.clip(rows + grain, 0, 255).astype(np.uint8)


def _darker(photo: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(photo).enhance(0.35)


def _sideways(photo: Image.Image) -> Image.Image:
    return photo.transpose(Image.Transpose.ROTATE_90)


def _jpeg(photo: Image.Image, *, orientation: int = 0) -> bytes:
    """`photo` as a file; with `orientation`, stored turned, for a viewer to turn it upright."""
    if not orientation:
        return _encoded(photo, "JPEG")
    exif = Image.Exif()
    exif[_ORIENTATION_TAG] = orientation
    return _encoded(photo.transpose(_STORED_AS[orientation]), "JPEG", exif)


def _encoded(picture: Image.Image, kind: str, exif: Image.Exif | None = None) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, quality=90, exif=exif or Image.Exif())
    return file.getvalue()
