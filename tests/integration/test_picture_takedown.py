"""Take this picture down: its copies in every source; and near-duplicates, which are one result."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import simplejpeg  # type: ignore[import-untyped]

from countenance.audit.receipt import verify_chain
from countenance.audit.statement import Level, Trigger
from countenance.catalog.erasures import Stage
from countenance.catalog.tables import face, item, photo, sighting
from countenance.erasure import case as case_module
from countenance.errors import NotFound, Reason, Unavailable
from countenance.library import Given, Library
from countenance.media.near import near_hash
from countenance.people.purpose import Purpose
from tests.fakes.echo import Echo
from tests.fakes.gala import A_DAY, GROUND, Gala, holding, open_library, rows
from tests.fakes.said import with_words
from tests.fakes.scene import scene
from tests.fakes.vision import picture

ADA, BO = 1, 2


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    with Gala.make(tmp_path) as made:
        yield made


@pytest.fixture
def second(gala: Gala, tmp_path: Path) -> Path:
    """The folder of a second source, in a collection of its own."""
    folder = tmp_path / "second"
    folder.mkdir()
    given = Given("the school", gala.library.now() + 30 * A_DAY)
    gala.library.add_folder(folder, given, ground=GROUND)
    return folder


def test_the_scenes_are_as_near_as_they_should_be() -> None:
    """Saved again they are one, and of two scenes they are not."""
    hashes = [near_hash(_pixels(one)) for one in (scene(1, ADA), scene(1, ADA, edit="saved"))]
    assert all(hashes)
    assert _apart(*hashes) <= 31
    assert _apart(hashes[0], near_hash(_pixels(scene(2, BO)))) > 60


# --- results ----------------------------------------------------------------------------------


def test_near_duplicates_are_one_result_with_its_places(gala: Gala, second: Path) -> None:
    """The same file twice, and saved again elsewhere: one result; another picture: another."""
    _write(gala.folder / "a.jpg", scene(1, ADA))
    _write(gala.folder / "copy.jpg", scene(1, ADA))
    _write(second / "small.jpg", scene(1, ADA, edit="saved"))
    _write(gala.folder / "b.jpg", scene(2, ADA, BO))
    gala.ingest()
    gala.enrol("Ada", ADA)
    found = gala.find("Ada")
    first, other = found.results
    assert first.first.locator == "a.jpg"
    assert [one.locator for one in first.first.others] == ["copy.jpg"]
    assert [one.locator for one in first.near] == ["small.jpg"]
    assert [one.locator for one in other.sightings] == ["b.jpg"]
    (probed,) = gala.library.search(picture(ADA), purpose=Purpose.FIND_ME)
    assert [len(one.sightings) for one in probed.candidates[0].results] == [2, 1]


@pytest.mark.promise("P8")
def test_only_what_may_be_shown_is_in_a_group(gala: Gala, second: Path) -> None:
    """The end of one source's grant takes its places out of the result, and leaves the others."""
    _write(gala.folder / "a.jpg", scene(1, ADA))
    _write(second / "small.jpg", scene(1, ADA, edit="saved"))
    gala.ingest()
    gala.enrol("Ada", ADA)
    (both,) = gala.find("Ada").results
    assert [one.locator for one in both.sightings] == ["a.jpg", "small.jpg"]
    gala.end_the_grants()
    (one,) = gala.find("Ada").results
    assert [seen.locator for seen in one.sightings] == ["small.jpg"]
    assert one.first.others == ()


# --- takedown ---------------------------------------------------------------------------------


@pytest.mark.sqlite("that all files are in the library's folder")
@pytest.mark.promise("P3")
@pytest.mark.promise("P21")
def test_every_copy_of_a_picture_goes_and_nothing_else(gala: Gala, second: Path) -> None:
    """In whichever source: rows, boxes, sightings, words and preview; others stay."""
    data = scene(1, ADA)
    _write(gala.folder / "a.jpg", data)
    _write(gala.folder / "again.jpg", data)
    _write(gala.folder / "b.jpg", scene(2, ADA))
    _write(second / "theirs.jpg", data)
    gala.ingest()
    gala.enrol("Ada", ADA)
    copies = gala.library.find_copies(data)
    assert (len(copies.exact), copies.near, copies.unsure) == (2, (), ())
    with gala.library._database.read() as tx:
        digests = [str(one).encode() for _, one in rows(tx, photo.c.id, photo.c.digest)]
    gone = [copy.digest.encode() for copy in copies.exact]
    assert len(holding(gala.root, gone)) >= 1
    done = gala.library.take_down_copies(copies.exact)
    assert [one.stage for one in done] == [Stage.CLOSED, Stage.CLOSED]
    assert gala.places("Ada") == ["b.jpg"]
    with gala.library._database.read() as tx:
        assert rows(tx, item.c.locator, item.c.photo_id.is_(None)).count(("b.jpg", False)) == 1
        assert len(rows(tx, photo.c.id)) == len(rows(tx, face.c.id)) == 1
        assert len(rows(tx, sighting.c.id)) == 1
    assert holding(gala.root, gone) == []
    assert holding(gala.root, [one for one in digests if one not in gone])
    assert [dict(one.progress.gone) for one in done] == [
        {"sightings": 1, "faces": 1, "previews": 1, "photos": 1}
    ] * 2


@pytest.mark.sqlite("which file holds them")
@pytest.mark.promise("P21")
def test_its_words_go_and_those_of_others_stay(gala: Gala) -> None:
    """From the rows, from the full text and from its index; another's caption is as it was."""
    caption, other = (
        "An unmistakable zqxjkvwpyhgfdsbnm of one",
        "An unmistakable caption of another",
    )
    data = with_words(scene(1, ADA), caption=caption, keywords=["zqxjkvwpyhgfdsbnm"])
    _write(gala.folder / "a.jpg", data)
    _write(gala.folder / "b.jpg", with_words(scene(2, ADA), caption=other))
    gala.ingest()
    pieces = [b"zqxjkvwpyhgfdsbnm"[1:]]
    assert len(holding(gala.root, pieces)) >= 1
    gala.library.take_down_copies(gala.library.find_copies(data).exact)
    assert holding(gala.root, pieces) == []
    assert holding(gala.root, [other.encode()]) == ["catalog.db"]
    assert gala.library.words_out_of_step() == 0


@pytest.mark.promise("P4")
def test_its_bytes_are_refused_from_every_source(gala: Gala, second: Path) -> None:
    """From those that had it, those that did not, new ones; and a new grant does not let it in."""
    data = scene(1, ADA)
    _write(gala.folder / "a.jpg", data)
    gala.ingest()
    gala.library.take_down_copies(gala.library.find_copies(data).exact)
    _write(gala.folder / "renamed.jpg", data)
    _write(second / "theirs.jpg", data)
    assert {one.reason for one in gala.ingest().skipped} == {Reason.ERASED}
    third = second.with_name("third")
    third.mkdir()
    _write(third / "new.jpg", data)
    until = gala.library.now() + 30 * A_DAY
    gala.library.add_folder(third, Given("another", until))
    assert [one.reason for one in gala.ingest().skipped] == [Reason.ERASED]
    gala.library.add_folder(gala.folder, Given("the club", until, erased_too=True))
    gala.ingest()
    gala.enrol("Ada", ADA)
    assert gala.places("Ada") == []
    assert set(gala.states().values()) == {"refused"}


@pytest.mark.promise("P4")
def test_the_takedown_of_its_source_does_not_open_the_way_for_it(gala: Gala) -> None:
    """A source that is taken down after it, and let in again, comes without it."""
    data = scene(1, ADA)
    _write(gala.folder / "a.jpg", data)
    _write(gala.folder / "b.jpg", scene(2, ADA))
    gala.ingest()
    gala.library.take_down_copies(gala.library.find_copies(data).exact)
    gala.ingest()
    gala.library.take_down(gala.source.id)
    gala.grant_again()
    gala.ingest()
    gala.enrol("Ada", ADA)
    assert gala.places("Ada") == ["b.jpg"]


@pytest.mark.promise("P4")
@pytest.mark.promise("P20")
def test_a_takedown_during_the_work_is_heeded(gala: Gala, second: Path) -> None:
    """What is under way of the same bytes stores nothing."""
    data = scene(1, ADA)
    _write(gala.folder / "a.jpg", data)
    gala.ingest()
    gala.enrol("Ada", ADA)
    copies = gala.library.find_copies(data).exact
    _write(second / "theirs.jpg", data)
    pending = [copies]

    def take_down() -> None:
        if pending:
            with gala.another() as other:
                other.take_down_copies(pending.pop())

    gala.vision.after_templates = take_down
    report = gala.ingest()
    assert [one.reason for one in report.skipped] == [Reason.ERASED]
    assert gala.places("Ada") == []


@pytest.mark.promise("P24")
def test_a_receipt_comes_of_it(gala: Gala) -> None:
    """It is of the photo, and verifies."""
    data = scene(1, ADA)
    _write(gala.folder / "a.jpg", data)
    gala.ingest()
    gala.enrol("Ada", ADA)
    (copy,) = gala.library.find_copies(data).exact
    (done,) = gala.library.take_down_copies([copy])
    (receipt,) = gala.library.receipts(done.id)
    (said,) = verify_chain([receipt.text], gala.library.trail.key())
    assert (said.trigger, said.subject) == (Trigger.TAKEN_DOWN, copy.photo)
    assert set(said.levels) == set(Level)
    assert len(said.items) == 1
    assert {one.what for one in said.kept} == {"tombstones", "log-entries"}


@pytest.mark.parametrize("stage", [Stage.HIDDEN, Stage.KEYS_DESTROYED, Stage.FOUND, Stage.PURGED])
@pytest.mark.promise("P3")
def test_it_goes_on_from_wherever_it_was_cut_off(
    gala: Gala, monkeypatch: pytest.MonkeyPatch, stage: Stage
) -> None:
    """It is in no answer from the first transaction on."""
    data = scene(1, ADA)
    _write(gala.folder / "a.jpg", data)
    gala.ingest()
    gala.enrol("Ada", ADA)
    copies = gala.library.find_copies(data).exact

    def die(*_: object) -> None:
        raise Unavailable("cut off")

    with monkeypatch.context() as patch:
        patch.setitem(case_module._STEPS, stage, die)
        (begun,) = gala.library.take_down_copies(copies)
    assert begun.stage is stage
    assert gala.places("Ada") == []
    gala.reopen()
    assert gala.places("Ada") == []
    assert [one.stage for one in gala.library.resume()] == [Stage.CLOSED]
    assert holding(gala.root, [copies[0].digest.encode()]) == []


def test_near_copies_are_for_a_person_to_say(gala: Gala) -> None:
    """They are found and named; by a photo's id as well as by a file; taken they go like others."""
    _write(gala.folder / "a.jpg", scene(1, ADA))
    _write(gala.folder / "saved.jpg", scene(1, ADA, edit="saved"))
    _write(gala.folder / "other.jpg", scene(2, BO))
    gala.ingest()
    copies = gala.library.find_copies(scene(1, ADA))
    assert (len(copies.exact), len(copies.near), copies.unsure) == (1, 1, ())
    assert copies.near[0].bits is not None
    by_id = gala.library.find_copies(str(copies.exact[0].photo))
    assert (by_id.exact, by_id.near) == (copies.exact, copies.near)
    gala.library.take_down_copies([*copies.exact, *copies.near])
    assert gala.states() == {"a.jpg": "refused", "saved.jpg": "refused", "other.jpg": "done"}
    with pytest.raises(NotFound):
        gala.library.find_copies(str(copies.exact[0].photo))


def test_what_was_taken_down_meanwhile_is_given_the_case_there_is(gala: Gala) -> None:
    """Said twice it is one case, one entry."""
    data = scene(1, ADA)
    _write(gala.folder / "a.jpg", data)
    gala.ingest()
    copies = gala.library.find_copies(data).exact
    (first,) = gala.library.take_down_copies(copies)
    (again,) = gala.library.take_down_copies(copies)
    assert first.id == again.id
    assert gala.log().count("picture.removed") == 1


@pytest.mark.promise("P21")
@pytest.mark.promise("P4")
def test_originals_of_its_bytes_go_too(gala: Gala, tmp_path: Path) -> None:
    """Also one that was uploaded and not read yet; and it is not taken again."""
    data, other = scene(1, ADA), scene(2, BO)
    files = [tmp_path / "mine.jpg", tmp_path / "theirs.jpg"]
    files[0].write_bytes(data)
    files[1].write_bytes(other)
    given = Given("Ada", gala.library.now() + 30 * A_DAY)
    gala.library.upload(files, given, collection="uploaded", ground=GROUND)
    _write(gala.folder / "a.jpg", data)
    gala.library.ingest([gala.source.id])
    assert len(holding(gala.root, [data])) == 1
    (done,) = gala.library.take_down_copies(gala.library.find_copies(data).exact)
    gone = done.progress.gone
    assert (gone.get("originals"), gone.get("uploads")) == (1, 1)
    assert holding(gala.root, [data]) == []
    assert len(holding(gala.root, [other])) == 1
    again = gala.library.upload(files[:1], given, collection="uploaded")
    assert [one.reason for one in again.refused] == [Reason.ERASED]


@pytest.mark.promise("P23")
def test_what_was_given_out_of_it_is_recalled(tmp_path: Path) -> None:
    """Of this photo, and of no other of its source; the case waits for the answer."""
    echo = Echo.make(tmp_path)
    with echo.gala:
        data = scene(1, ADA)
        echo.enrol("Ada", ADA)
        _write(echo.gala.folder / "a.jpg", data)
        _write(echo.gala.folder / "b.jpg", scene(2, ADA))
        echo.gala.ingest()
        given = [echo.give("a.jpg"), echo.give("b.jpg")]
        (done,) = echo.gala.library.take_down_copies(echo.gala.library.find_copies(data).exact)
        assert done.stage is Stage.BYTES_GONE
        assert [one.disclosure for one in echo.gala.library.recalls()] == given[:1]


@pytest.mark.promise("P22")
@pytest.mark.parametrize("when", ["before", "since"])
def test_a_restored_backup_does_not_bring_it_back(gala: Gala, tmp_path: Path, when: str) -> None:
    """Whether it was in the backup, or was read after it: it is gone, and refused."""
    data = scene(1, ADA)
    # Some picture was taken down before, so that the backup knows the key of the tombstones.
    _write(gala.folder / "first.jpg", scene(3, BO))
    gala.ingest()
    gala.library.take_down_copies(gala.library.find_copies(scene(3, BO)).exact)
    (gala.folder / "first.jpg").unlink()
    if when == "before":
        _write(gala.folder / "a.jpg", data)
        gala.ingest()
    gala.enrol("Ada", ADA)
    backup = gala.library.back_up(tmp_path / "backups").backup.location
    if when == "since":
        _write(gala.folder / "a.jpg", data)
        gala.ingest()
    assert gala.places("Ada") == ["a.jpg"]
    gala.library.take_down_copies(gala.library.find_copies(data).exact)
    gala.library.close()
    keys = gala.keys
    gala.root.rename(tmp_path / "lost")
    Library.restore(backup, gala.root, keys=keys, actor="tester", clock=gala.clock)
    gala.library = open_library(gala.root, gala.clock, gala.vision)
    assert gala.places("Ada") == []
    gala.library.resume()
    gala.ingest()
    assert gala.places("Ada") == []
    assert gala.states()["a.jpg"] == "refused"


# --------------------------------------------------------------------------------------------


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _pixels(data: bytes) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    return np.asarray(simplejpeg.decode_jpeg(data, colorspace="RGB"))


def _apart(one: bytes, two: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(two)).bit_count()
