"""
Recalls over HTTP, for the recipients: what they were told to delete, and their answers.

    GET  /v1/recalls?after=CURSOR   with `Authorization: Bearer TOKEN`: a recipient's own recalls
    POST /v1/acknowledgements       a signed acknowledgement, which needs no token beside it

A library is not shared between threads: what is asked of it is done where `run` does it.
"""

import socket
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from countenance.erasure.acknowledgement import MAX_ACKNOWLEDGEMENT_BYTES
from countenance.erasure.recall import message
from countenance.errors import Error, NotFound, UsageError, VerificationError
from countenance.library import Library

T = TypeVar("T")

MAX_CURSOR_DIGITS = 15
MAX_AT_ONCE = 200
"""Connections; whoever comes beyond that is told to try again."""

ENDS_WITHIN = 5
"""Seconds for answers under way, once the server was told to stop. An open page would never end."""


class Run(Protocol):
    """Does something with a library, in a thread that has one, and gives what came of it."""

    def __call__(self, act: Callable[[Library], T], /) -> Awaitable[T]: ...


def recalls_app(library: Library) -> Starlette:
    """
    The application, in the one thread of the event loop.

    It answers with JSON, errors too, and never with a word on anybody.
    """

    async def run(act: Callable[[Library], T], /) -> T:
        return act(library)

    handlers = {HTTPException: refused, Error: failed}
    return Starlette(routes=recalls_routes(run), exception_handlers=handlers)


def recalls_routes(run: Run) -> list[Route]:
    """The routes, for an application that answers errors under `/v1` by `refused` and `failed`."""

    async def feed(request: Request) -> Response:
        token, after = _token(request), _cursor(request)
        page = await run(lambda library: library.feed(token, after=after))
        if page is None:
            raise HTTPException(401, "not a recipient's token", {"WWW-Authenticate": "Bearer"})
        items = [message(one) for one in page.recalls]
        return _answer({"items": items, "next": str(page.cursor), "more": page.more})

    async def acknowledgements(request: Request) -> Response:
        body = await _body(request)
        try:
            taken = await run(lambda library: library.acknowledge(body))
        except (NotFound, VerificationError) as exc:
            # One answer for both: nobody learns here which recalls there are.
            raise HTTPException(403, "not an acknowledgement of one of our recalls") from exc
        return _answer({"recall": taken.id, "state": taken.state})

    return [
        Route("/v1/recalls", feed, methods=["GET"]),
        Route("/v1/acknowledgements", acknowledgements, methods=["POST"]),
    ]


def serve(app: ASGIApp, *, host: str, port: int, ready: Callable[[str], None]) -> None:
    """
    Serve until the process is told to stop. `ready` is called with the address, port 0 resolved.

    Raises `OSError` if the address cannot be listened at.
    """
    import uvicorn  # noqa: PLC0415  slow to import, and of use to this function alone

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listening:
        # Connections take it over: else each answer waits 40 ms for the other side to confirm its
        # head before its body is sent.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="auto",
            timeout_graceful_shutdown=ENDS_WITHIN,
            limit_concurrency=MAX_AT_ONCE,
        )
        shown = f"[{host}]" if ":" in host else host
        ready(f"http://{shown}:{listening.getsockname()[1]}")
        uvicorn.Server(config).run(sockets=[listening])


async def refused(_request: Request, exc: Exception) -> Response:
    """What was refused by its status, as JSON."""
    assert isinstance(exc, HTTPException)  # noqa: S101  it is registered for nothing else
    answer = _answer({"error": exc.detail}, status=exc.status_code)
    answer.headers.update(exc.headers or {})
    return answer


async def failed(_request: Request, exc: Exception) -> Response:
    """An error of our tree, as JSON."""
    assert isinstance(exc, Error)  # noqa: S101  it is registered for nothing else
    return _answer({"error": exc.message}, status=exc.http_status)


# --------------------------------------------------------------------------------------------------


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _cursor(request: Request) -> int:
    """Where to go on; the start, if nothing is said. Raises `UsageError` if it is no cursor."""
    text = request.query_params.get("after", "0")
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_CURSOR_DIGITS):
        raise UsageError("after: not a cursor of ours")
    return int(text)


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_ACKNOWLEDGEMENT_BYTES:
            raise HTTPException(413, f"at most {MAX_ACKNOWLEDGEMENT_BYTES} bytes")
    return body


def _answer(document: object, *, status: int = 200) -> Response:
    return JSONResponse(document, status, {"Cache-Control": "no-store"})
