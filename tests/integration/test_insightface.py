"""Packs of InsightFace by path: what is taken, what it answers, and what has to be accepted."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import simplejpeg  # type: ignore[import-untyped]

from countenance.audit.entry import Act
from countenance.bench.protocols import Spread
from countenance.bench.rates import points_of
from countenance.catalog import log
from countenance.cli.main import main
from countenance.core.canonical import digest
from countenance.errors import NoModel, NotFound, Refused, UsageError, VerificationError
from countenance.library import Library
from countenance.settings import load_settings
from countenance.vision.insightface import read_folder
from countenance.vision.models import ModelStore
from countenance.vision.pack import (
    Calibration,
    CalibrationPoint,
    CommercialUse,
    DetectorKind,
    Pack,
    load_pack,
    write_rates,
)
from countenance.vision.scrfd import grids_of
from countenance.vision.types import Pixels
from countenance.vision.vision import Vision
from tests.fakes import insightface as tiny


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    settings = load_settings(
        tmp_path / "library", environment={}, given={"models_dir": str(tmp_path / "models")}
    )
    with Library.init(tmp_path / "library", settings) as made:
        yield made


@pytest.fixture
def pack(library: Library, tmp_path: Path) -> Pack:
    return library.adopt_pack("mine", read_folder(tiny.folder(tmp_path / "theirs")))


# --- what is taken ------------------------------------------------------------------------------


def test_a_detector_and_a_recogniser_are_taken_by_their_shapes(tmp_path: Path) -> None:
    """Whatever they are called; what estimates age and sex, or more landmarks, is not."""
    folder = tiny.folder(tmp_path, "antelopev2")
    (folder / "det_10g.onnx").rename(folder / "a.onnx")
    (folder / "w600k_r50.onnx").rename(folder / "b.onnx")
    found = read_folder(folder)
    assert (found.detector.name, found.embedder.name) == ("a.onnx", "b.onnx")
    assert (found.name, found.dimensions) == ("antelopev2", tiny.DIMENSIONS)
    with pytest.raises(NotFound, match="no such folder"):
        read_folder(tmp_path / "nowhere")
    (folder / "another.onnx").write_bytes(tiny.recogniser())
    with pytest.raises(UsageError, match=r"it holds 2 \(another.onnx, b.onnx\)"):
        read_folder(folder)
    (folder / "a.onnx").unlink()
    with pytest.raises(UsageError, match=r"a detector with five points .* holds none"):
        read_folder(folder)


def test_the_pack_says_what_it_is_and_what_it_is_not(pack: Pack, library: Library) -> None:
    """Digests of the very files, ArcFace's convention, and that it is not for commerce."""
    assert pack.files == load_pack("mine", library.settings.models_dir).files
    assert pack.commercial_use is CommercialUse.NO
    assert pack.detector.kind is DetectorKind.SCRFD
    assert "non-commercial research only" in pack.detector.file.licence
    assert pack.detector.file.sha256 == digest(tiny.detector())
    assert pack.embedder.file.sha256 == digest(tiny.recogniser())
    given = pack.embedder.input
    assert (given.colour, given.mean, given.scale) == ("RGB", 127.5, 1 / 127.5)
    assert (pack.embedder.size, pack.embedder.dimensions) == (112, 512)
    with pytest.raises(NotFound):
        load_pack("mine")
    for wrong in ("starter", "A B", ""):
        with pytest.raises(UsageError):
            library.adopt_pack(wrong, read_folder(Path(library.root.parent / "theirs/buffalo_l")))


@pytest.mark.promise("P27")
def test_a_file_that_was_changed_is_named(pack: Pack, library: Library) -> None:
    """And not run; brought back, it is."""
    models = library.settings.models_dir
    file = models / f"{pack.embedder.file.sha256}.onnx"
    sound = file.read_bytes()
    file.write_bytes(sound[:-1] + b"?")
    with pytest.raises(NoModel, match=f"mine: {file} is damaged"):
        ModelStore(models).locate(pack)
    back = library.root.parent / "theirs" / "buffalo_l" / "w600k_r50.onnx"
    ModelStore(models).get(pack, [back])
    assert file.read_bytes() == sound
    file.unlink()
    with pytest.raises(NoModel, match="published nowhere"):
        ModelStore(models).get(pack)


# --- what it answers ----------------------------------------------------------------------------


def _reds(height: int, width: int, *cells: tuple[int, int, int]) -> Pixels:
    """A black picture with cells of full red: stride, column and row of each."""
    pixels = np.zeros((height, width, 3), np.uint8)
    for stride, column, row in cells:
        pixels[row * stride : (row + 1) * stride, column * stride : (column + 1) * stride, 0] = 255
    return pixels


def _reference(pixels: Pixels, threshold: float) -> list[tuple[float, list[float], list[float]]]:
    """
    What SCRFD with these answers finds, cell by cell in plain numbers, from the paper and not from
    the program: distances from the cell's corner, times the stride; the best of what overlaps.
    """
    height, width = (-(-side // 32) * 32 for side in pixels.shape[:2])
    canvas = np.zeros((height, width))
    canvas[: pixels.shape[0], : pixels.shape[1]] = pixels[..., 0]
    found = []
    for stride in tiny.STRIDES:
        for y in range(0, height, stride):
            for x in range(0, width, stride):
                mean = (canvas[y : y + stride, x : x + stride].mean() - 127.5) / 128
                score = 0.5 * mean + 0.5
                if score >= threshold:
                    left, up, right, down = (one * stride for one in tiny.REACH)
                    box = [x - left, y - up, x + right, y + down]
                    points = [
                        (x if place % 2 == 0 else y) + one * stride
                        for place, one in enumerate(tiny.POINTS)
                    ]
                    found.append((float(score), box, points))
    found.sort(key=lambda one: -one[0])
    kept: list[tuple[float, list[float], list[float]]] = []
    for one in found:
        if all(_overlap(one[1], other[1]) <= 0.4 for other in kept):
            kept.append(one)
    return kept


def _overlap(a: list[float], b: list[float]) -> float:
    wide = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    high = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    both = wide * high
    whole = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both
    return both / whole


@pytest.mark.parametrize(
    ("size", "cells"),
    [
        ((160, 224), [(32, 2, 1)]),
        ((160, 224), [(8, 3, 4), (16, 9, 2)]),
        ((100, 130), [(16, 5, 3), (8, 1, 1), (8, 14, 10)]),
        ((96, 96), []),
    ],
)
def test_the_detector_answers_as_the_paper_says(
    pack: Pack, library: Library, size: tuple[int, int], cells: list[tuple[int, int, int]]
) -> None:
    """Boxes, points and scores, against a reference that shares nothing with the program."""
    models = library.settings.models_dir
    vision = Vision(pack, ModelStore(models).locate(pack))
    pixels = _reds(*size, *cells)
    found = vision.find_easily(pixels)
    expected = _reference(pixels, 0.7 * pack.detector.threshold)
    assert len(found) == len(expected) >= len(cells)
    for row, (score, box, points) in enumerate(expected):
        assert found.scores[row] == pytest.approx(score, abs=1e-4)
        assert found.boxes[row] == pytest.approx(np.array(box), abs=1e-3)
        assert found.points[row].ravel() == pytest.approx(np.array(points), abs=1e-3)


def test_a_network_of_one_size_sees_the_whole_picture(library: Library, tmp_path: Path) -> None:
    """Some are exported for 640 pixels alone: a larger picture is shrunk, and its boxes are not."""
    pack = library.adopt_pack("fixed", read_folder(tiny.folder(tmp_path / "fixed", size=640)))
    vision = Vision(pack, ModelStore(library.settings.models_dir).locate(pack))
    small, large = _reds(640, 640, (32, 10, 8)), _reds(1280, 1280, (64, 10, 8))
    one, two = vision.find_easily(small), vision.find_easily(large)
    assert len(one) == len(two) > 0
    assert two.boxes == pytest.approx(2 * one.boxes, abs=0.1)
    assert two.points == pytest.approx(2 * one.points, abs=0.1)


def test_the_recogniser_is_given_what_arcface_takes(pack: Pack, library: Library) -> None:
    """RGB, `(x - 127.5) / 127.5`, chips of 112: the known matrix, and rows of length one."""
    vision = Vision(pack, ModelStore(library.settings.models_dir).locate(pack))
    colour = np.array([200, 30, 90], np.uint8)
    pixels = np.tile(colour, (200, 200, 1))
    points = pack.template[None] + 40
    (template,) = vision.templates(pixels, points.astype(np.float32))
    raw = (colour.astype(np.float64) - 127.5) / 127.5 @ tiny.MATRIX + tiny.SHIFT
    assert template == pytest.approx(raw / np.linalg.norm(raw), abs=1e-4)


def test_other_outputs_are_no_scrfd() -> None:
    """Without points, or with rows that fit no grid, it is named."""
    grid = [np.zeros((2 * (64 // s) ** 2, w), np.float32) for w in (1, 4, 10) for s in (8, 16, 32)]
    assert [one.anchors for one in grids_of(grid, (64, 64))] == [2, 2, 2]
    with pytest.raises(VerificationError, match="not the outputs of SCRFD"):
        grids_of(grid[:6], (64, 64))
    with pytest.raises(VerificationError, match="not a grid of 8 x 9 cells"):
        grids_of(grid, (64, 72))


# --- what has to be accepted --------------------------------------------------------------------


@pytest.mark.promise("P30")
def test_the_licence_is_shown_and_accepted_by_somebody(
    tmp_path: Path,
    library: Library,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without a word nothing is loaded; with it the log says who, when, and for which files."""
    library.close()
    monkeypatch.setenv("COUNTENANCE_MODELS", str(tmp_path / "models"))
    folder = tiny.folder(tmp_path, "buffalo_l")
    line = ["--library", str(library.root), "--as", "cleo", "--json", "models", "add"]
    assert main([*line, "--from", str(folder)]) == 4
    said = capsys.readouterr().err
    assert "non-commercial research" in said
    assert "--accept-licence" in said
    assert not (tmp_path / "models" / "packs").exists()
    assert main([*line, "--from", str(folder), "--accept-licence"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["commercial_use"] == "no"
    assert "non-commercial research" in told.err
    with Library.open(library.root, library.settings) as again:
        with again._database.read() as tx:
            (entry,) = (one for one in log.entries(tx) if one.act is Act.LICENCE_ACCEPTED)
        assert entry.actor == "cleo"
        files = load_pack("buffalo_l", tmp_path / "models").files
        assert entry.subjects == ("pack:buffalo_l", *(file.sha256 for file in files))
    assert main(["--library", str(library.root), "models", "list"]) == 0
    assert "buffalo_l" in capsys.readouterr().out
    assert main(["--library", str(library.root), "models", "info", "buffalo_l"]) == 0
    assert "nobody is recognised by it before" in capsys.readouterr().out


@pytest.mark.promise("P9")
def test_nobody_is_recognised_by_it_before_it_is_measured(pack: Pack, library: Library) -> None:
    """Not by a threshold that somebody made up: it is refused with the way to measure it."""
    with pytest.raises(Refused, match="mine: its false-match rates were never measured"):
        library.switch("mine")
    points = (CalibrationPoint(1e-2, 1.1), CalibrationPoint(1e-3, 1.0))
    told = Calibration(
        measured=True, measured_on="a club", date=pack.calibration.date, alike=4.0, points=points
    )
    write_rates(pack, told, library.settings.models_dir)
    done = library.switch("mine")
    assert done.changed.after == library.pack.id == "mine"
    assert library.pack.calibration.points == points


def test_rates_are_kept_as_far_as_there_are_pairs_to_tell() -> None:
    """The largest distance within which no greater share lies; ten errors are needed for a rate."""
    rng = np.random.default_rng(5)
    apart = np.sort(rng.uniform(0.5, 1.5, 100_000))
    points = points_of(Spread.of(apart))
    assert [one.fmr for one in points] == [1e-2, 1e-3, 1e-4]
    for one in points:
        assert np.mean(apart < one.distance) <= one.fmr
        assert np.mean(apart < one.distance + 0.001) > 0.9 * one.fmr
    assert points_of(Spread.none()) == ()


def test_a_measurement_is_kept_by_the_command(
    tmp_path: Path,
    library: Library,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    pack: Pack,
) -> None:
    """`bench accuracy --keep-rates` refuses of too few pairs to write anything."""
    library.close()
    for person in range(3):
        folder = tmp_path / "faces" / f"person{person}"
        folder.mkdir(parents=True)
        for number in range(2):
            pixels = _reds(160, 160, (32, 2, 1))
            pixels[..., 1] = 40 * person + number
            data = simplejpeg.encode_jpeg(pixels, quality=95, colorspace="RGB")
            (folder / f"{number}.jpg").write_bytes(data)
    monkeypatch.setenv("COUNTENANCE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("COUNTENANCE_PACK", pack.id)
    line = ["--library", str(library.root), "bench", "accuracy", str(tmp_path / "faces")]
    assert main(line) == 0
    assert f"pack `{pack.id}`" in capsys.readouterr().out
    assert main([*line, "--keep-rates"]) == 4
    assert "pairs of different people are too few" in capsys.readouterr().err
