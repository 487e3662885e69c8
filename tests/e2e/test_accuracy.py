"""What the issue of the main job asks for, on real photographs with truth."""

from pathlib import Path

import pytest

from countenance.bench.accuracy import Accuracy, measure
from countenance.errors import NoModel
from countenance.settings import load_settings

LEAST_FOUND = 13
APPEARANCES = 18
STRANGER = "Elliot See"


@pytest.fixture(scope="module")
def measured(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Accuracy:
    settings = load_settings(tmp_path_factory.mktemp("none"))
    try:
        return measure(shared_data / "photos", settings)
    except NoModel as exc:
        pytest.skip(f"the starter pack is not installed: {exc}")


def test_most_appearances_are_found(measured: Accuracy) -> None:
    """Of the 18 appearances of people enrolled from small old portraits, at least 13 are found."""
    assert measured.expected == APPEARANCES
    assert measured.found >= LEAST_FOUND


def test_nobody_is_named_wrongly(measured: Accuracy) -> None:
    """Not one face has another person's name, at whatever band."""
    assert measured.wrong == ()


def test_every_face_has_a_box(measured: Accuracy) -> None:
    """All nineteen faces are found, the stranger's too."""
    assert all(one.height for one in measured.outcomes)


@pytest.mark.promise("P6")
def test_the_stranger_is_nobody(measured: Accuracy) -> None:
    """The one man who did not enrol has a box and no name."""
    (stranger,) = [one for one in measured.outcomes if one.person == STRANGER]
    assert (stranger.enrolled, stranger.named) == (False, "")
