"""Jobs: runs of long work, as they go on and as they went."""

from dataclasses import dataclass

from countenance.catalog import items, jobs, sources
from countenance.catalog.items import Trouble
from countenance.catalog.jobs import Job, JobKind
from countenance.library.opened import Opened

JOBS_PAGE = 50


@dataclass(frozen=True, slots=True)
class JobShown:
    """A job, and what of its sources has no result since it began, with the reason."""

    job: Job
    troubles: tuple[Trouble, ...]


class Jobs(Opened):
    """What is told of runs. Nothing is begun here."""

    def jobs(self, *, count: int = JOBS_PAGE, before: int | None = None) -> list[Job]:
        """The newest jobs, or those before the number `before`."""
        with self._database.read() as tx:
            return jobs.list_newest(tx, count=count, before=before)

    def job(self, which: str) -> JobShown:
        """The job of this id or number. Raises `NotFound` if there is none."""
        with self._database.read() as tx:
            found = jobs.get(tx, which)
            if found.kind is not JobKind.INGEST:
                return JobShown(found, ())
            since = items.troubles(tx, found.sources, since=found.begun_at)
        return JobShown(found, tuple(since))

    def lies_over(self, which: str) -> frozenset[str]:
        """
        The ids of the sources that a job is over, and of the collections that those lie in.

        Raises `NotFound` if there is no such job.
        """
        with self._database.read() as tx:
            over = jobs.get(tx, which).sources
            found = [one for one in sources.list_all(tx) if one.id in over]
        return frozenset(where for one in found for where in (one.id, one.collection))
