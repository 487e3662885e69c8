import dataclasses

import pytest

from countenance.bench.search import Spread, bench_search
from countenance.errors import UsageError


def test_every_figure_is_measured() -> None:
    """A small bench gives times, a share, memory and the numbers it was asked for."""
    figures = bench_search(2000, dims=64, probes=8, runs=3)
    assert (figures.references, figures.dims, figures.probes, figures.runs) == (2000, 64, 8, 3)
    assert figures.peak_bytes > 2000 * 64 * 4
    for field in dataclasses.fields(figures):
        value = getattr(figures, field.name)
        if isinstance(value, Spread):
            assert 0 < value.least <= value.median <= value.most


def test_the_same_work_is_measured_each_time() -> None:
    """The vectors come from a seed, so two benches find the same number of pairs."""
    first, second = (bench_search(20_000, dims=128, probes=64, runs=1) for _ in range(2))
    assert first.hits == second.hits > 0


@pytest.mark.parametrize("number", [0, -1])
def test_a_bench_of_nothing_is_refused(number: int) -> None:
    """There is no median of no runs."""
    with pytest.raises(UsageError, match="bench"):
        bench_search(number)
    with pytest.raises(UsageError, match="bench"):
        bench_search(100, runs=number)
