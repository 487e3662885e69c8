"""
Rounds: what a library does by itself, one thing after the other, in one thread.

    a folder changed            it is ingested
    a source is due             it is ingested, by the schedule; at the start all are due
    recalls are due             they are sent
    somebody is to be told      they are, by mail, of new pictures
    an hour has passed          what has expired is latched, open erasures are carried on, sessions
                                and accounts that ended are forgotten

Nothing here ends the rounds: what cannot be done now is told, and tried again when it is next due.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

from countenance.core.ids import SourceId
from countenance.errors import Error, Interrupted, Locked
from countenance.ingest.progress import Step
from countenance.ingest.run import Report
from countenance.jobs.watch import Folders, changes
from countenance.library import Library
from countenance.sources.source import SourceKind

LOOKS_EVERY = 5.0
"""Seconds between two looks at what is due, while no folder changes."""

CARRIES_ON_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Ingested:
    """A source was ingested, and something came of it."""

    source: SourceId
    report: Report


@dataclass(frozen=True, slots=True)
class Failed:
    """Something could not be done now: `what` names it."""

    what: str
    error: Error


Told = Ingested | Failed


@dataclass(slots=True)
class Rounds:
    """
    The rounds of one `library`, which is this thread's alone.

    Every source with a grant in force is ingested at the start and then each `every`, and folders
    when they change; with no `every`, only then. `tell` is called with what came of it. `stop` ends
    the rounds, also in the middle of an ingest: the next one goes on from there.
    """

    library: Library
    every: timedelta
    tell: Callable[[Told], object]
    stop: Event
    _due: dict[SourceId, datetime | None] = field(default_factory=dict, init=False)
    _carried_on: datetime | None = field(default=None, init=False)

    def run(self) -> None:
        """Go on until `stop` is set."""
        for changed in changes(self._folders, self.stop, every=LOOKS_EVERY):
            self.go(changed)

    def go(self, changed: Iterable[SourceId] = ()) -> None:
        """One round: the sources that `changed`, and whatever is due now."""
        try:
            for source in self._wanted(frozenset(changed)):
                self._ingest(source)
            self._carry_on()
        except Interrupted:
            return

    # ----------------------------------------------------------------------------------------

    def _folders(self) -> Folders:
        return {
            one.id: Path(one.location)
            for one in self.library.sources_in_force()
            if one.kind is SourceKind.FOLDER
        }

    def _wanted(self, changed: frozenset[SourceId]) -> list[SourceId]:
        now = self.library.now()
        self._due.update(dict.fromkeys(changed, now))
        due = {one.id: self._due.setdefault(one.id, now) for one in self.library.sources_in_force()}
        return [source for source, at in due.items() if at is not None and at <= now]

    def _ingest(self, source: SourceId) -> None:
        try:
            report = self.library.ingest([source], progress=self._unless_stopped)
        except Locked:
            return  # Another run is at it, and may have listed before: the source stays due.
        except Interrupted:
            raise
        except Error as exc:
            self.tell(Failed(source, exc))
        else:
            if report.is_news:
                self.tell(Ingested(source, report))
        self._due[source] = self.library.now() + self.every if self.every else None

    def _carry_on(self) -> None:
        now = self.library.now()
        if self.library.due_recalls():
            self._try("recalls", self.library.send_recalls)
        if self.library.tells_somebody():
            self._try("messages", self.library.tell_people)
        if self._carried_on is None or now - self._carried_on >= CARRIES_ON_EVERY:
            self._carried_on = now
            self._try("erasures", self.library.resume)
            self._try("accounts", self.library.forget_ended)

    def _try(self, what: str, act: Callable[[], object]) -> None:
        try:
            act()
        except Error as exc:
            self.tell(Failed(what, exc))

    def _unless_stopped(self, _step: Step, /) -> None:
        if self.stop.is_set():
            raise Interrupted("stopped")
