"""Small datasets made from real photographs with truth, in the layouts that people have."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from countenance.bench.datasets import read_dataset
from countenance.bench.evaluation import Evaluation, evaluate
from countenance.bench.truth import Truth, read_truth
from countenance.cli.main import main
from countenance.core.rates import Rate
from countenance.errors import NoModel
from countenance.extract.extractor import Extractor
from countenance.library import Library
from countenance.settings import load_settings

CREW = "nasa_apollo1_crew.jpg"


@pytest.fixture(scope="module")
def photos(shared_data: Path) -> Path:
    return shared_data / "photos"


@pytest.fixture(scope="module")
def truth(photos: Path) -> Truth:
    return read_truth(photos)


@pytest.fixture(scope="module")
def see(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Extractor]:
    root = tmp_path_factory.mktemp("library")
    settings = load_settings(root / "none").with_keys(root / "keys")
    with Library.init(root / "library", settings) as library:
        try:
            yield library.extractor
        except NoModel as exc:
            pytest.skip(f"the starter pack is not installed: {exc}")


def people_in_folders(root: Path, truth: Truth) -> list[tuple[str, int]]:
    """Every portrait as `Alan_Shepard/Alan_Shepard_0001.jpg`; how many there are of each."""
    counts = []
    for person, paths in truth.portraits.items():
        name = person.replace(" ", "_")
        (root / name).mkdir(parents=True)
        for number, path in enumerate(paths, 1):
            (root / name / f"{name}_{number:04}{path.suffix}").write_bytes(path.read_bytes())
        counts.append((name, len(paths)))
    return counts


def of_pairs(measured: Evaluation, protocol: str) -> tuple[int, int]:
    (found,) = [one for one in measured.compared if one.protocol == protocol]
    return found.same.total, found.different.total


def test_a_folder_per_person(truth: Truth, see: Extractor, tmp_path: Path) -> None:
    """23 portraits of 16 men: all faces found; the few pairs say nothing of small rates."""
    counts = dict(people_in_folders(tmp_path, truth))
    measured = evaluate(read_dataset(tmp_path), see)
    assert (measured.layout, measured.people, measured.faces) == ("folders", 16, Rate(23, 23))
    same = sum(n * (n - 1) // 2 for n in counts.values())
    assert of_pairs(measured, "all pairs") == (same, 23 * 22 // 2 - same)
    assert all(point.accepted is None for point in measured.compared[-1].points)
    assert measured.identified is not None
    assert measured.identified.people == sum(n > 1 for n in counts.values())
    assert all(band.mistaken.count == 0 for band in measured.identified.bands)


def test_lfw_with_its_pairs(truth: Truth, see: Extractor, tmp_path: Path) -> None:
    """Pairs of one man and of two, in two folds, beside all pairs; one file is no picture."""
    people_in_folders(tmp_path / "lfw", truth)
    gus, ed, lovell = "Gus_Grissom", "Ed_White", "Jim_Lovell"
    (tmp_path / "pairs.txt").write_text(
        "2\t2\n"
        f"{gus}\t1\t2\n{lovell}\t1\t2\n{gus}\t2\t{lovell}\t1\n{gus}\t2\t{ed}\t2\n"
        f"{ed}\t1\t2\n{lovell}\t2\t3\n{gus}\t3\t{lovell}\t2\n{ed}\t1\t{lovell}\t3\n"
    )
    (tmp_path / "lfw" / gus / f"{gus}_0001.jpg").write_bytes(b"no picture")
    measured = evaluate(read_dataset(tmp_path), see, workers=2)
    assert (measured.layout, measured.unread, measured.faces) == ("lfw", 1, Rate(22, 23))
    assert of_pairs(measured, "pairs.txt") == (4, 4)
    first = measured.compared[0]
    assert first.same.apart == 1, "the pair with the file that is no picture"
    assert first.folds is not None
    assert first.folds.mean >= 0.5


def test_wider_face(photos: Path, see: Extractor, tmp_path: Path) -> None:
    """The three men of a crew are found; a face marked where there is none counts as missed."""
    images = tmp_path / "WIDER_val" / "images" / "0--Crew"
    images.mkdir(parents=True)
    (images / CREW).write_bytes((photos / CREW).read_bytes())
    with (photos / "faces.csv").open(newline="", encoding="utf-8") as file:
        boxes = [row for row in csv.DictReader(file) if row["file"] == CREW]
    lines = [" ".join(row[key] for key in "xywh") + " 0 0 0 0 0 0" for row in boxes]
    lines += ["5 5 30 30 0 0 0 0 0 0", "600 5 30 30 0 0 0 1 0 0"]
    (tmp_path / "wider_face_split").mkdir()
    (tmp_path / "wider_face_split" / "wider_face_val_bbx_gt.txt").write_text(
        "\n".join([f"0--Crew/{CREW}", str(len(lines)), *lines]) + "\n"
    )
    measured = evaluate(read_dataset(tmp_path), see)
    assert measured.detected is not None
    assert [(row.low, row.found) for row in measured.detected.recall] == [
        (20, Rate(0, 1)),
        (80, Rate(3, 3)),
    ]
    assert measured.detected.alarms == 0
    assert (measured.identified, measured.compared) == (None, ())


def test_the_command_answers_as_documented(
    truth: Truth,
    see: Extractor,  # noqa: ARG001  skips where the pack is not installed
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    documented: object,
) -> None:
    """Every field stands in docs/cli.md; plots are written where they were asked for."""
    assert callable(documented)
    people_in_folders(tmp_path / "people", truth)
    plots = tmp_path / "plots"
    argv = ["bench", "accuracy", str(tmp_path / "people"), "--plots", str(plots), "--json"]
    assert main(argv) == 0
    told = json.loads(capsys.readouterr().out)
    named = documented("bench accuracy")
    assert set(told) <= named
    assert {*told["verification"][0], *told["verification"][0]["points"][0]} <= named
    assert {*told["identification"], *told["identification"]["bands"][0]} <= named
    assert sorted(told["plots"]) == sorted(str(path) for path in plots.iterdir())
    assert main(["bench", "accuracy", str(tmp_path / "none")]) == 5
    assert main(["bench", "accuracy", str(plots)]) == 2
    assert "no layout of a dataset that is known" in capsys.readouterr().err
