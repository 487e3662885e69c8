from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from countenance.core.canonical import Digest
from countenance.errors import Error, VerificationError
from countenance.vision.embed import Embedder
from countenance.vision.inputs import padded, planes
from countenance.vision.pack import Colour, EmbedderRecord, Input, ModelFile, Preparation
from countenance.vision.session import Session
from countenance.vision.types import Float32, Pixels

SIZE, DIMENSIONS = 8, 6
FILE = ModelFile(
    name="toy",
    sha256=Digest("0" * 64),
    size=1,
    licence="none",
    training_data="none",
    preparation=Preparation.AS_IS,
    prepared_sha256=Digest("0" * 64),
    origin="https://example.org/toy.onnx",
)
RECORD = EmbedderRecord(FILE, Input(Colour.RGB, 127.5, 1 / 127.5), SIZE, DIMENSIONS)


def network(folder: Path, *, batch: str | int) -> Session:
    """A network of one layer, with random weights."""
    weights = np.random.default_rng(3).normal(size=(3 * SIZE * SIZE, DIMENSIONS))
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["image"], ["flat"]),
            helper.make_node("MatMul", ["flat", "w"], ["embedding"]),
        ],
        "toy",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, 3, SIZE, SIZE])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [batch, DIMENSIONS])],
        [numpy_helper.from_array(weights.astype(np.float32), "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path = folder / "toy.onnx"
    onnx.save(model, path)
    return Session(path)


def chips(count: int) -> Pixels:
    values = np.random.default_rng(4).integers(0, 256, (count, SIZE, SIZE, 3))
    return values.astype(np.uint8)


def test_templates_have_length_one(tmp_path: Path) -> None:
    """Rows of length one, float32, in C order, as many as chips."""
    templates = Embedder(network(tmp_path, batch="n"), RECORD)(chips(5))
    assert templates.shape == (5, DIMENSIONS)
    assert templates.dtype == np.float32
    assert templates.flags.c_contiguous
    assert np.allclose(np.linalg.norm(templates, axis=1), 1, atol=1e-6)


def test_no_chips_give_no_templates(tmp_path: Path) -> None:
    """Zero faces are zero rows, not an error."""
    assert Embedder(network(tmp_path, batch="n"), RECORD)(chips(0)).shape == (0, DIMENSIONS)


@pytest.mark.parametrize("batch", ["n", 1])
def test_a_template_does_not_depend_on_its_neighbours(tmp_path: Path, batch: str | int) -> None:
    """One at a time, all 40 at once, or by a network that takes one only: the same templates."""
    embedder = Embedder(network(tmp_path, batch=batch), RECORD)
    together = embedder(chips(40))
    alone = np.concatenate([embedder(chip[None]) for chip in chips(40)])
    assert np.allclose(together, alone, atol=1e-6)


def test_a_mirrored_chip_has_the_same_template(tmp_path: Path) -> None:
    """A template is the mean of a chip's and its mirror image's."""
    embedder = Embedder(network(tmp_path, batch="n"), RECORD)
    faces = chips(3)
    assert np.allclose(embedder(faces), embedder(faces[:, :, ::-1]), atol=1e-6)


@pytest.mark.parametrize("batch", ["n", 1])
def test_those_near_have_the_templates_that_they_have_among_all(
    tmp_path: Path, batch: str | int
) -> None:
    """Only what is let pass is embedded wholly, and then it is the same; half of it is shown."""
    embedder, faces = Embedder(network(tmp_path, batch=batch), RECORD), chips(40)
    shown: list[Float32] = []

    def every_third(halves: Float32) -> NDArray[np.bool_]:
        shown.append(halves)
        return np.asarray(np.arange(len(halves)) % 3 == 0, np.bool_)

    rows, templates = embedder.those_near(faces, every_third)
    assert rows.tolist() == list(range(0, 40, 3))
    assert np.allclose(templates, embedder(faces)[rows], atol=1e-6)
    (halves,) = shown
    assert halves.shape == (40, DIMENSIONS)
    assert np.allclose(np.linalg.norm(halves, axis=1), 1, atol=1e-6)
    assert not np.allclose(halves, embedder(faces), atol=1e-2)


def test_nobody_near_gives_no_templates(tmp_path: Path) -> None:
    embedder = Embedder(network(tmp_path, batch="n"), RECORD)
    rows, templates = embedder.those_near(chips(3), lambda halves: np.zeros(len(halves), np.bool_))
    assert len(rows) == 0
    assert templates.shape == (0, DIMENSIONS)


def test_planes_follow_the_convention() -> None:
    """Values are scaled about the mean, and the planes stand in the order asked for."""
    pixels = np.array([[[[0, 51, 255]]]], np.uint8)
    bgr = planes(pixels, Input(Colour.BGR, 127.5, 1 / 127.5))
    assert np.allclose(bgr[0, :, 0, 0], [1, -0.6, -1])
    assert bgr.flags.c_contiguous
    assert planes(pixels, Input(Colour.RGB, 0, 1))[0, :, 0, 0].tolist() == [0, 51, 255]


def test_padding_adds_black_and_moves_nothing() -> None:
    """The picture stays in the upper left corner."""
    pixels = np.full((33, 20, 3), (1, 2, 3), np.uint8)
    image = padded(pixels, Colour.BGR, multiple=32)
    assert image.shape == (1, 64, 32, 3)
    assert image[0, 32, 19].tolist() == [3, 2, 1]
    assert not image[0, 33:].any()
    assert not image[0, :, 20:].any()


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    """ONNX Runtime's own errors do not leave the module."""
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"this is no network")
    with pytest.raises(VerificationError, match=r"broken\.onnx: ONNX Runtime cannot load it"):
        Session(path)
    with pytest.raises(VerificationError, match=r"absent\.onnx"):
        Session(tmp_path / "absent.onnx")


def test_a_shape_that_the_network_does_not_take(tmp_path: Path) -> None:
    """A failing run is our error, naming the file."""
    with pytest.raises(Error, match=r"toy\.onnx: ONNX Runtime failed"):
        network(tmp_path, batch="n").run(np.zeros((1, 3, 4, 4), np.float32))
