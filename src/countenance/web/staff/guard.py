"""
Who may see the desk: one dependency, `require(act)`, before each of its routes.

    opened   `serve` prints a start code; who types it, at this very machine, gets a cookie
    asked    each page names what it is for; `Desk.permits` says whether whoever asks may

Nobody else gets in: not from another machine, not through a proxy, not without the code.
"""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from countenance.errors import Refused
from countenance.web.security import client

COOKIE = "desk"

_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
_FORWARDING = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
"""Headers of a proxy: whoever asks by one is somewhere else, whatever its own address is."""


class Act(StrEnum):
    """What a page of the desk is for. Roles are told in these."""

    SEE = "see"
    FIND = "find"
    REVIEW = "review"
    MERGE = "merge"
    SET_RULE = "set-rule"
    TAKE_DOWN = "take-down"
    READ_LOG = "read-log"
    PUBLISH = "publish"


class NotLetIn(Refused):
    """Nobody is known who asks. They are sent to the page that asks for the code."""


@dataclass(frozen=True, slots=True)
class Staff:
    """Who is at the desk. Of no `actor`, acts are done as the settings say."""

    actor: str = ""


@dataclass(slots=True)
class Desk:
    """The start code of one server, and who has typed it: their cookies, while the server runs."""

    code: str = field(default_factory=lambda: secrets.token_urlsafe(12), repr=False)
    _cookies: set[str] = field(default_factory=set, init=False, repr=False)

    def open(self, request: Request, code: str) -> str:
        """A cookie for who typed the code. Raises `NotLetIn` if it is not the code, or not here."""
        if not is_here(request) or not hmac.compare_digest(code.encode(), self.code.encode()):
            raise NotLetIn("that is not the start code of this server")
        made = secrets.token_urlsafe(24)
        self._cookies.add(made)
        return made

    def permits(self, request: Request, act: Act) -> Staff:
        """Who asks, if they may `act`. Raises `NotLetIn` if nobody is known who asks."""
        del act  # Who has the start code owns the machine.
        shown = request.cookies.get(COOKIE, "")
        known = any(hmac.compare_digest(shown.encode(), one.encode()) for one in self._cookies)
        if not known or not is_here(request):
            raise NotLetIn("the desk is open to who has the start code of this server")
        return Staff()


def is_here(request: Request) -> bool:
    """Whether it was asked on this machine, under a name of this machine, and by no proxy."""
    named = (request.url.hostname or "") in _HOSTS
    return (
        client(request) in _LOOPBACK
        and named
        and not any(one in request.headers for one in _FORWARDING)
    )


def require(act: Act) -> Callable[[Request], Staff]:
    """The dependency of a page that is for `act`: it gives who is at the desk, or refuses."""

    def asked(request: Request) -> Staff:
        return desk_of(request).permits(request, act)

    return asked


def desk_of(request: Request) -> Desk:
    desk = request.app.state.desk
    assert isinstance(desk, Desk)  # noqa: S101  the application sets it before it answers anything
    return desk


See = Annotated[Staff, Depends(require(Act.SEE))]
Find = Annotated[Staff, Depends(require(Act.FIND))]
Review = Annotated[Staff, Depends(require(Act.REVIEW))]
Merge = Annotated[Staff, Depends(require(Act.MERGE))]
SetRule = Annotated[Staff, Depends(require(Act.SET_RULE))]
TakeDown = Annotated[Staff, Depends(require(Act.TAKE_DOWN))]
ReadLog = Annotated[Staff, Depends(require(Act.READ_LOG))]
Publish = Annotated[Staff, Depends(require(Act.PUBLISH))]
