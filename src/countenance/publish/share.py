"""
Sharing: photos that a link shows to whoever has it, with everybody covered who may not be shown.

A link of the desk is for a channel: whoever agreed to that is shown. A person's own shows nobody
but them: others agreed to channels of the library, not to somebody's link, so of them unknown and
agreed are one, and they are covered. Who is seen is fixed when the link is made, and whoever comes
to agree later stays covered. What is asked anew at each request is whether all who are seen agree
still, without a break, by the very consent of then: where one does not, the photo is gone.

As with every publication the photo is looked at closely first, and what a search passed over is
covered. What leaves is made from pixels, is checked for leaks, and passes the one door.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from countenance.catalog import people, photos, recalls
from countenance.catalog.disclosures import wish_for
from countenance.catalog.links import Link
from countenance.catalog.photos import Box, Photo, PhotoKind
from countenance.catalog.shares import SharePhoto
from countenance.core.ids import ConsentId, FaceId, PersonId
from countenance.errors import NotFound, Refused, VerificationError
from countenance.extract.every import every_face
from countenance.media.cover import Colour, Size, covered, head_box
from countenance.media.decode import Pixels
from countenance.media.leaks import find_leaks
from countenance.media.preview import decode_preview
from countenance.media.release import Release, ReleaseStatus, released
from countenance.publish.check import passed_over
from countenance.publish.disclose import WHOEVER_HAS_A_LINK, granted, receiving
from countenance.publish.verdict import Verdict, judge
from countenance.vision.vision import Vision


class Why(StrEnum):
    """Why a photo is not in a share, in words."""

    FILM = "a film is not shown by a link"
    NO_PICTURE = "there is no picture of it here"
    NOT_GRANTED = "no grant in force allows it to be published"
    NOT_YOU = "it is not known to show you"
    NOT_YOURS = "it is not a picture of yours"
    UNREADABLE = "it cannot be read at its source now"
    ANOTHER = "it was read anew meanwhile"


@dataclass(frozen=True, slots=True)
class Standing:
    """
    A photo that a share may show now: on whose consents, and what is covered.

    `boxes` are the covers, in pixels of the upright photo, and `hidden` the stored faces that are
    not to be seen.
    """

    photo: Photo
    rests_on: Mapping[PersonId, ConsentId]
    boxes: tuple[Box, ...]
    hidden: frozenset[FaceId]

    @property
    def release(self) -> ReleaseStatus:
        """PLUS's word on the releases of those who are shown."""
        if self.rests_on:
            return ReleaseStatus.LIMITED
        return ReleaseStatus.NONE if self.boxes else ReleaseStatus.NOBODY


def look_closely(photo: Photo, pixels: Pixels, vision: Vision) -> tuple[Box, ...]:
    """The covers over what the search passed over, of a photo's upright pixels at full size."""
    return tuple(one.cover for one in passed_over(photo, every_face(vision, pixels)))


def to_be_shown(
    tx: Connection, photo: Photo, link: Link, *, at: datetime
) -> frozenset[FaceId] | Why:
    """
    Which faces of a photo a new share may show; or why it may not show the photo at all.

    A share of the desk may show a photo in which all are covered; a person's own shows the person.
    """
    if photo.kind is PhotoKind.FILM:
        return Why.FILM
    if photo.preview is None:
        return Why.NO_PICTURE
    try:
        granted(tx, photo, at=at)
    except Refused:
        return Why.NOT_GRANTED
    ruled = judge(tx, photo, wish_for(link.channel), at=at, only=link.person)
    shown = frozenset(face for face, one in ruled.items() if one.verdict is Verdict.SHOWN)
    if link.person is not None and not shown:
        return Why.NOT_YOU
    return shown


def standing(tx: Connection, link: Link, one: SharePhoto, *, at: datetime) -> Standing | None:
    """
    What a share may show of a photo at `at`; nothing if that has ended, in whatever way.

    1. the photo is there, stands at its source, and a grant to publish it is in force
    2. every face that was to be seen when the link was made may still be
    3. none of these consents ended meanwhile, though it was given again
    4. what was given of it was not called back
    """
    photo = photos.get(tx, one.photo)
    if photo is None or photo.preview is None or photo.kind is PhotoKind.FILM:
        return None
    try:
        receiving(tx, WHOEVER_HAS_A_LINK, by_link=True)
        granted(tx, photo, at=at)
    except (Refused, NotFound):
        return None
    ruled = judge(tx, photo, wish_for(link.channel), at=at, only=link.person)
    seen = [ruled[face] for face in one.shown if face in ruled]
    if len(seen) != len(one.shown) or any(each.verdict is not Verdict.SHOWN for each in seen):
        return None
    rests_on = {who: consent for each in seen for who, consent in each.rests_on.items()}
    if not _unbroken(tx, rests_on, since=link.made_at):
        return None
    if one.disclosure is not None and recalls.is_called(tx, one.disclosure):
        return None
    hidden = [face for face in photo.faces if face.id not in one.shown]
    size = Size(photo.width, photo.height)
    heads = [head_box(face.box, face.points, size) for face in hidden]
    return Standing(photo, rests_on, (*heads, *one.covers), frozenset(face.id for face in hidden))


def rendered(preview: bytes, boxes: Sequence[Box], release: Release, *, width: int) -> bytes:
    """
    The file of a photo that is given by a link: from the pixels of its preview, with covers over
    `boxes`, in pixels of the photo, which is `width` wide. The covers of `release` are put in here.

    Raises `VerificationError` if the preview is damaged, or if more than a picture came out.
    """
    pixels = decode_preview(preview)
    scale = pixels.shape[1] / width
    covers = [_scaled(box, scale) for box in boxes]
    made = released(covered(pixels, covers, Colour.SLATE), replace(release, covers=covers))
    if found := find_leaks(made):
        raise VerificationError(f"the file is more than a picture: {found[0].said}")
    return made


# --------------------------------------------------------------------------------------------


def _unbroken(tx: Connection, rests_on: Mapping[PersonId, ConsentId], *, since: datetime) -> bool:
    """Whether none of these consents ended after `since`: one that is given anew is another."""
    own = people.consents(tx, people=set(rests_on)) if rests_on else []
    return all(one.unbroken(since) for one in own if one.id in rests_on.values())


def _scaled(box: Box, scale: float) -> Box:
    x1, y1, x2, y2 = (side * scale for side in box)
    return x1, y1, x2, y2
