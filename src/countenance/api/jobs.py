"""Jobs: runs of long work, how far each is, and what could not be read."""

from collections.abc import Mapping
from datetime import datetime

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request

from countenance.accounts.roles import Right
from countenance.api.gate import Caller, Door, SeeJob, SeeJobs, context_of
from countenance.api.shapes import PAGE, Count, JobIn, Number, Paged, Shape, example, showing
from countenance.catalog.items import Trouble
from countenance.catalog.jobs import KEPT, Job, JobKind, JobState
from countenance.errors import Reason
from countenance.library import Library

router = APIRouter(route_class=Door, tags=["jobs"])

MOST_TROUBLES = 500

_EXAMPLE: Mapping[str, object] = {
    "id": example("j"),
    "number": 7,
    "kind": "ingest",
    "state": "running",
    "sources": [example("d")],
    "actor": example("m"),
    "begun_at": "2026-05-03T09:00:00Z",
    "changed_at": "2026-05-03T09:02:10Z",
    "ended_at": None,
    "what": "photos",
    "done": 340,
    "total": 412,
    "skipped": 4,
    "rate": 6.2,
    "remaining_seconds": 11.6,
    "counts": {},
    "trouble": "",
}


class JobShown(Shape):
    """One run: `done` of `total` of the step at hand. A `total` of 0 is not known yet."""

    model_config = showing(_EXAMPLE)

    id: str
    number: int = Field(description="It counts the jobs of the library.")
    kind: JobKind
    state: JobState
    sources: list[str]
    actor: str = Field(description="Who began it, by the id of the account.")
    begun_at: datetime
    changed_at: datetime
    ended_at: datetime | None
    what: str = Field(description="What is counted in the step at hand.")
    done: int
    total: int
    skipped: int = Field(description="How many have no result.")
    rate: float | None = Field(description="So many a second, while there is something to tell by.")
    remaining_seconds: float | None = Field(description="What the step is expected to take yet.")
    counts: dict[str, int] = Field(description="What came of it, once it has ended.")
    trouble: str = Field(description="Why it failed, if it did.")

    @classmethod
    def of(cls, one: Job) -> "JobShown":
        """A job, as the API tells of it."""
        return cls(
            id=one.id,
            number=one.number,
            kind=one.kind,
            state=one.state,
            sources=list(one.sources),
            actor=one.actor,
            begun_at=one.begun_at,
            changed_at=one.changed_at,
            ended_at=one.ended_at,
            what=one.what,
            done=one.done,
            total=one.total,
            skipped=one.skipped,
            rate=one.rate,
            remaining_seconds=one.remaining,
            counts=dict(one.counts),
            trouble=one.trouble,
        )


class Unread(Shape):
    """A file that has no result, and why."""

    model_config = showing(
        {
            "source": example("d"),
            "locator": "gala/broken.jpg",
            "reason": "damaged",
            "detail": "the file ends too early",
        }
    )

    source: str
    locator: str = Field(description="Its place at the source.")
    reason: Reason
    detail: str

    @classmethod
    def of(cls, one: Trouble) -> "Unread":
        """A file without result, as the API tells of it."""
        return cls(source=one.source, locator=one.locator, reason=one.reason, detail=one.detail)


class JobWhole(Shape):
    """One run, with every file that it could not read."""

    job: JobShown
    unread: list[Unread] = Field(description=f"The files without result, at most {MOST_TROUBLES}.")


@router.get("/jobs")
async def list_jobs(
    request: Request, caller: SeeJobs, after: Number = None, count: Count = PAGE
) -> Paged[JobShown]:
    """
    The jobs, the newest first; of whom sees some sources only, those that are of these alone.

    The key is a job's number: the next page has lower ones.
    """
    # Who was given a part sees few of many: all that are remembered are looked through for them.
    asked = count + 1 if caller.may(Right.SEE_JOBS) else KEPT

    def look(library: Library) -> list[Job]:
        return _theirs(library, caller, library.jobs(before=after, count=asked))

    found = await context_of(request).run(look, actor=caller.actor)
    page = found[:count]
    following = str(page[-1].number) if len(found) > count else None
    return Paged(items=[JobShown.of(one) for one in page], next=following)


@router.get("/jobs/{which}")
async def show_job(request: Request, which: JobIn, caller: SeeJob) -> JobWhole:
    """One job with its progress, and every file that it could not read, and why."""

    def look(library: Library) -> JobWhole:
        found = library.job(which)
        if not _theirs(library, caller, [found.job]):
            raise caller.refuse(Right.SEE_JOBS)
        unread = [Unread.of(one) for one in found.troubles[:MOST_TROUBLES]]
        return JobWhole(job=JobShown.of(found.job), unread=unread)

    return await context_of(request).run(look, actor=caller.actor)


# --------------------------------------------------------------------------------------------------


def _theirs(library: Library, caller: Caller, jobs: list[Job]) -> list[Job]:
    """Those that a caller may see: what a job counts is of all its sources together."""
    if caller.may(Right.SEE_JOBS):
        return jobs
    theirs = {
        one.id for one in library.sources() if caller.may(Right.SEE_JOBS, one.id, one.collection)
    }
    return [one for one in jobs if one.sources and theirs.issuperset(one.sources)]
