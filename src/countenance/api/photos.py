"""Photos: those of a collection, one of them, and what it looks like."""

from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from countenance.api.gate import Door, SeePhoto, SeePhotos, context_of
from countenance.api.shapes import (
    PAGE,
    PLACE_EXAMPLE,
    PLACE_PATTERN,
    CollectionIn,
    Count,
    Paged,
    PhotoIn,
    PhotoShown,
    read_place,
    written,
)
from countenance.library import Library
from countenance.media.cut import Cut

router = APIRouter(route_class=Door, tags=["photos"])

_JPEG = {"image/jpeg": {"schema": {"type": "string", "contentMediaType": "image/jpeg"}}}


@router.get("/collections/{which}/photos")
async def list_photos(
    request: Request,
    which: CollectionIn,
    caller: SeePhotos,
    after: Annotated[
        str | None,
        Query(
            pattern=PLACE_PATTERN,
            description="The key that the page before ended with: its `next`.",
            examples=[PLACE_EXAMPLE],
        ),
    ] = None,
    count: Count = PAGE,
) -> Paged[PhotoShown]:
    """
    The photos of a collection that a grant covers now, by when they were taken.

    The key is where the next page begins, so that nothing is counted from the start.
    """

    def look(library: Library) -> Paged[PhotoShown]:
        tiles = library.bucket(which, read_place(after), count=count + 1)
        following = tiles[count].place if len(tiles) > count else None
        items = [PhotoShown.of(one, library) for one in tiles[:count]]
        return Paged(items=items, next=written(following))

    return await context_of(request).run(look, actor=caller.actor)


@router.get("/photos/{which}")
async def show_photo(request: Request, which: PhotoIn, caller: SeePhoto) -> PhotoShown:
    """One photo, and where it stands. Who is in it, only a search says."""
    return await context_of(request).run(
        lambda library: PhotoShown.of(library.tile_of(which), library), actor=caller.actor
    )


@router.get(
    "/photos/{which}/thumbnail",
    response_class=Response,
    responses={
        200: {"description": "The picture.", "content": _JPEG},
        304: {"description": "It is still the one of `If-None-Match`."},
    },
)
async def show_thumbnail(
    request: Request,
    which: PhotoIn,
    caller: SeePhoto,
    *,
    large: Annotated[
        bool, Query(description="Its preview, instead of the small one.", examples=[False])
    ] = False,
    if_none_match: Annotated[
        str | None, Header(description="The `ETag` of the one that is known.", examples=['"a1b2"'])
    ] = None,
) -> Response:
    """What a photo looks like, as a JPEG. The grant is asked as it leaves."""
    how = Cut.WHOLE if large else Cut.SMALL
    sent = await context_of(request).run(
        lambda library: library.picture_of(which, how), actor=caller.actor
    )
    headers = {"Cache-Control": "private, no-cache", "ETag": f'"{sent.digest[:24]}{how[0]}"'}
    if if_none_match == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(sent.data, headers=headers, media_type="image/jpeg")
