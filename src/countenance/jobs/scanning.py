"""
Scanning on demand: sources that a program asked to be ingested, one after the other, beside the
server.

One thread with a library of its own. What was asked twice is done once; while another run holds the
library, it waits for its turn. How it went is a job of the library like any other; what could not
even begin is kept here, until the server ends.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from threading import Condition, Event, Thread

from countenance.core.ids import SourceId
from countenance.errors import Error, Interrupted, Locked
from countenance.ingest.progress import Step
from countenance.library import Library

TRIES_AGAIN_AFTER = 2.0
"""Seconds, while another run holds the library."""

_ENDS_WITHIN = 30.0


class ScanState(StrEnum):
    """How a scan that was asked for stands. `NONE`: none was asked for since the server began."""

    NONE = "none"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Asked:
    """The newest scan of a source that was asked for; `trouble` says why it failed."""

    state: ScanState
    trouble: str = ""


class Scanning:
    """The thread, which begins with the first `ask`."""

    def __init__(self, open_library: Callable[[], Library]) -> None:
        self._open = open_library
        self._changed = Condition()
        self._waiting: dict[SourceId, str] = {}
        self._states: dict[SourceId, Asked] = {}
        self._stop = Event()
        self._thread = Thread(target=self._run, name="scanning", daemon=True)

    def ask(self, source: SourceId, *, actor: str) -> Asked:
        """Scan a source when its turn comes, as `actor`. It returns at once."""
        with self._changed:
            self._waiting.setdefault(source, actor)
            if self.state(source).state is not ScanState.RUNNING:
                self._states[source] = Asked(ScanState.WAITING)
            if not self._thread.is_alive() and not self._stop.is_set():
                self._thread.start()
            self._changed.notify()
            return self._states[source]

    def state(self, source: SourceId) -> Asked:
        """How the newest scan of a source stands that was asked for here."""
        return self._states.get(source, Asked(ScanState.NONE))

    def states(self) -> list[Asked]:
        """Of every source of which one was asked for here."""
        return list(self._states.values())

    def close(self) -> None:
        """End it, after the photo at hand. The next ingest goes on from there."""
        self._stop.set()
        with self._changed:
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(_ENDS_WITHIN)

    # ----------------------------------------------------------------------------------------

    def _run(self) -> None:
        library: Library | None = None
        try:
            while (task := self._next()) is not None:
                source, actor = task
                self._states[source] = Asked(ScanState.RUNNING)
                try:
                    library = library or self._open()
                    self._scan(library, source, actor)
                except Interrupted:
                    return
                except Error as exc:
                    self._states[source] = Asked(ScanState.FAILED, exc.message)
                except Exception:  # noqa: BLE001  the others that wait are scanned all the same
                    self._states[source] = Asked(ScanState.FAILED, "failed, and should not have")
                else:
                    self._states[source] = Asked(ScanState.DONE)
        finally:
            if library is not None:
                library.close()

    def _next(self) -> tuple[SourceId, str] | None:
        with self._changed:
            while not self._waiting and not self._stop.is_set():
                self._changed.wait()
            if self._stop.is_set():
                return None
            source = next(iter(self._waiting))
            return source, self._waiting.pop(source)

    def _scan(self, library: Library, source: SourceId, actor: str) -> None:
        while True:
            try:
                with library.acting_as(actor):
                    library.ingest([source], progress=self._unless_stopped)
            except Locked:
                if self._stop.wait(TRIES_AGAIN_AFTER):
                    raise Interrupted("stopped") from None
            else:
                return

    def _unless_stopped(self, _step: Step, /) -> None:
        if self._stop.is_set():
            raise Interrupted("stopped")
