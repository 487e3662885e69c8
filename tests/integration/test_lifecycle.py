"""
The life of a library, in any order of events, against a plain model of what must be found.

The model knows files, people and what they agreed to; it says who is found where. The library is
the real one with a fake vision. After each step both are compared, and what must hold at any time
is looked up in the tables and on the disk.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from countenance.catalog import erasures, tombstones
from countenance.catalog.tables import (
    consent,
    consent_event,
    copy,
    item,
    person,
    photo,
    reference,
    sighting,
)
from countenance.errors import Interrupted, Refused
from countenance.ingest.progress import Step
from countenance.people.purpose import Purpose
from tests.fakes.clock import START, FakeClock
from tests.fakes.gala import A_DAY, COLLECTION, GROUND, Gala, open_library, rows
from tests.fakes.vision import FakeVision

PEOPLE = {"Ada": 1, "Bo": 2, "Åsa": 3}
STRANGERS = (20, 26)
LONG = 10_000 * A_DAY
NAMES = ("a.jpg", "b.jpg", "c.jpg", "day 2/d.jpg", "day 2/é.jpg")
PURPOSES = (Purpose.FIND_ME, Purpose.STAFF_FIND, Purpose.HIDE_ME)

names = st.sampled_from(NAMES)
people = st.sampled_from(sorted(PEOPLE))
faces = st.sampled_from([(1,), (1, 2), (2, 1), (2, 3), (3, 20), (1, 2, 3), (20,), ()])
which = st.integers(0, len(NAMES) - 1)
purposes = st.lists(st.sampled_from(PURPOSES), unique=True, min_size=1).map(sorted)


class Content(NamedTuple):
    """What is in a file. Those of the same faces and salt have the same bytes: one photo."""

    faces: tuple[int, ...]
    salt: int


contents = st.builds(Content, faces, st.integers(0, 1))


@dataclass
class Model:
    """
    What must be so.

    `files` are on the disk, `items` as the library saw them last. `seen` are the pairs of a name
    and a content that were compared and found alike.
    """

    files: dict[str, Content] = field(default_factory=dict)
    items: dict[str, Content] = field(default_factory=dict)
    agreed: dict[str, set[Purpose]] = field(default_factory=dict)
    seen: set[tuple[str, Content]] = field(default_factory=set)
    granted: bool = True
    recognises: bool = True
    objected: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)

    def ingest(self) -> None:
        if self.granted:
            self.items = dict(self.files)
        self.compare()

    def compare(self) -> None:
        if self.granted and self.recognises:
            self.seen |= {
                (name, content)
                for name in self.agreed
                for content in self.items.values()
                if PEOPLE[name] in content.faces
            }

    def enrol(self, name: str, wishes: Sequence[Purpose]) -> None:
        self.known.add(name)
        self.agreed.setdefault(name, set()).update(wishes)
        self.compare()

    def withdraw(self, name: str, purpose: Purpose | None) -> None:
        left = self.agreed.get(name, set()) - {purpose} if purpose else set()
        self.agreed[name] = left
        if not left:
            self.end(name)
            self.known.discard(name)
            self.objected.discard(name)

    def end(self, name: str) -> None:
        """Nothing is in force any more; whether the name stays is another matter."""
        self.agreed.pop(name, None)
        self.seen = {pair for pair in self.seen if pair[0] != name}

    def revoke(self) -> None:
        """With the grant goes all that came under it."""
        self.granted = False
        self.items.clear()
        self.seen.clear()

    def rule(self, *, on: bool) -> None:
        self.recognises = on
        if not on:
            self.seen.clear()

    def places(self, name: str, purpose: Purpose) -> list[str]:
        """Where somebody is found: once for each photo, at the first of its places."""
        if not self.granted or purpose not in self.agreed.get(name, ()):
            return []
        photos = {content for who, content in self.seen if who == name}
        first = [
            min(place for place, one in self.items.items() if one == content)
            for content in photos.intersection(self.items.values())
        ]
        return sorted(first)


class Life(RuleBasedStateMachine):
    """The rules are what people do with a library."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.below = Path(tempfile.mkdtemp(prefix="countenance-life-"))
        self.gala = Gala.make(self.below, like=self.template, until=START + LONG)
        self.model = Model()
        self.salts = count(2)

    def teardown(self) -> None:
        self.gala.library.close()
        shutil.rmtree(self.below)

    # --- at the source ----------------------------------------------------------------------

    @initialize(content=contents)
    def begin(self, content: Content) -> None:
        """What goes wrong goes wrong with somebody in it."""
        self.write("a.jpg", Content((1, 2), 0))
        self.write("b.jpg", content)
        self.enrol("Ada", [Purpose.FIND_ME])
        self.ingest()

    @rule(name=names, content=contents)
    def write(self, name: str, content: Content) -> None:
        """A new file, or another content for one that is there."""
        self.gala.put(name, *content.faces, salt=content.salt)
        self.model.files[name] = content

    @precondition(lambda self: self.model.files)
    @rule(which=which)
    def touch(self, which: int) -> None:
        """The same bytes, written again."""
        name = self.file(which)
        self.write(name, self.model.files[name])

    @precondition(lambda self: self.model.files)
    @rule(which=which)
    def remove(self, which: int) -> None:
        name = self.file(which)
        (self.gala.folder / name).unlink()
        del self.model.files[name]

    @precondition(lambda self: self.model.files)
    @rule(which=which, other=names)
    def rename(self, which: int, other: str) -> None:
        """Its time stays; what had the other name is gone."""
        name = self.file(which)
        target = self.gala.folder / other
        target.parent.mkdir(exist_ok=True)
        (self.gala.folder / name).rename(target)
        self.model.files[other] = self.model.files.pop(name)

    @precondition(lambda self: self.model.files)
    @rule(which=which, other=names, content=contents)
    def rename_and_write(self, which: int, other: str, content: Content) -> None:
        """A file moves, and another takes its name before anybody has looked."""
        self.ingest()
        name = self.file(which)
        self.rename(which, other)
        self.write(name, content)
        self.ingest()

    @precondition(lambda self: self.model.granted)
    @rule()
    def revoke(self) -> None:
        self.gala.library.take_down(self.gala.source.id)
        self.model.revoke()

    @precondition(lambda self: not self.model.granted)
    @rule()
    def grant_again(self) -> None:
        self.gala.grant_again(days=LONG.days)
        self.model.granted = True

    # --- in the library ---------------------------------------------------------------------

    @rule()
    def ingest(self) -> None:
        self.gala.ingest()
        self.model.ingest()
        self.all_is_done()

    @rule(after=st.integers(1, 3))
    def ingest_interrupted(self, after: int) -> None:
        """Stopped in the middle, and run again."""

        def interrupt(step: Step) -> None:
            if step.what == "photos" and step.done == after:
                raise Interrupted("stopped")

        with suppress(Interrupted):
            self.gala.ingest(interrupt)
        self.what_is_on_the_disk()
        self.ingest()

    @rule(name=people, where=names)
    def ingest_while_somebody_leaves(self, name: str, where: str) -> None:
        """Another program records a withdrawal after templates were made, before the commit."""
        self.write_something_new(where, PEOPLE[name])
        with self.gala.another() as other:

            def withdraw() -> None:
                if any(one.name == name for one in other.people()):
                    other.withdraw(name)
                    self.model.withdraw(name, None)

            with self.before_the_commit(withdraw):
                self.gala.ingest()
        self.model.ingest()
        self.all_is_done()

    @precondition(lambda self: self.model.granted)
    @rule(name=people, where=names)
    def ingest_while_the_grant_ends(self, name: str, where: str) -> None:
        """Another program revokes it after templates were made; under a new one all is read."""
        self.write_something_new(where, PEOPLE[name])
        with self.gala.another() as other:

            def revoke() -> None:
                other.take_down(self.gala.source.id)
                self.model.revoke()

            with self.before_the_commit(revoke):
                self.gala.ingest()
        assert (self.gala.states().get(where) == "done") == self.model.granted
        self.what_is_on_the_disk()
        self.revoke()
        self.everybody_is_found_where_they_should()
        self.grant_again()
        self.ingest()

    @rule()
    def switch(self) -> None:
        """Recognition off, or on again."""
        on = not self.model.recognises
        self.gala.library.set_rule(COLLECTION, recognition=on, ground=GROUND if on else "")
        self.model.rule(on=on)

    @rule()
    def reopen(self) -> None:
        self.gala.reopen()

    # --- people -----------------------------------------------------------------------------

    @rule(name=people, wishes=purposes)
    def enrol(self, name: str, wishes: list[Purpose]) -> None:
        """For the first time, or again with further purposes."""
        again, until = name in self.model.known, self.gala.library.now() + LONG
        if name in self.model.objected:
            with pytest.raises(Refused, match="an objection stands"):
                self.gala.enrol(name, PEOPLE[name], *wishes, until=until, again=True)
            return
        self.gala.enrol(name, PEOPLE[name], *wishes, until=until, again=again)
        self.model.enrol(name, wishes)

    @rule(name=people, purpose=st.one_of(st.none(), st.sampled_from(PURPOSES)))
    def withdraw(self, name: str, purpose: Purpose | None) -> None:
        if name in self.model.known:
            done = self.gala.library.withdraw(name, purpose)
            self.model.withdraw(name, purpose)
            assert done.erased == (name not in self.model.known)

    @rule(name=people)
    def enrol_for_a_day(self, name: str) -> None:
        """Everything that they agree to ends with the day, and all that rested on it."""
        if name in self.model.objected:
            return
        again, until = name in self.model.known, self.gala.library.now() + A_DAY
        self.gala.enrol(name, PEOPLE[name], *PURPOSES, until=until, again=again)
        self.model.enrol(name, PURPOSES)
        self.everybody_is_found_where_they_should()
        self.gala.clock.at = until
        self.model.end(name)

    @rule(days=st.integers(-400, 2))
    def set_the_clock(self, days: int) -> None:
        """Backwards as far as one likes: nothing revives. Forwards too little for grants to end."""
        self.gala.clock.advance(days * A_DAY)

    @rule(name=people)
    def object_to(self, name: str) -> None:
        """One no, and nothing of them is left to recognise them by."""
        if name in self.model.known:
            self.gala.library.object_to(name)
            self.model.end(name)
            self.model.objected.add(name)

    @rule(name=people)
    def lift_the_objection(self, name: str) -> None:
        """It revives nothing; they may be enrolled again."""
        if name in self.model.objected:
            assert self.gala.library.lift_objection(name) == ()
            self.model.objected.discard(name)

    # --- what must hold ---------------------------------------------------------------------

    @invariant()
    def everybody_is_found_where_they_should(self) -> None:
        for name in PEOPLE:
            for purpose in (Purpose.FIND_ME, Purpose.STAFF_FIND):
                expected = self.model.places(name, purpose)
                assert self.gala.places(name, purpose) == expected, (name, purpose)

    @invariant()
    def what_is_stored_rests_on_consent(self) -> None:
        """No reference and no sighting but of people who agree now, each under a key."""
        with self.gala.library._database.read() as tx:
            who = {str(row.id): str(row.name) for row in tx.execute(select(person)) if row.name}
            assert sorted(who.values()) == sorted(self.model.known)
            references = rows(tx, reference.c.person_id, reference.c.purpose)
            stored = {(who[str(one)], purpose) for one, purpose in references}
            agreed = {(name, w) for name, all_of in self.model.agreed.items() for w in all_of}
            # What has expired goes when there is time; its keys are gone already.
            assert stored >= agreed
            assert bool(stored - agreed) <= bool(erasures.in_stages(tx, erasures.UNFINISHED))
            given_last = _given_last(self.gala)
            live = {(who[str(one)], purpose) for one, purpose in given_last if str(one) in who}
            assert live == agreed
            keys = {str(key) for (key,) in rows(tx, person.c.key_id) if key}
            keys |= {str(tombstones.key_of(tx))} - {"None"}
            keys |= {str(key) for (key,) in rows(tx, reference.c.key_id)}
            # Of what is on its way out the rows may be there yet; what opens them is not.
            keys -= {str(key) for key in erasures.keys_going(tx)}
        assert self.gala.library._stores.keys.ids() == keys

    @invariant()
    def a_face_is_one_person(self) -> None:
        """And a person is in a photo once."""
        with self.gala.library._database.read() as tx:
            by_face = Counter(rows(tx, sighting.c.face_id))
            by_photo = Counter(rows(tx, sighting.c.photo_id, sighting.c.person_id))
        assert max(by_face.values(), default=1) == max(by_photo.values(), default=1) == 1

    @invariant()
    def what_is_on_the_disk(self) -> None:
        """Every blob is a confirmed copy, that of a photo that an item leads to; and no more."""
        with self.gala.library._database.read() as tx:
            confirmed = {one for one, sure in rows(tx, copy.c.id, copy.c.confirmed) if sure}
            assert confirmed == {one for (one,) in rows(tx, copy.c.id)}
            # A photo that vanished has none, until it is back.
            assert confirmed == {one for (one,) in rows(tx, photo.c.preview_id) if one}
            led = {one for (one,) in rows(tx, item.c.photo_id) if one}
            assert led == {one for (one,) in rows(tx, photo.c.id)}
        assert set(self.gala.blobs.ids()) == confirmed

    # ----------------------------------------------------------------------------------------

    def file(self, which: int) -> str:
        """One of those that are there."""
        there = sorted(self.model.files)
        return there[which % len(there)]

    def write_something_new(self, name: str, face: int) -> None:
        """A picture that was never there before, so that there is work on it."""
        self.write(name, Content((face, STRANGERS[0]), next(self.salts)))

    def all_is_done(self) -> None:
        """After a run nothing is left on the list, and what is there is as it is on the disk."""
        states = self.gala.states()
        assert set(states.values()) <= {"done", "vanished"}
        assert {name for name, state in states.items() if state == "done"} == set(self.model.items)

    @contextmanager
    def before_the_commit(self, act: Callable[[], object]) -> Iterator[None]:
        self.gala.vision.after_templates = act
        yield
        self.gala.vision.after_templates = lambda: None


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library as it is after `init`: to copy it is faster than to make one."""
    root = tmp_path_factory.mktemp("template") / "library"
    open_library(root, FakeClock(), FakeVision()).close()
    return root


@pytest.mark.promise("P12")
@pytest.mark.promise("P14")
@pytest.mark.promise("P15")
@pytest.mark.promise("P19")
@pytest.mark.promise("P29")
@pytest.mark.parametrize(
    ("examples", "steps"), [(10, 20), pytest.param(60, 40, marks=pytest.mark.long)]
)
def test_a_library_finds_what_it_should_after_any_life(
    template: Path, examples: int, steps: int
) -> None:
    """Whatever happened in whatever order, everybody is found where they are and may be found."""

    class LifeHere(Life):
        pass

    LifeHere.template = template
    run_state_machine_as_test(
        LifeHere, settings=settings(max_examples=examples, stateful_step_count=steps)
    )


STEPS = ("enrol Ada", "enrol Bo", "ingest", "put more", "switch on", "withdraw Cy")


@settings(max_examples=12)
@given(order=st.permutations(STEPS))
def test_the_order_of_things_does_not_matter(template: Path, order: list[str]) -> None:
    """Enrolled first or ingested first, switched on early or late: the sightings are the same."""
    with tempfile.TemporaryDirectory(prefix="countenance-order-") as below:
        gala = Gala.make(Path(below), ground="", like=template)
        with gala:
            gala.enrol("Cy", 3)
            gala.put("a.jpg", 1, 2, 26)
            gala.put("low.jpg", 2, 3, side=96)
            for step in order:
                _take(gala, step)
            gala.ingest()
            found = {
                (name, one.locator, one.band, one.box)
                for name in ("Ada", "Bo", "Cy")
                for one in gala.find(name).sightings
            }
    assert {(name, locator, band) for name, locator, band, _ in found} == {
        ("Ada", "a.jpg", "sure"),
        ("Bo", "a.jpg", "sure"),
        ("Bo", "low.jpg", "sure"),
        ("Ada", "more.jpg", "sure"),
    }
    assert {box[0] for name, _, _, box in found if name == "Ada"} == {40.0}


# --------------------------------------------------------------------------------------------


def _take(gala: Gala, step: str) -> None:
    match step.split():
        case ["enrol", name]:
            gala.enrol(name, PEOPLE[name])
        case ["withdraw", name]:
            gala.library.withdraw(name)
        case ["ingest"]:
            gala.ingest()
        case ["put", "more"]:
            gala.put("more.jpg", 1)
        case _:
            gala.library.set_rule(COLLECTION, recognition=True, ground=GROUND)


def _given_last(gala: Gala) -> list[tuple[object, ...]]:
    """Who agrees to what, by the events alone: told anew, not by the code that is tested."""
    last: dict[tuple[object, ...], str] = {}
    with gala.library._database.read() as tx:
        for row in tx.execute(
            select(consent.c.person_id, consent.c.purpose, consent_event.c.kind)
            .join(consent_event)
            .order_by(consent_event.c.seq)
        ):
            last[row.person_id, row.purpose] = row.kind
    return [pair for pair, kind in last.items() if kind == "given"]
