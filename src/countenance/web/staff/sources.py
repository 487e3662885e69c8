"""Sources: their grants, how they stand, and what forbids them; and their end."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from countenance.accounts.roles import Right
from countenance.library import Library
from countenance.web.context import web_of
from countenance.web.forms import read_form
from countenance.web.staff.guard import SeeSource, SeeSources, Staff, TakeDown

router = APIRouter(include_in_schema=False)

MOST_TROUBLES = 500
"""Files without result on a page; the command line lists all."""


@router.get("/staff/sources")
async def everything(request: Request, staff: SeeSources) -> Response:
    """All sources, each with its newest grant."""
    web = web_of(request)

    def look(library: Library) -> dict[str, Any]:
        names = {one.id: one.name for one in library.collections()}
        now = library.now()
        found = []
        for one in library.sources():
            if not staff.may(Right.SEE_SOURCES, one.id, one.collection):
                continue
            given = library.grants(one.id)
            found.append(
                {
                    "one": one,
                    "collection": names[one.collection],
                    "grant": given[-1],
                    "live": any(each.in_force(now) for each in given),
                    "photos": library.photos_of(one.id),
                }
            )
        return {"found": found}

    return web.page(request, "staff/sources.html", **await web.pool.run(look, actor=staff.actor))


@router.get("/staff/sources/{which}")
async def one(request: Request, which: str, staff: SeeSource) -> Response:
    """One source: every grant it gave, and what of it could not be read, vetoes among that."""
    return await _shown(request, which, staff)


@router.post("/staff/sources/{which}/take-down")
async def take_down(request: Request, which: str, staff: TakeDown) -> Response:
    """End every grant of a source. Its id is typed, so that it is not done by a slip."""
    form = await read_form(request)
    if form.text("confirm") != which:
        return await _shown(request, which, staff, unconfirmed=True)
    await web_of(request).pool.run(lambda library: library.take_down(which), actor=staff.actor)
    return RedirectResponse("/staff/due", 303)


# --------------------------------------------------------------------------------------------------


async def _shown(
    request: Request, which: str, staff: Staff, *, unconfirmed: bool = False
) -> Response:
    web = web_of(request)

    def look(library: Library) -> dict[str, Any]:
        source, now = library.source(which), library.now()
        troubles = library.troubles(source.id)
        return {
            "source": source,
            "grants": [(one, one.in_force(now)) for one in library.grants(source.id)],
            "photos": library.photos_of(source.id),
            "troubles": troubles[:MOST_TROUBLES],
            "more": len(troubles) - MOST_TROUBLES,
            "collection": next(one for one in library.collections() if one.id == source.collection),
        }

    status = 422 if unconfirmed else 200
    found = await web.pool.run(look, actor=staff.actor)
    source = found["source"]
    ends = staff.may(Right.CHANGE_SOURCES, source.id, source.collection)
    return web.page(
        request, "staff/source.html", status=status, unconfirmed=unconfirmed, ends=ends, **found
    )
