"""The local engine: threads, a window, no order, no leftovers."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.engines.local import run


@given(
    st.lists(st.integers(), max_size=40), st.integers(1, 4), st.one_of(st.none(), st.integers(1, 9))
)
def test_each_item_is_done_once(items: list[int], workers: int, window: int | None) -> None:
    """Every item gives one result, in whatever order."""
    results = run(items, lambda item: item + 1, workers=workers, window=window)
    assert sorted(results) == sorted(item + 1 for item in items)


def test_items_are_read_no_further_ahead_than_the_window() -> None:
    """The source of items is asked for one more only when there is room for it."""
    asked: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            asked.append(item)
            yield item

    with closing(run(items(), str, workers=2, window=5)) as results:
        assert asked == []
        for taken, _ in enumerate(results, start=1):
            assert len(asked) <= taken + 5


def test_stage_runs_in_as_many_threads_as_there_are_workers() -> None:
    """Three workers are in the stage at once: each waits there for the other two."""
    meeting = threading.Barrier(3)
    results = run(range(3), lambda _: meeting.wait(timeout=60), workers=3)
    assert sorted(results) == [0, 1, 2]


def test_exception_comes_out_when_what_runs_has_ended() -> None:
    """A stage that raises ends the run, but not before the stage beside it has finished."""
    failed = threading.Event()
    finished: list[str] = []

    def stage(item: str) -> None:
        if item == "fails":
            failed.set()
            raise RuntimeError(item)
        failed.wait(timeout=60)
        finished.append(item)

    with pytest.raises(RuntimeError, match="fails"):
        list(run(["goes on", "fails"], stage, workers=2))
    assert finished == ["goes on"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, GeneratorExit])
def test_closing_drops_what_has_not_begun(stop: type[BaseException]) -> None:
    """Ctrl-C in the caller's loop begins nothing more, and leaves no thread behind."""
    begun: list[int] = []

    def stop_after_one() -> None:
        with closing(run(range(1000), begun.append, workers=2, window=4)) as results:
            for _ in results:
                raise stop

    with pytest.raises(stop):
        stop_after_one()
    assert len(begun) <= 6
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("stage")]
