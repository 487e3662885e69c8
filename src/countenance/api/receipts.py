"""
The receipts of erasures: listed for the staff, and for anybody who has a number or a receipt.

A number has 80 random bits; numbers that are none count as guesses of their address.
"""

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request

from countenance.api.gate import Anybody, Door, SeeReceipts, context_of
from countenance.api.shapes import (
    PAGE,
    Count,
    ErasureIn,
    Paged,
    Shape,
    example,
    one_page,
    showing,
)
from countenance.audit.receipt import verify
from countenance.audit.statement import write_statement
from countenance.catalog.erasures import Stage
from countenance.errors import NotFound, VerificationError
from countenance.library import Library

router = APIRouter(route_class=Door, tags=["receipts"])

MOST_CHARACTERS = 150_000
_STATEMENT = {"erasure": example("e"), "levels": {"invisible": "2026-05-03T10:12:44.000000Z"}}
_DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_KEY = "countenance/l_7q2m0c4x9v1ksz3d+2f8e1a90+AQ..."


class Issued(Shape):
    """A receipt that was issued."""

    model_config = showing(
        {
            "erasure": example("e"),
            "number": 1,
            "at": "2026-05-03T10:12:44Z",
            "sha256": _DIGEST,
        }
    )

    erasure: str
    number: int = Field(description="It counts the receipts of one erasure.")
    at: datetime
    sha256: str = Field(description="Of the receipt as it was signed.")


class ReceiptShown(Shape):
    """How far an erasure is, and its newest receipt, verified as it is shown."""

    model_config = showing(
        {
            "erasure": example("e"),
            "stage": "closed",
            "statement": _STATEMENT,
            "receipt": "eyJhbGciOiJFZDI1NTE5In0.eyJzdGF0ZW1lbnQiOnt9fQ.c2ln",
            "key": _KEY,
        }
    )

    erasure: str
    stage: Stage
    statement: dict[str, Any] | None = Field(
        description="What the receipt states (docs/receipts.md); nothing while there is none."
    )
    receipt: str | None = Field(description="The receipt as it was signed: a JWS.")
    key: str = Field(description="The public key it verifies with.")


class Receipt(Shape):
    """A receipt, as it was given out."""

    model_config = showing({"receipt": "eyJhbGciOiJFZDI1NTE5In0.eyJzdGF0ZW1lbnQiOnt9fQ.c2ln"})

    receipt: str = Field(max_length=MOST_CHARACTERS)


class Verified(Shape):
    """Whether a receipt is one of this library, and what it states then."""

    model_config = showing({"good": True, "why": "", "statement": _STATEMENT, "key": _KEY})

    good: bool
    why: str = Field(description="What is wrong with it.")
    statement: dict[str, Any] | None
    key: str


@router.get("/receipts")
async def list_receipts(
    request: Request,
    caller: SeeReceipts,
    after: Annotated[
        str | None,
        Query(
            pattern="^e_[0-9a-hjkmnp-tv-z]{16}~[0-9]{6}$",
            description="The key that the page before ended with: its `next`.",
            examples=[f"{example('e')}~000001"],
        ),
    ] = None,
    count: Count = PAGE,
) -> Paged[Issued]:
    """Every receipt that was issued, by the number of its erasure."""

    def look(library: Library) -> Paged[Issued]:
        keyed = [(f"{one.erasure}~{one.number:06}", one) for one in library.receipts()]
        page, following = one_page(keyed, after, count)
        items = [
            Issued(erasure=one.erasure, number=one.number, at=one.at, sha256=one.digest)
            for one in page
        ]
        return Paged(items=items, next=following)

    return await context_of(request).run(look, actor=caller.actor)


@router.get("/receipts/{which}")
async def show_receipt(request: Request, which: ErasureIn, anybody: Anybody) -> ReceiptShown:
    """The newest receipt of an erasure, for who has its number. It holds ids, counts and times."""
    del anybody
    context = context_of(request)
    context.limits.guesses(context.address(request))

    def look(library: Library) -> ReceiptShown | None:
        try:
            case = library.erasure(which)
        except NotFound:
            return None
        key = library.trail.key()
        try:
            text: str | None = library.receipts(case.id)[-1].text
        except NotFound:
            text = None
        stated = None if text is None else json.loads(write_statement(verify(text, key)))
        return ReceiptShown(
            erasure=case.id, stage=case.stage, statement=stated, receipt=text, key=str(key)
        )

    found = await context.run(look)
    if found is None:
        context.limits.guessed(context.address(request))
        raise NotFound(f"{which}: no such erasure")
    return found


@router.post("/verifications")
async def verify_receipt(request: Request, receipt: Receipt, anybody: Anybody) -> Verified:
    """Verify a receipt with the key of this library. Nothing of it is kept."""
    del anybody
    context = context_of(request)
    address = context.address(request)
    context.limits.guesses(address)
    key = await context.run(lambda library: library.trail.key())
    try:
        stated = json.loads(write_statement(verify(receipt.receipt, key)))
    except VerificationError as exc:
        context.limits.guessed(address)
        return Verified(good=False, why=exc.message, statement=None, key=str(key))
    return Verified(good=True, why="", statement=stated, key=str(key))
