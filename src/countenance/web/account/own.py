"""One's own account: its password, its passkeys, and where one is signed in."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from countenance.accounts.roles import Identity
from countenance.errors import NotFound, NotSignedIn, ProveAgain, Refused, TooManyTries, UsageError
from countenance.library import Library
from countenance.web.account.session import (
    OWN_PAGE,
    Own,
    caller_of,
    door,
    end_session,
    set_session,
    site_of,
)
from countenance.web.account.signin import failed
from countenance.web.context import web_of
from countenance.web.forms import read_form
from countenance.web.rates import GUESSES
from countenance.web.security import client
from countenance.web.staff.guard import sections

router = APIRouter(include_in_schema=False)


@router.get(OWN_PAGE)
async def everything(request: Request, own: Own) -> Response:
    """All that somebody can see and change of their own account."""
    return await _shown(request, own)


@router.post("/account/password")
async def password(request: Request, own: Own) -> Response:
    """Another password. Every session ends but a new one, here."""
    web, caller = web_of(request), caller_of(request)
    web.rates.take(GUESSES, client(request))
    form = await read_form(request)
    old, new = form.verbatim("old"), form.verbatim("new")
    try:
        done = await web.pool.run(
            lambda library: library.change_password(old, new, caller), actor=own.account
        )
    except (NotSignedIn, TooManyTries, UsageError) as exc:
        return await _shown(request, own, trouble=exc)
    return set_session(request, RedirectResponse(f"{OWN_PAGE}?done=password", 303), done)


# --- passkeys -----------------------------------------------------------------------------------


@router.post("/account/passkeys/begin")
async def begin_passkey(request: Request, own: Own) -> Response:
    """What the browser needs to make a passkey, as JSON."""
    web, caller, site = web_of(request), caller_of(request), site_of(request)
    if site is None:
        return failed(NotFound("there are no passkeys here"))
    try:
        options = await web.pool.run(
            lambda library: library.begin_new_passkey(caller, site), actor=own.account
        )
    except ProveAgain:
        return JSONResponse({"to": door("/prove", OWN_PAGE)}, ProveAgain.http_status)
    return Response(options, media_type="application/json")


@router.post("/account/passkeys")
async def add_passkey(request: Request, own: Own) -> Response:
    """Take the passkey that the browser made."""
    web, caller, site = web_of(request), caller_of(request), site_of(request)
    form = await read_form(request)
    answer, name = form.text("answer"), form.text("name")
    if site is None:
        return failed(NotFound("there are no passkeys here"))
    try:
        await web.pool.run(
            lambda library: library.add_passkey(answer, name, caller, site), actor=own.account
        )
    except ProveAgain:
        return JSONResponse({"to": door("/prove", OWN_PAGE)}, ProveAgain.http_status)
    except (Refused, UsageError) as exc:
        return failed(exc)
    return JSONResponse({"to": f"{OWN_PAGE}?done=passkey"})


@router.post("/account/passkeys/{which}/end")
async def end_passkey(request: Request, which: str, own: Own) -> Response:
    """Take a passkey off. Whoever found an open screen cannot do that."""
    if not own.fresh:
        raise ProveAgain("show once more that it is you")
    try:
        await web_of(request).pool.run(
            lambda library: library.end_passkey(which, account=own.account), actor=own.account
        )
    except Refused as exc:
        return await _shown(request, own, trouble=exc)
    return RedirectResponse(f"{OWN_PAGE}?done=passkey-ended", 303)


# --- sessions -----------------------------------------------------------------------------------


@router.post("/account/sessions/end")
async def end_others(request: Request, own: Own) -> Response:
    """End every session but this one."""
    await web_of(request).pool.run(
        lambda library: library.end_sessions(own.account, but=own.session), actor=own.account
    )
    return RedirectResponse(f"{OWN_PAGE}?done=sessions", 303)


@router.post("/account/sessions/{which}/end")
async def end_one(request: Request, which: str, own: Own) -> Response:
    """End one session. Of this one, that is to sign out."""
    await web_of(request).pool.run(
        lambda library: library.end_session(which, account=own.account), actor=own.account
    )
    if which == own.session:
        return end_session(request, RedirectResponse("/", 303))
    return RedirectResponse(f"{OWN_PAGE}?done=sessions", 303)


# --------------------------------------------------------------------------------------------------


async def _shown(
    request: Request, own: Identity, *, trouble: Refused | UsageError | None = None
) -> Response:
    web = web_of(request)

    def look(library: Library) -> dict[str, Any]:
        return {
            "account": library.account(own.account),
            "keys": library.passkeys(own.account),
            "sessions": library.sessions(own.account),
        }

    wrong = isinstance(trouble, NotSignedIn)
    return web.page(
        request,
        "account/own.html",
        status=200 if trouble is None else trouble.http_status,
        own=own,
        wrong=wrong,
        told="" if trouble is None or wrong else trouble.message,
        done=request.query_params.get("done", ""),
        passkeys=site_of(request) is not None,
        sections=sections(own),
        **await web.pool.run(look, actor=own.account),
    )
