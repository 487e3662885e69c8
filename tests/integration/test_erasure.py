"""Cases of erasure: carried through from wherever they stand, believed by nobody, scanned for."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from countenance.audit.receipt import verify_chain
from countenance.audit.statement import Level
from countenance.catalog import tombstones
from countenance.catalog.erasures import UNFINISHED, Stage
from countenance.catalog.tables import face, item, person, photo, reference, sighting, tombstone
from countenance.cli.main import main
from countenance.core.canonical import digest
from countenance.core.ids import CopyId
from countenance.enrol.enrol import Portrait
from countenance.erasure import case as case_module
from countenance.erasure.holders import HOLDERS, RowsHolder
from countenance.erasure.scanner import scan_here
from countenance.errors import ErasureIncomplete, Reason, Unavailable, VerificationError
from countenance.library import Given, Library
from countenance.people.purpose import Purpose, Wish
from countenance.vault.blobs import BlobStore
from countenance.vault.keys import KeyStore
from countenance.vault.scan import Hit, Needles, Scanned
from tests.fakes.gala import A_DAY, COLLECTION, GROUND, Gala, rows
from tests.fakes.vision import picture

ADA, BO, STRANGER = 1, 2, 20
EVIDENCE = b"a slip of paper, signed, and long enough to be told from anything else" * 4


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    with Gala.make(tmp_path) as made:
        yield made


@pytest.mark.promise("P19")
@pytest.mark.promise("P21")
def test_what_goes_was_found_before_and_is_in_no_file_after(gala: Gala) -> None:
    """By the case's own scan, and by one that knows nothing of it."""
    _fill(gala)
    needles = _needles_of(gala, "Ada")
    assert _missing(gala, needles) == set()
    done = gala.library.withdraw("Ada")
    assert _missing(gala, needles) == set(needles)
    case = gala.library.erasure(done.erasure)
    before, after = case.progress.before, case.progress.after
    assert before is not None
    assert after is not None
    assert before.objects == before.found >= len(needles)
    assert after.found == 0
    assert after.files >= len(list(gala.files()))
    assert case.progress.gone == {
        "references": 2,
        "sightings": 2,
        "evidence": 1,
        "evidence-files": 1,
        "names": 1,
        "roster-entries": 1,
    }
    assert (case.key, case.sealed) == (None, None)


@pytest.mark.promise("P21")
def test_what_the_database_moved_and_left_is_written_over(
    gala: Gala, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the scan after the purge finds a copy, the database is written anew, and read again."""
    _fill(gala)
    rewritten: list[bool] = []

    def scanner(
        files: Sequence[Path], needles: Needles, progress: Callable[[int, int], object]
    ) -> Scanned:
        seen = scan_here(files, needles, progress)
        purged = not seen.hits and not rewritten
        return replace(seen, hits=(Hit("a moved row", files[0], 0),)) if purged else seen

    monkeypatch.setattr(gala.library, "_scanner", scanner)
    monkeypatch.setattr(gala.library._database, "rewrite", lambda: rewritten.append(True))
    done = gala.library.withdraw("Ada")
    assert rewritten == [True]
    assert gala.library.erasure(done.erasure).stage is Stage.CLOSED


@pytest.mark.promise("P25")
def test_erasing_one_leaves_every_other_row_as_it_was(gala: Gala) -> None:
    """Bo's references, sightings, consents and key are what they were, to the bit."""
    _fill(gala)
    before = _rows_of(gala, "Bo")
    gala.library.withdraw("Ada")
    assert _rows_of(gala, "Bo") == before
    assert gala.places("Bo") == ["a.jpg"]


STEPS = [Stage.HIDDEN, Stage.KEYS_DESTROYED, Stage.FOUND, Stage.PURGED]


@pytest.mark.promise("P19")
@pytest.mark.parametrize("stage", STEPS)
def test_a_case_goes_on_from_wherever_it_was_cut_off(
    gala: Gala, monkeypatch: pytest.MonkeyPatch, stage: Stage
) -> None:
    """Nobody is found from the first transaction on; the rest is carried through later."""
    _fill(gala)
    needles = _needles_of(gala, "Ada")
    with monkeypatch.context() as patch:
        patch.setitem(case_module._STEPS, stage, _die)
        done = gala.library.withdraw("Ada")
    assert gala.library.erasure(done.erasure).stage is stage
    assert gala.places("Ada") == gala.named(ADA) == []
    assert [one.name for one in gala.library.people()] == ["Bo"]
    gala.reopen()
    assert gala.places("Ada") == gala.named(ADA) == []
    (carried,) = gala.library.resume()
    assert carried.stage is Stage.CLOSED
    assert _missing(gala, needles) == set(needles)


@pytest.mark.promise("P27")
@pytest.mark.parametrize("brought_back", [True, False])
@pytest.mark.parametrize("stage", [Stage.FOUND, Stage.PURGED])
def test_a_damaged_key_of_one_case_stops_no_other(
    gala: Gala,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    stage: Stage,
    *,
    brought_back: bool,
) -> None:
    """Its own stays open and says why, until the key is there again, or is given up."""
    _fill(gala)
    with monkeypatch.context() as patch:
        patch.setitem(case_module._STEPS, stage, _die)
        which = gala.library.withdraw("Ada").erasure
    assert gala.library.obstacle(gala.library.erasure(which)) == ""
    file = gala.keys / f"{gala.library.erasure(which).key}.key"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])

    gala.ingest()
    gala.enrol("Cy", STRANGER)
    other = gala.library.withdraw("Bo").erasure
    stages = {one.id: one.stage for one in gala.library.resume()}
    assert gala.library.erasure(other).stage is Stage.CLOSED
    assert stages == {which: stage}
    why = f"the file of key {file.stem} is damaged"
    assert why in gala.library.obstacle(gala.library.erasure(which))
    monkeypatch.chdir(gala.root)
    assert main(["takedown", "status"]) == ErasureIncomplete.exit_code
    assert f"cannot go on: {why}" in capsys.readouterr().out
    main(["doctor"])
    assert f"{which}: {why}" in capsys.readouterr().out

    if brought_back:
        file.write_bytes(whole)
    else:
        file.unlink()
    (carried,) = gala.library.resume()
    assert carried.stage not in UNFINISHED
    assert gala.library.obstacle(carried) == ""


@pytest.mark.promise("P27")
def test_a_case_about_nothing_is_damage(gala: Gala) -> None:
    """No receipt says whose bytes are gone where the row does not say it."""
    _fill(gala)
    case = gala.library.erasure(gala.library.withdraw("Ada").erasure)
    assert case.subject == case.person
    with pytest.raises(VerificationError, match=f"{case.id}: its row does not say"):
        _ = replace(case, person=None).subject


@pytest.mark.promise("P27")
def test_a_damaged_key_of_tombstones_stops_takedowns_alone(
    gala: Gala, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without it no tombstone can be set, so nothing is purged; who withdraws goes all the same."""
    _fill(gala)
    second = _the_same_in(tmp_path / "second", gala)
    gala.library.take_down(gala.source.id)
    with gala.library._database.read() as tx:
        key = tombstones.key_of(tx)
    file = gala.keys / f"{key}.key"
    whole = file.read_bytes()
    file.write_bytes(b"?")
    stopped = gala.library.take_down(second).erasure
    with monkeypatch.context() as patch:
        patch.setitem(case_module._STEPS, Stage.FOUND, _die)
        withdrawn = gala.library.withdraw("Ada").erasure
    assert {one.id: one.stage for one in gala.library.resume()} == {
        stopped: Stage.FOUND,
        withdrawn: Stage.CLOSED,
    }
    assert "damaged" in gala.library.obstacle(gala.library.erasure(stopped))
    file.write_bytes(whole)
    assert [one.stage for one in gala.library.resume()] == [Stage.CLOSED]


@pytest.mark.promise("P21")
@pytest.mark.parametrize("store", ["keys", "blobs"])
def test_a_step_may_be_done_again_after_half_of_it(
    gala: Gala, monkeypatch: pytest.MonkeyPatch, store: str
) -> None:
    """A crash in the middle of destroying keys, or of removing files, costs nothing."""
    _fill(gala)
    what: type[Any] = KeyStore if store == "keys" else BlobStore
    name = "destroy" if store == "keys" else "remove"
    with monkeypatch.context() as patch:
        patch.setattr(what, name, _then_die(getattr(what, name)))
        done = gala.library.withdraw("Ada")
        assert gala.library.erasure(done.erasure).stage is not Stage.CLOSED
    gala.library.resume()
    assert gala.library.erasure(done.erasure).stage is Stage.CLOSED
    assert gala.library.keys_found().broken == ()


@pytest.mark.promise("P21")
def test_a_purge_that_forgets_a_holder_is_not_believed(
    gala: Gala, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The holders are read again, and the case stays open until nothing is there."""
    _fill(gala)
    with monkeypatch.context() as patch:
        patch.setattr(RowsHolder, "purge", lambda *_: [])
        done = gala.library.withdraw("Ada")
    case = gala.library.erasure(done.erasure)
    assert case.stage is Stage.PURGED
    with gala.library._database.read() as tx:
        held = {one.name for one in HOLDERS if one.holds(tx, gala.library._stores, case)}
    assert {"references", "sightings", "names"} <= held


@pytest.mark.promise("P21")
@pytest.mark.promise("P24")
@pytest.mark.parametrize("among", ["data", "keys"])
def test_bytes_that_lie_where_nobody_put_them_are_found(gala: Gala, among: str) -> None:
    """A copy of the database in the library's folders keeps the case open until it is gone."""
    _fill(gala)
    stray = (gala.root if among == "data" else gala.keys) / "catalog.db.old"
    gala.library._database.copy_to(stray)
    done = gala.library.withdraw("Ada")
    assert gala.library.erasure(done.erasure).stage is Stage.PURGED
    assert gala.library.receipts() == []
    stray.unlink()
    assert [one.stage for one in gala.library.resume()] == [Stage.CLOSED]


@pytest.mark.promise("P24")
def test_what_came_to_be_since_is_in_the_next_receipt(gala: Gala, tmp_path: Path) -> None:
    """A backup that aged out days after the first receipt closes the case with a second one."""
    _fill(gala)
    gala.library.back_up(tmp_path / "backups", days=1)
    case = gala.library.withdraw("Ada").erasure
    (first,) = gala.library.receipts(case)
    gala.clock.advance(2 * A_DAY)
    gala.library.prune_backups()
    assert gala.library.erasure(case).stage is Stage.CLOSED
    assert [one.number for one in gala.library.receipts(case)] == [first.number, 2]
    key = gala.library.trail.key()
    said = verify_chain([one.text for one in gala.library.receipts(case)], key)
    assert Level.BACKUPS_AGED_OUT not in said[0].levels
    assert set(said[1].levels) == set(Level)


@pytest.mark.promise("P21")
def test_a_file_that_another_case_has_yet_to_remove_stops_none(
    gala: Gala, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Two sources gave the same picture; one's takedown was cut off before its files went."""
    _fill(gala)
    second = _the_same_in(tmp_path / "second", gala)
    with monkeypatch.context() as patch:
        patch.setitem(case_module._STEPS, Stage.PURGED, _die)
        gala.library.take_down(second)
    done = gala.library.take_down(gala.source.id)
    assert gala.library.erasure(done.erasure).stage is Stage.CLOSED
    assert [one.stage for one in gala.library.resume()] == [Stage.CLOSED]


def test_the_scan_runs_in_a_process_of_its_own(gala: Gala) -> None:
    """Reading the database's files where it is open would let go of the locks on it."""
    _fill(gala)
    with Library.open(gala.root, gala.library.settings, gala.clock) as library:
        done = library.withdraw("Ada")
        case = library.erasure(done.erasure)
        child = library._scanner_apart._child._process
        assert child is not None
        assert child.pid != os.getpid()
    assert case.stage is Stage.CLOSED
    assert case.progress.before is not None
    assert case.progress.before.found == case.progress.before.objects > 0


def test_who_agrees_anew_begins_anew(gala: Gala, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was cut off is carried through before a new consent: nothing old is revived or lost."""
    _fill(gala)
    with monkeypatch.context() as patch:
        patch.setitem(case_module._STEPS, Stage.KEYS_DESTROYED, _die)
        gala.library.withdraw("Ada", Purpose.FIND_ME)
        gala.library.withdraw("Ada", Purpose.STAFF_FIND)
    gala.enrol("Ada", ADA)
    assert gala.places("Ada") == ["a.jpg", "b.jpg"]
    assert gala.library.resume() == []
    assert gala.places("Ada") == ["a.jpg", "b.jpg"]


# --- takedown -------------------------------------------------------------------------------


@pytest.mark.promise("P3")
@pytest.mark.promise("P21")
def test_a_takedown_takes_all_that_came_from_the_source(gala: Gala) -> None:
    """Rows, boxes, sightings, places and previews; people and their references stay."""
    _fill(gala)
    needles = {
        f"preview {which}": path.read_bytes()[900:940] for which, path in _previews(gala).items()
    }
    with gala.library._database.read() as tx:
        for one, digest in rows(tx, photo.c.id, photo.c.digest):
            needles[f"photo {one}"] = str(digest).encode()
        for one, locator in rows(tx, item.c.stamp, item.c.locator):
            needles[f"place {one}"] = gala.stored(gala.source.id, str(locator), str(one))
    assert _missing(gala, needles) == set()
    done = gala.library.take_down(gala.source.id)
    assert gala.places("Ada") == []
    assert _missing(gala, needles) == set(needles)
    case = gala.library.erasure(done.erasure)
    assert case.progress.gone == {
        "sightings": 3,
        "faces": 4,
        "words": 2,
        "places": 2,
        "previews": 2,
        "photos": 2,
    }
    with gala.library._database.read() as tx:
        assert [*rows(tx, photo.c.id), *rows(tx, face.c.id), *rows(tx, sighting.c.id)] == []
        assert len(rows(tx, reference.c.id)) == 3
    assert list(gala.blobs.ids()) == [CopyId(one) for one in _evidence(gala)]


@pytest.mark.promise("P16")
def test_a_takedown_said_twice_is_one(gala: Gala) -> None:
    """Whoever says stop again is given the case there is, and nobody is told twice."""
    _fill(gala)
    first = gala.library.take_down(gala.source.id)
    assert gala.library.take_down(gala.source.id).erasure == first.erasure
    assert len(gala.library.erasures()) == 1


@pytest.mark.promise("P4")
def test_what_was_taken_down_is_refused_when_it_comes_again(gala: Gala) -> None:
    """Under another name too; a picture that was never there is taken; nothing is decoded."""
    _fill(gala)
    gala.library.take_down(gala.source.id)
    gala.library.add_folder(gala.folder, Given("the club", gala.library.now() + A_DAY))
    (gala.folder / "a.jpg").rename(gala.folder / "renamed.jpg")
    gala.put("new.jpg", ADA, salt=9)
    looked = len(gala.vision.looked)
    report = gala.ingest()
    assert sorted((one.locator, one.reason) for one in report.skipped) == [
        ("b.jpg", Reason.ERASED),
        ("renamed.jpg", Reason.ERASED),
    ]
    assert gala.states() == {"b.jpg": "refused", "renamed.jpg": "refused", "new.jpg": "done"}
    assert len(gala.vision.looked) == looked + 1
    assert gala.places("Ada") == ["new.jpg"]
    assert gala.ingest().skipped == []


@pytest.mark.promise("P4")
def test_a_grant_that_names_what_was_taken_down_lets_it_in(gala: Gala) -> None:
    """Its owner may change their mind, in so many words."""
    _fill(gala)
    gala.library.take_down(gala.source.id)
    until = gala.library.now() + A_DAY
    gala.library.add_folder(gala.folder, Given("the club", until))
    gala.ingest()
    assert gala.places("Ada") == []
    gala.library.add_folder(gala.folder, Given("the club", until, erased_too=True))
    gala.ingest()
    assert gala.places("Ada") == ["a.jpg", "b.jpg"]
    assert gala.log().count("source.tombstones-lifted") == 1


@pytest.mark.promise("P4")
def test_a_tombstone_that_is_set_during_the_work_is_heeded(gala: Gala) -> None:
    """The writer asks again, in the transaction that stores."""
    _fill(gala)
    case = gala.library.take_down(gala.source.id).erasure
    gala.grant_again()
    (gala.folder / "b.jpg").unlink()
    offered = digest((gala.folder / "a.jpg").read_bytes())

    def set_it() -> None:
        stores = gala.library._stores
        with stores.database.write() as tx:
            key = tombstones.key_of(tx)
            assert key is not None
            mark = tombstones.mark(stores.keys.read(key), offered)
            tombstones.add_all(tx, gala.source.id, [mark], case=case, at=stores.now(tx))

    gala.vision.after_templates = _once(set_it)
    assert [one.reason for one in gala.ingest().skipped] == [Reason.ERASED]
    assert gala.states() == {"a.jpg": "refused"}
    assert gala.places("Ada") == []
    assert _previews(gala) == {}


@pytest.mark.promise("P25")
def test_a_takedown_leaves_the_same_picture_of_another_source(gala: Gala, tmp_path: Path) -> None:
    """Whoever else gave it gave it, and it is found there."""
    _fill(gala)
    second = tmp_path / "second"
    _the_same_in(second, gala)
    assert len(gala.places("Ada")) == 3
    done = gala.library.take_down(gala.source.id)
    assert gala.library.erasure(done.erasure).stage is Stage.CLOSED
    found = gala.find("Ada").sightings
    assert [(one.location, one.locator) for one in found] == [(str(second), "a.jpg")]
    gala.ingest()
    assert len(gala.places("Ada")) == 1


def test_a_tombstone_says_nothing_without_its_key(gala: Gala) -> None:
    """What stands in the table is no digest that could be compared with a picture's."""
    _fill(gala)
    with gala.library._database.read() as tx:
        digests = {str(one) for (one,) in rows(tx, photo.c.digest)}
    gala.library.take_down(gala.source.id)
    with gala.library._database.read() as tx:
        marks = {str(one) for (one,) in rows(tx, tombstone.c.mark)}
    assert len(marks) == len(digests) == 2
    assert not marks & digests


# --------------------------------------------------------------------------------------------


def _fill(gala: Gala) -> None:
    """Ada in two photos, with evidence and two purposes and on a roster; Bo in one of them."""
    gala.put("a.jpg", ADA, BO)
    gala.put("b.jpg", ADA, STRANGER, salt=1)
    gala.library.enrol(
        "Ada",
        [Portrait("portrait.jpg", picture(ADA))],
        (Wish(Purpose.FIND_ME), Wish(Purpose.STAFF_FIND)),
        evidence=EVIDENCE,
    )
    gala.enrol("Bo", BO)
    gala.library.add_to_roster(COLLECTION, "Ada")
    gala.ingest()
    assert gala.places("Ada") == ["a.jpg", "b.jpg"]


def _the_same_in(folder: Path, gala: Gala) -> str:
    """Another source with one of the pictures, ingested. Gives its id."""
    folder.mkdir()
    (folder / "a.jpg").write_bytes((gala.folder / "a.jpg").read_bytes())
    until = gala.library.now() + A_DAY
    added = gala.library.add_folder(folder, Given("another club", until), ground=GROUND)
    gala.ingest()
    return added.source.id


def _needles_of(gala: Gala, name: str) -> dict[str, bytes]:
    """Pieces of what there is of somebody, read from the tables and the vault as they are."""
    with gala.library._database.read() as tx:
        who, called = tx.execute(
            select(person.c.id, person.c.name).where(person.c.name == name)
        ).one()
        needles = {"name": gala.stored(who, called)}
        for row in tx.execute(select(reference).where(reference.c.person_id == who)):
            needles[f"reference {row.id}"] = bytes(row.sealed[60:84])
        for row in tx.execute(select(sighting).where(sighting.c.person_id == who)):
            needles[f"sighting {row.id}"] = gala.stored(row.face_id, who)
    for which in _evidence(gala):
        needles[f"evidence {which}"] = _blob(gala, which).read_bytes()[40:64]
    return needles


def _missing(gala: Gala, needles: dict[str, bytes]) -> set[str]:
    """Those of the needles that no file of the library holds."""
    everything = [path.read_bytes() for path in gala.files()]
    return {
        name for name, needle in needles.items() if not any(needle in data for data in everything)
    }


def _rows_of(gala: Gala, name: str) -> list[object]:
    with gala.library._database.read() as tx:
        who = tx.execute(select(person.c.id).where(person.c.name == name)).scalar_one()
        tables = (reference, sighting)
        found = [
            tuple(row) for t in tables for row in tx.execute(select(t).where(t.c.person_id == who))
        ]
        return [*found, *tx.execute(select(person).where(person.c.id == who)).all()]


def _evidence(gala: Gala) -> list[str]:
    previews = set(_previews(gala))
    return [which for which in gala.blobs.ids() if which not in previews]


def _previews(gala: Gala) -> dict[str, Path]:
    with gala.library._database.read() as tx:
        return {str(one): _blob(gala, str(one)) for (one,) in rows(tx, photo.c.preview_id) if one}


def _blob(gala: Gala, which: str) -> Path:
    return gala.blobs._path(CopyId(which))


def _die(*_: object) -> None:
    raise Unavailable("the program was stopped here")


def _then_die(does: Callable[..., object]) -> Callable[..., object]:
    def do(*arguments: object) -> object:
        does(*arguments)
        raise Unavailable("the program was stopped here")

    return do


def _once(act: Callable[[], object]) -> Callable[[], object]:
    left = [act]
    return lambda: left.pop()() if left else None
