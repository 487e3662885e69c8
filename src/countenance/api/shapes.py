"""What answers are made of: ids and cursors as they are written, pages, photos, sightings."""

from collections.abc import Mapping
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from countenance.catalog.buckets import Place, Tile
from countenance.catalog.photos import Box as Corners
from countenance.catalog.photos import PhotoKind
from countenance.catalog.sightings import Sighting, SightingState
from countenance.core.ids import PhotoId
from countenance.gallery.bands import Band
from countenance.library import Library

T = TypeVar("T")

MOST = 250
"""Of anything on a page."""

PAGE = 50

_ID = "[0-9a-hjkmnp-tv-z]{16}"
_EXAMPLE = "7q2m0c4x9v1ksz3d"


def example(prefix: str) -> str:
    """An id for the examples of the document."""
    return f"{prefix}_{_EXAMPLE}"


def _pattern(prefix: str) -> str:
    return f"^{prefix}_{_ID}$"


def _named(prefix: str, what: str) -> Any:  # noqa: ANN401  as FastAPI gives it
    return Path(pattern=_pattern(prefix), description=what, examples=[example(prefix)])


CollectionIn = Annotated[str, _named("c", "The id of a collection.")]
SourceIn = Annotated[str, _named("d", "The id of a source.")]
PhotoIn = Annotated[str, _named("i", "The id of a photo.")]
PersonIn = Annotated[str, _named("p", "The id of a person.")]
JobIn = Annotated[str, _named("j", "The id of a job.")]
SightingIn = Annotated[str, _named("s", "The id of a sighting.")]
ErasureIn = Annotated[str, _named("e", "The number of an erasure, as its receipt has it.")]
PublicationIn = Annotated[str, _named("x", "The id of a publication, as it stands in the file.")]

Number = Annotated[
    int | None,
    Query(
        ge=0,
        le=2**53,
        description="The key that the page before ended with: its `next`.",
        examples=[120],
    ),
]
Count = Annotated[int, Query(ge=1, le=MOST, description="At most so many.", examples=[20])]

PLACE_PATTERN = f"^[0-9T:-]{{0,19}}~i_{_ID}$"
PLACE_EXAMPLE = f"2026-05-03T10:12:44~i_{_EXAMPLE}"


def showing(*examples: Mapping[str, Any]) -> ConfigDict:
    """What a shape says of itself in the document: examples of it."""
    return ConfigDict(json_schema_extra={"examples": [dict(one) for one in examples]})


def id_after(prefix: str) -> Any:  # noqa: ANN401  as FastAPI gives it
    """A cursor that is an id."""
    return Query(
        pattern=_pattern(prefix),
        description="The key that the page before ended with: its `next`.",
        examples=[example(prefix)],
    )


class Shape(BaseModel):
    """The form of an answer or of a part of one. It has no field but those that are told."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Paged(Shape, Generic[T]):
    """A page of a list."""

    items: list[T] = Field(description="What is on it, in the order of their keys.")
    next: str | None = Field(
        description="The key to go on with, as `after`; nothing on the last page."
    )


class Box(Shape):
    """A place in a photo: of the upright photo at its full size, in pixels from its top left."""

    x1: float
    y1: float
    x2: float
    y2: float

    @classmethod
    def of(cls, box: Corners) -> "Box":
        """A box, as the API tells of it."""
        x1, y1, x2, y2 = box
        return cls(x1=x1, y1=y1, x2=x2, y2=y2)


class PhotoShown(Shape):
    """A photo or a film, where it stands, and how to look at it."""

    model_config = showing(
        {
            "id": example("i"),
            "source": example("d"),
            "kind": "photo",
            "width": 4000,
            "height": 3000,
            "seconds": None,
            "moment": "2026-05-03T10:12:44",
            "where": "https://club.example/gala/one.jpg",
            "thumbnail": f"/api/v1/photos/{example('i')}/thumbnail",
        }
    )

    id: str = Field(pattern=_pattern("i"))
    source: str = Field(description="The source that it is of.", pattern=_pattern("d"))
    kind: PhotoKind
    width: int = Field(description="Of the upright photo, in pixels.")
    height: int = Field(description="Of the upright photo, in pixels.")
    seconds: float | None = Field(description="How long a film is.")
    moment: str = Field(
        description="When it was taken by the camera's own clock, or else added here."
    )
    where: str = Field(description="The address at which a person can open it.")
    thumbnail: str | None = Field(
        description="Where its picture is; nothing if there is nothing to look at."
    )

    @classmethod
    def of(cls, tile: Tile, library: Library) -> "PhotoShown":
        """A photo, with where it stands, as the API tells of it."""
        return cls(
            id=tile.photo,
            source=tile.source,
            kind=PhotoKind(tile.kind),
            width=tile.width,
            height=tile.height,
            seconds=tile.seconds,
            moment=tile.place.moment,
            where=library.where_is(tile),
            thumbnail=None if tile.preview is None else f"/api/v1/photos/{tile.photo}/thumbnail",
        )


class SightingShown(Shape):
    """
    Somebody in a photo. How sure it is, is a word and never a number; there is none where somebody
    put them there by hand.
    """

    model_config = showing(
        {
            "id": example("s"),
            "person": example("p"),
            "photo": example("i"),
            "band": "sure",
            "state": "candidate",
            "box": {"x1": 40, "y1": 40, "x2": 168, "y2": 168},
        }
    )

    id: str = Field(pattern=_pattern("s"))
    person: str = Field(pattern=_pattern("p"))
    photo: str = Field(pattern=_pattern("i"))
    band: Band | None
    state: SightingState = Field(description="Who stands behind it: the model, or a person.")
    box: Box

    @classmethod
    def of(cls, seen: Sighting) -> "SightingShown":
        """A sighting, as the API tells of it."""
        return cls(
            id=seen.id,
            person=seen.person,
            photo=seen.photo,
            band=seen.band,
            state=seen.state,
            box=Box.of(seen.box),
        )


def written(place: Place | None) -> str | None:
    """A place as a cursor."""
    return None if place is None else f"{place.moment}~{place.photo}"


def read_place(cursor: str | None) -> Place | None:
    """The place of a cursor that is of `PLACE_PATTERN`."""
    if not cursor:
        return None
    moment, _, photo = cursor.rpartition("~")
    return Place(moment, PhotoId(photo))


def one_page(
    keyed: list[tuple[str, T]], after: str | None, count: int
) -> tuple[list[T], str | None]:
    """Of things and their keys, those after a key, at most so many; and the key to go on with."""
    left = sorted((one for one in keyed if one[0] > (after or "")), key=lambda one: one[0])
    page = left[:count]
    return [one for _, one in page], page[-1][0] if len(left) > count else None
