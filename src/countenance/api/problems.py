"""
Errors as problem documents (RFC 9457, https://www.rfc-editor.org/rfc/rfc9457), from our one tree.

`type` is the address of what kind of problem it is, below `/problems`; its last word is the name of
the class in `errors.py`. Where something of ours failed, only that is told: paths and addresses of
stores are nobody's business.
"""

import json
import re
from collections.abc import Iterator, Mapping

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from countenance.errors import Error, NotFound, NotSignedIn, ProveAgain

MEDIA_TYPE = "application/problem+json"

AT = "/api/v1"
"""Where the API is mounted: types and links in answers begin with it."""

_TRY_AGAIN_SECONDS = 60
_SERVER = 500
_TOO_MANY = 429
_NO_SUCH_METHOD = 405
_UNREADABLE = 400


class Wrong(BaseModel):
    """One part of a question that is malformed."""

    model_config = ConfigDict(extra="forbid")

    where: str = Field(description="Which part, such as `body.answer` or `query.count`.")
    what: str = Field(description="What is wrong with it.")


class Problem(BaseModel):
    """What went wrong, for programs and people (RFC 9457)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "type": f"{AT}/problems/not-found",
                    "title": "There is no such source, collection, photo or person "
                    "in this library.",
                    "status": 404,
                    "detail": "i_7q2m0c4x9v1ksz3d: no such photo",
                    "errors": [],
                }
            ]
        },
    )

    type: str = Field(description="The address of what kind of problem it is.")
    title: str = Field(description="That kind in a sentence, always the same.")
    status: int = Field(description="The status of the answer.")
    detail: str = Field(description="What it is this time. Empty where nothing more is told.")
    errors: list[Wrong] = Field(description="Of a malformed question its parts that are wrong.")


def problem(exc: Error) -> Response:
    """An error of our tree."""
    headers: dict[str, str] = {}
    if isinstance(exc, NotSignedIn | ProveAgain):
        headers["WWW-Authenticate"] = "Bearer"
    if exc.http_status == _TOO_MANY:
        headers["Retry-After"] = str(_TRY_AGAIN_SECONDS)
    detail = exc.message if exc.http_status < _SERVER else ""
    return answer(kind_of(type(exc)), exc.http_status, detail=detail, headers=headers)


async def on_error(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, Error)  # noqa: S101  it is registered for nothing else
    return problem(exc)


async def on_http(request: Request, exc: Exception) -> Response:
    """What the framework refuses: no such path, no such method."""
    assert isinstance(exc, HTTPException)  # noqa: S101  it is registered for nothing else
    if exc.status_code == _UNREADABLE:
        # A body that is no text: malformed like any other.
        return answer("usage-error", 422, detail="the question is malformed")
    headers = dict(exc.headers or {})
    if exc.status_code == _NO_SUCH_METHOD:
        # It would name those of one route alone, where a path has several.
        headers["Allow"] = ", ".join(_methods(request))
    return answer(_BY_STATUS.get(exc.status_code, "error"), exc.status_code, headers=headers)


async def on_invalid(_request: Request, exc: Exception) -> Response:
    """A question of another form than the document says. What was sent is not sent back."""
    assert isinstance(exc, RequestValidationError)  # noqa: S101  it is registered for nothing else
    wrong = [
        Wrong(where=".".join(map(str, one["loc"])), what=str(one["msg"])) for one in exc.errors()
    ]
    return answer("usage-error", 422, detail="the question is malformed", errors=wrong)


async def on_bug(_request: Request, _exc: Exception) -> Response:
    return answer("error", _SERVER)


def answer(
    kind: str,
    status: int,
    *,
    detail: str = "",
    errors: list[Wrong] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The document of a problem of a kind."""
    said = Problem(
        type=f"{AT}/problems/{kind}",
        title=KINDS[kind].title,
        status=status,
        detail=detail,
        errors=errors or [],
    )
    # What was typed may hold half a character, which UTF-8 has no bytes for.
    body = json.dumps(said.model_dump()).encode()
    kept = {"Cache-Control": "no-store", **(headers or {})}
    return Response(body, status, kept, media_type=MEDIA_TYPE)


class Kind(BaseModel):
    """A kind of problem."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "type": f"{AT}/problems/no-grant",
                    "title": "No grant in force covers this source or this location.",
                    "status": 403,
                }
            ]
        },
    )

    type: str = Field(description="Its address.")
    title: str = Field(description="What it is, in a sentence.")
    status: int = Field(description="The status of answers that are of this kind, as a rule.")


def kind_of(error: type[BaseException]) -> str:
    """The word of a class of our tree; of one that is defined elsewhere, that of its parent."""
    for one in error.__mro__:
        if one.__module__ == Error.__module__:
            return re.sub(r"(?<!^)(?=[A-Z])", "-", one.__name__).lower()
    return "error"


# --------------------------------------------------------------------------------------------------


def _methods(request: Request) -> list[str]:
    """The methods that the path of a question knows."""
    tried = (
        method
        for method in ("GET", "POST")
        for route in request.app.routes
        if route.matches({**request.scope, "method": method})[0] is Match.FULL
    )
    return list(dict.fromkeys(tried))


def _tree(root: type[Error]) -> Iterator[type[Error]]:
    if root.__module__ == Error.__module__:
        yield root
        for one in root.__subclasses__():
            yield from _tree(one)


def _first_sentence(words: str | None) -> str:
    first, _, _ = " ".join((words or "").split()).partition(". ")
    return f"{first.removesuffix('.')}."


def _kind(word: str, title: str, status: int) -> Kind:
    return Kind(type=f"{AT}/problems/{word}", title=title, status=status)


_BY_STATUS = {
    404: "not-found",
    405: "method-not-allowed",
    413: "too-long",
    415: "media-type",
}

KINDS: Mapping[str, Kind] = {
    kind_of(one): _kind(kind_of(one), _first_sentence(one.__doc__), one.http_status)
    for one in _tree(Error)
} | {
    "error": _kind("error", "Something here failed, and should not have.", 500),
    "method-not-allowed": _kind("method-not-allowed", "This path knows no such method.", 405),
    "too-long": _kind("too-long", "This is longer than it may be.", 413),
    "media-type": _kind("media-type", "The body is of another kind than is read here.", 415),
}
"""Every kind of problem, by its word."""


def explain(kind: str) -> Kind:
    """The kind of this word. Raises `NotFound` if there is none."""
    if kind not in KINDS:
        raise NotFound(f"{kind}: no such kind of problem")
    return KINDS[kind]
