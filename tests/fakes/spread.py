"""An engine that spreads work over threads: all of an ingest on a cluster but the cluster."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from countenance.engines.ray import Batched
from countenance.errors import Error, Unavailable


class Killed(Exception):
    """A worker that is no more: it says nothing to anybody."""


@dataclass(slots=True)
class Threads:
    """
    As many `workers` as threads, each with a stage of its own.

    A batch in which a worker is killed goes to another one, as the engine of a cluster does it; if
    there is no other, the query fails. `batches` are all that were given out.
    """

    workers: int = 2
    host: str = "127.0.0.1"
    batches: list[Sequence[int]] = field(default_factory=list)

    def require(self) -> None:
        """It is always to be had."""

    def scatter(self, make: Callable[[], Batched], rows: Sequence[int], *, batch: int) -> None:
        waiting: SimpleQueue[Sequence[int]] = SimpleQueue()
        for start in range(0, len(rows), batch):
            waiting.put(rows[start : start + batch])
        failed: list[Exception] = []

        def work() -> None:
            try:
                stage = make()
            except Error as exc:
                failed.append(exc)
                return
            with suppress(Empty):
                while True:
                    part = waiting.get_nowait()
                    self.batches.append(part)
                    try:
                        stage(part)
                    except (Killed, Error) as exc:
                        waiting.put(part)
                        failed.append(exc)
                        return

        threads = [threading.Thread(target=work) for _ in range(self.workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed and not waiting.empty():
            raise Unavailable(f"the cluster: {failed[0]}")
