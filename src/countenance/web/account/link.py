"""A link for somebody who cannot come in: they choose a password, and are in."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from countenance.errors import NotSignedIn, TooManyTries, UsageError
from countenance.web.account.session import OWN_PAGE, caller_of, set_session
from countenance.web.context import web_of
from countenance.web.forms import read_form
from countenance.web.rates import GUESSES
from countenance.web.security import client

router = APIRouter(include_in_schema=False)


@router.get("/link/{code}")
async def ask(request: Request, code: str) -> Response:
    """The form. Nothing is looked up: what opens links by itself, as mail does, uses none up."""
    return _ask(request, code)


@router.post("/link/{code}")
async def redeem(request: Request, code: str) -> Response:
    """Take the link for the password, and let them in."""
    web, caller = web_of(request), caller_of(request)
    web.rates.take(GUESSES, client(request))
    form = await read_form(request)
    password = form.verbatim("password")
    try:
        done = await web.pool.run(lambda library: library.redeem_link(code, password, caller))
    except (NotSignedIn, TooManyTries, UsageError) as exc:
        wrong = isinstance(exc, NotSignedIn)
        told = "" if wrong else exc.message
        return _ask(request, code, wrong=wrong, told=told, status=exc.http_status)
    return set_session(request, RedirectResponse(OWN_PAGE, 303), done)


# --------------------------------------------------------------------------------------------------


def _ask(
    request: Request, code: str, *, wrong: bool = False, told: str = "", status: int = 200
) -> Response:
    return web_of(request).page(
        request, "account/link.html", status=status, code=code, wrong=wrong, told=told
    )
