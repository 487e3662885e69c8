"""People: what they agreed to and until when; merging and splitting, and taking that back."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from countenance.errors import NotFound, Refused, Stale, UsageError
from countenance.library import Library
from countenance.people.purpose import Purpose
from countenance.search.find import Part
from countenance.web.context import web_of
from countenance.web.forms import read_form
from countenance.web.staff.guard import Find, Merge, SeePeople

router = APIRouter(include_in_schema=False)

PEOPLE_PAGE = 200
"""People on one page, by name."""

PICTURES_PAGE = 120
"""Pictures of a person on one page."""

_MOST = 10**6


@router.get("/staff/people")
async def everything(request: Request, staff: SeePeople) -> Response:
    """Everybody enrolled, with what they agree to now, some of them at a time."""
    web, after = web_of(request), request.query_params.get("after", "")

    def look(library: Library) -> dict[str, Any]:
        now = library.now()
        found = []
        page = library.agreements(after=after, count=PEOPLE_PAGE + 1)
        for one, own in page[:PEOPLE_PAGE]:
            live = [each for each in own if each.in_force(now)]
            ends = [each.events[-1].until for each in live if each.events[-1].until]
            found.append({"one": one, "live": live, "until": min(ends, default=None)})
        more = page[PEOPLE_PAGE - 1][0].id if len(page) > PEOPLE_PAGE else ""
        return {"found": found, "more": more}

    return web.page(request, "staff/people.html", **await web.pool.run(look, actor=staff.actor))


@router.get("/staff/people/{which}")
async def one(request: Request, which: str, staff: Find) -> Response:
    """One person. Their pictures are shown if they agreed to be found by staff; it is a search."""
    web, said = web_of(request), request.query_params.get("from", "")
    begin = min(int(said), _MOST) if said.isascii() and said.isdecimal() else 0
    following = begin + PICTURES_PAGE

    def look(library: Library) -> dict[str, Any]:
        person, own = library.consents(which)
        part = Part(begin, PICTURES_PAGE, together=False)
        found = library.find(which, purpose=Purpose.STAFF_FIND, part=part)
        now = library.now()
        return {
            "person": person,
            "consents": [(each, each.state(now)) for each in own],
            "objections": library.objections(which),
            "guardians": library.guardians(which),
            "merged": library.merged_into(which),
            "sightings": found.sightings,
            "begin": begin,
            "pictures": begin + len(found.sightings) + found.more,
            "following": following if found.more else 0,
            "others": [each for each in library.people() if each.id != person.id],
        }

    return web.page(request, "staff/person.html", **await web.pool.run(look, actor=staff.actor))


@router.get("/staff/merge")
async def plan(request: Request, staff: Merge) -> Response:
    """What a merge would do, in numbers, before it is done."""
    asked = request.query_params
    return await _planned(request, staff.actor, asked.get("kept", ""), asked.get("other", ""))


@router.post("/staff/merge")
async def merge(request: Request, staff: Merge) -> Response:
    """Merge, as it was shown. Where anything has changed since, nothing is done."""
    form = await read_form(request)
    kept, other = form.text("kept"), form.text("other")
    mark, why = form.text("mark"), form.text("why")
    try:
        await web_of(request).pool.run(
            lambda library: library.merge(kept, other, mark=mark, why=why), actor=staff.actor
        )
    except Stale:
        return await _planned(request, staff.actor, kept, other, trouble="stale", status=409)
    except (Refused, UsageError):
        return await _planned(request, staff.actor, kept, other, trouble="refused", status=422)
    return RedirectResponse("/staff/steps", 303)


@router.post("/staff/people/{which}/split")
async def split(request: Request, which: str, staff: Merge) -> Response:
    """Say of pictures that they are not of this person; of another, if one is named."""
    form = await read_form(request)
    chosen, to = form.every("sighting"), form.text("to")
    await web_of(request).pool.run(
        lambda library: library.split(which, chosen, to=to), actor=staff.actor
    )
    return RedirectResponse("/staff/steps", 303)


@router.get("/staff/steps")
async def steps(request: Request, staff: SeePeople) -> Response:
    """What was decided at the desk, the newest first; each can be taken back."""
    web = web_of(request)

    def look(library: Library) -> dict[str, Any]:
        names = {one.id: one.name for one in library.people()}
        return {"steps": library.steps(), "names": names}

    found = await web.pool.run(look, actor=staff.actor)
    return web.page(request, "staff/steps.html", stale=False, **found)


# --------------------------------------------------------------------------------------------------


async def _planned(  # noqa: PLR0913  what was asked, and what was wrong with it
    request: Request,
    actor: str,
    kept: str,
    other: str,
    *,
    trouble: str = "",
    status: int = 200,
) -> Response:
    web = web_of(request)
    if not kept or not other:
        raise NotFound("which two are meant is not said")

    def look(library: Library) -> dict[str, Any]:
        now = library.now()
        found = library.plan_merge(kept, other)
        live = {
            person: [
                each for each in found.consents if each.person == person and each.in_force(now)
            ]
            for person in (found.kept.id, found.other.id)
        }
        return {"plan": found, "live": live}

    found = await web.pool.run(look, actor=actor)
    return web.page(request, "staff/merge.html", status=status, trouble=trouble, **found)
