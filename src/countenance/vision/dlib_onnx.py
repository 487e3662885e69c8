"""
dlib's face ResNet, from dlib's own file format to ONNX, without dlib.

The `.dat` file is dlib's serialisation of a C++ object, of which no specification exists; the
layout below is read off dlib's sources (`dlib/serialize.h`, `dlib/cuda/tensor.h`,
`dlib/dnn/layers.h`, https://github.com/davisking/dlib, Boost licence), and the shape of the
network off its example `dnn_face_recognition_ex.cpp`. A layer writes its name, and so is found:

    integer     one byte: the number of bytes that follow, and 0x80 if negative; then little-endian
    string      an integer, the length; then the bytes
    tensor      the integer 2, four integers of shape, then little-endian float32
    con_4       a tensor of filters and then biases; filters, rows, columns; strides y, x; padding
    affine_     a tensor of factors and then offsets
    fc_2        outputs, a mode, a tensor

Two traps in the network itself. The main path of a block that halves the size pads nothing, and so
is one row and column shorter than the 2x2 average pool of its skip path where the size was even:
dlib fills the shorter one with zeros at the bottom and the right. And where a block has more
channels than it was given, the skip path is filled with zero channels.

The ONNX file takes `image` `(n, 3, 150, 150)` float32, RGB, 0 to 255, and gives `embedding`
`(n, 128)` float32, not normalised. It agrees with dlib to 4e-7 (64 chips of LFW).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from countenance.errors import VerificationError
from countenance.vision.types import Float32

CHIP = 150
"""The side of a chip, in pixels."""

MEAN = (122.782, 117.001, 104.298)
"""dlib's mean colour, R, G, B, of 0 to 255: `input_rgb_image_sized` in `dlib/dnn/input.h`."""

CONVOLUTIONS = 29


@dataclass(frozen=True, slots=True, eq=False)
class Convolution:
    """`weights` is `(filters, channels, rows, columns)`, `bias` `(filters,)`; pairs are (y, x)."""

    weights: Float32
    bias: Float32
    stride: tuple[int, int]
    padding: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class FaceNet:
    """The weights, in the order of the data: convolutions, then `projection` `(256, 128)`."""

    convolutions: Sequence[Convolution]
    projection: Float32


def convert(data: bytes) -> bytes:
    """
    The ONNX file made of `data`, the bytes of `dlib_face_recognition_resnet_model_v1.dat`.

    Raises `VerificationError` if the layout is not the one above.
    """
    model = build(read(data))
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def read(data: bytes) -> FaceNet:
    """
    The network in `data`, with every affine layer folded into the convolution before it.

    Raises `VerificationError` if the layout is not the one above.
    """
    layers = [_read_layer(data, at, name) for at, name in _marks(data)]
    body, last = layers[: 2 * CONVOLUTIONS], layers[2 * CONVOLUTIONS :]
    folded = [
        _folded(convolution, affine)
        for convolution, affine in zip(body[::2], body[1::2], strict=False)
        if isinstance(convolution, Convolution) and isinstance(affine, _Affine)
    ]
    projections = [layer for layer in last if isinstance(layer, np.ndarray)]
    if len(folded) != CONVOLUTIONS or len(last) != 1 or not projections:
        raise VerificationError(
            f"dlib model: expected {CONVOLUTIONS} convolutions, each with its affine layer, and a"
            f" fully connected layer, got {len(layers)} layers of which {len(folded)} pairs fit"
        )
    return FaceNet(folded, projections[0])


def build(net: FaceNet) -> onnx.ModelProto:
    """The graph of the network, with a free number of chips."""
    graph = _Graph()
    mean = np.array(MEAN, np.float32).reshape(1, 3, 1, 1)
    centred = graph.add("Sub", "image", graph.constant("mean", mean))
    scaled = graph.add("Mul", centred, graph.constant("scale", np.array(1 / 256, np.float32)))
    stem = graph.add("Relu", graph.convolve(scaled, net.convolutions[0]))
    pooled = graph.add("MaxPool", stem, kernel_shape=[3, 3], strides=[2, 2])
    value = _Value(pooled, channels=len(net.convolutions[0].bias), size=_STEM_SIZE)
    for first, second in zip(net.convolutions[1::2], net.convolutions[2::2], strict=True):
        value = _block(graph, value, first, second)
    pooled = graph.add("Flatten", graph.add("GlobalAveragePool", value.name))
    graph.add("MatMul", pooled, graph.constant("projection", net.projection), output="embedding")
    return graph.model()


# ------------------------------------------------------------------------------------------------

_TENSOR_VERSION = 2
_MAX_INTEGER_BYTES = 8
_STEM_SIZE = 35  # 150 → 72 by the 7x7 convolution of stride 2 → 35 by the 3x3 pool of stride 2
_HALVING = (2, 2)
_MARKS = (b"con_4", b"affine_", b"fc_2")


@dataclass(frozen=True, slots=True, eq=False)
class _Affine:
    factors: Float32
    offsets: Float32


_Layer = Convolution | _Affine | Float32


class _Reader:
    """Reads values one after the other, from `at` on."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at

    def take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) != count:
            raise VerificationError("dlib model: ends in the middle of a value")
        self._at += count
        return taken

    def integer(self) -> int:
        control = self.take(1)[0]
        count = control & 0x0F
        if not 0 < count <= _MAX_INTEGER_BYTES:
            raise VerificationError(f"dlib model: no integer at byte {self._at - 1}")
        value = int.from_bytes(self.take(count), "little")
        return -value if control & 0x80 else value

    def integers(self, count: int) -> list[int]:
        return [self.integer() for _ in range(count)]

    def tensor(self) -> Float32:
        if self.integer() != _TENSOR_VERSION:
            raise VerificationError(f"dlib model: no tensor at byte {self._at}")
        shape = self.integers(4)
        values = np.frombuffer(self.take(4 * int(np.prod(shape))), "<f4")
        return values.reshape(shape).astype(np.float32)


def _marks(data: bytes) -> list[tuple[int, bytes]]:
    return sorted((at, name) for name in _MARKS for at in _occurrences(data, name))


def _occurrences(data: bytes, name: bytes) -> Iterator[int]:
    tag = bytes([1, len(name)]) + name
    at = data.find(tag)
    while at >= 0:
        yield at + len(tag)
        at = data.find(tag, at + 1)


def _read_layer(data: bytes, at: int, name: bytes) -> _Layer:
    reader = _Reader(data, at)
    if name == b"con_4":
        return _read_convolution(reader)
    if name == b"affine_":
        factors, offsets = np.split(reader.tensor().ravel(), 2)
        return _Affine(factors, offsets)
    reader.integers(2)
    weights = reader.tensor()
    return weights.reshape(len(weights), -1)


def _read_convolution(reader: _Reader) -> Convolution:
    values = reader.tensor().ravel()
    filters, rows, columns, stride_y, stride_x, pad_y, pad_x = reader.integers(7)
    weights, bias = np.split(values, [values.size - filters])
    return Convolution(
        weights.reshape(filters, -1, rows, columns), bias, (stride_y, stride_x), (pad_y, pad_x)
    )


def _folded(convolution: Convolution, affine: _Affine) -> Convolution:
    return Convolution(
        convolution.weights * affine.factors[:, None, None, None],
        convolution.bias * affine.factors + affine.offsets,
        convolution.stride,
        convolution.padding,
    )


class _Graph:
    """An ONNX graph that grows by one node at a time. Values are named in order of making."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def add(
        self,
        kind: str,
        *inputs: str,
        output: str = "",
        **attributes: Any,  # noqa: ANN401  # what onnx takes
    ) -> str:
        """A node of that kind; the answer is the name of its output."""
        name = output or f"t{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(self, kind: str, values: Float32 | NDArray[np.int64]) -> str:
        name = f"{kind}{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def convolve(self, value: str, layer: Convolution) -> str:
        """A convolution of `value`, padded alike on both sides."""
        weights, bias = self.constant("w", layer.weights), self.constant("b", layer.bias)
        return self.add(
            "Conv",
            value,
            weights,
            bias,
            kernel_shape=layer.weights.shape[2:],
            strides=layer.stride,
            pads=layer.padding * 2,
        )

    def pad(self, value: str, *, channels: int, pixels: int) -> str:
        """Fill up with zeros: `channels` after the last, `pixels` at the bottom and the right."""
        if not channels and not pixels:
            return value
        ends = np.array([0, 0, 0, 0, 0, channels, pixels, pixels], np.int64)
        return self.add("Pad", value, self.constant("pads", ends))

    def model(self) -> onnx.ModelProto:
        """The graph as it stands, with its input and output declared."""
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, CHIP, CHIP])
        embedding = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", 128])
        graph = helper.make_graph(
            self._nodes, "dlib_face_resnet_v1", [image], [embedding], self._constants
        )
        # Both versions are fixed: left out, they would follow the installed onnx, and the digest
        # of the file would change with it.
        opset = helper.make_opsetid("", 13)
        return helper.make_model(graph, opset_imports=[opset], ir_version=8)


@dataclass(frozen=True, slots=True)
class _Value:
    """The name of a value in the graph, and its channels and side in pixels."""

    name: str
    channels: int
    size: int


def _block(graph: _Graph, value: _Value, first: Convolution, second: Convolution) -> _Value:
    """One residual block: two convolutions, added to what went in."""
    main = graph.convolve(graph.add("Relu", graph.convolve(value.name, first)), second)
    skip, main_size, skip_size = value.name, value.size, value.size
    if first.stride == _HALVING:
        main_size, skip_size = (value.size - 3) // 2 + 1, (value.size - 2) // 2 + 1
        skip = graph.add("AveragePool", skip, kernel_shape=[2, 2], strides=[2, 2])
    size, channels = max(main_size, skip_size), len(second.bias)
    skip = graph.pad(skip, channels=channels - value.channels, pixels=size - skip_size)
    main = graph.pad(main, channels=0, pixels=size - main_size)
    return _Value(graph.add("Relu", graph.add("Add", main, skip)), channels, size)
