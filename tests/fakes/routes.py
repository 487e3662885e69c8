"""Every route of the pages, by program: so that a test over all of them misses no new one."""

from collections.abc import Iterable, Iterator

from fastapi import FastAPI
from starlette.routing import BaseRoute, Mount, Route

OF_PROGRAMS = "/api/"
"""Below this are the routes for programs, which `tests/integration/api` goes through by itself."""


def routes(app: FastAPI, *, programs: bool = True) -> list[str]:
    """
    Each route as its method and its path, such as `POST /staff/jobs`, in their order.

    Without `programs`, only those of pages.
    """
    return [
        f"{method} {path}"
        for path, one in _flat(app.routes)
        for method in sorted((one.methods or set()) - {"HEAD"})
        if programs or not path.startswith(OF_PROGRAMS)
    ]


def _flat(found: Iterable[BaseRoute], before: str = "") -> Iterator[tuple[str, Route]]:
    for one in found:
        if isinstance(one, Route):
            yield before + one.path, one
        elif isinstance(one, Mount):
            yield from _flat(one.routes, before + one.path)
        else:
            # What FastAPI makes of a router that is included.
            prefix = getattr(one.include_context, "prefix", "")  # type: ignore[attr-defined]
            yield from _flat(one.original_router.routes, before + prefix)  # type: ignore[attr-defined]
