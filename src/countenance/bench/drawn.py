"""
Faces that nobody has: drawn by a program, so that detectors find them and people see what they are.

A number is one made-up person. The same number drawn again is the same one in another light.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

APART = (121, 253, 91)
"""Three whom the networks of the default pack find, and tell apart as they do people."""

PORTRAIT_PIXELS = (480, 560)
"""Width and height of a portrait."""

Colour = tuple[int, int, int]

_FINER = 2  # drawn larger, and shrunk: else every edge has steps
_SOFT = 7.0  # pixels of blur, in what is drawn larger
_SKINS = (
    (232, 190, 165),
    (214, 168, 140),
    (190, 140, 105),
    (150, 105, 78),
    (110, 74, 54),
    (241, 205, 180),
)
_HAIRS = ((58, 40, 30), (25, 22, 24), (150, 110, 60), (190, 180, 170), (120, 50, 30), (90, 70, 50))
_EYES = ((70, 52, 40), (60, 90, 120), (70, 100, 60))
_MIDDLE_X, _MIDDLE_Y = 240, 230
_FRAME = (40, 40, 46)


def portrait(number: int, light: int = 0) -> Image.Image:
    """The made-up person of this number, from the front, of `PORTRAIT_PIXELS`."""
    looks = _Looks.of(number)
    width, height = PORTRAIT_PIXELS
    drawn = Image.new("RGB", (width * _FINER, height * _FINER), looks.wall)
    _draw(_Pen(ImageDraw.Draw(drawn)), looks)
    soft = drawn.filter(ImageFilter.GaussianBlur(_SOFT)).resize(
        PORTRAIT_PIXELS, Image.Resampling.LANCZOS
    )
    return _lit(soft, number, light, looks.wall)


# --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Looks:
    """How somebody looks: lengths in pixels of the portrait, colours in RGB."""

    skin: Colour
    hair: Colour
    shirt: Colour
    iris: Colour
    wall: Colour
    half_width: float
    half_height: float
    eyes_apart: float
    eyes_at: float
    eye: tuple[float, float]
    brow: float
    brow_width: int
    nose: tuple[float, float]
    mouth: tuple[float, float, float]
    cut: int
    beard: bool
    glasses: bool

    @classmethod
    def of(cls, number: int) -> "_Looks":
        random = np.random.default_rng(number)

        def between(low: float, high: float) -> float:
            return float(random.uniform(low, high))

        def colour(low: int, high: int) -> Colour:
            red, green, blue = (int(one) for one in random.integers(low, high, 3))
            return red, green, blue

        skin = _SKINS[int(random.integers(len(_SKINS)))]
        hair = _HAIRS[int(random.integers(len(_HAIRS)))]
        shirt = colour(40, 190)
        iris = _EYES[int(random.integers(len(_EYES)))]
        half_width, half_height = between(84, 112), between(125, 150)
        apart, at = between(38, 54), between(200, 220)
        eye = (between(18, 27), between(9, 16))
        brow, brow_width = between(20, 38), int(between(5, 13))
        nose = (between(48, 76), between(12, 24))
        mouth = (between(28, 50), between(10, 20), between(300, 325))
        cut = int(random.integers(4))
        beard, glasses = bool(random.random() < 0.3), bool(random.random() < 0.3)  # noqa: PLR2004
        return cls(
            skin,
            hair,
            shirt,
            iris,
            colour(90, 170),
            half_width,
            half_height,
            apart,
            at,
            eye,
            brow,
            brow_width,
            nose,
            mouth,
            cut,
            beard,
            glasses,
        )


class _Pen:
    """Draws in pixels of the portrait."""

    def __init__(self, pen: ImageDraw.ImageDraw) -> None:
        self._pen = pen

    def oval(self, x: float, y: float, half: tuple[float, float], fill: Colour) -> None:
        self._pen.ellipse(_finer(x - half[0], y - half[1], x + half[0], y + half[1]), fill=fill)

    def ring(self, x: float, y: float, half: float, fill: Colour) -> None:
        box = _finer(x - half, y - half, x + half, y + half)
        self._pen.ellipse(box, outline=fill, width=4 * _FINER)

    def part(self, box: tuple[float, ...], begin: int, end: int, fill: Colour) -> None:
        self._pen.chord(_finer(*box), begin, end, fill=fill)

    def bow(self, box: tuple[float, ...], wide: int, fill: Colour) -> None:
        self._pen.arc(_finer(*box), 205, 335, fill=fill, width=wide * _FINER)

    def line(self, box: tuple[float, ...], fill: Colour) -> None:
        self._pen.line(_finer(*box), fill=fill, width=4 * _FINER)

    def block(self, box: tuple[float, ...], fill: Colour) -> None:
        self._pen.rectangle(_finer(*box), fill=fill)

    def shape(self, *points: float, fill: Colour) -> None:
        self._pen.polygon(_finer(*points), fill=fill)


def _draw(pen: _Pen, one: _Looks) -> None:
    x, y, wide, high = _MIDDLE_X, _MIDDLE_Y, one.half_width, one.half_height
    if one.cut == 1:  # long hair
        pen.oval(x, y + 15, (wide + 38, high + 45), one.hair)
    else:
        pen.oval(x, y - 20 - high * 0.225, (wide + 22, high * 0.775 + 20), one.hair)
    pen.block((x - wide * 0.42, y + high * 0.6, x + wide * 0.42, y + high + 80), _dark(one.skin))
    pen.oval(x, y + high + 182, (190, 148), one.shirt)
    for side in (-1, 1):
        pen.oval(x + side * (wide - 1), one.eyes_at + 16, (15, 28), _dark(one.skin, 0.93))
    pen.oval(x, y, (wide, high), one.skin)
    if one.beard:
        pen.part((x - wide + 2, y - high, x + wide - 2, y + high), 20, 160, _dark(one.hair, 1.1))
    if one.cut == 2:  # noqa: PLR2004  a fringe
        pen.part((x - wide - 6, y - high - 12, x + wide + 6, y + high * 0.6), 190, 350, one.hair)
    elif one.cut != 1:
        begin, end = (215, 350) if one.cut == 0 else (205, 335)
        pen.part((x - wide - 4, y - high - 10, x + wide + 4, y + high), begin, end, one.hair)
    _eyes(pen, one)
    long, broad = one.nose
    top = one.eyes_at + 4
    foot = one.eyes_at + long
    pen.shape(x - 3, top, x - broad, foot, x + broad, foot, x + 3, top, fill=_dark(one.skin, 0.9))
    pen.oval(x, foot, (broad, 8), _dark(one.skin, 0.87))
    half, thick, at = one.mouth
    pen.oval(x, at, (half, thick), (176, 84, 82))
    pen.line((x - half + 3, at, x + half - 3, at), (110, 44, 46))


def _eyes(pen: _Pen, one: _Looks) -> None:
    (wide, high), at = one.eye, one.eyes_at
    for side in (-1, 1):
        x = _MIDDLE_X + side * one.eyes_apart
        pen.oval(x, at, (wide + 5, high + 6), _dark(one.skin, 0.9))
        pen.oval(x, at, (wide, high), (240, 236, 230))
        pen.oval(x, at, (high, high), one.iris)
        pen.oval(x, at, (high * 0.5, high * 0.5), (20, 16, 16))
        pen.oval(x + 4, at - high * 0.5 + 2, (2, 2), (250, 250, 250))
        brow = (x - wide - 8, at - one.brow - 12, x + wide + 8, at + one.brow)
        pen.bow(brow, one.brow_width, _dark(one.hair, 0.8))
        if one.glasses:
            pen.ring(x, at, wide + 11, _FRAME)
    if one.glasses:
        half = one.eyes_apart - wide - 11
        pen.line((_MIDDLE_X - half, at, _MIDDLE_X + half, at), _FRAME)


def _lit(picture: Image.Image, number: int, light: int, wall: Colour) -> Image.Image:
    """Under a light from one side, with a little grain; another `light` also tilts the head."""
    random = np.random.default_rng([number, light])
    pixels = np.asarray(picture).astype(np.float32)
    rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    side = 1 if number % 2 else -1
    shade = 1 + 0.18 * (_MIDDLE_X - columns) / 240 * side + 0.1 * (_MIDDLE_Y - rows) / 280
    pixels = pixels * shade[..., None] * float(random.uniform(0.8, 1.15))
    pixels += random.normal(0, 3, pixels.shape[:2])[..., None]
    made = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    if not light:
        return made
    return made.rotate(float(random.uniform(-6, 6)), Image.Resampling.BICUBIC, fillcolor=wall)


def _dark(colour: Colour, share: float = 0.88) -> Colour:
    red, green, blue = (int(one * share) for one in colour)
    return red, green, blue


def _finer(*places: float) -> list[float]:
    return [one * _FINER for one in places]
