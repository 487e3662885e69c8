"""Collections: their rule and its ground, and how much is in them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request

from countenance.accounts.roles import Right
from countenance.api.gate import Door, SeeCollection, SeeCollections, context_of
from countenance.api.shapes import (
    PAGE,
    CollectionIn,
    Count,
    Paged,
    Shape,
    example,
    id_after,
    one_page,
    showing,
)
from countenance.catalog.collections import Collection
from countenance.errors import NotFound
from countenance.library import Library

router = APIRouter(route_class=Door, tags=["collections"])


class CollectionShown(Shape):
    """Pictures that belong together, and whether faces in them may be recognised."""

    model_config = showing(
        {
            "id": example("c"),
            "name": "gala",
            "recognition": True,
            "ground": "notice at the entrance, consent at registration",
            "minors": False,
            "assessed_at": "2026-05-01T09:00:00Z",
            "sources": [example("d")],
            "photos": 412,
        }
    )

    id: str
    name: str
    recognition: bool = Field(description="Whether faces in it may be recognised at all.")
    ground: str = Field(description="Why they may. Empty where they may not.")
    minors: bool = Field(description="Whether only those on its roster are recognised.")
    assessed_at: datetime | None = Field(
        description="When its impact assessment was written, if it was."
    )
    sources: list[str] = Field(description="The ids of its sources.")
    photos: int = Field(description="How many photos may be shown now.")

    @classmethod
    def of(cls, one: Collection, library: Library) -> "CollectionShown":
        """A collection, as the API tells of it."""
        assessed = library.assessment(one.id)
        return cls(
            id=one.id,
            name=one.name,
            recognition=one.recognition,
            ground=one.ground,
            minors=one.minors,
            assessed_at=None if assessed is None else assessed.at,
            sources=sorted(each.id for each in library.sources() if each.collection == one.id),
            photos=library.count_photos(one.id),
        )


@router.get("/collections")
async def list_collections(
    request: Request,
    caller: SeeCollections,
    after: Annotated[str | None, id_after("c")] = None,
    count: Count = PAGE,
) -> Paged[CollectionShown]:
    """The collections that the account may see, by their ids."""

    def look(library: Library) -> Paged[CollectionShown]:
        given = [
            (str(one.id), one)
            for one in library.collections()
            if caller.may(Right.SEE_SOURCES, one.id)
        ]
        page, following = one_page(given, after, count)
        items = [CollectionShown.of(one, library) for one in page]
        return Paged(items=items, next=following)

    return await context_of(request).run(look, actor=caller.actor)


@router.get("/collections/{which}")
async def show_collection(
    request: Request, which: CollectionIn, caller: SeeCollection
) -> CollectionShown:
    """One collection: its rule and its ground, its sources, how much is in it."""

    def look(library: Library) -> CollectionShown:
        for one in library.collections():
            if one.id == which:
                return CollectionShown.of(one, library)
        raise NotFound(f"{which}: no such collection")

    return await context_of(request).run(look, actor=caller.actor)
