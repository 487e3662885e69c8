"""
The verdict on each face of a photo: whether it may be shown in a channel.

Whom a face belongs to has to be known, and unknown counts as no. Known is what a person confirmed
or the model is `sure` of; what is only `likely` is for somebody to look at first, where looking can
change anything. Who did not agree, who asked to be hidden and who never enrolled are one answer, in
the same words (P10).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from countenance.catalog import people, sightings
from countenance.catalog.photos import Photo, PhotoKind
from countenance.catalog.sightings import Sighting, SightingState, Within
from countenance.core.ids import ConsentId, FaceId, PersonId, PhotoId, SightingId
from countenance.errors import NoConsent
from countenance.people.consent import Consent
from countenance.people.gate import admitted
from countenance.people.purpose import RECOGNISING, Purpose, Wish


class Verdict(StrEnum):
    """What becomes of a face in a picture that is given out."""

    SHOWN = "shown"
    COVER = "cover"
    ASK = "ask"


class Ground(StrEnum):
    """Why. Of who is covered it says the same whatever is known of them (P10)."""

    AGREED = "agreed"
    LOOK_FIRST = "look-first"
    NOBODY_AGREED = "nobody-agreed"
    PASSED_OVER = "passed-over"

    def said(self, channel: str) -> str:
        """The ground as a sentence."""
        return _SENTENCES[self].format(channel=channel)


_SENTENCES = {
    Ground.AGREED: "agreed to be shown on {channel}",
    Ground.LOOK_FIRST: "whom it may be agreed to be shown on {channel}: somebody has to look",
    Ground.NOBODY_AGREED: "nobody is known here who agreed to be shown on {channel}",
    Ground.PASSED_OVER: "the search passed this over: whose face it is, nobody knows",
}


@dataclass(frozen=True, slots=True)
class Ruling:
    """
    The verdict on one face, on which consents it rests, and of whom.

    Of a face that is covered there is neither. `sightings` are those to be looked at.
    """

    verdict: Verdict
    ground: Ground
    rests_on: Mapping[PersonId, ConsentId]
    sightings: tuple[SightingId, ...] = ()


COVERED = Ruling(Verdict.COVER, Ground.NOBODY_AGREED, {})


def judge(
    tx: Connection, photo: Photo, wish: Wish, *, at: datetime, only: PersonId | None = None
) -> Mapping[FaceId, Ruling]:
    """
    The verdict on each face that is stored of `photo`, under `wish`: `may-publish` and a channel,
    or what somebody who shows themselves agreed to. With `only` nobody else is shown.

    The statements are the same whatever is known of anybody (P10). Raises `NoConsent` of a film:
    between the frames that were looked at there may be anybody.
    """
    if photo.kind is PhotoKind.FILM:
        raise NoConsent(
            f"{photo.id}: a film is looked at twice a second: who else is in it is not known",
            hint="countenance publish covers everybody in a film",
        )
    ruled = _rulings(tx, photo, wish, sightings.known(tx, photo.id), at=at)
    if only is None:
        return ruled
    return {face: one if one.rests_on.keys() <= {only} else COVERED for face, one in ruled.items()}


def judge_film(tx: Connection, film: Photo, wish: Wish, *, at: datetime) -> Mapping[FaceId, Ruling]:
    """
    The same of the faces that are stored of a film: who of them might be left open in it.

    Only whom a person confirmed: what the model is sure of is for somebody to look at first. That a
    face is `SHOWN` says who it is at the instants of its track, and nothing of those between.
    """
    confirmed = sightings.decided(tx, film.id, SightingState.CONFIRMED)
    return _rulings(tx, film, wish, confirmed, at=at)


def still_agreed(
    tx: Connection, shown: Mapping[PersonId, ConsentId], wish: Wish, *, at: datetime
) -> bool:
    """Whether everybody `shown` agrees to `wish` still, and by the very consent they gave."""
    agreed = _agreed(people.consents(tx, people=set(shown)), wish, at=at) if shown else {}
    return all(agreed.get(who) == consent for who, consent in shown.items())


# --------------------------------------------------------------------------------------------


def _rulings(
    tx: Connection,
    photo: Photo,
    wish: Wish,
    known: Collection[tuple[FaceId, PersonId]],
    *,
    at: datetime,
) -> Mapping[FaceId, Ruling]:
    whose = _whose(tx, photo.id)
    everybody = {who for among in whose.values() for who in among}
    # What recognition may not show (the rule is off, a minor left the roster) answers for nobody.
    seen = sightings.shown(tx, everybody, at=at, within=Within(photo=photo.id))
    agreed = _agreed(people.consents(tx, people={one.person for one in seen}), wish, at=at)
    return {
        face.id: _ruling(face.id, whose.get(face.id, ()), known, agreed, seen)
        for face in photo.faces
    }


def _whose(tx: Connection, photo: PhotoId) -> Mapping[FaceId, Collection[PersonId]]:
    """Whom each face may be of, by the model or by a person's word."""
    whose: dict[FaceId, list[PersonId]] = {}
    for state in (SightingState.CANDIDATE, SightingState.CONFIRMED):
        for face, who in sightings.decided(tx, photo, state):
            whose.setdefault(face, []).append(who)
    return whose


def _agreed(
    consents: Collection[Consent], wish: Wish, *, at: datetime
) -> Mapping[PersonId, ConsentId]:
    """Who agreed to be shown, each with the consent."""
    # Who is recognised no more answers for nothing, though a case has not taken the sighting yet.
    recognised = admitted(consents, purposes=RECOGNISING, at=at)
    # Who asked to be covered is, whatever else they agreed to before or after.
    hidden = admitted(consents, purposes=(Purpose.HIDE_ME,), at=at)
    return {
        one.person: one.id
        for one in consents
        if one.person in recognised
        and one.person not in hidden
        and one.wish == wish
        and one.in_force(at)
    }


def _ruling(
    face: FaceId,
    among: Collection[PersonId],
    sure: Collection[tuple[FaceId, PersonId]],
    agreed: Mapping[PersonId, ConsentId],
    seen: Collection[Sighting],
) -> Ruling:
    # A face that may be one of two people is shown if both agreed.
    if not among or any(who not in agreed for who in among):
        return COVERED
    rests_on = {who: agreed[who] for who in sorted(among)}
    if any((face, who) in sure for who in among):
        return Ruling(Verdict.SHOWN, Ground.AGREED, rests_on)
    looked_at = tuple(sorted(one.id for one in seen if one.face == face))
    return Ruling(Verdict.ASK, Ground.LOOK_FIRST, rests_on, looked_at)
