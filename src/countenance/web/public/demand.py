"""
Demand that something is taken down: the form, and what became of it.

It is a task for the desk, with a day by which it is answered. Nobody is written to: who has the
number of a demand reads its answer here.
"""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from countenance.catalog.demands import LEAST_CHARACTERS, MOST_CHARACTERS, Wording, missing
from countenance.errors import NotFound
from countenance.library.due import WITHIN
from countenance.web.context import web_of
from countenance.web.forms import read_form
from countenance.web.rates import GUESSES, Rate
from countenance.web.security import client

router = APIRouter(include_in_schema=False)

DEMANDS = Rate(burst=5, per_minute=0.5)
"""Demands, by address: each is read by a person."""


@router.get("/takedown")
async def ask(request: Request) -> Response:
    return _form(request, Wording("", ""), [])


@router.post("/takedown")
async def demand(request: Request) -> Response:
    """Keep it, if nothing is missing; what was written stays on the page otherwise."""
    web = web_of(request)
    web.rates.require(DEMANDS, client(request))
    form = await read_form(request)
    said = Wording(
        form.text("places"),
        form.text("reasons"),
        form.text("name"),
        form.text("mail"),
        form.ticked("of_a_child"),
        form.ticked("good_faith"),
    )
    if found := missing(said):
        return _form(request, said, found)
    web.rates.take(DEMANDS, client(request))
    made = await web.pool.run(lambda library: library.demand(said), actor="public")
    return RedirectResponse(f"/takedown/{made.id}", 303)


@router.get("/takedown/{which}")
async def state(request: Request, which: str) -> Response:
    """How it stands. What its sender wrote is not shown: whoever has the number may read this."""
    web = web_of(request)
    web.rates.require(GUESSES, client(request))
    try:
        found = await web.pool.run(lambda library: library.demanded(which))
    except NotFound:
        web.rates.take(GUESSES, client(request))
        raise
    return web.page(request, "public/demand.html", one=found, by=found.at + WITHIN)


# --------------------------------------------------------------------------------------------------


def _form(request: Request, said: Wording, lacking: list[str]) -> Response:
    return web_of(request).page(
        request,
        "public/takedown.html",
        status=422 if lacking else 200,
        said=said,
        lacking=lacking,
        least=LEAST_CHARACTERS,
        most=MOST_CHARACTERS,
        days=WITHIN.days,
    )
