"""
The plain model of a library's rights: who may be found where, what is to be recalled, what is gone.

It is what `docs/consent.md`, `docs/erasure.md`, `docs/recall.md` and `docs/backup.md` say, and
knows nothing of how the program does it. All that ends is also written into `history`; a restore
takes an earlier copy of the model and lets that part of the history happen to it again.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import NamedTuple

from countenance.audit.statement import ENDED, RecallState, Trigger
from countenance.erasure.recall import DEADLINE, TIME_TO_ANSWER, WAITS
from countenance.people.purpose import RECOGNISING, Purpose, Wish

_tokens = count(1)


class Place(NamedTuple):
    """A picture: the collection it belongs to, its name, and who is in it from left to right."""

    collection: str
    name: str
    faces: tuple[int, ...]


@dataclass
class Agreed:
    """
    Somebody who is known by name.

    `until` has what is in force, and `references` the key of each, by a number that is never used
    again.
    """

    id: str
    name: str
    identity: int
    until: dict[Wish, datetime] = field(default_factory=dict)
    references: dict[Purpose, int] = field(default_factory=dict)
    objected: bool = False

    def recognising(self) -> frozenset[Purpose]:
        return RECOGNISING & {wish.purpose for wish in self.until}


@dataclass
class Where:
    """A collection with its one source. `grants` are those in force, each a number."""

    source: str
    grants: set[int] = field(default_factory=set)
    recognition: bool = True
    minors: bool = False
    roster: set[str] = field(default_factory=set)
    takedown: int | None = None  # the case that is under way


@dataclass(frozen=True)
class Given:
    """One picture that was given out, and the ids of those who were shown in it."""

    id: str
    photo: str
    source: str
    channel: str
    reachable: bool
    shown: frozenset[str]


@dataclass(frozen=True)
class Demand:
    """A recall. `case` is the number of the case that it belongs to."""

    case: int
    disclosure: str
    opened_at: datetime
    next_at: datetime | None
    state: RecallState = RecallState.OPEN
    tries: int = 0

    @property
    def ended(self) -> bool:
        return self.state in ENDED


@dataclass(frozen=True)
class Copied:
    """A backup. One of which nobody knows where it stands was made after one that was restored."""

    made_at: datetime
    expires_at: datetime
    known: bool = True
    gone: bool = False


# --- what is in the log of what ended -----------------------------------------------------------


@dataclass(frozen=True)
class Ended:
    """Consents of one person ended; after an objection a no stands."""

    who: str
    wishes: frozenset[Wish]
    trigger: Trigger
    at: datetime


@dataclass(frozen=True)
class Lifted:
    """An objection was taken back."""

    who: str


@dataclass(frozen=True)
class Revoked:
    """A source was taken down."""

    collection: str
    grants: frozenset[int]
    at: datetime


@dataclass(frozen=True)
class RuleChanged:
    """The rule of a collection was said."""

    collection: str


@dataclass(frozen=True)
class RosterChanged:
    """Somebody was put on a roster, or taken off it."""

    collection: str
    who: str


@dataclass(frozen=True)
class Decided:
    """A person said who is in a face, or who is not."""

    sighting: str
    photo: str
    who: str
    confirmed: bool


@dataclass(frozen=True)
class BackedUp:
    """A backup was made."""

    id: str
    at: datetime


@dataclass(frozen=True)
class BackupGone:
    """A backup is gone."""

    id: str


Happened = (
    Ended | Lifted | Revoked | RuleChanged | RosterChanged | Decided | Given | BackedUp | BackupGone
)


@dataclass(frozen=True)
class Gone:
    """
    What an end takes with it, down to the bytes: of one person, or of the photos of a source.

    `purposes` are those whose references go, `sightings` says that those go, `whole` that name and
    evidence do.
    """

    who: str = ""
    purposes: frozenset[Purpose] = frozenset()
    sightings: bool = False
    whole: bool = False
    photos: frozenset[str] = frozenset()


@dataclass
class Rights:
    """
    What must be so. `seen`, `confirmed` and `rejected` are pairs of a person's id and a picture.

    `photos` are the pictures that are in the library, by the ids of their rows, and `refused` those
    that must not come in again. `unfinished` counts the cases of which something may still be in a
    file. `gone` is taken by whoever looks for the bytes.
    """

    where: dict[str, Where]
    people: dict[str, Agreed] = field(default_factory=dict)
    asked: set[tuple[str, Wish]] = field(default_factory=set)
    photos: dict[Place, str] = field(default_factory=dict)
    compared: dict[Place, int] = field(default_factory=dict)
    version: int = 0
    seen: set[tuple[str, Place]] = field(default_factory=set)
    confirmed: set[tuple[str, Place]] = field(default_factory=set)
    rejected: set[tuple[str, Place]] = field(default_factory=set)
    refused: set[Place] = field(default_factory=set)
    given: list[Given] = field(default_factory=list)
    demands: list[Demand] = field(default_factory=list)
    cases: Counter[tuple[Trigger, str]] = field(default_factory=Counter)
    unfinished: int = 0
    backups: dict[str, Copied] = field(default_factory=dict)
    history: list[Happened] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)

    # --- who is found -----------------------------------------------------------------------

    def named(self, name: str) -> Agreed | None:
        return next((one for one in self.people.values() if one.name == name), None)

    def places(self, name: str, purpose: Purpose) -> list[str]:
        """The names of the pictures that somebody is found in."""
        who = self.named(name)
        if who is None or Wish(purpose) not in who.until:
            return []
        return sorted(place.name for place in self.photos if self.shows(who.id, place))

    def candidates(self, identity: int, purpose: Purpose) -> list[str]:
        """Whom a probe of this face may be taken for."""
        return [
            one.name
            for one in self.people.values()
            if one.identity == identity and purpose in one.references
        ]

    def shows(self, who: str, place: Place) -> bool:
        where, pair = self.where[place.collection], (who, place)
        by_model = pair in self.seen and where.recognition
        on_roster = not where.minors or who in where.roster
        return bool(where.grants) and on_roster and (by_model or pair in self.confirmed)

    def may_be_given(self, place: Place, channel: str) -> frozenset[str] | None:
        """Everybody who is shown in a picture, if all of them agreed to it; or nothing."""
        shown: set[str] = set()
        for identity in place.faces:
            own = [
                one.id
                for one in self.people.values()
                if one.identity == identity
                and self.shows(one.id, place)
                and Wish(Purpose.MAY_PUBLISH, channel) in one.until
                # Who asked to be covered is, whatever else they agreed to.
                and Wish(Purpose.HIDE_ME) not in one.until
            ]
            if not own:
                return None
            shown.update(own)
        return frozenset(shown) if self.where[place.collection].grants else None

    # --- what begins ------------------------------------------------------------------------

    def ingest(self, there: Iterable[Place]) -> None:
        for place in there:
            new = place not in self.photos and place not in self.refused
            if new and self.where[place.collection].grants:
                self.photos[place], self.compared[place] = "", 0
        self.compare()

    def compare(self) -> None:
        """Every picture that is behind the gallery is compared with it, and with nothing else."""
        gallery = [one for one in self.people.values() if one.references]
        for place in self.photos if gallery else ():
            where = self.where[place.collection]
            nobody = where.minors and not where.roster
            if not where.recognition or nobody or self.compared[place] >= self.version:
                continue
            here = {one.id for one in gallery if one.identity in place.faces}
            barred = {who for who, other in self.rejected | self.confirmed if other == place}
            found = {who for who in here - barred if not where.minors or who in where.roster}
            self.seen = {pair for pair in self.seen if pair[1] != place}
            self.seen |= {(who, place) for who in found}
            self.compared[place] = self.version

    def enrol(
        self, who: str, name: str, identity: int, until: Mapping[Wish, datetime], *, pictured: bool
    ) -> None:
        one = self.people.setdefault(who, Agreed(who, name, identity))
        one.until.update(until)
        self.asked |= {(who, wish) for wish in until}
        if pictured and one.recognising():
            one.references = {purpose: next(_tokens) for purpose in one.recognising()}
            self.version += 1
        if pictured:
            self.compare()

    def keys(self) -> set[int]:
        """The keys of references that have to be there."""
        return {key for one in self.people.values() for key in one.references.values()}

    def disclose(self, given: Given) -> None:
        self.given.append(given)
        self.history.append(given)

    def back_up(self, which: str, at: datetime, expires_at: datetime) -> None:
        self.backups[which] = Copied(at, expires_at)
        self.history.append(BackedUp(which, at))

    # --- what ends --------------------------------------------------------------------------

    def end(self, who: str, wishes: Collection[Wish], trigger: Trigger, at: datetime) -> bool:
        """What is in force of `wishes` ends, with all that rested on it. Whether all of it did."""
        one = self.people[who]
        ended = frozenset(wishes) & one.until.keys()
        self.history.append(Ended(who, ended, trigger, at))
        for wish in ended:
            del one.until[wish]
        whole = trigger is Trigger.WITHDRAWN and not one.until
        over = RECOGNISING - one.recognising()
        one.references = {p: key for p, key in one.references.items() if p not in over}
        one.objected |= trigger is Trigger.OBJECTED
        unseen = not one.recognising()
        if unseen:
            self._forget([pair for pair in self._pairs() if pair[0] == who])
        channels = {wish.channel for wish in ended if wish.channel}
        case = self._open(trigger, who)
        shown = [one for one in self.given if who in one.shown]
        self._demand(case, [one for one in shown if whole or one.channel in channels], at)
        if whole:
            del self.people[who]
            for where in self.where.values():
                where.roster.discard(who)
        self.gone.append(Gone(who, over, sightings=unseen, whole=whole))
        return whole

    def expire(self, at: datetime) -> None:
        """The time of some consents has come: one case for each person."""
        for one in list(self.people.values()):
            over = {wish for wish, until in one.until.items() if until <= at}
            if over:
                self.end(one.id, over, Trigger.EXPIRED, at)
                self.unfinished += 1

    def lift(self, who: str) -> None:
        self.people[who].objected = False
        self.history.append(Lifted(who))

    def take_down(self, collection: str, at: datetime, *, finished: bool = True) -> None:
        where = self.where[collection]
        self.history.append(Revoked(collection, frozenset(where.grants), at))
        self._revoke(where, set(where.grants), at)
        self._purge(collection)
        if finished:
            where.takedown = None

    def set_rule(self, collection: str, *, recognition: bool, minors: bool) -> None:
        self.history.append(RuleChanged(collection))
        self._rule(collection, recognition=recognition, minors=minors)

    def put_on_roster(self, collection: str, who: str) -> None:
        self.history.append(RosterChanged(collection, who))
        self.where[collection].roster.add(who)
        self.version += 1

    def take_off_roster(self, collection: str, who: str) -> None:
        self.history.append(RosterChanged(collection, who))
        self._leave(collection, who)

    def decide(self, sighting: str, who: str, place: Place, *, confirmed: bool) -> None:
        self.history.append(Decided(sighting, self.photos[place], who, confirmed))
        self._decide((who, place), confirmed=confirmed)

    def backup_gone(self, which: str) -> None:
        self.history.append(BackupGone(which))
        self.backups[which] = replace(self.backups[which], gone=True)

    def all_carried(self) -> None:
        """Every case went as far as its bytes."""
        self.unfinished = 0
        for where in self.where.values():
            where.takedown = None

    # --- recalls ----------------------------------------------------------------------------

    def send(self, at: datetime, answer: str) -> None:
        """All that is due is sent, and every recipient that can be reached gives this `answer`."""
        reachable = {one.id for one in self.given if one.reachable}
        self.demands = [
            _sent(one, at, answer, reachable=one.disclosure in reachable)
            if one.next_at is not None and one.next_at <= at and not one.ended
            else one
            for one in self.demands
        ]

    def answer(self, which: Demand, state: RecallState) -> None:
        """A recall ends: by a recipient's word, or by a person's."""
        place = self.demands.index(which)
        self.demands[place] = replace(which, state=state, next_at=None)

    # --- restoring --------------------------------------------------------------------------

    def restored(
        self, since: list[Happened], sightings: Collection[str], keys: Collection[int]
    ) -> "Rights":
        """
        What must be so once this, as it was at a backup, is restored and `since` happened again.

        `sightings` are the ids that were there at the backup, and `keys` those of the references
        that are still there.
        """
        new = deepcopy(self)
        for one in since:
            new._again(one, sightings)
        for collection, where in new.where.items():
            if where.takedown is not None:
                new._purge(collection)
                where.takedown = None
        for who in new.people.values():
            who.references = {p: key for p, key in who.references.items() if key in keys}
        new.history = [*self.history, *since]
        new.gone.clear()
        return new

    # ----------------------------------------------------------------------------------------

    def _again(self, one: Happened, sightings: Collection[str]) -> None:
        match one:
            case Ended(who=who) if who in self.people:
                self.end(who, one.wishes, one.trigger, one.at)
            case Lifted(who=who) if who in self.people:
                self.lift(who)
            case Revoked():
                self._revoke(self.where[one.collection], set(one.grants), one.at)
            case RuleChanged():
                minors = self.where[one.collection].minors
                self._rule(one.collection, recognition=False, minors=minors)
            case RosterChanged():
                self._leave(one.collection, one.who)
            case Decided():
                self._decide_again(one, sightings)
            case Given() if one.photo in self.photos.values():
                known = {who for who, wish in self.asked if wish.channel == one.channel}
                self.given.append(replace(one, shown=one.shown & known))
            case BackedUp() if one.id not in self.backups:
                self.backups[one.id] = Copied(one.at, one.at, known=False)
            case BackupGone():
                self.backups[one.id] = replace(self.backups[one.id], gone=True)
            case _:
                pass

    def _pairs(self) -> set[tuple[str, Place]]:
        return self.seen | self.confirmed | self.rejected

    def _forget(self, pairs: Iterable[tuple[str, Place]]) -> None:
        going = set(pairs)
        self.seen -= going
        self.confirmed -= going
        self.rejected -= going

    def _open(self, trigger: Trigger, subject: str) -> int:
        self.cases[trigger, subject] += 1
        return next(_tokens)

    def _demand(self, case: int, given: Iterable[Given], at: datetime) -> None:
        known = {one.disclosure for one in self.demands if one.case == case}
        self.demands += [Demand(case, one.id, at, at) for one in given if one.id not in known]

    def _revoke(self, where: Where, grants: set[int], at: datetime) -> None:
        where.grants -= grants
        if where.takedown is None:
            where.takedown = self._open(Trigger.REVOKED, where.source)
        own = [one for one in self.given if one.source == where.source]
        self._demand(where.takedown, own, at)

    def _purge(self, collection: str) -> None:
        """Everything that came from the source goes, and is refused from now on."""
        going = {place: row for place, row in self.photos.items() if place.collection == collection}
        self.refused |= going.keys()
        self._forget([pair for pair in self._pairs() if pair[1] in going])
        for place in going:
            del self.photos[place], self.compared[place]
        self.gone.append(Gone(photos=frozenset(going.values())))

    def _rule(self, collection: str, *, recognition: bool, minors: bool) -> None:
        where = self.where[collection]
        again = minors or not recognition or where.minors
        where.recognition, where.minors = recognition, minors
        for place in self.photos:
            if place.collection == collection and again:
                self.compared[place] = 0
        if minors or not recognition:
            self.seen = {pair for pair in self.seen if pair[1].collection != collection}

    def _leave(self, collection: str, who: str) -> None:
        where = self.where[collection]
        if who in where.roster and where.minors:
            self.seen = {
                pair for pair in self.seen if (pair[0], pair[1].collection) != (who, collection)
            }
        where.roster.discard(who)

    def _decide(self, pair: tuple[str, Place], *, confirmed: bool) -> None:
        self._forget([pair])
        (self.confirmed if confirmed else self.rejected).add(pair)

    def _decide_again(self, one: Decided, sightings: Collection[str]) -> None:
        """One that a comparison made anew is known again if it was rejected, and is none's else."""
        for place in [place for place, row in self.photos.items() if row == one.photo]:
            pair = (one.who, place)
            same = one.sighting in sightings and pair in self._pairs()
            if same or (not one.confirmed and pair in self.seen):
                self._decide(pair, confirmed=one.confirmed)


# --------------------------------------------------------------------------------------------


def _sent(one: Demand, at: datetime, answer: str, *, reachable: bool) -> Demand:
    task = replace(one, state=RecallState.NEEDS_PERSON, next_at=None)
    if one.state is RecallState.DELIVERED or not reachable:
        return task
    tried = replace(one, tries=one.tries + 1)
    match answer:
        case "down" if tried.tries < len(WAITS):
            return replace(tried, next_at=at + WAITS[tried.tries])
        case "takes it":
            until = max(one.opened_at + DEADLINE, at + TIME_TO_ANSWER)
            return replace(tried, state=RecallState.DELIVERED, next_at=until)
        case "deleted":
            return replace(tried, state=RecallState.ACKNOWLEDGED, next_at=None)
        case _:
            return replace(tried, state=RecallState.NEEDS_PERSON, next_at=None)
