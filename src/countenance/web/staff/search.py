"""The search box of the desk: names, words and dates in one line, or a photo dropped on it."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from countenance.catalog.buckets import Place
from countenance.core.ids import PhotoId
from countenance.errors import Refused, TooManySearches, Unreadable, UsageError
from countenance.library import Library
from countenance.people.purpose import Purpose
from countenance.web.context import web_of
from countenance.web.forms import read_form
from countenance.web.rates import PICTURES
from countenance.web.security import client
from countenance.web.staff.guard import Find

router = APIRouter(include_in_schema=False)


@router.get("/staff/search")
async def search(request: Request, staff: Find) -> Response:
    """A page of photos that answer; `after` is where it goes on, as a part of the page by htmx."""
    web, asked = web_of(request), request.query_params
    text, where = asked.get("q", "").strip(), asked.get("collection", "")
    moment, _, which = asked.get("after", "").rpartition(" ")
    after = Place(moment, PhotoId(which)) if which else None
    part = request.headers.get("hx-request") == "true"
    values: dict[str, Any] = {"found": None, "trouble": ""}

    def look(library: Library) -> dict[str, Any]:
        found = library.look(text, collection=where, after=after)
        places = library.where_are(one.tile for one in found.hits)
        return {"found": found, "places": places}

    if text:
        try:
            values |= await web.pool.run(look, actor=staff.actor)
        except TooManySearches:
            raise
        except UsageError:
            values["trouble"] = "words"
    collections = await web.pool.run(lambda library: library.collections(), actor=staff.actor)
    return web.page(
        request,
        "staff/hits.html" if part and values["found"] else "staff/search.html",
        status=422 if values["trouble"] else 200,
        text=text,
        collection=where,
        collections=collections,
        faces=None,
        **values,
    )


@router.post("/staff/search")
async def by_picture(request: Request, staff: Find) -> Response:
    """Who is in a picture, among those who agreed to be found by staff. It is kept nowhere."""
    web = web_of(request)
    web.rates.take(PICTURES, client(request))
    form = await read_form(request, max_files=1)
    given = form.files.get("picture", [])
    faces, trouble = None, "" if given else "picture"
    if given:
        try:
            faces = await web.pool.look(
                lambda library: library.search(given[0].data, purpose=Purpose.STAFF_FIND),
                actor=staff.actor,
            )
        except Unreadable:
            trouble = "picture"
        except TooManySearches:
            raise
        except Refused:
            trouble = "refused"
    collections = await web.pool.run(lambda library: library.collections(), actor=staff.actor)
    return web.page(
        request,
        "staff/search.html",
        status=422 if trouble else 200,
        text="",
        collection="",
        collections=collections,
        found=None,
        faces=faces,
        trouble=trouble,
    )
