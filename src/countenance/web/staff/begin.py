"""The door of the desk: the start code, as `serve` prints it."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from countenance.web.context import web_of
from countenance.web.forms import read_form
from countenance.web.rates import GUESSES
from countenance.web.security import client
from countenance.web.staff.guard import COOKIE, NotLetIn, desk_of, is_here

router = APIRouter(include_in_schema=False)


@router.get("/staff/begin")
async def ask(request: Request) -> Response:
    """Ask for the code. From elsewhere there is nothing to be asked."""
    return _ask(request)


@router.post("/staff/begin")
async def begin(request: Request) -> Response:
    """Who has the code is at the desk, until the server ends."""
    web_of(request).rates.take(GUESSES, client(request))
    form = await read_form(request)
    try:
        cookie = desk_of(request).open(request, form.text("code"))
    except NotLetIn:
        return _ask(request, wrong=True)
    answer = RedirectResponse("/staff", 303)
    answer.set_cookie(
        COOKIE,
        cookie,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        path="/staff",
    )
    return answer


async def on_not_let_in(request: Request, _exc: Exception) -> Response:
    """Who asks for a page without being known is asked for the code; a form is not kept."""
    return _ask(request)


def _ask(request: Request, *, wrong: bool = False) -> Response:
    return web_of(request).page(
        request, "staff/begin.html", status=403, wrong=wrong, here_=is_here(request)
    )
