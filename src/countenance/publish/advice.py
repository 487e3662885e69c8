"""
Advice on a photo that shows somebody who may not be shown: another photo, a crop, and then a cover.

A picture with a cover in it says that somebody was there who did not want to be. A picture of the
same moment without them says nothing. So that comes first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from countenance.catalog import photos
from countenance.catalog.photos import Box, Moment, Photo
from countenance.core.ids import PhotoId
from countenance.errors import Refused
from countenance.media.near import ALIKE, distance
from countenance.people.purpose import Wish
from countenance.publish.disclose import granted
from countenance.publish.verdict import Verdict, judge

SAME_MOMENT = timedelta(minutes=2)
"""Between two photos of one moment, by the cameras' own clocks."""

MAX_ASKED = 30
"""Other photos that are judged, the nearest first."""

MAX_OTHERS = 3
"""Other photos that are proposed."""

LEAST_CROP = 0.2
"""Of the picture's area: less of it is another picture."""


@dataclass(frozen=True, slots=True)
class Advice:
    """
    What to do instead of a cover, best first: one of `others`, or the part `crop` of this photo.

    `others` are photos of the same moment in which, as far as the search saw, nobody needs a cover.
    They are checked themselves before they are given out. `crop` is `(x1, y1, x2, y2)` in pixels.
    Both are empty of a photo in which nobody needs one.
    """

    others: tuple[PhotoId, ...] = ()
    crop: Box | None = None


def others_of_the_moment(
    tx: Connection, photo: Photo, wish: Wish, *, at: datetime
) -> tuple[PhotoId, ...]:
    """Other photos of the moment of `photo` that could be given out as they are, nearest first."""
    moments = {one.id: one for one in photos.moments(tx, photo.id)}
    own = moments.pop(photo.id, None)
    if own is None:
        return ()
    apart = [(_apart(own, one), one.id) for one in moments.values()]
    found: list[PhotoId] = []
    for _, which in sorted(one for one in apart if one[0] is not None)[:MAX_ASKED]:
        if _is_free(tx, which, wish, at=at):
            found.append(which)
        if len(found) == MAX_OTHERS:
            break
    return tuple(found)


def best_crop(
    size: tuple[int, int], shown: Sequence[Box], hidden: Sequence[Box], *, least: float = LEAST_CROP
) -> Box | None:
    """
    The largest part of a picture of `size` (width and height) with all of `shown` and no part of
    any of `hidden`; nothing if there is none of at least the part `least` of its area.
    """
    width, height = size
    lefts = [0.0, *(box[2] for box in hidden)]
    rights = [float(width), *(box[0] for box in hidden)]
    best, most = None, least * width * height
    for x1 in lefts:
        for x2 in rights:
            if x1 >= x2 or any(box[0] < x1 or box[2] > x2 for box in shown):
                continue
            between = [box for box in hidden if box[0] < x2 and box[2] > x1]
            for y1, y2 in _gaps(between, height):
                area = (x2 - x1) * (y2 - y1)
                if area >= most and not any(box[1] < y1 or box[3] > y2 for box in shown):
                    best, most = (x1, y1, x2, y2), area
    return best


# --------------------------------------------------------------------------------------------


def _gaps(boxes: Sequence[Box], height: int) -> list[tuple[float, float]]:
    """The stretches from top to bottom that no box reaches into."""
    gaps, top = [], 0.0
    for box in sorted(boxes, key=lambda one: one[1]):
        gaps.append((top, box[1]))
        top = max(top, box[3])
    return [(y1, y2) for y1, y2 in [*gaps, (top, float(height))] if y1 < y2]


def _apart(one: Moment, other: Moment) -> float | None:
    """How far two photos are from one another, in seconds; nothing if they are of no one moment."""
    if one.near and other.near and distance(one.near, other.near) <= ALIKE:
        return 0.0
    times = [datetime.fromisoformat(said.taken_at) for said in (one, other) if said.taken_at]
    # A camera without a zone cannot be compared with one that has one.
    if len(times) != 2 or len({time.tzinfo is None for time in times}) != 1:  # noqa: PLR2004
        return None
    seconds = abs((times[0] - times[1]).total_seconds())
    return seconds if seconds <= SAME_MOMENT.total_seconds() else None


def _is_free(tx: Connection, which: PhotoId, wish: Wish, *, at: datetime) -> bool:
    found = photos.get(tx, which)
    if found is None:
        return False
    try:
        granted(tx, found, at=at)
    except Refused:
        return False
    return all(one.verdict is Verdict.SHOWN for one in judge(tx, found, wish, at=at).values())
