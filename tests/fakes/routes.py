"""Every route of the pages, by program: so that a test over all of them misses no new one."""

from collections.abc import Iterable, Iterator

from fastapi import FastAPI
from starlette.routing import BaseRoute, Route


def routes(app: FastAPI) -> list[str]:
    """Each route as its method and its path, such as `POST /staff/jobs`, in their order."""
    return [
        f"{method} {one.path}"
        for one in _flat(app.routes)
        for method in sorted((one.methods or set()) - {"HEAD"})
    ]


def _flat(found: Iterable[BaseRoute]) -> Iterator[Route]:
    for one in found:
        inner = getattr(one, "original_router", None)
        if inner is not None:
            yield from _flat(inner.routes)
        else:
            assert isinstance(one, Route), one
            yield one
