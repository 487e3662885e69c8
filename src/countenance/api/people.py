"""People who enrolled, and what they agree to."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request

from countenance.api.gate import Door, SeePeople, SeePerson, context_of
from countenance.api.shapes import (
    PAGE,
    Count,
    Paged,
    PersonIn,
    Shape,
    example,
    id_after,
    one_page,
    showing,
)
from countenance.errors import NotFound
from countenance.library import Library
from countenance.people.consent import Consent, ConsentEvent, ConsentState, EventKind
from countenance.people.guardians import Role
from countenance.people.purpose import Purpose

router = APIRouter(route_class=Door, tags=["people"])


class Agreed(Shape):
    """What somebody agrees to now."""

    model_config = showing(
        {"purpose": "may-publish", "channel": "website", "until": "2027-05-01T00:00:00Z"}
    )

    purpose: Purpose
    channel: str = Field(description="The channel of a `may-publish`; else empty.")
    until: datetime | None = Field(description="The first instant without it.")

    @classmethod
    def of(cls, one: Consent) -> "Agreed":
        """A consent that is in force, as the API tells of it."""
        return cls(purpose=one.wish.purpose, channel=one.wish.channel, until=one.events[-1].until)


class PersonShown(Shape):
    """Somebody who enrolled."""

    id: str = Field(examples=[example("p")])
    name: str = Field(examples=["Ada Berg"])
    enrolled_at: datetime = Field(examples=["2026-05-01T09:00:00Z"])
    agrees: list[Agreed] = Field(description="What they agree to now.")


class Happened(Shape):
    """One event of a consent. Its state is a function of its events and the time."""

    model_config = showing(
        {
            "kind": "given",
            "at": "2026-05-01T09:00:00Z",
            "until": "2027-05-01T00:00:00Z",
            "role": "self",
            "notice": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "language": "sv",
            "evidence": None,
        }
    )

    kind: EventKind
    at: datetime
    until: datetime | None
    role: Role = Field(description="In what capacity somebody acted.")
    notice: str | None = Field(description="The SHA-256 of the very text that was shown.")
    language: str
    evidence: str | None = Field(description="The SHA-256 of what proves it, if anything does.")

    @classmethod
    def of(cls, one: ConsentEvent) -> "Happened":
        """An event, as the API tells of it."""
        return cls(
            kind=one.kind,
            at=one.at,
            until=one.until,
            role=one.role,
            notice=one.notice,
            language=one.language,
            evidence=one.evidence,
        )


class ConsentShown(Shape):
    """All that somebody said about one purpose, the oldest event first."""

    id: str = Field(examples=[example("n")])
    purpose: Purpose
    channel: str = Field(description="The channel of a `may-publish`; else empty.")
    state: ConsentState
    events: list[Happened]

    @classmethod
    def of(cls, one: Consent, now: datetime) -> "ConsentShown":
        """A consent, as the API tells of it."""
        return cls(
            id=one.id,
            purpose=one.wish.purpose,
            channel=one.wish.channel,
            state=one.state(now),
            events=[Happened.of(each) for each in one.events],
        )


class PersonWhole(Shape):
    """Somebody who enrolled, with all that they ever said."""

    id: str = Field(examples=[example("p")])
    name: str = Field(examples=["Ada Berg"])
    enrolled_at: datetime = Field(examples=["2026-05-01T09:00:00Z"])
    consents: list[ConsentShown]
    objections: int = Field(description="How many objections stand against being recognised.")


@router.get("/people")
async def list_people(
    request: Request,
    caller: SeePeople,
    after: Annotated[str | None, id_after("p")] = None,
    count: Count = PAGE,
) -> Paged[PersonShown]:
    """Who enrolled, by their ids, each with what they agree to now."""

    def look(library: Library) -> Paged[PersonShown]:
        page, following = one_page([(str(one.id), one) for one in library.people()], after, count)
        now, items = library.now(), []
        for one in page:
            live = [each for each in library.consents(one.id)[1] if each.in_force(now)]
            items.append(
                PersonShown(
                    id=one.id,
                    name=one.name,
                    enrolled_at=one.enrolled_at,
                    agrees=[Agreed.of(each) for each in live],
                )
            )
        return Paged(items=items, next=following)

    return await context_of(request).run(look, actor=caller.actor)


@router.get("/people/{which}")
async def show_person(request: Request, which: PersonIn, caller: SeePerson) -> PersonWhole:
    """One person, and every consent with its events. Where they appear, only a search says."""

    def look(library: Library) -> PersonWhole:
        person, own = library.consents(which)
        if person.id != which:
            raise NotFound(f"{which}: no such person")
        now = library.now()
        return PersonWhole(
            id=person.id,
            name=person.name,
            enrolled_at=person.enrolled_at,
            consents=[ConsentShown.of(each, now) for each in own],
            objections=len(library.objections(person.id)),
        )

    return await context_of(request).run(look, actor=caller.actor)
