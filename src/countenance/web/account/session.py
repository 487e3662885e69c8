"""
Who asks: the session in a browser's cookie, and what a browser is known by before it has one.

    session    HttpOnly, SameSite=Strict: it comes along from our own pages alone
    browser    the same; a challenge of a passkey is for the browser that asked for it
    provider   SameSite=Lax and five minutes: the way back from another's sign-in comes from there

Where the setting `address` is https each is `Secure`, and its name begins with `__Host-`, so that
no other server of the same domain can set it.
"""

import ipaddress
import secrets
from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from countenance.accounts.logins import CHALLENGE_LIVES
from countenance.accounts.passkeys import Site
from countenance.accounts.roles import Identity
from countenance.errors import NotSignedIn, UsageError
from countenance.library import Caller, SignedIn
from countenance.web.context import web_of
from countenance.web.security import client

SESSION, BROWSER, PROVIDER = "session", "browser", "provider"

OWN_PAGE = "/account"

MAX_AGENT = 400


class NotLetIn(NotSignedIn):
    """Nobody is known who asks. They are sent to the page where they sign in, and back."""


def caller_of(request: Request, known_by: str = BROWSER) -> Caller:
    """Who asks, as the library counts and binds it; `known_by` is the cookie of their browser."""
    return Caller(
        address=client(request),
        agent=request.headers.get("user-agent", "")[:MAX_AGENT],
        browser=cookie(request, known_by),
        token=cookie(request, SESSION),
    )


def cookie(request: Request, name: str) -> str:
    """What a cookie of ours holds, or the empty string."""
    return request.cookies.get(_name(request, name), "")


def set_session(request: Request, answer: Response, signed_in: SignedIn) -> Response:
    """`answer`, by which somebody is signed in."""
    _set(request, answer, SESSION, signed_in.token)
    return answer


def end_session(request: Request, answer: Response) -> Response:
    """`answer`, by which the browser forgets its session."""
    answer.delete_cookie(
        _name(request, SESSION),
        secure=_is_secure(request),
        httponly=True,
        samesite="strict",
    )
    return answer


def known_anew(request: Request, answer: Response, known_by: str, browser: str) -> Response:
    """`answer`, after which the browser is known by the random value `browser` for a while."""
    lax = known_by == PROVIDER
    _set(request, answer, known_by, browser, lax=lax, seconds=int(CHALLENGE_LIVES.total_seconds()))
    return answer


def new_browser() -> str:
    return secrets.token_urlsafe(32)


async def who_asks(request: Request) -> Identity | None:
    """Whose session asks, with what they may be at this moment; or nobody."""
    token = cookie(request, SESSION)
    if not token:
        return None
    return await web_of(request).pool.run(lambda library: library.identity(token))


async def signed_in(request: Request) -> Identity:
    """Who is signed in. Raises `NotLetIn` if nobody is."""
    who = await who_asks(request)
    if who is None:
        raise NotLetIn("nobody is signed in here")
    return who


Own = Annotated[Identity, Depends(signed_in)]
"""Who is signed in: of pages about their own account."""


def site_of(request: Request) -> Site | None:
    """
    The site that passkeys are for; none where browsers give none.

    It is the setting `address`, if the page was asked for there; and this machine as `localhost`.
    """
    here = str(request.base_url)
    name = (request.url.hostname or "").lower()
    said = here if name == "localhost" else web_of(request).address or here
    try:
        site = Site.at(said)
    except UsageError:
        return None
    return site if site.host == name and not _is_number(name) else None


def way_back(said: str, otherwise: str = OWN_PAGE) -> str:
    """The path of ours that somebody is to go on to. Whatever leads elsewhere is `otherwise`."""
    # Browsers take `\` for `/`, and `//` begins the name of another server.
    plain = said.startswith("/") and not said.startswith("//") and "\\" not in said
    return said if plain and said.isprintable() and not urlsplit(said).netloc else otherwise


async def on_not_let_in(request: Request, _exc: Exception) -> Response:
    """Who asks for a page is sent to sign in, and back to it; a form is not kept."""
    return _sent(request, "/sign-in")


async def on_prove_again(request: Request, _exc: Exception) -> Response:
    """Who has to show once more that it is they is sent to the form for it, and back."""
    return _sent(request, "/prove")


def door(path: str, to: str) -> str:
    """The address of a page at which somebody shows who they are, and goes on to `to`."""
    return f"{path}?to={quote(to, safe='/')}"


# --------------------------------------------------------------------------------------------------


def _sent(request: Request, path: str) -> Response:
    to = request.url.path
    if request.method == "GET":
        to += f"?{request.url.query}" if request.url.query else ""
    else:
        to = "/staff" if to.startswith("/staff") else OWN_PAGE
    if request.headers.get("hx-request") == "true":
        # A part of a page cannot ask for it: the page as a whole goes there.
        return Response(status_code=401, headers={"HX-Redirect": door(path, to)})
    return RedirectResponse(door(path, to), 303)


def _set(  # noqa: PLR0913  what a cookie is
    request: Request,
    answer: Response,
    name: str,
    value: str,
    *,
    lax: bool = False,
    seconds: int | None = None,
) -> None:
    answer.set_cookie(
        _name(request, name),
        value,
        max_age=seconds,
        httponly=True,
        samesite="lax" if lax else "strict",
        secure=_is_secure(request),
    )


def _name(request: Request, name: str) -> str:
    return f"__Host-{name}" if _is_secure(request) else name


def _is_secure(request: Request) -> bool:
    return web_of(request).address.startswith("https://")


def _is_number(host: str) -> bool:
    """Whether a host is named by its address alone: to such, browsers give no passkeys."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
