"""The way without a face: looking through a collection by words and time; "that is me"."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from countenance.catalog.claims import MOST_CHARACTERS, Described
from countenance.catalog.photos import Asked, Photo, Place
from countenance.errors import Refused, UsageError
from countenance.library.due import WITHIN
from countenance.library.own import LookedThrough
from countenance.media.cut import Cut
from countenance.web.context import web_of
from countenance.web.forms import minute, read_form
from countenance.web.person.following import followed
from countenance.web.person.mine import as_sent

router = APIRouter(include_in_schema=False)

_CLAIMED = ("number", "since", "until", "words")


@router.get("/me/{token}/other")
async def other(request: Request, token: str) -> Response:
    """The form, and what it found; or who to ask, where the collection is not looked through."""
    return await _other(request, token)


@router.post("/me/{token}/ask")
async def ask(request: Request, token: str) -> Response:
    """Ask to be looked for by hand. The answer is read on the same page."""
    form = await read_form(request)
    typed = {name: form.text(name) for name in _CLAIMED}
    try:
        said = Described(
            typed["number"], minute(typed["since"]), minute(typed["until"]), typed["words"]
        )
    except UsageError:
        return await _other(request, token, typed=typed, wrong="time")
    try:
        await followed(request, lambda library: library.claim(token, said))
    except UsageError:
        return await _other(request, token, typed=typed, wrong="said")
    except Refused:
        return await _other(request, token, typed=typed, wrong="refused")
    return RedirectResponse(f"/me/{token}/other#asked", 303)


async def _other(
    request: Request, token: str, *, typed: dict[str, str] | None = None, wrong: str = ""
) -> Response:
    web = web_of(request)
    own, asked_before = await followed(
        request, lambda library: (library.own(token), library.my_claims(token))
    )
    said = {
        name: request.query_params.get(name, "").strip() for name in ("words", "since", "until")
    }
    after = _after(request)
    found: LookedThrough | None = None
    trouble = ""
    if own.link.browse:
        try:
            asked = Asked(said["words"], minute(said["since"]), minute(said["until"]))
            found = await followed(
                request, lambda library: library.look_through(token, asked, after=after)
            )
        except UsageError:
            trouble = "asked"
    return web.page(
        request,
        "person/other.html",
        status=422 if trouble or wrong else 200,
        claims=asked_before,
        claimed=typed or dict.fromkeys(_CLAIMED, ""),
        wrong=wrong,
        most=MOST_CHARACTERS,
        within=WITHIN,
        token=token,
        own=own,
        said=said,
        found=found,
        trouble=trouble,
    )


@router.get("/me/{token}/other/{which}")
async def one(request: Request, token: str, which: str) -> Response:
    """One photo, each face in it with a number to say "that is me" by."""
    photo = await followed(request, lambda library: library.looked_at(token, which))
    return _one(request, token, photo)


@router.get("/me/{token}/other/{which}/{how}")
async def picture(request: Request, token: str, which: str, how: Cut) -> Response:
    """Its bytes: the right to look through, and the grant, are asked as they leave."""
    sent = await followed(request, lambda library: library.looked_at_picture(token, which, how))
    return as_sent(request, sent)


@router.post("/me/{token}/other/{which}")
async def me(request: Request, token: str, which: str) -> Response:
    """That is me: the face of this number."""
    web, form = web_of(request), await read_form(request)
    number = form.text("face")
    photo = await followed(request, lambda library: library.looked_at(token, which))
    if not number.isascii() or not number.isdigit():
        return _one(request, token, photo, trouble="face")
    try:
        await web.pool.run(lambda library: library.i_am_in(token, which, int(number)))
    except Refused:
        return _one(request, token, photo, trouble="refused")
    return RedirectResponse(f"/me/{token}", 303)


# --------------------------------------------------------------------------------------------------


def _one(request: Request, token: str, photo: Photo, *, trouble: str = "") -> Response:
    return web_of(request).page(
        request,
        "person/that_is_me.html",
        status=422 if trouble else 200,
        token=token,
        photo=photo,
        trouble=trouble,
    )


def _after(request: Request) -> Place:
    return request.query_params.get("at", ""), request.query_params.get("after", "")
