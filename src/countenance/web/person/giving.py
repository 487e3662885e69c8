"""
Giving a picture of one's face: it is shown with the face that was found and what is wrong with it,
in words, and then used or not. Until then it is in memory alone (`web.held`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from countenance.core.canonical import digest
from countenance.enrol.enrol import Judged, Portrait, Seen
from countenance.errors import NotFound
from countenance.library import Library
from countenance.web.context import web_of
from countenance.web.forms import Form
from countenance.web.held import Giving
from countenance.web.person.following import followed
from countenance.web.person.words import sentences
from countenance.web.security import client

MAX_PORTRAITS = 5


@dataclass(frozen=True, slots=True)
class Asking:
    """
    A page that asks for a picture by the link `token`: `action` is where its form goes, `kept` what
    goes along in it. `keeps` says that they chose to have their face kept, and `offers` that they
    may choose so here.
    """

    token: str
    action: str
    kept: Mapping[str, str] = field(default_factory=dict)
    keeps: bool = False
    offers: bool = False

    @property
    def views(self) -> str:
        """Where the views are of what is given here, followed by its key and a number from 0."""
        return f"{self.action.removesuffix('/picture')}/given"


def portraits(form: Form) -> list[Portrait]:
    """The pictures in a form."""
    return [Portrait(one.name, one.data) for one in form.files.get("picture", [])]


async def look_at(
    request: Request,
    asking: Asking,
    given: Sequence[Portrait],
    act: Callable[[Library], tuple[Seen, ...]],
) -> Response:
    """Look at pictures by `act`, hold them, and show them with what is to be said of each."""
    web = web_of(request)
    seen = await web.pool.look(act)
    held = web.held.hold(_link(asking.token), given, seen, who=client(request))
    return page(request, asking, given=held)


def taken(request: Request, token: str, key: str) -> Giving | None:
    """What was given by that link, to be used now: it is held no longer."""
    web = web_of(request)
    found = web.held.get(_link(token), key)
    if found is not None:
        web.held.forget(key)
    return found if found is not None and found.usable else None


async def view(
    request: Request, token: str, key: str, number: int, *, leads: Callable[[Library], object]
) -> Response:
    """The bytes of a picture that is held; `leads` follows the link that it was given by."""
    await followed(request, leads)
    found = web_of(request).held.get(_link(token), key)
    views = [] if found is None else [one.view for one in found.seen]
    if not 0 <= number < len(views) or not views[number]:
        raise NotFound("no such picture")
    headers = {"Cache-Control": "private, no-store"}
    return Response(views[number], headers=headers, media_type="image/jpeg")


def page(
    request: Request,
    asking: Asking,
    *,
    trouble: Sequence[str] = (),
    poor: Sequence[Judged] = (),
    given: Giving | None = None,
) -> Response:
    """
    The page: what was `given` and looked at, if anything was, and the ways to give another.

    `poor` are pictures that were looked at once more, and refused.
    """
    web = web_of(request)
    language = web.language(request)
    told = [] if given is None else [sentences(one.judged, language) for one in given.seen]
    refused = bool(given and not given.usable)
    return web.page(
        request,
        "person/picture.html",
        status=422 if trouble or poor or refused else 200,
        asking=asking,
        trouble=trouble,
        poor=[sentences(one, language) for one in poor],
        given=given,
        told=told,
        best=all(not one for one in told),
    )


# --------------------------------------------------------------------------------------------------


def _link(token: str) -> str:
    """What a link is held under: not the link itself, whoever reads the memory."""
    return digest(token.encode(errors="surrogateescape"))
