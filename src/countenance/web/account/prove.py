"""Showing once more that it is they: by password, or by a passkey."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from countenance.errors import NotFound, NotSignedIn, Refused, TooManyTries
from countenance.web.account.session import Own, caller_of, site_of, way_back
from countenance.web.account.signin import begin, failed
from countenance.web.context import web_of
from countenance.web.forms import read_form
from countenance.web.rates import GUESSES
from countenance.web.security import client

router = APIRouter(include_in_schema=False)


@router.get("/prove")
async def ask(request: Request, own: Own) -> Response:
    """The form, to whoever is signed in."""
    del own
    return await _ask(request, to=request.query_params.get("to", ""))


@router.post("/prove")
async def prove(request: Request, own: Own) -> Response:
    """Take their password, and go on to where they were sent from."""
    web, caller = web_of(request), caller_of(request)
    web.rates.take(GUESSES, client(request))
    form = await read_form(request)
    password, to = form.verbatim("password"), form.text("to")
    try:
        await web.pool.run(lambda library: library.prove(password, caller), actor=own.account)
    except (NotSignedIn, TooManyTries) as exc:
        return await _ask(request, to=to, trouble=exc)
    return RedirectResponse(way_back(to), 303)


@router.post("/prove/passkey/begin")
async def begin_passkey(request: Request, own: Own) -> Response:
    """A challenge for this browser, as at signing in."""
    del own
    return await begin(request)


@router.post("/prove/passkey")
async def passkey(request: Request, own: Own) -> Response:
    """Take what their device signed; where to go on to, as JSON."""
    web, caller, site = web_of(request), caller_of(request), site_of(request)
    web.rates.take(GUESSES, client(request))
    form = await read_form(request)
    answer, to = form.text("answer"), form.text("to")
    if site is None:
        return failed(NotFound("there are no passkeys here"))
    try:
        await web.pool.run(
            lambda library: library.prove_with_passkey(answer, caller, site), actor=own.account
        )
    except Refused as exc:
        return failed(exc)
    return JSONResponse({"to": way_back(to)})


# --------------------------------------------------------------------------------------------------


async def _ask(request: Request, *, to: str, trouble: Refused | None = None) -> Response:
    return web_of(request).page(
        request,
        "account/prove.html",
        status=200 if trouble is None else trouble.http_status,
        to=way_back(to),
        wrong=isinstance(trouble, NotSignedIn),
        busy=trouble.message if isinstance(trouble, TooManyTries) else "",
        passkeys=site_of(request) is not None,
    )
