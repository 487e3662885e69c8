import io
import math
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from countenance.bench.charts import HEIGHT, WIDTH, Axis, Chart, Series, as_png, as_svg
from countenance.errors import UsageError

CHART = Chart(
    "Misses & <matches>",
    Axis("FMR", 1e-6, 1, logarithmic=True),
    Axis("Share", 0, 1),
    (Series("one", ((1e-6, 1.0), (1e-3, 0.5), (1.0, 0.0))),),
)
SVG = "{http://www.w3.org/2000/svg}"


def test_an_svg_shows_each_point_where_it_belongs() -> None:
    """The line runs from the upper left corner of the plot to the lower right; nothing loads."""
    drawn = ET.fromstring(as_svg(CHART))  # noqa: S314  made a line above
    lines = [one.attrib["points"] for one in drawn.iter(f"{SVG}polyline")]
    assert "76.0,60.0 388.0,241.0 700.0,422.0" in lines
    texts = [one.text for one in drawn.iter(f"{SVG}text")]
    assert {"Misses & <matches>", "FMR", "Share", "one", "1e-06", "0.001", "0.4"} <= set(texts)
    assert not [one for one in drawn.iter() if any("href" in name for name in one.attrib)]


def test_a_png_is_a_picture_of_the_same() -> None:
    """Twice as sharp; the line is in it."""
    picture = Image.open(io.BytesIO(as_png(CHART)))
    assert picture.size == (2 * WIDTH, 2 * HEIGHT)
    assert picture.convert("RGB").getpixel((2 * 388, 2 * 241)) == (0x1B, 0x6C, 0xA8)


@pytest.mark.parametrize(
    ("axis", "ticks"),
    [
        (Axis("", 0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (Axis("", 0, 2), [0, 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6, 1.8, 2]),
        (Axis("", 0, 0.053), [0, 0.01, 0.02, 0.03, 0.04, 0.05]),
        (Axis("", 2e-4, 1, logarithmic=True), [0.001, 0.01, 0.1, 1]),
    ],
)
def test_ticks_are_round(axis: Axis, ticks: list[float]) -> None:
    """Numbers that one reads."""
    assert axis.ticks() == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("low", "high", "logarithmic"), [(1, 1, False), (2, 1, False), (0, 1, True)]
)
def test_an_axis_has_a_length(low: float, high: float, *, logarithmic: bool) -> None:
    """And a logarithmic one does not begin at nothing."""
    with pytest.raises(UsageError, match="axis"):
        Axis("x", low, high, logarithmic=logarithmic)
    assert Axis("x", 1, 2).place(math.inf) == 1
