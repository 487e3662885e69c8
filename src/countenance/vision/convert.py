"""
Published model files, made into the ONNX that we run. Done once; the result is kept.

The two detectors were published for one input size and are made to take any multiple of 32, and
pictures as they are: `(1, height, width, 3)` uint8. The planes of float32 are then made in ONNX
Runtime's own memory: two threads peak 50 MB lower than with planes made in numpy.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from countenance.vision import dlib_onnx
from countenance.vision.centerface_ranges import RANGES
from countenance.vision.pack import Preparation
from countenance.vision.quantise import quantise


def convert(published: bytes, preparation: Preparation) -> bytes:
    """
    The ONNX file to run, made of the bytes of a published file.

    The same bytes in give the same bytes out. They must have been checked against their digest:
    what is not the file that a preparation was written for fails in any way it likes.
    """
    match preparation:
        case Preparation.AS_IS:
            return published
        case Preparation.CENTERFACE:
            return _centerface(published)
        case Preparation.CENTERFACE_INT8:
            return _centerface_int8(published)
        case Preparation.YUNET:
            return _yunet(published)
        case Preparation.DLIB_RESNET:
            return dlib_onnx.convert(published)


# ------------------------------------------------------------------------------------------------

_WIDEST = "369"
"""
CenterFace's value from which the widest layer is made: 96 channels at half the picture's size.

Names of values are the exporter's numbers; the file's digest makes them safe to use.
"""

_PARTS = 3

_HEADS = ("536", "538", "539", "540")
"""The last convolutions: scores before their sigmoid, sizes, offsets, landmarks."""


def _centerface(published: bytes) -> bytes:
    model = onnx.load_from_string(published)
    # The exporter listed every weight as an input too. An input can be overridden at run time, so
    # ONNX Runtime would neither fold these constants nor fuse the batch norms that use them.
    weights = {weight.name for weight in model.graph.initializer}
    _replace(model.graph.input, [i for i in model.graph.input if i.name not in weights])
    _split_widest(model.graph)
    return _opened(model)


def _centerface_int8(published: bytes) -> bytes:
    model = onnx.load_from_string(published)
    weights = {weight.name for weight in model.graph.initializer}
    _replace(model.graph.input, [i for i in model.graph.input if i.name not in weights])
    quantise(model, RANGES, exact=_HEADS)
    return _opened(model)


def _yunet(published: bytes) -> bytes:
    # Its reshapes say "the rest" (-1), so nothing but the declared shapes has to change.
    return _opened(onnx.load_from_string(published))


def _opened(model: onnx.ModelProto) -> bytes:
    """The network with an input of bytes and of any size, and without the shapes that followed."""
    graph = model.graph
    (planes,) = (value.name for value in graph.input)
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, [1, "h", "w", 3])
    turned = helper.make_node("Transpose", ["image"], ["turned"], perm=[0, 3, 1, 2])
    _replace(graph.input, [image])
    _replace(graph.node, [turned, _as_numbers(graph, planes), *graph.node])
    for output in graph.output:
        output.type.tensor_type.ClearField("shape")
    del graph.value_info[:]
    return bytes(model.SerializeToString(deterministic=True))


def _as_numbers(graph: onnx.GraphProto, planes: str) -> onnx.NodeProto:
    """What makes `planes` of bytes: a network in whole numbers takes them as they are."""
    if all(node.op_type != "QuantizeLinear" for node in graph.node):
        return helper.make_node("Cast", ["turned"], [planes], to=TensorProto.FLOAT)
    one = numpy_helper.from_array(np.array(1, np.float32), "one")
    graph.initializer.append(one)
    return helper.make_node("DequantizeLinear", ["turned", one.name], [planes])


def _split_widest(graph: onnx.GraphProto) -> None:
    """
    Compute the widest layer in three parts, each a third of its channels, and join the results.

    The layer (1x1 convolution, Relu, depthwise 3x3 convolution of stride 2, Relu) works on each
    channel alone, so the values are the same; but its middle, 118 MB at 1280x960, is never in
    memory as a whole. Two threads that run the network peak at 404 MB instead of 663 MB, at the
    same speed.
    """
    nodes = list(graph.node)
    first = next(i for i, node in enumerate(nodes) if node.input[0] == _WIDEST)
    layer = nodes[first : first + 4]
    weights = {weight.name: weight for weight in graph.initializer}
    parts = [_part(graph, layer, weights, part) for part in range(_PARTS)]
    joined = helper.make_node(
        "Concat", [part[-1].output[0] for part in parts], layer[-1].output, axis=1
    )
    split = [node for part in parts for node in part]
    _replace(graph.node, [*nodes[:first], *split, joined, *nodes[first + 4 :]])


def _part(
    graph: onnx.GraphProto,
    layer: Sequence[onnx.NodeProto],
    weights: dict[str, onnx.TensorProto],
    part: int,
) -> list[onnx.NodeProto]:
    """The four nodes of `layer` for one third of the channels."""
    nodes = []
    value = layer[0].input[0]
    for node in layer:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.input[0] = value
        for place, name in enumerate(node.input[1:], start=1):
            channels = np.split(numpy_helper.to_array(weights[name]), _PARTS)[part]
            copy.input[place] = f"{name}.{part}"
            graph.initializer.append(numpy_helper.from_array(channels, copy.input[place]))
        for attribute in copy.attribute:
            if attribute.name == "group" and attribute.i > 1:
                attribute.i //= _PARTS
        value = f"{node.output[0]}.{part}"
        copy.output[0] = value
        nodes.append(copy)
    return nodes


def _replace(field: Any, values: Iterable[object]) -> None:  # noqa: ANN401
    """Give a repeated field of a message other values. protobuf names no type for the field."""
    kept = list(values)
    del field[:]
    field.extend(kept)
