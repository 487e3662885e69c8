"""The odd and broken files, through a whole ingest with the real networks."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from countenance.catalog.photos import Box
from countenance.core.geometry import overlaps
from countenance.errors import NoModel
from countenance.ingest.run import Report
from countenance.library import Given, Library

Ingested = tuple[Report, list[tuple[str, list[Box]]]]

FILES = 149  # and their list
SAME = 0.85


@pytest.fixture(scope="module")
def ingested(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Ingested:
    root = tmp_path_factory.mktemp("library")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    with Library.init(root / "library") as library:
        library.add_folder(shared_data / "robust", Given("the test", tomorrow))
        try:
            report = library.ingest()
        except NoModel as exc:
            pytest.skip(f"the starter pack is not installed: {exc}")
        boxes = [
            (locator, [face.box for face in photo.faces])
            for photo in library.photos()
            for locator in photo.locators
        ]
    return report, boxes


def test_every_file_ends_in_a_result_or_a_reason(
    ingested: Ingested,
) -> None:
    """Each of the 149 files is a photo, or is in the report with a reason; none ends the run."""
    report, _ = ingested
    ended = report.done + report.known + len(report.skipped) + len(report.passed_over)
    assert ended == FILES + 1
    assert all(one.reason and one.detail for one in report.skipped)


@pytest.mark.parametrize("family", ["pil_hopper_orientation", "rec_Portrait"])
def test_a_turned_picture_has_the_same_boxes_as_the_upright_one(
    ingested: Ingested, family: str
) -> None:
    """All orientations of one picture show the same number of faces in the same places."""
    _, boxes = ingested
    pattern = re.compile(rf"orientation/{family}_\d\.\w+")
    found = [faces for locator, faces in boxes if pattern.fullmatch(locator)]
    assert len(found) >= 8
    first = np.array(found[0], np.float32).reshape(-1, 4)
    for other in found[1:]:
        again = np.array(other, np.float32).reshape(-1, 4)
        assert len(again) == len(first)
        if len(first):
            assert overlaps(first, again).max(axis=1).min() > SAME
