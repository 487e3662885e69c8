"""The restore drill: what was erased after a backup stays erased, and all else is there (P22)."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from countenance.audit.entry import Act, Entry
from countenance.audit.receipt import verify as verify_receipt
from countenance.audit.statement import Level, Statement, Trigger
from countenance.catalog import log, tombstones
from countenance.catalog.erasures import Stage
from countenance.catalog.tables import (
    disclosed_person,
    disclosure,
    evidence,
    grant,
    objection,
    photo,
    recipient,
    reference,
    sighting,
)
from countenance.core.ids import new_id
from countenance.enrol.enrol import Portrait
from countenance.erasure import case as case_module
from countenance.errors import NoLibrary, Refused, Unavailable, UsageError, VerificationError
from countenance.keeping import restore as restoring
from countenance.keeping.manifest import MANIFEST_FILE
from countenance.keeping.restore import Restored
from countenance.library import Given, Library
from countenance.people.consent import ConsentState
from countenance.people.purpose import Purpose, Wish
from countenance.publish.plan import Hand
from countenance.publish.verdict import Verdict
from countenance.vault.journal import JOURNAL_FILE
from tests.fakes import postgres
from tests.fakes.echo import CHANNEL, Echo
from tests.fakes.gala import A_DAY, COLLECTION, GROUND, Gala, open_library, rows
from tests.fakes.vision import picture

ADA, BO, CY, DEE, EVE = 1, 2, 3, 4, 5
EVIDENCE = b"signed on paper: " + bytes(range(256))


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    """Five people in four pictures, and everybody found."""
    with Gala.make(tmp_path) as made:
        made.put("both.jpg", ADA, BO)
        made.put("cy.jpg", CY)
        made.put("dee.jpg", DEE)
        made.put("eve.jpg", EVE)
        enrol(made, "Ada Lovelace", ADA)
        made.enrol("Bo Ek", BO, Purpose.FIND_ME, Purpose.STAFF_FIND)
        made.enrol("Cy Young", CY, until=made.clock.now() + 10 * A_DAY)
        made.enrol("Dee Dee", DEE)
        made.ingest()
        yield made


def enrol(gala: Gala, name: str, identity: int) -> None:
    """Under a paper that is kept as evidence."""
    portrait = Portrait("portrait.jpg", picture(identity))
    gala.library.enrol(name, [portrait], (Wish(Purpose.FIND_ME),), evidence=EVIDENCE)


def lose(gala: Gala) -> Path:
    """The disk with the data breaks; the keys are elsewhere. Gives their folder."""
    gala.library.close()
    keys = gala.root.with_name("keys-of-before")
    gala.keys.rename(keys)
    gala.root.rename(gala.root.with_name("lost"))
    return keys


def restored(gala: Gala, backup: Path) -> Restored:
    """Lose the library, restore it, and open it."""
    keys = lose(gala)
    done = Library.restore(backup, gala.root, keys=keys, actor="tester", clock=gala.clock)
    gala.library = open_library(gala.root, gala.clock, gala.vision)
    return done


def made(gala: Gala, tmp_path: Path) -> Path:
    return gala.library.back_up(tmp_path / "backups").backup.location


def sound(gala: Gala, **kept: str) -> bool:
    return gala.library.trail.verify(kept).findings == ()


def holding(root: Path, *needles: bytes) -> list[str]:
    """The files below `root`, and of its catalog's server, that hold one of `needles`."""
    files = [path for path in sorted(root.rglob("*")) if path.is_file()]
    files += postgres.files_of(root)
    return [path.name for path in files if any(one in path.read_bytes() for one in needles)]


def said(done: Restored) -> list[str]:
    return [f"{one.act}: {one.said}" for one in done.remaining]


# --- what comes back --------------------------------------------------------------------------


@pytest.mark.promise("P22")
@pytest.mark.promise("P31")
def test_a_restored_library_is_the_one_that_was(gala: Gala, tmp_path: Path) -> None:
    """Everybody is found as before, evidence is there, the log is sound and goes on."""
    before = {name: gala.places(name) for name in ("Ada Lovelace", "Bo Ek", "Cy Young")}
    signed = gala.library.trail.sign()
    backup = made(gala, tmp_path)
    later = gala.library.trail.sign()
    done = restored(gala, backup)
    assert (done.entries, done.remaining, done.erased) == (0, (), frozenset())
    assert {name: gala.places(name) for name in before} == before
    assert set(gala.library.proofs("Ada Lovelace").values()) == {"kept"}
    assert gala.named(BO, Purpose.STAFF_FIND) == ["Bo Ek"]
    assert gala.log()[-1] == "probe.searched"
    assert "library.restored" in gala.log()
    gala.library.trail.sign()
    assert sound(gala, before=signed or "", later=later or "")
    gala.put("new.jpg", BO)
    gala.ingest()
    assert gala.places("Bo Ek") == ["both.jpg", "new.jpg"]


@pytest.mark.promise("P22")
@pytest.mark.promise("P21")
@pytest.mark.promise("P24")
def test_who_withdrew_after_the_backup_stays_away(gala: Gala, tmp_path: Path) -> None:
    """No file of the restored library holds their name or template, and the backup did hold it."""
    with gala.library._database.read() as tx:
        sealed = [row.sealed for row in tx.execute(select(reference)) if row.sealed]
        own = gala.library.consents("Ada Lovelace")[0]
        (template,) = [
            row.sealed
            for row in tx.execute(select(reference).where(reference.c.person_id == own.id))
        ]
    needles = (b"Ada Lovelace", template[20:60])
    backup = made(gala, tmp_path)
    assert holding(backup, *needles), "a scan that does not find it before proves nothing"
    gala.library.withdraw("Ada Lovelace")
    done = restored(gala, backup)
    assert done.erased == {own.id}
    assert holding(gala.root, *needles) == []
    assert len(sealed) == len(rows_of(gala, reference.c.id)) + 1
    assert gala.places("Ada Lovelace") == []
    assert gala.named(ADA) == []
    assert gala.places("Bo Ek") == ["both.jpg"]
    assert own.key not in gala.library._stores.keys.ids()
    stated = receipt_about(gala, own.id)
    assert stated.trigger is Trigger.WITHDRAWN
    assert Level.BYTES_GONE in stated.levels
    assert Level.BACKUPS_AGED_OUT not in stated.levels  # for it was just restored from one
    assert stated.scan is not None
    assert stated.scan.objects == stated.scan.found_before > 0 == stated.scan.found_after
    assert sound(gala)


@pytest.mark.promise("P22")
@pytest.mark.promise("P21")
def test_a_kept_picture_that_was_taken_back_since_stays_away(gala: Gala, tmp_path: Path) -> None:
    """She is found as before; the picture that she took back is in no file, and Bo's opens."""
    both = (Purpose.FIND_ME, Purpose.KEEP_PICTURE)
    own = [
        gala.enrol(name, identity, *both, again=True).enrolment.person
        for name, identity in (("Ada Lovelace", ADA), ("Bo Ek", BO))
    ]
    kept = [gala.library.export(one.id).portraits for one in own]
    assert all(kept)
    sealed = select(reference.c.sealed).where(reference.c.purpose == Purpose.KEEP_PICTURE)
    with gala.library._database.read() as tx:
        (hers,) = tx.execute(sealed.where(reference.c.person_id == own[0].id)).scalars()
    piece = hers[100:160]
    backup = made(gala, tmp_path)
    assert holding(backup, piece), "a scan that does not find it before proves nothing"
    gala.library.withdraw("Ada Lovelace", Purpose.KEEP_PICTURE)
    restored(gala, backup)
    assert holding(gala.root, piece) == []
    assert [gala.library.export(one.id).portraits for one in own] == [(), kept[1]]
    assert gala.places("Ada Lovelace") == ["both.jpg"]


@pytest.mark.promise("P22")
@pytest.mark.promise("P14")
@pytest.mark.promise("P15")
def test_what_expired_and_who_objected_stays_ended(gala: Gala, tmp_path: Path) -> None:
    """Also with a clock that was set back before the restore; the names stay, to be asked."""
    backup = made(gala, tmp_path)
    gala.library.object_to("Dee Dee")
    gala.library.withdraw("Bo Ek", Purpose.STAFF_FIND)
    gala.clock.advance(11 * A_DAY)
    gala.find("Bo Ek")  # the sweep
    swept = gala.library.now()
    gala.clock.advance(-20 * A_DAY)
    done = restored(gala, backup)
    assert gala.library.now() >= swept
    ended = {gala.library.consents(name)[0].id for name in ("Cy Young", "Dee Dee")}
    assert ended.isdisjoint(who for (who,) in rows_of(gala, sighting.c.person_id))
    assert ended.isdisjoint(who for (who,) in rows_of(gala, reference.c.person_id))
    assert gala.places("Cy Young") == gala.places("Dee Dee") == []
    assert gala.named(CY) == gala.named(DEE) == []
    assert gala.named(BO, Purpose.STAFF_FIND) == []
    assert gala.places("Bo Ek") == ["both.jpg"]
    at = gala.library.now()
    (expired,) = gala.library.consents("Cy Young")[1]
    (objected,) = gala.library.consents("Dee Dee")[1]
    assert (expired.state(at), objected.state(at)) == (ConsentState.EXPIRED, ConsentState.OBJECTED)
    with pytest.raises(Refused, match="objection stands"):
        gala.enrol("Dee Dee", DEE, again=True)
    assert any("an objection stands" in one for one in said(done))
    assert sound(gala)
    assert gala.library.lift_objection("Dee Dee") == ()
    gala.enrol("Dee Dee", DEE, again=True)
    assert gala.places("Dee Dee") == ["dee.jpg"]


@pytest.mark.promise("P22")
@pytest.mark.promise("P3")
def test_a_source_revoked_after_the_backup_brings_no_photo(gala: Gala, tmp_path: Path) -> None:
    """Rows, faces, sightings and previews are gone; under a new grant all is read again."""
    backup = made(gala, tmp_path)
    gala.library.take_down(gala.source.id)
    done = restored(gala, backup)
    assert done.revoked == {gala.source.id}
    assert rows_of(gala, photo.c.id) == []
    assert set(gala.blobs.ids()) == {evidence_copy(gala)}
    assert all(when is not None for (when,) in rows_of(gala, grant.c.revoked_at))
    assert gala.places("Bo Ek") == []
    assert Level.BYTES_GONE in receipt_about(gala, gala.source.id).levels
    assert sound(gala)
    gala.grant_again()
    gala.ingest()
    assert gala.places("Bo Ek") == ["both.jpg"]


@pytest.mark.promise("P4")
def test_what_was_taken_down_after_the_backup_is_refused_if_it_comes_again(
    gala: Gala, tmp_path: Path
) -> None:
    """Under a grant that does not say so, under any name; of what came since, it is told."""
    backup = made(gala, tmp_path)
    gala.put("later.jpg", BO, salt=9)
    gala.ingest()
    gala.library.take_down(gala.source.id)
    done = restored(gala, backup)
    assert [one.subject for one in done.remaining] == [gala.source.id]
    assert "under a new grant they are let in" in done.remaining[0].said
    with gala.library._database.read() as tx:
        assert tombstones.standing(tx, gala.source.id) == 4
    (gala.folder / "both.jpg").rename(gala.folder / "another name.jpg")
    gala.library.add_folder(gala.folder, Given("the club", gala.clock.now() + A_DAY), ground=GROUND)
    gala.ingest()
    states = gala.states()
    assert states.pop("later.jpg") == "done"
    assert set(states) == {"another name.jpg", "cy.jpg", "dee.jpg", "eve.jpg"}
    assert set(states.values()) == {"refused"}
    assert gala.places("Bo Ek") == ["later.jpg"]


@pytest.mark.promise("P22")
@pytest.mark.parametrize("what", ["person", "source"])
def test_files_of_what_went_since_are_never_written(
    gala: Gala, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Though the machine stops before anything of it is purged from the restored catalog."""
    backup = made(gala, tmp_path)
    assert len(list(gala.blobs.ids())) == 5
    if what == "person":
        gala.library.withdraw("Ada Lovelace")
    else:
        gala.library.take_down(gala.source.id)
    keys = lose(gala)
    with monkeypatch.context() as patched:
        patched.setattr(Library, "resume", _die)
        with pytest.raises(KeyboardInterrupt):
            restored_into(gala, backup, keys)
    written = {path.name for path in (gala.root / "vault").rglob("*") if path.is_file()}
    assert len(written) == (4 if what == "person" else 1)
    gala.library = open_library(gala.root, gala.clock, gala.vision)
    assert gala.places("Ada Lovelace") == []
    (case,) = gala.library.resume()
    assert case.stage is Stage.BYTES_GONE
    assert set(gala.blobs.ids()) == written
    assert sound(gala)


@pytest.mark.promise("P24")
@pytest.mark.parametrize("stage", [Stage.FOUND, Stage.PURGED])
def test_a_case_that_stood_half_way_in_the_backup_goes_on(
    gala: Gala, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: Stage
) -> None:
    """Its notes open no more, for it was finished since: no receipt says more than is seen now."""
    with monkeypatch.context() as patched:
        patched.setitem(case_module._STEPS, stage, _cannot)
        gala.library.withdraw("Ada Lovelace")
        backup = made(gala, tmp_path)
    (case,) = gala.library.erasures()
    assert case.stage is stage
    gala.library.resume()
    done = restored(gala, backup)
    (case,) = gala.library.erasures()
    assert (case.stage, case.key, case.sealed) == (Stage.BYTES_GONE, None, None)
    levels = receipt_about(gala, case.subject).levels
    assert (Level.BYTES_GONE in levels) is (stage is Stage.FOUND)
    assert holding(gala.root, b"Ada Lovelace") == []
    assert done.remaining == ()
    assert sound(gala)


@pytest.mark.promise("P11")
@pytest.mark.promise("P12")
def test_rules_rosters_and_what_was_decided(gala: Gala, tmp_path: Path) -> None:
    """Recognition is off until a ground is said again; a rejected sighting is rejected."""
    gala.library.add_to_roster(COLLECTION, "Bo Ek")
    backup = made(gala, tmp_path)
    (seen,) = gala.find("Dee Dee").sightings
    gala.library.reject_sighting(seen.id)
    (found,) = gala.find("Bo Ek").sightings
    gala.library.confirm_sighting(found.id)
    gala.library.remove_from_roster(COLLECTION, "Bo Ek")
    gala.library.set_rule(COLLECTION, recognition=True, ground="another", minors=False)
    done = restored(gala, backup)
    (rule,) = gala.library.collections()
    assert (rule.recognition, rule.ground) == (False, "")
    assert gala.library.roster(COLLECTION) == []
    assert gala.places("Bo Ek") == ["both.jpg"]  # a person said so, not the model
    assert gala.places("Ada Lovelace") == gala.places("Dee Dee") == []
    assert any("say the rule again" in one for one in said(done))
    assert any("off the roster" in one for one in said(done))
    gala.library.set_rule(COLLECTION, recognition=True, ground=GROUND)
    gala.ingest()
    assert gala.places("Dee Dee") == []
    assert gala.places("Ada Lovelace") == ["both.jpg"]


def test_what_was_made_since_is_told_as_lost(gala: Gala, tmp_path: Path) -> None:
    """An enrolment, a source, a collection and a backup made after the backup are each named."""
    backup = made(gala, tmp_path)
    gala.enrol("Eve Arden", EVE)
    gala.enrol("Bo Ek", BO, Purpose.HIDE_ME, again=True)
    gala.grant_again()
    other = gala.library.back_up(tmp_path / "backups").backup
    done = restored(gala, backup)
    words = said(done)
    assert "person.enrolled: enrolled since: enrol again" in words
    assert "person.enrolled: what they agreed to since: enrol again" in words
    assert any(one.subject == other.id for one in done.remaining)
    assert other.id in [one.id for one in gala.library.backups()]
    assert gala.places("Bo Ek") == ["both.jpg"]
    assert gala.named(EVE) == []
    sealing = rows_of(gala, reference.c.key_id)
    held = {one.key for one in gala.library.people()}
    assert gala.library._stores.keys.ids() == held | {key for (key,) in sealing}
    assert sound(gala)


def test_who_came_and_went_since_is_not_told(gala: Gala, tmp_path: Path) -> None:
    """Somebody who enrolled and withdrew after the backup is nothing to do again."""
    backup = made(gala, tmp_path)
    gala.enrol("Eve Arden", EVE)
    gala.library.withdraw("Eve Arden")
    gala.library.object_to("Dee Dee")
    gala.library.lift_objection("Dee Dee")
    done = restored(gala, backup)
    assert done.remaining == ()
    assert rows_of(gala, objection.c.lifted_at) != [(None,)]
    assert gala.places("Dee Dee") == []


def test_a_library_is_restored_twice(gala: Gala, tmp_path: Path) -> None:
    """From the same backup: what ended between the two restores stays ended as well."""
    backup = made(gala, tmp_path)
    gala.library.withdraw("Ada Lovelace")
    restored(gala, backup)
    gala.library.withdraw("Bo Ek")
    gala.library.close()
    keys = gala.library.settings.keys_dir
    shutil.rmtree(gala.root)
    Library.restore(backup, gala.root, keys=keys, actor="tester", clock=gala.clock)
    gala.library = open_library(gala.root, gala.clock, gala.vision)
    assert [one.name for one in gala.library.people()] == ["Cy Young", "Dee Dee"]
    assert sound(gala)


@pytest.mark.promise("P27")
def test_a_reference_whose_key_is_gone_is_named_and_spoils_nothing(
    gala: Gala, tmp_path: Path
) -> None:
    """Everybody else is found by their picture; who it was is told."""
    backup = made(gala, tmp_path)
    own = gala.library.consents("Dee Dee")[0]
    gala.library._stores.keys.destroy(own.key)
    done = restored(gala, backup)
    assert {one.subject for one in done.remaining} == {own.id}
    assert gala.named(BO) == ["Bo Ek"]


@pytest.mark.promise("P23")
def test_what_was_given_out_since_is_known_again(gala: Gala, tmp_path: Path) -> None:
    """To a recipient who is a stub if they were added since; what cannot be restored is told."""
    backup = made(gala, tmp_path)
    at, own = gala.clock.now(), gala.library.consents("Bo Ek")[1][0]
    shown = rows_of(gala, photo.c.id)[0][0]
    which, to, none = new_id("x"), new_id("t"), new_id("i")
    with gala.library._database.write() as tx:
        for picture_id in (str(shown), none):
            subjects = (which if picture_id == shown else new_id("x"), picture_id, to)
            entry = Entry(Act.DISCLOSED, at, "t", "may-publish:web", subjects, (own.id,))
            log.record(tx, entry)
    done = restored(gala, backup)
    assert rows_of(
        gala, disclosure.c.id, disclosure.c.photo_id, disclosure.c.channel, disclosure.c.source_id
    ) == [(which, shown, "web", gala.source.id)]
    assert rows_of(gala, disclosed_person.c.person_id) == [(own.person,)]
    assert rows_of(gala, recipient.c.id) == [(to,)]
    assert [one.said for one in done.remaining] == [
        "given to somebody since, and not to be restored: recall it by hand"
    ]


@pytest.mark.promise("P23")
def test_a_file_that_was_given_out_since_is_known_by_its_bytes(tmp_path: Path) -> None:
    """Also one with a cover that was taken off: why, is in no log, and that is told."""
    echo = Echo.make(tmp_path)
    with echo.gala as gala:
        gala.put("one.png", ADA, BO)
        echo.enrol("Ada", ADA)
        gala.ingest()
        backup = made(gala, tmp_path)
        path = str(gala.folder / "one.png")
        (bare,) = gala.library.check(path, CHANNEL).of(Verdict.COVER)
        hand = Hand(removed={bare.id: "it is a bust of marble"})
        to = tmp_path / "out"
        done = gala.library.publish(
            path, "The Echo", channel=CHANNEL, out=to, looked=True, hand=hand
        )
        told = restored(gala, backup)
        known = gala.library.given_as(done.digest)
        assert known is not None
        assert known.id == done.disclosure.id
        assert [one.said for one in told.remaining] == [
            "a cover was taken off by hand since; the reason is not kept"
        ]


@pytest.mark.promise("P23")
@pytest.mark.parametrize("ended", ["person", "channel", "source", "expired", "objected"])
def test_what_was_given_out_and_ended_since_is_recalled_again(tmp_path: Path, ended: str) -> None:
    """Of who was enrolled before the backup; that the recipient answered is not known any more."""
    echo = Echo.make(tmp_path)
    with echo.gala as gala:
        gala.put("one.png", ADA)
        echo.enrol("Ada", ADA)
        gala.ingest()
        backup = made(gala, tmp_path)
        which = echo.give("one.png")
        _end(gala, ended)
        gala.library.acknowledge(echo.says(echo.the_recall().id))
        restored(gala, backup)
        (one,) = gala.library.recalls(only_open=True)
        assert (one.disclosure, one.recipient) == (which, echo.added.recipient.id)
        stated = receipt_of(gala, one.erasure)
        assert [demand.recall for demand in stated.recipients] == [one.id]
        assert Level.RECIPIENTS_ACKNOWLEDGED not in stated.levels
        gala.library.acknowledge(echo.says(one.id))
        gala.library.resume()
        assert Level.RECIPIENTS_ACKNOWLEDGED in receipt_of(gala, one.erasure).levels
        assert sound(gala)


@pytest.mark.promise("P23")
@pytest.mark.parametrize("ended", ["person", "channel", "expired", "objected", ""])
@pytest.mark.parametrize("known", [True, False])
def test_what_was_given_on_a_consent_since_the_backup_is_recalled(
    tmp_path: Path, ended: str, *, known: bool
) -> None:
    """Though the consent is lost, and perhaps the person; what has not ended is told."""
    echo = Echo.make(tmp_path)
    with echo.gala as gala:
        if known:
            gala.enrol("Ada", ADA)
        backup = made(gala, tmp_path)
        gala.put("one.png", ADA)
        wishes = (Wish(Purpose.FIND_ME), Wish(Purpose.MAY_PUBLISH, CHANNEL))
        portrait = Portrait("portrait.jpg", picture(ADA))
        gala.library.enrol("Ada", [portrait], wishes, again=known)
        gala.ingest()
        which = echo.give("one.png")
        if ended:
            _end(gala, ended)
        done = restored(gala, backup)
        assert [one.disclosure for one in gala.library.recalls(only_open=True)] == [which] * bool(
            ended
        )
        lost = not known and not ended
        assert [one.subject for one in done.remaining if one.act is Act.DISCLOSED] == [which] * lost
        assert sound(gala)
        if known and not ended:
            gala.library.withdraw("Ada")
            assert [one.disclosure for one in gala.library.recalls()] == [which]


@pytest.mark.promise("P27")
def test_evidence_that_was_damaged_before_the_backup_is_named(gala: Gala, tmp_path: Path) -> None:
    """All else is restored, and whose it was is told."""
    (path,) = (gala.root / "vault").rglob(evidence_copy(gala))
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    own = gala.library.consents("Ada Lovelace")[0]
    done = restored(gala, made(gala, tmp_path))
    assert [(one.subject, one.said) for one in done.remaining] == [
        (own.id, "the evidence was damaged before the backup")
    ]
    assert "damaged" in gala.library.proofs("Ada Lovelace").values()
    assert gala.places("Ada Lovelace") == ["both.jpg"]


def test_the_keys_are_those_that_were_named(
    gala: Gala, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the environment says: it may name those of another library."""
    backup = made(gala, tmp_path)
    gala.library.withdraw("Ada Lovelace")
    keys = lose(gala)
    with Gala.make(tmp_path / "other") as other:
        monkeypatch.setenv("COUNTENANCE_KEYS", str(other.keys))
    restored_into(gala, backup, keys)
    monkeypatch.delenv("COUNTENANCE_KEYS")
    gala.library = open_library(gala.root, gala.clock, gala.vision)
    assert [one.stage for one in gala.library.erasures()] == [Stage.BYTES_GONE]


# --- what is refused --------------------------------------------------------------------------


@pytest.mark.sqlite("a file is put in its place")
@pytest.mark.promise("P22")
def test_a_catalog_copied_back_by_hand_is_not_opened(gala: Gala, tmp_path: Path) -> None:
    """The file of yesterday in the place of today's: nothing is read from it."""
    gala.library._database.copy_to(tmp_path / "yesterday.db")
    gala.library.withdraw("Ada Lovelace")
    gala.library.close()
    for beside in ("-wal", "-shm"):
        (gala.root / f"catalog.db{beside}").unlink(missing_ok=True)
    shutil.copyfile(tmp_path / "yesterday.db", gala.root / "catalog.db")
    with pytest.raises(VerificationError, match="older than its journal") as caught:
        gala.another()
    assert "countenance restore" in caught.value.hint
    with Library.open_for_audit(gala.root) as library:
        seen = library.trail.verify({})
    assert [one.fault for one in seen.findings] == ["catalog-damaged", "journal-differs"]


@pytest.mark.promise("P22")
def test_an_old_copy_of_the_keys_folder_heals(gala: Gala, tmp_path: Path) -> None:
    """Its journal is the beginning of the log, and goes on from there."""
    keys, old = gala.keys, tmp_path / "old-keys"
    shutil.copytree(keys, old)
    gala.find("Bo Ek")
    gala.library.close()
    newer = (keys / JOURNAL_FILE).read_bytes()
    shutil.copyfile(old / JOURNAL_FILE, keys / JOURNAL_FILE)
    gala.library = open_library(gala.root, gala.clock, gala.vision)
    assert (keys / JOURNAL_FILE).read_bytes() == newer
    assert sound(gala)


@pytest.mark.promise("P27")
@pytest.mark.promise("P22")
def test_a_damaged_byte_in_any_file_of_a_backup_is_named(gala: Gala, tmp_path: Path) -> None:
    """Nothing is restored then; a file that is missing is named as well."""
    backup = made(gala, tmp_path)
    keys = lose(gala)
    files = [path for path in sorted(backup.rglob("*")) if path.is_file()]
    assert {"catalog.db", MANIFEST_FILE} < {path.name for path in files}
    assert len(files) == 2 + 4 + 1
    for path in files:
        data = path.read_bytes()
        for at in {0, len(data) // 2, len(data) - 1}:
            path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            with pytest.raises(VerificationError, match=path.name):
                Library.restore(backup, gala.root, keys=keys, actor="tester")
        path.unlink()
        with pytest.raises((VerificationError, UsageError), match=path.name):
            Library.restore(backup, gala.root, keys=keys, actor="tester")
        path.write_bytes(data)
    assert not gala.root.exists()
    restored_into(gala, backup, keys)


@pytest.mark.promise("P22")
def test_what_does_not_belong_together_is_refused(gala: Gala, tmp_path: Path) -> None:
    """No journal, another library's, one that is damaged or too short; a folder in use."""
    backup = made(gala, tmp_path)
    gala.library.withdraw("Ada Lovelace")
    with pytest.raises(UsageError, match="not empty"):
        restored_into(gala, backup, gala.keys)
    with Gala.make(tmp_path / "other") as other:
        foreign = other.keys
    keys = lose(gala)
    whole = (keys / JOURNAL_FILE).read_bytes()
    for data, error in (
        (whole[:300], VerificationError),
        (whole[:-30] + bytes(1) + whole[-29:], VerificationError),
        (None, Unavailable),
    ):
        (keys / JOURNAL_FILE).unlink()
        if data is not None:
            (keys / JOURNAL_FILE).write_bytes(data)
        with pytest.raises(error):
            restored_into(gala, backup, keys)
    with pytest.raises(Unavailable, match="another library"):
        restored_into(gala, backup, foreign)
    with pytest.raises(UsageError, match="no backup"):
        restored_into(gala, tmp_path / "backups", keys)
    assert not gala.root.exists()
    (keys / JOURNAL_FILE).write_bytes(whole)
    restored_into(gala, backup, keys)


@pytest.mark.promise("P22")
@pytest.mark.parametrize(
    "step",
    [
        "_copy",
        "_bring_up_to_date",
        "_restore_blobs",
        "_follow",
        "_restore_settings",
        "_sync",
        "_put_in_place",
    ],
)
def test_a_restore_that_dies_leaves_no_library_and_is_begun_again(
    gala: Gala, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Whatever it had done by then: neither folder can be opened, and the next restore is whole."""
    backup = made(gala, tmp_path)
    gala.library.withdraw("Ada Lovelace")
    keys = lose(gala)

    with monkeypatch.context() as patched:
        patched.setattr(restoring, step, _die)
        with pytest.raises(KeyboardInterrupt):
            restored_into(gala, backup, keys)
    assert not gala.root.exists()
    with pytest.raises(NoLibrary):
        Library.open(gala.root.with_name("library.restoring"))
    restored_into(gala, backup, keys)
    gala.library = open_library(gala.root, gala.clock, gala.vision)
    assert [one.name for one in gala.library.people()] == ["Bo Ek", "Cy Young", "Dee Dee"]
    assert sound(gala)


@pytest.mark.promise("P31")
def test_the_library_of_before_opens_no_more(gala: Gala, tmp_path: Path) -> None:
    """A log has one end: with the same keys the copy that was moved away is older."""
    backup = made(gala, tmp_path)
    keys = lose(gala)
    restored_into(gala, backup, keys)
    keys.rename(gala.root.with_name("lost.keys"))
    with pytest.raises(VerificationError, match="older than its journal"):
        Library.open(gala.root.with_name("lost"))


# --- redaction ----------------------------------------------------------------------------------


@pytest.mark.promise("P22")
def test_what_ended_something_is_not_redacted_while_a_backup_is_there(
    gala: Gala, tmp_path: Path
) -> None:
    """And what was redacted since is redacted in the restored log as well."""
    gala.find("Bo Ek")
    index = len(gala.log()) - 1
    backup = made(gala, tmp_path)
    gala.library.withdraw("Ada Lovelace")
    withdrawn = gala.log().index(Act.WITHDRAWN)
    with gala.library._database.write() as tx:
        with pytest.raises(Refused, match="stays until the backup"):
            log.redact(tx, withdrawn, actor="tester", at=gala.clock.now())
        log.redact(tx, index, actor="tester", at=gala.clock.now())
    restored(gala, backup)
    assert gala.library.trail.tail(100)[index] == (index, None)
    assert sound(gala)


@pytest.mark.promise("P22")
def test_a_backup_said_to_be_gone_is_refused_if_an_ending_may_be_unknown(
    gala: Gala, tmp_path: Path
) -> None:
    """It was said to be gone, a withdrawal was redacted, and then somebody finds the backup."""
    made(gala, tmp_path)
    (known,) = gala.library.backups()
    kept = shutil.copytree(known.location, tmp_path / known.id)
    shutil.rmtree(known.location)
    gala.library.end_backup(known.id, reason="the disk was shredded")
    gala.library.withdraw("Ada Lovelace")
    withdrawn = gala.log().index(Act.WITHDRAWN)
    with gala.library._database.write() as tx:
        log.redact(tx, withdrawn, actor="tester", at=gala.clock.now())
    keys = lose(gala)
    with pytest.raises(VerificationError, match="was redacted after"):
        restored_into(gala, kept, keys)


# ------------------------------------------------------------------------------------------------


def restored_into(gala: Gala, backup: Path, keys: Path) -> Restored:
    return Library.restore(backup, gala.root, keys=keys, actor="tester", clock=gala.clock)


def rows_of(gala: Gala, *columns: object) -> list[tuple[object, ...]]:
    with gala.library._database.read() as tx:
        return rows(tx, *columns)


def evidence_copy(gala: Gala) -> str:
    ((which,),) = rows_of(gala, evidence.c.copy_id)
    return str(which)


def receipt_of(gala: Gala, erasure: str) -> Statement:
    """What the newest receipt of a case states, which is verified first."""
    *_, newest = gala.library.receipts(erasure)
    return verify_receipt(newest.text, gala.library.trail.key())


def receipt_about(gala: Gala, subject: str) -> Statement:
    (case,) = [one for one in gala.library.erasures() if one.subject == subject]
    return receipt_of(gala, case.id)


def _end(gala: Gala, how: str) -> None:
    if how == "person":
        gala.library.withdraw("Ada")
    elif how == "channel":
        gala.library.withdraw("Ada", Wish(Purpose.MAY_PUBLISH, CHANNEL))
    elif how == "source":
        gala.library.take_down(gala.source.id)
    elif how == "objected":
        gala.library.object_to("Ada")
    else:
        gala.clock.advance(400 * A_DAY)
        gala.library.resume()


def _die(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def _cannot(*_: object) -> None:
    raise Unavailable("not now")
