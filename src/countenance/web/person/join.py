"""
Joining by an invitation: what do you agree to, then a picture, if you give one.

Nothing is stored between the pages: what was ticked goes along in the form, the picture waits in
memory until its owner has seen it (`giving`), and both are stored together, or not at all.
"""

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from countenance.enrol.enrol import PoorPictures, Portrait
from countenance.errors import UsageError
from countenance.library import Joining
from countenance.library.links import Invitation
from countenance.people.guardians import AgeBand
from countenance.people.names import MAX_NAME
from countenance.people.notice import Notice, load_notice
from countenance.people.purpose import RECOGNISING, Purpose
from countenance.web.context import web_of
from countenance.web.forms import Form, read_form
from countenance.web.person.following import followed
from countenance.web.person.giving import (
    MAX_PORTRAITS,
    Asking,
    look_at,
    page,
    portraits,
    taken,
    view,
)
from countenance.web.rates import PICTURES
from countenance.web.security import client

router = APIRouter(include_in_schema=False)

NUMBER_LENGTH = 32

TICKS = {
    "find": Purpose.FIND_ME,
    "tell": Purpose.TELL_ME,
    "publish": Purpose.MAY_PUBLISH,
    "keep": Purpose.KEEP_PICTURE,
}
"""What the boxes are called in the form."""


@router.get("/i/{token}")
async def ask(request: Request, token: str) -> Response:
    """What do you agree to? No box is ticked."""
    return _agree(request, await _invitation(request, token), Form(FormData(), {}))


@router.post("/i/{token}")
async def agree(request: Request, token: str) -> Response:
    """What was ticked; then a picture is asked for, where one is of use."""
    invitation, form = await _invitation(request, token), await read_form(request)
    trouble = _trouble(form)
    if trouble:
        return _agree(request, invitation, form, trouble=trouble)
    if not _joining(form).purposes & RECOGNISING or not invitation.collection.recognises:
        return await _store(request, token, invitation, form)
    return page(request, _asking(token, form))


@router.post("/i/{token}/picture")
async def picture(request: Request, token: str) -> Response:
    """
    The picture: shown with what is wrong with it, in words, and with `use` taken; or that there is
    none.
    """
    web_of(request).rates.take(PICTURES, client(request))
    invitation = await _invitation(request, token)
    form = await read_form(request, max_files=MAX_PORTRAITS)
    if _trouble(form):
        return _agree(request, invitation, form, trouble=_trouble(form))
    if form.ticked("without"):
        return await _store(request, token, invitation, form)
    asking = _asking(token, form)
    if form.ticked("use"):
        held = taken(request, token, form.text("use"))
        if held is None:
            return page(request, asking, trouble=["gone"])
        return await _store(request, token, invitation, form, held.usable)
    given = portraits(form)
    if not given:
        return page(request, asking, trouble=["missing"])
    return await look_at(request, asking, given, lambda library: library.try_pictures(token, given))


@router.get("/i/{token}/given/{key}/{number}")
async def given_view(request: Request, token: str, key: str, number: int) -> Response:
    """A picture that was given and is not used yet."""
    return await view(request, token, key, number, leads=lambda library: library.invitation(token))


Uses = list[tuple[str, str]]
"""Each use that a notice asks about, and what it means."""


def laid_out(notice: Notice) -> list[tuple[str, Uses]]:
    """
    The words of a notice, every one in its order, for a page of any width: paragraphs of running
    text, each with the list that follows it.
    """
    parts = []
    for part in notice.text.strip().split("\n\n"):
        lines = part.splitlines()
        running = " ".join(one for one in lines if not one.startswith("  "))
        listed = [one.split(maxsplit=1) for one in lines if one.startswith("  ")]
        parts.append((running, [(use, meaning) for use, meaning in listed]))
    return parts


# --------------------------------------------------------------------------------------------------


async def _invitation(request: Request, token: str) -> Invitation:
    return await followed(request, lambda library: library.invitation(token))


def _trouble(form: Form) -> list[str]:
    """What is missing on the first page, as words for its template."""
    found = []
    if not _ticked(form) - {Purpose.KEEP_PICTURE}:
        found.append("ticks")
    if not form.text("name") or len(form.text("name")) > MAX_NAME:
        found.append("name")
    if form.text("band") not in [*map(str, (AgeBand.ADULT, AgeBand.TEEN, AgeBand.CHILD))]:
        found.append("band")
    guardian = form.text("guardian") and form.text("relation")
    if form.text("band") == AgeBand.CHILD and not guardian:
        found.append("guardian")
    return found


def _ticked(form: Form) -> frozenset[Purpose]:
    return frozenset(purpose for name, purpose in TICKS.items() if form.ticked(name))


def _joining(form: Form, pictures: Sequence[Portrait] = ()) -> Joining:
    band = AgeBand(form.text("band"))
    child = band is AgeBand.CHILD
    return Joining(
        name=form.text("name"),
        purposes=_ticked(form),
        portraits=pictures,
        band=band,
        guardian=(form.text("guardian"), form.text("relation")) if child else None,
        number=form.text("number")[:NUMBER_LENGTH],
    )


async def _store(
    request: Request,
    token: str,
    invitation: Invitation,
    form: Form,
    pictures: Sequence[Portrait] = (),
) -> Response:
    web = web_of(request)
    joining, language = _joining(form, pictures), web.language(request).tag
    pool = web.pool.look if joining.portraits else web.pool.run
    try:
        done = await pool(lambda library: library.join(token, joining), language=language)
    except PoorPictures as exc:
        return page(request, _asking(token, form), poor=exc.pictures)
    except UsageError as exc:
        return _agree(request, invitation, form, trouble=["name"], told=exc.message)
    if joining.portraits:
        web.searching.wake()
    return RedirectResponse(f"/me/{done.own.token}?new=1", 303)


def _agree(
    request: Request,
    invitation: Invitation,
    form: Form,
    *,
    trouble: list[str] | None = None,
    told: str = "",
) -> Response:
    web = web_of(request)
    notice = load_notice(web.language(request).tag)
    return web.page(
        request,
        "person/agree.html",
        status=422 if trouble else 200,
        invitation=invitation,
        notice=notice,
        parts=laid_out(notice),
        form=form,
        trouble=trouble or [],
        told=told,
    )


def _asking(token: str, form: Form) -> Asking:
    kept = (*TICKS, "name", "band", "guardian", "relation", "number")
    said = {name: form.text(name) for name in kept if form.text(name)}
    return Asking(token, f"/i/{token}/picture", said, keeps=form.ticked("keep"))
