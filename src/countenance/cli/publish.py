"""`countenance publish`: photos given out as new files, whoever may not be shown covered."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, counted, say, table
from countenance.cli.command import Call, command
from countenance.cli.progress import ProgressLine
from countenance.errors import (
    NotFound,
    Refused,
    Unavailable,
    Unreadable,
    UsageError,
    VerificationError,
)

if TYPE_CHECKING:
    from countenance.publish.export import Published

_COLOURS = ("slate", "sand", "black", "white", "around")
_Box = tuple[float, float, float, float]


@command(
    "publish",
    changes="the folder of --out: a new file for each photo; what was given, on whose consents it "
    "rests, and the audit log",
    example='countenance publish gala/one.jpg --channel newspaper --to "The Echo" --out out '
    "--looked",
)
@click.argument("photos", metavar="PHOTO...", nargs=-1, required=True)
@click.option(
    "--channel", metavar="C", required=True, help="Where they are to be shown, as in the consents."
)
@click.option("--to", metavar="RECIPIENT", required=True, help="Whom they are given to.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    metavar="DIR",
    help="Where to: a file for each photo, named by its disclosure.",
)
@click.option(
    "--looked",
    is_flag=True,
    help="Somebody looked at each whole photo: nobody is in it whom the check does not list.",
)
@click.option(
    "--cover-asked", is_flag=True, help="Cover those about whom somebody has to be asked first."
)
@click.option(
    "--show-consenting",
    is_flag=True,
    help="In films, leave those open who agreed and whom a person confirmed, where it is certain.",
)
@click.option(
    "--cover",
    "added",
    metavar="X1,Y1,X2,Y2",
    multiple=True,
    help="Cover this part, in pixels of the upright photo; may be given again.",
)
@click.option(
    "--move",
    "moved",
    metavar="FACE=X1,Y1,X2,Y2",
    multiple=True,
    help="Put the cover of a face there; it has to cover the face.",
)
@click.option(
    "--uncover",
    "removed",
    metavar="FACE=REASON",
    multiple=True,
    help="Take the cover off a face, with the reason; both are kept.",
)
@click.option("--crop", metavar="X1,Y1,X2,Y2", help="Give out this part alone.")
@click.option(
    "--colour",
    type=click.Choice(_COLOURS),
    metavar="COLOUR",
    default=_COLOURS[0],
    show_default=True,
    help="Of the covers: slate, sand, black, white, or around, the middle colour of the rest.",
)
@click.option(
    "--format",
    "packing",
    type=click.Choice(("jpeg", "webp")),
    metavar="F",
    default="jpeg",
    show_default=True,
    help="Of photos: jpeg or webp.",
)
def publish(
    call: Call,
    photos: tuple[str, ...],
    *,
    channel: str,
    to: str,
    out: Path,
    looked: bool,
    cover_asked: bool,
    show_consenting: bool,
    added: tuple[str, ...],
    moved: tuple[str, ...],
    removed: tuple[str, ...],
    crop: str | None,
    colour: str,
    packing: str,
) -> None:
    """
    Give photos to a recipient as new files.

    Whoever may not be shown is covered: opaque, over the whole head, with nothing left of the face.
    There is no blur and no mosaic: faces have been recognised from both. The file is made from the
    pixels alone, says whose picture it is and on which release, and is checked itself before it
    gets its name. It bears the id of its disclosure, by which a recall names it. What is moved,
    uncovered or cropped by hand goes for one photo at a time. In a film everybody is covered, and
    there is no sound: voices are known, too. With `--show-consenting` those stay open who agreed
    and were confirmed by a person, over the frames in which they are followed without a doubt.
    """
    from countenance.media.cover import Colour
    from countenance.media.release import Packing
    from countenance.publish.plan import Hand

    if len(photos) > 1 and (added or moved or removed or crop):
        raise UsageError("boxes are of one photo: publish it alone")
    hand = Hand(
        added=[_box("--cover", one) for one in added],
        moved={face: _box("--move", box) for face, box in _pairs("--move", moved)},
        removed=dict(_pairs("--uncover", removed)),
        cover_asked=cover_asked,
        crop=None if crop is None else _box("--crop", crop),
        colour=Colour(colour),
        show_consenting=show_consenting,
    )
    given: list[tuple[str, Published]] = []
    refused: list[
        tuple[str, Refused | NotFound | Unreadable | Unavailable | VerificationError]
    ] = []
    with call.open() as library, ProgressLine() as progress:
        for photo in photos:
            try:
                done = library.publish(
                    photo,
                    to,
                    channel=channel,
                    out=out,
                    looked=looked,
                    hand=hand,
                    packing=Packing(packing),
                    progress=progress,
                )
                given.append((photo, done))
            except (Refused, NotFound, Unreadable, Unavailable, VerificationError) as exc:
                refused.append((photo, exc))
    document = {
        "given": [_given(photo, one) for photo, one in given],
        "refused": [{"asked": photo, "reason": error.message} for photo, error in refused],
    }
    heads = ("FILE", "COVERS", "SHOWN", "ASKED")
    rows = [(str(one.path), str(one.covers), str(len(one.shown)), photo) for photo, one in given]
    answer(call, document, table(rows, heads=heads))
    for _, error in refused:
        say(error.message)
        if error.hint:
            say(f"  {error.hint}")
    if refused:
        say(f"{counted(len(refused), 'photo was', 'photos were')} not given")
        raise click.exceptions.Exit(refused[0][1].exit_code)


# --------------------------------------------------------------------------------------------------


def _box(option: str, text: str) -> _Box:
    try:
        x1, y1, x2, y2 = (float(side) for side in text.split(","))
    except ValueError as exc:
        raise UsageError(
            f"{option}: {text!r} is no box: expected four numbers, such as 40,40,200,240"
        ) from exc
    return x1, y1, x2, y2


def _pairs(option: str, texts: tuple[str, ...]) -> list[tuple[str, str]]:
    pairs = [text.partition("=") for text in texts]
    if any(not face or not sign for face, sign, _ in pairs):
        raise UsageError(f"{option}: expected a face, as countenance check names it, and = behind")
    return [(face.strip(), rest) for face, _, rest in pairs]


def _given(photo: str, one: "Published") -> dict[str, object]:
    return {
        "asked": photo,
        "file": one.path,
        "digest": one.digest,
        "size": one.size,
        "disclosure": one.disclosure.id,
        "photo": one.disclosure.photo,
        "channel": one.disclosure.channel,
        "at": one.disclosure.at,
        "covers": one.covers,
        "people": sorted(one.shown),
    }
