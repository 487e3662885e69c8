"""What is published about this library: how long things are kept, its notices, accessibility."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from countenance.people.notice import LANGUAGES, load_notice
from countenance.web.context import web_of
from countenance.web.person.join import laid_out

router = APIRouter(include_in_schema=False)


@router.get("/retention")
async def retention(request: Request) -> Response:
    """How long things are kept: the rule, as the settings have it now."""
    web = web_of(request)
    rule = await web.pool.run(lambda library: library.retention())
    return web.page(request, "public/retention.html", rule=rule)


@router.get("/notices")
async def notices(request: Request) -> Response:
    """The words that people agree to, in every language, each with its digest."""
    found = [load_notice(one) for one in LANGUAGES]
    shown = [(one, laid_out(one)) for one in found]
    return web_of(request).page(request, "public/notices.html", notices=shown)


@router.get("/accessibility")
async def accessibility(request: Request) -> Response:
    """How accessible the pages are, and how to complain."""
    web = web_of(request)
    rule = await web.pool.run(lambda library: library.retention())
    return web.page(request, "public/accessibility.html", contact=rule.contact)
