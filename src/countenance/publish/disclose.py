"""
Disclosing: a photo is given to a recipient only if everybody shown in it agreed to be shown there.

This is the one door. Whatever is given out passes it last, in the transaction that records it with
the consents that it rests on, so that it can be recalled when one ends. Each face is judged here
once more: what somebody withdrew meanwhile is not given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from countenance.audit.entry import Act, Entry
from countenance.catalog import disclosures, log, photos, recipients, sources
from countenance.catalog.disclosures import Disclosure, FaceSaid
from countenance.catalog.items import ItemState
from countenance.catalog.photos import Photo
from countenance.catalog.recipients import Recipient
from countenance.catalog.stores import Stores
from countenance.core.canonical import Digest
from countenance.core.ids import (
    ConsentId,
    DisclosureId,
    FaceId,
    GrantId,
    LinkId,
    PersonId,
    PhotoId,
    new_id,
)
from countenance.errors import NoConsent, NoGrant, NotFound, Refused
from countenance.people.purpose import Purpose, Wish
from countenance.publish.verdict import COVERED, Ruling, Verdict, judge, judge_film
from countenance.sources.grant import GrantPurpose


@dataclass(frozen=True, slots=True)
class Disclosed:
    """A photo that was given out, and whom it shows on which consent."""

    disclosure: Disclosure
    shown: Mapping[PersonId, ConsentId]


@dataclass(frozen=True, slots=True)
class Handling:
    """
    What was done about the faces of a picture before it is given out, by the ids of the faces.

    `hidden` are not to be seen in it: they are covered, or cut off. `bare` are those from which
    somebody took the cover by hand, each with their reason; what the search passed over is among
    them, by the name that the check gave it. `file` is the digest of the file, and `covers` how
    many covers are in it. With `everybody` nobody at all is to be seen, whoever may be there, but
    the faces `open` of a film: each has to be of somebody confirmed who agreed. `faces` is what the
    check said of each; of none it is what is said of them at this door.
    """

    hidden: frozenset[FaceId] = frozenset()
    bare: Mapping[str, str] = field(default_factory=dict)
    covers: int = 0
    file: Digest | None = None
    everybody: bool = False
    open: frozenset[FaceId] = frozenset()
    faces: Sequence[FaceSaid] = ()


AS_IT_IS = Handling()

WHOEVER_HAS_A_LINK = "whoever has a link"
"""The recipient of what is given by links, and of that alone. Ended, no link shows anything."""


def disclose(  # noqa: PLR0913  who gives what to whom, for which channel, and how it was handled
    photo: PhotoId,
    recipient: str,
    channel: str,
    *,
    handling: Handling = AS_IT_IS,
    which: DisclosureId | None = None,
    actor: str,
    stores: Stores,
) -> Disclosed:
    """
    Record that a photo is given to a recipient, to be shown in a channel; or refuse it.

    `handling` says what was done about its faces; of none, it is given as it is. The disclosure
    has the id `which`, if the file bears one already.

    It is refused (`Refused`) if the recipient has ended, if the photo does not stand at its source
    now, without a grant in force to publish it (`NoGrant`), and if a face is to be seen in it of
    which nobody known agreed to be shown in the channel (`NoConsent`). Raises `NotFound` if there
    is no such photo or recipient, and `UsageError` without a channel.
    """
    giving = Giving(Wish(Purpose.MAY_PUBLISH, channel.strip()), recipient, actor)
    with stores.database.write() as tx:
        return disclose_in(tx, photo, giving, handling, which=which, at=stores.now(tx))


@dataclass(frozen=True, slots=True)
class Giving:
    """
    By whom something is given to whom, and what those who are shown have to agree to.

    With `only` nobody else is shown. `link` is the share by which it is given, if it is by one.
    """

    wish: Wish
    recipient: str
    actor: str
    only: PersonId | None = None
    link: LinkId | None = None


def disclose_in(  # noqa: PLR0913  as above
    tx: Connection,
    photo: PhotoId,
    giving: Giving,
    handling: Handling,
    *,
    which: DisclosureId | None = None,
    at: datetime,
) -> Disclosed:
    """The same within a transaction. Raises as `disclose` does."""
    wish = giving.wish
    to = receiving(tx, giving.recipient, by_link=giving.link is not None)
    found = photos.get(tx, photo)
    if found is None:
        raise NotFound(f"{photo}: no such photo", hint="countenance find shows them")
    grant = granted(tx, found, at=at)
    ruled = _ruled(tx, found, giving, handling, at=at)
    shown = _shown(found, ruled, wish, handling)
    made = Disclosure(
        which or DisclosureId(new_id("x")),
        to.id,
        found.id,
        found.source,
        wish.channel,
        at,
        handling.file,
        handling.covers,
        dict(handling.bare),
        tuple(handling.faces) or _said(found, ruled, handling),
    )
    disclosures.add(tx, made, shown)
    rests_on = (grant, *sorted(shown.values()))
    file = () if handling.file is None else (handling.file,)
    link = () if giving.link is None else (giving.link,)
    subjects = (made.id, to.id, found.id, *sorted(shown), *file, *link)
    # The channel is part of the purpose: a restore makes the row again from this (P23).
    log.record(tx, Entry(Act.DISCLOSED, at, giving.actor, str(wish), subjects, rests_on))
    if handling.bare:
        # The reasons are words of a person, which the log does not hold (P32).
        bare = (made.id, found.id, *sorted(handling.bare))
        log.record(tx, Entry(Act.COVER_REMOVED, at, giving.actor, str(wish), bare))
    return Disclosed(made, shown)


def receiving(tx: Connection, which: str, *, by_link: bool = False) -> Recipient:
    """
    The recipient of this id or name, to whom something may be given.

    Raises `NotFound` if there is none, and `Refused` if it ended, or is given things by links only.
    """
    to = recipients.get(tx, which)
    if to.name == WHOEVER_HAS_A_LINK and not by_link:
        raise Refused(f"{to.name} is given no file", hint="they see photos by a link: share them")
    if not to.live:
        raise Refused(f"{to.name}: it is a recipient no more")
    return to


def granted(tx: Connection, photo: Photo, *, at: datetime) -> GrantId:
    """
    The grant under which the photo may be published from a place where it stands (P1, P3).

    Raises `NoGrant` if there is none, and `Refused` if it does not stand at its source.
    """
    places = photos.places(tx, photo.id, state=ItemState.DONE)
    if not places:
        raise Refused(f"{photo.id}: it does not stand at its source any more")
    for grant in reversed(sources.grants(tx, photo.source)):
        if any(grant.covers(place, at, GrantPurpose.PUBLISH) for place in places):
            return grant.id
    raise NoGrant(
        f"{photo.id}: no grant in force allows it to be published",
        hint="countenance source add folder ... --purposes match,publish renews the grant",
    )


# --------------------------------------------------------------------------------------------


def _ruled(
    tx: Connection, photo: Photo, giving: Giving, handling: Handling, *, at: datetime
) -> Mapping[FaceId, Ruling]:
    if handling.everybody:
        return judge_film(tx, photo, giving.wish, at=at) if handling.open else {}
    return judge(tx, photo, giving.wish, at=at, only=giving.only)


def _said(photo: Photo, ruled: Mapping[FaceId, Ruling], handling: Handling) -> tuple[FaceSaid, ...]:
    """What is said of each face that is stored, from left to right; of nobody by id."""
    return tuple(
        FaceSaid(
            face.id,
            ruled[face.id].verdict,
            ruled[face.id].ground,
            seen=_is_seen(face.id, handling),
        )
        for face in sorted(photo.faces, key=lambda one: one.box[0])
        if face.id in ruled
    )


def _is_seen(face: FaceId, handling: Handling) -> bool:
    return face in handling.open if handling.everybody else face not in handling.hidden


def _shown(
    photo: Photo, ruled: Mapping[FaceId, Ruling], wish: Wish, handling: Handling
) -> Mapping[PersonId, ConsentId]:
    """Everybody to be seen in it, each with the consent to be shown. One face without is a no."""
    if handling.everybody:
        seen = {face: ruled.get(face, COVERED) for face in handling.open}
    else:
        seen = {face: one for face, one in ruled.items() if _is_seen(face, handling)}
    without = [
        face
        for face, one in seen.items()
        if one.verdict is not Verdict.SHOWN and face not in handling.bare
    ]
    if without:
        faces = len(photo.faces)
        raise NoConsent(
            f"{photo.id}: {len(without)} of {faces} {'face' if faces == 1 else 'faces'} without a "
            f"consent in force for {wish}",
            hint="whoever is not known counts as no: countenance check says of whom",
        )
    shown = (one for one in seen.values() if one.verdict is Verdict.SHOWN)
    return {who: consent for one in shown for who, consent in one.rests_on.items()}
