"""The log: who did what, by ids; and whether it is what was written."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request

from countenance.api.gate import Door, ReadLog, context_of
from countenance.api.shapes import PAGE, Count, Number, Paged, Shape, example, showing
from countenance.audit.entry import Act, Entry
from countenance.audit.verify import Fault
from countenance.library import Library

router = APIRouter(route_class=Door, tags=["log"])


class EntryShown(Shape):
    """One act, by ids and digests. Where it was redacted only its place is left."""

    model_config = showing(
        {
            "index": 119,
            "redacted": False,
            "act": "person.found",
            "at": "2026-05-03T10:12:44Z",
            "actor": example("m"),
            "purpose": "staff-find",
            "subjects": [example("p")],
            "rests_on": [example("n")],
        }
    )

    index: int
    redacted: bool
    act: Act | None
    at: datetime | None
    actor: str = Field(description="Who acted, by the id of the account or person.")
    purpose: str
    subjects: list[str]
    rests_on: list[str] = Field(description="Consents and grants, by id.")

    @classmethod
    def of(cls, index: int, said: Entry | None) -> "EntryShown":
        """An entry, or the place of one that was redacted, as the API tells of it."""
        return cls(
            index=index,
            redacted=said is None,
            act=None if said is None else said.act,
            at=None if said is None else said.at,
            actor="" if said is None else said.actor,
            purpose="" if said is None else said.purpose,
            subjects=[] if said is None else list(said.subjects),
            rests_on=[] if said is None else list(said.rests_on),
        )


class FindingShown(Shape):
    """One thing that is wrong."""

    model_config = showing(
        {"fault": "content-altered", "message": "entry 12 says something else by now"}
    )

    fault: Fault
    message: str


class LogState(Shape):
    """What a verification of the whole log saw."""

    model_config = showing(
        {
            "sound": True,
            "entries": 120,
            "signed": 120,
            "redacted": 0,
            "findings": [],
            "key": "countenance/l_7q2m0c4x9v1ksz3d+2f8e1a90+AQ...",
        }
    )

    sound: bool
    entries: int
    signed: int = Field(description="How many of them, from the first on, are signed.")
    redacted: int
    findings: list[FindingShown]
    key: str = Field(description="The public key with which checkpoints and receipts verify.")


@router.get("/log")
async def list_entries(
    request: Request, caller: ReadLog, after: Number = None, count: Count = PAGE
) -> Paged[EntryShown]:
    """The entries, the newest first. The key is an index: the next page has lower ones."""

    def look(library: Library) -> Paged[EntryShown]:
        found = list(reversed(library.trail.tail(count + 1, before=after)))
        page = found[:count]
        following = str(page[-1][0]) if len(found) > count else None
        return Paged(items=[EntryShown.of(*one) for one in page], next=following)

    return await context_of(request).run(look, actor=caller.actor)


@router.get("/log/state")
async def verify_log(request: Request, caller: ReadLog) -> LogState:
    """Verify the whole log: its entries, its checkpoints, and the tables beside it."""
    context = context_of(request)
    context.limits.sent(caller.actor)

    def look(library: Library) -> LogState:
        seen = library.trail.verify({})
        return LogState(
            sound=not seen.findings,
            entries=seen.size,
            signed=seen.signed,
            redacted=seen.redacted,
            findings=[FindingShown(fault=one.fault, message=one.message) for one in seen.findings],
            key=str(library.trail.key()),
        )

    return await context.run(look, actor=caller.actor)
