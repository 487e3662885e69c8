"""
Disclosing: a photo is given to a recipient only if everybody in it agreed to be shown there.

This is the strict core: whom a face belongs to has to be known, and unknown counts as no. Known is
what a person confirmed or the model is `sure` of; what is only `likely` is for somebody to look at
first. What is given out is recorded with the consents that it rests on, so that it can be recalled
when one ends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from countenance.audit.entry import Act, Entry
from countenance.catalog import disclosures, log, people, photos, recipients, sightings, sources
from countenance.catalog.disclosures import Disclosure
from countenance.catalog.items import ItemState
from countenance.catalog.photos import Photo, PhotoKind
from countenance.catalog.recipients import Recipient
from countenance.catalog.sightings import SightingState
from countenance.catalog.stores import Stores
from countenance.core.ids import ConsentId, DisclosureId, FaceId, GrantId, PersonId, PhotoId, new_id
from countenance.errors import NoConsent, NoGrant, NotFound, Refused
from countenance.people.gate import admitted
from countenance.people.purpose import RECOGNISING, Purpose, Wish
from countenance.sources.grant import GrantPurpose


@dataclass(frozen=True, slots=True)
class Disclosed:
    """A photo that was given out, and whom it shows on which consent."""

    disclosure: Disclosure
    shown: Mapping[PersonId, ConsentId]


def disclose(
    photo: PhotoId, recipient: str, channel: str, *, actor: str, stores: Stores
) -> Disclosed:
    """
    Record that a photo is given to a recipient, to be shown in a channel; or refuse it.

    It is refused (`Refused`) if the recipient has ended, if the photo does not stand at its source
    now, without a grant in force to publish it (`NoGrant`), and if it has a face of which nobody
    known agreed to be shown in the channel (`NoConsent`). Raises `NotFound` if there is no such
    photo or recipient, and `UsageError` without a channel.
    """
    wish = Wish(Purpose.MAY_PUBLISH, channel.strip())
    with stores.database.write() as tx:
        at = stores.now(tx)
        to = _receiving(tx, recipient)
        found = photos.get(tx, photo)
        if found is None:
            raise NotFound(f"{photo}: no such photo", hint="countenance find shows them")
        grant = _grant(tx, found, at=at)
        shown = _shown(tx, found, wish, at=at)
        made = Disclosure(
            DisclosureId(new_id("x")), to.id, found.id, found.source, wish.channel, at
        )
        disclosures.add(tx, made, shown)
        rests_on = (grant, *sorted(shown.values()))
        subjects = (made.id, to.id, found.id, *sorted(shown))
        # The channel is part of the purpose: a restore makes the row again from this (P23).
        log.record(tx, Entry(Act.DISCLOSED, at, actor, str(wish), subjects, rests_on))
    return Disclosed(made, shown)


# --------------------------------------------------------------------------------------------


def _receiving(tx: Connection, which: str) -> Recipient:
    to = recipients.get(tx, which)
    if not to.live:
        raise Refused(f"{to.name}: it is a recipient no more")
    return to


def _grant(tx: Connection, photo: Photo, *, at: datetime) -> GrantId:
    """The grant under which the photo may be published from a place where it stands (P1, P3)."""
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


def _shown(
    tx: Connection, photo: Photo, wish: Wish, *, at: datetime
) -> Mapping[PersonId, ConsentId]:
    """Everybody in the photo, each with the consent to be shown. One face without is a no."""
    if photo.kind is PhotoKind.FILM:
        raise NoConsent(
            f"{photo.id}: a film is looked at twice a second: who else is in it is not known",
            hint="publish single pictures of it",
        )
    whose = _whose(tx, photo.id)
    sure = sightings.known(tx, photo.id)
    everybody = {who for among in whose.values() for who in among}
    # What recognition may not show (the rule is off, a minor left the roster) answers for nobody.
    known = {one.person for one in sightings.shown(tx, everybody, at=at) if one.photo == photo.id}
    consents = people.consents(tx, people=known)
    # Who is recognised no more answers for nothing, though a case has not taken the sighting yet.
    recognised = admitted(consents, purposes=RECOGNISING, at=at)
    agreed = {
        one.person: one.id
        for one in consents
        if one.person in recognised and one.wish == wish and one.in_force(at)
    }
    # A face that may be one of two people is shown if both agreed.
    without = [
        face.id
        for face in photo.faces
        if not any((face.id, who) in sure for who in whose.get(face.id, ()))
        or not all(who in agreed for who in whose[face.id])
    ]
    if without:
        faces = len(photo.faces)
        raise NoConsent(
            f"{photo.id}: {len(without)} of {faces} {'face' if faces == 1 else 'faces'} without a "
            f"consent in force for {wish}",
            hint="whoever is not known counts as no",
        )
    return agreed


def _whose(tx: Connection, photo: PhotoId) -> Mapping[FaceId, Sequence[PersonId]]:
    whose: dict[FaceId, list[PersonId]] = {}
    for state in (SightingState.CANDIDATE, SightingState.CONFIRMED):
        for face, who in sightings.decided(tx, photo, state):
            whose.setdefault(face, []).append(who)
    return whose
