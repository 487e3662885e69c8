"""
Charts of a bench, drawn by a few lines and words: the same chart as SVG and as PNG.

A chart is a value; `as_svg` and `as_png` draw the same strokes. Nothing here knows what is plotted.
"""

import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from PIL import Image, ImageDraw, ImageFont

from countenance.errors import UsageError

Point = tuple[float, float]

WIDTH, HEIGHT = 720, 480  # pixels
_LEFT, _TOP, _RIGHT, _BOTTOM = 76, 60, 20, 58  # pixels round the plot
_COLOURS = ("#1b6ca8", "#c8553d", "#3b7d4f", "#7a5195", "#8a6d1d")  # told apart by the colour-blind
_INK, _GRID = "#222222", "#dddddd"
_TICK = 12  # pixels of a letter
_TITLE = 15
_SHARPER = 2
"""A PNG is drawn so many times as large, for screens with small pixels."""


@dataclass(frozen=True, slots=True)
class Axis:
    """What is on an axis, from `low` to `high`; by powers of ten if `logarithmic`."""

    title: str
    low: float
    high: float
    logarithmic: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.logarithmic and self.low <= 0):
            raise UsageError(f"axis: expected low < high, above 0 if logarithmic: {self.title}")

    def place(self, value: float) -> float:
        """Where a value stands, from 0 to 1; what lies beyond an end stands there."""
        value = min(max(value, self.low), self.high)
        if self.logarithmic:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Round numbers within the axis: powers of ten, or steps of 1 or 2 at any power."""
        if self.logarithmic:
            first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
            return [10.0**power for power in range(first, last + 1)]
        step = 10.0 ** math.floor(math.log10(self.high - self.low))
        step = step if (self.high - self.low) / step >= 4 else step / 5  # noqa: PLR2004  ticks
        first = math.ceil(self.low / step - 1e-9)
        return [one * step for one in range(first, math.floor(self.high / step + 1e-9) + 1)]


@dataclass(frozen=True, slots=True)
class Series:
    """A line through `points`, each `(x, y)`, with its name for the legend."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines in one frame."""

    title: str
    x: Axis
    y: Axis
    series: tuple[Series, ...]


def as_svg(chart: Chart) -> str:
    """The chart as a document of its own; it loads nothing and runs nothing."""
    drawn = "\n".join(_svg(one) for one in _strokes(chart))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif">\n'
        f"<title>{escape(chart.title)}</title>\n"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>\n{drawn}\n</svg>\n'
    )


def as_png(chart: Chart) -> bytes:
    """The chart as a picture, `WIDTH` by `HEIGHT` twice as sharp."""
    image = Image.new("RGB", (WIDTH * _SHARPER, HEIGHT * _SHARPER), "#ffffff")
    pen = ImageDraw.Draw(image)
    for one in _strokes(chart):
        _paint(pen, one)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


# --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Line:
    points: tuple[Point, ...]
    colour: str
    width: float


@dataclass(frozen=True, slots=True)
class _Words:
    """`anchor` is which end of the text lies at `at`: start, middle or end. The middle of its x."""

    text: str
    at: Point
    size: int
    anchor: str = "middle"


_Stroke = _Line | _Words


def _strokes(chart: Chart) -> Iterator[_Stroke]:
    yield from _frame(chart)
    for number, series in enumerate(chart.series):
        colour = _COLOURS[number % len(_COLOURS)]
        yield _Line(tuple(_at(chart, point) for point in series.points), colour, 2)
        y = _TOP + 16 + 20 * number
        x = WIDTH - _RIGHT - 190
        yield _Line(((x, y), (x + 22, y)), colour, 3)
        yield _Words(series.name, (x + 30, y), _TICK, "start")


def _frame(chart: Chart) -> Iterator[_Stroke]:
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM
    for value in chart.x.ticks():
        x, _ = _at(chart, (value, chart.y.low))
        yield _Line(((x, _TOP), (x, bottom)), _GRID, 1)
        yield _Words(f"{value:.6g}", (x, bottom + 14), _TICK)
    for value in chart.y.ticks():
        _, y = _at(chart, (chart.x.low, value))
        yield _Line(((_LEFT, y), (right, y)), _GRID, 1)
        yield _Words(f"{value:.6g}", (_LEFT - 8, y), _TICK, "end")
    yield _Line(((_LEFT, _TOP), (_LEFT, bottom), (right, bottom)), _INK, 1)
    yield _Words(chart.title, (WIDTH / 2, _TITLE + 5), _TITLE)
    yield _Words(chart.x.title, ((_LEFT + right) / 2, HEIGHT - 18), _TICK)
    yield _Words(chart.y.title, (_LEFT, _TOP - 10), _TICK, "start")


def _at(chart: Chart, point: Point) -> Point:
    return (
        _LEFT + chart.x.place(point[0]) * (WIDTH - _LEFT - _RIGHT),
        HEIGHT - _BOTTOM - chart.y.place(point[1]) * (HEIGHT - _TOP - _BOTTOM),
    )


def _svg(stroke: _Stroke) -> str:
    match stroke:
        case _Line(points, colour, width):
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            return (
                f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
            )
        case _Words(text, (x, y), size, anchor):
            return (
                f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
                f'dominant-baseline="middle" fill="{_INK}">{escape(text)}</text>'
            )


def _paint(pen: ImageDraw.ImageDraw, stroke: _Stroke) -> None:
    match stroke:
        case _Line(points, colour, width):
            pen.line(_larger(points), fill=colour, width=round(width * _SHARPER), joint="curve")
        case _Words(text, at, size, anchor):
            side = {"start": "lm", "middle": "mm", "end": "rm"}[anchor]
            font = ImageFont.load_default(size * _SHARPER)
            pen.text(_larger([at])[0], text, fill=_INK, font=font, anchor=side)


def _larger(points: Sequence[Point]) -> list[Point]:
    return [(x * _SHARPER, y * _SHARPER) for x, y in points]
