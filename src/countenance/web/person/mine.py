"""My photos, by a link of one's own: who holds it is that person here, and the log says so."""

import asyncio
import zipfile
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from io import RawIOBase
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from countenance.enrol.enrol import PoorPictures
from countenance.errors import Error, NotFound
from countenance.library import Library
from countenance.library.links import Own
from countenance.library.own import MyPicture, MyPictures, PictureBytes, Word
from countenance.media.cut import Cut
from countenance.people.purpose import Purpose
from countenance.people.record import Delivery, Look
from countenance.sources.names import numbered
from countenance.web.context import Web, web_of
from countenance.web.forms import read_form
from countenance.web.person.following import followed
from countenance.web.person.giving import (
    MAX_PORTRAITS,
    Asking,
    look_at,
    page,
    portraits,
    taken,
    view,
)
from countenance.web.rates import PICTURES
from countenance.web.security import client

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

router = APIRouter(include_in_schema=False)

LOOKS_EVERY = 1.0
"""Seconds between two looks for something new, while a page is open and a search under way."""

RESTS = 3.0
"""Seconds, while none is: then only an ingest brings anything."""

_MOST = 10**6

OPEN_FOR = 600
"""Looks, after which a page that is open asks anew."""


@router.get("/me/{token}")
async def mine(request: Request, token: str) -> Response:
    """One's pictures. `new` is said once, right after joining."""
    web, begin = web_of(request), _begin(request)
    found, tells = await followed(
        request, lambda library: (library.my_pictures(token, begin=begin), library.tells)
    )
    return web.page(
        request,
        "person/mine.html",
        **_shown(web, token, found),
        looks=_counted(found.looks),
        deliveries=found.deliveries,
        tells=tells and found.own.agrees(Purpose.TELL_ME) and found.own.agrees(Purpose.FIND_ME),
        new=request.query_params.get("new") == "1",
        link=web.url(request, f"/me/{token}"),
    )


@router.get("/me/{token}/pictures")
async def part(request: Request, token: str) -> Response:
    """The same, as the part of the page that renews itself."""
    web, begin = web_of(request), _begin(request)
    found = await followed(
        request, lambda library: library.my_pictures(token, begin=begin, renewed=True)
    )
    return web.page(request, "person/pictures.html", **_shown(web, token, found))


@router.get("/me/{token}/news")
async def news(request: Request, token: str) -> Response:
    """
    What is new, as it comes: how far the search is, and `found` when there are others than those
    that the page has `seen`.
    """
    web = web_of(request)
    await followed(request, lambda library: library.my_count(token))

    async def events() -> AsyncIterator[str]:
        known, told = request.query_params.get("seen", ""), ""
        searching = False
        for _ in range(OPEN_FOR):
            step = web.searching.now
            part = web.pages.fill(request, "person/progress.html", step=step)
            if part != told:
                told = part
                yield "".join(f"data: {line}\n" for line in part.splitlines()) + "\n"
            try:
                count = await web.pool.run(lambda library: library.my_count(token))
            except Error:
                yield "event: gone\ndata: gone\n\n"
                return
            ended, searching = searching and step is None, step is not None
            if _seen(*count) != known or ended:
                known = _seen(*count)
                yield f"event: found\ndata: {sum(count)}\n\n"
            await asyncio.sleep(LOOKS_EVERY if step else RESTS)

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events(), headers=headers, media_type="text/event-stream")


@router.get("/me/{token}/photo/{which}")
async def photo(request: Request, token: str, which: str) -> Response:
    """One picture, with one's face marked in it."""
    (one, places), deliveries = await followed(
        request, lambda library: (library.my_photo(token, which), library.my_deliveries(token))
    )
    return _photo(request, token, one, places, deliveries)


@router.get("/me/{token}/picture/{which}/{how}")
async def picture(request: Request, token: str, which: str, how: Cut) -> Response:
    """A picture's bytes: consent and grant are asked as they leave."""
    sent = await followed(request, lambda library: library.my_picture(token, which, how))
    return as_sent(request, sent)


@router.post("/me/{token}/say")
async def say(request: Request, token: str) -> Response:
    """Yes, no, or not sure. Without JavaScript the page is loaded again."""
    form = await read_form(request)
    word, which = form.text("word"), form.text("which")
    if word not in list(Word):
        raise NotFound("no such word")
    await followed(request, lambda library: library.say(token, which, Word(word)))
    if request.headers.get("hx-request") == "true":
        return await part(request, token)
    return RedirectResponse(f"/me/{token}#check", 303)


@router.get("/me/{token}/all.zip")
async def everything(request: Request, token: str) -> Response:
    """All that are sure, as they stand at their sources, one after the other."""
    web = web_of(request)
    every = await followed(request, lambda library: library.all_mine(token))

    def original(which: str) -> Callable[[Library], tuple[str, bytes]]:
        return lambda library: library.my_original(token, which)

    async def parts() -> AsyncIterator[bytes]:
        out, taken = _Streamed(), Counter[str]()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
            for which in every:
                try:
                    name, data = await web.pool.run(original(which))
                except Error:
                    continue  # it was taken back meanwhile
                taken[name] += 1
                archive.writestr(numbered(name, taken[name]), data)
                yield out.take()
        yield out.take()

    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": 'attachment; filename="my-photos.zip"',
    }
    return StreamingResponse(parts(), headers=headers, media_type="application/zip")


@router.get("/me/{token}/face")
async def ask_face(request: Request, token: str) -> Response:
    """Another picture to be looked for by, in the place of the one before."""
    own = await followed(request, lambda library: library.own(token))
    return page(request, _asking(token, own))


@router.post("/me/{token}/face")
async def face(request: Request, token: str) -> Response:
    """
    The picture: shown with what is wrong with it, in words, and with `use` taken. Until then the
    one before stays.
    """
    web = web_of(request)
    web.rates.take(PICTURES, client(request))
    own = await followed(request, lambda library: library.own(token))
    asking = _asking(token, own)
    form = await read_form(request, max_files=MAX_PORTRAITS)
    if form.ticked("use"):
        return await _use(request, asking, form.text("use"), keep=form.ticked("keep"))
    given = portraits(form)
    if not given:
        return page(request, asking, trouble=["missing"])
    return await look_at(
        request, asking, given, lambda library: library.try_other_pictures(token, given)
    )


@router.get("/me/{token}/face/given/{key}/{number}")
async def given_view(request: Request, token: str, key: str, number: int) -> Response:
    """A picture that was given and is not used yet."""
    return await view(request, token, key, number, leads=lambda library: library.own(token))


@router.get("/me/{token}/kept/{number}")
async def kept_view(request: Request, token: str, number: int) -> Response:
    """A picture of one's face that is kept by one's own choice."""
    sent = await followed(request, lambda library: library.my_portrait(token, number))
    return as_sent(request, sent)


def as_sent(request: Request, sent: PictureBytes) -> Response:
    """A picture of somebody. Nobody keeps it; who has it already is told so."""
    headers = {"Cache-Control": "private, no-store", "ETag": f'"{sent.tag}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(sent.data, headers=headers, media_type=sent.content_type)


# --------------------------------------------------------------------------------------------------


class _Streamed(RawIOBase):
    """What a zip is written to, and taken from while it is written: it cannot go back."""

    def __init__(self) -> None:
        super().__init__()
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: "Buffer", /) -> int:
        self._written += memoryview(data)
        return memoryview(data).nbytes

    def take(self) -> bytes:
        """What was written since the last time."""
        data = bytes(self._written)
        self._written.clear()
        return data


def _photo(
    request: Request,
    token: str,
    one: MyPicture,
    places: tuple[MyPicture, ...],
    deliveries: tuple[Delivery, ...],
) -> Response:
    photos = {each.photo for each in places}
    return web_of(request).page(
        request,
        "person/photo.html",
        token=token,
        one=one,
        places=places,
        deliveries=[each for each in deliveries if each.photo in photos],
    )


def _shown(web: Web, token: str, found: MyPictures) -> dict[str, Any]:
    return {
        "token": token,
        "own": found.own,
        "sure": found.sure,
        "to_check": found.to_check,
        "begin": found.begin,
        "following": found.begin + len(found.sure),
        "all_sure": found.all_sure,
        "all_to_check": found.all_to_check,
        "seen": _seen(*found.seen),
        "step": web.searching.now,
    }


def _begin(request: Request) -> int:
    """Where the page begins among the pictures that are sure."""
    said = request.query_params.get("from", "")
    return min(int(said), _MOST) if said.isascii() and said.isdecimal() else 0


def _seen(sure: int, to_check: int) -> str:
    """How many pictures a page shows, for its address."""
    return f"{sure}-{to_check}"


def _counted(looks: tuple[Look, ...]) -> list[tuple[str, int, datetime]]:
    """Who looked, how often, and when last."""
    by: dict[str, list[Look]] = {}
    for one in looks:
        by.setdefault(one.actor, []).append(one)
    return [(actor, len(own), max(one.at for one in own)) for actor, own in sorted(by.items())]


def _asking(token: str, own: Own) -> Asking:
    keeps = own.agrees(Purpose.KEEP_PICTURE)
    return Asking(token, f"/me/{token}/face", keeps=keeps, offers=not keeps)


async def _use(request: Request, asking: Asking, key: str, *, keep: bool) -> Response:
    token = asking.token
    web, held = web_of(request), taken(request, token, key)
    if held is None:
        return page(request, asking, trouble=["gone"])
    language = web.language(request).tag
    try:
        await web.pool.look(
            lambda library: library.give_pictures(token, held.usable, keep=keep),
            language=language,
        )
    except PoorPictures as exc:
        return page(request, asking, poor=exc.pictures)
    web.searching.wake()
    return RedirectResponse(f"/me/{token}?new=1", 303)
