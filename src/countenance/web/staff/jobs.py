"""
Jobs: what runs, how far it is, and what could not be read.

Who was given some sources sees the jobs over these. Of a job that is over others as well they see
that it ran, and what of their own could not be read: its numbers are of everything it is over.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from countenance.accounts.roles import Right
from countenance.catalog.items import Trouble
from countenance.catalog.jobs import KEPT, Job
from countenance.core.ids import SourceId
from countenance.errors import Error
from countenance.library import Library
from countenance.library.jobs import JOBS_PAGE
from countenance.web.context import web_of
from countenance.web.staff.guard import Act, SeeJob, SeeJobs, Staff, admitted

router = APIRouter(include_in_schema=False)

LOOKS_EVERY = 1.0
"""Seconds between two looks at what runs, while a page is open."""

OPEN_FOR = 600
"""Looks, after which a page that is open asks anew."""


@dataclass(frozen=True, slots=True)
class Seen:
    """
    A job as somebody at the desk may see it: which of its sources, and whether that is all of it.

    `named` says whether they may see who began it.
    """

    job: Job
    sources: tuple[SourceId, ...]
    whole: bool
    named: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of them. `before` is where the next one begins; 0 if there is none."""

    seen: tuple[Seen, ...]
    before: int

    def values(self) -> dict[str, Any]:
        """What the template of the list is given."""
        return {
            "jobs": [one.job for one in self.seen],
            "seen": {one.job.id: one for one in self.seen},
        }


@router.get("/staff/jobs")
async def everything(request: Request, staff: SeeJobs) -> Response:
    """The newest jobs, or those before `before`."""
    web = web_of(request)
    said = request.query_params.get("before", "")
    before = int(said) if said.isdecimal() and len(said) < len("1000000000") else None
    found = await web.pool.run(lambda library: _listed(library, staff, before), actor=staff.actor)
    return web.page(
        request, "staff/jobs.html", before=found.before, live=before is None, **found.values()
    )


@router.get("/staff/jobs/events")
async def events(request: Request, staff: SeeJobs) -> Response:
    """The same, as it changes."""
    web = web_of(request)

    async def parts() -> AsyncIterator[str]:
        told = ""
        for _ in range(OPEN_FOR):
            try:
                # They may have been signed out meanwhile, or been given less.
                now = await admitted(request, Act.SEE_JOBS)
                found = await web.pool.run(_newest(now), actor=staff.actor)
            except Error:
                return
            part = web.pages.fill(request, "staff/job_rows.html", **found.values())
            if part != told:
                told = part
                yield "".join(f"data: {line}\n" for line in part.splitlines()) + "\n"
            await asyncio.sleep(LOOKS_EVERY)

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(parts(), headers=headers, media_type="text/event-stream")


@router.get("/staff/jobs/{which}")
async def one(request: Request, which: str, staff: SeeJob) -> Response:
    """One job, with every file that it could not read, and why."""
    web = web_of(request)

    def look(library: Library) -> tuple[Seen, list[Trouble]]:
        found = library.job(which)
        (seen,) = _seen(library, staff, [found.job])
        return seen, [one for one in found.troubles if one.source in seen.sources]

    seen, troubles = await web.pool.run(look, actor=staff.actor)
    return web.page(request, "staff/job.html", seen=seen, job=seen.job, troubles=troubles)


# --------------------------------------------------------------------------------------------------


def _newest(staff: Staff) -> Callable[[Library], Listed]:
    return lambda library: _listed(library, staff)


def _listed(library: Library, staff: Staff, before: int | None = None) -> Listed:
    # Who was given a part sees few of many: all that are remembered are looked through for them.
    count = JOBS_PAGE + 1 if staff.may(Right.SEE_JOBS) else KEPT
    found = _seen(library, staff, library.jobs(count=count, before=before))
    more = len(found) > JOBS_PAGE
    shown = found[:JOBS_PAGE]
    return Listed(tuple(shown), shown[-1].job.number if more else 0)


def _seen(library: Library, staff: Staff, jobs: list[Job]) -> list[Seen]:
    """Those of `jobs` that are theirs to see, each as far as it is."""
    every = staff.may(Right.SEE_JOBS)
    theirs = {
        one.id
        for one in library.sources()
        if every or staff.may(Right.SEE_JOBS, one.id, one.collection)
    }
    found = []
    for job in jobs:
        own = tuple(one for one in job.sources if every or one in theirs)
        if every or own:
            whole = every or len(own) == len(job.sources)
            found.append(Seen(job, own, whole, every or job.actor == staff.actor))
    return found
