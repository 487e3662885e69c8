"""
Signing in: by password, which works without JavaScript; by passkey; by another's word.

Whoever is not let in is told one thing, whatever the reason.
"""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from countenance.errors import Error, NotFound, NotSignedIn, Refused, TooManyTries
from countenance.web.account.session import (
    BROWSER,
    PROVIDER,
    caller_of,
    cookie,
    end_session,
    known_anew,
    new_browser,
    set_session,
    site_of,
    way_back,
)
from countenance.web.context import web_of
from countenance.web.forms import read_form
from countenance.web.rates import GUESSES
from countenance.web.security import client

router = APIRouter(include_in_schema=False)

BACK = "/sign-in/provider/back"


@router.get("/sign-in")
async def ask(request: Request) -> Response:
    """The form, and what else somebody can sign in by here."""
    return await _ask(request, to=request.query_params.get("to", ""))


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Let somebody in by their password, and on to where they wanted to go."""
    web, caller = web_of(request), caller_of(request)
    web.rates.take(GUESSES, client(request))
    form = await read_form(request)
    login, password, to = form.text("login"), form.verbatim("password"), form.text("to")
    try:
        done = await web.pool.run(lambda library: library.sign_in(login, password, caller))
    except (NotSignedIn, TooManyTries) as exc:
        return await _ask(request, to=to, login=login, trouble=exc)
    return set_session(request, RedirectResponse(way_back(to), 303), done)


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session, here and in the browser."""
    token = caller_of(request).token
    await web_of(request).pool.run(lambda library: library.sign_out(token))
    return end_session(request, RedirectResponse("/", 303))


# --- by passkey ---------------------------------------------------------------------------------


@router.post("/sign-in/passkey/begin")
async def begin_passkey(request: Request) -> Response:
    """What the browser needs to ask its user, as JSON. The browser is known from now on."""
    return await begin(request)


@router.post("/sign-in/passkey")
async def passkey(request: Request) -> Response:
    """Let somebody in by what their device signed; where to go on to, as JSON."""
    web, caller, site = web_of(request), caller_of(request), site_of(request)
    web.rates.take(GUESSES, client(request))
    form = await read_form(request)
    answer, to = form.text("answer"), form.text("to")
    if site is None:
        return failed(NotFound("there are no passkeys here"))
    try:
        done = await web.pool.run(
            lambda library: library.sign_in_with_passkey(answer, caller, site)
        )
    except Refused as exc:
        return failed(exc)
    return set_session(request, JSONResponse({"to": way_back(to)}), done)


async def begin(request: Request) -> Response:
    """A challenge for this browser, to be answered by any passkey for this site."""
    web, site, browser = web_of(request), site_of(request), new_browser()
    web.rates.take(GUESSES, client(request))
    if site is None:
        return failed(NotFound("there are no passkeys here"))
    caller = caller_of(request).known_by(browser)
    options = await web.pool.run(lambda library: library.begin_passkey(caller, site))
    answer = Response(options, media_type="application/json")
    return known_anew(request, answer, BROWSER, browser)


def failed(error: Error) -> Response:
    """An error, to our own module in the browser."""
    return JSONResponse({"error": error.message}, error.http_status)


# --- by another's word --------------------------------------------------------------------------


@router.get("/sign-in/provider")
async def to_provider(request: Request) -> Response:
    """Send the browser to who vouches for people. It is a link: a form may not lead elsewhere."""
    web, browser = web_of(request), new_browser()
    web.rates.take(GUESSES, client(request))
    caller, back = caller_of(request).known_by(browser), web.url(request, BACK)
    there = await web.pool.run(lambda library: library.begin_provider(caller, back_to=back))
    return known_anew(request, RedirectResponse(there, 303), PROVIDER, browser)


@router.get(BACK)
async def from_provider(request: Request) -> Response:
    """
    Who came back from there is let in, or is not.

    The browser came here from another site, so that a redirect would not bring the session along:
    a page of ours goes on by itself.
    """
    web, caller = web_of(request), caller_of(request, PROVIDER)
    web.rates.take(GUESSES, client(request))
    if not cookie(request, PROVIDER):
        return await _ask(request, trouble=NotSignedIn("nobody was sent from here"))
    state, code = (request.query_params.get(name, "") for name in ("state", "code"))
    try:
        done = await web.pool.run(
            lambda library: library.sign_in_with_provider(state, code, caller)
        )
    except (NotSignedIn, TooManyTries) as exc:
        return await _ask(request, trouble=exc)
    answer = web.page(request, "account/came_back.html")
    answer.headers["Refresh"] = "0; url=/account"
    return set_session(request, answer, done)


# --------------------------------------------------------------------------------------------------


async def _ask(
    request: Request, *, to: str = "", login: str = "", trouble: Refused | None = None
) -> Response:
    web = web_of(request)
    provider = await web.pool.run(lambda library: library.provider is not None)
    return web.page(
        request,
        "account/sign_in.html",
        status=200 if trouble is None else trouble.http_status,
        to=way_back(to),
        login=login,
        wrong=isinstance(trouble, NotSignedIn),
        busy=trouble.message if isinstance(trouble, TooManyTries) else "",
        passkeys=site_of(request) is not None,
        provider=provider,
    )
