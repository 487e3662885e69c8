"""
What the rough look first moves: points and templates, beside the exact network alone.

    python tools/rough.py ../shared/data/photos

Each photograph is looked at as it is made at 1280 pixels, by the pack `starter` as it is, by the
rough network alone, and by the exact network alone at 1216 pixels.
"""

import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from countenance.core.geometry import overlaps
from countenance.settings import load_settings
from countenance.vision.models import ModelStore
from countenance.vision.pack import load_pack
from countenance.vision.types import Pixels
from countenance.vision.vision import Vision

SIDE = 1280

SAME = 0.5
"""What two boxes for one face share at least, as intersection over union."""


def main() -> None:
    pack = load_pack("starter")
    prepared = ModelStore(load_settings(Path(), environment={}).models_dir).locate(pack)
    if prepared.rough is None:
        sys.exit("the pack has no rough network")
    exact = Vision(pack, replace(prepared, rough=None))
    rough = replace(prepared, detector=prepared.rough, rough=None)
    photos = [_read(one) for one in sorted(Path(sys.argv[1]).iterdir()) if _is_photo(one)]
    for name, other in (
        ("rough, then exact", Vision(pack, prepared)),
        ("rough alone", Vision(pack, rough)),
        ("exact at 1216", Vision(pack, replace(prepared, rough=None), long_side=1216)),
    ):
        apart = [both for pixels in photos for both in _apart(exact, other, pixels)]
        points, templates = (np.mean(one) for one in zip(*apart, strict=True))
        print(
            f"{name}: {len(apart)} faces, points {points:.4f} of the height off, "
            f"templates {templates:.3f} moved"
        )


# --------------------------------------------------------------------------------------------------


def _is_photo(path: Path) -> bool:
    return path.suffix in (".jpg", ".png")


def _read(path: Path) -> Pixels:
    pixels = cv2.cvtColor(np.asarray(cv2.imread(str(path))), cv2.COLOR_BGR2RGB)
    scale = min(1.0, SIDE / max(pixels.shape[:2]))
    shrunk = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, np.uint8)


def _apart(exact: Vision, other: Vision, pixels: Pixels) -> list[tuple[float, float]]:
    """Of each face that both find: how far its points are, in its heights, and its templates."""
    one, two = exact.find(pixels), other.find(pixels)
    if not len(one) or not len(two):
        return []
    shared = overlaps(one.boxes, two.boxes)
    rows = np.flatnonzero(shared.max(axis=1) > SAME)
    found = shared.argmax(axis=1)[rows]
    points = np.linalg.norm(one.points[rows] - two.points[found], axis=-1).mean(axis=-1)
    first = exact.templates(pixels, one.points[rows])
    second = exact.templates(pixels, two.points[found])
    moved = np.linalg.norm(first - second, axis=-1)
    return list(zip((points / one.heights[rows]).tolist(), moved.tolist(), strict=True))


if __name__ == "__main__":
    main()
