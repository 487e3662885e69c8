"""Links that show photos to whoever has them: made for a selection, listed, ended."""

from typing import Any

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from countenance.catalog.buckets import Tile
from countenance.errors import NotFound
from countenance.library import Library
from countenance.library.shares import MAX_LABEL, MOST_PHOTOS, NothingToShare
from countenance.web.context import web_of
from countenance.web.forms import Form, read_form
from countenance.web.sharing import last_days, said, sharing, trouble
from countenance.web.staff.guard import Publish

router = APIRouter(include_in_schema=False)


@router.get("/staff/shares")
async def ask(request: Request, staff: Publish) -> Response:
    """The links there are; with photos that are named in the address, the form for another."""
    return await _ask(request, staff.actor, Form(FormData(), {}))


@router.post("/staff/shares")
async def make(request: Request, staff: Publish) -> Response:
    """The link, which is shown this once."""
    web, form = web_of(request), await read_form(request)
    now = await web.pool.run(lambda library: library.now(), actor=staff.actor)
    wrong = trouble(form, now, for_channel=True)
    if wrong:
        return await _ask(request, staff.actor, form, wrong=wrong)
    language, which = web.language(request), form.every("photo")
    try:
        made = await web.pool.look(
            lambda library: library.share(which, form.text("channel"), sharing(form)),
            actor=staff.actor,
        )
    except NothingToShare as exc:
        left = sorted({said(one.why, language) for one in exc.left_out})
        return await _ask(request, staff.actor, form, wrong="nothing", left=left)
    return web.page(
        request,
        "staff/shared.html",
        made=made,
        url=web.url(request, f"/s/{made.issued.token}"),
        left=sorted({said(one.why, language) for one in made.left_out}),
    )


@router.post("/staff/shares/{which}/end")
async def end(request: Request, which: str, staff: Publish) -> Response:
    """It shows nothing from now on."""

    def act(library: Library) -> None:
        if which not in {one.link.id for one in library.desk_shares()}:
            raise NotFound(f"{which}: no such share")
        library.end_share(which)

    await web_of(request).pool.run(act, actor=staff.actor)
    return RedirectResponse("/staff/shares", 303)


# --------------------------------------------------------------------------------------------------


async def _ask(
    request: Request,
    actor: str,
    form: Form,
    *,
    wrong: str = "",
    left: list[str] | None = None,
) -> Response:
    web, asked = web_of(request), request.query_params
    chosen = form.every("photo") or asked.getlist("photo")

    def look(library: Library) -> dict[str, Any]:
        tiles: list[Tile] = [library.tile_of(one) for one in dict.fromkeys(chosen[:MOST_PHOTOS])]
        return {
            "tiles": tiles,
            "shares": library.desk_shares(),
            "channels": library.channels(),
            "now": library.now(),
        }

    found = await web.pool.run(look, actor=actor)
    return web.page(
        request,
        "staff/shares.html",
        status=422 if wrong else 200,
        form=form,
        channel=form.text("channel") or asked.get("channel", ""),
        wrong=wrong,
        left=left or [],
        most=MOST_PHOTOS,
        longest=MAX_LABEL,
        days=last_days(found["now"]),
        **found,
    )
