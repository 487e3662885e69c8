"""Collections: their rule and its ground, their impact assessment, their photos in buckets."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from countenance.accounts.roles import Right
from countenance.catalog.assessments import LEAST_CHARACTERS, QUESTIONS
from countenance.catalog.buckets import SIZE, Place
from countenance.catalog.collections import Collection
from countenance.core.ids import PhotoId
from countenance.errors import NotFound, Refused, UsageError
from countenance.library import Library
from countenance.media.cut import Cut
from countenance.search.review import Wanted
from countenance.web.context import web_of
from countenance.web.forms import Form, read_form
from countenance.web.staff.guard import (
    SeeCollection,
    SeeCollections,
    SeePhoto,
    SeePhotos,
    SetRule,
    Staff,
)
from countenance.web.staff.stretches import between, stretched

router = APIRouter(include_in_schema=False)


@router.get("/staff")
async def everything(request: Request, staff: SeeCollections) -> Response:
    """All collections, each with its rule and how much is in it."""
    web = web_of(request)

    def look(library: Library) -> list[dict[str, Any]]:
        sources = library.sources()
        return [
            {
                "one": one,
                "photos": library.count_photos(one.id),
                "sources": sum(each.collection == one.id for each in sources),
                "roster": len(library.roster(one.id)),
            }
            for one in library.collections()
            if staff.may(Right.SEE_SOURCES, one.id)
        ]

    found = await web.pool.run(look, actor=staff.actor)
    makes = staff.may(Right.COLLECTIONS)
    return web.page(request, "staff/collections.html", found=found, makes=makes)


@router.post("/staff/collections")
async def new(request: Request, staff: SetRule) -> Response:
    """A new collection; recognition is off in it."""
    form = await read_form(request)
    name = form.text("name")
    made = await web_of(request).pool.run(
        lambda library: library.add_collection(name), actor=staff.actor
    )
    return RedirectResponse(f"/staff/collections/{made.id}", 303)


@router.get("/staff/collections/{which}")
async def one(request: Request, which: str, staff: SeeCollection) -> Response:
    """One collection: its rule, the form that comes before it, its sources."""
    return await _shown(request, which, staff)


@router.post("/staff/collections/{which}/assessment")
async def assess(request: Request, which: str, staff: SetRule) -> Response:
    """The impact assessment, filled in. What is missing is said, and what was written stays."""
    form = await read_form(request)
    answers = {name: form.text(name) for name in QUESTIONS}
    try:
        await web_of(request).pool.run(
            lambda library: library.assess(which, answers), actor=staff.actor
        )
    except UsageError:
        return await _shown(request, which, staff, answers=answers)
    return RedirectResponse(f"/staff/collections/{which}#rule", 303)


@router.post("/staff/collections/{which}/rule")
async def rule(request: Request, which: str, staff: SetRule) -> Response:
    """Switch recognition on, which takes a ground and the assessment; or off, which takes none."""
    form = await read_form(request)
    try:
        await web_of(request).pool.run(
            lambda library: _set(library, which, form), actor=staff.actor
        )
    except (UsageError, Refused) as exc:
        if isinstance(exc, NotFound):
            raise
        return await _shown(request, which, staff, refused=True, ground=form.text("ground"))
    return RedirectResponse(f"/staff/collections/{which}#rule", 303)


# --- photos -----------------------------------------------------------------------------------


@router.get("/staff/collections/{which}/photos")
async def photos(request: Request, which: str, staff: SeePhotos) -> Response:
    """
    The photos, as an outline of buckets that fill themselves when they come into view; of a large
    collection, as stretches of buckets that do so first.

    Without JavaScript it is one bucket a page: the first, or that which begins at `from`.
    """
    web = web_of(request)
    begin = _place(request.query_params.get("from", ""))

    def look(library: Library) -> dict[str, Any]:
        buckets = library.outline(which)
        first = begin or (buckets[0].first if buckets else None)
        here = next((one for one in buckets if one.first == first), None)
        return {
            "collection": _named(library, which),
            "count": sum(one.count for one in buckets),
            "parts": stretched(buckets, first),
            "first": first,
            "tiles": library.bucket(which, begin, count=here.count if here else SIZE),
        }

    found = await web.pool.run(look, actor=staff.actor)
    return web.page(request, "staff/photos.html", **found)


@router.get("/staff/collections/{which}/buckets")
async def buckets(request: Request, which: str, staff: SeePhotos) -> Response:
    """The buckets of one stretch, as a part of the page."""
    web, asked = web_of(request), request.query_params
    first = _place(asked.get("from", "")) or Place("", PhotoId(""))
    until = _place(asked.get("until", ""))

    def look(library: Library) -> dict[str, Any]:
        return {
            "collection": _named(library, which),
            "parts": between(library.outline(which), first, until),
        }

    found = await web.pool.run(look, actor=staff.actor)
    return web.page(request, "staff/buckets.html", first=None, **found)


@router.get("/staff/collections/{which}/bucket")
async def bucket(request: Request, which: str, staff: SeePhotos) -> Response:
    """One bucket, as a part of the page."""
    web, asked = web_of(request), request.query_params
    begin, said = _place(asked.get("from", "")), asked.get("count", "")
    count = min(int(said), SIZE) if said.isascii() and said.isdecimal() else SIZE
    tiles = await web.pool.run(
        lambda library: library.bucket(which, begin, count=count), actor=staff.actor
    )
    return web.page(request, "staff/tiles.html", tiles=tiles)


@router.get("/staff/photos/{which}")
async def photo(request: Request, which: str, staff: SeePhoto) -> Response:
    """One photo, and where it stands."""
    web = web_of(request)

    def look(library: Library) -> dict[str, Any]:
        tile = library.tile_of(which)
        return {
            "tile": tile,
            "where": library.where_is(tile),
            "source": library.source(tile.source),
        }

    return web.page(request, "staff/photo.html", **await web.pool.run(look, actor=staff.actor))


@router.get("/staff/photos/{which}/{how}")
async def picture(request: Request, which: str, how: Cut, staff: SeePhoto) -> Response:
    """What a photo looks like; with `face`, one face of it. The grant is asked as it leaves."""
    face = request.query_params.get("face", "")
    cut = f"{how[0]}{face}"
    said = request.headers.get("if-none-match", "").strip('"')
    held = said.removesuffix(cut) if said.endswith(cut) else ""
    sent = await web_of(request).pool.run(
        lambda library: library.picture_of(which, how, face=face, held=held), actor=staff.actor
    )
    headers = {"Cache-Control": "private, no-cache", "ETag": f'"{sent.digest}{cut}"'}
    if sent.digest == held:
        return Response(status_code=304, headers=headers)
    return Response(sent.data, headers=headers, media_type="image/jpeg")


# --------------------------------------------------------------------------------------------------


async def _shown(  # noqa: PLR0913  what was typed stays, and what was wrong is said
    request: Request,
    which: str,
    staff: Staff,
    *,
    answers: dict[str, str] | None = None,
    refused: bool = False,
    ground: str = "",
) -> Response:
    web = web_of(request)

    def look(library: Library) -> dict[str, Any]:
        found = _named(library, which)
        return {
            "collection": found,
            "photos": library.count_photos(which),
            "assessment": library.assessment(which),
            "sources": [one for one in library.sources() if one.collection == found.id],
            "roster": library.roster(which) if staff.may(Right.SEE_PEOPLE) else None,
            "asked": (
                library.questions(Wanted(collection=which), count=0)
                if staff.may(Right.REVIEW, found.id)
                else None
            ),
        }

    return web.page(
        request,
        "staff/collection.html",
        status=422 if answers is not None or refused else 200,
        answers=answers,
        refused=refused,
        ground=ground,
        names=QUESTIONS,
        least=LEAST_CHARACTERS,
        makes=staff.may(Right.COLLECTIONS),
        **await web.pool.run(look, actor=staff.actor),
    )


def _set(library: Library, which: str, form: Form) -> Collection:
    if form.text("recognition") == "on":
        minors = form.ticked("minors")
        return library.begin_recognition(which, ground=form.text("ground"), minors=minors)
    return library.set_rule(which, recognition=False)


def _named(library: Library, which: str) -> Collection:
    for one_ in library.collections():
        if one_.id == which:
            return one_
    raise NotFound(f"{which}: no such collection")


def _place(text: str) -> Place | None:
    moment, _, which = text.rpartition(" ")
    return Place(moment, PhotoId(which)) if which else None
