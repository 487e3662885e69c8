"""
An enrolment: pictures, quality in words, consent, reference.

Nothing of a picture is kept but the sealed reference, and by who chose so the face, cut out and
sealed; nothing at all is kept if the pictures are not good enough, or if the transaction does not
commit.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from countenance.audit.entry import Act, Entry
from countenance.catalog import binding, copies, evidence, guardians, log, notices, people
from countenance.catalog.evidence import Written
from countenance.catalog.people import Person, SealedReference
from countenance.catalog.photos import Box
from countenance.catalog.portraits import seal_portraits
from countenance.catalog.references import OwnTemplates, seal_templates
from countenance.catalog.stores import Stores
from countenance.core.canonical import digest
from countenance.core.ids import ConsentId, GuardianId, KeyId
from countenance.errors import (
    Error,
    PoorPicture,
    Refused,
    Unavailable,
    Unreadable,
    UsageError,
)
from countenance.extract.extractor import Extractor, rounded_box
from countenance.media.preview import encode_preview
from countenance.people.consent import DEFAULT_DURATION, Consent, ConsentEvent, EventKind
from countenance.people.guardians import (
    DEFAULT_HISTORICAL_YEARS,
    AgeBand,
    Role,
    Standing,
    check_record,
    giver,
)
from countenance.people.names import checked_name
from countenance.people.notice import Notice
from countenance.people.purpose import RECOGNISING, SEALED, Purpose, Wish
from countenance.vault.keys import KeyStore
from countenance.vision.quality import Assessment, Quality, assess
from countenance.vision.types import Detections, Pixels

Float32 = NDArray[np.float32]

VIEW_PIXELS = 1024
"""Long side of a picture as it is shown to who gave it."""

PORTRAIT_PIXELS = 320
"""Long side of a face that is kept, with its margin: enough for the chips of every pack."""

PORTRAIT_QUALITY = 92

PORTRAIT_MARGIN = 0.6
"""Of a face's height, on each side: a detector has to find it again, and wants some ground."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """A picture to enrol from: what it is called, for answers, and its bytes."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Agreement:
    """
    What a person agrees to: each of `wishes`, under `notice`, until `until` (aware, exclusive).

    `until` of nothing is twelve months from now. `evidence` are the bytes of what proves it.
    `standing` says whose rules hold for the person, of somebody who is here already as before if
    it is nothing; `guardian` is a name and a relation. Somebody no longer living is recorded where
    others agree, once they have been dead for `historical_years`. Of a `namesake` the name may be
    somebody else's too: who enrols by themselves does not learn who else has.
    """

    wishes: tuple[Wish, ...]
    notice: Notice
    actor: str
    until: datetime | None = None
    evidence: bytes | None = None
    standing: Standing | None = None
    guardian: tuple[str, str] | None = None
    historical_years: int = DEFAULT_HISTORICAL_YEARS
    namesake: bool = False

    def given(self, at: datetime, role: Role, authority: GuardianId | None) -> ConsentEvent:
        """
        The event of giving it at `at`, in the capacity of `role`; for an archive, of recording it.

        Raises `UsageError` if it would be over before it begins.
        """
        shown = None if self.evidence is None else digest(self.evidence)
        if role is Role.ARCHIVE:
            return ConsentEvent(EventKind.RECORDED, at, self.actor, evidence=shown, role=role)
        until = self.until or at + DEFAULT_DURATION
        if until <= at:
            raise UsageError(f"it would be over before it begins: until {until:%Y-%m-%d %H:%M} UTC")
        return ConsentEvent(
            kind=EventKind.GIVEN,
            at=at,
            by=self.actor,
            until=until,
            notice=self.notice.digest,
            language=self.notice.language,
            evidence=shown,
            role=role,
            authority=authority,
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """
    What became of one picture. `sentences` say what is wrong or weak about it, for a person.

    `qualities` are the same for programs; none if it could not be read at all.
    """

    name: str
    accepted: bool
    weak: bool
    sentences: tuple[str, ...]
    qualities: tuple[Quality, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """
    A picture as it is shown to who gave it, before it is used.

    `view` is a JPEG of its pixels alone, nothing if it could not be read. `size` is the width and
    the height that `faces` are given in: the box of the face that would be used; else, of all that
    were found. Nothing of it is a template: none is made to look.
    """

    judged: Judged
    view: bytes = b""
    size: tuple[int, int] = (1, 1)
    faces: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An enrolment that is stored."""

    person: Person
    consents: tuple[ConsentId, ...]
    pictures: tuple[Judged, ...]
    until: datetime | None


class PoorPictures(PoorPicture):
    """No picture was good enough; `pictures` says why, one by one."""

    def __init__(self, pictures: tuple[Judged, ...]) -> None:
        lines = "; ".join(f"{one.name}: {', '.join(one.sentences)}" for one in pictures)
        super().__init__(
            f"none of the pictures is good enough to enrol from: {lines}",
            hint="a good one shows one face from the front, in daylight, 80 pixels high or more",
        )
        self.pictures = pictures


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """
    What the pictures gave: templates of the accepted ones, and what became of each.

    `portraits` are the faces of the accepted ones as JPEGs, to be kept by who chooses so.
    """

    templates: OwnTemplates
    pictures: tuple[Judged, ...]
    portraits: tuple[bytes, ...] = ()

    @classmethod
    def at_nothing(cls) -> "Looked":
        """Of somebody who enrols without a picture, to be put into faces by hand (P18)."""
        return cls(OwnTemplates(np.zeros((0, 0), np.float32), "", weak=False), ())


def look_at(portraits: Sequence[Portrait], extractor: Extractor) -> Looked:
    """
    Judge each picture, and make templates of the good ones.

    Raises `PoorPicture` if none is good enough.
    """
    judged: list[Judged] = []
    vectors = [extractor.no_templates().vectors]
    faces: list[bytes] = []
    for portrait in portraits:
        verdict, vector, face = _look_at_one(portrait, extractor)
        judged.append(verdict)
        vectors.append(vector)
        faces += [face] if face else []
    if not any(one.accepted for one in judged):
        raise PoorPictures(tuple(judged))
    weak = all(one.weak for one in judged if one.accepted)
    templates = OwnTemplates(np.concatenate(vectors), extractor.pack.id, weak)
    return Looked(templates, tuple(judged), tuple(faces))


def try_out(portraits: Sequence[Portrait], extractor: Extractor) -> tuple[Seen, ...]:
    """What is to be said of each picture, without using it; nothing of it is kept."""
    return tuple(_try_one(portrait, extractor) for portrait in portraits)


def enrol(
    who: str, looked: Looked, agreement: Agreement, *, stores: Stores, again: bool = False
) -> Enrolment:
    """
    Store an enrolment: person, consents, references and log entry in one transaction.

    `who` is the name of somebody new, or with `again` the id of a person, whose references for all
    that they agree to are replaced. The caller holds the lock on keys, and destroys those that are
    no longer in use. Raises `UsageError` if it is no name or nothing is agreed to, or a picture is
    to be kept for nothing, and `Refused` if a new person's name is taken.
    """
    name = who if again else checked_name(who)
    if not agreement.wishes:
        raise UsageError("an enrolment needs a purpose that the person agrees to")
    # The keys are on disk before the transaction that names them. A crash between the two leaves
    # keys that open nothing; the next enrolment or withdrawal destroys them.
    made = _Keys(stores)
    written: Written | None = None
    try:
        own = _key_of(stores, who) if again else made.create()
        if agreement.evidence is not None:
            written = evidence.write(stores, agreement.evidence, key=own)
        needed = _seen_for(stores, name, looked, agreement, again=again)
        _check_kept(agreement, needed)
        by_purpose = {purpose: made.create() for purpose in sorted(needed)}
        plan = _Plan(name, looked, agreement, again, own, by_purpose, written)
        with stores.database.write() as tx:
            return _store(tx, plan, stores)
    except Unavailable:
        # Perhaps it was stored, and only the word of it was lost. Then keys and evidence are
        # needed; else nothing names them, and the next enrolment destroys them.
        raise
    except Error:
        if written is not None:
            copies.remove_unconfirmed(stores, [written.copy])
        made.destroy_unused()
        raise


# --------------------------------------------------------------------------------------------


class _Keys:
    """The keys that an enrolment made, until it is known whether it is stored."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._made: set[KeyId] = set()

    def create(self) -> KeyId:
        made = self._stores.keys.create()
        self._made.add(made)
        return made

    def destroy_unused(self) -> None:
        """Not those of a transaction that failed only after it was stored: the tables say."""
        # What cannot be looked up now is left to the next enrolment or withdrawal.
        with suppress(Unavailable):
            with self._stores.database.read() as tx:
                unused = self._made - people.keys_in_use(tx)
            for key in unused:
                self._stores.keys.destroy(key)


@dataclass(frozen=True, slots=True)
class _Plan:
    """All that one transaction stores. `own` is the person's key, `keys` those of references."""

    who: str
    looked: Looked
    agreement: Agreement
    again: bool
    own: KeyId
    keys: Mapping[Purpose, KeyId]
    written: Written | None


def _check_kept(agreement: Agreement, needed: frozenset[Purpose]) -> None:
    """A picture is kept where one is given, for what recognises by it."""
    if Wish(Purpose.KEEP_PICTURE) not in agreement.wishes:
        return
    if not needed:
        raise UsageError("keep-picture: there is no picture to keep")
    if not needed & RECOGNISING:
        raise UsageError(
            "keep-picture: a picture is kept for what recognises by it, and nothing does",
            hint="for example --consent find-me,keep-picture",
        )


def _key_of(stores: Stores, who: str) -> KeyId:
    with stores.database.read() as tx:
        return people.get(tx, who).key


def _seen_for(
    stores: Stores, who: str, looked: Looked, agreement: Agreement, *, again: bool
) -> frozenset[Purpose]:
    """The purposes that may need a key: all that seal something, of what is agreed to by now."""
    if not looked.pictures:
        return frozenset()
    agreed = {wish.purpose for wish in agreement.wishes}
    if not again:
        return SEALED & agreed
    with stores.database.read() as tx:
        own = people.consents(tx, people=[people.get(tx, who).id])
        live = {one.wish.purpose for one in own if one.in_force(stores.now(tx))}
    return SEALED & (agreed | live)


def _store(tx: Connection, plan: _Plan, stores: Stores) -> Enrolment:
    at, agreement = stores.now(tx), plan.agreement
    if plan.again:
        person = _known_person(tx, plan.who)
    else:
        if not agreement.namesake:
            _require_nobody_called(tx, plan.who)
        person = people.add(tx, plan.who, plan.own, at=at, standing=agreement.standing)
    given = _given(tx, person, agreement, at=at)
    ids = tuple(people.add_event(tx, person.id, wish, given) for wish in agreement.wishes)
    if given.notice is not None:
        notices.keep(tx, agreement.notice, at=at)
    if plan.written is not None:
        evidence.keep(tx, plan.written, person.id)
    if plan.keys:
        _require_the_pack(tx, plan.looked.templates.pack)
        binding.drop_other_packs(tx, plan.looked.templates.pack, who=person.id)
        binding.has_enrolled(tx, person.id)
        for reference in _sealed(tx, stores.keys, plan, person, at=at):
            people.add_reference(tx, reference, at=at)
        people.raise_gallery_version(tx)
    log.record(tx, Entry(Act.ENROLLED, at, agreement.actor, "", (person.id,), ids))
    return Enrolment(person, ids, plan.looked.pictures, given.until)


def _require_the_pack(tx: Connection, pack: str) -> None:
    """What another pack made is compared with nothing here."""
    bound = binding.bound_pack(tx)
    if bound and bound != pack:
        raise Unavailable(
            f"the models were changed meanwhile, from {pack} to {bound}", hint="try again"
        )


def _given(tx: Connection, person: Person, agreement: Agreement, *, at: datetime) -> ConsentEvent:
    """The event of giving, by whoever may give it for this person."""
    if agreement.guardian is not None:
        name, relation = agreement.guardian
        named = guardians.add(tx, person.id, checked_name(name), relation, at=at).id
    else:
        named = None
    if person.standing.band is AgeBand.HISTORICAL:
        check_record(person.standing, year=at.year, years=agreement.historical_years)
    known = guardians.of(tx, person.id)
    role = giver(person.standing.band, known)
    authority = (named or known[0].id) if role is Role.GUARDIAN else None
    return agreement.given(at, role, authority)


def _known_person(tx: Connection, who: str) -> Person:
    """Somebody who enrols again. While an objection stands, nobody can agree for them."""
    person = people.get(tx, who)
    against = guardians.standing(tx, person.id)
    if against:
        raise Refused(
            f"{person.id}: an objection stands, since {against[0].at:%Y-%m-%d}",
            hint="only who made it can take it back: countenance person lift-objection",
        )
    return person


@dataclass(frozen=True, slots=True, eq=False)
class _Examined:
    """A picture that could be read, the faces in it, and what is to be said of them."""

    pixels: Pixels
    found: Detections
    verdict: Assessment
    judged: Judged


def _examined(portrait: Portrait, see: Extractor) -> _Examined | Judged:
    """What a picture shows; or what became of it, if it cannot be read."""
    try:
        picture = see.decoder(portrait.data)
    except Unreadable as exc:
        return Judged(portrait.name, accepted=False, weak=False, sentences=(exc.message,))
    found = see.vision.find(picture.pixels)
    verdict = assess(picture.pixels, found, see.pack.faces)
    return _Examined(picture.pixels, found, verdict, _judged(portrait.name, verdict))


def _look_at_one(portrait: Portrait, see: Extractor) -> tuple[Judged, Float32, bytes]:
    """What became of a picture, the template `(1, d)` of a good one, and its face as a JPEG."""
    nothing = see.no_templates().vectors
    seen = _examined(portrait, see)
    if isinstance(seen, Judged):
        return seen, nothing, b""
    face = seen.verdict.face
    if face is None or not seen.judged.accepted:
        return seen.judged, nothing, b""
    template = see.vision.templates(seen.pixels, seen.found.points[face : face + 1])
    return seen.judged, template, _face_of(seen.pixels, seen.found.boxes[face])


def _face_of(pixels: Pixels, box: Float32) -> bytes:
    """The face in `box`, `[x1, y1, x2, y2]` in pixels, with a margin: a small JPEG, no more."""
    x1, y1, x2, y2 = (float(edge) for edge in box)
    margin = PORTRAIT_MARGIN * (y2 - y1)
    height, width = pixels.shape[:2]
    top, bottom = round(max(0, y1 - margin)), round(min(height, y2 + margin))
    left, right = round(max(0, x1 - margin)), round(min(width, x2 + margin))
    return encode_preview(
        pixels[top:bottom, left:right], long_side=PORTRAIT_PIXELS, quality=PORTRAIT_QUALITY
    )


def _try_one(portrait: Portrait, see: Extractor) -> Seen:
    seen = _examined(portrait, see)
    if isinstance(seen, Judged):
        return Seen(seen)
    height, width = seen.pixels.shape[:2]
    face = seen.verdict.face
    boxes = seen.found.boxes if face is None else seen.found.boxes[face : face + 1]
    view = encode_preview(seen.pixels, long_side=VIEW_PIXELS)
    return Seen(seen.judged, view, (width, height), tuple(rounded_box(one) for one in boxes))


def _judged(name: str, verdict: Assessment) -> Judged:
    sentences = tuple(answer.sentence for answer in verdict.answers)
    qualities = tuple(answer.quality for answer in verdict.answers)
    return Judged(name, verdict.ok, verdict.weak, sentences, qualities)


def _require_nobody_called(tx: Connection, name: str) -> None:
    taken = people.by_name(tx, name)
    if taken:
        raise Refused(
            f"{name}: somebody of this name is enrolled ({taken[0].id})",
            hint="to give new pictures of the same person, name the id and add --again; "
            "for somebody else of that name, add something that tells them apart",
        )


def _sealed(
    tx: Connection, keys: KeyStore, plan: _Plan, person: Person, *, at: datetime
) -> list[SealedReference]:
    """
    A reference for each purpose that needs one, and the portraits where they are kept: each can be
    opened for that purpose alone.

    Also for what was agreed to before: else the old pictures would go on being looked for (P5).
    """
    return [
        _sealed_for(tx, keys, plan, consent)
        for consent in people.consents(tx, people=[person.id], purposes=SEALED)
        if consent.in_force(at)
    ]


def _sealed_for(tx: Connection, keys: KeyStore, plan: _Plan, consent: Consent) -> SealedReference:
    key = plan.keys[consent.wish.purpose]
    if consent.wish.purpose is Purpose.KEEP_PICTURE:
        return seal_portraits(tx, keys, key, consent, plan.looked.portraits)
    return seal_templates(tx, keys, key, consent, plan.looked.templates)
