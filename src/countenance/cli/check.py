"""`countenance check`: which faces of a photo may be shown in a channel, before it is published."""

from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, counted, say, table
from countenance.cli.command import Call, command
from countenance.cli.exits import FINDINGS
from countenance.errors import NotFound, Refused, Unavailable, Unreadable

if TYPE_CHECKING:
    from countenance.publish.check import Checked


@command(
    "check",
    changes="the audit log: who checked which photo, and who of those who agreed is in it",
    example="countenance check gala/one.jpg --channel newspaper",
)
@click.argument("photos", metavar="PHOTO...", nargs=-1, required=True)
@click.option(
    "--channel", metavar="C", required=True, help="Where they are to be shown, as in the consents."
)
def check(call: Call, photos: tuple[str, ...], *, channel: str) -> None:
    """
    Say of each face in photos whether it may be shown.

    PHOTO is an id or the path at the source. A face is shown if whoever it is agreed to that
    channel, to be covered if nobody who is known did, and to be asked about if somebody has to say
    first who it is. Unknown counts as no, and nobody who is to be covered is named. Each photo is
    looked at again, more closely than for a search; whom the program misses is in no list.
    """
    done: list[tuple[str, Checked]] = []
    failed: list[tuple[str, Refused | NotFound | Unreadable | Unavailable]] = []
    with call.open() as library:
        for photo in photos:
            try:
                done.append((photo, library.check(photo, channel)))
            except (Refused, NotFound, Unreadable, Unavailable) as exc:
                failed.append((photo, exc))
    document = {
        "photos": [_document(photo, one) for photo, one in done],
        "failed": [{"asked": photo, "reason": error.message} for photo, error in failed],
    }
    answer(call, document, [line for photo, one in done for line in _lines(photo, one)])
    for _, error in failed:
        say(error.message)
    if failed:
        raise click.exceptions.Exit(failed[0][1].exit_code)
    if not all(one.is_free for _, one in done):
        raise click.exceptions.Exit(FINDINGS)


# --------------------------------------------------------------------------------------------------


def _lines(photo: str, one: "Checked") -> list[str]:
    if one.obstacle:
        lines = [f"{photo}: may not be published: {one.obstacle}"]
    elif one.is_free:
        lines = [f"{photo}: may be published as it is, {counted(len(one.faces), 'face')}"]
    else:
        lines = [f"{photo}: not as it is, {counted(len(one.faces), 'face')}"]
    lines += table(
        (f"  {face.verdict}", face.id, _place(face.box), face.ground.said(one.channel))
        for face in one.faces
    )
    lines += [
        f"  somebody has to look: countenance sighting confirm {which}, or reject"
        for face in one.faces
        for which in face.sightings
    ]
    lines += [f"  of the same moment, without a cover: {other}" for other in one.advice.others]
    if one.advice.crop is not None:
        lines.append(f"  a crop without a cover: --crop {_place(one.advice.crop)}")
    return lines


def _place(box: tuple[float, float, float, float]) -> str:
    return ",".join(f"{side:.0f}" for side in box)


def _document(photo: str, one: "Checked") -> dict[str, object]:
    return {
        "asked": photo,
        "photo": one.photo,
        "channel": one.channel,
        "width": one.width,
        "height": one.height,
        "free": one.is_free,
        "obstacle": one.obstacle,
        "faces": [
            {
                "id": face.id,
                "verdict": face.verdict,
                "ground": face.ground,
                "said": face.ground.said(one.channel),
                "box": face.box,
                "cover": face.cover,
                "people": face.people,
                "rests_on": face.rests_on,
                "sightings": face.sightings,
            }
            for face in one.faces
        ],
        "others": one.advice.others,
        "crop": one.advice.crop,
    }
