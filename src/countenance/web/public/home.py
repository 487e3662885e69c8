"""The front page: what this is, and where to go."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from countenance.web.context import web_of

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/")
async def home(request: Request) -> HTMLResponse:
    return web_of(request).page(request, "public/home.html")
