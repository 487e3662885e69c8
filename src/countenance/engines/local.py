"""Running a stage over many items on this machine, in threads, within bounded memory."""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def run(
    items: Iterable[T], stage: Callable[[T], R], *, workers: int, window: int | None = None
) -> Generator[R, None, None]:
    """
    What `stage` makes of each item, as it is made, in no particular order.

    `stage` runs in `workers` threads at once. At most `window` items, twice `workers` if not
    given, are under way or waiting to be taken; `items` is read no further ahead, and in the
    caller's thread. So memory is bounded by the window, however many items there are.

    An exception of `stage` comes out of the iterator, once what was running has ended. Closing
    the iterator does the same: what has not begun is dropped, what is running is waited for. Use
    `contextlib.closing`, so that Ctrl-C in the caller's loop closes it at once.
    """
    rest = iter(items)
    pool = ThreadPoolExecutor(workers, thread_name_prefix="stage")
    try:
        pending = {pool.submit(stage, item) for item in islice(rest, window or 2 * workers)}
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                pending |= {pool.submit(stage, item) for item in islice(rest, 1)}
                yield future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
