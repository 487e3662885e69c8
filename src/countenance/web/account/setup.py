"""The first owner: the code that `serve` printed, a login, a name and a password."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from countenance.errors import NotSignedIn, TooManyTries, UsageError
from countenance.web.account.session import caller_of, set_session
from countenance.web.context import web_of
from countenance.web.forms import read_form
from countenance.web.rates import GUESSES
from countenance.web.security import client

router = APIRouter(include_in_schema=False)


@router.get("/set-up")
async def ask(request: Request) -> Response:
    """The form. It is the same whether there is an owner or not."""
    return _ask(request)


@router.post("/set-up")
async def set_up(request: Request) -> Response:
    """Make the first owner, and let them in. A password that will not do leaves the code good."""
    web, caller = web_of(request), caller_of(request)
    web.rates.take(GUESSES, client(request))
    form = await read_form(request)
    code, login, name = form.text("code"), form.text("login"), form.text("name")
    password = form.verbatim("password")
    kept = {"code": code, "login": login, "name": name}
    try:
        done = await web.pool.run(
            lambda library: library.set_up(code, login, name, password, caller)
        )
    except (NotSignedIn, TooManyTries, UsageError) as exc:
        wrong = isinstance(exc, NotSignedIn)
        told = "" if wrong else exc.message
        return _ask(request, kept=kept, wrong=wrong, told=told, status=exc.http_status)
    return set_session(request, RedirectResponse("/staff", 303), done)


# --------------------------------------------------------------------------------------------------


def _ask(
    request: Request,
    *,
    kept: dict[str, str] | None = None,
    wrong: bool = False,
    told: str = "",
    status: int = 200,
) -> Response:
    return web_of(request).page(
        request, "account/set_up.html", status=status, kept=kept or {}, wrong=wrong, told=told
    )
