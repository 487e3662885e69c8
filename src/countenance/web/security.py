"""
What holds for every answer and every question, whatever page it is.

Answers say to browsers that nothing but our own files may run, be shown or be asked (no `unsafe-`
anything, no inline style either), and that nothing of a page leaves it. Questions that change
something come from our own pages, by what the browser itself says (Fetch Metadata, then Origin);
a question without either counts only if it brings no cookie, since then it has no right but what
it says itself. No body is longer than its kind may be.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), browsing-topics=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow, noimageindex",
}

MAX_UPLOAD_BYTES = 64 * 2**20
"""Of a form with files."""

MAX_BODY_BYTES = 2**20
"""Of everything else."""

_CHANGES_NOTHING = frozenset({"GET", "HEAD", "OPTIONS"})


class Secured:
    """The application `app`, behind all of this. `hosts` are the names it may be asked under."""

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        why = _refused(scope, self._hosts)
        if why is not None:
            status, words = why
            await PlainTextResponse(words, status)(scope, receive, with_headers)
            return
        limited = _Limited(receive, _limit(Headers(scope=scope)))
        await self._app(scope, limited, with_headers)


def client(connection: HTTPConnection) -> str:
    """Who asks, as far as one can tell: their address."""
    return "" if connection.client is None else connection.client.host


class BodyTooLong(Exception):
    """More came than may come. The application answers it with 413."""


# --------------------------------------------------------------------------------------------------


class _Limited:
    """A body, up to its limit."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._left = limit

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise BodyTooLong
        return message


def _refused(scope: Scope, hosts: frozenset[str]) -> tuple[int, str] | None:
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    if hosts and _name(host) not in hosts:
        return 421, "this server is not known under that name\n"
    if scope["method"] not in _CHANGES_NOTHING and not _is_own(headers, host):
        return 403, "this came from another site, and was not looked at\n"
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()) or int(length) > _limit(headers):
        return 413, "this is longer than it may be\n"
    return None


def _is_own(headers: Headers, host: str) -> bool:
    """Whether a question that changes something comes from a page of ours, or from no page."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site == "same-origin"
    if origin is not None:
        return urlsplit(origin).netloc.lower() == host.lower() != ""
    return "cookie" not in headers


def _limit(headers: Headers) -> int:
    form = headers.get("content-type", "").startswith("multipart/form-data")
    return MAX_UPLOAD_BYTES if form else MAX_BODY_BYTES


def _name(host: str) -> str:
    """A host's name without its port, in lower case."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""
