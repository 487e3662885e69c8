"""Sources: their grants, how they stand, and scans of them."""

from collections import Counter
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request

from countenance.accounts.roles import Right
from countenance.api.gate import Context, Door, Scan, SeeSource, SeeSources, context_of
from countenance.api.jobs import JobShown
from countenance.api.shapes import (
    PAGE,
    Count,
    Paged,
    Shape,
    SourceIn,
    example,
    id_after,
    one_page,
    showing,
)
from countenance.errors import NoGrant, Reason
from countenance.jobs.scanning import ScanState
from countenance.library import Library
from countenance.sources.grant import Grant, GrantPurpose
from countenance.sources.source import Source, SourceKind

router = APIRouter(route_class=Door, tags=["sources"])


class GrantShown(Shape):
    """What the owner of a source allowed, and whether it holds now."""

    model_config = showing(
        {
            "id": example("g"),
            "by": "the club",
            "scope": ["**"],
            "purposes": ["match", "publish"],
            "given_at": "2026-05-01T09:00:00Z",
            "until": "2027-05-01T00:00:00Z",
            "revoked_at": None,
            "in_force": True,
        }
    )

    id: str
    by: str = Field(description="Who gave it.")
    scope: list[str] = Field(description="Which locations it covers.")
    purposes: list[GrantPurpose]
    given_at: datetime
    until: datetime = Field(description="The first instant without it.")
    revoked_at: datetime | None
    in_force: bool

    @classmethod
    def of(cls, one: Grant, now: datetime) -> "GrantShown":
        """A grant, as the API tells of it."""
        return cls(
            id=one.id,
            by=one.granted_by,
            scope=list(one.scope),
            purposes=sorted(one.purposes),
            given_at=one.given_at,
            until=one.until,
            revoked_at=one.revoked_at,
            in_force=one.in_force(now),
        )


class SourceShown(Shape):
    """A place pictures come from, and how it stands."""

    model_config = showing(
        {
            "id": example("d"),
            "kind": "folder",
            "location": "/srv/photos/gala",
            "collection": example("c"),
            "added_at": "2026-05-01T09:00:00Z",
            "live": True,
            "photos": 412,
            "grants": [],
            "unread": {"veto": 3, "damaged": 1},
        }
    )

    id: str
    kind: SourceKind
    location: str
    collection: str
    added_at: datetime
    live: bool = Field(description="Whether a grant of it is in force now.")
    photos: int = Field(description="How many photos of it there are.")
    grants: list[GrantShown] = Field(description="Every grant that it gave, the oldest first.")
    unread: dict[Reason, int] = Field(
        description="How many files of it have no result, by why: damaged, a veto and so on."
    )

    @classmethod
    def of(cls, one: Source, library: Library) -> "SourceShown":
        """A source, as the API tells of it."""
        now = library.now()
        given = [GrantShown.of(each, now) for each in library.grants(one.id)]
        return cls(
            id=one.id,
            kind=one.kind,
            location=one.location,
            collection=one.collection,
            added_at=one.added_at,
            live=any(each.in_force for each in given),
            photos=library.photos_of(one.id),
            grants=given,
            unread=dict(Counter(each.reason for each in library.troubles(one.id))),
        )


class ScanShown(Shape):
    """How the newest scan that was asked for stands, and the newest job of the source."""

    model_config = showing({"source": example("d"), "state": "waiting", "trouble": "", "job": None})

    source: str
    state: ScanState = Field(
        description="Of the newest that was asked for since the server began; none, if none was."
    )
    trouble: str = Field(description="Why it failed, if it did.")
    job: JobShown | None = Field(description="The newest job of the source, with its progress.")


@router.get("/sources")
async def list_sources(
    request: Request,
    caller: SeeSources,
    collection: Annotated[
        str | None,
        Query(
            pattern="^c_[0-9a-hjkmnp-tv-z]{16}$",
            description="Only those of this collection.",
            examples=[example("c")],
        ),
    ] = None,
    after: Annotated[str | None, id_after("d")] = None,
    count: Count = PAGE,
) -> Paged[SourceShown]:
    """The sources that the account may see, by their ids, each with its grants."""

    def look(library: Library) -> Paged[SourceShown]:
        given = [
            (str(one.id), one)
            for one in library.sources()
            if caller.may(Right.SEE_SOURCES, one.id, one.collection)
            and collection in (None, one.collection)
        ]
        page, following = one_page(given, after, count)
        return Paged(items=[SourceShown.of(one, library) for one in page], next=following)

    return await context_of(request).run(look, actor=caller.actor)


@router.get("/sources/{which}")
async def show_source(request: Request, which: SourceIn, caller: SeeSource) -> SourceShown:
    """One source: every grant it gave, and what of it could not be read, counted by why."""
    return await context_of(request).run(
        lambda library: SourceShown.of(library.source(which), library), actor=caller.actor
    )


@router.post("/sources/{which}/scan", status_code=202)
async def start_scan(request: Request, which: SourceIn, caller: Scan) -> ScanShown:
    """
    Ask for a source to be scanned and ingested, when its turn comes. It needs a grant in force.

    The answer comes at once; `GET` of the same path says how far it is. To ask twice does it once.
    """
    context = context_of(request)

    def require(library: Library) -> Source:
        found = library.source(which)
        if all(one.id != found.id for one in library.sources_in_force()):
            raise NoGrant(f"{which}: no grant of it is in force")
        return found

    found = await context.run(require, actor=caller.actor)
    context.scanning.ask(found.id, actor=caller.actor)
    return await _stands(context, found.id, caller.actor)


@router.get("/sources/{which}/scan")
async def show_scan(request: Request, which: SourceIn, caller: SeeSource) -> ScanShown:
    """How the newest scan stands, with the progress of the job."""
    return await _stands(context_of(request), which, caller.actor)


# --------------------------------------------------------------------------------------------------


async def _stands(context: Context, which: str, actor: str) -> ScanShown:
    def look(library: Library) -> ScanShown:
        source = library.source(which)
        asked = context.scanning.state(source.id)
        newest = next((one for one in library.jobs() if source.id in one.sources), None)
        return ScanShown(
            source=source.id,
            state=asked.state,
            trouble=asked.trouble,
            job=None if newest is None else JobShown.of(newest),
        )

    return await context.run(look, actor=actor)
