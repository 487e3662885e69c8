"""
One's own: withdrawing, by the link that leads to one's pictures. No account and no login beyond it
(P16).

A token of the staff does not withdraw for others: what cannot be undone takes a person, who has
shown lately that it is they (`accounts.roles`).
"""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request

from countenance.api.gate import ByLink, Door, bearer, context_of
from countenance.api.shapes import Shape, example, showing
from countenance.erasure.withdraw import Withdrawal
from countenance.errors import NotFound, NotSignedIn
from countenance.library import Library
from countenance.people.purpose import Purpose, Wish

router = APIRouter(route_class=Door, tags=["own"])

CHANNEL_PATTERN = r"^[0-9A-Za-zÀ-ɏ][^\x00-\x1f]{0,79}$"

Channel = Annotated[
    str,
    Field(pattern=CHANNEL_PATTERN, description="A channel of publishing.", examples=["website"]),
]


class Withdrawing(Shape):
    """What is withdrawn: one purpose, or everything."""

    model_config = showing({"purpose": None}, {"purpose": "staff-find"})

    purpose: Purpose | None = Field(description="Nothing stands for everything.")

    def what(self) -> Purpose | Wish | None:
        return self.purpose


class WithdrawingChannel(Shape):
    """What is withdrawn: one channel of publishing."""

    model_config = showing({"purpose": "may-publish", "channel": "website"})

    purpose: Literal[Purpose.MAY_PUBLISH]
    channel: Channel

    def what(self) -> Purpose | Wish | None:
        return Wish(Purpose.MAY_PUBLISH, self.channel.strip())


class Withdrawn(Shape):
    """What a withdrawal did."""

    model_config = showing(
        {
            "withdrawn": ["find-me", "may-publish:website"],
            "sightings": 31,
            "erased": True,
            "erasure": example("e"),
            "receipt": f"/api/v1/receipts/{example('e')}",
        }
    )

    withdrawn: list[str] = Field(description="What was in force, and is no longer.")
    sightings: int = Field(description="In how many places they are found no more.")
    erased: bool = Field(description="Whether nothing is agreed to any more: all of it goes.")
    erasure: str = Field(description="The number of the erasure, for its receipt.")
    receipt: str = Field(description="Where the receipt is, and stays.")

    @classmethod
    def of(cls, done: Withdrawal) -> "Withdrawn":
        """A withdrawal, as the API tells of it."""
        return cls(
            withdrawn=list(done.withdrawn),
            sightings=done.sightings,
            erased=done.erased,
            erasure=done.erasure,
            receipt=f"/api/v1/receipts/{done.erasure}",
        )


@router.post("/own/withdrawals", status_code=201)
async def withdraw(
    request: Request, withdrawing: Withdrawing | WithdrawingChannel, link: ByLink
) -> Withdrawn:
    """
    Withdraw, for oneself, by one's own link: `Authorization: Bearer` and what stands after `/me/`.

    From the answer on they are found nowhere. What is left of the erasure its receipt says.
    """
    del link
    context, token, what = context_of(request), bearer(request), withdrawing.what()
    if not token:
        raise NotSignedIn("this takes one's own link: Authorization: Bearer LINK")
    context.limits.guesses(context.address(request))

    def act(library: Library) -> Withdrawal | None:
        try:
            library.own(token)
        except NotFound:
            return None
        return library.leave(token, what)

    done = await context.run(act)
    if done is None:
        context.limits.guessed(context.address(request))
        raise NotSignedIn("this link leads nowhere")
    return Withdrawn.of(done)
