"""Changing the model pack: who is recognised on, who is asked again, and nothing in between."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from countenance.catalog import binding, log, people
from countenance.catalog.binding import Recognised
from countenance.catalog.references import open_gallery
from countenance.catalog.tables import photo, reference
from countenance.cli.main import main
from countenance.core.ids import KeyId
from countenance.enrol.again import Change
from countenance.enrol.enrol import Looked, Portrait
from countenance.errors import Interrupted, Locked, NotFound, Unavailable
from countenance.extract.extractor import Extractor
from countenance.library import Library
from countenance.people.consent import ConsentState
from countenance.people.purpose import RECOGNISING, Purpose, Wish
from countenance.vault.layout import lock
from tests.fakes.gala import Gala, holding
from tests.fakes.vision import FakeVision, picture

ADA, BO, CY = 1, 2, 3
NEW = "yunet-dlib"
KEEPING = (Purpose.FIND_ME, Purpose.STAFF_FIND, Purpose.KEEP_PICTURE)


@pytest.fixture(autouse=True)
def _fake_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every pack: another one's templates are others, and near to none of the first."""

    def extractor_of(library: Library, pack: object) -> Extractor:
        return Extractor(library._decoder, FakeVision(pack))  # type: ignore[arg-type]

    monkeypatch.setattr(Library, "_extractor_of", extractor_of)


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    """Ada, whose picture is kept, and Bo, whose is not; both are in pictures."""
    with Gala.make(tmp_path) as made:
        made.put("a.jpg", ADA, BO)
        made.put("b.jpg", ADA)
        made.put("c.jpg", BO)
        made.ingest()
        made.enrol("Ada", ADA, *KEEPING)
        made.enrol("Bo", BO)
        yield made


# --- what it does -------------------------------------------------------------------------------


@pytest.mark.promise("P5")
def test_who_keeps_a_picture_is_recognised_on(gala: Gala) -> None:
    """By references of the new pack alone, for each purpose; in earlier photos and in new ones."""
    old = _keys(gala)
    done = gala.library.switch(NEW)
    ada = _who(gala, "Ada")
    assert (done.changed.before, done.changed.after) == ("starter", NEW)
    assert done.changed.kept == (ada,)
    assert _packs(gala) == {NEW}
    assert gala.library.pack.id == NEW
    assert gala.places("Ada") == ["a.jpg", "b.jpg"]
    gala.put("d.jpg", ADA, salt=9)
    gala.ingest()
    assert "d.jpg" in gala.places("Ada")
    assert gala.named(ADA, Purpose.STAFF_FIND) == ["Ada"]
    assert not old & _keys(gala)


@pytest.mark.promise("P5")
@pytest.mark.promise("P6")
def test_who_keeps_none_is_asked_again_and_agrees_as_before(gala: Gala) -> None:
    """No reference of theirs is left, what only the model saw is gone, and the consent stays."""
    link = gala.library.link_for("Bo").token
    assert gala.places("Bo") == ["a.jpg", "c.jpg"]
    done = gala.library.switch(NEW)
    bo = _who(gala, "Bo")
    assert done.changed.again == (bo,) == tuple(gala.library.to_enrol_again())
    assert done.changed.undecided == 2
    assert gala.places("Bo") == []
    assert _purposes_of(gala, "Bo") == set()
    _, said = gala.library.consents("Bo")
    assert {one.state(gala.library.now()) for one in said} == {ConsentState.ACTIVE}
    assert gala.library.own(link).again
    gala.enrol("Bo", BO, again=True)
    assert gala.library.to_enrol_again() == []
    assert not gala.library.own(link).again
    assert gala.places("Bo") == ["a.jpg", "c.jpg"]


@pytest.mark.promise("P21")
def test_the_old_references_open_nowhere_and_their_bytes_are_gone(gala: Gala) -> None:
    """Keys destroyed, and no piece of a sealed row of before is in any file."""
    with gala.library._database.read() as tx:
        rows = tx.execute(select(reference).where(reference.c.purpose.in_(RECOGNISING))).all()
    pieces = [row.sealed[40:140] for row in rows]
    keys = {KeyId(row.key_id) for row in rows}
    gala.library.close()
    assert holding(gala.root, pieces) != []
    gala.reopen()
    gala.library.switch(NEW)
    assert not keys & set(gala.library._stores.keys.ids())
    gala.library.close()
    assert holding(gala.root, pieces) == []
    gala.reopen()


@pytest.mark.promise("P12")
def test_what_a_person_decided_stays(gala: Gala) -> None:
    """Of both: a yes is a yes, and a no is not asked again by another model."""
    found = {one.locator: one for one in gala.find("Ada").sightings}
    gala.library.confirm_sighting(found["a.jpg"].id)
    gala.library.reject_sighting(found["b.jpg"].id)
    bo = {one.locator: one for one in gala.find("Bo").sightings}
    gala.library.confirm_sighting(bo["c.jpg"].id)
    gala.library.switch(NEW)
    assert gala.places("Ada") == ["a.jpg"]
    assert gala.places("Bo") == ["c.jpg"]


@pytest.mark.promise("P30")
@pytest.mark.promise("P32")
def test_each_step_is_in_the_log(gala: Gala) -> None:
    """Whose picture was opened, who has to enrol again, and which pack took the place of which."""
    gala.library.switch(NEW)
    with gala.library._database.read() as tx:
        told = [(one.act.value, one.subjects) for one in log.entries(tx)][-4:]
        library_id = people.library_id(tx)
    mark = f"pack:{NEW}"
    assert ("reference.renewed", (_who(gala, "Ada"), mark)) in told
    assert ("reference.dropped", (_who(gala, "Bo"), mark)) in told
    assert ("library.pack-changed", (library_id, "pack:starter", mark)) in told


def test_the_plan_says_the_same_and_does_nothing(gala: Gala) -> None:
    """Who keeps, who has to come again, which collections, and about how long."""
    before, log = _packs(gala), gala.log()
    plan = gala.library.plan_switch(NEW)
    assert plan.keep == (_who(gala, "Ada"),)
    assert plan.again == (_who(gala, "Bo"),)
    assert plan.undecided == 2
    assert [(one.name, one.photos, one.faces) for one in plan.collections] == [("gala", 3, 4)]
    assert plan.seconds >= 0
    assert (_packs(gala), gala.log()) == (before, log)
    done = gala.library.switch(NEW)
    assert (done.changed.kept, done.changed.again) == (plan.keep, plan.again)
    assert done.compared == 3


def test_there_and_back_again(gala: Gala) -> None:
    """The picture is still there: also a change back costs nobody who keeps one anything."""
    gala.library.switch(NEW)
    done = gala.library.switch("starter")
    assert done.changed.kept == (_who(gala, "Ada"),)
    assert gala.places("Ada") == ["a.jpg", "b.jpg"]
    assert gala.library.switch("starter").compared == 0
    with pytest.raises(NotFound):
        gala.library.switch("no-such-pack")


@pytest.mark.promise("P27")
def test_a_picture_that_does_not_open_asks_its_person_again(gala: Gala) -> None:
    """A damaged portrait stops nobody else, and is named."""
    with gala.library._database.write() as tx:
        own = reference.c.purpose == Purpose.KEEP_PICTURE
        sealed = tx.execute(select(reference.c.sealed).where(own)).scalar_one()
        tx.execute(reference.update().where(own).values(sealed=sealed[:-1] + b"?"))
    done = gala.library.switch(NEW)
    assert done.changed.poor == (_who(gala, "Ada"),)
    assert set(done.changed.again) == {_who(gala, "Ada"), _who(gala, "Bo")}


def test_somebody_without_a_picture_is_asked_for_none(gala: Gala) -> None:
    """Who chose the way without biometrics goes on with it (P18)."""
    gala.library.enrol("Cy", [], (Wish(Purpose.FIND_ME),))
    done = gala.library.switch(NEW)
    assert _who(gala, "Cy") not in (*done.changed.kept, *done.changed.again)


def test_a_reference_that_is_lost_comes_back_from_the_picture(gala: Gala) -> None:
    """A change to the pack that there is makes what is missing, as after a restore."""
    with gala.library._database.write() as tx:
        tx.execute(reference.delete().where(reference.c.purpose == Purpose.FIND_ME))
    assert gala.named(ADA) == []
    gala.library.switch("starter")
    assert gala.named(ADA) == ["Ada"]


# --- at the same time ---------------------------------------------------------------------------


def test_it_waits_for_no_ingest_and_none_for_it(gala: Gala) -> None:
    """Another run holds the library: it is refused at once, and nothing has changed."""
    with lock(gala.root), pytest.raises(Locked):
        gala.library.switch(NEW)
    assert gala.library.pack.id == "starter"
    assert gala.places("Bo") == ["a.jpg", "c.jpg"]


def test_another_program_goes_on_with_the_new_pack(gala: Gala) -> None:
    """A server that was open all the time answers by the new references, and adds no old ones."""
    with gala.another() as other:
        assert [
            one.name for one in other.search(picture(ADA), purpose=Purpose.FIND_ME)[0].candidates
        ]
        gala.library.switch(NEW)
        (face,) = other.search(picture(ADA), purpose=Purpose.FIND_ME)
        assert [one.name for one in face.candidates] == ["Ada"]
        other.enrol("Cy", [Portrait("c", picture(CY))], (Wish(Purpose.FIND_ME),))
    assert _packs(gala) == {NEW}


@pytest.mark.promise("P5")
def test_an_enrolment_that_was_looked_at_by_the_old_pack_is_refused(
    gala: Gala, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again; two packs' references never stand side by side."""
    with gala.another() as other:
        vision = other.extractor.vision
        assert isinstance(vision, FakeVision)
        vision.after_templates = lambda: gala.library.switch(NEW)
        with pytest.raises(Unavailable, match="the models were changed meanwhile"):
            other.enrol("Cy", [Portrait("c", picture(CY))], (Wish(Purpose.FIND_ME),))
    assert _packs(gala) == {NEW}
    assert [one.name for one in gala.library.people()] == ["Ada", "Bo"]
    del monkeypatch


@pytest.mark.promise("P5")
@pytest.mark.promise("P20")
@pytest.mark.parametrize("what", [None, Purpose.STAFF_FIND, Purpose.KEEP_PICTURE])
def test_who_withdraws_meanwhile_gets_no_new_reference(
    gala: Gala, monkeypatch: pytest.MonkeyPatch, what: Purpose | None
) -> None:
    """Between the look at the picture and the transaction that stores."""
    looked = Change._looked
    ada = _who(gala, "Ada")
    with gala.another() as other:

        def late(change: Change, one: Recognised) -> Looked | None:
            found = looked(change, one)
            if _in_force(gala, ada, what or Purpose.FIND_ME):
                other.withdraw(ada, what)
            return found

        monkeypatch.setattr(Change, "_looked", late)
        gala.library.switch(NEW)
    left = _purposes_of(gala, ada)
    if what is Purpose.STAFF_FIND:
        assert left == {Purpose.FIND_ME}
    else:
        assert left == set()


def test_who_gives_another_picture_meanwhile_is_known_by_that(
    gala: Gala, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was made from the earlier picture does not stay."""
    bind = Change._bind
    done: list[int] = []
    with gala.another() as other:

        def before_binding(change: Change, before: str) -> object:
            if not done and not change._waiting():
                done.append(1)
                other.enrol(
                    "Ada", [Portrait("new", picture(CY))], (Wish(Purpose.FIND_ME),), again=True
                )
            return bind(change, before)

        monkeypatch.setattr(Change, "_bind", before_binding)
        gala.library.switch(NEW)
    assert gala.named(CY) == ["Ada"]
    assert gala.named(ADA) == []


@pytest.mark.promise("P26")
def test_stopped_in_the_middle_it_is_as_before(gala: Gala, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new references that are stored by then are compared with nobody; the old ones answer."""
    gala.enrol("Cy", CY, *KEEPING)

    def stop(change: Change, one: Recognised) -> None:
        embed(change, one)
        raise Interrupted("stopped")

    embed = Change._embed
    with monkeypatch.context() as patch:
        patch.setattr(Change, "_embed", stop)
        with pytest.raises(Interrupted):
            gala.library.switch(NEW)
    with gala.library._database.read() as tx:
        assert people.packs(tx) == {"starter", NEW}
    assert gala.library.pack.id == "starter"
    assert [gala.named(one) for one in (ADA, BO, CY)] == [["Ada"], ["Bo"], ["Cy"]]
    # Who goes now goes with all that was made of them.
    gala.library.withdraw("Ada")
    gala.library.withdraw("Cy")
    assert _packs(gala) == {"starter"}
    gala.library.switch("starter")
    assert gala.named(BO) == ["Bo"]


# --- killed -------------------------------------------------------------------------------------


@pytest.mark.promise("P26")
@pytest.mark.parametrize("at", ["after the first person", "before binding", "after binding"])
def test_killed_it_is_wholly_old_or_wholly_new(gala: Gala, at: str) -> None:
    """A process that is killed with -9; then everything works, and the same call goes on."""
    gala.enrol("Cy", CY, *KEEPING)
    gala.library.close()
    code = _KILLED.format(root=str(gala.root), at=at, new=NEW)
    ended = subprocess.run([sys.executable, "-c", code], env=_environment(), check=False)
    assert ended.returncode == -signal.SIGKILL
    gala.reopen()
    new = at == "after binding"
    assert gala.library.pack.id == (NEW if new else "starter")
    assert _packs_in_use(gala) == {gala.library.pack.id}
    assert gala.named(ADA) == ["Ada"]
    assert gala.named(BO) == ([] if new else ["Bo"])
    gala.put("later.jpg", ADA, salt=9)
    gala.ingest()
    assert gala.places("Ada") == ["a.jpg", "b.jpg", "later.jpg"]
    gala.library.switch(NEW)
    assert _packs(gala) == {NEW}
    assert (gala.named(ADA), gala.named(CY)) == (["Ada"], ["Cy"])
    assert gala.places("Ada") == ["a.jpg", "b.jpg", "later.jpg"]
    with gala.library._database.read() as tx:
        assert people.keys_in_use(tx) == frozenset(gala.library._stores.keys.ids())


_KILLED = """
import os, signal
from pathlib import Path
from countenance.enrol.again import Change
from countenance.library import Library
from countenance.extract.extractor import Extractor
from tests.fakes.gala import open_library
from tests.fakes.clock import FakeClock
from tests.fakes.vision import FakeVision
Library._extractor_of = lambda self, pack: Extractor(self._decoder, FakeVision(pack))
library = open_library(Path({root!r}), FakeClock(), FakeVision())
at = {at!r}
die = lambda: os.kill(os.getpid(), signal.SIGKILL)
embed, bind = Change._embed, Change._bind
def embed_one(change, one):
    embed(change, one)
    if at == "after the first person":
        die()
def bind_all(change, before):
    waiting = change._waiting()
    if at == "before binding" and not waiting:
        die()
    done = bind(change, before)
    if at == "after binding" and done is not None:
        die()
    return done
Change._embed, Change._bind = embed_one, bind_all
library.switch({new!r})
"""


# --- the command line ---------------------------------------------------------------------------


def test_the_command_says_what_it_would_do_and_does_it(
    gala: Gala, capsys: pytest.CaptureFixture[str]
) -> None:
    """--dry-run changes nothing; without --yes and a terminal it is refused; then it is done."""
    gala.library.close()
    line = ["--library", str(gala.root), "--json", "models", "switch", NEW]
    assert main([*line, "--dry-run"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert (plan["from"], plan["to"], len(plan["keep"]), len(plan["again"])) == (
        "starter",
        NEW,
        1,
        1,
    )
    assert main(line) == 2
    assert "--dry-run shows" in capsys.readouterr().err
    assert main([*line, "--yes"]) == 0
    done = capsys.readouterr()
    assert json.loads(done.out)["again"] == plan["again"]
    assert "has to enrol again" in done.err
    assert main(["--library", str(gala.root), "doctor"]) != 0
    assert "1 person to enrol again" in capsys.readouterr().out
    gala.reopen()


def test_locked_is_its_own_exit_code(gala: Gala, capsys: pytest.CaptureFixture[str]) -> None:
    """11, as of every run that finds another at work."""
    gala.library.close()
    with lock(gala.root):
        assert main(["--library", str(gala.root), "models", "switch", NEW, "--yes"]) == 11
    assert "another run holds" in capsys.readouterr().err
    gala.reopen()


# --------------------------------------------------------------------------------------------------


def _who(gala: Gala, name: str) -> str:
    with gala.library._database.read() as tx:
        return people.get(tx, name).id


def _packs(gala: Gala) -> set[str]:
    """The packs of all that is stored."""
    with gala.library._database.read() as tx:
        return {*people.packs(tx), *tx.execute(select(photo.c.pack)).scalars()}


def _packs_in_use(gala: Gala) -> set[str]:
    """The packs of the references that a search is compared with."""
    with gala.library._database.read() as tx:
        stores, pack = gala.library._stores, gala.library.pack
        found = open_gallery(tx, stores.keys, purposes=RECOGNISING, pack=pack, at=stores.now(tx))
        assert len(found.gallery)
        return {binding.bound_pack(tx) or "starter"}


def _purposes_of(gala: Gala, who: str) -> set[Purpose]:
    with gala.library._database.read() as tx:
        known = people.named(tx, who)
        rows = people.references_of(tx, known[0].id, RECOGNISING) if known else []
        return {one.purpose for one in rows}


def _in_force(gala: Gala, who: str, purpose: Purpose) -> bool:
    with gala.library._database.read() as tx:
        known = people.named(tx, who)
        own = people.consents(tx, people=[known[0].id]) if known else []
        at = gala.library._stores.now(tx)
        return any(one.wish.purpose is purpose and one.in_force(at) for one in own)


def _keys(gala: Gala) -> set[KeyId]:
    """The keys of references, not of what is kept."""
    with gala.library._database.read() as tx:
        own = select(reference.c.key_id).where(reference.c.purpose.in_(RECOGNISING))
        return {KeyId(one) for one in tx.execute(own).scalars()}


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(Path.cwd())])}
