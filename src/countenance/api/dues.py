"""What is due: erasures (takedowns among them), recalls, and demands from the public, by ids."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request

from countenance.api.gate import Door, SeeDue, context_of
from countenance.api.shapes import PAGE, Count, Paged, Shape, example, one_page, showing
from countenance.audit.statement import RecallState, Trigger
from countenance.catalog.demands import Demand, Outcome
from countenance.catalog.erasures import Erasure, Stage
from countenance.catalog.recalls import Recall
from countenance.library import Library
from countenance.library.due import Due

router = APIRouter(route_class=Door, tags=["due"])

T = TypeVar("T")
S = TypeVar("S", bound=Shape)

_ID = "[0-9a-hjkmnp-tv-z]{16}"
_BY = "2026-06-02T10:12:44"

After = Annotated[
    str | None,
    Query(
        pattern=f"^[0-9T:-]{{19}}~[a-z]{{1,2}}_{_ID}$",
        description="The key that the page before ended with: its `next`.",
        examples=[f"{_BY}~{example('e')}"],
    ),
]
Open = Annotated[
    bool | None,
    Query(description="Only those that are open, or only those that are not.", examples=[True]),
]


class ErasureShown(Shape):
    """A case of erasure, and how far it has come."""

    model_config = showing(
        {
            "id": example("e"),
            "trigger": "taken-down",
            "stage": "bytes-gone",
            "person": None,
            "source": None,
            "photo": example("i"),
            "opened_at": "2026-05-03T10:12:44Z",
            "by": f"{_BY}Z",
            "open": False,
            "receipt": f"/api/v1/receipts/{example('e')}",
        }
    )

    id: str
    trigger: Trigger = Field(description="Why: withdrawn, taken down and so on.")
    stage: Stage
    person: str | None
    source: str | None
    photo: str | None
    opened_at: datetime
    by: datetime = Field(description="When it has to be through.")
    open: bool = Field(description="Whether something of it may still be there.")
    receipt: str

    @classmethod
    def of(cls, due: Due, what: Erasure) -> "ErasureShown":
        """A case, as the API tells of it."""
        return cls(
            id=what.id,
            trigger=what.trigger,
            stage=what.stage,
            person=what.person,
            source=what.source,
            photo=what.photo,
            opened_at=what.opened_at,
            by=due.by,
            open=due.open,
            receipt=f"/api/v1/receipts/{what.id}",
        )


class RecallShown(Shape):
    """A demand to a recipient to delete what it was given, and how far it has come."""

    model_config = showing(
        {
            "id": example("w"),
            "publication": example("x"),
            "erasure": example("e"),
            "recipient": example("t"),
            "photo": example("i"),
            "state": "delivered",
            "opened_at": "2026-05-03T10:12:44Z",
            "tries": 1,
            "trouble": "",
            "ended_at": None,
            "reason": "",
            "by": f"{_BY}Z",
            "open": True,
        }
    )

    id: str
    publication: str
    erasure: str
    recipient: str
    photo: str
    state: RecallState
    opened_at: datetime
    tries: int
    trouble: str = Field(description="What stands in the way, in words.")
    ended_at: datetime | None
    reason: str = Field(description="Why a person closed it, if one did.")
    by: datetime
    open: bool

    @classmethod
    def of(cls, due: Due, what: Recall) -> "RecallShown":
        """A recall, as the API tells of it."""
        return cls(
            id=what.id,
            publication=what.disclosure,
            erasure=what.erasure,
            recipient=what.recipient,
            photo=what.photo,
            state=what.state,
            opened_at=what.opened_at,
            tries=what.tries,
            trouble=what.trouble,
            ended_at=what.ended_at,
            reason=what.reason,
            by=due.by,
            open=due.open,
        )


class DemandShown(Shape):
    """A demand from the public. What its sender wrote is read at the desk."""

    model_config = showing(
        {
            "id": example("dn"),
            "at": "2026-05-03T10:12:44Z",
            "outcome": None,
            "ended_at": None,
            "by": f"{_BY}Z",
            "open": True,
        }
    )

    id: str
    at: datetime
    outcome: Outcome | None
    ended_at: datetime | None
    by: datetime
    open: bool

    @classmethod
    def of(cls, due: Due, what: Demand) -> "DemandShown":
        """A demand, as the API tells of it."""
        return cls(
            id=what.id,
            at=what.at,
            outcome=what.outcome,
            ended_at=what.ended_at,
            by=due.by,
            open=due.open,
        )


@router.get("/erasures")
async def list_erasures(  # noqa: PLR0913  each is a part of the question
    request: Request,
    caller: SeeDue,
    trigger: Annotated[
        Trigger | None, Query(description="Only those of this trigger.", examples=["taken-down"])
    ] = None,
    *,
    open_: Annotated[Open, Query(alias="open")] = None,
    after: After = None,
    count: Count = PAGE,
) -> Paged[ErasureShown]:
    """The cases of erasure by the day they are due. Takedowns are those `taken-down`, `revoked`."""

    def look(library: Library) -> Paged[ErasureShown]:
        found = [(one, one.what) for one in library.due().cases if isinstance(one.what, Erasure)]
        kept = [one for one in found if trigger in (None, one[1].trigger)]
        return _paged(kept, ErasureShown.of, open_=open_, after=after, count=count)

    return await context_of(request).run(look, actor=caller.actor)


@router.get("/recalls")
async def list_recalls(
    request: Request,
    caller: SeeDue,
    *,
    open_: Annotated[Open, Query(alias="open")] = None,
    after: After = None,
    count: Count = PAGE,
) -> Paged[RecallShown]:
    """The recalls by the day they are due."""

    def look(library: Library) -> Paged[RecallShown]:
        found = [(one, one.what) for one in library.due().recalls if isinstance(one.what, Recall)]
        return _paged(found, RecallShown.of, open_=open_, after=after, count=count)

    return await context_of(request).run(look, actor=caller.actor)


@router.get("/demands")
async def list_demands(
    request: Request,
    caller: SeeDue,
    *,
    open_: Annotated[Open, Query(alias="open")] = None,
    after: After = None,
    count: Count = PAGE,
) -> Paged[DemandShown]:
    """The demands from the public by the day they are due. Who sent them is read at the desk."""

    def look(library: Library) -> Paged[DemandShown]:
        found = [(one, one.what) for one in library.due().demands if isinstance(one.what, Demand)]
        return _paged(found, DemandShown.of, open_=open_, after=after, count=count)

    return await context_of(request).run(look, actor=caller.actor)


# --------------------------------------------------------------------------------------------------


def _paged(
    found: list[tuple[Due, T]],
    shown: Callable[[Due, T], S],
    *,
    open_: bool | None,
    after: str | None,
    count: int,
) -> Paged[S]:
    kept = [
        (f"{due.by:%Y-%m-%dT%H:%M:%S}~{due.what.id}", (due, what))
        for due, what in found
        if open_ in (None, due.open)
    ]
    page, following = one_page(kept, after, count)
    return Paged(items=[shown(*one) for one in page], next=following)
