"""
The check of a photo before it is published: a verdict for each face, and what may be done.

The photo itself is looked at again, and more closely than for a search: whom a search misses is
shown. Nobody who is not shown is named: the answer says of them only where they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from countenance.audit.entry import Act, Entry
from countenance.catalog import log, photos
from countenance.catalog.photos import Box, Face, Photo, Points
from countenance.catalog.stores import Stores
from countenance.core.ids import ConsentId, FaceId, PersonId, PhotoId, SightingId
from countenance.core.spans import Span
from countenance.errors import NotFound, Refused, Unavailable
from countenance.extract.every import every_face
from countenance.extract.extractor import rounded_box, rounded_points
from countenance.media.cover import Size, head_box, overlap
from countenance.media.decode import Pixels
from countenance.people.purpose import Purpose, Wish
from countenance.publish.advice import Advice, best_crop, others_of_the_moment
from countenance.publish.disclose import granted
from countenance.publish.verdict import Ground, Ruling, Verdict, judge, judge_film
from countenance.vision.types import Detections
from countenance.vision.vision import Vision

MISSED = "m"
"""Before the number of a face that the search passed over."""

SAME_FACE = 0.6
"""Of the smaller of two boxes, the part in the other from which they are of one face."""

ALIKE_HIGH = 2.0
"""Two boxes of one face are not further apart in height than this many times."""


@dataclass(frozen=True, slots=True)
class CheckedFace:
    """
    A face, and what becomes of it.

    `id` is the stored face's, or for what the search passed over `m` and a number, from left to
    right. `box` is the detector's and `cover` that of the whole head, both `(x1, y1, x2, y2)` in
    pixels of the upright photo. `people` are those who agreed and may be in it, `rests_on` their
    consents, and `sightings` what somebody has to confirm or reject first; all three are empty of a
    face that is covered.
    """

    id: str
    box: Box
    cover: Box
    verdict: Verdict
    ground: Ground
    people: tuple[PersonId, ...] = ()
    rests_on: tuple[ConsentId, ...] = ()
    sightings: tuple[SightingId, ...] = ()

    @property
    def is_stored(self) -> bool:
        return self.ground is not Ground.PASSED_OVER


@dataclass(frozen=True, slots=True)
class Checked:
    """
    The answer about one photo of `width` by `height` pixels, for one channel.

    `obstacle` says why it may not be published whoever is in it, or is empty.
    """

    photo: PhotoId
    channel: str
    width: int
    height: int
    faces: tuple[CheckedFace, ...]
    advice: Advice
    obstacle: str = ""

    @property
    def is_free(self) -> bool:
        """Whether it may be published as it is."""
        return not self.obstacle and all(one.verdict is Verdict.SHOWN for one in self.faces)

    def of(self, verdict: Verdict) -> tuple[CheckedFace, ...]:
        return tuple(one for one in self.faces if one.verdict == verdict)


@dataclass(frozen=True, slots=True)
class FollowedFace:
    """
    A face that a search followed through a part of a film, from the beginning to the end of `span`,
    in seconds. `verdict` says whether it might be left open there; the rest is as of `CheckedFace`.
    """

    id: str
    span: Span
    verdict: Verdict
    ground: Ground
    people: tuple[PersonId, ...] = ()
    rests_on: tuple[ConsentId, ...] = ()
    sightings: tuple[SightingId, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckedFilm:
    """
    The answer about one film of so many `seconds`, for one channel: who is in it, as far as a
    search saw, which looks twice a second. Everybody else in it is covered, whoever that is.

    `obstacle` says why it may not be published whoever is in it, or is empty.
    """

    photo: PhotoId
    channel: str
    seconds: float
    faces: tuple[FollowedFace, ...]
    obstacle: str = ""

    def of(self, verdict: Verdict) -> tuple[FollowedFace, ...]:
        return tuple(one for one in self.faces if one.verdict == verdict)


def check_film(film: Photo, channel: str, *, actor: str, stores: Stores) -> CheckedFilm:
    """
    Judge each face that is stored of `film` for `channel`. It is not looked at anew.

    Who checked it is in the log, with those whom the answer names. Raises `NotFound` if the film is
    gone meanwhile, and `UsageError` without a channel.
    """
    wish = Wish(Purpose.MAY_PUBLISH, channel.strip())
    with stores.database.write() as tx:
        at = stores.now(tx)
        found = photos.get(tx, film.id)
        if found is None:
            raise NotFound(f"{film.id}: its film is gone")
        rulings = judge_film(tx, found, wish, at=at)
        faces = [_followed(face, rulings[face.id]) for face in found.faces if face.track]
        checked = CheckedFilm(
            found.id,
            wish.channel,
            found.seconds or 0.0,
            tuple(sorted(faces, key=lambda one: (one.span, one.id))),
            _obstacle(tx, found, at),
        )
        _log(tx, checked, wish, Entry(Act.CHECKED, at, actor))
    return checked


def check(  # noqa: PLR0913  what is looked at, for what, by whom
    photo: Photo, pixels: Pixels, channel: str, *, vision: Vision, actor: str, stores: Stores
) -> Checked:
    """
    Judge each face of `photo`, whose upright pixels at full size are `pixels`, for `channel`.

    Who checked it is in the log, with those whom the answer names. Raises `NotFound` if the photo
    is gone meanwhile, `NoConsent` of a film, and `UsageError` without a channel.
    """
    wish = Wish(Purpose.MAY_PUBLISH, channel.strip())
    missed = passed_over(photo, every_face(vision, pixels))
    with stores.database.write() as tx:
        at = stores.now(tx)
        found = photos.get(tx, photo.id)
        if found is None:
            raise NotFound(f"{photo.id}: its photo is gone")
        if found.faces != photo.faces:
            # What the search passed over was told apart from the faces of before.
            raise Unavailable(f"{photo.id}: it was read anew meanwhile", hint="check it again")
        faces = (*_judged(found, judge(tx, found, wish, at=at)), *missed)
        checked = Checked(
            found.id,
            wish.channel,
            found.width,
            found.height,
            tuple(sorted(faces, key=lambda one: (one.box[0], one.box[1], one.id))),
            Advice(),
            _obstacle(tx, found, at),
        )
        if not checked.is_free:
            others = others_of_the_moment(tx, found, wish, at=at)
            checked = _advised(checked, others)
        _log(tx, checked, wish, Entry(Act.CHECKED, at, actor))
    return checked


def passed_over(photo: Photo, seen: Detections) -> list[CheckedFace]:
    """Of all that was `seen` in a photo, what is none of its stored faces; from left to right."""
    size = Size(photo.width, photo.height)
    stored = [face.box for face in photo.faces]
    found: list[tuple[Box, Points]] = []
    for box, points in zip(seen.boxes, seen.points, strict=True):
        where = rounded_box(box)
        if not any(_is_one_face(where, other) for other in stored):
            found.append((where, rounded_points(points)))
    return [
        CheckedFace(
            f"{MISSED}{number}",
            box,
            head_box(box, points, size),
            Verdict.COVER,
            Ground.PASSED_OVER,
        )
        for number, (box, points) in enumerate(sorted(found), start=1)
    ]


# --------------------------------------------------------------------------------------------


def _obstacle(tx: Connection, photo: Photo, at: datetime) -> str:
    try:
        granted(tx, photo, at=at)
    except Refused as exc:
        return exc.message
    return ""


def _followed(face: Face, ruled: Ruling) -> FollowedFace:
    assert face.track is not None  # noqa: S101  who asks has seen to it
    return FollowedFace(
        face.id,
        face.track.span,
        ruled.verdict,
        ruled.ground,
        tuple(ruled.rests_on),
        tuple(ruled.rests_on.values()),
        ruled.sightings,
    )


def _is_one_face(one: Box, other: Box) -> bool:
    # A face in front of another is much smaller; part of a face, taken for one, is a little so.
    heights = (one[3] - one[1], other[3] - other[1])
    return overlap(one, other) >= SAME_FACE and max(heights) <= ALIKE_HIGH * min(heights)


def _judged(photo: Photo, rulings: Mapping[FaceId, Ruling]) -> list[CheckedFace]:
    size = Size(photo.width, photo.height)
    judged = []
    for face in photo.faces:
        ruled = rulings[face.id]
        judged.append(
            CheckedFace(
                face.id,
                face.box,
                head_box(face.box, face.points, size),
                ruled.verdict,
                ruled.ground,
                tuple(ruled.rests_on),
                tuple(ruled.rests_on.values()),
                ruled.sightings,
            )
        )
    return judged


def _advised(checked: Checked, others: Sequence[PhotoId]) -> Checked:
    shown = [one.box for one in checked.of(Verdict.SHOWN)]
    hidden = [one.cover for one in checked.faces if one.verdict is not Verdict.SHOWN]
    crop = best_crop((checked.width, checked.height), shown, hidden) if hidden else None
    return replace(checked, advice=Advice(tuple(others) if hidden else (), crop))


def _log(tx: Connection, checked: Checked | CheckedFilm, wish: Wish, entry: Entry) -> None:
    people = sorted({who for one in checked.faces for who in one.people})
    rests_on = sorted({consent for one in checked.faces for consent in one.rests_on})
    subjects = (checked.photo, *people)
    log.record(tx, replace(entry, purpose=str(wish), subjects=subjects, rests_on=tuple(rests_on)))
