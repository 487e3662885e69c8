"""
The review queue: what the model is not sure of, and what a person says to it.

An answer counts as that of the account, and the model never overwrites it. A token with the scope
`review` is for programs by which a person answers, and not for programs that answer themselves.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request

from countenance.api.gate import Answers, Door, SeeQuestions, context_of, refusal
from countenance.api.shapes import (
    PAGE,
    Box,
    CollectionIn,
    Count,
    Shape,
    SightingIn,
    example,
    showing,
)
from countenance.catalog.steps import Step, StepKind
from countenance.gallery.bands import Band
from countenance.library import Library
from countenance.search.review import Answer, Asked, Wanted

router = APIRouter(route_class=Door, tags=["review"])

_KEY = "^(likely|unsure)~s_[0-9a-hjkmnp-tv-z]{16}$"


class QuestionShown(Shape):
    """A question: whether somebody is who the model takes them for."""

    model_config = showing(
        {
            "sighting": example("s"),
            "person": example("p"),
            "name": "Ada Berg",
            "photo": example("i"),
            "band": "likely",
            "box": {"x1": 40, "y1": 40, "x2": 168, "y2": 168},
            "at": None,
        }
    )

    sighting: str
    person: str
    name: str
    photo: str
    band: Band
    box: Box
    at: float | None = Field(description="In a film, of which instant the box is, in seconds.")


class Questions(Shape):
    """A page of questions, the likelier ones first."""

    items: list[QuestionShown]
    left: int = Field(description="How many there are; of very many, only that.")
    aside: int = Field(description="How many of those somebody was not sure of.")
    next: str | None = Field(description="The key to go on with, as `after`.")

    @classmethod
    def of(cls, asked: Asked) -> "Questions":
        """A page of questions, as the API tells of it."""
        return cls(
            items=[
                QuestionShown(
                    sighting=one.sighting,
                    person=one.person,
                    name=asked.names[one.person],
                    photo=one.photo,
                    band=one.band,
                    box=Box.of(one.box),
                    at=one.at,
                )
                for one in asked.questions
            ],
            left=asked.left,
            aside=asked.aside,
            next=None if asked.last is None else "~".join(asked.last),
        )


class Answering(Shape):
    """What a person says to a question."""

    model_config = showing({"answer": "yes"})

    answer: Answer


class StepShown(Shape):
    """What was decided, as a step that can be taken back at the desk."""

    model_config = showing(
        {
            "id": example("w"),
            "kind": "yes",
            "person": example("p"),
            "sighting": example("s"),
            "at": "2026-05-03T10:12:44Z",
        }
    )

    id: str
    kind: StepKind
    person: str
    sighting: str | None
    at: datetime

    @classmethod
    def of(cls, step: Step) -> "StepShown":
        """A step, as the API tells of it."""
        return cls(
            id=step.id,
            kind=step.what.kind,
            person=step.what.person,
            sighting=step.what.sighting,
            at=step.at,
        )


@router.get("/collections/{which}/questions")
async def list_questions(  # noqa: PLR0913  each is a part of the question
    request: Request,
    which: CollectionIn,
    caller: SeeQuestions,
    *,
    aside: Annotated[
        bool, Query(description="Those that somebody was not sure of.", examples=[False])
    ] = False,
    after: Annotated[
        str | None,
        Query(
            pattern=_KEY,
            description="The key that the page before ended with: its `next`.",
            examples=[f"likely~{example('s')}"],
        ),
    ] = None,
    count: Count = PAGE,
) -> Questions:
    """
    The questions of a collection. To be asked about somebody is to look for them: it is in the log,
    and each page counts as one search.

    Only who agreed to be found by staff is asked about.
    """
    band, _, sighting = (after or "~").partition("~")

    def look(library: Library) -> Questions:
        library.open_review()
        wanted = Wanted(collection=which, aside=aside)
        return Questions.of(library.questions(wanted, after=(band, sighting), count=count))

    return await context_of(request).run(look, actor=caller.actor)


@router.post(
    "/questions/{which}/answer",
    status_code=201,
    responses={409: refusal("Somebody has answered it meanwhile.")},
)
async def answer(
    request: Request, which: SightingIn, answering: Answering, caller: Answers
) -> StepShown:
    """Answer a question: yes, no, or not sure. A no is for good, but for whoever takes it back."""
    return await context_of(request).run(
        lambda library: StepShown.of(library.answer(which, answering.answer)), actor=caller.actor
    )
