"""The review queue: one question, three answers, and back. With keys, where there is JavaScript."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from countenance.accounts.roles import Right
from countenance.catalog.steps import StepKind
from countenance.errors import NotFound, Refused, Stale, UsageError
from countenance.library import Library
from countenance.search.review import Answer, Wanted
from countenance.web.context import web_of
from countenance.web.forms import Form, read_form
from countenance.web.staff.guard import RULES, Act, NotAllowed, Review, Staff, Undo

router = APIRouter(include_in_schema=False)


@router.get("/staff/review")
async def ask(request: Request, staff: Review) -> Response:
    """The next question. Opening the page is a search, and counted as one."""
    asked = request.query_params
    wanted = Wanted(asked.get("collection", ""), asked.get("person", ""), bool(asked.get("aside")))
    return await _asked(request, staff, wanted, opened=True)


@router.post("/staff/review")
async def answer(request: Request, staff: Review) -> Response:
    """An answer, or a step back; then the next question."""
    form = await read_form(request)
    wanted = Wanted(form.text("collection"), form.text("person"), form.ticked("aside"))
    trouble = ""
    try:
        await web_of(request).pool.run(lambda library: _do(library, form, staff), actor=staff.actor)
    except Stale:
        trouble = "stale"
    except NotFound:
        trouble = "gone"
    except NotAllowed:
        raise
    except (Refused, UsageError):
        trouble = "refused"
    if request.headers.get("hx-request") == "true" or trouble:
        return await _asked(request, staff, wanted, trouble=trouble)
    kept = {
        "collection": wanted.collection,
        "person": wanted.person,
        "aside": "1" if wanted.aside else "",
    }
    asked = urlencode({name: value for name, value in kept.items() if value})
    return RedirectResponse(f"/staff/review?{asked}".rstrip("?"), 303)


@router.post("/staff/undo")
async def undo(request: Request, staff: Undo) -> Response:
    """Take one step back, from the list of steps."""
    form = await read_form(request)
    which = form.text("step")
    web = web_of(request)
    try:
        await web.pool.run(lambda library: _take_back(library, which, staff), actor=staff.actor)
    except Stale:

        def look(library: Library) -> dict[str, Any]:
            names = {one.id: one.name for one in library.people()}
            return {"steps": library.steps(), "names": names}

        found = await web.pool.run(look, actor=staff.actor)
        return web.page(request, "staff/steps.html", status=409, stale=True, **found)
    return RedirectResponse("/staff/steps", 303)


# --------------------------------------------------------------------------------------------------


def _do(library: Library, form: Form, staff: Staff) -> None:
    said, which = form.text("answer"), form.text("sighting")
    if said == "undo":
        _take_back(library, "", staff)
    elif said in list(Answer):
        # A question that went meanwhile is told as gone, and so is one of a collection of others.
        if not staff.may(Right.REVIEW, *library.lies_in(sighting=which)):
            raise NotFound(f"{which}: no such question")
        library.answer(which, Answer(said))
    else:
        raise UsageError("no such answer")


def _take_back(library: Library, which: str, staff: Staff) -> None:
    """
    Of a merge or a split that takes another right than of an answer, and of that its place.

    Of a step that there is not, whoever may not undo all is told what they are told of another's.
    """
    try:
        step = library.step(which)
        right = Right.REVIEW
        where: frozenset[str] = frozenset()
        if step.what.kind in (StepKind.MERGED, StepKind.SPLIT):
            right = Right.MERGE
        else:
            where = library.lies_in(sighting=step.what.sighting or "")
    except NotFound:
        if which and not staff.may(Right.MERGE):
            raise NotAllowed(RULES[Act.UNDO][0]) from None
        raise
    if not staff.may(right, *where):
        raise NotAllowed(RULES[Act.UNDO][0])
    library.take_back(step.id)


async def _asked(
    request: Request, staff: Staff, wanted: Wanted, *, opened: bool = False, trouble: str = ""
) -> Response:
    """A question of a collection that they were given: of none said, of the first that has one."""
    web = web_of(request)

    def look(library: Library) -> dict[str, Any]:
        given = [one for one in library.collections() if staff.may(Right.REVIEW, one.id)]
        here = [one for one in given if wanted.collection in ("", one.id, one.name)]
        if not here:
            raise NotAllowed(frozenset({Right.REVIEW}))
        if opened:
            library.open_review()
        for one in here:
            of = replace(wanted, collection=one.id)
            asked = library.questions(of)
            if asked.questions:
                break
        theirs = {one.id for one in given}
        claims = [one for one in library.claims() if one.collection in theirs]
        waiting = sum(one.ended_at is None for one in claims)
        return {"asked": asked, "wanted": of, "collections": given, "waiting": waiting}

    found = await web.pool.run(look, actor=staff.actor)
    part = request.headers.get("hx-request") == "true"
    return web.page(
        request,
        "staff/question.html" if part else "staff/review.html",
        status=200 if part or not trouble else 409,
        trouble=trouble,
        **found,
    )
