"""
Publishing: the check of a photo for a channel, face by face, and the file that is given out.

Unknown counts as no, and nobody who is covered is named. The file is the answer itself, and is kept
nowhere; its disclosure stays, for recalls.
"""

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from countenance.accounts.roles import Right
from countenance.api.gate import (
    Caller,
    Check,
    Door,
    SeePublication,
    SeeRecipients,
    context_of,
    refusal,
)
from countenance.api.own import Channel
from countenance.api.shapes import (
    PAGE,
    Box,
    Count,
    Paged,
    PhotoIn,
    PublicationIn,
    Shape,
    example,
    id_after,
    one_page,
    showing,
)
from countenance.catalog.photos import Box as Corners
from countenance.catalog.photos import PhotoKind
from countenance.errors import NoConsent
from countenance.library import Library
from countenance.media.cover import Colour
from countenance.publish.check import Checked, CheckedFace
from countenance.publish.export import Published
from countenance.publish.plan import MIN_REASON_CHARACTERS, Hand
from countenance.publish.verdict import Ground, Verdict

router = APIRouter(route_class=Door, tags=["publishing"])

_MOST_PIXELS = 10**6
_MOST_BOXES = 200
_REASON = 500
_FACE = r"^(f_[0-9a-hjkmnp-tv-z]{16}|m[0-9]{1,4})$"
_BOX = {"x1": 30, "y1": 22, "x2": 180, "y2": 190}
_JPEG = {"image/jpeg": {"schema": {"type": "string", "contentMediaType": "image/jpeg"}}}

Pixels = Annotated[float, Field(ge=-_MOST_PIXELS, le=_MOST_PIXELS, allow_inf_nan=False)]
FaceName = Annotated[str, Field(pattern=_FACE)]


class Wanted(Shape):
    """For which channel a photo is checked."""

    model_config = showing({"channel": "website"})

    channel: Channel


class FaceJudged(Shape):
    """A face, and what becomes of it. Of one that is covered nobody is named."""

    model_config = showing(
        {
            "id": example("f"),
            "verdict": "shown",
            "ground": "agreed",
            "said": "agreed to be shown on website",
            "box": {"x1": 40, "y1": 40, "x2": 168, "y2": 168},
            "cover": _BOX,
            "people": [example("p")],
            "rests_on": [example("n")],
            "sightings": [],
        }
    )

    id: str = Field(description="Of the face; of what the search passed over `m` and a number.")
    verdict: Verdict
    ground: Ground
    said: str = Field(description="The ground as a sentence.")
    box: Box
    cover: Box = Field(description="Of the whole head.")
    people: list[str] = Field(description="Who agreed and may be in it.")
    rests_on: list[str] = Field(description="The consents of theirs that permit it.")
    sightings: list[str] = Field(description="What somebody has to confirm or reject first.")

    @classmethod
    def of(cls, one: CheckedFace, channel: str) -> "FaceJudged":
        """A face, as the API tells of it."""
        return cls(
            id=one.id,
            verdict=one.verdict,
            ground=one.ground,
            said=one.ground.said(channel),
            box=Box.of(one.box),
            cover=Box.of(one.cover),
            people=list(one.people),
            rests_on=list(one.rests_on),
            sightings=list(one.sightings),
        )


class CheckShown(Shape):
    """What of a photo may be shown in a channel, and what may be done instead of a cover."""

    photo: str = Field(examples=[example("i")])
    channel: str = Field(examples=["website"])
    width: int = Field(examples=[4000])
    height: int = Field(examples=[3000])
    free: bool = Field(description="Whether it may be published as it is.")
    obstacle: str = Field(description="Why it may not, whoever is in it; or nothing.")
    faces: list[FaceJudged] = Field(description="From left to right.")
    others: list[str] = Field(
        description="Photos of the same moment in which nobody needs a cover, by id; best first."
    )
    crop: Box | None = Field(description="A part with all who are shown and nobody else.")

    @classmethod
    def of(cls, checked: Checked, library: Library, caller: Caller) -> "CheckShown":
        """A check, without photos that the caller may not publish, as the API tells of it."""
        others = [
            one for one in checked.advice.others if caller.may(Right.PUBLISH, *library.lies_in(one))
        ]
        crop = checked.advice.crop
        return cls(
            photo=checked.photo,
            channel=checked.channel,
            width=checked.width,
            height=checked.height,
            free=checked.is_free,
            obstacle=checked.obstacle,
            faces=[FaceJudged.of(one, checked.channel) for one in checked.faces],
            others=[str(one) for one in others],
            crop=None if crop is None else Box.of(crop),
        )


class Drawn(Shape):
    """A box that somebody drew, in pixels of the upright photo at its full size."""

    model_config = showing(_BOX)

    x1: Pixels
    y1: Pixels
    x2: Pixels
    y2: Pixels

    def corners(self) -> Corners:
        return (self.x1, self.y1, self.x2, self.y2)


class Publishing(Shape):
    """To whom a photo is given, for which channel, and what a person decided about it."""

    model_config = showing(
        {
            "channel": "website",
            "recipient": example("t"),
            "looked": True,
            "cover_asked": True,
            "colour": "slate",
            "added": [_BOX],
            "moved": {},
            "removed": {},
            "crop": None,
        }
    )

    channel: Channel
    recipient: str = Field(description="Its id.", pattern="^t_[0-9a-hjkmnp-tv-z]{16}$")
    looked: bool = Field(
        description="A person's word that they looked at the whole photo, and that everybody in it "
        "is known to the check. Without it nothing is published."
    )
    cover_asked: bool = Field(
        default=False, description="Cover those whom somebody would have to look at first."
    )
    colour: Colour = Field(default=Colour.SLATE, description="Of the covers.")
    added: list[Drawn] = Field(
        default=[], max_length=_MOST_BOXES, description="Covers besides those of the verdict."
    )
    moved: dict[FaceName, Drawn] = Field(
        default={}, max_length=_MOST_BOXES, description="Covers that are elsewhere, by face."
    )
    removed: dict[
        FaceName, Annotated[str, Field(min_length=MIN_REASON_CHARACTERS, max_length=_REASON)]
    ] = Field(
        default={}, max_length=_MOST_BOXES, description="Covers that come off, each with why."
    )
    crop: Drawn | None = Field(default=None, description="The part that is given out.")

    def hand(self) -> Hand:
        """What a person decided, for the plan of the file."""
        return Hand(
            added=[one.corners() for one in self.added],
            moved={face: one.corners() for face, one in self.moved.items()},
            removed=dict(self.removed),
            cover_asked=self.cover_asked,
            crop=None if self.crop is None else self.crop.corners(),
            colour=self.colour,
        )


class PublicationShown(Shape):
    """A file that was given out: to whom, for what, and who is shown in it on which consent."""

    model_config = showing(
        {
            "id": example("x"),
            "photo": example("i"),
            "recipient": example("t"),
            "channel": "website",
            "at": "2026-05-03T10:12:44Z",
            "covers": 2,
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "shown": {example("p"): example("n")},
            "uncovered": {},
        }
    )

    id: str
    photo: str
    recipient: str
    channel: str
    at: datetime
    covers: int
    sha256: str | None = Field(description="Of the very file, if one was made.")
    shown: dict[str, str] = Field(description="Who is shown, by id, each on which consent.")
    uncovered: dict[str, str] = Field(description="The covers taken off by hand, each with why.")


class RecipientShown(Shape):
    """To whom files may be given."""

    model_config = showing({"id": example("t"), "name": "The Echo"})

    id: str
    name: str


class Channels(Shape):
    """Every channel that anybody has agreed to be shown in."""

    channels: list[str] = Field(examples=[["newspaper", "website"]])


_REFUSED: dict[int | str, dict[str, Any]] = {
    422: refusal("The question is malformed, or the photo cannot be read at its source."),
    409: refusal("Another run holds the library."),
}


@router.post("/photos/{which}/checks", responses=_REFUSED)
async def check(request: Request, which: PhotoIn, wanted: Wanted, caller: Check) -> CheckShown:
    """
    What of a photo may be shown in a channel, face by face. It is in the log, with who is named.

    Films have no verdict, and are refused.
    """
    context = context_of(request)
    context.limits.sent(caller.actor)
    return await context.look(
        lambda library: CheckShown.of(library.check(which, wanted.channel), library, caller),
        actor=caller.actor,
    )


@router.post(
    "/photos/{which}/publications",
    status_code=201,
    response_class=Response,
    responses={
        **_REFUSED,
        201: {
            "description": "The file. `Location` is that of its disclosure.",
            "content": _JPEG,
            "headers": {
                "Location": {
                    "description": "Where the disclosure is.",
                    "schema": {"type": "string"},
                }
            },
        },
    },
)
async def publish(
    request: Request, which: PhotoIn, publishing: Publishing, caller: Check
) -> Response:
    """
    Publish a photo: a new file, made of its pixels, in which whoever may not be shown is covered.

    What fails its own check is not given out. Films are published by the command line.
    """
    context = context_of(request)
    context.limits.sent(caller.actor)

    def act(library: Library) -> tuple[Published, bytes]:
        if library.tile_of(which).kind == PhotoKind.FILM:
            raise NoConsent(f"{which}: a film is published by the command line")
        # What is written there is the file as it is given out, covers and all; nothing else is.
        with TemporaryDirectory(prefix="countenance-") as folder:
            done = library.publish(
                which,
                publishing.recipient,
                channel=publishing.channel.strip(),
                out=Path(folder).resolve(),
                looked=publishing.looked,
                hand=publishing.hand(),
            )
            return done, done.path.read_bytes()

    made, data = await context.look(act, actor=caller.actor)
    headers = {
        "Location": f"/api/v1/publications/{made.disclosure.id}",
        "Content-Disposition": f'attachment; filename="{made.disclosure.id}.jpg"',
        "Cache-Control": "no-store",
    }
    return Response(data, 201, headers, media_type="image/jpeg")


@router.get("/publications/{which}")
async def show_publication(
    request: Request, which: PublicationIn, caller: SeePublication
) -> PublicationShown:
    """What was given out under an id. The file itself is kept nowhere."""

    def look(library: Library) -> PublicationShown:
        made, shown = library.given(which)
        return PublicationShown(
            id=made.id,
            photo=made.photo,
            recipient=made.recipient,
            channel=made.channel,
            at=made.at,
            covers=made.covers,
            sha256=made.file,
            shown={str(who): str(consent) for who, consent in shown.items()},
            uncovered=dict(made.uncovered),
        )

    return await context_of(request).run(look, actor=caller.actor)


@router.get("/recipients")
async def list_recipients(
    request: Request,
    caller: SeeRecipients,
    after: Annotated[str | None, id_after("t")] = None,
    count: Count = PAGE,
) -> Paged[RecipientShown]:
    """To whom files may be given now, by their ids."""

    def look(library: Library) -> Paged[RecipientShown]:
        live = [(str(one.id), one) for one in library.receivers()]
        page, following = one_page(live, after, count)
        items = [RecipientShown(id=one.id, name=one.name) for one in page]
        return Paged(items=items, next=following)

    return await context_of(request).run(look, actor=caller.actor)


@router.get("/channels")
async def list_channels(request: Request, caller: SeeRecipients) -> Channels:
    """Every channel that anybody has agreed to be shown in, in alphabetical order."""
    return await context_of(request).run(
        lambda library: Channels(channels=library.channels()), actor=caller.actor
    )
