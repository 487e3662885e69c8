"""Claims: who asks to be looked for without a face, and the photos that may show them, by hand."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from countenance.accounts.roles import Right
from countenance.catalog.claims import MOST_CHARACTERS, Claim, Outcome
from countenance.catalog.photos import Asked
from countenance.errors import NotFound, Refused, UsageError
from countenance.library import Library
from countenance.library.due import WITHIN
from countenance.web.context import web_of
from countenance.web.forms import minute, read_form
from countenance.web.staff.guard import NotAllowed, Review, Staff

router = APIRouter(include_in_schema=False)


@router.get("/staff/claims")
async def queue(request: Request, staff: Review) -> Response:
    """What waits for an answer in the collections that they were given; then what was answered."""
    web = web_of(request)

    def look(library: Library) -> dict[str, Any]:
        found = [one for one in library.claims() if staff.may(Right.REVIEW, one.collection)]
        return {
            "claims": found,
            "names": {one.id: one.name for one in library.people()},
            "collections": {one.id: one.name for one in library.collections()},
            "now": library.now(),
        }

    found = await web.pool.run(look, actor=staff.actor)
    return web.page(request, "staff/claims.html", within=WITHIN, **found)


@router.get("/staff/claims/{which}")
async def one(request: Request, which: str, staff: Review) -> Response:
    """One claim, with the photos that answer its time, or other words and times."""
    return await _one(request, which, staff)


@router.get("/staff/claims/{which}/photos/{photo}")
async def photo(request: Request, which: str, photo: str, staff: Review) -> Response:
    """One photo, each face in it with a number to put them in by."""
    return await _photo(request, which, photo, staff)


@router.post("/staff/claims/{which}/photos/{photo}")
async def put_in(request: Request, which: str, photo: str, staff: Review) -> Response:
    """They are the face of this number: a person's word."""
    web, form = web_of(request), await read_form(request)
    number = form.text("face")
    if not number.isascii() or not number.isdigit():
        return await _photo(request, which, photo, staff, trouble="face")

    def act(library: Library) -> None:
        _claim(library, which, staff)
        library.put_in(which, photo, int(number))

    try:
        await web.pool.run(act, actor=staff.actor)
    except NotFound:
        raise
    except (Refused, UsageError) as exc:
        return await _photo(request, which, photo, staff, trouble="refused", why=exc.message)
    return RedirectResponse(f"/staff/claims/{which}?put=1", 303)


@router.post("/staff/claims/{which}/answer")
async def answer(request: Request, which: str, staff: Review) -> Response:
    """Say what became of it, to who asked. What they wrote is emptied."""
    web, form = web_of(request), await read_form(request)
    outcome, words = form.text("outcome"), form.text("answer")
    if outcome not in list(Outcome) or len(words) > MOST_CHARACTERS:
        return await _one(request, which, staff, wrong=True, typed=words)

    def act(library: Library) -> None:
        _claim(library, which, staff)
        library.answer_claim(which, Outcome(outcome), words)

    await web.pool.run(act, actor=staff.actor)
    return RedirectResponse("/staff/claims", 303)


# --------------------------------------------------------------------------------------------------


def _claim(library: Library, which: str, staff: Staff) -> Claim:
    """
    The claim, if it is of a collection that they were given to review.

    Of one that there is not they are told the same as of one of others.
    """
    try:
        found = library.claimed(which)
    except NotFound:
        raise NotAllowed(frozenset({Right.REVIEW})) from None
    staff.require(Right.REVIEW, found.collection)
    return found


async def _one(
    request: Request, which: str, staff: Staff, *, wrong: bool = False, typed: str = ""
) -> Response:
    web, query = web_of(request), request.query_params
    after = (query.get("at", ""), query.get("after", ""))

    def look(library: Library) -> dict[str, Any]:
        claim = _claim(library, which, staff)
        said = claim.described
        narrowed = any(name in query for name in ("words", "since", "until"))
        if not narrowed:
            asked = Asked("", said.since, said.until)
        else:
            asked = Asked(
                query.get("words", "").strip(),
                minute(query.get("since", "")),
                minute(query.get("until", "")),
            )
        known = {one.id: one for one in library.people()}
        found = None if claim.ended_at else library.candidates(which, asked, after=after)
        return {"claim": claim, "who": known[claim.person], "asked": asked, "found": found}

    trouble = ""
    try:
        found = await web.pool.run(look, actor=staff.actor)
    except UsageError:
        trouble = "asked"

        def plainly(library: Library) -> dict[str, Any]:
            claim = _claim(library, which, staff)
            known = {one.id: one for one in library.people()}
            return {"claim": claim, "who": known[claim.person], "asked": Asked(), "found": None}

        found = await web.pool.run(plainly, actor=staff.actor)
    return web.page(
        request,
        "staff/claim.html",
        status=422 if wrong or trouble else 200,
        wrong=wrong,
        trouble=trouble,
        typed=typed,
        most=MOST_CHARACTERS,
        put=query.get("put", ""),
        **found,
    )


async def _photo(  # noqa: PLR0913  what was wrong is said
    request: Request, which: str, photo: str, staff: Staff, *, trouble: str = "", why: str = ""
) -> Response:
    web = web_of(request)

    def look(library: Library) -> dict[str, Any]:
        claim = _claim(library, which, staff)
        known = {one.id: one for one in library.people()}
        found = library.candidate(which, photo)
        return {"claim": claim, "who": known[claim.person], "photo": found}

    found = await web.pool.run(look, actor=staff.actor)
    return web.page(
        request,
        "staff/claim_photo.html",
        status=422 if trouble else 200,
        trouble=trouble,
        why=why,
        **found,
    )
