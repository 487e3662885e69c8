"""
Jobs: runs of long work, how far each is, and what came of it.

    running ──> done         to its end
            ├─> failed       an error ended it; `trouble` says which
            ├─> stopped      its user did
            └─> died         the program ended in the middle of it; the next run says so of it

The ledger of items says what is done and what is not; a job only tells of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from countenance.catalog.tables import job
from countenance.core.ids import JobId, SourceId, new_id
from countenance.errors import NotFound

KEPT = 500
"""Jobs that are remembered; older ones are forgotten when a new one begins."""


class JobKind(StrEnum):
    """What a run is for."""

    INGEST = "ingest"
    SEARCH_AGAIN = "search-again"
    PUBLISH_FILM = "publish-film"


_TOGETHER = (
    frozenset({JobKind.INGEST, JobKind.SEARCH_AGAIN}),
    frozenset({JobKind.PUBLISH_FILM}),
)
"""The kinds of which one runs at a time, each under a lock of its own."""


class JobState(StrEnum):
    """How a run stands. See the drawing above."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    DIED = "died"


@dataclass(frozen=True, slots=True)
class Job:
    """
    One run. `done` of `total` items of `what` are done since `step_at`, `skipped` without result; a
    `total` of 0 is not known.

    Of a `total` of 0 nobody knows yet how many there are.

    `number` counts the jobs of a library. `counts` are what came of it, once it has ended.
    """

    id: JobId
    number: int
    kind: JobKind
    sources: tuple[SourceId, ...]
    actor: str
    state: JobState
    begun_at: datetime
    changed_at: datetime
    ended_at: datetime | None
    what: str
    step_at: datetime
    done: int
    total: int
    skipped: int
    counts: Mapping[str, int]
    trouble: str

    @property
    def rate(self) -> float | None:
        """Items a second of the step at hand, or nothing while there is nothing to tell it by."""
        seconds = (self.changed_at - self.step_at).total_seconds()
        return self.done / seconds if seconds > 0 and self.done else None

    @property
    def remaining(self) -> float | None:
        """Seconds that the step at hand is expected to take yet, at the rate so far."""
        if self.state is not JobState.RUNNING or self.rate is None or not self.total:
            return None
        return max(0, self.total - self.done) / self.rate


def begin(
    tx: Connection, kind: JobKind, sources: Sequence[SourceId], *, actor: str, at: datetime
) -> JobId:
    """A new job. The caller holds the lock, so whatever of its kind is said to run has died."""
    (together,) = (kinds for kinds in _TOGETHER if kind in kinds)
    tx.execute(
        update(job)
        .where(job.c.state == JobState.RUNNING, job.c.kind.in_(together))
        .values(state=JobState.DIED, ended_at=job.c.changed_at)
    )
    number = int(tx.execute(select(func.max(job.c.number))).scalar() or 0) + 1
    tx.execute(delete(job).where(job.c.number <= number - KEPT))
    made = JobId(new_id("j"))
    tx.execute(
        insert(job).values(
            id=made,
            number=number,
            kind=kind,
            sources=list(sources),
            actor=actor,
            state=JobState.RUNNING,
            begun_at=at,
            changed_at=at,
            step_at=at,
        )
    )
    return made


def advance(  # noqa: PLR0913  all that a step says
    tx: Connection, which: JobId, *, what: str, done: int, total: int, skipped: int, at: datetime
) -> None:
    """Say how far a job is. What is another `what` than before is another step, begun now."""
    own = job.c.id == which
    begun = update(job).where(own, job.c.what != what).values(what=what, step_at=job.c.changed_at)
    tx.execute(begun)
    tx.execute(
        update(job).where(own).values(done=done, total=total, skipped=skipped, changed_at=at)
    )


def end(  # noqa: PLR0913  all that is said of an end
    tx: Connection,
    which: JobId,
    state: JobState,
    *,
    counts: Mapping[str, int],
    trouble: str,
    at: datetime,
) -> None:
    tx.execute(
        update(job)
        .where(job.c.id == which)
        .values(state=state, ended_at=at, changed_at=at, counts=dict(counts), trouble=trouble)
    )


def get(tx: Connection, which: str) -> Job:
    """The job of this id or number. Raises `NotFound` if there is none."""
    number = int(which) if which.isdecimal() and len(which) < _DIGITS else -1
    row = tx.execute(select(job).where((job.c.id == which) | (job.c.number == number))).first()
    if row is None:
        raise NotFound(f"{which}: no such job", hint="countenance job list shows them")
    return _read(row)


def list_newest(tx: Connection, *, count: int, before: int | None = None) -> list[Job]:
    """The newest jobs, or those before the number `before`; at most `count`."""
    query = select(job).order_by(job.c.number.desc()).limit(count)
    if before is not None:
        query = query.where(job.c.number < before)
    return [_read(row) for row in tx.execute(query)]


# --------------------------------------------------------------------------------------------

_DIGITS = 10


def _read(row: Row[Any]) -> Job:
    return Job(
        id=JobId(row.id),
        number=row.number,
        kind=JobKind(row.kind),
        sources=tuple(map(SourceId, row.sources)),
        actor=row.actor,
        state=JobState(row.state),
        begun_at=row.begun_at,
        changed_at=row.changed_at,
        ended_at=row.ended_at,
        what=row.what,
        step_at=row.step_at,
        done=row.done,
        total=row.total,
        skipped=row.skipped,
        counts=row.counts,
        trouble=row.trouble,
    )
