import numpy as np
import onnxruntime
import pytest

from countenance.errors import VerificationError
from countenance.vision.dlib_onnx import CHIP, CONVOLUTIONS, build, convert, read
from countenance.vision.types import Float32

STRIDES_OF_TWO = {0, 7, 15, 21, 27}
"""The convolutions that halve the size: the stem, and the first of each level's first block."""


def integer(value: int) -> bytes:
    size = max(1, (value.bit_length() + 7) // 8)
    return bytes([size]) + value.to_bytes(size, "little")


def tensor(values: Float32) -> bytes:
    shape = (*values.shape, 1, 1, 1)[:4]
    return integer(2) + b"".join(map(integer, shape)) + values.astype("<f4").tobytes()


def layer(name: bytes, *parts: bytes) -> bytes:
    return integer(len(name)) + name + b"".join(parts)


def convolution(weights: Float32, bias: Float32, stride: int, padding: int) -> bytes:
    filters, _, rows, columns = weights.shape
    numbers = (filters, rows, columns, stride, stride, padding, padding)
    values = np.concatenate([weights.ravel(), bias])
    return layer(b"con_4", tensor(values), *map(integer, numbers))


def file(*, convolutions: int = CONVOLUTIONS) -> bytes:
    """A network of dlib's shape, with two channels, in dlib's format."""
    random = np.random.default_rng(5)
    parts = [b"noise before the first layer"]
    for place in range(convolutions):
        side, channels = (7, 3) if place == 0 else (3, 2)
        weights = random.normal(size=(2, channels, side, side)).astype(np.float32)
        stride = 2 if place in STRIDES_OF_TWO else 1
        padding = 0 if stride == 2 else 1
        parts += [
            convolution(weights, np.array([1, 2], np.float32), stride, padding),
            layer(b"affine_", tensor(np.array([3, 4, 5, 6], np.float32))),
        ]
    parts += [layer(b"fc_2", integer(128), integer(0), tensor(np.ones((2, 128), np.float32)))]
    return b"".join(parts)


def test_affine_layers_are_folded_into_convolutions() -> None:
    """Factors go to weights and bias, offsets to the bias alone."""
    net = read(file())
    assert len(net.convolutions) == CONVOLUTIONS
    first = net.convolutions[0]
    raw = np.random.default_rng(5).normal(size=(2, 3, 7, 7)).astype(np.float32)
    assert np.allclose(first.weights, raw * np.array([3, 4])[:, None, None, None])
    assert first.bias.tolist() == [1 * 3 + 5, 2 * 4 + 6]
    assert (first.stride, first.padding) == ((2, 2), (0, 0))
    assert net.projection.shape == (2, 128)


def test_the_graph_takes_any_number_of_chips() -> None:
    """The shapes fit together through every block, whatever the sizes that halving leaves."""
    session = onnxruntime.InferenceSession(
        build(read(file())).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    for count in (1, 3):
        image = np.zeros((count, 3, CHIP, CHIP), np.float32)
        (embedding,) = session.run(None, {"image": image})
        assert embedding.shape == (count, 128)


def test_the_same_bytes_give_the_same_bytes() -> None:
    """Conversion is deterministic: its digest can be declared."""
    assert convert(file()) == convert(file())


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(file(convolutions=28), id="one convolution too few"),
        pytest.param(file()[:-40], id="cut off at the end"),
        pytest.param(file().replace(b"affine_", b"affinee"), id="no affine layers"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_another_layout_is_refused(data: bytes) -> None:
    """What is not the network expected is named as such."""
    with pytest.raises(VerificationError, match="dlib model"):
        read(data)
