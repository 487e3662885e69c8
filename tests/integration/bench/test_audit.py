import pytest

from countenance.bench.audit import bench_audit
from countenance.errors import UsageError


def test_a_log_is_measured_that_is_sound() -> None:
    """As many entries as were asked for are appended and verified, and each part takes time."""
    figures = bench_audit(500)
    assert (figures.entries, figures.sound) == (500, True)
    assert min(figures.append.cpu, figures.append.clock, figures.verify.cpu) > 0
    assert min(figures.payload, figures.any_json) > 0
    assert len(list(figures.as_text())) == 7


def test_a_bench_of_no_entry_is_refused() -> None:
    """Nothing is appended at no speed."""
    with pytest.raises(UsageError, match="bench"):
        bench_audit(0)
