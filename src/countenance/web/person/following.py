"""Following a link: what leads nowhere is one answer, and who tries many is stopped."""

from collections.abc import Callable
from typing import TypeVar

from starlette.requests import Request

from countenance.library import Library
from countenance.library.links import LeadsNowhere
from countenance.web.context import web_of
from countenance.web.rates import GUESSES
from countenance.web.security import client

T = TypeVar("T")


async def followed(request: Request, act: Callable[[Library], T]) -> T:
    """
    What `act` gives, which follows a link.

    Raises `LeadsNowhere` if it does, which is counted against who asks, and `TooOften` if that was
    too often.
    """
    web = web_of(request)
    web.rates.require(GUESSES, client(request))
    try:
        return await web.pool.run(act)
    except LeadsNowhere:
        web.rates.take(GUESSES, client(request))
        raise
