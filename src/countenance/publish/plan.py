"""
The plan of what a published picture shows: covers by the verdict, and what a person did about them.

A person may add covers, move them and take them off. A cover that is moved still covers its face;
one that is taken off needs a reason, which is kept with what was given out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, isnan

from countenance.catalog.photos import Box
from countenance.core.ids import FaceId
from countenance.errors import NoConsent, UsageError
from countenance.media.cover import Colour, contains
from countenance.publish.check import Checked, CheckedFace
from countenance.publish.verdict import Verdict

MIN_REASON_CHARACTERS = 10

MARGIN = 0.12
"""Of a face's longer side: by so much a cover that was moved reaches beyond it on every side."""


@dataclass(frozen=True, slots=True)
class Hand:
    """
    What a person decided about a photo before it is published. Boxes are `(x1, y1, x2, y2)` in
    pixels of the upright photo at its full size.

    `added` are covers besides those of the verdict. `moved` gives the cover of a face, by its id, a
    box of its own; `removed` takes one off, each with the reason in words. With `cover_asked`
    whoever somebody should look at first is covered instead. `crop` is the part that is given out.

    Of a film, in which everybody is covered, `show_consenting` leaves those open whom a person
    confirmed and who agreed, where they are followed without a doubt.
    """

    added: Sequence[Box] = ()
    moved: Mapping[str, Box] = field(default_factory=dict)
    removed: Mapping[str, str] = field(default_factory=dict)
    cover_asked: bool = False
    crop: Box | None = None
    colour: Colour = Colour.SLATE
    show_consenting: bool = False


UNTOUCHED = Hand()


@dataclass(frozen=True, slots=True)
class Plan:
    """
    What is painted, and what remains to be seen, in pixels of the whole photo.

    `size` is its width and height, and `part` what is given out of it, in whole pixels. `open` are
    the boxes of the faces to be seen in that, `hidden` the stored faces that are not, and `bare`
    those whose cover was taken off.
    """

    size: tuple[int, int]
    part: tuple[int, int, int, int]
    covers: tuple[Box, ...]
    open: tuple[Box, ...]
    shows: bool
    hidden: frozenset[FaceId]
    bare: Mapping[str, str]

    def within_part(self, boxes: Sequence[Box]) -> list[Box]:
        """`boxes` in pixels of the part, cut off at its borders; those outside it left out."""
        left, top, right, bottom = self.part
        moved = [
            (max(x1, left) - left, max(y1, top) - top, min(x2, right) - left, min(y2, bottom) - top)
            for x1, y1, x2, y2 in boxes
        ]
        return [box for box in moved if box[2] - box[0] >= 1 and box[3] - box[1] >= 1]


def plan(checked: Checked, hand: Hand) -> Plan:
    """
    What is to be painted of a photo that was checked, after what a person decided.

    Raises `UsageError` if there is no such face or cover, if a cover would leave its face open, if
    a reason is too short or a box is none; and `NoConsent` if somebody has to look first.
    """
    part = _part(checked, hand.crop)
    faces = {one.id: one for one in checked.faces}
    _require_covers(checked, faces, hand)
    seen = [one for one in checked.faces if _is_within(one.box, part)]
    asked = [one for one in seen if one.verdict is Verdict.ASK and one.id not in hand.removed]
    if asked and not hand.cover_asked:
        ids = " ".join(which for one in asked for which in one.sightings)
        raise NoConsent(
            f"{checked.photo}: of {len(asked)} of {len(seen)} faces somebody has to say who it is",
            hint=f"countenance sighting confirm or reject {ids}; or cover them: --cover-asked",
        )
    shown = [one for one in seen if one.verdict is Verdict.SHOWN]
    bare = [one for one in seen if one.id in hand.removed]
    opened = {one.id for one in (*shown, *bare)}
    moved = dict(zip(hand.moved, _sound(list(hand.moved.values()), checked), strict=True))
    # Covers outside the part are painted too: a hair that reaches into it is covered.
    covers = [
        moved.get(one.id, one.cover)
        for one in checked.faces
        if one.verdict is not Verdict.SHOWN and one.id not in opened
    ]
    covers = [box for box in covers if _is_within(box, part)]
    hidden = {FaceId(one.id) for one in checked.faces if one.is_stored and one.id not in opened}
    return Plan(
        (checked.width, checked.height),
        part,
        (*covers, *_sound(hand.added, checked)),
        tuple(one.box for one in (*shown, *bare)),
        bool(shown),
        frozenset(hidden),
        {one.id: hand.removed[one.id].strip() for one in bare},
    )


# --------------------------------------------------------------------------------------------


def _part(checked: Checked, crop: Box | None) -> tuple[int, int, int, int]:
    whole = (0, 0, checked.width, checked.height)
    if crop is None:
        return whole
    (box,) = _sound([crop], checked)
    # Inwards: a crop that ends where a cover begins has no part of it.
    x1, y1, x2, y2 = ceil(box[0]), ceil(box[1]), floor(box[2]), floor(box[3])
    if x2 - x1 < 1 or y2 - y1 < 1:
        raise UsageError("nothing is left of the photo")
    return x1, y1, x2, y2


def _sound(boxes: Sequence[Box], checked: Checked) -> list[Box]:
    """Boxes cut off at the photo's borders. Raises `UsageError` if nothing is left of one."""
    sound = []
    for box in boxes:
        x1, y1 = max(0.0, box[0]), max(0.0, box[1])
        x2, y2 = min(float(checked.width), box[2]), min(float(checked.height), box[3])
        if any(map(isnan, box)) or x2 - x1 < 1 or y2 - y1 < 1:
            raise UsageError(
                f"no part of the photo lies at {', '.join(f'{one:g}' for one in box)}: it is "
                f"{checked.width} by {checked.height} pixels"
            )
        sound.append((x1, y1, x2, y2))
    return sound


def _require_covers(checked: Checked, faces: Mapping[str, CheckedFace], hand: Hand) -> None:
    for which in (*hand.moved, *hand.removed):
        if which not in faces:
            raise UsageError(f"{which}: the photo has no such face", hint="countenance check")
        if faces[which].verdict is Verdict.SHOWN:
            raise UsageError(f"{which}: this face has no cover", hint="add a box to cover it")
    if both := sorted(set(hand.moved) & set(hand.removed)):
        raise UsageError(f"{both[0]}: a cover is moved or removed, not both")
    for which, reason in hand.removed.items():
        if len(reason.strip()) < MIN_REASON_CHARACTERS:
            raise UsageError(
                f"{which}: a cover is removed for a reason of at least {MIN_REASON_CHARACTERS} "
                "characters",
                hint="say why this is no face of a person who has to be asked",
            )
    for which, box in hand.moved.items():
        x1, y1, x2, y2 = faces[which].box
        more = MARGIN * max(x2 - x1, y2 - y1)
        grown = (x1 - more, y1 - more, x2 + more, y2 + more)
        if not contains(box, *_sound([grown], checked)):
            raise UsageError(
                f"{which}: the cover would leave a part of the face open",
                hint="to show it, remove the cover, with the reason",
            )


def _is_within(box: Box, part: tuple[int, int, int, int]) -> bool:
    return (
        min(box[2], part[2]) - max(box[0], part[0]) > 0
        and min(box[3], part[3]) - max(box[1], part[1]) > 0
    )
