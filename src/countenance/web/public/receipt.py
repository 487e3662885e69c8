"""
The receipt of an erasure, for who has its number: as a page, as JSON, as a PDF.

It holds ids, counts and times. What is said is what the signed receipt says, verified here; where
there is none yet, the page says how far the case is.
"""

import json
import re
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from countenance.audit.receipt import verify
from countenance.audit.statement import Level, Statement, write_statement
from countenance.catalog.erasures import Erasure
from countenance.errors import NotFound
from countenance.library import Library
from countenance.web.context import web_of
from countenance.web.public import paper
from countenance.web.rates import GUESSES
from countenance.web.security import client

router = APIRouter(include_in_schema=False)

_CASE = re.compile("e_[0-9a-z]{16}")
_MOST_BESIDE = 20


@dataclass(frozen=True, slots=True)
class Shown:
    """A case, and its newest receipt: what it states, as it was signed, and the key."""

    case: Erasure
    statement: Statement | None
    signed: str
    key: str


@router.get("/receipt/{which}")
async def page(request: Request, which: str) -> Response:
    """
    As a page. Its address may be kept: it shows the newest receipt. `also` names the cases that
    were opened with it, where somebody was enrolled more than once.
    """
    found = await _found(request, which)
    also = request.query_params.get("also", "").split(",")
    return web_of(request).page(
        request,
        "public/receipt.html",
        shown=found,
        levels=list(Level),
        words=paper.WORDS,
        also=[one for one in also[:_MOST_BESIDE] if _CASE.fullmatch(one)],
    )


@router.get("/receipt/{which}/receipt.json")
async def as_json(request: Request, which: str) -> Response:
    """As JSON: the statement, the signed receipt, and the key it verifies with."""
    found = await _found(request, which, needed=True)
    assert found.statement is not None  # noqa: S101  it was needed
    return JSONResponse(
        {
            "statement": json.loads(write_statement(found.statement)),
            "receipt": found.signed,
            "key": found.key,
        },
        headers=_attached(which, "json"),
    )


@router.get("/receipt/{which}/receipt.pdf")
async def as_pdf(request: Request, which: str) -> Response:
    """On paper, with the signed receipt at its end."""
    found = await _found(request, which, needed=True)
    assert found.statement is not None  # noqa: S101  it was needed
    language = web_of(request).language(request)
    made = paper.draw(found.statement, found.signed, found.key, language)
    return Response(made, headers=_attached(which, "pdf"), media_type="application/pdf")


# --------------------------------------------------------------------------------------------------


async def _found(request: Request, which: str, *, needed: bool = False) -> Shown:
    web = web_of(request)
    web.rates.require(GUESSES, client(request))
    try:
        shown = await web.pool.run(lambda library: _read(library, which))
    except NotFound:
        web.rates.take(GUESSES, client(request))
        raise
    if needed and shown.statement is None:
        raise NotFound("there is no receipt yet")
    return shown


def _read(library: Library, which: str) -> Shown:
    case, key = library.erasure(which), library.trail.key()
    issued = [one for one in library.receipts() if one.erasure == case.id]
    if not issued:
        return Shown(case, None, "", str(key))
    return Shown(case, verify(issued[-1].text, key), issued[-1].text, str(key))


def _attached(which: str, kind: str) -> dict[str, str]:
    return {
        "Content-Disposition": f'attachment; filename="receipt-{which}.{kind}"',
        "Cache-Control": "no-store",
    }
