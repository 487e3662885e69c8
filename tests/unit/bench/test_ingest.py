from pathlib import Path

import pytest

from countenance.bench.ingest import STAGES, IngestFigures, Run, WorkerFigures, bench_ingest
from countenance.errors import UsageError
from countenance.settings import load_settings


def _run(seconds: float, *, peak: int = 100_000_000) -> Run:
    spent = {"read": 0.1, "decode": 1.0, "detect": 4.0, "embed": 0.5, "preview": 0.2}
    return Run(
        photos=10,
        skipped=1,
        faces=30,
        sightings=10,
        seconds=seconds,
        cpu_seconds=6.0,
        spent=spent,
        peak_bytes=peak,
    )


@pytest.fixture
def figures() -> IngestFigures:
    one = WorkerFigures(1, (_run(6.0), _run(8.0), _run(6.0)))
    two = WorkerFigures(2, (_run(3.0), _run(5.0, peak=300_000_000), _run(4.0)))
    return IngestFigures("starter", 1280, made=True, bytes=3_100_000, by_workers=(one, two))


def test_the_stages_add_up_to_the_whole() -> None:
    """What no stage accounts for is `store`."""
    run = _run(6.0)
    assert run.cpu_of("store") == pytest.approx(0.02)
    assert sum(run.cpu_of(stage) for stage in STAGES) == pytest.approx(0.6)
    assert run.processors_busy == pytest.approx(1.0)


def test_the_speed_up_is_taken_repeat_by_repeat(figures: IngestFigures) -> None:
    """Runs that met the same disturbances are compared with each other."""
    assert figures.speed_ups == pytest.approx((2.0, 1.6, 1.5))
    assert figures.as_json()["speed_up"] == {
        "of_workers": 2,
        "over_workers": 1,
        "median_ratio": 1.6,
        "least_ratio": 1.5,
        "most_ratio": 2.0,
    }


def test_the_json_says_what_each_number_is(figures: IngestFigures) -> None:
    """Names carry their units; memory is the most of all runs, the rest the middle."""
    both = figures.as_json()["by_workers"]
    assert isinstance(both, list)
    one, two = both
    assert one["photos_per_second"] == pytest.approx(10 / 6, abs=1e-3)
    assert two["peak_memory_bytes"] == 300_000_000
    assert two["cpu_seconds_per_photo_by_stage"].keys() == set(STAGES)


def test_the_table_has_a_column_a_number_of_workers(figures: IngestFigures) -> None:
    """A person reads the same figures."""
    lines = list(figures.as_text())
    assert "starter" in lines[0]
    assert any(line.split() == ["peak", "memory,", "MB", "100", "300"] for line in lines)
    assert lines[-1] == "2 workers are 1.60 times as fast as 1"


def test_one_number_of_workers_has_no_speed_up(figures: IngestFigures) -> None:
    """A ratio takes two."""
    alone = IngestFigures("starter", 1280, made=True, bytes=1, by_workers=figures.by_workers[:1])
    assert alone.as_json()["speed_up"] is None
    assert "times as fast" not in list(alone.as_text())[-1]


@pytest.mark.parametrize("wrong", [{"count": 0}, {"repeats": 0}, {"workers": (0, 1)}])
def test_a_bench_of_nothing_is_refused(tmp_path: Path, wrong: dict[str, int]) -> None:
    """There is no median of no runs."""
    with pytest.raises(UsageError, match="bench"):
        bench_ingest(None, settings=load_settings(tmp_path), **wrong)  # type: ignore[arg-type]
