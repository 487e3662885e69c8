"""
Our own files for browsers: style sheets, modules, pictures of ours, and the vendored packages.

Each is served under a name with a hash of its bytes in it, so that it may be kept for ever, and a
new version is another file. They are few and small, and are kept in memory, gzipped as well.
"""

import gzip
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from countenance.core.canonical import digest
from countenance.errors import NotFound

FOLDER = Path(__file__).parent / "static"
PREFIX = "/static"

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
"""What is served at all; other files there, such as licences, are for readers of the source."""

_HASH_DIGITS = 12
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, as it goes out."""

    content_type: str
    plain: bytes
    gzipped: bytes


class Assets:
    """All of them, by the name they are served under."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._names: dict[str, str] = {}
        self._assets: dict[str, Asset] = {}
        for file in sorted(folder.rglob("*")):
            if file.suffix in _TYPES:
                self._read(file, file.relative_to(folder).as_posix())

    def url(self, name: str) -> str:
        """Where `name` (a path in `static/`) is served. Raises `KeyError` if there is none."""
        return f"{PREFIX}/{self._names[name]}"

    def size(self, name: str) -> int:
        """Bytes of `name` on the wire."""
        return len(self._assets[self._names[name]].gzipped)

    async def serve(self, request: Request) -> Response:
        """Raises `NotFound` if there is no file of this name and this hash."""
        found = self._assets.get(request.path_params["name"])
        if found is None:
            raise NotFound("no such file")
        headers = {"Cache-Control": _FOR_EVER, "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(found.gzipped, headers=headers, media_type=found.content_type)
        return Response(found.plain, headers=headers, media_type=found.content_type)

    # ----------------------------------------------------------------------------------------

    def _read(self, file: Path, name: str) -> None:
        data = file.read_bytes()
        stem, dot, suffix = name.rpartition(".")
        served = f"{stem}.{digest(data)[:_HASH_DIGITS]}{dot}{suffix}"
        self._names[name] = served
        self._assets[served] = Asset(
            _TYPES[file.suffix], data, gzip.compress(data, compresslevel=9, mtime=0)
        )
