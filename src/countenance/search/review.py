"""
The review: is this this person? Yes, no, not sure; and each of it can be taken back.

To be asked about somebody is to look for them, for the purpose `staff-find`: only who agreed to
that is asked about, and each page of questions is in the log, for them to read (P7, P33). What
somebody answers is never overwritten by the model (P12). Taking back restores the rows as they
were, and only while nothing has changed them since.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from countenance.audit.entry import Act, Entry
from countenance.catalog import collections, log, merges, people, queue, sightings, steps
from countenance.catalog.queue import Question
from countenance.catalog.sightings import SightingState
from countenance.catalog.steps import NewStep, Step, StepKind
from countenance.catalog.stores import Stores
from countenance.core.ids import PersonId, SightingId
from countenance.errors import NoConsent, Refused, Stale
from countenance.people.consent import Consent
from countenance.people.gate import admitted
from countenance.people.purpose import RECOGNISING, Purpose
from countenance.search.byhand import require

_REVIEWING = (Purpose.STAFF_FIND,)


class Answer(StrEnum):
    """What somebody says to a question. A No is for good, but for whoever takes it back."""

    YES = "yes"
    NO = "no"
    NOT_SURE = "not-sure"


@dataclass(frozen=True, slots=True)
class Asked:
    """
    A page of questions, in their order, with the `names` of those they are about.

    `left` is how many there are, `aside` how many of those somebody was not sure of. The next page
    is after the key `last`; there is none where it is empty.
    """

    questions: tuple[Question, ...]
    names: Mapping[PersonId, str]
    left: int
    aside: int
    last: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which questions: in a collection (its name or id), about a person, or those put aside."""

    collection: str = ""
    person: str = ""
    aside: bool = False


def questions(
    wanted: Wanted, *, after: tuple[str, str], count: int, actor: str, stores: Stores
) -> Asked:
    """
    At most `count` questions after the key `after`.

    Raises `Refused` if nobody asks, and `NotFound` if there is no such collection. Of a person who
    did not agree there are none (P10).
    """
    _require_somebody(actor)
    with stores.database.write() as tx:  # it writes: into the log
        at = stores.now(tx)
        where = collections.get(tx, wanted.collection).id if wanted.collection else ""
        agreed = _agreed(tx, wanted.person, at=at)
        found = queue.pending(
            tx,
            agreed.keys(),
            at=at,
            collection_id=where,
            after=after,
            count=count,
            aside=wanted.aside,
        )
        left = queue.count_pending(tx, agreed.keys(), collection_id=where)
        aside = queue.count_pending(tx, agreed.keys(), collection_id=where, aside=True)
        shown = sorted({one.person for one in found})
        if shown:
            rests_on = tuple(agreed[one].id for one in shown)
            said = Entry(Act.FOUND, at, actor, Purpose.STAFF_FIND, tuple(shown), rests_on)
            log.record(tx, said)
        full = bool(found) and len(found) == count
        last = (found[-1].band.value, str(found[-1].sighting)) if full else None
        return Asked(tuple(found), people.names(tx, shown), left, aside, last)


def answer(which: str, said: Answer, *, actor: str, stores: Stores) -> Step:
    """
    Answer the question about the sighting `which`. Gives the step, which can be taken back.

    Raises `NotFound` if there is no such sighting, `Stale` if somebody answered it meanwhile,
    `UsageError` if face or person are confirmed otherwise in the photo, and `Refused` if consent,
    grant or roster does not cover it now.
    """
    _require_somebody(actor)
    with stores.database.write() as tx:
        at = stores.now(tx)
        known = sightings.get(tx, SightingId(which))
        if known.state is not SightingState.CANDIDATE:
            raise Stale(f"{which}: somebody has answered this meanwhile: {known.state}")
        _require_agreed(tx, known.person, at=at)
        before = steps.in_photo(tx, known.photo)
        if said is Answer.YES:
            require(tx, known.photo, known.person, at=at)
        if said is not Answer.NOT_SURE:
            sightings.decide(tx, known, _STATES[said], at=at)
        was, now = steps.changes(before, steps.in_photo(tx, known.photo))
        new = NewStep(StepKind(said), known.person, sighting=known.id, before=was, after=now)
        made = steps.add(tx, new, actor=actor, at=at)
        subjects = (known.person, known.photo)
        log.record(tx, Entry(_ACTS[said], at, actor, Purpose.STAFF_FIND, subjects, (known.id,)))
    return made


def take_back(which: str, *, actor: str, stores: Stores) -> Step:
    """
    Take a step back; of no id, the newest of `actor` that stands. Gives the step.

    What it changed is as it was before, exactly. Of a merge, what was decided since stays with
    whose it was. Raises `NotFound` if there is no such step, and `Stale` if it was taken back
    already, or something it changed has been changed since.
    """
    _require_somebody(actor)
    with stores.database.write() as tx:
        at = stores.now(tx)
        done = steps.get(tx, which) if which else steps.newest_of(tx, actor)
        if done.undone_at is not None:
            raise Stale(f"{done.id}: it was taken back already")
        if done.what.kind is StepKind.MERGED:
            merges.take_apart(tx, done, at=at)
        else:
            _restore(tx, done, at=at)
        whom = (done.what.person, *((done.what.other,) if done.what.other else ()))
        touched = tuple(dict.fromkeys(one.id for one in (*done.what.before, *done.what.after)))
        # A merge may hold thousands; which they were, is not needed to do it again.
        rests_on = () if done.what.kind is StepKind.MERGED else touched
        log.record(tx, Entry(Act.TAKEN_BACK, at, actor, "", (done.id, *whom), rests_on))
    return done


# --------------------------------------------------------------------------------------------

_STATES = {Answer.YES: SightingState.CONFIRMED, Answer.NO: SightingState.REJECTED}
_ACTS = {Answer.YES: Act.CONFIRMED, Answer.NO: Act.REJECTED, Answer.NOT_SURE: Act.PUT_ASIDE}


def _require_somebody(actor: str) -> None:
    if not actor.strip():
        raise Refused("a review needs somebody who asks", hint="set the setting `actor`")


def _agreed(tx: Connection, who: str, *, at: datetime) -> dict[PersonId, Consent]:
    """Who may be asked about, each with the consent it rests on."""
    named = {one.id for one in people.named(tx, who)} if who else None
    own = people.consents(tx, people=named, purposes=_REVIEWING)
    return admitted(own, purposes=_REVIEWING, at=at)


def _require_agreed(tx: Connection, who: PersonId, *, at: datetime) -> None:
    own = people.consents(tx, people=[who], purposes=_REVIEWING)
    if who not in admitted(own, purposes=_REVIEWING, at=at):
        raise NoConsent(f"{who}: no consent in force to be found by staff")


def _restore(tx: Connection, done: Step, *, at: datetime) -> None:
    """The rows as they were before it, if they are still as it left them."""
    before, after = done.what.before, done.what.after
    now = steps.of_ids(tx, [one.id for one in (*before, *after)])
    if now != {one.id: one for one in after}:
        raise Stale(f"{done.id}: what it changed has been changed since: look at it again")
    steps.remove(tx, [one.id for one in after])
    back = steps.put_back(tx, _still_agreed(tx, before, at=at))
    if {one.id for one in back} != {one.id for one in _still_agreed(tx, before, at=at)}:
        raise Stale(f"{done.id}: the place of what it changed is taken: look at it again")
    steps.mark_undone(tx, done.id, at=at)


def _still_agreed(tx: Connection, rows: Sequence[steps.Kept], *, at: datetime) -> list[steps.Kept]:
    """Nobody is put back into a photo who agrees to nothing of the kind any more (P14)."""
    own = people.consents(tx, people={one.person for one in rows}, purposes=RECOGNISING)
    agreed = admitted(own, purposes=RECOGNISING, at=at)
    return [one for one in rows if one.person in agreed]
