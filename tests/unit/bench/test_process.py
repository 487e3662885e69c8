import os

import pytest

from countenance.bench.process import cpu_seconds, in_child, peak_bytes
from countenance.errors import Unavailable


def test_a_function_answers_from_a_process_of_its_own() -> None:
    """What comes back was made elsewhere; what goes wrong there is raised here."""
    assert in_child(os.path.basename, "a/b") == "b"
    with pytest.raises(ValueError, match="invalid literal"):
        in_child(int, "one")


def test_a_process_that_dies_is_an_error_of_ours() -> None:
    """A bench that runs out of memory ends with a sentence."""
    with pytest.raises(Unavailable, match="killed"):
        in_child(os._exit, 1)


def test_what_a_process_used_never_shrinks() -> None:
    """Time and the peak of memory are totals of the process."""
    time_before, memory_before = cpu_seconds(), peak_bytes()
    held = bytearray(os.urandom(1)) * 50_000_000
    assert peak_bytes() >= max(memory_before, len(held))
    assert cpu_seconds() >= time_before
