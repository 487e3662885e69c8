"""
Making films: what was ordered at the desk is made beside the server, one film after the other.

One thread with a library of its own. What it makes is handed over as an open file that has no name
any more: it is gone when it is closed, or when the server ends, however that ends.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import BinaryIO

from countenance.core.ids import DisclosureId, new_id
from countenance.errors import Error, Interrupted, VerificationError
from countenance.ingest.progress import Step
from countenance.library import Library
from countenance.publish.plan import Hand

KEPT = 50
"""Orders that are remembered, the newest: what became of each is told to who gave it."""

_ENDS_WITHIN = 30.0


class FilmState(StrEnum):
    """How an order stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(slots=True)
class FilmOrder:
    """
    A film that `actor` ordered, and what became of it: `step` says how far it is, `disclosure` as
    what it was given, `why` what stood in the way. `leaked` is whether that was its own check.
    """

    actor: str
    photo: str
    channel: str
    to: str
    hand: Hand
    id: str = field(default_factory=lambda: new_id("o"))
    state: FilmState = FilmState.WAITING
    step: Step | None = None
    disclosure: DisclosureId | None = None
    why: str = ""
    leaked: bool = False
    _stop: Event = field(default_factory=Event)

    @property
    def is_over(self) -> bool:
        return self.state in {FilmState.DONE, FilmState.FAILED, FilmState.STOPPED}

    def stop(self) -> None:
        """Let it end at the next frame, without a film. Of what is over it does nothing."""
        self._stop.set()

    def tell(self, step: Step, /) -> None:
        """How far it is. Raises `Interrupted` if it is to stop."""
        if self._stop.is_set():
            raise Interrupted("stopped")
        self.step = step


Keep = Callable[[DisclosureId, str, BinaryIO], None]
"""Is given a film that was made: its disclosure, who ordered it, and the open file."""


class Filming:
    """The thread, which begins with the first order."""

    def __init__(self, open_library: Callable[[], Library], keep: Keep) -> None:
        self._open = open_library
        self._keep = keep
        self._queue: SimpleQueue[FilmOrder | None] = SimpleQueue()
        self._orders: dict[str, FilmOrder] = {}
        self._closed = False
        self._thread = Thread(target=self._run, name="filming", daemon=True)

    def order(self, new: FilmOrder) -> None:
        """It is made in its turn. It returns at once."""
        self._orders[new.id] = new
        over = [one.id for one in self._orders.values() if one.is_over]
        for which in over[: max(0, len(self._orders) - KEPT)]:
            del self._orders[which]
        self._queue.put(new)
        if not self._thread.is_alive() and not self._closed:
            self._thread.start()

    def get(self, which: str, actor: str) -> FilmOrder | None:
        """The order of this id; nothing if it is not known, or another's."""
        found = self._orders.get(which)
        return found if found is not None and found.actor == actor else None

    def of(self, actor: str) -> list[FilmOrder]:
        """The orders of somebody, the newest first."""
        return [one for one in reversed(self._orders.values()) if one.actor == actor]

    def close(self) -> None:
        """End it, at the frame at hand; of that film there is then nothing."""
        self._closed = True
        for one in self._orders.values():
            one.stop()
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(_ENDS_WITHIN)

    # ----------------------------------------------------------------------------------------

    def _run(self) -> None:
        library: Library | None = None
        try:
            while (order := self._queue.get()) is not None:
                with _ending(order):
                    library = library or self._open()
                    self._make(library, order)
        finally:
            if library is not None:
                library.close()

    def _make(self, library: Library, order: FilmOrder) -> None:
        order.tell(Step("", 0, 0))
        order.state = FilmState.RUNNING
        with (
            library.acting_as(order.actor),
            TemporaryDirectory(prefix="countenance-") as folder,
        ):
            done = library.publish(
                order.photo,
                order.to,
                channel=order.channel,
                out=Path(folder).resolve(),
                looked=True,
                hand=order.hand,
                progress=order.tell,
            )
            # Its name goes with the folder: what is open stays readable, and nobody else finds it.
            self._keep(done.disclosure.id, order.actor, done.path.open("rb"))
        order.disclosure, order.state = done.disclosure.id, FilmState.DONE


# --------------------------------------------------------------------------------------------------


@contextmanager
def _ending(order: FilmOrder) -> Iterator[None]:
    """However an order ends, it says so, and the next one is made."""
    try:
        yield
    except (Interrupted, KeyboardInterrupt):
        order.state = FilmState.STOPPED
    except Error as exc:
        order.leaked = isinstance(exc, VerificationError)
        order.state, order.why = FilmState.FAILED, exc.message
    except Exception:  # noqa: BLE001  the thread goes on; the job says that it failed
        order.state, order.why = FilmState.FAILED, "failed, and should not have"
