"""
Searches, for `staff-find`: by names, words and dates, or by a photo that is given.

Only who agreed to that is named. Who did not enrol, who declined and who is in no picture are one
answer, also in its status and its form (P10). Each page is a search: it is in the log, and counts
against the searches of the hour.
"""

from datetime import date
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request

from countenance.api.bodies import PICTURES, picture_in
from countenance.api.gate import Door, Search, context_of, refusal
from countenance.api.shapes import (
    MOST,
    PAGE,
    PLACE_EXAMPLE,
    PLACE_PATTERN,
    Box,
    PhotoShown,
    Shape,
    SightingShown,
    example,
    read_place,
    showing,
    written,
)
from countenance.gallery.bands import Band
from countenance.library import Library
from countenance.people.purpose import Purpose
from countenance.search.probe import ProbeFace
from countenance.search.question import MAX_CHARACTERS

router = APIRouter(route_class=Door, tags=["search"])


class Question(Shape):
    """One line, as in the search box of the desk: names, words and dates."""

    model_config = showing(
        {"text": "Ada Berg finish 2026-05", "collection": None, "after": None, "count": 50}
    )

    text: str = Field(
        description='Names, words, "words in quotes", and dates: `2026-05`, `3 May 2026`, '
        "`2026-05-01..2026-05-09`.",
        min_length=1,
        max_length=MAX_CHARACTERS,
    )
    collection: str | None = Field(
        default=None,
        description="Only in this collection.",
        pattern="^c_[0-9a-hjkmnp-tv-z]{16}$",
        examples=[example("c")],
    )
    after: str | None = Field(
        default=None,
        description="The key that the page before ended with: its `next`.",
        pattern=PLACE_PATTERN,
        examples=[PLACE_EXAMPLE],
    )
    count: Annotated[int, Field(ge=1, le=MOST, description="At most so many.")] = PAGE


class Named(Shape):
    """Somebody who was named, and agreed to be found by staff."""

    model_config = showing({"id": example("p"), "name": "Ada Berg"})

    id: str
    name: str


class Hit(Shape):
    """A photo that answers, with the sightings of those who were named in it."""

    photo: PhotoShown
    sightings: list[SightingShown] = Field(description="None where its words answered.")


class Answered(Shape):
    """A page of photos that answer, by when they were taken."""

    words: list[str] = Field(description="What was read as names and words.", examples=[["Ada"]])
    since: date | None = Field(description="From this day on, if one was named.")
    until: date | None = Field(description="Until this day, which counts, if one was named.")
    people: list[Named] = Field(description="Those named of whom there are photos on this page.")
    items: list[Hit]
    next: str | None = Field(description="The key to go on with, as `after`.")


class Candidate(Shape):
    """Somebody whom a face may show, in a band, and where else they appear."""

    person: Named
    band: Band = Field(description="How sure it is, in a word. There is no number.")
    sightings: list[SightingShown]


class FaceShown(Shape):
    """A face in the picture that was given. Of who is not known here there is no candidate."""

    box: Box = Field(examples=[{"x1": 40, "y1": 40, "x2": 168, "y2": 168}])
    candidates: list[Candidate]

    @classmethod
    def of(cls, face: ProbeFace) -> "FaceShown":
        """A face of the picture, as the API tells of it."""
        return cls(
            box=Box.of(face.box),
            candidates=[
                Candidate(
                    person=Named(id=one.person, name=one.name),
                    band=one.band,
                    sightings=[SightingShown.of(seen) for seen in one.sightings],
                )
                for one in face.candidates
            ],
        )


class Faces(Shape):
    """The faces of the picture that was given."""

    faces: list[FaceShown]


@router.post("/searches", responses={404: refusal("There is no such collection.")})
async def search(request: Request, question: Question, caller: Search) -> Answered:
    """Photos that answer names, words and dates, page by page."""

    def look(library: Library) -> Answered:
        found = library.look(
            question.text,
            collection=question.collection or "",
            after=read_place(question.after),
            count=question.count,
        )
        return Answered(
            words=list(found.question.terms),
            since=found.question.since,
            until=found.question.until,
            people=[Named(id=who, name=name) for who, name in sorted(found.names.items())],
            items=[
                Hit(
                    photo=PhotoShown.of(one.tile, library),
                    sightings=[SightingShown.of(seen) for seen in one.sightings],
                )
                for one in found.hits
            ],
            next=written(found.last),
        )

    return await context_of(request).run(look, actor=caller.actor)


@router.post(
    "/searches/picture",
    openapi_extra={"requestBody": PICTURES},
    responses={
        413: refusal("The picture is longer than it may be."),
        415: refusal("The body is no picture by its type."),
        422: refusal("The picture cannot be read."),
    },
)
async def search_by_picture(request: Request, caller: Search) -> Faces:
    """
    Who is in a picture, among those who agreed to be found by staff. The picture is the body.

    It is looked at in memory and kept nowhere.
    """
    context = context_of(request)
    context.limits.sent(caller.actor)
    data = await picture_in(request)
    found = await context.look(
        lambda library: library.search(data, purpose=Purpose.STAFF_FIND), actor=caller.actor
    )
    return Faces(faces=[FaceShown.of(face) for face in found])
