"""Bodies that are files: read within limits, in memory, and kept nowhere."""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

MAX_FILE_BYTES = 64 * 2**20

_BYTES = {"schema": {"type": "string", "format": "binary"}}

PICTURES: dict[str, Any] = {
    "required": True,
    "description": "A picture, as it is: JPEG, PNG, WebP, HEIC or AVIF.",
    "content": {f"image/{one}": dict(_BYTES) for one in ("jpeg", "png", "webp", "heic", "avif")},
}
"""What the document says of a body that is a picture."""

FILES: dict[str, Any] = {
    "required": True,
    "description": "A file, to the last bit.",
    "content": {one: dict(_BYTES) for one in ("image/jpeg", "video/mp4")},
}
"""What the document says of a body that is a file that was published."""


async def picture_in(request: Request) -> bytes:
    return await _body(request, PICTURES)


async def file_in(request: Request) -> bytes:
    return await _body(request, FILES)


# --------------------------------------------------------------------------------------------------


async def _body(request: Request, told: dict[str, Any]) -> bytes:
    """The body. Raises `HTTPException` if it is of another type or longer than it may be."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in told["content"]:
        raise HTTPException(415, headers={"Accept": ", ".join(told["content"])})
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_FILE_BYTES:
            raise HTTPException(413)
    return bytes(body)
