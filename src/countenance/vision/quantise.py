"""
A network in whole numbers of 8 bits, made from one in float32.

It takes half the processor's time and tells roughly what the other one tells. Each value is kept in
256 steps over the range that it was seen to have; each output channel of a weight in 127 steps,
which is 7 bits and a sign: two products then fit the 16 bits in which processors without VNNI add
them up, so that all processors say the same.

ONNX's way of saying it: a value goes through QuantizeLinear and DequantizeLinear, and ONNX Runtime
joins these with the operators between them when it loads the file
(https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html).
"""

from collections.abc import Collection, Mapping

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from countenance.vision.types import Float32

WEIGHT_STEPS = 63
"""To either side of zero."""

VALUE_STEPS = 255

OPSET, IR_VERSION = 13, 8
"""The first opset in which a weight may have a scale for each channel. Fixed, as a digest is."""


def quantise(
    model: onnx.ModelProto, ranges: Mapping[str, tuple[float, float]], *, exact: Collection[str]
) -> None:
    """
    Change `model` in place: its convolutions and additions are computed in whole numbers.

    `ranges` has the least and the greatest of every value that such an operator takes, of which the
    network's own input is bytes already, of 0 to 255. Convolutions whose outputs are in `exact`
    keep their weights. What the operators mean must not have changed between the model's opset and
    13.
    """
    making = _Making(model.graph, ranges)
    for node in list(model.graph.node):
        making.add(node, exact=bool(set(node.output) & set(exact)))
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(making.nodes)
    model.graph.initializer.extend(making.constants.values())
    model.ir_version = IR_VERSION
    del model.opset_import[:]
    model.opset_import.append(helper.make_opsetid("", OPSET))


# ------------------------------------------------------------------------------------------------


class _Making:
    """The nodes and constants of the new graph, in their order."""

    def __init__(self, graph: onnx.GraphProto, ranges: Mapping[str, tuple[float, float]]) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}
        self._weights = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
        planes = str(graph.input[0].name)
        self._scales = {planes: np.float32(1)}
        self._seen = {planes: planes}
        self._ranges = ranges

    def add(self, node: onnx.NodeProto, *, exact: bool) -> None:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        for place, name in enumerate(node.input):
            if name in self._ranges:
                copy.input[place] = self._in_steps(name)
        if node.op_type == "Conv" and not exact:
            copy.input[1], scales = self._weight(node.input[1])
            copy.input[2] = self._bias(node.input[2], scales * self._scales[node.input[0]])
        for name in copy.input:
            if name in self._weights:
                self.constants[name] = numpy_helper.from_array(self._weights[name], name)
        self.nodes.append(copy)

    def _in_steps(self, name: str) -> str:
        """The value `name` as its 256 steps have it."""
        if name not in self._seen:
            least, greatest = self._ranges[name]
            scale = np.float32((greatest - least) / VALUE_STEPS)
            zero = np.uint8(round(-least / float(scale)))
            told = [self._constant(f"{name}.scale", scale), self._constant(f"{name}.zero", zero)]
            steps, seen = f"{name}.steps", f"{name}.seen"
            self.nodes.append(helper.make_node("QuantizeLinear", [name, *told], [steps]))
            self.nodes.append(helper.make_node("DequantizeLinear", [steps, *told], [seen]))
            self._scales[name], self._seen[name] = scale, seen
        return self._seen[name]

    def _weight(self, name: str) -> tuple[str, Float32]:
        """The weight in steps, and the scale of each of its output channels."""
        values = self._weights[name]
        widest = np.abs(values).reshape(len(values), -1).max(axis=1)
        scales = np.maximum(widest / np.float32(WEIGHT_STEPS), np.float32(1e-12))
        each = scales.reshape(-1, *[1] * (values.ndim - 1))
        steps = np.clip(np.rint(values / each), -WEIGHT_STEPS, WEIGHT_STEPS)
        return self._dequantised(name, steps.astype(np.int8), scales), scales

    def _bias(self, name: str, scales: Float32) -> str:
        steps = np.rint(self._weights[name].astype(np.float64) / scales).astype(np.int32)
        return self._dequantised(name, steps, scales)

    def _dequantised(
        self, name: str, steps: NDArray[np.int8] | NDArray[np.int32], scales: Float32
    ) -> str:
        told = [
            self._constant(f"{name}.steps", steps),
            self._constant(f"{name}.scale", scales),
            self._constant(f"{name}.zero", np.zeros(len(scales), steps.dtype)),
        ]
        self.nodes.append(helper.make_node("DequantizeLinear", told, [f"{name}.seen"], axis=0))
        return f"{name}.seen"

    def _constant(self, name: str, values: np.generic | NDArray[np.generic]) -> str:
        self.constants[name] = numpy_helper.from_array(np.asarray(values), name)
        return name
