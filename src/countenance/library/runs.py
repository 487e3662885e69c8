"""Runs of long work, told of in the catalog while they go on, for whoever waits for them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import Connection

from countenance.catalog import jobs
from countenance.catalog.jobs import JobKind, JobState
from countenance.catalog.stores import Stores
from countenance.core.ids import JobId, SourceId
from countenance.errors import Error, Interrupted, Unavailable
from countenance.ingest.progress import Progress, Step

TOLD_EVERY = timedelta(seconds=1)


@dataclass(slots=True)
class Run:
    """
    One run: a `Progress` that passes on each step, and writes down one a second.

    What cannot be written down (the disk is full, the catalog is away) stops no work. `counts` are
    what came of it, to be set before it ends.
    """

    stores: Stores
    job: JobId
    progress: Progress
    begun: datetime
    counts: Mapping[str, int] = field(default_factory=dict)
    _told: datetime | None = field(default=None, init=False)
    _last: Step | None = field(default=None, init=False)
    _one_at_a_time: Lock = field(default_factory=Lock, init=False)

    def __call__(self, step: Step, /) -> None:
        now = self.stores.clock.now()
        with self._one_at_a_time:
            self._last = step
            due = self._told is None or now - self._told >= TOLD_EVERY
            if due:
                self._told = now
        if due:
            self._write(step)
        self.progress(step)

    def end(self, state: JobState, trouble: str = "") -> None:
        with suppress(Unavailable), self.stores.database.write() as tx:
            at = self.stores.now(tx)
            if self._last is not None:
                self._advance(tx, self._last, at)
            jobs.end(tx, self.job, state, counts=self.counts, trouble=trouble, at=at)

    # ----------------------------------------------------------------------------------------

    def _write(self, step: Step) -> None:
        with suppress(Unavailable), self.stores.database.write() as tx:
            self._advance(tx, step, self.stores.now(tx))

    def _advance(self, tx: Connection, step: Step, at: datetime) -> None:
        jobs.advance(
            tx,
            self.job,
            what=step.what,
            done=step.done,
            total=step.total or 0,
            skipped=step.skipped,
            at=at,
        )


@contextmanager
def running(
    kind: JobKind, sources: Sequence[SourceId], progress: Progress, *, actor: str, stores: Stores
) -> Iterator[Run]:
    """A run as long as this lasts, which says how it ended. The caller holds its kind's lock."""
    with stores.database.write() as tx:
        at = stores.now(tx)
        job = jobs.begin(tx, kind, sources, actor=actor, at=at)
    run = Run(stores, job, progress, at)
    try:
        yield run
    except (Interrupted, KeyboardInterrupt):
        run.end(JobState.STOPPED)
        raise
    except Error as exc:
        run.end(JobState.FAILED, exc.message)
        raise
    except BaseException:
        run.end(JobState.FAILED, "failed, and should not have")
        raise
    run.end(JobState.DONE)
