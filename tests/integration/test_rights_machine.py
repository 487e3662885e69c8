"""
Rights, in any order of events: who is found, what is recalled, what is gone, what a receipt says.

The library is the real one with a fake vision and a clock that is told the time. Its judges are a
plain model (`tests/fakes/rights.py`), the bytes of every file, and the log. `test_lifecycle.py`
beside it looks at pictures that change; here they stay, and everything around them ends.
"""

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Self

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, select

from countenance.audit.receipt import verify_chain
from countenance.audit.statement import Level, RecallState, Statement, Trigger
from countenance.catalog import erasures
from countenance.catalog.erasures import Erasure, Stage
from countenance.catalog.recalls import Recall
from countenance.catalog.tables import (
    consent,
    consent_event,
    evidence,
    person,
    photo,
    reference,
    sighting,
)
from countenance.core.clock import Clock
from countenance.enrol.enrol import Portrait
from countenance.erasure import case as case_module
from countenance.erasure.post import Answer, Endpoint, Poster
from countenance.erasure.scanner import scan_here
from countenance.errors import Refused, Unavailable
from countenance.library import Given as Granted
from countenance.library import Library
from countenance.library.links import LeadsNowhere
from countenance.library.shares import Sharing
from countenance.people.purpose import Purpose, Wish
from countenance.settings import Settings
from countenance.sources.grant import GrantPurpose
from tests.fakes.clock import START, FakeClock
from tests.fakes.echo import ENDPOINT, FakePost, acknowledgement, terms
from tests.fakes.gala import A_DAY, COLLECTION, GROUND, Gala, open_library, rows
from tests.fakes.rights import Demand, Given, Place, Rights, Where
from tests.fakes.vision import FakeVision, picture

PEOPLE = {"Ada Lovelace": 1, "Bo Ek": 2, "Åsa Öberg": 3}
STRANGER = 20
LONG = 10_000 * A_DAY
SECOND = "party"
COLLECTIONS = (COLLECTION, SECOND)
CHANNELS = ("web", "print")
RECIPIENTS = ("The Echo", "The Mirror")
"""The first has an endpoint and a key, the second has to be written to."""
SEARCHED = (Purpose.FIND_ME, Purpose.STAFF_FIND)
BOTH = frozenset({GrantPurpose.MATCH, GrantPurpose.PUBLISH})
WISHES = (
    *(Wish(one) for one in (*SEARCHED, Purpose.HIDE_ME)),
    *(Wish(Purpose.MAY_PUBLISH, channel) for channel in CHANNELS),
)
FILES = (
    Place(COLLECTION, "gala-1.jpg", (1, 2)),
    Place(COLLECTION, "gala-2.jpg", (1,)),
    Place(SECOND, "party-1.jpg", (1, 3)),
    Place(SECOND, "party-2.jpg", (2, STRANGER)),
)
MOST_SHARED = 4
"""Links that are looked at, at once: the newest."""
STAGES = (Stage.HIDDEN, Stage.KEYS_DESTROYED, Stage.FOUND, Stage.PURGED)
ANSWERS = ("down", "takes it", "deleted", "refuses", "gone")

names = st.sampled_from(sorted(PEOPLE))
which = st.integers(0, 11)
collections = st.sampled_from(COLLECTIONS)
wishes = st.lists(st.sampled_from(WISHES), unique=True, min_size=1).map(sorted)
parts: st.SearchStrategy[Purpose | Wish | None] = st.one_of(
    st.none(), st.none(), st.sampled_from(WISHES), st.just(Purpose.MAY_PUBLISH)
)


class Piece(NamedTuple):
    """Something that stands in a file: of what kind, which row, whose, and of or for what."""

    kind: str
    row: str
    who: str
    what: str


@dataclass(frozen=True)
class Kept:
    """A backup in its folder, and what the model and the tables were when it was made."""

    folder: Path
    rights: Rights
    length: int
    sightings: frozenset[str]


class Crash(BaseException):
    """The program dies here: nothing of ours may catch it."""


class ScanningHere(Library):
    """A library whose restore starts no process to scan with: no other is open."""

    @classmethod
    def open(cls, root: Path, settings: Settings | None = None, clock: Clock | None = None) -> Self:
        opened = super().open(root, settings, clock)
        opened._scanner = scan_here
        return opened


class Life(RuleBasedStateMachine):
    """The rules are what people do with a library, and what happens to it."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.below = Path(tempfile.mkdtemp(prefix="countenance-rights-"))
        self.gala = Gala.make(self.below, like=self.template, until=START + LONG)
        self.folders = {name: self.below / name for name in COLLECTIONS}
        self.folders[SECOND].mkdir()
        self.files: list[Place] = []
        self.now = START
        self.key = Ed25519PrivateKey.generate()
        self.grants = 1
        self.rights = Rights({COLLECTION: Where(self.gala.source.id, {0})})
        self.kept: list[Kept] = []
        self.ever: dict[Piece, bytes] = {}
        self.ended: set[Piece] = set()
        self.to_look_for = False
        self.chains: dict[str, tuple[str, ...]] = {}
        self.checkpoints: dict[str, str] = {}
        self.restores = 0
        self.shared: list[tuple[str, Place, str]] = []

    def teardown(self) -> None:
        try:
            self.the_log_holds()
        finally:
            self.gala.library.close()
            shutil.rmtree(self.below)

    @initialize(again=st.booleans())
    def begin(self, again: bool) -> None:  # noqa: FBT001  Hypothesis names its arguments
        """Everybody is somewhere, something was given out, and there is a backup of it."""
        for collection in COLLECTIONS:
            self.grant(collection, erased_too=False)
        library = self.gala.library
        library.add_recipient(terms(self.key, RECIPIENTS[0], endpoint=ENDPOINT))
        library.add_recipient(terms(None, RECIPIENTS[1]))
        for place in FILES:
            self.put(place)
        shown = [Wish(Purpose.FIND_ME), Wish(Purpose.MAY_PUBLISH, "web")]
        self.enrol("Ada Lovelace", shown, days=40, pictured=True, proven=True)
        self.enrol("Bo Ek", [*shown, Wish(Purpose.STAFF_FIND)], days=9, pictured=True, proven=False)
        if again:
            self.enrol("Åsa Öberg", shown, days=40, pictured=True, proven=False)
        self.ingest()
        for place in FILES[:3]:
            self.give_one(place, RECIPIENTS[0], "web")
        self.give_one(FILES[0], RECIPIENTS[1], "web")
        self.share(0, "web")
        self.back_up(days=5)

    # --- pictures and grants ----------------------------------------------------------------

    @rule(name=names, collection=collections, more=st.sampled_from([(), (1,), (STRANGER,)]))
    def put_and_ingest(self, name: str, collection: str, more: tuple[int, ...]) -> None:
        """A new picture."""
        self.put(self.new_place(collection, (PEOPLE[name], *more)))
        self.ingest()

    @rule()
    def ingest(self) -> None:
        self.act()
        self.gala.ingest()
        self.rights.all_carried()
        self.rights.ingest(self.files)
        self.learn()

    @rule(name=names, collection=collections)
    def ingest_while_somebody_leaves(self, name: str, collection: str) -> None:
        """Another program records a withdrawal after templates were made, before the commit."""
        # What is behind comes first, so that there is work on the new one alone.
        self.ingest()
        self.put(self.new_place(collection, (PEOPLE[name],)))
        gone: list[bool] = []
        with self.gala.another() as other:

            def leave() -> None:
                if not gone:
                    gone.append(True)
                    if any(one.name == name for one in other.people()):
                        other.withdraw(name)

            self.gala.vision.after_templates = leave
            self.gala.ingest()
            self.gala.vision.after_templates = _nothing
        known = self.rights.named(name)
        if gone and known:
            self.rights.end(known.id, set(known.until), Trigger.WITHDRAWN, self.now)
        self.rights.ingest(self.files)
        self.learn()

    @rule(collection=collections, erased_too=st.booleans())
    def grant(self, collection: str, erased_too: bool) -> None:  # noqa: FBT001  as above
        """For the first time, or again; with what was taken down, or without."""
        self.act()
        given = Granted("the club", START + LONG, purposes=BOTH, erased_too=erased_too)
        # A ground switches recognition on, and what was said of it since stays.
        known = self.rights.where.get(collection)
        ground = "" if known else GROUND
        added = self.gala.library.add_folder(self.folders[collection], given, ground=ground)
        where = self.rights.where.setdefault(collection, Where(added.source.id))
        where.grants.add(self.grants)
        self.grants += 1
        self.rights.all_carried()
        if erased_too:
            kept = {one for one in self.rights.refused if one.collection != collection}
            self.rights.refused = kept

    @rule(collection=collections)
    def take_down(self, collection: str) -> None:
        if self.rights.where[collection].grants:
            self.act()
            self.gala.library.take_down(self.rights.where[collection].source)
            self.rights.take_down(collection, self.now)

    # --- people -----------------------------------------------------------------------------

    @rule(
        name=names,
        wishes=wishes,
        days=st.sampled_from([1, 9, 40]),
        pictured=st.sampled_from([True, True, False]),
        proven=st.booleans(),
    )
    def enrol(
        self,
        name: str,
        wishes: list[Wish],
        days: int,
        pictured: bool,  # noqa: FBT001  as above
        proven: bool,  # noqa: FBT001
    ) -> None:
        """For the first time or again, with a picture or without, with evidence or without."""
        self.act()
        known, until = self.rights.named(name), self.now + days * A_DAY
        portraits = [Portrait("portrait.jpg", picture(PEOPLE[name]))] if pictured else []

        def enrol() -> str:
            done = self.gala.library.enrol(
                name,
                portraits,
                tuple(wishes),
                until=until,
                evidence=name.encode() * 20 if proven else None,
                again=known is not None,
            )
            return done.enrolment.person.id

        self.rights.all_carried()
        if known and known.objected:
            with pytest.raises(Refused, match="an objection stands"):
                enrol()
            return
        who = enrol()
        assert known is None or known.id == who
        agreed = dict.fromkeys(wishes, until)
        self.rights.enrol(who, name, PEOPLE[name], agreed, pictured=pictured)

    @rule(name=names, what=parts)
    def withdraw(self, name: str, what: Purpose | Wish | None) -> None:
        """One purpose, one channel or everything; of others nothing changes (P25)."""
        if known := self.rights.named(name):
            self.act()
            with self.nothing_of_others_changes(known.id):
                done = self.gala.library.withdraw(name, what)
            ended = {wish for wish in known.until if wish.is_of(what)}
            assert set(done.withdrawn) == set(map(str, ended))
            whole = self.rights.end(known.id, ended, Trigger.WITHDRAWN, self.now)
            assert done.erased == whole

    @rule(name=names)
    def object_to(self, name: str) -> None:
        if known := self.rights.named(name):
            self.act()
            with self.nothing_of_others_changes(known.id):
                self.gala.library.object_to(name)
            self.rights.end(known.id, set(known.until), Trigger.OBJECTED, self.now)

    @rule(name=names)
    def lift(self, name: str) -> None:
        """It revives nothing."""
        known = self.rights.named(name)
        if known and known.objected:
            self.act()
            assert self.gala.library.lift_objection(name) == ()
            self.rights.lift(known.id)

    @rule(days=st.sampled_from([1, 5, 10, 41]))
    def wait(self, days: int) -> None:
        """Whatever was agreed to until then ends."""
        self.gala.clock.advance(days * A_DAY)
        self.act()

    @rule(days=st.sampled_from([1, 30, 400]))
    def set_the_clock_back(self, days: int) -> None:
        """Nothing revives."""
        self.gala.clock.advance(-days * A_DAY)

    # --- who is found -----------------------------------------------------------------------

    @rule(name=names, purpose=st.sampled_from(SEARCHED))
    def search(self, name: str, purpose: Purpose) -> None:
        """By a picture of them."""
        self.act()
        expected = self.rights.candidates(PEOPLE[name], purpose)
        (face,) = self.gala.library.search(picture(PEOPLE[name]), purpose=purpose)
        assert [one.name for one in face.candidates] == expected
        for one in face.candidates:
            found = {seen.locator for seen in one.sightings}
            assert found == set(self.rights.places(name, purpose))

    @rule(collection=collections, recognition=st.booleans(), minors=st.booleans())
    def set_rule(self, collection: str, recognition: bool, minors: bool) -> None:  # noqa: FBT001
        self.act()
        ground = GROUND if recognition else ""
        library = self.gala.library
        library.set_rule(collection, recognition=recognition, ground=ground, minors=minors)
        self.rights.set_rule(collection, recognition=recognition, minors=minors)

    @rule(collection=collections, name=names)
    def change_roster(self, collection: str, name: str) -> None:
        """On it if they are not, else off it."""
        if known := self.rights.named(name):
            self.act()
            if known.id in self.rights.where[collection].roster:
                self.gala.library.remove_from_roster(collection, name)
                self.rights.take_off_roster(collection, known.id)
            else:
                self.gala.library.add_to_roster(collection, name)
                self.rights.put_on_roster(collection, known.id)

    @rule(which=which, name=names)
    def say_who_it_is(self, which: int, name: str) -> None:
        """By hand: where consent, grant and roster allow it, with or without the model."""
        place, known = self.place(which), self.rights.named(name)
        if place is None or known is None or PEOPLE[name] not in place.faces:
            return
        self.act()
        where, library = self.rights.where[place.collection], self.gala.library
        row, face = self.rights.photos[place], place.faces.index(PEOPLE[name]) + 1
        off_roster = where.minors and known.id not in where.roster
        if off_roster or not known.recognising() or not where.grants:
            with pytest.raises(Refused):
                library.add_sighting(row, face, name)
            return
        made = library.add_sighting(row, face, name)
        self.rights.decide(made.id, known.id, place, confirmed=True)

    @rule(which=which, name=names)
    def say_who_it_is_not(self, which: int, name: str) -> None:
        place, known = self.place(which), self.rights.named(name)
        rights = self.rights
        if place and known and (known.id, place) in rights.seen | rights.confirmed:
            self.act()
            made = self.gala.library.reject_sighting(self.sighting(known.id, rights.photos[place]))
            rights.decide(made.id, known.id, place, confirmed=False)

    # --- given out, and called back ---------------------------------------------------------

    @rule(which=which, recipient=st.sampled_from(RECIPIENTS), channel=st.sampled_from(CHANNELS))
    def give(self, which: int, recipient: str, channel: str) -> None:
        """Only what everybody in it agreed to, in that channel."""
        if place := self.place(which):
            self.act()
            self.give_one(place, recipient, channel)

    @rule(which=which, channel=st.sampled_from(CHANNELS))
    def share(self, which: int, channel: str) -> None:
        """A link that shows a photo, while everybody seen in it agrees."""
        place = self.place(which)
        if place is None:
            return
        self.act()
        if self.rights.may_be_given(place, channel) is None:
            return
        library, until = self.gala.library, self.gala.library.now() + 300 * A_DAY
        made = library.share([self.rights.photos[place]], channel, Sharing(until, looked=True))
        self.shared = [*self.shared, (made.issued.token, place, channel)][-MOST_SHARED:]
        assert len(library.shared(made.issued.token).pictures) == 1

    @rule(answer=st.sampled_from(ANSWERS), days=st.sampled_from([0, 0, 1, 15]))
    def send_recalls(self, answer: str, days: int) -> None:
        """To a recipient that deletes, refuses, takes its time, is down or no more."""
        self.wait(days)
        self.gala.library.send_recalls(post=_post(answer, self.key), chance=lambda: 0.0)
        self.rights.send(self.now, answer)

    @rule(which=which)
    def close_a_recall(self, which: int) -> None:
        """For a reason that a person types."""
        self.end_a_recall(which, RecallState.CLOSED)

    @rule(which=which)
    def hear_of_a_recall(self, which: int) -> None:
        """The recipient says that it has deleted, whenever that is."""
        self.end_a_recall(which, RecallState.ACKNOWLEDGED)

    # --- backups ----------------------------------------------------------------------------

    @rule(days=st.sampled_from([3, 30]))
    def back_up(self, days: int) -> None:
        self.act()
        # Those that are in the tables, ended or not.
        with self.gala.library._database.read() as tx:
            seen = frozenset(str(one) for (one,) in rows(tx, sighting.c.id))
        made = self.gala.library.back_up(self.below / "backups", days=days).backup
        self.rights.back_up(made.id, self.now, self.now + days * A_DAY)
        then = deepcopy(self.rights)
        self.kept.append(Kept(made.location, then, len(self.rights.history), seen))

    @rule()
    def prune_backups(self) -> None:
        """Those whose time is over; of one that nobody can reach a person says what became."""
        self.act()
        done = self.gala.library.prune_backups()
        over = {which for which, one in self.rights.backups.items() if one.expires_at <= self.now}
        due = {which for which in over if not self.rights.backups[which].gone}
        assert {one.id for one in done.gone} == {
            which for which in due if self.rights.backups[which].known
        }
        for one in done.unreachable:
            shutil.rmtree(self.below / "backups" / one.id, ignore_errors=True)
            self.gala.library.end_backup(one.id, reason="its folder was deleted by hand")
        for one in (*done.gone, *done.unreachable):
            self.rights.backup_gone(one.id)
        assert {one.id for one in (*done.gone, *done.unreachable)} == due
        self.kept = [one for one in self.kept if one.folder.exists()]

    @precondition(lambda self: self.kept)
    @rule(which=which)
    def restore(self, which: int) -> None:
        """Into a new folder, with the keys of today: nobody comes back (P22)."""
        self.act()
        chosen = self.kept[which % len(self.kept)]
        self.sign()
        self.gala.library.close()
        keys = self.gala.library.settings.keys_dir
        self.restores += 1
        root = self.below / f"library-{self.restores}"
        ScanningHere.restore(chosen.folder, root, keys=keys, actor="tester", clock=self.gala.clock)
        shutil.rmtree(self.gala.root)
        self.gala.root = root
        self.gala.library = open_library(root, self.gala.clock, self.gala.vision)
        held, since = self.rights.keys(), self.rights.history[chosen.length :]
        self.rights = chosen.rights.restored(since, chosen.sightings, held)
        self.rights.expire(self.now)
        self.rights.all_carried()
        # What was made since is of a library that is no more, and on no list but as unreachable.
        self.kept = [one for one in self.kept if one.length <= chosen.length]
        self.chains.clear()
        self.to_look_for = True
        self.the_log_holds()

    # --- what goes wrong --------------------------------------------------------------------

    @rule(name=names, stage=st.sampled_from(STAGES), what=parts)
    def crash_in_a_withdrawal(self, name: str, stage: Stage, what: Purpose | Wish | None) -> None:
        """It is in force all the same."""
        if known := self.rights.named(name):
            self.act()
            with self.dying_at(stage):
                self.gala.library.withdraw(name, what)
            ended = {wish for wish in known.until if wish.is_of(what)}
            self.rights.end(known.id, ended, Trigger.WITHDRAWN, self.now)
            self.rights.unfinished += 1

    @rule(collection=collections, stage=st.sampled_from(STAGES))
    def crash_in_a_takedown(self, collection: str, stage: Stage) -> None:
        if self.rights.where[collection].grants:
            self.act()
            with self.dying_at(stage):
                self.gala.library.take_down(self.rights.where[collection].source)
            self.rights.take_down(collection, self.now, finished=False)
            self.rights.unfinished += 1

    @rule(name=names)
    def withdraw_while_a_copy_lies_about(self, name: str) -> None:
        """A file that nobody knows of keeps the case open, for as long as it is there."""
        if known := self.rights.named(name):
            self.act()
            stray = self.gala.root / "catalog.db.old"
            self.gala.library._database.copy_to(stray)
            case = self.gala.library.withdraw(name).erasure
            assert self.gala.library.erasure(case).stage is Stage.PURGED
            self.rights.end(known.id, set(known.until), Trigger.WITHDRAWN, self.now)
            self.rights.unfinished += 1
            stray.unlink()

    @rule()
    def resume(self) -> None:
        """Every case goes as far as it goes now, and is closed if nothing is left to wait for."""
        self.act()
        self.gala.library.resume()
        self.rights.all_carried()
        for one in self.gala.library.erasures():
            assert (one.stage is Stage.CLOSED) == (self.waits_for(one) == set()), one

    @rule()
    def reopen(self) -> None:
        self.act()
        self.sign()
        self.gala.reopen()

    # --- what must hold ---------------------------------------------------------------------

    @invariant()
    def judge(self) -> None:
        """In this order: what is found sweeps what expired, and only then is all else looked at."""
        if not self.rights.people and not self.files:
            return
        self.act()
        self.everybody_is_found_where_they_should()
        self.what_is_stored_rests_on_consent()
        self.no_link_shows_what_may_not_be_shown()
        self.every_recall_stands_as_it_should()
        self.cases_and_receipts_say_what_is_so()
        self.collect()
        if self.to_look_for and not self.rights.unfinished:
            self.what_ended_is_in_no_file()

    def everybody_is_found_where_they_should(self) -> None:
        for name in PEOPLE:
            for purpose in SEARCHED:
                expected = self.rights.places(name, purpose)
                assert self.gala.places(name, purpose) == expected, (name, purpose)

    def what_is_stored_rests_on_consent(self) -> None:
        """Names, references, consents in force and pictures are those that must be there."""
        rights = self.rights
        assert {one.id for one in self.gala.library.people()} == rights.people.keys()
        agreed = {(one.id, purpose) for one in rights.people.values() for purpose in one.references}
        with self.gala.library._database.read() as tx:
            found = rows(tx, reference.c.person_id, reference.c.purpose)
            stored = {(str(who), Purpose(str(purpose))) for who, purpose in found}
            pictures = {str(one) for (one,) in rows(tx, photo.c.id)}
            live = _given_last(tx, self.now)
        assert stored >= agreed
        assert pictures >= set(rights.photos.values())
        if not rights.unfinished:
            assert stored == agreed
            assert pictures == set(rights.photos.values())
        assert live == {(one.id, wish) for one in rights.people.values() for wish in one.until}

    def no_link_shows_what_may_not_be_shown(self) -> None:
        """Whatever ended since it was made, and whatever a restore brought back (P8)."""
        for token, place, channel in self.shared:
            try:
                seen = self.gala.library.shared(token).pictures
            except LeadsNowhere:
                continue
            known = place in self.rights.photos
            may = known and self.rights.may_be_given(place, channel) is not None
            assert may or not seen, (place, channel)

    def every_recall_stands_as_it_should(self) -> None:
        """One for each disclosure and case, and each as far as it must be (P23)."""
        found = self.gala.library.recalls()
        there = Counter((one.disclosure, one.state, one.tries, one.next_at) for one in found)
        expected = Counter(map(_outside, self.rights.demands))
        assert there == expected

    def cases_and_receipts_say_what_is_so(self) -> None:
        """There is a case of all that ended, and no receipt says more than what is so (P24)."""
        cases = self.gala.library.erasures()
        assert Counter((one.trigger, one.subject) for one in cases) == self.rights.cases
        going = sum(one.stage in erasures.UNFINISHED for one in cases)
        assert going == self.rights.unfinished
        chains: dict[str, tuple[str, ...]] = {one.id: () for one in cases}
        for one in self.gala.library.receipts():
            chains[one.erasure] += (one.text,)
        for case in cases:
            chain = chains[case.id]
            assert bool(chain) == (case.stage not in erasures.UNFINISHED)
            if chain and self.chains.get(case.id) != chain:
                self.says_no_more(case, verify_chain(chain, self.gala.library.trail.key())[-1])
        self.chains = chains

    def says_no_more(self, case: Erasure, said: Statement) -> None:
        waiting = self.waits_for(case)
        assert not waiting & said.levels.keys(), (waiting, said)
        assert not self.gala.library._stores.keys.ids() & set(case.keys)
        assert {Level.KEYS_DESTROYED, Level.BYTES_GONE} - waiting <= said.levels.keys()

    def what_ended_is_in_no_file(self) -> None:
        """And what is agreed to is in one: the same look finds it."""
        everything = b"\0".join(path.read_bytes() for path in self.gala.files())
        alive = {piece for piece in self.pieces() if self.is_alive(piece)}
        assert [one for one in alive if self.ever[one] not in everything] == []
        spared = {self.ever[one] for one in alive}
        gone = [one for one in self.ended - alive if self.ever[one] not in spared]
        assert [one for one in gone if self.ever[one] in everything] == []
        self.to_look_for = False

    def the_log_holds(self) -> None:
        """Each of its entries, and every checkpoint that there ever was (P30, P31)."""
        assert self.gala.library.trail.verify(self.checkpoints).findings == ()

    # --- acting -----------------------------------------------------------------------------

    def act(self) -> None:
        """The time at which something is done; what has expired by then has ended."""
        later = self.gala.clock.now() > self.now
        self.now = max(self.now, self.gala.clock.now())
        if later:
            # The sweep: what is asked of somebody who is not here.
            self.gala.places("nobody")
            self.rights.expire(self.now)

    def put(self, place: Place) -> None:
        salt = len(self.files)
        (self.folders[place.collection] / place.name).write_bytes(picture(*place.faces, salt=salt))
        self.files.append(place)

    def new_place(self, collection: str, faces: tuple[int, ...]) -> Place:
        return Place(collection, f"{collection}-{len(self.files) + 1}.jpg", faces)

    def learn(self) -> None:
        """The ids of the rows of the pictures that are to be there."""
        found = {one.locators[0]: one.id for one in self.gala.library.photos()}
        assert found.keys() == {place.name for place in self.rights.photos}
        self.rights.photos = {place: found[place.name] for place in self.rights.photos}

    def place(self, which: int) -> Place | None:
        there = sorted(self.rights.photos)
        return there[which % len(there)] if there else None

    def sighting(self, who: str, photo_id: str) -> str:
        with self.gala.library._database.read() as tx:
            query = select(sighting.c.id).where(
                sighting.c.photo_id == photo_id, sighting.c.person_id == who
            )
            return str(tx.execute(query).scalar_one())

    def give_one(self, place: Place, recipient: str, channel: str) -> None:
        row, shown = self.rights.photos[place], self.rights.may_be_given(place, channel)
        if shown is None:
            with pytest.raises(Refused):
                self.gala.library.give(row, recipient, channel=channel)
            return
        done = self.gala.library.give(row, recipient, channel=channel)
        assert done.shown.keys() == shown
        where, reachable = self.rights.where[place.collection], recipient == RECIPIENTS[0]
        which = done.disclosure.id
        self.rights.disclose(Given(which, row, where.source, channel, reachable, shown))

    def end_a_recall(self, which: int, state: RecallState) -> None:
        closing = state is RecallState.CLOSED
        reachable = {one.id for one in self.rights.given if one.reachable}
        able = [
            one
            for one in self.rights.demands
            if (not one.ended if closing else one.disclosure in reachable)
            and one.state is not RecallState.ACKNOWLEDGED
        ]
        if not able:
            return
        self.act()
        chosen, library = able[which % len(able)], self.gala.library
        alike = (one for one in library.recalls() if _outside_of(one) == _outside(chosen))
        found = next(alike)
        if closing:
            library.close_recall(found.id, reason="the company is bankrupt")
        else:
            library.acknowledge(acknowledgement(self.key, found.id, "completed"))
        self.rights.answer(chosen, state)

    def sign(self) -> None:
        signed = self.gala.library.trail.sign()
        self.checkpoints[f"number {len(self.checkpoints)}"] = signed or ""

    def waits_for(self, case: Erasure) -> set[Level]:
        """The levels that a case cannot have reached."""
        waiting: set[Level] = set()
        before = case.progress.before
        # What was purged in a backup already cannot be found again, and so not be proven.
        if self.restores and before is not None and before.found < before.objects:
            waiting |= {Level.BYTES_GONE, Level.BACKUPS_AGED_OUT}
        if any(not one.ended for one in self.gala.library.recalls() if one.erasure == case.id):
            waiting.add(Level.RECIPIENTS_ACKNOWLEDGED)
        gone_at = case.progress.reached[Stage.BYTES_GONE]
        if any(one.made_at <= gone_at and not one.gone for one in self.rights.backups.values()):
            waiting.add(Level.BACKUPS_AGED_OUT)
        return waiting

    @contextmanager
    def dying_at(self, stage: Stage) -> Iterator[None]:
        """The step that comes after `stage` is never done, and the program is started again."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(case_module._STEPS, stage, _die)
            with pytest.raises(Crash):
                yield
        self.gala.reopen()

    @contextmanager
    def nothing_of_others_changes(self, who: str) -> Iterator[None]:
        before = self.rows_of_others(who)
        yield
        assert self.rows_of_others(who) == before

    def rows_of_others(self, who: str) -> list[list[tuple[object, ...]]]:
        with self.gala.library._database.read() as tx:
            return [
                sorted(tuple(row) for row in tx.execute(select(table).where(column != who)))
                for table, column in (
                    (person, person.c.id),
                    (reference, reference.c.person_id),
                    (sighting, sighting.c.person_id),
                    (evidence, evidence.c.person_id),
                )
            ]

    # --- bytes ------------------------------------------------------------------------------

    def collect(self) -> None:
        """Keep the bytes of what is there now, and note which of them have ended."""
        self.ever |= self.pieces()
        for one in self.rights.gone:
            self.to_look_for = True
            self.ended |= {
                piece
                for piece in self.ever
                if piece.what in one.photos
                or (
                    piece.who == one.who
                    and (
                        (piece.kind == "reference" and piece.what in one.purposes)
                        or (piece.kind == "sighting" and one.sightings)
                        or one.whole
                    )
                )
            }
        self.rights.gone.clear()

    def pieces(self) -> dict[Piece, bytes]:
        """What is in the tables and the vault now, as it stands in the files."""
        found: dict[Piece, bytes] = {}
        library = self.gala.library
        with library._database.read() as tx:
            for one in tx.execute(select(reference)):
                sealed = bytes(one.sealed[60:84])
                found[Piece("reference", one.id, one.person_id, one.purpose)] = sealed
            for one in tx.execute(select(person).where(person.c.name != "")):
                found[Piece("name", one.id, one.id, "")] = self.gala.stored(one.id, one.name)
            for one in tx.execute(select(sighting)):
                side_by_side = self.gala.stored(one.face_id, one.person_id)
                found[Piece("sighting", one.id, one.person_id, one.photo_id)] = side_by_side
            files = [
                Piece("evidence", str(which), str(who), "")
                for which, who in rows(tx, evidence.c.copy_id, evidence.c.person_id)
            ] + [
                Piece("preview", str(which), "", str(row))
                for which, row in rows(tx, photo.c.preview_id, photo.c.id)
                if which
            ]
        for piece in files:
            (path,) = (library.root / "vault").rglob(piece.row)
            found[piece] = path.read_bytes()
        return found

    def is_alive(self, piece: Piece) -> bool:
        """Whether the model says that it is there."""
        known = self.rights.people.get(piece.who)
        match piece.kind:
            case "preview":
                return piece.what in self.rights.photos.values()
            case "reference":
                return known is not None and Purpose(piece.what) in known.references
            case "sighting":
                pairs = self.rights.seen | self.rights.confirmed | self.rights.rejected
                return any(
                    who == piece.who and self.rights.photos[place] == piece.what
                    for who, place in pairs
                )
            case _:
                return known is not None


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library as it is after `init`: to copy it is faster than to make one."""
    root = tmp_path_factory.mktemp("template") / "library"
    open_library(root, FakeClock(), FakeVision()).close()
    return root


@pytest.mark.promise("P4")
@pytest.mark.promise("P14")
@pytest.mark.promise("P15")
@pytest.mark.promise("P19")
@pytest.mark.promise("P20")
@pytest.mark.promise("P21")
@pytest.mark.promise("P22")
@pytest.mark.promise("P23")
@pytest.mark.promise("P24")
@pytest.mark.promise("P25")
@pytest.mark.promise("P31")
@pytest.mark.parametrize(
    ("examples", "steps"), [(8, 20), pytest.param(60, 40, marks=pytest.mark.long)]
)
def test_rights_hold_in_any_life(template: Path, examples: int, steps: int) -> None:
    """Whatever happened in whatever order, what ended has ended, everywhere and for good."""

    class LifeHere(Life):
        pass

    LifeHere.template = template
    run_state_machine_as_test(
        LifeHere, settings=settings(max_examples=examples, stateful_step_count=steps)
    )


@pytest.mark.promise("P22")
@pytest.mark.promise("P24")
@pytest.mark.parametrize("of", ["person", "source"])
@pytest.mark.parametrize("stage", STAGES)
def test_a_backup_from_the_middle_of_a_case_is_restored(
    template: Path, stage: Stage, of: str
) -> None:
    """The case was done since, its key is gone, and no receipt says more than it may."""
    Life.template = template
    life = Life()
    life.begin(again=False)
    if of == "person":
        life.crash_in_a_withdrawal("Ada Lovelace", stage, None)
    else:
        life.crash_in_a_takedown(COLLECTION, stage)
    life.judge()
    life.back_up(days=30)
    life.resume()
    life.restore(which=1)
    life.judge()
    life.resume()
    life.teardown()


# --------------------------------------------------------------------------------------------

Outside = tuple[str, RecallState, int, datetime | None]
"""Of a recall: what was given out, how it stands, after how many tries, and until when."""


def _outside(one: Demand) -> Outside:
    return one.disclosure, one.state, one.tries, one.next_at


def _outside_of(one: Recall) -> Outside:
    return one.disclosure, one.state, one.tries, one.next_at


def _post(answer: str, key: Ed25519PrivateKey) -> Poster:
    """A recipient that answers so."""
    match answer:
        case "takes it":
            return FakePost([Answer(204, b"")])
        case "gone":
            return FakePost([Answer(410, b"")])
        case "down":
            return FakePost([Unavailable("echo.example: ConnectionRefusedError")])
    said = "completed" if answer == "deleted" else "refused"

    def signing(to: Endpoint, body: bytes, headers: Mapping[str, str]) -> Answer:
        del to, headers
        return Answer(200, acknowledgement(key, json.loads(body)["data"]["recall"], said))

    return signing


def _given_last(tx: Connection, now: datetime) -> set[tuple[str, Wish]]:
    """Who agrees to what, by the events alone: told anew, not by the code that is tested."""
    last: dict[tuple[str, Wish], bool] = {}
    for row in tx.execute(
        select(consent, consent_event).join(consent_event).order_by(consent_event.c.seq)
    ):
        wish = Wish(Purpose(row.purpose), row.channel)
        last[row.person_id, wish] = row.kind == "given" and row.until > now
    return {pair for pair, live in last.items() if live}


def _die(*_: object) -> None:
    raise Crash


def _nothing() -> None:
    return
