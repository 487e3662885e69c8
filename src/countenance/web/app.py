"""
The application: pages for people, and for programs what `api` answers.

Errors of our tree become pages, or JSON for programs, with the status that the tree gives them.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from countenance import __version__
from countenance.api.app import make_api
from countenance.api.gate import Context
from countenance.api.problems import AT
from countenance.api.recalls import failed, recalls_routes, refused
from countenance.errors import Error, NotSignedIn, ProveAgain, Refused, UsageError
from countenance.jobs.filming import Filming
from countenance.jobs.scanning import Scanning
from countenance.jobs.searching import Searching
from countenance.library import Library
from countenance.web.account import link, own, prove, setup, signin
from countenance.web.account.session import on_not_let_in, on_prove_again
from countenance.web.assets import PREFIX, Assets
from countenance.web.context import Web, web_of
from countenance.web.forms import MAX_FILE_BYTES
from countenance.web.pages import Pages
from countenance.web.person import join, leave, mine, other, share, tell
from countenance.web.pool import THREADS, Pool
from countenance.web.public import demand, home, permission, receipt, shared, statements
from countenance.web.rates import ApiRates
from countenance.web.security import BodyTooLong, Secured, client
from countenance.web.staff import (
    check,
    claims,
    demands,
    due,
    films,
    jobs,
    people,
    review,
    search,
    shares,
    sources,
)
from countenance.web.staff import collections as albums
from countenance.web.staff.guard import NotAllowed, on_not_allowed
from countenance.web.staff.outbox import Outbox

STAFF = (albums, sources, jobs, people, review, claims, search, check, films, shares, due, demands)
"""The pages of the desk, all behind `staff.guard.require`."""

DOORS = (setup, signin, prove, link, own)
"""The pages by which somebody comes in, and that of their own account."""

FOR_PROGRAMS = ("/v1/", "/api/")
"""Below these, errors are JSON."""

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def make_app(
    open_library: Callable[[], Library], *, address: str = "", threads: int = THREADS
) -> FastAPI:
    """
    The application. `open_library` is called in each of so many `threads`; the libraries are closed
    when it shuts down.

    `address` is where others reach it, such as `https://faces.example`. Of one, the server answers
    under that name and on this machine alone. It must be shut down (its lifespan, or `web.close`).
    """
    pool, assets = Pool(open_library, threads=threads), Assets()
    searching, outbox = Searching(open_library), Outbox()
    filming = Filming(open_library, outbox.keep_film)

    web = Web(
        pool, assets, Pages(assets), searching, Scanning(open_library), address=address.rstrip("/")
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            filming.close()
            web.close()
            outbox.close()

    app = _Application(
        title="Countenance",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
    )
    app.state.web = web
    app.router.routes.append(Route(f"{PREFIX}/{{name:path}}", assets.serve, methods=["GET"]))
    app.router.routes.extend(recalls_routes(pool.run))
    limits = ApiRates(web.rates)
    context = Context(pool.run, pool.look, limits, web.scanning, address=client)
    app.router.routes.append(Mount(AT, make_api(context)))
    app.state.outbox, app.state.filming = outbox, filming
    public = (home, permission, demand, statements, receipt, shared)
    for page in (*public, join, mine, other, share, tell, leave, *DOORS, *STAFF):
        app.include_router(page.router)
    app.hosts = _hosts(address)
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)
    return app


# --------------------------------------------------------------------------------------------------


class _Application(FastAPI):
    """An application that stands behind `Secured` whole: also what fails carries its headers."""

    hosts: frozenset[str] = frozenset()

    def build_middleware_stack(self) -> ASGIApp:
        return Secured(super().build_middleware_stack(), hosts=self.hosts)


def _hosts(address: str) -> frozenset[str]:
    name = urlsplit(address).hostname
    return frozenset() if name is None else frozenset({name, *_LOOPBACK})


async def _on_error(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, Error)  # noqa: S101  it is registered for nothing else
    if request.url.path.startswith(FOR_PROGRAMS):
        return await failed(request, exc)
    # Only what somebody can do something about is told, and never who is enrolled (P10).
    told = exc.message if isinstance(exc, UsageError | Refused) else ""
    return _page(request, exc.http_status, told)


async def _on_nobody(request: Request, exc: Exception) -> Response:
    if request.url.path.startswith(FOR_PROGRAMS):
        return await _on_error(request, exc)
    return await on_not_let_in(request, exc)


async def _on_stale_proof(request: Request, exc: Exception) -> Response:
    if request.url.path.startswith(FOR_PROGRAMS):
        return await _on_error(request, exc)
    return await on_prove_again(request, exc)


async def _on_http(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)  # noqa: S101  it is registered for nothing else
    if request.url.path.startswith(FOR_PROGRAMS):
        return await refused(request, exc)
    answer = _page(request, exc.status_code, "")
    answer.headers.update(exc.headers or {})
    return answer


async def _on_invalid(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)  # noqa: S101  it is registered for nothing else
    if request.url.path.startswith(FOR_PROGRAMS):
        said = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in exc.errors()]
        return JSONResponse({"error": "; ".join(said)}, 422, {"Cache-Control": "no-store"})
    return _page(request, 422, "")


async def _on_long(request: Request, _exc: Exception) -> Response:
    if request.url.path.startswith(FOR_PROGRAMS):
        return PlainTextResponse("this is longer than it may be\n", 413)
    most = MAX_FILE_BYTES >> 20
    return web_of(request).page(request, "error.html", status=413, code=413, told="", most=most)


async def _on_gone(_request: Request, _exc: Exception) -> Response:
    return Response(status_code=400)  # nobody hears it


async def _on_bug(request: Request, _exc: Exception) -> Response:
    if request.url.path.startswith(FOR_PROGRAMS):
        return JSONResponse({"error": "failed, and should not have"}, 500)
    return _page(request, 500, "")


def _page(request: Request, status: int, told: str) -> Response:
    return web_of(request).page(request, "error.html", status=status, code=status, told=told)


_HANDLERS = {
    Error: _on_error,
    NotSignedIn: _on_nobody,
    ProveAgain: _on_stale_proof,
    NotAllowed: on_not_allowed,
    HTTPException: _on_http,
    RequestValidationError: _on_invalid,
    BodyTooLong: _on_long,
    ClientDisconnect: _on_gone,
    Exception: _on_bug,
}
