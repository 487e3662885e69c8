"""
A film that is given out: everybody in it is covered, in every frame, and there is no sound.

Between the frames that a search looked at there may be anybody. So every frame is decoded and
looked at, once upright and twice a second as closely as a photo. A head is covered from half a
second before it is seen until half a second after; where it is seen, lost and seen again nearby
within two seconds, all that is between is covered as well. So no frame is open between two
detections, and a face that is missed in one frame is covered by those beside it.

Where it is asked for, those stay open whom a person confirmed and who agreed to the channel: over
stretches in which they are followed from frame to frame without a doubt (`stretch`, `certainty`),
but for half a second at either end. Whatever is not certain is covered as everybody is.

The film that was written is decoded and looked at again, frame by frame, before it gets its name.
Writing changes the pixels a little, and with them what a detector finds: a face that is found only
then is covered as well, and the film is written again. What is still found in the last is refused.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np

from countenance.catalog.stores import Stores
from countenance.core.canonical import Digest
from countenance.core.geometry import overlaps
from countenance.core.ids import DisclosureId, FaceId, new_id
from countenance.errors import Refused, Unreadable, UsageError, VerificationError
from countenance.extract.every import every_face, every_face_in_frame
from countenance.extract.extractor import Extractor, rounded_box, rounded_points
from countenance.media.cover import (
    PALETTE,
    Box,
    Colour,
    Mask,
    Pixels,
    Size,
    contains,
    cover_mask,
    covered,
    head_box,
    overlap,
    part_under,
)
from countenance.media.film import Frame, Sampling
from countenance.media.filmout import ENDING, film_written, require_bare
from countenance.people.purpose import Purpose, Wish
from countenance.publish.certainty import EVERY_FRAME, Allowed, certain_stretches
from countenance.publish.disclose import Handling, disclose, granted, receiving
from countenance.publish.export import MOSTLY, Order, Published, give_name
from countenance.publish.plan import Hand
from countenance.publish.stretch import Seen, Stretch, covers_by_stretch, open_faces, opened
from countenance.publish.verdict import Verdict, judge_film
from countenance.sources.source import OpenFile
from countenance.vault.files import sync_file, unavailable
from countenance.vision.types import Detections

HOLD_SECONDS = 0.5
"""So long before and after it is seen a head is covered."""

CLOSELY_SECONDS = 0.5
"""So often a frame is looked at as closely as a photo."""

LOST_SECONDS = 2.0
"""A head that is seen again within so long was there meanwhile."""

NEARBY = 1.5
"""Of a head's longer side: so far from where it was, one that is seen again may be the same."""

MOST_OFF = 12.0
"""Levels of 255: so far, on the mean, may what is under a cover be from its colour."""

FAR_OFF, FEW = 64, 0.002
"""Levels so far off, and the part of what is under covers that may be."""

SAME_FACE = 0.5
"""Intersection over union, from which a face that is found is one that may be seen."""

Tell = Callable[[str, float], object]
"""Is told how far the work is: what is done, and up to which second of the film."""


LOOKED_AT, COMPARED, WRITTEN, CHECKED = "looked at", "compared", "written", "checked"


def untold(_what: str, _at: float, /) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class Covering:
    """
    What was `seen`, a frame each, and the `covers` of those frames, painted in `colour`.

    `open` are the boxes of the faces that may be seen in each frame, of none where it is empty, and
    `shown` the faces of the catalog that those are, each with the number of its frames.
    """

    seen: tuple[Seen, ...]
    covers: tuple[tuple[Box, ...], ...]
    colour: Colour
    open: tuple[tuple[Box, ...], ...] = ()
    shown: Mapping[FaceId, int] = field(default_factory=dict)

    def may_be_seen(self, number: int) -> tuple[Box, ...]:
        return self.open[number] if self.open else ()

    @property
    def most(self) -> int:
        """How many heads were seen in one frame, at most."""
        return max((len(one.heads) for one in self.seen), default=0)


@dataclass(frozen=True, slots=True)
class Reel:
    """A film that is read again and again, under a grant that is asked again at each frame."""

    file: OpenFile
    extractor: Extractor
    tell: Tell

    def frames(self, wanted: Sampling, what: str) -> Iterator[Frame]:
        """Its frames, while `what` is done with them. Raises `Refused` if some are gone."""
        self.file.file.seek(0)
        with self.extractor.films.opened(self.file.file, wanted) as film:
            for frame in film.frames():
                self.file.require()
                yield frame
                self.tell(what, frame.at)
            if film.ended is None or film.ended.reason is not None:
                detail = film.ended.detail if film.ended else "it was not read"
                raise Refused(f"the film cannot be read to its end: {detail}")


def publish_film(  # noqa: PLR0913  what is made, of what, by whom, and who hears of it
    order: Order,
    file: OpenFile,
    *,
    extractor: Extractor,
    actor: str,
    stores: Stores,
    tell: Tell = untold,
) -> Published:
    """
    Make the film of an order, everybody in it covered, check it, and record what was given.

    With `show_consenting` those who agreed are open where they are followed without a doubt.

    Raises `Refused` and its kinds as `disclose` does, and if the film cannot be read to its end;
    `UsageError` if boxes were set by hand; `VerificationError` if what was made fails its check,
    or faces are found in it each time it was written;
    `Unreadable` if it is no film, and `Unavailable` if it cannot be written. Then there is no file.
    """
    asked = order.hand
    plain = Hand(colour=asked.colour, show_consenting=asked.show_consenting)
    if asked != plain or asked.colour not in PALETTE:
        raise UsageError(
            "in a film everybody is covered: nothing is moved, removed or cropped by hand",
            hint="of the colours any but around",
        )
    with stores.database.read() as tx:
        receiving(tx, order.recipient)
        granted(tx, order.photo, at=stores.now(tx))
    reel = Reel(file, extractor, tell)
    planned = _planned(order, reel, stores)
    which = DisclosureId(new_id("x"))
    hidden = order.folder / f".{which}.part"
    try:
        with unavailable(f"{order.folder}: nothing can be written there"):
            order.folder.mkdir(parents=True, exist_ok=True)
            planned = _write_covered(reel, planned, hidden)
            hidden.chmod(0o600)
            sync_file(hidden)
            made, size = _digest_of(hidden), hidden.stat().st_size
        require_bare(hidden)
        handling = Handling(
            everybody=True, covers=planned.most, file=made, open=frozenset(planned.shown)
        )
        done = disclose(
            order.photo.id,
            order.recipient,
            order.channel,
            handling=handling,
            which=which,
            actor=actor,
            stores=stores,
        )
        path = order.folder / f"{which}{ENDING}"
        give_name(hidden, path, which)
    finally:
        hidden.unlink(missing_ok=True)
    return Published(done.disclosure, path, made, size, planned.most, done.shown)


def covers_of(seen: Sequence[Seen], certain: Sequence[Stretch] = ()) -> list[tuple[Box, ...]]:
    """
    The covers of each frame: of all heads seen within `HOLD_SECONDS`, and on the way between two
    places where a head was seen, lost, and seen again. Faces in `certain` stretches are open there,
    but for their ends.
    """
    times = [one.at for one in seen]
    covers = covers_by_stretch(seen, certain, HOLD_SECONDS)
    for first, last, box in _bridges(seen, times):
        for number in range(first, last + 1):
            covers[number].append(box)
    return [tuple(_without_echoes(one)) for one in covers]


def heads_open(
    path: Path, planned: Covering, extractor: Extractor, tell: Tell = untold
) -> Mapping[int, tuple[Box, ...]]:
    """
    The heads that are found in the film at `path` with no cover over their face, by the numbers of
    its frames: none but of those that may be seen, if it is to be given out.

    Raises `VerificationError` unless it has the frames that were planned, and what is under their
    covers is of one colour.
    """
    found: dict[int, tuple[Box, ...]] = {}
    count = 0
    try:
        with path.open("rb") as file, extractor.films.opened(file, EVERY_FRAME) as film:
            for frame in film.frames():
                if count < len(planned.seen):
                    heads = _heads_open_in(frame, planned, count, extractor)
                    found |= {count: heads} if heads else {}
                count += 1
                tell(CHECKED, frame.at)
    except Unreadable as exc:
        raise VerificationError(f"what was written is no whole film: {exc.message}") from exc
    if count != len(planned.seen):
        raise VerificationError(f"what was written has {count} frames, and not {len(planned.seen)}")
    return found


# --------------------------------------------------------------------------------------------


def _planned(order: Order, reel: Reel, stores: Stores) -> Covering:
    seen = tuple(_looked_at(reel))
    certain: Sequence[Stretch] = ()
    if order.hand.show_consenting:
        allowed = _allowed(order, stores)
        certain = certain_stretches(
            seen,
            order.photo.faces,
            allowed,
            frames=lambda wanted: reel.frames(wanted, COMPARED),
            extractor=reel.extractor,
        )
    return Covering(
        seen,
        tuple(covers_of(seen, certain)),
        order.hand.colour,
        tuple(open_faces(seen, certain)),
        opened(seen, certain),
    )


def _allowed(order: Order, stores: Stores) -> Allowed:
    """Whom a person confirmed in the film, if they agreed to the channel."""
    wish = Wish(Purpose.MAY_PUBLISH, order.channel.strip())
    with stores.database.read() as tx:
        ruled = judge_film(tx, order.photo, wish, at=stores.now(tx))
    return {
        face: frozenset(one.rests_on) for face, one in ruled.items() if one.verdict is Verdict.SHOWN
    }


def _heads_open_in(
    frame: Frame, planned: Covering, number: int, extractor: Extractor
) -> tuple[Box, ...]:
    mask = _under(frame.pixels, planned.covers[number])
    inner = cv2.erode(mask.astype(np.uint8), np.ones((_EDGE, _EDGE), np.uint8)) > 0
    off = np.abs(frame.pixels[inner].astype(np.int16) - PALETTE[planned.colour])
    if len(off) and (off.mean() > MOST_OFF or (off.max(1) > FAR_OFF).mean() > FEW):
        raise VerificationError(f"at {frame.at:.2f} s a cover in the film is not of one colour")
    found = extractor.vision.find(frame.pixels)
    heads = _heads(found, frame.pixels)
    return tuple(heads[row] for row in _open_boxes(found, mask, planned.may_be_seen(number)))


def _under(pixels: Pixels, covers: Sequence[Box]) -> Mask:
    # Sizes are even in a film that is written: what lies in the row or column left out is gone.
    height, width = pixels.shape[:2]
    return cover_mask((height + 1, width + 1), covers)[:height, :width]


def _open_boxes(found: Detections, mask: Mask, may_be_seen: Sequence[Box] = ()) -> list[int]:
    """Which rows are faces that no cover is over, but one for each that may be seen."""
    boxes = [rounded_box(box) for box in found.boxes]
    rows = [row for row, box in enumerate(boxes) if part_under(mask, box) < MOSTLY]
    if not rows or not may_be_seen:
        return rows
    shares = overlaps(found.boxes[rows], np.array(may_be_seen, np.float32))
    for column in range(len(may_be_seen)):
        best = int(np.argmax(shares[:, column]))
        if shares[best, column] >= SAME_FACE:
            shares[best] = 0
            rows[best] = -1
    return [row for row in rows if row >= 0]


_ROUNDS = 3  # a cover may itself be taken for something
_WRITINGS = 4  # each a further pass over the whole film; nearly always one is enough
_EDGE = 17  # pixels: a block of the code, where colours run into one another


def _digest_of(path: Path) -> Digest:
    with path.open("rb") as file:
        return Digest(hashlib.file_digest(file, "sha256").hexdigest())


def _looked_at(reel: Reel) -> Iterator[Seen]:
    due = 0.0
    for frame in reel.frames(EVERY_FRAME, LOOKED_AT):
        closely = frame.at >= due
        look = every_face if closely else every_face_in_frame
        due = frame.at + CLOSELY_SECONDS if closely else due
        found = look(reel.extractor.vision, frame.pixels)
        boxes = tuple(rounded_box(box) for box in found.boxes)
        points = tuple(rounded_points(points) for points in found.points)
        yield Seen(frame.at, _heads(found, frame.pixels), boxes, points)


def _bridges(seen: Sequence[Seen], times: Sequence[float]) -> Iterator[tuple[int, int, Box]]:
    """From which frame to which, and what is between two places of a head that was lost."""
    for number, one in enumerate(seen):
        late = bisect_right(times, one.at + LOST_SECONDS)
        following = seen[number + 1].heads if number + 1 < len(seen) else ()
        for head in one.heads:
            if any(overlap(head, other) > 0 for other in following):
                continue  # it is followed, not lost
            for again in range(number + 1, late):
                near = [other for other in seen[again].heads if _is_nearby(head, other)]
                yield from ((number, again, _around(head, other)) for other in near)
                if near:
                    break


def _is_nearby(one: Box, other: Box) -> bool:
    far = NEARBY * max(one[2] - one[0], one[3] - one[1])
    across = abs(one[0] + one[2] - other[0] - other[2]) / 2
    down = abs(one[1] + one[3] - other[1] - other[3]) / 2
    return max(across, down) <= far


def _around(one: Box, other: Box) -> Box:
    low, high = (
        (min(one[side], other[side]) for side in (0, 1)),
        (max(one[side], other[side]) for side in (2, 3)),
    )
    x1, y1 = low
    x2, y2 = high
    return x1, y1, x2, y2


def _without_echoes(boxes: Sequence[Box]) -> list[Box]:
    """Those that are needed: what lies well within a larger one is covered by that."""
    kept: list[Box] = []
    for box in sorted(set(boxes), key=lambda one: (one[0] - one[2]) * (one[3] - one[1])):
        if not any(contains(other, box, slack=0) for other in kept):
            kept.append(box)
    return kept


def _write_covered(reel: Reel, planned: Covering, hidden: Path) -> Covering:
    """Write the film until no face is found in it, and say how it was covered at last."""
    for _ in range(_WRITINGS):
        planned = _write(reel, planned, hidden)
        found = heads_open(hidden, planned, reel.extractor, reel.tell)
        if not found:
            return planned
        planned = _covered_too(planned, found)
    first = planned.seen[min(found)].at
    raise VerificationError(f"at {first:.2f} s a face is found in the film")


def _covered_too(planned: Covering, found: Mapping[int, tuple[Box, ...]]) -> Covering:
    """The heads `found` in what was written are covered as all heads are: beside them, too."""
    seen = [Seen(one.at, found.get(number, ())) for number, one in enumerate(planned.seen)]
    more = covers_by_stretch(seen, (), HOLD_SECONDS)
    covers = (_without_echoes([*one, *two]) for one, two in zip(planned.covers, more, strict=True))
    return replace(planned, covers=tuple(map(tuple, covers)))


def _write(reel: Reel, planned: Covering, hidden: Path) -> Covering:
    """
    Write the film, and say how it was covered: as planned, and where a frame that was painted
    still showed something that may be a face.
    """
    times = [one.at for one in planned.seen]
    covers: list[tuple[Box, ...]] = []
    with film_written(hidden) as film:
        for frame in reel.frames(EVERY_FRAME, WRITTEN):
            # The file may have been changed between the two looks at it.
            if times[len(covers) : len(covers) + 1] != [frame.at]:
                raise Refused("the film was changed while it was read")
            covers.append(_all_covers(frame.pixels, planned, len(covers), reel.extractor))
            film.add(frame.at, covered(frame.pixels, covers[-1], planned.colour))
    if len(covers) != len(times):
        raise Refused("the film was changed while it was read")
    return replace(planned, covers=tuple(covers))


def _all_covers(
    pixels: Pixels, planned: Covering, number: int, extractor: Extractor
) -> tuple[Box, ...]:
    covers = planned.covers[number]
    for _ in range(_ROUNDS):
        painted = covered(pixels, covers, planned.colour)
        found = every_face_in_frame(extractor.vision, painted)
        mask = _under(painted, covers)
        open_rows = _open_boxes(found, mask, planned.may_be_seen(number))
        if not open_rows:
            break
        heads = _heads(found, painted)
        covers = (*covers, *(heads[row] for row in open_rows))
    return covers


def _heads(found: Detections, pixels: Pixels) -> tuple[Box, ...]:
    size = Size(pixels.shape[1], pixels.shape[0])
    return tuple(
        head_box(rounded_box(box), rounded_points(points), size)
        for box, points in zip(found.boxes, found.points, strict=True)
    )
