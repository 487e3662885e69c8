"""Jobs: what runs, how far it is, and what could not be read."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from countenance.errors import Error
from countenance.web.context import web_of
from countenance.web.staff.guard import Act, SeeJobs, admitted

router = APIRouter(include_in_schema=False)

LOOKS_EVERY = 1.0
"""Seconds between two looks at what runs, while a page is open."""

OPEN_FOR = 600
"""Looks, after which a page that is open asks anew."""


@router.get("/staff/jobs")
async def everything(request: Request, staff: SeeJobs) -> Response:
    """The newest jobs, or those before `before`."""
    web = web_of(request)
    said = request.query_params.get("before", "")
    before = int(said) if said.isdecimal() and len(said) < len("1000000000") else None
    found = await web.pool.run(lambda library: library.jobs(before=before), actor=staff.actor)
    return web.page(request, "staff/jobs.html", jobs=found, live=before is None)


@router.get("/staff/jobs/events")
async def events(request: Request, staff: SeeJobs) -> Response:
    """The same, as it changes."""
    web = web_of(request)

    async def parts() -> AsyncIterator[str]:
        told = ""
        for _ in range(OPEN_FOR):
            try:
                await admitted(request, Act.SEE_JOBS)  # They may have been signed out meanwhile.
                found = await web.pool.run(lambda library: library.jobs(), actor=staff.actor)
            except Error:
                return
            part = web.pages.fill(request, "staff/job_rows.html", jobs=found)
            if part != told:
                told = part
                yield "".join(f"data: {line}\n" for line in part.splitlines()) + "\n"
            await asyncio.sleep(LOOKS_EVERY)

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(parts(), headers=headers, media_type="text/event-stream")


@router.get("/staff/jobs/{which}")
async def one(request: Request, which: str, staff: SeeJobs) -> Response:
    """One job, with every file that it could not read, and why."""
    web = web_of(request)
    found = await web.pool.run(lambda library: library.job(which), actor=staff.actor)
    return web.page(request, "staff/job.html", job=found.job, troubles=found.troubles)
