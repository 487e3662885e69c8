"""
Films before they are published: who is in one when, and making it, which takes minutes.

A film is ordered here and made beside the server (`jobs.filming`). Its order is a page that says
how far it is; what was made waits in the outbox, and is fetched as every file is.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from countenance.catalog.sightings import NEARLY_ON
from countenance.core.ids import PersonId
from countenance.core.spans import in_words, joined
from countenance.errors import NotFound, Refused
from countenance.jobs.filming import Filming, FilmOrder
from countenance.library import Library
from countenance.media.cover import PALETTE, Colour
from countenance.publish.check import CheckedFilm, FollowedFace
from countenance.publish.plan import Hand
from countenance.publish.verdict import Verdict
from countenance.web.context import web_of
from countenance.web.forms import Form, read_form
from countenance.web.staff.guard import Publish

router = APIRouter(include_in_schema=False)


@router.post("/staff/check/film")
async def order(request: Request, staff: Publish) -> Response:
    """Order the film. Everybody in it is covered, unless it is asked that some be shown."""
    form = await read_form(request)
    photo, channel, colour = form.text("photo"), form.text("channel"), form.text("colour")
    if trouble := _trouble(form):
        return await film_page(request, staff.actor, photo, channel, form=form, trouble=trouble)
    # What is not there is said now, and not when its turn has come.
    await web_of(request).pool.run(lambda library: library.tile_of(photo), actor=staff.actor)
    hand = Hand(colour=Colour(colour), show_consenting=form.ticked("show"))
    new = FilmOrder(staff.actor, photo, channel, form.text("to"), hand)
    filming_of(request).order(new)
    return RedirectResponse(f"/staff/films/{new.id}", 303)


@router.get("/staff/films/{which}")
async def progress(request: Request, which: str, staff: Publish) -> Response:
    """How far an order is, and what became of it."""
    found = _of(request, which, staff.actor)
    return web_of(request).page(request, "staff/filming.html", order=found)


@router.get("/staff/films/{which}/state")
async def state(request: Request, which: str, staff: Publish) -> Response:
    """The same as a part of the page, for a page that is open."""
    found = _of(request, which, staff.actor)
    return web_of(request).page(request, "staff/filming_state.html", order=found)


@router.post("/staff/films/{which}/stop")
async def stop(request: Request, which: str, staff: Publish) -> Response:
    """No film: nothing is given."""
    _of(request, which, staff.actor).stop()
    return RedirectResponse(f"/staff/films/{which}", 303)


def filming_of(request: Request) -> Filming:
    filming = request.app.state.filming
    assert isinstance(filming, Filming)  # noqa: S101  the application sets it before it answers
    return filming


@dataclass(frozen=True, slots=True)
class Part:
    """When in a film the same people are seen, in words; of who is covered there are no `names`."""

    verdict: Verdict
    names: tuple[str, ...]
    people: tuple[PersonId, ...]
    times: tuple[str, ...]
    tracks: int


async def film_page(  # noqa: PLR0913  what was typed stays, and what was wrong is said
    request: Request,
    actor: str,
    photo: str,
    channel: str,
    *,
    form: Form | None = None,
    trouble: str = "",
) -> Response:
    """The plan of a film: who is in it when, and the order."""
    web = web_of(request)

    def look(library: Library) -> dict[str, Any]:
        tile = library.tile_of(photo)
        try:
            checked = library.check_film(photo, channel)
        except NotFound:
            raise
        except Refused as exc:
            return {"tile": tile, "checked": None, "why": exc.message}
        names = {one.id: one.name for one in library.people()}
        return {
            "tile": tile,
            "checked": checked,
            "parts": _parts(checked, names),
            "recipients": library.receivers(),
        }

    found = await web.pool.run(look, actor=actor)
    if found["checked"] is None:
        return web.page(request, "staff/uncheckable.html", status=409, channel=channel, **found)
    return web.page(
        request,
        "staff/film.html",
        status=422 if trouble else 200,
        trouble=trouble,
        channel=channel,
        form=form,
        colours=list(PALETTE),
        **found,
    )


# --------------------------------------------------------------------------------------------------


def _of(request: Request, which: str, actor: str) -> FilmOrder:
    found = filming_of(request).get(which, actor)
    if found is None:
        raise NotFound(f"{which}: no such order, or the server was started anew since")
    return found


def _trouble(form: Form) -> str:
    if not form.ticked("looked"):
        return "looked"
    sound = form.text("colour") in list(PALETTE) and form.text("to") and form.text("channel")
    return "" if sound else "usage"


def _parts(checked: CheckedFilm, names: dict[PersonId, str]) -> list[Part]:
    """Who might be shown, in the order in which they come; and all others as one."""
    together: dict[tuple[Verdict, tuple[PersonId, ...]], list[FollowedFace]] = defaultdict(list)
    for face in checked.faces:
        together[face.verdict, face.people].append(face)
    covered = together.pop((Verdict.COVER, ()), [])
    parts = [_part(verdict, people, found, names) for (verdict, people), found in together.items()]
    return [*parts, *([_part(Verdict.COVER, (), covered, names)] if covered else [])]


def _part(
    verdict: Verdict,
    people: tuple[PersonId, ...],
    found: Sequence[FollowedFace],
    names: dict[PersonId, str],
) -> Part:
    spans = joined((one.span for one in found), gap=NEARLY_ON)
    whose = tuple(names.get(one, one) for one in people)
    return Part(verdict, whose, people, tuple(map(in_words, spans)), len(found))
