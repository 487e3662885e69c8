"""
Tiny networks with the inputs and outputs of InsightFace's, and answers that are known.

None of their models is here, nor any part of one. The detector answers with a face wherever a cell
of a picture is bright red; the recogniser with a fixed matrix times the mean colour of a chip.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

STRIDES = (8, 16, 32)

REACH = (1.5, 2.0, 2.5, 3.0)
"""How far each box reaches from its cell: left, up, right, down; in cells."""

POINTS = (-0.5, -0.5, 0.8, -0.4, 0.1, 0.3, -0.4, 1.2, 0.7, 1.1)
"""Where the landmarks lie from there, x and y of each; in cells."""

DIMENSIONS = 512
MATRIX = np.random.default_rng(7).standard_normal((3, DIMENSIONS)).astype(np.float32)
SHIFT = np.random.default_rng(8).standard_normal(DIMENSIONS).astype(np.float32)


def detector(size: int | None = None) -> bytes:
    """
    SCRFD by its shapes: `(1, 3, h, w)` in; of each of three grids score, box and points, with two
    anchors a cell, of which the second never finds anything. `size` is that of a fixed input.
    """
    nodes, weights, outputs = [], [], []
    for stride in STRIDES:
        nodes += _grid(stride)
        weights += [
            _weight(f"reach{stride}", np.array([REACH], np.float32)),
            _weight(f"lie{stride}", np.array([POINTS], np.float32)),
        ]
    weights += [
        _weight("red", np.array([0], np.int64)),
        _weight("one", np.array([1], np.int64)),
        _weight("channel", np.array([1], np.int64)),
        _weight("column", np.array([-1, 1], np.int64)),
        _weight("half", np.array(0.5, np.float32)),
        _weight("nothing", np.array(0, np.float32)),
    ]
    for name, width in (("score", 1), ("box", 4), ("points", 10)):
        outputs += [
            helper.make_tensor_value_info(f"{name}{stride}", TensorProto.FLOAT, [None, width])
            for stride in STRIDES
        ]
    side = size or None
    taken = helper.make_tensor_value_info("input.1", TensorProto.FLOAT, [1, 3, side, side])
    return _model(nodes, [taken], outputs, weights)


def recogniser() -> bytes:
    """ArcFace by its shapes: `(n, 3, 112, 112)` in, `(n, 512)` out."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["input.1"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("Gemm", ["flat", "matrix", "shift"], ["683"]),
    ]
    taken = helper.make_tensor_value_info("input.1", TensorProto.FLOAT, [None, 3, 112, 112])
    given = helper.make_tensor_value_info("683", TensorProto.FLOAT, [None, DIMENSIONS])
    return _model(nodes, [taken], [given], [_weight("matrix", MATRIX), _weight("shift", SHIFT)])


def other(outputs: int, side: int) -> bytes:
    """As their estimators of age and sex, or of more landmarks, by its shapes."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["data"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("MatMul", ["flat", "matrix"], ["fc1"]),
    ]
    taken = helper.make_tensor_value_info("data", TensorProto.FLOAT, [None, 3, side, side])
    given = helper.make_tensor_value_info("fc1", TensorProto.FLOAT, [1, outputs])
    matrix = _weight("matrix", np.zeros((3, outputs), np.float32))
    return _model(nodes, [taken], [given], [matrix])


def folder(below: Path, name: str = "buffalo_l", *, size: int | None = None) -> Path:
    """A folder as they ship it, with what we take and what we do not open."""
    made = below / name
    made.mkdir(parents=True)
    (made / "det_10g.onnx").write_bytes(detector(size))
    (made / "w600k_r50.onnx").write_bytes(recogniser())
    (made / "genderage.onnx").write_bytes(other(3, 96))
    (made / "2d106det.onnx").write_bytes(other(212, 192))
    (made / "1k3d68.onnx").write_bytes(other(3309, 192))
    (made / "notes.onnx").write_bytes(b"no network at all")
    return made


# --------------------------------------------------------------------------------------------------


def _grid(stride: int) -> list[onnx.NodeProto]:
    """Red of each cell, as a score; a row an anchor, cell by cell."""
    s = str(stride)
    make, side = helper.make_node, [stride, stride]
    return [
        make("AveragePool", ["input.1"], [f"pool{s}"], kernel_shape=side, strides=side),
        make("Slice", [f"pool{s}", "red", "one", "channel"], [f"plane{s}"]),
        make("Reshape", [f"plane{s}", "column"], [f"rows{s}"]),
        make("Mul", [f"rows{s}", "half"], [f"halved{s}"]),
        make("Add", [f"halved{s}", "half"], [f"first{s}"]),
        make("Mul", [f"first{s}", "nothing"], [f"second{s}"]),
        make("Concat", [f"first{s}", f"second{s}"], [f"both{s}"], axis=1),
        make("Reshape", [f"both{s}", "column"], [f"score{s}"]),
        make("Mul", [f"score{s}", "nothing"], [f"zero{s}"]),
        make("Add", [f"zero{s}", f"reach{s}"], [f"box{s}"]),
        make("Add", [f"zero{s}", f"lie{s}"], [f"points{s}"]),
    ]


def _weight(
    name: str, values: np.ndarray[tuple[int, ...], np.dtype[np.generic]]
) -> onnx.TensorProto:
    return numpy_helper.from_array(values, name)


def _model(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    weights: list[onnx.TensorProto],
) -> bytes:
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
