"""
Stretches: frames of a film, one after the other, in which one face is followed without a doubt.

Somebody who agreed is left open in a film only over these. In every frame of a stretch the face was
detected, and nearly where it was in the frame before; it alone lies there, and nobody else was seen
near it for half a second before and after. So a stretch ends where a face is missed in a single
frame, where two come near one another, and where it is not certain which of two it is. It is
somebody's if it has an instant in it at which a person said that it is them.

Nothing here looks at a picture: what was detected in each frame is all that it knows.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from countenance.catalog.photos import Face, View
from countenance.core.geometry import overlaps
from countenance.core.ids import FaceId
from countenance.media.cover import Box, Points

CONTINUOUS = 0.5
"""Intersection over union, from which the face of a frame is that of the frame before."""

BRIEF = 0.25
"""Seconds: frames further apart are not one after the other."""

NEAR_SECONDS = 0.5
"""So long before and after a frame nobody else may be near."""

NEAR = 0.25
"""Of the longer side of a head, beyond it on every side: what reaches into that is near."""

EDGE_SECONDS = 0.5
"""At either end of a stretch the face is covered for so long."""

SAME_PLACE = 0.25
"""Of a face's height: so far, on the mean, may its points lie from those of a known instant."""

_SAME_INSTANT = 2e-3  # seconds
_TOUCHING = 0.05  # intersection over union, from which a face may be the one of the frame before


@dataclass(frozen=True, slots=True)
class Seen:
    """
    What was seen in the frame that is shown from `at`, in seconds: the `heads` that a cover would
    be over, and in the same order the boxes of their `faces` and the `points` in them.
    """

    at: float
    heads: tuple[Box, ...]
    faces: tuple[Box, ...] = ()
    points: tuple[Points, ...] = ()


@dataclass(frozen=True, slots=True)
class Stretch:
    """
    One face, from the frame `first` on: `rows` says which of each frame's faces it is.

    `owners` are the faces of the catalog that it is known to be.
    """

    first: int
    rows: tuple[int, ...]
    owners: frozenset[FaceId] = frozenset()

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def numbers(self) -> range:
        """Of its frames."""
        return range(self.first, self.first + len(self.rows))

    def holds(self, number: int) -> bool:
        return self.first <= number <= self.last

    def row(self, number: int) -> int | None:
        """Which of the faces of this frame it is; none of a frame that it is not in."""
        return self.rows[number - self.first] if self.holds(number) else None

    def is_open(self, number: int, seen: Sequence[Seen]) -> bool:
        """Whether it lies so far from both its ends that the face may be left open."""
        at = seen[number].at
        edge = EDGE_SECONDS - _SAME_INSTANT
        return at - seen[self.first].at >= edge and seen[self.last].at - at >= edge


def followed(seen: Sequence[Seen]) -> list[Stretch]:
    """Every face of every frame, in the stretches over which it is followed."""
    done: list[Stretch] = []
    live: dict[int, tuple[int, list[int]]] = {}
    for number, one in enumerate(seen):
        before = seen[number - 1] if number else None
        pairs = {} if before is None else _pairs(before, one)
        goes_on = {row: live.pop(old) for old, row in pairs.items()}
        done += [Stretch(first, tuple(rows)) for first, rows in live.values()]
        live = {}
        for row in range(len(one.faces)):
            live[row] = goes_on.get(row, (number, []))
            live[row][1].append(row)
    done += [Stretch(first, tuple(rows)) for first, rows in live.values()]
    return sorted(done, key=lambda one: (one.first, one.rows))


def alone(seen: Sequence[Seen], stretch: Stretch) -> Iterator[Stretch]:
    """The parts of a stretch over which nobody else is near."""
    times = [one.at for one in seen]

    def is_alone(number: int) -> bool:
        head = seen[number].heads[stretch.rows[number - stretch.first]]
        first = bisect_left(times, times[number] - NEAR_SECONDS - _SAME_INSTANT)
        last = bisect_right(times, times[number] + NEAR_SECONDS + _SAME_INSTANT)
        return not any(
            row != stretch.row(beside) and _is_near(head, other)
            for beside in range(first, last)
            for row, other in enumerate(seen[beside].heads)
        )

    return parts(stretch, is_alone)


def parts(stretch: Stretch, is_certain: Callable[[int], bool]) -> Iterator[Stretch]:
    """The parts of a stretch of whose every frame, by its number, that is true."""
    begun: int | None = None
    for number in (*stretch.numbers, stretch.last + 1):
        if stretch.holds(number) and is_certain(number):
            begun = number if begun is None else begun
        elif begun is not None:
            rows = stretch.rows[begun - stretch.first : number - stretch.first]
            yield Stretch(begun, rows, stretch.owners)
            begun = None


def owners(seen: Sequence[Seen], stretch: Stretch, faces: Sequence[Face]) -> frozenset[FaceId]:
    """The faces of the catalog whose known instants are in a stretch, at the very place."""
    times = [one.at for one in seen]
    return frozenset(
        face.id
        for face in faces
        if face.track and any(_is_there(seen, times, stretch, one) for one in face.track.views)
    )


def covers_by_stretch(
    seen: Sequence[Seen], certain: Sequence[Stretch], hold: float
) -> list[list[Box]]:
    """
    The covers of each frame: all heads seen within `hold` seconds of it.

    But within a stretch that is `certain` each frame answers for that face itself: it is covered
    near the ends, and between them open. A head seen in one has no cover in another of its frames.
    """
    times = [one.at for one in seen]
    own = {(number, one.row(number)): one for one in certain for number in one.numbers}
    covers: list[list[Box]] = [[] for _ in seen]
    for number, at in enumerate(times):
        for beside in range(bisect_left(times, at - hold), bisect_right(times, at + hold)):
            for row, head in enumerate(seen[beside].heads):
                stretch = own.get((beside, row))
                if stretch is not None and stretch.holds(number):
                    hidden = beside == number and not stretch.is_open(number, seen)
                else:
                    hidden = True
                covers[number] += [head] if hidden else []
    return covers


def open_faces(seen: Sequence[Seen], certain: Sequence[Stretch]) -> list[tuple[Box, ...]]:
    """The boxes of the faces that are open in each frame."""
    found: list[list[Box]] = [[] for _ in seen]
    for stretch in certain:
        for number, row in zip(stretch.numbers, stretch.rows, strict=True):
            if stretch.is_open(number, seen):
                found[number].append(seen[number].faces[row])
    return [tuple(one) for one in found]


def opened(seen: Sequence[Seen], certain: Sequence[Stretch]) -> Mapping[FaceId, int]:
    """The faces of the catalog that are open anywhere, each in how many frames."""
    count: dict[FaceId, int] = {}
    for stretch in certain:
        frames = sum(stretch.is_open(number, seen) for number in stretch.numbers)
        for owner in stretch.owners if frames else ():
            count[owner] = count.get(owner, 0) + frames
    return count


# --------------------------------------------------------------------------------------------


def _pairs(before: Seen, after: Seen) -> dict[int, int]:
    """Which face of a frame is which of the next: those that touch one another and no third."""
    if after.at - before.at > BRIEF or not before.faces or not after.faces:
        return {}
    shares = overlaps(np.array(before.faces, np.float32), np.array(after.faces, np.float32))
    touching = shares > _TOUCHING
    return {
        row: column
        for row, column in np.argwhere(shares >= CONTINUOUS).tolist()
        if touching[row].sum() == 1 and touching[:, column].sum() == 1
    }


def _is_near(head: Box, other: Box) -> bool:
    more = NEAR * max(head[2] - head[0], head[3] - head[1])
    return (
        other[0] < head[2] + more
        and other[2] > head[0] - more
        and other[1] < head[3] + more
        and other[3] > head[1] - more
    )


def _is_there(seen: Sequence[Seen], times: Sequence[float], stretch: Stretch, view: View) -> bool:
    number = bisect_left(times, view.at - _SAME_INSTANT)
    row = stretch.row(number)
    if row is None or number >= len(times) or times[number] > view.at + _SAME_INSTANT:
        return False
    _, top, _, bottom = seen[number].faces[row]
    apart = np.subtract(seen[number].points[row], view.points)
    return bool(np.hypot(*apart.T).mean() <= SAME_PLACE * (bottom - top))
