"""
The check before publishing, and publishing itself.

    choose   photos of a collection, and the channel that they are meant for
    check    a verdict for each face, advice, and covers that can be moved, added and taken off
    publish  the file is made and checked itself; it stays in memory until it is fetched, once;
             of several photos (`together`) it is a zip, sent while it is made

All of it is forms. A script only writes into their number fields. Films are for `films`.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from math import ceil, floor, isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from countenance.accounts.roles import Right
from countenance.catalog.buckets import Place, Tile
from countenance.catalog.photos import Box, PhotoKind
from countenance.core.ids import PhotoId
from countenance.errors import (
    NotFound,
    Refused,
    Unavailable,
    Unreadable,
    UsageError,
    VerificationError,
)
from countenance.library import Library
from countenance.media.cover import Colour
from countenance.media.release import Packing
from countenance.publish.check import Checked, CheckedFace
from countenance.publish.export import Published
from countenance.publish.permission import Permission
from countenance.publish.plan import MIN_REASON_CHARACTERS, Hand
from countenance.publish.verdict import Verdict
from countenance.web.context import web_of
from countenance.web.forms import Form, read_form
from countenance.web.staff.films import film_page, filming_of
from countenance.web.staff.guard import Publish, SeeGiven, Staff
from countenance.web.staff.outbox import Kept, Outbox
from countenance.web.staff.stretches import stretched
from countenance.web.staff.together import read_wanted, zipped

router = APIRouter(include_in_schema=False)

MOST_PHOTOS = 12
"""Checked at once: each is looked at in four sizes, turned three ways."""

SPARE_COVERS = 4
"""Rows for covers by hand; what is in use stays besides."""

SIDES = ("x1", "y1", "x2", "y2")
_MOST_PIXELS = 10**6


@router.get("/staff/check")
async def choose(request: Request, staff: Publish) -> Response:
    """Choose photos of a collection, or those that are named, and a channel."""
    return await _choose(request, staff.actor, request.query_params.getlist("photo"))


@router.get("/staff/check/photos")
async def check(request: Request, staff: Publish) -> Response:
    """The check of one photo, whole; of several, a line each. It stands in the log."""
    asked = request.query_params
    which = list(dict.fromkeys(asked.getlist("photo")))
    channel = asked.get("channel", "").strip()
    if not which or not channel or len(which) > MOST_PHOTOS:
        trouble = "none" if not which else "many" if channel else "channel"
        sent = which or "channel" in asked
        return await _choose(request, staff.actor, which, trouble=trouble if sent else "")
    web = web_of(request)
    if len(which) == 1:
        (photo,) = which
        if await web.pool.run(lambda library: _is_film(library, photo), actor=staff.actor):
            return await film_page(request, staff.actor, photo, channel)
        return await _one(request, staff.actor, photo, channel)
    return await _several(request, staff.actor, which, channel)


@router.post("/staff/check/together")
async def together(request: Request, staff: Publish) -> Response:
    """Publish all that was checked, as one zip. What was left out is named in it."""
    form = await read_form(request)
    which, channel = list(dict.fromkeys(form.every("photo"))), form.text("channel")
    if not which or not channel or len(which) > MOST_PHOTOS:
        return await _choose(request, staff.actor, which, trouble="many" if which else "none")
    wanted = read_wanted(form, which, channel)
    if isinstance(wanted, str):
        return await _several(request, staff.actor, which, channel, form=form, trouble=wanted)
    return zipped(request, wanted, staff.actor)


@router.post("/staff/check/publish")
async def publish(request: Request, staff: Publish) -> Response:
    """Publish what was checked, after what was decided by hand. What fails is said, and stays."""
    web, form = web_of(request), await read_form(request)
    photo, channel = form.text("photo"), form.text("channel")
    trouble = why = ""
    try:
        made, kept = await web.pool.look(_published(photo, channel, form), actor=staff.actor)
    except VerificationError as exc:
        trouble, why = "leak", exc.message
    except NotFound:
        raise
    except Refused as exc:
        trouble, why = ("refused" if form.ticked("looked") else "looked"), exc.message
    except UsageError as exc:
        trouble, why = "usage", exc.message
    except Unreadable as exc:
        trouble, why = "unreadable", exc.message
    else:
        outbox_of(request).put(made.disclosure.id, staff.actor, kept)
        return RedirectResponse(f"/staff/given/{made.disclosure.id}", 303)
    return await _one(request, staff.actor, photo, channel, form=form, trouble=trouble, why=why)


@router.get("/staff/given/{which}")
async def given(request: Request, which: str, staff: SeeGiven) -> Response:
    """What was given, with what was said of each face; its file, if it has not been fetched yet."""
    return await _given(request, which, staff)


@router.post("/staff/given/{which}/file")
async def fetch(request: Request, which: str, staff: Publish) -> Response:
    """The file, this once; and not if it may be shown no more since it was made."""
    kept = outbox_of(request).take(which, staff.actor)
    permitted = await web_of(request).pool.run(
        lambda library: library.permission(number=which), actor=staff.actor
    )
    kept = _still_permitted(kept, permitted)
    if kept is None:
        return await _given(request, which, staff, gone=True)
    headers = {
        "Content-Disposition": f'attachment; filename="{which}{kept.ending}"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(kept.pieces(), headers=headers, media_type=kept.media_type)


def outbox_of(request: Request) -> Outbox:
    outbox = request.app.state.outbox
    assert isinstance(outbox, Outbox)  # noqa: S101  the application sets it before it answers
    return outbox


# --- what the pages are given -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """
    One face on the page: its number there, and the cover as it is now, in whole pixels.

    `proposed` is what the check proposes. Of a face that is shown both are empty.
    """

    number: int
    face: CheckedFace
    names: tuple[str, ...]
    proposed: tuple[int, ...] = ()
    cover: tuple[str, ...] = ()
    removed: bool = False
    reason: str = ""

    @property
    def shown(self) -> bool:
        return self.face.verdict is Verdict.SHOWN


@dataclass(frozen=True, slots=True)
class Tried:
    """
    A photo among several: what the check says of it, or why it could not be checked. A film is
    checked by itself.
    """

    photo: str
    checked: Checked | None
    why: str = ""
    film: bool = False

    @property
    def asked(self) -> bool:
        """Whether somebody in it has to be asked about."""
        return self.checked is not None and bool(self.checked.of(Verdict.ASK))


async def _choose(
    request: Request, actor: str, chosen: list[str], *, trouble: str = ""
) -> Response:
    web, asked = web_of(request), request.query_params
    begin = _place(asked.get("from", ""))

    def look(library: Library) -> dict[str, Any]:
        collections = library.collections()
        named = [library.tile_of(one) for one in chosen[:MOST_PHOTOS]]
        which = asked.get("collection", "") or (collections[0].id if collections else "")
        if which not in {one.id for one in collections}:
            return {"collections": collections, "which": "", "parts": (), "tiles": named}
        buckets = () if named else library.outline(which)
        tiles: list[Tile] = named or list(library.bucket(which, begin)) if buckets or named else []
        parts = stretched(buckets, begin)
        return {"collections": collections, "which": which, "parts": parts, "tiles": tiles}

    found = await web.pool.run(look, actor=actor)
    channels = await web.pool.run(lambda library: library.channels(), actor=actor)
    return web.page(
        request,
        "staff/choose.html",
        status=422 if trouble else 200,
        trouble=trouble,
        chosen=chosen,
        channel=asked.get("channel", ""),
        channels=channels,
        most=MOST_PHOTOS,
        orders=filming_of(request).of(actor),
        **found,
    )


async def _several(  # noqa: PLR0913  what was typed stays, and what was wrong is said
    request: Request,
    actor: str,
    which: list[str],
    channel: str,
    *,
    form: Form | None = None,
    trouble: str = "",
) -> Response:
    web = web_of(request)
    found = [await web.pool.look(_tried(photo, channel), actor=actor) for photo in which]

    return web.page(
        request,
        "staff/checks.html",
        status=422 if trouble else 200,
        found=found,
        channel=channel,
        form=form,
        trouble=trouble,
        recipients=await web.pool.run(Library.receivers, actor=actor),
        colours=list(Colour),
        packings=list(Packing),
    )


async def _one(  # noqa: PLR0913  what was typed stays, and what was wrong is said
    request: Request,
    actor: str,
    photo: str,
    channel: str,
    *,
    form: Form | None = None,
    trouble: str = "",
    why: str = "",
) -> Response:
    web = web_of(request)

    def look(library: Library) -> dict[str, Any]:
        tile = library.tile_of(photo)
        try:
            checked = library.check(photo, channel)
        except NotFound:
            raise
        except (Refused, Unreadable) as exc:
            return {"tile": tile, "checked": None, "why": exc.message}
        names = {one.id: one.name for one in library.people()}
        rows, recipients = _rows(checked, names, form), library.receivers()
        return {"tile": tile, "checked": checked, "rows": rows, "recipients": recipients}

    found: dict[str, Any] = {"why": why} | await web.pool.look(look, actor=actor)
    checked = found["checked"]
    if checked is None:
        return web.page(request, "staff/uncheckable.html", status=409, channel=channel, **found)
    return web.page(
        request,
        "staff/check.html",
        status=422 if trouble else 200,
        trouble=trouble,
        channel=channel,
        added=_added_texts(form),
        crop=_texts(form, "crop", checked.advice.crop),
        form=form,
        colours=list(Colour),
        packings=list(Packing),
        sides=SIDES,
        least=MIN_REASON_CHARACTERS,
        **found,
    )


async def _given(request: Request, which: str, staff: Staff, *, gone: bool = False) -> Response:
    web, actor = web_of(request), staff.actor

    def look(library: Library) -> dict[str, Any]:
        made, shown = library.given(which)
        names = {one.id: one.name for one in library.people()}
        names = names if staff.may(Right.SEE_PEOPLE) else {}
        to = {one.id: one.name for one in library.recipients()}
        tile = None
        if staff.may(Right.SEE_PICTURES):
            with suppress(NotFound, Refused):
                tile = library.tile_of(made.photo)
        return {
            "made": made,
            "to": to.get(made.recipient, made.recipient),
            "shown": [names.get(one, one) for one in sorted(shown)],
            "tile": tile,
            "boxes": {} if tile is None else library.boxes_in(made),
        }

    return web.page(
        request,
        "staff/given.html",
        status=409 if gone else 200,
        gone=gone,
        waiting=outbox_of(request).has(which, actor),
        **await web.pool.run(look, actor=actor),
    )


def _still_permitted(kept: Kept | None, permitted: Permission | None) -> Kept | None:
    """What may be handed over; what may not any more is dropped."""
    if kept is not None and permitted is None:
        kept.drop()
        return None
    return kept


def _is_film(library: Library, photo: str) -> bool:
    return library.tile_of(photo).kind == PhotoKind.FILM


def _tried(photo: str, channel: str) -> Callable[[Library], Tried]:
    def look(library: Library) -> Tried:
        try:
            if _is_film(library, photo):
                return Tried(photo, None, film=True)
            return Tried(photo, library.check(photo, channel))
        except Unavailable:
            raise
        except (Refused, NotFound, Unreadable) as exc:
            return Tried(photo, None, exc.message)

    return look


def _rows(checked: Checked, names: dict[Any, str], form: Form | None) -> list[Row]:
    rows = []
    for number, face in enumerate(checked.faces, start=1):
        whose = tuple(names.get(who, who) for who in face.people)
        if face.verdict is Verdict.SHOWN:
            rows.append(Row(number, face, whose))
            continue
        proposed = _whole(face.cover, checked)
        typed = ("",) * len(SIDES) if form is None else _typed(form, f"move-{face.id}")
        cover = typed if any(typed) else tuple(str(one) for one in proposed)
        removed = form is not None and form.ticked(f"off-{face.id}")
        reason = "" if form is None else form.text(f"why-{face.id}")
        rows.append(Row(number, face, whose, proposed, cover, removed, reason))
    return rows


def _whole(box: Box, checked: Checked) -> tuple[int, ...]:
    """A box in whole pixels, outwards: as large as before, or larger."""
    x1, y1, x2, y2 = box
    return (
        max(0, floor(x1)),
        max(0, floor(y1)),
        min(checked.width, ceil(x2)),
        min(checked.height, ceil(y2)),
    )


def _texts(form: Form | None, name: str, otherwise: Box | None) -> tuple[str, ...]:
    """What stands in a box's fields: what was typed, or else `otherwise`, inwards."""
    if form is not None and any(_typed(form, name)):
        return _typed(form, name)
    if otherwise is None:
        return ("",) * len(SIDES)
    x1, y1, x2, y2 = otherwise
    return tuple(str(one) for one in (ceil(x1), ceil(y1), floor(x2), floor(y2)))


def _added_texts(form: Form | None) -> list[tuple[str, ...]]:
    typed = [] if form is None else [_typed(form, name) for name in _added_names(form)]
    return [one for one in typed if any(one)] + [("",) * len(SIDES)] * SPARE_COVERS


# --- what is read from the form -----------------------------------------------------------------


def _published(photo: str, channel: str, form: Form) -> Callable[[Library], tuple[Published, Kept]]:
    def act(library: Library) -> tuple[Published, Kept]:
        packing = form.text("packing") or Packing.JPEG
        if packing not in list(Packing):
            raise UsageError(f"{packing}: no such format")
        packing = Packing(packing)
        # What is written there is the file as it is given out, covers and all; nothing else is.
        with TemporaryDirectory(prefix="countenance-") as folder:
            done = library.publish(
                photo,
                form.text("to"),
                channel=channel,
                out=Path(folder).resolve(),
                looked=form.ticked("looked"),
                hand=_hand(form),
                packing=packing,
            )
            return done, Kept(done.path.read_bytes(), packing.ending, packing.media_type)

    return act


def _hand(form: Form) -> Hand:
    """What was decided by hand. Raises `UsageError` of what is no box, colour or number."""
    names = [str(one) for one in form.fields]
    off = [one.removeprefix("off-") for one in names if one.startswith("off-")]
    removed = {face: form.text(f"why-{face}") for face in off if form.ticked(f"off-{face}")}
    moved = {}
    for name in names:
        face = name.removeprefix("was-")
        if face == name or face in removed:
            continue
        box = _box(form, f"move-{face}")
        if box is not None and _said(box) != form.text(name):
            moved[face] = box
    added = [_box(form, name) for name in _added_names(form)]
    colour = form.text("colour") or Colour.SLATE
    if colour not in list(Colour):
        raise UsageError(f"{colour}: no such colour")
    return Hand(
        added=[one for one in added if one is not None],
        moved=moved,
        removed=removed,
        cover_asked=form.ticked("cover_asked"),
        crop=_crop(form) if form.ticked("cropped") else None,
        colour=Colour(colour),
    )


def _crop(form: Form) -> Box:
    box = _box(form, "crop")
    if box is None:
        raise UsageError("crop: expected four numbers")
    return box


def _box(form: Form, name: str) -> Box | None:
    """The box in four fields; nothing if all of them are empty."""
    typed = _typed(form, name)
    if not any(typed):
        return None
    try:
        x1, y1, x2, y2 = (float(one) for one in typed)
    except ValueError as exc:
        raise UsageError(f"{', '.join(typed)}: expected four numbers") from exc
    if not all(isfinite(one) and abs(one) <= _MOST_PIXELS for one in (x1, y1, x2, y2)):
        raise UsageError(f"{', '.join(typed)}: expected four numbers, in pixels")
    return x1, y1, x2, y2


def _typed(form: Form, name: str) -> tuple[str, ...]:
    return tuple(form.text(f"{name}-{side}") for side in SIDES)


def _added_names(form: Form) -> list[str]:
    ending = f"-{SIDES[0]}"
    return [
        one.removesuffix(ending)
        for one in form.fields
        if one.startswith("added-") and one.endswith(ending)
    ]


def _said(box: Box) -> str:
    return ",".join(f"{one:g}" for one in box)


def _place(text: str) -> Place | None:
    moment, _, which = text.rpartition(" ")
    return Place(moment, PhotoId(which)) if which else None
