"""
Permissions: may a picture that was given out still be shown? By the number that stands in it, or by
the very file; never by a face or a picture that is like it.

Anybody may ask. What is unknown and what has ended are one answer.
"""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request

from countenance.api.bodies import FILES, file_in
from countenance.api.gate import Anybody, Context, Door, context_of, refusal
from countenance.api.shapes import Shape, example, showing
from countenance.core.canonical import Digest, digest

router = APIRouter(route_class=Door, tags=["permissions"])

_DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class ByNumber(Shape):
    """By the number that stands in the file."""

    model_config = showing({"number": example("x")})

    number: str = Field(description="Its `ModelReleaseID`.", pattern="^x_[0-9a-hjkmnp-tv-z]{16}$")


class ByDigest(Shape):
    """By the digest of the file."""

    model_config = showing({"sha256": _DIGEST})

    sha256: str = Field(description="Of the file, to the last bit.", pattern="^[0-9a-f]{64}$")


class PermissionShown(Shape):
    """Whether it may be shown, and for what it was given. Nobody who is in it is named."""

    model_config = showing(
        {
            "in_force": True,
            "channel": "website",
            "recipient": "The Echo",
            "given_at": "2026-05-03T10:12:44Z",
            "covers": 2,
        }
    )

    in_force: bool
    channel: str | None
    recipient: str | None
    given_at: datetime | None
    covers: int | None


@router.post("/permissions")
async def ask(request: Request, asking: ByNumber | ByDigest, anybody: Anybody) -> PermissionShown:
    """Whether what was given out under a number, or as a file of a digest, may still be shown."""
    del anybody
    context = context_of(request)
    context.limits.guesses(context.address(request))
    if isinstance(asking, ByNumber):
        return await _answered(context, request, number=asking.number)
    return await _answered(context, request, file=Digest(asking.sha256))


@router.post(
    "/permissions/file",
    openapi_extra={"requestBody": FILES},
    responses={
        413: refusal("The file is longer than it may be: ask by its SHA-256."),
        415: refusal("The body is no file by its type."),
    },
)
async def ask_by_file(request: Request, anybody: Anybody) -> PermissionShown:
    """Whether a very file may still be shown. It is the body; only its digest is looked for."""
    del anybody
    context = context_of(request)
    context.limits.guesses(context.address(request))
    file = digest(await file_in(request))
    return await _answered(context, request, file=file)


# --------------------------------------------------------------------------------------------------


async def _answered(
    context: Context, request: Request, *, number: str = "", file: Digest | None = None
) -> PermissionShown:
    """Each try is counted, whatever it finds."""
    context.limits.guessed(context.address(request))
    found = await context.run(lambda library: library.permission(number=number, file=file))
    if found is None:
        return PermissionShown(
            in_force=False, channel=None, recipient=None, given_at=None, covers=None
        )
    return PermissionShown(
        in_force=True,
        channel=found.channel,
        recipient=found.recipient,
        given_at=found.given_at,
        covers=found.covers,
    )
