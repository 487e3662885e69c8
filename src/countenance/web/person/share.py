"""Sharing: a link that shows some of one's pictures, made, listed, and ended."""

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from countenance.library.shares import MAX_LABEL, MOST_PHOTOS, NothingToShare
from countenance.web.context import web_of
from countenance.web.forms import Form, read_form
from countenance.web.person.following import followed
from countenance.web.rates import PICTURES
from countenance.web.security import client
from countenance.web.sharing import last_days, said, sharing, trouble

router = APIRouter(include_in_schema=False)


@router.get("/me/{token}/share")
async def ask(request: Request, token: str) -> Response:
    """Which pictures, until when; and the links there are."""
    return await _ask(request, token, Form(FormData(), {}))


@router.post("/me/{token}/share")
async def make(request: Request, token: str) -> Response:
    """The link, which is shown this once."""
    web, form = web_of(request), await read_form(request)
    now = await followed(request, lambda library: (library.own(token), library.now())[1])
    wrong = trouble(form, now, for_channel=False)
    if wrong:
        return await _ask(request, token, form, wrong=wrong)
    # Each picture is looked at closely, in the thread that has the models.
    web.rates.take(PICTURES, client(request))
    language = web.language(request)
    try:
        made = await web.pool.look(
            lambda library: library.share_mine(token, form.every("photo"), sharing(form))
        )
    except NothingToShare as exc:
        left = sorted({said(one.why, language) for one in exc.left_out})
        return await _ask(request, token, form, wrong="nothing", left=left)
    return web.page(
        request,
        "person/shared.html",
        token=token,
        made=made,
        url=web.url(request, f"/s/{made.issued.token}"),
        left=sorted({said(one.why, language) for one in made.left_out}),
    )


@router.post("/me/{token}/share/{which}/end")
async def end(request: Request, token: str, which: str) -> Response:
    """It shows nothing from now on."""
    await followed(request, lambda library: library.end_my_share(token, which))
    return RedirectResponse(f"/me/{token}/share#links", 303)


# --------------------------------------------------------------------------------------------------


async def _ask(
    request: Request,
    token: str,
    form: Form,
    *,
    wrong: str = "",
    left: list[str] | None = None,
) -> Response:
    web = web_of(request)
    found = await followed(request, lambda library: library.my_pictures(token, renewed=True))
    listed, now = await followed(request, lambda library: (library.my_shares(token), library.now()))
    return web.page(
        request,
        "person/share.html",
        status=422 if wrong else 200,
        token=token,
        sure=found.sure,
        shares=listed,
        now=now,
        form=form,
        chosen=form.every("photo") or request.query_params.getlist("photo"),
        wrong=wrong,
        left=left or [],
        most=MOST_PHOTOS,
        longest=MAX_LABEL,
        days=last_days(now),
    )
