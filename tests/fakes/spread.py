"""
An engine that spreads work over threads: all of an ingest on a cluster but the cluster.

And what a worker looks with, on a cluster of Ray as in a thread: a fake vision, loaded there.
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue

from countenance.core.canonical import digest
from countenance.engines.ray import Batched
from countenance.errors import Error, Unavailable
from countenance.extract.extractor import Extractor
from countenance.ingest.worker import WorkerStage
from countenance.media.decoder import Decoder
from countenance.media.limits import Limits
from countenance.vision.types import Detections, Pixels
from tests.fakes.vision import FakeVision


class Killed(Exception):
    """A worker that is no more: it says nothing to anybody."""


@dataclass(slots=True)
class Threads:
    """
    As many `workers` as threads, each with a stage of its own.

    A batch in which a worker is killed goes to another one, as the engine of a cluster does it; if
    there is no other, the query fails. `batches` are all that were given out. So many calls as
    `stuck` says begin with one worker, give it nothing, and last until they are ended. Workers
    come `late`, in seconds.
    """

    workers: int = 2
    host: str = "127.0.0.1"
    stuck: int = 0
    late: float = 0.0
    ended: threading.Event = field(default_factory=threading.Event)
    batches: list[Sequence[int]] = field(default_factory=list)

    def require(self) -> None:
        """It is always to be had."""

    def close(self) -> None:
        """End the call that is stuck."""
        self.ended.set()

    def scatter(self, make: Callable[[], Batched], rows: Sequence[int], *, batch: int) -> None:
        if self.stuck:
            self.stuck -= 1
            stage = make()
            self.ended.wait()
            self.ended.clear()
            assert isinstance(stage, WorkerStage)
            stage._line.close()
            raise Unavailable("its process has ended")
        waiting: SimpleQueue[Sequence[int]] = SimpleQueue()
        for start in range(0, len(rows), batch):
            waiting.put(rows[start : start + batch])
        failed: list[Exception] = []
        threads = [
            threading.Thread(target=self._work, args=(make, waiting, failed))
            for _ in range(self.workers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed and not waiting.empty():
            raise Unavailable(f"the cluster: {failed[0]}")

    def _work(
        self,
        make: Callable[[], Batched],
        waiting: SimpleQueue[Sequence[int]],
        failed: list[Exception],
    ) -> None:
        stage = None
        time.sleep(self.late)
        try:
            stage = make()
            time.sleep(self.late / 10)
            while True:
                part = waiting.get_nowait()
                self.batches.append(part)
                stage(part)
        except Empty:
            pass
        except (Killed, Error) as exc:
            failed.append(exc)
            if stage is not None:
                waiting.put(part)
        finally:
            if isinstance(stage, WorkerStage):
                stage._line.close()  # a process that ends hangs up


class SlowVision(FakeVision):
    """
    One that takes its time, so that a run has a middle. It writes each look down in `diary`.

    At its first it waits for others, until `together` processes have looked.
    """

    def __init__(self, seconds: float, diary: Path, together: int = 1) -> None:
        super().__init__()
        self._seconds = seconds
        self._diary = diary
        self._together = together

    def find(self, pixels: Pixels) -> Detections:
        time.sleep(self._seconds)
        with self._diary.open("a", encoding="ascii") as diary:
            diary.write(f"{os.getpid()} {digest(pixels.tobytes())}\n")
        while len(lookers(self._diary)) < self._together:
            time.sleep(0.05)
        return super().find(pixels)


def slow_extractor(seconds: float, diary: Path, together: int = 1) -> Extractor:
    return Extractor(Decoder(Limits()), SlowVision(seconds, diary, together))


def lookers(diary: Path) -> set[int]:
    """The processes that looked at something, by their numbers."""
    lines = diary.read_text(encoding="ascii").splitlines() if diary.exists() else []
    return {int(line.split()[0]) for line in lines}


@dataclass(slots=True)
class Deserted:
    """An engine without a worker: what it is given waits until it is ended."""

    host: str = "127.0.0.1"
    ended: threading.Event = field(default_factory=threading.Event)

    def require(self) -> None:
        """It is always to be had."""

    def close(self) -> None:
        self.ended.set()

    def scatter(self, _make: Callable[[], Batched], _rows: Sequence[int], *, batch: int) -> None:  # noqa: ARG002
        self.ended.wait()
