from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from countenance.vision.quantise import WEIGHT_STEPS, quantise
from countenance.vision.session import Session
from countenance.vision.types import Float32


def network() -> onnx.ModelProto:
    """Two convolutions, the first with a Relu; what it gives and what it was given are added."""
    random = np.random.default_rng(5)
    weights = {
        "w1": random.normal(size=(3, 3, 3, 3)) / 300,
        "b1": random.normal(size=3) / 9,
        "w2": random.normal(size=(3, 3, 1, 1)),
        "b2": random.normal(size=3),
    }
    nodes = [
        helper.make_node("Conv", ["planes", "w1", "b1"], ["c1"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("Add", ["r1", "r1"], ["a1"]),
        helper.make_node("Conv", ["a1", "w2", "b2"], ["out"]),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("planes", TensorProto.FLOAT, [1, 3, "h", "w"])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 3, "h", "w"])],
        [numpy_helper.from_array(one.astype(np.float32), name) for name, one in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


RANGES = {"r1": (0.0, 6.0), "a1": (0.0, 12.0)}


def run(model: onnx.ModelProto, folder: Path, planes: Float32) -> Float32:
    file = folder / "network.onnx"
    onnx.save(model, file)
    return Session(file).run(planes)[0]


def test_it_tells_roughly_what_the_exact_one_tells(tmp_path: Path) -> None:
    """Within a few steps of the ranges, for bytes of all values."""
    planes = np.random.default_rng(6).integers(0, 256, (1, 3, 16, 24)).astype(np.float32)
    expected = run(network(), tmp_path, planes)
    rough = network()
    quantise(rough, RANGES, exact=["out"])
    told = run(rough, tmp_path, planes)
    apart = np.abs(told - expected).max()
    assert 0 < apart < 0.03 * np.ptp(expected)


def test_weights_are_in_steps_that_no_processor_overflows_with() -> None:
    """Seven bits and a sign, a scale for each output channel; those of the last one stay."""
    rough = network()
    quantise(rough, RANGES, exact=["out"])
    kept = {one.name: numpy_helper.to_array(one) for one in rough.graph.initializer}
    steps = kept["w1.steps"]
    assert steps.dtype == np.int8
    assert np.abs(steps).reshape(3, -1).max(axis=1).tolist() == [WEIGHT_STEPS] * 3
    assert 2 * 255 * WEIGHT_STEPS < 2**15
    assert kept["w1.scale"].shape == (3,)
    assert "w1" not in kept
    assert kept["w2"].dtype == np.float32
    onnx.checker.check_model(rough)


def test_the_same_bytes_come_out() -> None:
    """Its digest is declared: nothing in it depends on when, or how often, it is made."""
    made = []
    for _ in range(2):
        rough = network()
        quantise(rough, RANGES, exact=["out"])
        made.append(rough.SerializeToString(deterministic=True))
    assert made[0] == made[1]
