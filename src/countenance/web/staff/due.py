"""What is due: takedowns and erasures that are not through, recalls, what people asked; the log."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from countenance.library import Library
from countenance.web.context import web_of
from countenance.web.staff.guard import ReadLog, SeeDue

router = APIRouter(include_in_schema=False)

LOG_LINES = 200


@router.get("/staff/due")
async def due(request: Request, staff: SeeDue) -> Response:
    """Cases and recalls, those that are open first, each with the day by which it has to end."""
    web = web_of(request)

    def look(library: Library) -> dict[str, Any]:
        recipients = {one.id: one.name for one in library.recipients()}
        return {"due": library.due(), "recipients": recipients, "now": library.now()}

    return web.page(request, "staff/due.html", **await web.pool.run(look, actor=staff.actor))


@router.get("/staff/log")
async def log(request: Request, staff: ReadLog) -> Response:
    """The newest entries of the log. They hold ids, and no names."""
    web = web_of(request)
    found = await web.pool.run(lambda library: library.trail.tail(LOG_LINES), actor=staff.actor)
    return web.page(request, "staff/log.html", entries=list(reversed(found)))
