"""
Photos to measure with: as large and as heavy as a camera's, with faces where we put them.

Each shows three faces, of the demo's two portraits: mirrored or not, brighter or darker, and of
different heights. Grain as of a sensor gives the files the weight of a photograph, which is what
reading and decoding cost. They say how fast we are; how good we are, real photographs say.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import simplejpeg  # type: ignore[import-untyped]
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

from countenance.bench.truth import Box, KnownPhoto, PlacedFace
from countenance.demo.pictures import Portraits
from countenance.errors import UsageError

Pixels = NDArray[np.uint8]

PHOTO_PIXELS = (4032, 3024)
"""Width and height: the 12 megapixels of most telephones."""

FACES_A_PHOTO = 3

HOPPER, COLLINS = "Grace Hopper", "Eileen Collins"

_FACE_HEIGHTS = (250, 500)  # pixels, from the least to less than the most
_QUALITY = 90
_ORIENTATION_TAG = 0x0112
_GRAIN = 5.0  # grey levels of standard deviation: a file of 3 to 4 MB

# Where the face is in each portrait, in its pixels: left, top, right, bottom.
_FACE_OF_HOPPER = (184, 120, 362, 337)
_FACE_OF_COLLINS = (175, 54, 275, 180)


def make_photos(
    folder: Path, portraits: Portraits, *, count: int, seed: int = 2
) -> list[KnownPhoto]:
    """
    Make `count` photos in `folder`: the same for the same `seed`.

    Raises `UsageError` if `count` is below 1.
    """
    if count < 1:
        raise UsageError(f"bench: expected one photo or more, got {count}")
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    sitters = _sitters(portraits)
    width, height = PHOTO_PIXELS
    grain = random.normal(0, _GRAIN, (height, width, 1)).round().astype(np.int8)
    made = []
    for number in range(count):
        scene, faces = _scene(random, sitters)
        # One grain for all, pushed along: to make it anew takes longer than all the rest.
        moved = np.roll(grain, int(random.integers(grain.size)))
        path = folder / f"{seed:03}-{number:04}.jpg"
        path.write_bytes(_jpeg(scene, moved))
        made.append(KnownPhoto(path, faces))
    return made


def make_wall(path: Path, *, seed: int = 5) -> Path:
    """Make one photo without anybody, which says that it is upright, as a camera's does."""
    random = np.random.default_rng(seed)
    width, height = PHOTO_PIXELS
    grain = random.normal(0, _GRAIN, (height, width, 1)).round().astype(np.int8)
    data = _jpeg(_wall(random), grain)
    said = Image.Exif()
    said[_ORIENTATION_TAG] = 1
    block = said.tobytes()
    marker = b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block
    path.write_bytes(data[:2] + marker + data[2:])
    return path


# --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Sitter:
    person: str
    portrait: Image.Image
    face: tuple[int, int, int, int]


def _sitters(portraits: Portraits) -> tuple[_Sitter, _Sitter]:
    with Image.open(portraits.hopper) as hopper, Image.open(portraits.collins) as collins:
        return (
            _Sitter(HOPPER, hopper.convert("RGB"), _FACE_OF_HOPPER),
            _Sitter(COLLINS, collins.convert("RGB"), _FACE_OF_COLLINS),
        )


def _scene(
    random: np.random.Generator, sitters: tuple[_Sitter, _Sitter]
) -> tuple[Image.Image, tuple[PlacedFace, ...]]:
    """A wall of a colour of its own, and one portrait in each third of it."""
    scene = _wall(random)
    faces = []
    for place, sitter in enumerate(_seated(random, sitters)):
        picture, face = _altered(random, sitter)
        slot = PHOTO_PIXELS[0] // FACES_A_PHOTO
        left = place * slot + (slot - picture.width) // 2
        top = int(random.integers(100, 900))
        scene.paste(picture, (left, top))
        x1, y1, x2, y2 = face
        faces.append(PlacedFace(sitter.person, (left + x1, top + y1, left + x2, top + y2)))
    return scene, tuple(faces)


def _seated(random: np.random.Generator, sitters: tuple[_Sitter, _Sitter]) -> Iterator[_Sitter]:
    """Both, and one of them twice, in any order."""
    for which in random.permutation([0, 1, int(random.integers(2))]):
        yield sitters[int(which)]


def _altered(random: np.random.Generator, sitter: _Sitter) -> tuple[Image.Image, Box]:
    """The portrait, changed, and where its face then is."""
    x1, y1, x2, y2 = sitter.face
    scale = float(random.uniform(*_FACE_HEIGHTS)) / (y2 - y1)
    # A portrait is cut to its third of the photo, around the face.
    margin = min(x1, sitter.portrait.width - x2, round(x2 - x1))
    cut = sitter.portrait.crop((x1 - margin, 0, x2 + margin, sitter.portrait.height))
    if random.random() < 1 / 2:
        cut = ImageOps.mirror(cut)  # the face is in the middle, and stays there
    cut = ImageEnhance.Brightness(cut).enhance(float(random.uniform(0.6, 1.25)))
    size = (round(cut.width * scale), round(cut.height * scale))
    face = (margin * scale, y1 * scale, (margin + x2 - x1) * scale, y2 * scale)
    return cut.resize(size, Image.Resampling.BICUBIC), face


def _wall(random: np.random.Generator) -> Image.Image:
    """A few soft patches of colour, as of a room out of focus."""
    patches = random.integers(60, 200, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize(PHOTO_PIXELS, Image.Resampling.BICUBIC)


def _jpeg(scene: Image.Image, grain: NDArray[np.int8]) -> bytes:
    pixels: Pixels = np.clip(np.asarray(scene, np.int16) + grain, 0, 255).astype(np.uint8)
    encoded = simplejpeg.encode_jpeg(
        pixels, quality=_QUALITY, colorspace="RGB", colorsubsampling="420"
    )
    return bytes(encoded)
