from pathlib import Path

import pytest

from countenance.bench.ingest import STAGES, bench_ingest
from countenance.demo.pictures import drawn_face
from countenance.errors import UsageError
from countenance.settings import load_settings


def test_given_photos_are_measured_in_place(tmp_path: Path) -> None:
    """A drawn face is found, nobody is named, and the folder is as it was."""
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "drawn.png").write_bytes(drawn_face())
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    figures = bench_ingest(
        photos, settings=load_settings(tmp_path / "none"), workers=(1,), repeats=1
    )
    (run,) = figures.by_workers[0].runs
    assert (run.photos, run.skipped, run.faces, run.sightings) == (1, 1, 1, 0)
    assert all(run.cpu_of(stage) > 0 for stage in STAGES)
    assert run.peak_bytes > 50_000_000
    assert {path.name for path in photos.iterdir()} == {"broken.jpg", "drawn.png"}


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    """Nothing can be said of no photos."""
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UsageError, match="no photo"):
        bench_ingest(empty, settings=load_settings(tmp_path), workers=(1,), repeats=1)
