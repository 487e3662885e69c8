"""Leaving: what there is of one, in numbers, and one button. Nobody asks why."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from countenance.people.purpose import Purpose, Wish, purpose_or_wish
from countenance.web.context import web_of
from countenance.web.forms import read_form
from countenance.web.person.following import followed

router = APIRouter(include_in_schema=False)

EVERYTHING = "everything"


@router.get("/me/{token}/leave")
async def ask(request: Request, token: str) -> Response:
    """What would go, counted now."""
    found = await followed(request, lambda library: library.leaving(token))
    return web_of(request).page(request, "person/leave.html", token=token, leaving=found)


@router.post("/me/{token}/leave")
async def leave(request: Request, token: str) -> Response:
    """Withdraw. From here on they are found nowhere; the answer is the receipt."""
    form = await read_form(request)
    said = form.text("what")
    what: Purpose | Wish | None = None if said == EVERYTHING else purpose_or_wish(said)
    done = await followed(request, lambda library: library.leave(token, what))
    also = f"?also={','.join(done.beside)}" if done.beside else ""
    return RedirectResponse(f"/receipt/{done.erasure}{also}", 303)
