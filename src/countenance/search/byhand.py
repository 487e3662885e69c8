"""
By hand: a person says who is in a face, or that the model is wrong. No template is needed (P18).

The gate is the one that recognition passes: the person's consent, the source's grant, the roster of
a collection of minors. What a person decided is never overwritten by the model (P12).
"""

from datetime import datetime

from sqlalchemy import Connection

from countenance.audit.entry import Act, Entry
from countenance.catalog import collections, log, people, photos, sightings, sources
from countenance.catalog.photos import Photo
from countenance.catalog.sightings import Decision, SightingState
from countenance.catalog.stores import Stores
from countenance.core.ids import FaceId, PersonId, PhotoId, SightingId
from countenance.errors import NoConsent, NoGrant, NotFound, Refused, UsageError
from countenance.people.gate import admitted
from countenance.people.purpose import RECOGNISING

NUMBER_MARK = "#"
"""Before the number that somebody wears, where else a name or an id stands."""


def add(photo: PhotoId, place: int | None, who: str, *, actor: str, stores: Stores) -> Decision:
    """
    Say that `who` is in the face number `place` of a photo, counted from 1, from left to right; in
    a film as they appear.

    `who` is an id, a name, or `#` and the number they have on the roster of the photo's collection.
    Of no `place`, there is one face in the photo. Raises `NotFound` if there is no such photo, face
    or person, `UsageError` if the person or the face is spoken for in that photo, and `Refused` if
    consent, grant or roster does not cover it.
    """
    with stores.database.write() as tx:
        at, found = stores.now(tx), photos.get(tx, photo)
        if found is None:
            raise NotFound(f"{photo}: no such photo", hint="countenance find --json names photos")
        person = _person(tx, found, who)
        face = _face(found, place)
        require(tx, found.id, person, at=at)
        made = sightings.add_by_hand(tx, found.id, face, person, at=at)
        _log(tx, made, actor, at=at)
    return made


def decide(which: str, state: SightingState, *, actor: str, stores: Stores) -> Decision:
    """
    Confirm a sighting, or reject it: the pair of this face and this person, and no other.

    Raises `NotFound` if there is no such sighting, `UsageError` if it is confirmed while another
    is, and `Refused` if it is confirmed and consent, grant or roster does not cover it now.
    """
    with stores.database.write() as tx:
        at = stores.now(tx)
        known = sightings.get(tx, SightingId(which))
        if state is SightingState.CONFIRMED:
            require(tx, known.photo, known.person, at=at)
        made = sightings.decide(tx, known, state, at=at)
        _log(tx, made, actor, at=at)
    return made


def require(tx: Connection, which: PhotoId, who: PersonId, *, at: datetime) -> None:
    """
    The same that the ingest's writer asks before it stores, but for the rule of recognition.

    Raises `NotFound` if the photo is gone, and `Refused` if consent, grant or roster does not cover
    that this person is said to be in it.
    """
    photo = photos.get(tx, which)
    if photo is None:
        raise NotFound(f"{which}: this photo is gone")
    own = people.consents(tx, people=[who])
    if not admitted(own, purposes=RECOGNISING, at=at):
        raise NoConsent(f"{who}: no consent in force to be found in pictures")
    if not sources.covered(tx, photo, at=at):
        raise NoGrant(f"{photo.id}: no grant in force covers this photo")
    where = collections.get(tx, sources.get(tx, photo.source).collection)
    if where.minors and who not in collections.roster_of(tx, where.id):
        raise Refused(
            f"{who}: not on the roster of {where.name}, a collection of minors",
            hint=f"countenance collection roster add {where.name}",
        )


# --------------------------------------------------------------------------------------------


def _person(tx: Connection, photo: Photo, who: str) -> PersonId:
    if not who.startswith(NUMBER_MARK):
        return people.get(tx, who).id
    where = collections.get(tx, sources.get(tx, photo.source).collection)
    found = collections.wearing(tx, where.id, who.removeprefix(NUMBER_MARK).strip())
    if found is None:
        raise NotFound(
            f"{who}: nobody on the roster of {where.name} has this number",
            hint=f"countenance collection roster add {where.name} PERSON --number N",
        )
    return found


def _face(photo: Photo, place: int | None) -> FaceId:
    faces = photo.numbered
    if place is None and len(faces) != 1:
        raise UsageError(f"{photo.id}: there are {len(faces)} faces: say in which one")
    number = 1 if place is None else place
    if not 1 <= number <= len(faces):
        raise NotFound(f"{photo.id}: there are {len(faces)} faces, and none is number {number}")
    return faces[number - 1].id


def _log(tx: Connection, made: Decision, actor: str, *, at: datetime) -> None:
    act = Act.REJECTED if made.state is SightingState.REJECTED else Act.CONFIRMED
    log.record(tx, Entry(act, at, actor, "", (made.person, made.photo), (made.id,)))
