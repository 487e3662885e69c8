"""
Searching: from a probe, a picture, to the people in it whose consent lets the asker know.

The probe is looked at in memory and kept nowhere. A face whose person did not enrol, did not agree
or is simply not here gets the same answer: no candidate (P10).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from sqlalchemy import Connection

from countenance.audit.entry import Act, Entry
from countenance.catalog import hints, log, people, sightings
from countenance.catalog.photos import Box
from countenance.catalog.references import OpenGallery, open_gallery
from countenance.catalog.sightings import Sighting
from countenance.catalog.stores import Stores
from countenance.core.ids import PersonId
from countenance.errors import Refused, VerificationError
from countenance.extract.extractor import Extractor
from countenance.extract.recognise import recognise, require_reach
from countenance.gallery.bands import FALSE_HITS, Band
from countenance.gallery.matching import Match
from countenance.people.consent import Consent
from countenance.people.gate import admitted
from countenance.people.purpose import Purpose
from countenance.search.asker import Asker
from countenance.search.results import Result, results, told_by_source
from countenance.vision.pack import Pack


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody whom a face may show, how sure that is, and where else they appear."""

    person: PersonId
    name: str
    band: Band
    sightings: tuple[Sighting, ...]

    @property
    def results(self) -> tuple[Result, ...]:
        """The sightings, those in near-duplicates of one picture together."""
        return results(self.sightings)


@dataclass(frozen=True, slots=True)
class ProbeFace:
    """A face of the probe, its box in pixels of the upright picture. At most one candidate."""

    box: Box
    candidates: tuple[Candidate, ...]


def search(
    data: bytes,
    asker: Asker,
    *,
    extractor: Extractor,
    stores: Stores,
    false_hits: float = FALSE_HITS,
) -> tuple[ProbeFace, ...]:
    """
    The faces of the picture `data`, each with whom it may show.

    Raises `Unreadable` if it is not a picture, and `Refused` if somebody who looks for themselves
    shows several people, or if so many are enrolled that no face could be given any band, with
    `false_hits` in 1,000 searches allowed.
    """
    picture = extractor.decoder(data)
    faces = extractor.faces(picture)
    if asker.purpose is Purpose.FIND_ME and len(faces) > 1:
        _refuse(asker, len(faces), stores=stores)
    templates = extractor.templates(picture, faces)
    pack = extractor.pack
    # The gallery is opened for this purpose alone, and dropped after.
    opened = _open(stores, asker, pack)
    require_reach(pack, len(opened.gallery), false_hits=false_hits)
    matches = recognise(templates, opened.gallery, pack, false_hits=false_hits)
    with stores.database.write() as tx:  # a search writes: into the log
        key = hints.key_of(tx, stores)
        candidates = _candidates(tx, matches, asker, key, at=stores.now(tx))
    return tuple(ProbeFace(face.box, candidates.get(row, ())) for row, face in enumerate(faces))


# --------------------------------------------------------------------------------------------


def _refuse(asker: Asker, faces: int, *, stores: Stores) -> NoReturn:
    """Who looks for themselves shows themselves: a picture of others would name them all."""
    with stores.database.write() as tx:
        log.record(tx, Entry(Act.REFUSED, stores.now(tx), asker.actor, asker.purpose))
    raise Refused(
        f"{Purpose.FIND_ME}: a picture of oneself shows one face, and this one {faces}",
        hint=f"to look for others, they must have agreed to {Purpose.STAFF_FIND}",
    )


def _open(stores: Stores, asker: Asker, pack: Pack) -> OpenGallery:
    with stores.database.read() as tx:
        at = stores.now(tx)
        try:
            return open_gallery(tx, stores.keys, purposes=(asker.purpose,), pack=pack, at=at)
        except VerificationError:
            pass
    # A withdrawal may have destroyed a key since that state of the catalog was looked at. While
    # nobody else can write, there is a key for every reference, or it is damaged.
    with stores.database.write() as tx:
        at = stores.now(tx)
        return open_gallery(tx, stores.keys, purposes=(asker.purpose,), pack=pack, at=at)


def _candidates(
    tx: Connection, matches: Mapping[int, Match], asker: Asker, key: bytes | None, *, at: datetime
) -> Mapping[int, tuple[Candidate, ...]]:
    """By row of the face. Consents are asked again: those of the answer's moment count (P8)."""
    named = {match.person for match in matches.values()}
    agreed = admitted(people.consents(tx, people=named), purposes=(asker.purpose,), at=at)
    _log(tx, asker, agreed, at=at)
    names = people.names(tx, agreed)
    if nobody := agreed.keys() - names.keys():
        raise VerificationError(
            f"{min(nobody)} agreed, and is nobody in the catalog: damaged, or changed by hand",
            hint="countenance doctor says more; bring it back with countenance restore",
        )
    shown = told_by_source(sightings.shown(tx, list(agreed), at=at), names, key)
    return {
        row: (_candidate(match, names, shown),)
        for row, match in matches.items()
        if match.person in agreed
    }


def _candidate(match: Match, names: Mapping[PersonId, str], shown: Sequence[Sighting]) -> Candidate:
    own = tuple(one for one in shown if one.person == match.person)
    return Candidate(match.person, names[match.person], match.band, own)


def _log(tx: Connection, asker: Asker, agreed: Mapping[PersonId, Consent], *, at: datetime) -> None:
    rests_on = tuple(sorted(consent.id for consent in agreed.values()))
    log.record(
        tx, Entry(Act.SEARCHED, at, asker.actor, asker.purpose, tuple(sorted(agreed)), rests_on)
    )
