"""Being told of new pictures by mail: asked for on one's page, confirmed by a code, stopped."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from countenance.errors import UsageError
from countenance.people.purpose import Purpose
from countenance.web.context import web_of
from countenance.web.forms import read_form
from countenance.web.person.following import followed
from countenance.web.rates import MESSAGES
from countenance.web.security import client

router = APIRouter(include_in_schema=False)


@router.get("/me/{token}/tell")
async def ask(request: Request, token: str) -> Response:
    """Where one is told, and the form."""
    return await _page(request, token)


@router.post("/me/{token}/tell")
async def tell(request: Request, token: str) -> Response:
    """An address, or `stop`. What is no address is said."""
    web, form = web_of(request), await read_form(request)
    if form.ticked("stop"):
        await followed(request, lambda library: library.stop_telling(token))
        return RedirectResponse(f"/me/{token}/tell", 303)
    web.rates.take(MESSAGES, client(request))
    address, language = form.text("address"), web.language(request).tag
    try:
        await followed(
            request, lambda library: library.ask_to_be_told(token, address, language=language)
        )
    except UsageError:
        return await _page(request, token, trouble="address", said=address)
    return RedirectResponse(f"/me/{token}/tell", 303)


@router.get("/tell/{code}")
async def ask_whether(request: Request, code: str) -> Response:
    """Opening a link confirms nothing: programs that look through mail open them all."""
    return web_of(request).page(request, "person/confirm.html", code=code, done=False)


@router.post("/tell/{code}")
async def confirm(request: Request, code: str) -> Response:
    """The address is the right one. The page leads nowhere: a code is no way to one's pictures."""
    await followed(request, lambda library: library.confirm_telling(code))
    return web_of(request).page(request, "person/confirm.html", code=code, done=True)


# --------------------------------------------------------------------------------------------------


async def _page(request: Request, token: str, *, trouble: str = "", said: str = "") -> Response:
    own, told, tells = await followed(
        request, lambda library: (library.own(token), library.told_at(token), library.tells)
    )
    return web_of(request).page(
        request,
        "person/tell.html",
        status=422 if trouble else 200,
        token=token,
        own=own,
        told=told,
        tells=tells and own.agrees(Purpose.TELL_ME) and own.agrees(Purpose.FIND_ME),
        trouble=trouble,
        said=said,
    )
