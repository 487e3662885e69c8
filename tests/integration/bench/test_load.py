"""The bench of opening references, small."""

import dataclasses

import pytest

from countenance.bench.load import TEMPLATES_A_PERSON, bench_load
from countenance.bench.search import Spread
from countenance.errors import UsageError


def test_every_figure_is_measured() -> None:
    """A library is made, opened and gone; opening is more work than decryption alone."""
    figures = bench_load(50, runs=2)
    assert (figures.references, figures.templates) == (50, TEMPLATES_A_PERSON)
    for field in dataclasses.fields(figures):
        value = getattr(figures, field.name)
        if isinstance(value, Spread):
            assert 0 < value.least <= value.median <= value.most
    assert figures.ratio.least > 1
    assert figures.bytes_each > TEMPLATES_A_PERSON * 512
    assert figures.memory_each >= 0
    assert figures.microseconds_each == pytest.approx(figures.opened.median / 50 * 1e6)


@pytest.mark.parametrize("number", [0, -1])
def test_a_bench_of_nothing_is_refused(number: int) -> None:
    """Neither nobody nor no run is measured."""
    with pytest.raises(UsageError, match="bench"):
        bench_load(number)
    with pytest.raises(UsageError, match="bench"):
        bench_load(1, runs=number)
