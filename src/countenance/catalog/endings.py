"""
The end of consents and of grants, however it comes: from this transaction what rested on them is
in no answer.

A withdrawal, an expiry and an objection differ in what they write; what they take is the same. What
is to go is hidden here and named in a case of erasure, which is carried through afterwards. A
restore ends again what had ended, by the same functions.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from countenance.audit.statement import Trigger
from countenance.catalog import (
    disclosures,
    erasures,
    merges,
    people,
    photos,
    recalls,
    sightings,
    steps,
    telling,
    tombstones,
)
from countenance.catalog.erasures import Wanted
from countenance.catalog.people import Person
from countenance.core.ids import ErasureId, PersonId, PhotoId, SourceId
from countenance.people.consent import Consent, ConsentEvent
from countenance.people.purpose import RECOGNISING, SEALED, Purpose


@dataclass(frozen=True, slots=True)
class Ending:
    """
    The case that was opened, what ended in it, and what is still in force.

    `sightings` is how many are to go, and `whole` says that the person goes as well.
    """

    erasure: ErasureId
    ended: tuple[Consent, ...]
    kept: tuple[Consent, ...]
    sightings: int
    whole: bool


def end(
    tx: Connection,
    person: Person,
    ended: Sequence[Consent],
    how: ConsentEvent,
    *,
    trigger: Trigger,
) -> Ending:
    """
    Append `how` to each of the consents `ended` of one person, and open the case of what goes.

    With the last purpose that recognises, a picture that is kept ends too: it is for those alone.

    What goes is the references of every purpose not in force now, whether it ended just now or long
    ago; the sightings, if no purpose that recognises is left; and after a withdrawal that leaves
    nothing in force the person, who is nobody's from here on. What was given out on these consents
    is recalled. A merge that the person is in is over before that: `merged_with` says with whom.
    """
    merges.dissolve(tx, person.id, at=how.at)
    over_now = _with_what_serves(tx, person, ended, at=how.at)
    for consent in over_now:
        people.add_event(tx, person.id, consent.wish, how)
    own = people.consents(tx, people=[person.id])
    kept = tuple(one for one in own if one.in_force(how.at))
    over = [one.wish.purpose for one in own if one not in kept]
    references = people.references_of(tx, person.id, over)
    recognised = any(one.wish.purpose in RECOGNISING for one in kept)
    seen = 0 if recognised else sightings.count_of(tx, person.id)
    whole = trigger is Trigger.WITHDRAWN and not kept
    keys = tuple(dict.fromkeys(one.key for one in references))
    wanted = Wanted(
        trigger,
        person=person.id,
        consents=tuple(one.id for one in over_now),
        whole=whole,
        references=tuple(one.id for one in references),
        sightings=bool(seen),
        keys=tuple(dict.fromkeys((person.key, *keys))) if whole else keys,
    )
    if all(one.wish.purpose is not Purpose.TELL_ME for one in kept):
        telling.end(tx, person.id)
    if whole:
        people.hide(tx, person.id)
    case = erasures.open_case(tx, wanted, at=how.at)
    channels = {one.wish.channel for one in over_now if one.wish.purpose is Purpose.MAY_PUBLISH}
    given = disclosures.showing(tx, person.id, channels=None if whole else channels)
    # What they showed by a link of their own rests on no channel.
    given += disclosures.resting_on(tx, [one.id for one in over_now])
    recalls.open_for(tx, case, given, at=how.at)
    return Ending(case, over_now, kept, seen, whole)


def merged_with(tx: Connection, who: PersonId) -> list[Person]:
    """
    The other enrolments of the same human, as far as anybody knows it: those merged with theirs.

    Who says stop by one of them means all: the caller ends the same wishes of each.
    """
    others = {
        one
        for done in steps.standing_merges(tx, who)
        for one in (done.what.person, done.what.other)
        if one not in (who, None)
    }
    return [one for one in people.list_all(tx) if one.id in others]


def end_source(tx: Connection, source: SourceId, *, at: datetime) -> ErasureId:
    """
    Open the case of all that came from a source whose grants have ended, if none is open.

    What was given out of it is recalled.
    """
    salt = secrets.token_hex(erasures.SALT_BYTES)
    wanted = Wanted(Trigger.REVOKED, source=source, salt=salt)
    case = erasures.unfinished_of_source(tx, source) or erasures.open_case(tx, wanted, at=at)
    recalls.open_for(tx, case, disclosures.of_source(tx, source), at=at)
    return case


def end_picture(
    tx: Connection, which: PhotoId, source: SourceId, mark: str, *, at: datetime
) -> ErasureId:
    """
    Open the case of one photo, if there is none: it stands nowhere from this transaction on.

    The tombstone `mark` stands from here on too, so that what is under way does not store it again.
    What was given out of it is recalled.
    """
    photos.hide(tx, which)
    salt = secrets.token_hex(erasures.SALT_BYTES)
    wanted = Wanted(Trigger.TAKEN_DOWN, photo=which, salt=salt)
    case = erasures.of_photo(tx, which) or erasures.open_case(tx, wanted, at=at)
    tombstones.add_all(tx, source, [mark], case=case, at=at)
    recalls.open_for(tx, case, disclosures.of_photo(tx, which), at=at)
    return case


# --------------------------------------------------------------------------------------------


def _with_what_serves(
    tx: Connection, person: Person, ended: Sequence[Consent], *, at: datetime
) -> tuple[Consent, ...]:
    """What ends, and with the last purpose that recognises a picture that is kept for it."""
    going = {one.id for one in ended}
    own = people.consents(tx, people=[person.id], purposes=SEALED)
    left = [one for one in own if one.id not in going and one.in_force(at)]
    if any(one.wish.purpose in RECOGNISING for one in left):
        return tuple(ended)
    return (*ended, *left)
