"""The benches of searching again, of the floor and of finding: small, so that they stay sound."""

from pathlib import Path

import pytest

from countenance.bench.again import bench_again
from countenance.bench.floor import bench_floor
from countenance.bench.joining import LEAST
from countenance.errors import NoModel, UsageError
from countenance.settings import load_settings


@pytest.mark.long
def test_everybody_is_found_again(tmp_path: Path) -> None:
    """Long for the networks and a library of 170 photos: the newcomer, among others."""
    try:
        figures = bench_again(load_settings(tmp_path), LEAST, people=5)
    except NoModel as exc:
        pytest.skip(f"the starter pack is not installed: {exc}")
    assert (figures.photos, figures.found) == (LEAST, figures.there)
    assert 0 < figures.first <= figures.seconds
    assert figures.mirrored < 1
    assert "of 24 found" in "\n".join(figures.as_text())


@pytest.mark.long
def test_no_step_is_below_the_floor(tmp_path: Path) -> None:
    """Long for the networks: the floor is part of what it is the floor of."""
    try:
        figures = bench_floor(load_settings(tmp_path), runs=1)
    except NoModel as exc:
        pytest.skip(f"the starter pack is not installed: {exc}")
    assert (figures.with_faces.faces, figures.without.faces) == (3, 0)
    assert set(figures.with_faces.steps) >= {"decode", "find", "embed"}
    assert "photos a second" in "\n".join(figures.as_text())


def test_nothing_is_not_measured(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="1 person or more"):
        bench_again(load_settings(tmp_path), LEAST, people=0)
    with pytest.raises(UsageError, match="photos or more"):
        bench_again(load_settings(tmp_path), LEAST - 1)
    with pytest.raises(UsageError, match="1 or more"):
        bench_floor(load_settings(tmp_path), runs=0)
