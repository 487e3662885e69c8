"""What a share shows to whoever has it. No account, no script, and nothing of who else there is."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from countenance.library.links import LeadsNowhere
from countenance.media.cut import Cut
from countenance.web.context import web_of
from countenance.web.person.following import followed
from countenance.web.person.mine import as_sent

router = APIRouter(include_in_schema=False)


@router.get("/s/{token}")
async def shared(request: Request, token: str) -> Response:
    """The photos that it shows now. Of what is over and what never was it is one page."""
    web = web_of(request)
    try:
        found = await followed(request, lambda library: library.shared(token))
    except LeadsNowhere:
        return web.page(request, "public/share_gone.html", status=404)
    return web.page(
        request,
        "public/share.html",
        status=200 if found.pictures else 410,
        token=token,
        opened=found,
    )


@router.get("/s/{token}/{number}")
async def one(request: Request, token: str, number: int) -> Response:
    """One of them, by itself."""
    web = web_of(request)
    try:
        found = await followed(request, lambda library: library.shared(token))
    except LeadsNowhere:
        return web.page(request, "public/share_gone.html", status=404)
    ours = [each for each in found.pictures if each.number == number]
    if not ours:
        return web.page(request, "public/share.html", status=410, token=token, opened=found)
    return web.page(request, "public/share_one.html", token=token, one=ours[0])


@router.get("/s/{token}/{number}/{how}")
async def picture(request: Request, token: str, number: int, how: Cut) -> Response:
    """Its bytes: consents and grant are asked as they leave. To be kept, with `?keep=1`."""
    sent = await followed(request, lambda library: library.shared_picture(token, number, how))
    answer = as_sent(request, sent)
    if request.query_params.get("keep") == "1":
        answer.headers["Content-Disposition"] = f'attachment; filename="photo-{number}.jpg"'
    return answer
