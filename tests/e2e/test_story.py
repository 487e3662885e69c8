"""The main job, by the real program on real portraits: from a folder to a withdrawal."""

import fcntl
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from countenance.demo.pictures import Portraits
from tests.fakes.postgres import copy_catalog

if TYPE_CHECKING:
    from tests.e2e.conftest import Run

BANDS = {"sure", "likely", "unsure"}


@pytest.fixture
def own(gala: Path, tmp_path: Path) -> Path:
    """A copy of the library, to be changed."""
    shutil.copytree(gala.parent, tmp_path / "gala")
    copy_catalog(tmp_path / "gala" / "library")
    return tmp_path / "gala" / "library"


def test_find_gives_photo_box_and_band(run: "Run", gala: Path) -> None:
    """The JSON of `find` is what other programs rely on."""
    found = run("find", "Grace", "--json", "--library", gala).json
    assert set(found) == {"person", "sightings", "more"}
    assert found["person"]["name"] == "Grace"
    assert found["person"]["id"].startswith("p_")
    (sighting,) = found["sightings"]
    assert sighting["photo"]["id"].startswith("i_")
    assert sighting["photo"]["locator"] == "grace.jpg"
    assert sighting["photo"]["collection"] == "gala"
    assert sighting["photo"]["location"] == str(gala.parent / "photos")
    assert sighting["photo"]["url"] == (gala.parent / "photos" / "grace.jpg").as_uri()
    x1, y1, x2, y2 = sighting["box"]
    assert x1 < x2
    assert y1 < y2
    assert sighting["band"] in BANDS


def test_find_reads_well(run: "Run", gala: Path) -> None:
    """In text a sighting is a line: how sure, where, which face."""
    first, line = run("find", "Grace", "--library", gala).out.splitlines()
    assert first == "Grace is in 1 photo:"
    assert line.split()[0] in BANDS
    assert str(gala.parent / "photos" / "grace.jpg") in line


@pytest.mark.promise("P9")
def test_no_answer_holds_a_score(run: "Run", gala: Path, portraits: Portraits) -> None:
    """Answers are bands: no key in any JSON is a score, a distance or a template."""
    probe = ("search", "--photo", portraits.hopper, "--purpose", "find-me")
    said = run("find", "Grace", "--json", "--library", gala).out
    said += run(*probe, "--json", "--library", gala).out
    for word in ("score", "distance", "template", "vector", "similarity", "confidence"):
        assert word not in said


@pytest.mark.promise("P10")
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_three_reasons_one_answer(form: tuple[str, ...], run: "Run", gala: Path) -> None:
    """Not enrolled, not agreed and in no picture give the same words, JSON and exit code."""
    never = run("find", "Nobody", *form, "--library", gala)
    declined = run("find", "Grace", "--purpose", "staff-find", *form, "--library", gala)
    elsewhere = run("find", "Grace", "--collection", "empty", *form, "--library", gala)
    assert declined == elsewhere
    assert declined.out.replace("Grace", "X") == never.out.replace("Nobody", "X")
    assert declined.err.replace("Grace", "X") == never.err.replace("Nobody", "X")
    assert never.err == (
        "countenance: Nobody is not enrolled, has not agreed to this, or is in no picture here\n"
    )
    if form:
        assert never.json == {"person": {"id": None, "name": "Nobody"}, "sightings": [], "more": 0}


@pytest.mark.promise("P7")
def test_search_without_purpose_is_refused(run: "Run", gala: Path, portraits: Portraits) -> None:
    """A search names why it is asked, or there is none."""
    ran = run("search", "--photo", portraits.hopper, "--library", gala, code=2)
    assert ran.out == ""
    assert "'--purpose'" in ran.err


def test_search_names_who_agreed_and_nobody_else(
    run: "Run", gala: Path, portraits: Portraits
) -> None:
    """A face has a candidate, with sightings, for a purpose that its person agreed to only."""
    words = ("--json", "--library", gala)
    grace = ("search", "--photo", portraits.hopper, *words)
    (face,) = run(*grace, "--purpose", "find-me").json["faces"]
    (candidate,) = face["candidates"]
    assert candidate["person"]["name"] == "Grace"
    assert candidate["band"] in BANDS
    assert candidate["sightings"][0]["photo"]["locator"] == "grace.jpg"

    declined = run(*grace, "--purpose", "staff-find")
    assert declined.json["faces"] == [{"box": face["box"], "candidates": []}]
    stranger = run("search", "--photo", portraits.collins, *words, "--purpose", "find-me")
    assert [one["candidates"] for one in stranger.json["faces"]] == [[]]
    assert stranger.err == declined.err


def test_search_with_something_else_than_a_picture(run: "Run", gala: Path) -> None:
    """A probe that is no picture ends with 3 and its reason."""
    words = ("--purpose", "find-me", "--library", gala)
    ran = run("search", "--photo", gala.parent / "photos" / "words.jpg", *words, code=3)
    assert "not a picture" in ran.err


def test_source_shows_what_could_not_be_read(run: "Run", gala: Path) -> None:
    """Files without result stay listed, each with its reason."""
    (source,) = run("source", "list", "--json", "--library", gala).json["sources"]
    shown = run("source", "show", source["source"], "--json", "--library", gala).json
    troubles = {one["locator"]: one["reason"] for one in shown["troubles"]}
    assert troubles == {"empty.jpg": "empty", "words.jpg": "not-a-picture"}


def test_doctor_is_content(run: "Run", gala: Path) -> None:
    """A library in order has exit code 0."""
    assert run("doctor", "--json", "--library", gala).json["sound"] is True


def test_enrolling_a_taken_name_is_refused(run: "Run", gala: Path, portraits: Portraits) -> None:
    """The hint says how to give the same person new pictures."""
    words = ("enrol", "Grace", "--photo", portraits.hopper, "--consent", "find-me")
    assert "--again" in run(*words, "--library", gala, code=4).err


def test_pictures_that_will_not_do(run: "Run", gala: Path) -> None:
    """With no good picture nobody is enrolled, and each picture's fault is named."""
    photos = gala.parent / "photos"
    words = ("enrol", "Ada", "--photo", photos / "empty.jpg", photos / "words.jpg")
    ran = run(*words, "--consent", "find-me", "--library", gala, code=4)
    assert "empty.jpg: the file is empty" in ran.err
    assert "words.jpg: not a picture" in ran.err
    names = run("person", "list", "--json", "--library", gala).json["people"]
    assert [one["name"] for one in names] == ["Grace"]


def test_damaged_key_fails_verification(run: "Run", own: Path, portraits: Portraits) -> None:
    """A key that is not what was stored ends a search with 8; it is not taken for nobody."""
    for key in own.with_name("library.keys").glob("k_*.key"):
        key.write_bytes(bytes(56))
    words = ("search", "--photo", portraits.hopper, "--purpose", "find-me")
    assert "damaged" in run(*words, "--library", own, code=8).err


def test_ingest_counts_what_it_did(run: "Run", portraits: Portraits, tmp_path: Path) -> None:
    """Photos, further places of a photo, files without result and files gone are told apart."""
    library, photos = tmp_path / "library", tmp_path / "photos"
    photos.mkdir()
    shutil.copy(portraits.collins, photos / "eileen.png")
    shutil.copy(portraits.collins, photos / "the same.png")
    (photos / "empty.jpg").write_bytes(b"")
    run("init", library)
    words = ("--granted-by", "the tests", "--until", "2999-12-31", "--library", library)
    run("source", "add", "folder", photos, *words)
    first = run("ingest", "--workers", "1", "--json", "--library", library, code=3)
    report = first.json
    (skip,) = report["skips"]
    assert (skip["locator"], skip["reason"]) == ("empty.jpg", "empty")
    assert report["skipped_by_reason"] == {"empty": 1}
    counts = {name: report[name] for name in ("done", "known", "skipped", "faces", "sightings")}
    assert counts == {"done": 1, "known": 1, "skipped": 1, "faces": 1, "sightings": 0}
    assert (report["new"], report["changed"], report["vanished"]) == (3, 0, 0)
    assert report["seconds"] > 0
    assert first.err.startswith("countenance: photos: 3 of 3")
    (photos / "empty.jpg").unlink()
    assert "1 file vanished" in run("ingest", "--library", library).out


def test_withdrawn_in_part_and_then_in_all(run: "Run", own: Path) -> None:
    """A purpose that is left keeps somebody findable; when none is, no answer knows of them."""
    withdraw = ("person", "withdraw", "Grace", "--library", own)
    assert "--yes" in run(*withdraw, code=2).err
    planned = run(*withdraw, "--dry-run", "--json").json
    assert (planned["withdrawn"], planned["erased"]) == (["find-me", "may-publish:web"], True)
    part = run(*withdraw, "--purpose", "may-publish", "--yes", "--json").json
    assert (part["withdrawn"], part["erased"]) == (["may-publish:web"], False)
    shown = run("person", "show", "Grace", "--json", "--library", own).json
    assert {one["purpose"]: one["state"] for one in shown["consents"]} == {
        "find-me": "active",
        "may-publish": "withdrawn",
    }
    assert len(run("find", "Grace", "--json", "--library", own).json["sightings"]) == 1
    done = run(*withdraw, "--yes", "--json").json
    assert (done["dry_run"], done["erased"], done["sightings"]) == (False, True, 1)
    assert done["withdrawn"] == ["find-me"]
    gone = run("find", "Grace", "--json", "--library", own)
    assert gone.json == {"person": {"id": None, "name": "Grace"}, "sightings": [], "more": 0}
    run(*withdraw, "--yes", code=5)


def test_enrolment_while_another_run_holds_the_library(
    run: "Run", own: Path, portraits: Portraits
) -> None:
    """It is stored, and says that the photos are searched later; the next ingest does it."""
    words = ("enrol", "Eileen", "--photo", portraits.collins, "--consent", "find-me,staff-find")
    descriptor = os.open(own / "lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        postponed = run(*words, "--until", "2999-12-31", "--json", "--library", own)
    finally:
        os.close(descriptor)
    enrolled = postponed.json
    assert "next ingest" in postponed.err
    assert enrolled["compared"] is None
    assert enrolled["consent"] == ["find-me", "staff-find"]
    assert enrolled["until"] == "3000-01-01T00:00:00Z"
    assert run("ingest", "--json", "--library", own).json["compared_again"] == 2
    assert len(run("find", "Eileen", "--json", "--library", own).json["sightings"]) == 1


def test_enrolment_from_pictures_of_which_some_will_do(
    run: "Run", own: Path, portraits: Portraits
) -> None:
    """Pictures may follow one `--photo`; one that will not do makes the exit code 3."""
    ran = run(
        *("enrol", "Grace", "--again", "--consent", "find-me", "--library", own),
        *("--photo", portraits.hopper, own.parent / "photos" / "words.jpg"),
        code=3,
    )
    assert "words.jpg" in ran.out
    assert "not used: not a picture" in ran.out
    assert "not used: 1 of 2 pictures" in ran.err
