"""
A few threads, each with a library of its own: a `Library` is not shared between threads, and what
it does waits for disks and models, for which the event loop has no time.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Thread
from typing import Any, Generic, TypeVar

from countenance.errors import Unavailable
from countenance.library import Library

T = TypeVar("T")

THREADS = 4
"""Enough that a withdrawal under way, which reads every file, does not hold the pages up."""


class Pool:
    """
    Threads in which work with a library is done.

    `open_library` is called in each of them at its first work.
    """

    def __init__(self, open_library: Callable[[], Library], *, threads: int = THREADS) -> None:
        self._open = open_library
        self._tasks: _Queue = SimpleQueue()
        self._looks: _Queue = SimpleQueue()
        self._closed = False
        self._queues = [*[self._tasks] * threads, self._looks]
        self._threads = [
            Thread(target=self._work, args=(queue,), name=f"library {number}", daemon=True)
            for number, queue in enumerate(self._queues)
        ]
        for one in self._threads:
            one.start()

    async def run(self, act: Callable[[Library], T], *, actor: str = "", language: str = "") -> T:
        """
        What `act` gives, done with a library in one of the threads, as `actor`.

        Of no actor, it is the one of the settings; of no `language`, notices are in that of the
        settings. What `act` raises is raised here. Raises `Unavailable` once the pool is closed.
        """
        return await self._done(self._tasks, _Task(act, actor, language))

    async def look(self, act: Callable[[Library], T], *, actor: str = "", language: str = "") -> T:
        """The same, in the one thread that has the models loaded: for what looks at pictures."""
        return await self._done(self._looks, _Task(act, actor, language))

    def close(self) -> None:
        """Finish what was begun, and close the libraries. May be called again."""
        if self._closed:
            return
        self._closed = True
        for queue in self._queues:
            queue.put(None)
        for one in self._threads:
            one.join()

    # ----------------------------------------------------------------------------------------

    async def _done(self, queue: "_Queue", task: "_Task[T]") -> T:
        if self._closed:
            raise Unavailable("the server is about to end")
        queue.put(task)
        return await asyncio.wrap_future(task.future)

    def _work(self, queue: "_Queue") -> None:
        library: Library | None = None
        try:
            while (task := queue.get()) is not None:
                try:
                    library = library or self._open()
                except BaseException as exc:  # noqa: BLE001  the next task tries again
                    task.fail(exc)
                else:
                    task.do(library)
        finally:
            if library is not None:
                library.close()


# --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Task(Generic[T]):
    act: Callable[[Library], T]
    actor: str
    language: str
    future: "Future[T]" = field(default_factory=Future)

    def do(self, library: Library) -> None:
        """Do it, unless nobody waits for it any more."""
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            with library.acting_as(self.actor, language=self.language):
                self.future.set_result(self.act(library))
        except BaseException as exc:  # noqa: BLE001  whoever waits is to hear of it
            self.future.set_exception(exc)

    def fail(self, exc: BaseException) -> None:
        if self.future.set_running_or_notify_cancel():
            self.future.set_exception(exc)


_Queue = SimpleQueue[_Task[Any] | None]
