"""Demands from the public: read one, and answer it. What is taken down is so at its source."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from countenance.catalog.demands import LEAST_CHARACTERS, Outcome
from countenance.errors import UsageError
from countenance.library.due import WITHIN
from countenance.web.context import web_of
from countenance.web.forms import read_form
from countenance.web.staff.guard import AnswerDemands

router = APIRouter(include_in_schema=False)


@router.get("/staff/demands/{which}")
async def one(request: Request, which: str, staff: AnswerDemands) -> Response:
    """One demand, as it was written; once it is answered, the answer alone."""
    return await _shown(request, which, staff.actor)


@router.post("/staff/demands/{which}/answer")
async def answer(request: Request, which: str, staff: AnswerDemands) -> Response:
    """Say what became of it, and why. What its sender wrote is emptied."""
    form = await read_form(request)
    outcome, words = form.text("outcome"), form.text("answer")
    if outcome not in list(Outcome):
        return await _shown(request, which, staff.actor, typed=words, wrong=True)
    try:
        await web_of(request).pool.run(
            lambda library: library.answer_demand(which, Outcome(outcome), words),
            actor=staff.actor,
        )
    except UsageError:
        return await _shown(request, which, staff.actor, typed=words, wrong=True)
    return RedirectResponse(f"/staff/demands/{which}", 303)


async def _shown(
    request: Request, which: str, actor: str, *, typed: str = "", wrong: bool = False
) -> Response:
    web = web_of(request)
    found = await web.pool.run(lambda library: library.demanded(which), actor=actor)
    return web.page(
        request,
        "staff/demand.html",
        status=422 if wrong else 200,
        one=found,
        by=found.at + WITHIN,
        typed=typed,
        wrong=wrong,
        least=LEAST_CHARACTERS,
    )
