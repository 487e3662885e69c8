"""
Check a permission: by the number that stands in a file, or by the very file. Never by a face.

A file is read in memory for its digest, and kept nowhere. What is unknown and what has ended are
the same answer, so that nobody learns who withdrew.
"""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from countenance.core.canonical import digest
from countenance.web.context import web_of
from countenance.web.forms import read_form
from countenance.web.rates import GUESSES
from countenance.web.security import client

router = APIRouter(include_in_schema=False)


@router.get("/permission")
async def ask(request: Request) -> Response:
    return web_of(request).page(
        request, "public/permission.html", asked=False, found=None, trouble=False
    )


@router.post("/permission")
async def answer(request: Request) -> Response:
    """Whether it is in force. Each try is counted, whatever it finds."""
    web = web_of(request)
    web.rates.take(GUESSES, client(request))
    form = await read_form(request, max_files=1)
    number, files = form.text("number"), form.files.get("file", [])
    if not number and not files:
        return web.page(
            request, "public/permission.html", status=422, asked=False, found=None, trouble=True
        )
    file = None if number else digest(files[0].data)
    found = await web.pool.run(lambda library: library.permission(number=number, file=file))
    return web.page(request, "public/permission.html", asked=True, found=found, trouble=False)
