import pytest

from countenance.bench.erasure import bench_scan
from countenance.errors import UsageError


def test_a_scan_is_measured_that_finds_what_was_hidden() -> None:
    """Every second object is hidden in the files, and just these are found."""
    figures = bench_scan(2, needles=(30, 300), runs=2)
    assert [(one.needles, one.hidden, one.found) for one in figures.by_needles] == [
        (30, 3, 3),
        (300, 30, 30),
    ]
    assert 1_900_000 < figures.bytes_read <= 2_000_000
    for one in figures.by_needles:
        assert 0 < one.scanned.least <= one.scanned.median <= one.scanned.most
        assert min(one.by_the_clock.least, one.one_find_each, one.plain_filter) > 0
    assert len(list(figures.as_text())) == 11


@pytest.mark.parametrize(
    ("megabytes", "needles", "runs"), [(0, (30,), 1), (1, (), 1), (1, (4,), 1), (1, (30,), 0)]
)
def test_a_bench_of_nothing_is_refused(megabytes: int, needles: tuple[int, ...], runs: int) -> None:
    """Nothing is read at no speed."""
    with pytest.raises(UsageError, match="bench"):
        bench_scan(megabytes, needles=needles, runs=runs)
