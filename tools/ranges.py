"""
The ranges of the values within CenterFace (`countenance.vision.centerface_ranges`), made again.

    python tools/ranges.py ../shared/data/photos

Looked at are the photographs in the folder, and nine pictures made for it of drawn and published
portraits, each at 960 and at 320 pixels.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import onnx
from onnx import helper

from countenance.bench.pictures import make_photos, make_wall
from countenance.demo.pictures import find_portraits
from countenance.vision.centerface import MULTIPLE
from countenance.vision.centerface_ranges import RANGES
from countenance.vision.convert import convert
from countenance.vision.detect import MAX_ENLARGEMENT, _resized
from countenance.vision.inputs import padded
from countenance.vision.models import _packaged_bytes
from countenance.vision.pack import Preparation, load_pack
from countenance.vision.session import Session
from countenance.vision.types import Pixels

SIDES = (960, 320)
MADE = 8


def main() -> None:
    record = load_pack("starter").detector
    published = _packaged_bytes(record.file)
    if published is None:
        sys.exit("CenterFace is not installed: make setup")
    with tempfile.TemporaryDirectory() as below:
        network = Path(below) / "all.onnx"
        names = _with_all_values(onnx.load_from_string(convert(published, Preparation.CENTERFACE)))
        onnx.save(names[0], network)
        session = Session(network)
        made = Path(below) / "made"
        make_photos(made, find_portraits(), count=MADE)
        make_wall(made / "wall.jpg")
        least, greatest = dict.fromkeys(RANGES, 0.0), dict.fromkeys(RANGES, 0.0)
        for pixels in _looks([*Path(sys.argv[1]).iterdir(), *made.iterdir()]):
            image = padded(pixels, record.colour, multiple=MULTIPLE)
            for name, value in zip(names[1], session.run(image), strict=True):
                known = name.split(".")[0]
                least[known] = min(least[known], float(value.min()))
                greatest[known] = max(greatest[known], float(value.max()))
    for name in RANGES:
        print(f'        "{name}": ({least[name]:.3g}, {greatest[name]:.3g}),')


# --------------------------------------------------------------------------------------------------


def _with_all_values(model: onnx.ModelProto) -> tuple[onnx.ModelProto, list[str]]:
    """The network that gives all values of `RANGES`, and their names; some are in parts."""
    names = [
        name for node in model.graph.node for name in node.output if name.split(".")[0] in RANGES
    ]
    del model.graph.output[:]
    model.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    return model, names


def _looks(files: list[Path]) -> Iterator[Pixels]:
    for file in sorted(files):
        if file.suffix not in (".jpg", ".png"):
            continue
        read = cv2.cvtColor(np.asarray(cv2.imread(str(file))), cv2.COLOR_BGR2RGB)
        pixels = np.asarray(read, np.uint8)
        for side in SIDES:
            yield _resized(pixels, min(MAX_ENLARGEMENT, side / max(pixels.shape[:2])))


if __name__ == "__main__":
    main()
