from pathlib import Path

import pytest

from countenance.bench.peers import Answer, Comparison, FoundFace, Score, main, score
from countenance.bench.truth import Box, KnownPhoto, PlacedFace, Truth

LEFT: Box = (0, 0, 100, 100)
MIDDLE: Box = (200, 0, 300, 100)
RIGHT: Box = (400, 0, 500, 100)
NEAR_LEFT: Box = (10, 10, 120, 120)

PHOTO = KnownPhoto(
    Path("gala.jpg"),
    (PlacedFace("Ada", LEFT), PlacedFace("Bo", MIDDLE), PlacedFace("Stranger", RIGHT)),
)
TRUTH = Truth({"Ada": (Path("ada.jpg"),), "Bo": (Path("bo.jpg"),)}, (PHOTO,))


def _answer(*faces: FoundFace, cpu_seconds: float = 1.0) -> Answer:
    return Answer("program", {"gala.jpg": faces}, cpu_seconds)


def test_a_face_is_found_where_the_boxes_overlap() -> None:
    """Two detectors never draw the same box."""
    answer = _answer(FoundFace(NEAR_LEFT, "Ada"), FoundFace(MIDDLE, ""))
    assert score(answer, TRUTH) == Score(faces=3, found=2, people=2, named=1, wrong=0)


def test_every_name_that_is_not_theirs_is_wrong() -> None:
    """On somebody else's face, on a stranger's, or where nobody is."""
    answer = _answer(
        FoundFace(LEFT, "Bo"), FoundFace(RIGHT, "Ada"), FoundFace((700, 0, 800, 100), "Ada")
    )
    assert score(answer, TRUTH) == Score(faces=3, found=2, people=2, named=0, wrong=3)


def test_the_ratio_is_of_photos_a_cpu_second() -> None:
    """Ours over theirs, for the same photos."""
    theirs, ours = _answer(cpu_seconds=4.0), _answer(FoundFace(LEFT, "Ada"), cpu_seconds=0.5)
    comparison = Comparison("made photos", TRUTH, theirs, ours)
    assert comparison.ratio == pytest.approx(8.0)
    text = list(comparison.as_text())
    assert text[-1].strip() == "8.0 times as many photos a CPU second"
    assert text[3].split() == ["program", "2.00", "1", "of", "3", "1", "of", "2", "0"]


def test_without_the_peers_environment_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A Python that is not there is a sentence and an exit code, not a traceback."""
    missing = tmp_path / "python"
    assert main(["--peer-python", str(missing), "--count", "1"]) == 9
    assert "cannot run face_recognition" in capsys.readouterr().err
