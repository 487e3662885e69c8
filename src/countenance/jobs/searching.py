"""
Searching again: whoever enrolled is looked for in the photos that are here, beside the server.

One thread with a library of its own. It is told that somebody enrolled, and goes on until nothing
is left to search; while another run holds the library, it waits for its turn.
"""

from collections.abc import Callable
from threading import Event, Thread

from countenance.errors import Error, Interrupted
from countenance.ingest.progress import Step
from countenance.library import Library

TRIES_AGAIN_AFTER = 2.0
"""Seconds, while another run holds the library: that one searches as well."""

_ENDS_WITHIN = 30.0


class Searching:
    """The thread, which begins with the first `wake`. `now` is how far it is; nothing at rest."""

    def __init__(self, open_library: Callable[[], Library]) -> None:
        self._open = open_library
        self._wanted = Event()
        self._stop = Event()
        self._thread = Thread(target=self._run, name="searching", daemon=True)
        self.now: Step | None = None

    def wake(self) -> None:
        """Somebody enrolled. It returns at once."""
        self.now = self.now or Step("earlier photos", 0, 0)
        self._wanted.set()
        if not self._thread.is_alive() and not self._stop.is_set():
            self._thread.start()

    def close(self) -> None:
        """End it, after the photo at hand. What is left is searched at the next ingest."""
        self._stop.set()
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join(_ENDS_WITHIN)

    # ----------------------------------------------------------------------------------------

    def _run(self) -> None:
        library: Library | None = None
        try:
            while True:
                self._wanted.wait()
                self._wanted.clear()
                if self._stop.is_set():
                    return
                try:
                    library = library or self._open()
                    self._search(library)
                except Error:
                    # Such as a store that is busy. What is left is behind still: it is tried again.
                    if not self._stop.wait(TRIES_AGAIN_AFTER):
                        self._wanted.set()
                        continue
                self.now = None
        finally:
            if library is not None:
                library.close()

    def _search(self, library: Library) -> None:
        try:
            while library.search_again(progress=self._tell) is None:
                if self._stop.wait(TRIES_AGAIN_AFTER):
                    return
        except Interrupted:
            return

    def _tell(self, step: Step, /) -> None:
        if self._stop.is_set():
            raise Interrupted("stopped")
        self.now = step
