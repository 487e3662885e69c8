"""The walks of the design, on a whole library with a fake vision, promise by promise."""

import dataclasses
import errno
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Column, Float, insert, select, update

from countenance.audit.entry import Act, Entry
from countenance.catalog import log, postgresql, sqlite
from countenance.catalog.erasures import Stage
from countenance.catalog.sightings import SightingState
from countenance.catalog.tables import (
    consent,
    copy,
    entry,
    face,
    item,
    library,
    metadata,
    person,
    photo,
    reference,
    shelf,
    sighting,
    source,
)
from countenance.core.ids import CopyId, new_id
from countenance.enrol.enrol import Portrait
from countenance.errors import (
    Interrupted,
    NoGrant,
    NotFound,
    Reason,
    Refused,
    Unavailable,
    UsageError,
)
from countenance.extract.extractor import Templates
from countenance.extract.recognise import recognise
from countenance.gallery.bands import Band
from countenance.gallery.gallery import Gallery
from countenance.gallery.matching import Match
from countenance.ingest.listing import write_plan
from countenance.ingest.progress import Step
from countenance.library import Library
from countenance.people.purpose import Purpose, Wish
from countenance.search import probe
from countenance.search.find import Found, Part
from countenance.search.probe import ProbeFace
from countenance.settings import load_settings
from countenance.vision.pack import Pack
from countenance.vision.types import Float32
from tests.fakes.clock import START
from tests.fakes.gala import A_DAY, COLLECTION, GROUND, Gala, open_library, rows
from tests.fakes.vision import LOW_FACE_PIXELS, picture

ADA, BO, CY, STRANGER = 1, 2, 3, 26


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    with Gala.make(tmp_path) as made:
        yield made


# --- gathering ------------------------------------------------------------------------------


@pytest.mark.promise("P1")
@pytest.mark.parametrize("end", ["expired", "revoked"])
def test_a_grant_that_ends_before_the_commit_refuses_the_photo(gala: Gala, end: str) -> None:
    """A photo that was listed, read and looked at under a grant is not stored without it."""
    gala.put("a.jpg", ADA)
    gala.enrol("Ada", ADA)
    gala.vision.after_templates = lambda: _end_the_grant(gala, end)
    report = gala.ingest()
    assert [one.reason for one in report.skipped] == [Reason.NO_GRANT]
    # A takedown forgets even where it stood.
    assert gala.states() == ({} if end == "revoked" else {"a.jpg": "refused"})
    assert _nothing_is_stored(gala)


@pytest.mark.promise("P1")
def test_a_file_is_not_even_read_once_its_grant_was_revoked(gala: Gala) -> None:
    """A revocation by another program counts from the next file on, in the middle of a run."""
    for number in range(9):
        gala.put(f"{number}.jpg", ADA, salt=number)
    gala.enrol("Ada", ADA)
    looked_before = len(gala.vision.looked)
    gala.vision.after_templates = lambda: _end_the_grant(gala, "revoked")
    gala.ingest()
    assert gala.states() == {}
    # Two workers each had a file in hand; the others were turned away at the door.
    assert len(gala.vision.looked) - looked_before <= 2


@pytest.mark.promise("P1")
def test_nothing_outside_the_scope_is_taken(tmp_path: Path) -> None:
    """What a grant leaves out is not listed, and no longer shown once a grant leaves it out."""
    with Gala.make(tmp_path, scope=("public/**",)) as gala:
        gala.put("public/a.jpg", ADA)
        gala.put("private/b.jpg", ADA, salt=1)
        gala.enrol("Ada", ADA)
        gala.ingest()
        assert gala.states() == {"public/a.jpg": "done"}
        assert gala.places("Ada") == ["public/a.jpg"]
        gala.library.take_down(gala.source.id)
        gala.grant_again(scope=("private/**",))
        assert gala.places("Ada") == []
        gala.ingest()
        assert gala.places("Ada") == ["private/b.jpg"]


@pytest.mark.promise("P1")
def test_a_source_without_a_grant_is_passed_over_or_refused(gala: Gala) -> None:
    """Of all sources those without a grant are passed over; one that is named is refused."""
    gala.put("a.jpg", ADA)
    gala.clock.advance(31 * A_DAY)
    assert gala.ingest().listed.new == 0
    with pytest.raises(NoGrant, match="no grant is in force"):
        gala.library.ingest([gala.source.id])
    assert _nothing_is_stored(gala)


def test_a_new_grant_brings_back_what_was_refused(gala: Gala) -> None:
    """An item that was refused is tried again under a new grant, though its file is the same."""
    gala.put("a.jpg", ADA)
    gala.enrol("Ada", ADA)
    gala.vision.after_templates = lambda: _end_the_grant(gala, "revoked")
    gala.ingest()
    gala.vision.after_templates = lambda: None
    gala.grant_again()
    gala.ingest()
    assert gala.places("Ada") == ["a.jpg"]


def test_a_file_that_may_be_read_at_last_is_tried_again(
    gala: Gala, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lifting a file's ban on reading does not touch its time, and it is read all the same."""
    gala.put("a.jpg", ADA)
    gala.enrol("Ada", ADA)
    with monkeypatch.context() as closed:
        closed.setattr("countenance.sources.folder._opened_below_all", _no_permission)
        (skipped,) = gala.ingest().skipped
    assert skipped.reason is Reason.NO_PERMISSION
    gala.ingest()
    assert gala.places("Ada") == ["a.jpg"]


@pytest.mark.promise("P3")
def test_after_a_revocation_nothing_of_the_source_is_read(gala: Gala) -> None:
    """A person who enrols after the revocation is not looked for there, not even in previews."""
    gala.put("a.jpg", ADA, BO)
    gala.enrol("Ada", ADA)
    gala.ingest()
    assert gala.places("Ada") == ["a.jpg"]
    assert gala.library.take_down(gala.source.id).grants
    assert gala.places("Ada") == []
    assert (
        gala.library.search(picture(ADA), purpose=Purpose.FIND_ME)[0].candidates[0].sightings == ()
    )
    made = len(gala.vision.made)
    assert gala.enrol("Bo", BO).compared == 0
    gala.ingest()
    assert len(gala.vision.made) == made + 1  # of Bo's own portrait
    assert _column(gala, sighting.c.id) == []
    gala.grant_again()
    gala.ingest()
    assert gala.places("Ada") == gala.places("Bo") == ["a.jpg"]


@pytest.mark.promise("P3")
@pytest.mark.promise("P8")
def test_after_its_grants_ended_nothing_of_a_source_is_read(gala: Gala) -> None:
    """Though rows and previews are there yet: hidden they are by the grant, not by a purge."""
    gala.put("a.jpg", ADA, BO)
    gala.enrol("Ada", ADA)
    gala.ingest()
    assert gala.places("Ada") == ["a.jpg"]
    gala.end_the_grants()
    assert gala.places("Ada") == []
    assert (
        gala.library.search(picture(ADA), purpose=Purpose.FIND_ME)[0].candidates[0].sightings == ()
    )
    made = len(gala.vision.made)
    assert gala.enrol("Bo", BO).compared == 0
    assert len(gala.vision.made) == made + 1  # of Bo's own portrait
    assert len(_column(gala, sighting.c.id)) == 1
    gala.grant_again()
    gala.ingest()
    assert gala.places("Ada") == gala.places("Bo") == ["a.jpg"]


@pytest.mark.promise("P2")
def test_every_blob_has_a_row_that_leads_to_its_grant(gala: Gala) -> None:
    """Each preview belongs to a photo, whose item names the grant it was taken under."""
    for number in range(3):
        gala.put(f"{number}.jpg", ADA, salt=number)
    gala.ingest()
    with gala.library._database.read() as tx:
        led = tx.execute(
            select(photo.c.preview_id).join(item).where(item.c.grant_id.is_not(None))
        ).scalars()
        assert set(gala.blobs.ids()) == set(led)
    assert _ledger_is_whole(gala)


def test_shelves_that_count_otherwise_are_counted_anew(gala: Gala) -> None:
    """By the next ingest, though nothing in it is new."""
    gala.put("a.jpg", ADA)
    gala.ingest()
    with gala.library._database.write() as tx:
        tx.execute(update(shelf).values(photos=7))
    assert gala.library.shelves_out_of_step() == 1
    gala.ingest()
    assert gala.library.shelves_out_of_step() == 0


# --- what changes at the source ------------------------------------------------------------


def test_two_files_of_the_same_bytes_are_one_photo(gala: Gala) -> None:
    """A copy is no second photo; the photo is found as long as one of its places stands."""
    gala.enrol("Ada", ADA)
    gala.put("a.jpg", ADA)
    gala.put("b.jpg", ADA)
    report = gala.ingest()
    assert (report.done, report.known) == (1, 1)
    assert gala.places("Ada") == ["a.jpg"]
    (gala.folder / "a.jpg").unlink()
    gala.ingest()
    assert gala.places("Ada") == ["b.jpg"]
    assert _ledger_is_whole(gala)


def test_changed_bytes_end_the_photo_that_was(gala: Gala) -> None:
    """The faces, sightings and preview of the former content are gone, the new ones are there."""
    gala.enrol("Ada", ADA)
    gala.enrol("Bo", BO)
    gala.put("a.jpg", ADA)
    gala.ingest()
    gala.put("a.jpg", BO)
    assert gala.ingest().listed.changed == 1
    assert (gala.places("Ada"), gala.places("Bo")) == ([], ["a.jpg"])
    assert gala.library.inventory().photos == gala.library.inventory().faces == 1
    assert _ledger_is_whole(gala)


def test_content_that_is_no_picture_any_more_ends_the_photo(gala: Gala) -> None:
    """A photo whose file was damaged is a line in the report, and found nowhere."""
    gala.enrol("Ada", ADA)
    path = gala.put("a.jpg", ADA)
    gala.ingest()
    path.write_bytes(path.read_bytes()[:300])
    (skipped,) = gala.ingest().skipped
    assert (skipped.locator, skipped.reason) == ("a.jpg", Reason.DAMAGED)
    assert gala.places("Ada") == []
    assert _nothing_is_stored(gala)


def test_a_moved_file_is_known_again(gala: Gala) -> None:
    """A file under another name is not worked on again, and found under its new name."""
    gala.enrol("Ada", ADA)
    path = gala.put("a.jpg", ADA)
    gala.ingest()
    path.rename(gala.folder / "b.jpg")
    looked = len(gala.vision.looked)
    assert gala.ingest().known == 1
    assert len(gala.vision.looked) == looked
    assert gala.places("Ada") == ["b.jpg"]


def test_files_that_move_while_their_old_names_are_taken_are_read_in_the_same_run(
    gala: Gala,
) -> None:
    """Their photos go with the old names' content, and are made again: none is forgotten."""
    gala.library.close()
    gala.library = open_library(gala.root, gala.clock, gala.vision, workers=1)  # in their order
    gala.enrol("Ada", ADA)
    gala.enrol("Bo", BO)
    for number in range(4):
        gala.put(f"old {number}.jpg", ADA, salt=number)
    gala.ingest()
    for number in range(4):
        (gala.folder / f"old {number}.jpg").rename(gala.folder / f"new {number}.jpg")
        gala.put(f"old {number}.jpg", BO, salt=number)
    report = gala.ingest()
    assert set(gala.states().values()) == {"done"}
    assert gala.places("Ada") == [f"new {number}.jpg" for number in range(4)]
    assert gala.places("Bo") == [f"old {number}.jpg" for number in range(4)]
    assert report.done + report.known == 8
    assert _ledger_is_whole(gala)


def test_a_file_that_is_gone_is_in_no_answer_until_it_is_back(gala: Gala) -> None:
    """Who enrolled while a file was away is found in it when it is back."""
    gala.enrol("Ada", ADA)
    path = gala.put("a.jpg", ADA, BO)
    gala.ingest()
    data = path.read_bytes()
    path.unlink()
    assert gala.ingest().listed.vanished == 1
    assert gala.places("Ada") == []
    gala.enrol("Bo", BO)
    path.write_bytes(data)
    gala.ingest()
    assert gala.places("Ada") == gala.places("Bo") == ["a.jpg"]


def test_names_of_files_may_be_anything(gala: Gala) -> None:
    """Names that are no UTF-8, that need escaping or that look like SQL are found as they are."""
    names = [
        "ett år.jpg",
        "100%25.jpg",
        "'; drop table item; --.jpg",
        "😀.jpg",
        " .jpg",
        "a\nb.jpg",
    ]
    gala.enrol("Ada", ADA)
    for salt, name in enumerate(names):
        gala.put(name, ADA, salt=salt)
    (gala.folder / "wrong\udcff.jpg").write_bytes(picture(ADA, salt=99))
    assert gala.ingest().skipped == []
    assert len(gala.places("Ada")) == len(names) + 1


def test_an_empty_folder_and_an_empty_library_are_no_trouble(gala: Gala) -> None:
    """Nothing to list, nobody to find and no face in a probe are answers, not errors."""
    assert gala.ingest().done == 0
    assert gala.places("Ada") == []
    assert gala.library.search(picture(), purpose=Purpose.STAFF_FIND) == ()
    assert gala.enrol("Ada", ADA).compared == 0


def test_a_source_that_is_away_does_not_spoil_an_enrolment(gala: Gala) -> None:
    """Low faces are compared when the folder is back, and with the photo, not with its preview."""
    gala.put("a.jpg", ADA, side=LOW_FACE_PIXELS)
    gala.ingest()
    away = gala.folder.rename(gala.folder.with_name("away"))
    gala.enrol("Ada", ADA)
    assert gala.places("Ada") == []
    with pytest.raises(Unavailable):
        gala.ingest()
    away.rename(gala.folder)
    gala.ingest()
    assert gala.places("Ada") == ["a.jpg"]


# --- recognition ----------------------------------------------------------------------------


@pytest.mark.promise("P6")
def test_no_template_of_a_stranger_is_in_any_file_at_any_time(gala: Gala) -> None:
    """
    Between commits and after, no file holds a template of a stranger in any number format; nor
    does one hold the enrolled person's in clear.
    """
    for number in range(6):
        gala.put(f"{number}.jpg", ADA, STRANGER, number + 4, salt=number)
    gala.enrol("Ada", ADA)
    progress: list[Step] = []

    def scan(step: Step) -> None:
        progress.append(step)
        assert _files_with(gala, [template for _, template in gala.vision.made]) == []

    gala.ingest(scan)
    gala.library.search(picture(STRANGER), purpose=Purpose.FIND_ME)
    gala.enrol("Bo", BO)
    assert [step.what for step in progress].count("photos") == 6
    assert len({identity for identity, _ in gala.vision.made}) > 7
    templates = [template for _, template in gala.vision.made]
    assert _files_with(gala, templates) == []
    gala.library.close()
    assert _files_with(gala, templates) == []


@pytest.mark.promise("P6")
@pytest.mark.parametrize("kind", ["<f4", "<f2", "<f8", "text"])
def test_the_scan_for_templates_finds_one_that_is_there(gala: Gala, kind: str) -> None:
    """The scan that finds nothing elsewhere finds a planted template, also a part of one."""
    gala.library.search(picture(STRANGER), purpose=Purpose.FIND_ME)
    ((_, template),) = gala.vision.made
    planted = gala.root / "planted"
    form = _text(template) if kind == "text" else template.astype(kind).tobytes()
    planted.write_bytes(b"before" + form[: len(form) // 2] + b"after")
    assert _files_with(gala, [template]) == [planted]


@pytest.mark.promise("P7")
def test_every_search_is_in_the_log_with_who_asked_and_why(gala: Gala) -> None:
    """Found, not found, refused: each leaves an entry, and the first names the consent."""
    enrolled = gala.enrol("Ada", ADA)
    gala.put("a.jpg", ADA)
    gala.ingest()
    gala.find("Ada")
    gala.find("Ada", Purpose.STAFF_FIND)
    gala.find("Nobody")
    gala.library.search(picture(ADA), purpose=Purpose.FIND_ME)
    with gala.library._database.read() as tx:
        found, declined, nobody, probe = log.entries(tx)[-4:]
    ids, consents, at = (enrolled.enrolment.person.id,), enrolled.enrolment.consents, START
    assert found == Entry(Act.FOUND, at, "tester", "find-me", ids, consents)
    assert declined == Entry(Act.REFUSED, at, "tester", "staff-find")
    assert nobody == Entry(Act.REFUSED, at, "tester", "find-me")
    assert probe == Entry(Act.SEARCHED, at, "tester", "find-me", ids, consents)


@pytest.mark.promise("P7")
@pytest.mark.parametrize("purpose", [Purpose.HIDE_ME, Purpose.TELL_ME, Purpose.MAY_PUBLISH])
def test_nobody_is_named_under_a_purpose_that_does_not_name(gala: Gala, purpose: Purpose) -> None:
    """Who agreed to be covered only is named to nobody, whatever purpose is put forward."""
    gala.enrol("Ada", ADA, Purpose.HIDE_ME, Purpose.TELL_ME)
    gala.put("a.jpg", ADA)
    gala.ingest()
    with pytest.raises(Refused, match=purpose):
        gala.find("Ada", purpose)
    with pytest.raises(Refused, match=purpose):
        gala.library.search(picture(ADA), purpose=purpose)
    with gala.library._database.read() as tx:
        last = log.entries(tx)[-2:]
    assert [(one.act, one.actor, one.purpose) for one in last] == [
        (Act.REFUSED, "tester", purpose)
    ] * 2


@pytest.mark.promise("P8")
@pytest.mark.parametrize("when", ["templates", "recognise"])
def test_a_consent_that_ends_between_the_search_and_the_answer_is_heeded(
    gala: Gala, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """
    A probe was looked at while the person agreed; at the answer they no longer do. It ends before
    the gallery is opened, or when the person was recognised in it already.
    """
    gala.enrol("Ada", ADA)
    gala.put("a.jpg", ADA)
    gala.ingest()
    with gala.another() as other:
        if when == "templates":
            gala.vision.after_templates = lambda: _withdraw_once(gala, other)
        else:
            monkeypatch.setattr(probe, "recognise", _recognised_and_gone(gala, other))
        assert gala.named(ADA) == []
    assert gala.library.people() == []


@pytest.mark.promise("P9")
def test_no_answer_and_no_table_holds_a_score_or_a_vector(gala: Gala) -> None:
    """The only numbers in an answer are a box's; a sighting has a band, and nothing to measure."""
    gala.enrol("Ada", ADA)
    gala.put("a.jpg", ADA)
    gala.ingest()
    found = gala.find("Ada")
    assert set(_floats(found, "found")) == {"found.sightings.box"}
    probe = gala.library.search(picture(ADA), purpose=Purpose.FIND_ME)
    assert set(_floats(probe, "probe")) == {"probe.box", "probe.candidates.sightings.box"}
    floats = {
        column
        for table in metadata.tables.values()
        for column in table.c
        if isinstance(column.type, Float)
    }
    place = {photo.c.latitude, photo.c.longitude}
    times = {photo.c.seconds, face.c.begins, face.c.ends}
    shapes = {shelf.c.ratios}  # of the photos of a shelf: how wide they are for their height
    allowed = {library.c.false_hits}  # a setting
    corners = {face.c.x1, face.c.y1, face.c.x2, face.c.y2}
    assert floats == {*corners, *place, *times, *shapes, *allowed}
    assert {column.name for column in sighting.c} == {
        *("id", "photo_id", "face_id", "person_id", "band", "state", "made_at", "in_film")
    }


@pytest.mark.promise("P10")
def test_not_found_is_one_answer_whatever_the_reason(gala: Gala) -> None:
    """Not enrolled, not for this purpose, expired, withdrawn, in no picture: nobody can tell."""
    gala.put("a.jpg", 1, 2, 3, 4)
    gala.enrol("Declined", 1, Purpose.STAFF_FIND)
    gala.enrol("Expired", 2, until=gala.clock.now() + A_DAY)
    gala.enrol("Withdrawn", 3)
    gala.enrol("Partly", 4, Purpose.FIND_ME, Purpose.STAFF_FIND)
    gala.enrol("Nowhere", 5)
    gala.ingest()
    gala.library.withdraw("Withdrawn")
    gala.library.withdraw("Partly", Purpose.FIND_ME)
    gala.clock.advance(2 * A_DAY)
    for who in ("Nobody", "Declined", "Expired", "Withdrawn", "Partly", "Nowhere"):
        assert gala.find(who) == Found(who, None, who, ())
        assert gala.find(who, part=Part(0, 5)) == Found(who, None, who, ())
    boxes = {
        face.box
        for identity in (1, 2, 3, 4, STRANGER)
        for face in gala.library.search(picture(identity), purpose=Purpose.FIND_ME)
    }
    answers = [
        gala.library.search(picture(identity), purpose=Purpose.FIND_ME)
        for identity in (1, 2, 3, 4, STRANGER)
    ]
    assert answers == [(ProbeFace(box, ()),) for box in boxes] * 5


@pytest.mark.promise("P8")
def test_a_part_is_of_what_the_whole_would_show(gala: Gala) -> None:
    """Piece by piece it is the same as at once, in the same order; and nothing when that is so."""
    for number, who in enumerate((ADA, ADA, BO, ADA, ADA)):
        gala.put(f"{number}.jpg", who, salt=number)
    gala.enrol("Ada", ADA)
    gala.ingest()
    whole = gala.find("Ada")
    parts = [gala.find("Ada", part=Part(begin, 2, together=False)) for begin in (0, 2, 4)]
    assert [len(one.sightings) for one in parts] == [2, 2, 0]
    assert tuple(one for part in parts for one in part.sightings) == whole.sightings
    assert [one.photos for one in parts] == [4] * 3
    assert [one.more for one in (whole, *parts)] == [0, 2, 0, 0]
    assert gala.find("Ada", part=Part(0, 9)) == whole
    gala.end_the_grants()
    assert gala.find("Ada", part=Part(0, 2)) == gala.find("Ada") == Found("Ada", None, "Ada", ())


@pytest.mark.promise("P10")
def test_an_id_answers_as_a_name_does(gala: Gala) -> None:
    """A withdrawn person's id is answered like one that never was; so is the empty name."""
    enrolled = gala.enrol("Ada", ADA).enrolment.person.id
    gala.put("a.jpg", ADA)
    gala.ingest()
    assert len(gala.find(enrolled).sightings) == 1
    gala.library.withdraw("Ada")
    for who in (enrolled, new_id("p"), ""):
        assert gala.find(who) == Found(who, None, who, ())


@pytest.mark.promise("P11")
def test_without_a_ground_nobody_is_recognised(tmp_path: Path) -> None:
    """A collection begins with recognition off: boxes, and not even templates."""
    with Gala.make(tmp_path, ground="") as gala:
        gala.put("a.jpg", ADA)
        gala.enrol("Ada", ADA)
        made = len(gala.vision.made)
        gala.ingest()
        assert gala.library.inventory().faces == 1
        assert gala.places("Ada") == []
        assert len(gala.vision.made) == made
        with pytest.raises(UsageError, match="ground"):
            gala.library.set_rule(COLLECTION, recognition=True, ground="  ")


@pytest.mark.promise("P11")
def test_a_ground_of_blanks_is_none(tmp_path: Path) -> None:
    """A source that is added with an empty ground leaves its collection off."""
    with Gala.make(tmp_path, ground="  ") as gala:
        assert not gala.library.collections()[0].recognition


@pytest.mark.promise("P11")
def test_switching_recognition_off_forgets_and_on_again_finds(gala: Gala) -> None:
    """Off removes what the model saw, in the same transaction; on again, it is searched anew."""
    gala.put("a.jpg", ADA)
    gala.enrol("Ada", ADA)
    gala.ingest()
    gala.library.set_rule(COLLECTION, recognition=False)
    assert gala.places("Ada") == []
    assert _column(gala, sighting.c.id) == []
    gala.ingest()
    assert _column(gala, sighting.c.id) == []
    gala.library.set_rule(COLLECTION, recognition=True, ground=GROUND)
    gala.ingest()
    assert gala.places("Ada") == ["a.jpg"]


@pytest.mark.promise("P11")
def test_in_a_collection_of_minors_nobody_off_the_roster_is_recognised(gala: Gala) -> None:
    """Marking a collection as one of minors ends recognition there but for the roster."""
    gala.put("a.jpg", ADA)
    gala.enrol("Ada", ADA)
    gala.ingest()
    gala.library.set_rule(COLLECTION, recognition=True, ground=GROUND, minors=True)
    assert _column(gala, sighting.c.id) == []
    gala.library.set_rule(COLLECTION, recognition=True, ground="another")
    gala.ingest()
    assert gala.places("Ada") == []
    assert _column(gala, sighting.c.id) == []


@pytest.mark.promise("P11")
def test_a_rule_that_is_switched_off_before_the_commit_is_heeded(gala: Gala) -> None:
    """Templates were made while recognition was on; what is stored is a box."""
    gala.put("a.jpg", ADA)
    gala.enrol("Ada", ADA)
    with gala.another() as other:
        gala.vision.after_templates = lambda: other.set_rule(COLLECTION, recognition=False)
        gala.ingest()
    assert gala.library.inventory().faces == 1
    assert _column(gala, sighting.c.id) == []


@pytest.mark.promise("P12")
@pytest.mark.parametrize("state", [SightingState.CONFIRMED, SightingState.REJECTED])
def test_what_a_person_decided_survives_a_comparison(gala: Gala, state: SightingState) -> None:
    """A sighting put there by hand stays as it is, for a wrong face too, however often compared."""
    ada = gala.enrol("Ada", ADA).enrolment.person.id
    gala.put("a.jpg", STRANGER, ADA, BO)
    gala.library.set_rule(COLLECTION, recognition=False)
    gala.ingest()
    with gala.library._database.write() as tx:
        ((photo_id, face_id),) = tx.execute(
            select(face.c.photo_id, face.c.id).where(face.c.x1 < 100)
        ).all()
        decided = {"photo_id": photo_id, "face_id": face_id, "person_id": ada}
        extra = {"band": Band.SURE, "state": state, "made_at": gala.clock.now()}
        tx.execute(insert(sighting).values(id=new_id("s"), **decided, **extra))
    before = _all_sightings(gala)
    gala.library.set_rule(COLLECTION, recognition=True, ground=GROUND)
    gala.ingest()
    gala.enrol("Bo", BO)
    gala.enrol("Ada", ADA, again=True)
    # Bo is new beside it; a rejected pair leaves her free to be found in the face that is hers.
    hers = 0 if state is SightingState.CONFIRMED else 1
    assert len(_all_sightings(gala) - before) == 1 + hers
    assert before <= _all_sightings(gala)
    gala.library.set_rule(COLLECTION, recognition=False)
    assert _all_sightings(gala) == before
    assert gala.places("Ada") == (["a.jpg"] if state is SightingState.CONFIRMED else [])


@pytest.mark.promise("P12")
def test_photos_are_compared_again_when_other_false_hits_are_allowed(gala: Gala) -> None:
    """Who was named beyond what is allowed now is named no more; what a person said stays."""
    gala.put("a.jpg", ADA, BO)
    for name, identity in (("Ada", ADA), ("Bo", BO)):
        gala.enrol(name, identity)
    gala.ingest()
    confirmed = next(one for one in gala.library.find("Bo", purpose=Purpose.FIND_ME).sightings)
    gala.library.confirm_sighting(confirmed.id)
    bands = []
    for hits in (1.0, 0.01, 1.0):
        gala.library._settings = dataclasses.replace(gala.library._settings, false_hits=hits)
        compared = gala.ingest().compared_again
        (hers,) = gala.library.find("Ada", purpose=Purpose.FIND_ME).sightings
        (his,) = gala.library.find("Bo", purpose=Purpose.FIND_ME).sightings
        assert his.id == confirmed.id
        bands.append((compared, hers.band))
    assert bands == [(0, Band.SURE), (1, Band.LIKELY), (1, Band.SURE)]


# --- withdrawing ----------------------------------------------------------------------------


@pytest.mark.promise("P19")
def test_a_withdrawal_holds_for_every_program_at_once(gala: Gala) -> None:
    """Another program that had the library open finds nobody from the next question on."""
    gala.put("a.jpg", ADA)
    gala.enrol("Ada", ADA)
    gala.ingest()
    with gala.another() as other:
        assert other.find("Ada", purpose=Purpose.FIND_ME).sightings
        gala.library.withdraw("Ada")
        assert other.find("Ada", purpose=Purpose.FIND_ME) == Found("Ada", None, "Ada", ())
        assert other.search(picture(ADA), purpose=Purpose.FIND_ME)[0].candidates == ()
        assert other.people() == []


@pytest.mark.promise("P19")
def test_a_withdrawal_holds_though_the_deleted_bytes_cannot_leave_yet(
    gala: Gala, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that keeps an old state open delays the cleaning, and the case says so."""
    monkeypatch.setitem(sqlite._PRAGMAS, "busy_timeout", ("10", 10))
    monkeypatch.setattr(postgresql, "BUSY_MILLISECONDS", 10)
    gala.reopen()
    gala.put("a.jpg", ADA)
    gala.enrol("Ada", ADA)
    gala.ingest()
    with gala.another() as other, other._database.read() as tx:
        tx.execute(select(person)).all()
        done = gala.library.withdraw("Ada")
        assert gala.library.erasure(done.erasure).stage is Stage.PURGED
    assert gala.places("Ada") == []
    assert gala.library.resume() == [gala.library.erasure(done.erasure)]
    assert gala.library.erasure(done.erasure).stage is Stage.CLOSED
    assert gala.library._stores.keys.ids() == frozenset()


@pytest.mark.promise("P20")
@pytest.mark.parametrize("what", ["find-me", "everything"])
def test_a_withdrawal_between_the_stage_and_the_commit_is_heeded(gala: Gala, what: str) -> None:
    """Templates were compared with a gallery that held the person; nothing about them is stored."""
    gala.put("a.jpg", ADA, BO)
    gala.enrol("Ada", ADA)
    gala.enrol("Bo", BO)
    with gala.another() as other:
        purpose = Purpose.FIND_ME if what == "find-me" else None
        gala.vision.after_templates = lambda: _withdraw_once(gala, other, purpose)
        gala.ingest()
    assert gala.places("Bo") == ["a.jpg"]
    assert len(_column(gala, sighting.c.id)) == 1


@pytest.mark.promise("P20")
def test_a_withdrawal_in_the_middle_of_an_ingest_is_heeded(gala: Gala) -> None:
    """What was stored before it is removed by it, and nothing is stored after it."""
    for number in range(8):
        gala.put(f"{number}.jpg", ADA, BO, salt=number)
    gala.enrol("Ada", ADA)
    gala.enrol("Bo", BO)
    with gala.another() as other:

        def withdraw_after_three(step: Step) -> None:
            if step.what == "photos" and step.done == 3:
                assert other.withdraw("Ada").sightings == 3

        gala.ingest(withdraw_after_three)
    assert gala.places("Ada") == []
    assert len(gala.places("Bo")) == len(_column(gala, sighting.c.id)) == 8


@pytest.mark.promise("P20")
def test_a_consent_that_expires_in_the_middle_of_an_ingest_is_heeded(gala: Gala) -> None:
    """From the instant it ends, nothing about the person is stored."""
    for number in range(6):
        gala.put(f"{number}.jpg", ADA, salt=number)
    gala.enrol("Ada", ADA, until=gala.clock.now() + timedelta(hours=1))
    gala.vision.after_templates = lambda: gala.clock.advance(timedelta(hours=2))
    gala.ingest()
    assert _column(gala, sighting.c.id) == []


@pytest.mark.promise("P20")
def test_a_withdrawal_during_a_comparison_is_heeded(gala: Gala) -> None:
    """Earlier photos are searched for a person who leaves meanwhile: nothing is stored."""
    for number in range(5):
        gala.put(f"{number}.jpg", ADA, salt=number)
    gala.ingest()
    with gala.another() as other:
        # The first templates are those of the portrait, before there is anything to withdraw.
        def withdraw() -> None:
            if other.people():
                _withdraw_once(gala, other)

        gala.vision.after_templates = withdraw
        gala.enrol("Ada", ADA)
    assert gala.library.people() == []
    assert _column(gala, sighting.c.id) == []


@pytest.mark.promise("P5")
def test_no_reference_is_left_without_a_consent(gala: Gala) -> None:
    """A withdrawal takes the references of what it ends, and of what had expired before."""
    gala.enrol("Ada", ADA, Purpose.FIND_ME, Purpose.TELL_ME)
    gala.library.withdraw("Ada", Purpose.TELL_ME)
    assert _column(gala, reference.c.purpose) == ["find-me"]
    gala.enrol("Bo", BO, Purpose.STAFF_FIND, until=gala.clock.now() + A_DAY)
    gala.enrol("Bo", BO, Purpose.FIND_ME, again=True)
    gala.clock.advance(2 * A_DAY)
    gala.library.withdraw("Ada")
    done = gala.library.withdraw("Bo", Purpose.FIND_ME)
    assert done.erased
    assert _column(gala, reference.c.purpose) == []
    assert gala.library._stores.keys.ids() == frozenset()


@pytest.mark.promise("P5")
def test_withdrawing_an_expired_consent_leaves_no_reference(gala: Gala) -> None:
    """There was nothing left to withdraw, and what was left of the person goes all the same."""
    gala.enrol("Ada", ADA, until=gala.clock.now() + A_DAY)
    gala.clock.advance(2 * A_DAY)
    done = gala.library.withdraw("Ada", Purpose.FIND_ME)
    assert (done.withdrawn, done.erased) == ((), True)
    assert _column(gala, reference.c.id) == []


@pytest.mark.promise("P5")
def test_who_may_still_be_published_is_no_longer_recognised(gala: Gala) -> None:
    """With a permission about pictures alone the name stays; reference and sightings are gone."""
    wishes = (Wish(Purpose.FIND_ME), Wish(Purpose.MAY_PUBLISH, "website"))
    gala.library.enrol("Ada", [_portrait(ADA)], wishes)
    gala.put("a.jpg", ADA)
    gala.ingest()
    gala.enrol("Bo", BO)
    done = gala.library.withdraw("Ada", Purpose.FIND_ME)
    assert (done.withdrawn, done.sightings, done.erased) == (("find-me",), 1, False)
    assert [one.name for one in gala.library.people()] == ["Ada", "Bo"]
    assert _column(gala, reference.c.purpose) == ["find-me"]
    assert _column(gala, sighting.c.id) == []
    gala.enrol("Bo", BO, again=True)
    assert gala.places("Ada") == []
    assert gala.library.withdraw("Ada", Purpose.MAY_PUBLISH).erased


@pytest.mark.promise("P25")
def test_erasing_one_person_changes_nothing_for_another(gala: Gala) -> None:
    """Sightings, answers and references of everybody else are the same, row by row."""
    for number in range(4):
        gala.put(f"{number}.jpg", ADA, BO, CY, salt=number)
    for name, identity in (("Ada", ADA), ("Bo", BO), ("Cy", CY)):
        gala.enrol(name, identity, Purpose.FIND_ME, Purpose.STAFF_FIND)
    gala.ingest()
    before = [_everything_about(gala, name) for name in ("Bo", "Cy")]
    gala.library.withdraw("Ada")
    gala.ingest()
    assert [_everything_about(gala, name) for name in ("Bo", "Cy")] == before


def test_a_key_of_nobody_is_destroyed_by_the_next_enrolment(gala: Gala) -> None:
    """What a withdrawal left that died before it destroyed the key does not stay."""
    stray = gala.library._stores.keys.create()
    kept = gala.enrol("Ada", ADA).enrolment.person.key
    assert kept in gala.library._stores.keys.ids()
    assert stray not in gala.library._stores.keys.ids()


def test_a_folder_of_keys_belongs_to_one_library(gala: Gala, tmp_path: Path) -> None:
    """A second library in it would destroy the keys of the first as nobody's: it is refused."""
    gala.enrol("Ada", ADA)
    kept = gala.library._stores.keys.ids()
    root = tmp_path / "second"
    settings = load_settings(root, environment={}, given={"keys_dir": str(gala.keys)})
    with pytest.raises(UsageError, match="keys of another library"):
        Library.init(root, settings)
    Library.init(root, load_settings(root, environment={})).close()
    with pytest.raises(Unavailable, match="keys of another library"):
        Library.open(root, settings)
    (gala.keys / "log.journal").unlink()
    with pytest.raises(Unavailable, match="keys of another library"):
        Library.open(root, settings)
    assert gala.library._stores.keys.ids() == kept


# --- enrolling ------------------------------------------------------------------------------


def test_an_enrolment_needs_a_purpose(gala: Gala) -> None:
    """Nobody is stored who agreed to nothing."""
    with pytest.raises(UsageError, match="purpose"):
        gala.library.enrol("Ada", [_portrait(ADA)], ())
    assert gala.library.people() == []
    assert gala.library._stores.keys.ids() == frozenset()


def test_enrolling_again_replaces_the_pictures(gala: Gala) -> None:
    """Whoever gives a picture of somebody else by mistake can put it right, everywhere."""
    gala.put("a.jpg", ADA)
    gala.put("b.jpg", BO)
    gala.ingest()
    gala.enrol("Ada", BO)
    assert gala.places("Ada") == ["b.jpg"]
    gala.enrol("Ada", ADA, again=True)
    assert gala.places("Ada") == ["a.jpg"]
    assert len(gala.library.people()) == len(_column(gala, reference.c.id)) == 1


def test_enrolling_again_revives_what_had_expired(gala: Gala) -> None:
    """Only a new consent does; and the photos that are here are searched anew."""
    gala.put("a.jpg", ADA)
    gala.ingest()
    gala.enrol("Ada", ADA, until=gala.clock.now() + A_DAY)
    gala.clock.advance(2 * A_DAY)
    assert gala.places("Ada") == []
    gala.enrol("Ada", ADA, again=True)
    assert gala.places("Ada") == ["a.jpg"]


def test_nobody_who_is_not_there_is_enrolled_again(gala: Gala) -> None:
    """To enrol again somebody unknown, or erased, is refused, and stores nothing."""
    gala.enrol("Ada", ADA)
    gala.library.withdraw("Ada")
    with pytest.raises(NotFound):
        gala.enrol("Ada", ADA, again=True)
    assert _column(gala, reference.c.id) == []


@pytest.mark.parametrize("name", ["Åsa Öberg", "O'Brien; --", "名前", "%_", "p_7q2m0c4x9v1ksz3d"])
def test_people_may_be_called_anything(gala: Gala, name: str) -> None:
    """A name with odd characters is enrolled, found, listed and withdrawn like any other."""
    gala.put("a.jpg", ADA)
    gala.ingest()
    gala.enrol(name, ADA)
    assert gala.find(name).name == name
    assert gala.named(ADA) == [name]
    assert gala.library.withdraw(name).erased


def test_a_name_that_is_no_text_is_refused(gala: Gala) -> None:
    """Half a character, as a terminal of another encoding gives it, is told to the user."""
    with pytest.raises(UsageError, match="not text"):
        gala.enrol("Ad\udcff", ADA)
    with pytest.raises(UsageError, match="not text"):
        gala.find("Ad\udcff")
    assert gala.library._stores.keys.ids() == frozenset()


def test_an_enrolment_beside_an_ingest_is_searched_for_by_the_ingest(gala: Gala) -> None:
    """It does not wait for the lock; the run that holds it finds the person before it ends."""
    for number in range(4):
        gala.put(f"{number}.jpg", ADA, salt=number)
    with gala.another() as other:

        def enrol_after_two(step: Step) -> None:
            if step.what == "photos" and step.done == 2:
                enrolled = other.enrol("Ada", [_portrait(ADA)], (Wish(Purpose.FIND_ME),))
                assert enrolled.compared is None

        gala.ingest(enrol_after_two)
    assert len(gala.places("Ada")) == 4


# --- keeping --------------------------------------------------------------------------------


@pytest.mark.promise("P29")
@pytest.mark.parametrize("stop", [1, 3, 5])
def test_an_interrupted_ingest_goes_on_where_it_stopped(gala: Gala, stop: int) -> None:
    """What was done is not done again, what was not is; and nothing is left lying about."""
    for number in range(6):
        gala.put(f"{number}.jpg", ADA, salt=number)
    gala.enrol("Ada", ADA)

    def interrupt(step: Step) -> None:
        if step.what == "photos" and step.done == stop:
            raise Interrupted("stopped")

    with pytest.raises(Interrupted):
        gala.ingest(interrupt)
    assert sorted(gala.states().values()) == ["done"] * stop + ["listed"] * (6 - stop)
    assert _ledger_is_whole(gala)
    assert gala.ingest().done == 6 - stop
    assert len(gala.places("Ada")) == 6
    assert set(_column(gala, item.c.attempts)) == {1}


@pytest.mark.promise("P29")
def test_an_interruption_just_after_a_commit_costs_nothing(
    gala: Gala, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run does not know yet that a photo was stored, and leaves its preview alone."""
    gala.put("a.jpg", ADA)
    with monkeypatch.context() as stopped:
        stopped.setattr("countenance.ingest.run.Report.add", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            gala.ingest()
    assert gala.states() == {"a.jpg": "done"}
    assert len(list(gala.blobs.ids())) == 1
    assert _ledger_is_whole(gala)


@pytest.mark.promise("P29")
def test_what_a_run_that_died_had_taken_is_taken_up_again(gala: Gala) -> None:
    """Its item is worked on by the next run, and the preview it had begun is gone."""
    gala.put("a.jpg", ADA)
    gala.enrol("Ada", ADA)
    with gala.library._at_work() as writer:
        scanned = gala.library.scan(gala.source.id)
        with gala.library._database.write() as tx:
            write_plan(tx, gala.source.id, scanned.changes, at=gala.clock.now())
        work = writer.claim([gala.source.id])
        assert work is not None
        gala.blobs.write(work.preview, b"bytes of a picture", durable=False)
    gala.reopen()
    assert gala.states() == {"a.jpg": "working"}
    gala.ingest()
    assert gala.places("Ada") == ["a.jpg"]
    assert work.preview not in set(gala.blobs.ids())
    assert _ledger_is_whole(gala)


@pytest.mark.promise("P2")
def test_a_blob_without_a_row_is_swept_away(gala: Gala) -> None:
    """A catalog from a backup does not know the files of after it; the next run removes them."""
    gala.put("a.jpg", ADA)
    gala.ingest()
    gala.blobs.write(_a_copy(), b"bytes of a picture", durable=False)
    gala.ingest()
    assert len(list(gala.blobs.ids())) == 1
    assert _ledger_is_whole(gala)


def test_a_damaged_preview_is_replaced_by_the_photo_itself(gala: Gala) -> None:
    """A preview is a shadow: where its digest is wrong, the photo is read instead."""
    gala.put("a.jpg", ADA)
    gala.ingest()
    ((blob,),) = [[path for path in gala.files() if path.name.startswith("v_")]]
    blob.write_bytes(b"not what was stored")
    gala.enrol("Ada", ADA)
    assert gala.places("Ada") == ["a.jpg"]


@pytest.mark.promise("P32")
def test_the_log_holds_ids_and_no_names(gala: Gala) -> None:
    """After all that can happen, no name of a person, file, folder or collection is in the log."""
    gala.put("secret-file.jpg", ADA)
    gala.enrol("Ada Lovelace", ADA)
    gala.ingest()
    gala.find("Ada Lovelace")
    gala.find("Nobody Known", Purpose.STAFF_FIND)
    gala.library.search(picture(ADA), purpose=Purpose.FIND_ME)
    gala.library.set_rule(COLLECTION, recognition=True, ground="a told ground")
    gala.library.take_down(gala.source.id)
    gala.library.withdraw("Ada Lovelace")
    with gala.library._database.read() as tx:
        written = json.dumps([[str(value) for value in row] for row in tx.execute(select(entry))])
        locations = list(tx.execute(select(source.c.location)).scalars())
    assert set(gala.log()) == {
        *("source.added", "source.revoked", "source.ingested", "collection.rule-changed"),
        *("person.enrolled", "person.found", "person.withdrawn"),
        *("search.refused", "probe.searched", "erasure.receipted"),
    }
    for word in ("Ada", "Lovelace", "Nobody", "secret", COLLECTION, "told", "club", *locations):
        assert word not in written


# --------------------------------------------------------------------------------------------


def _end_the_grant(gala: Gala, how: str) -> None:
    if how == "expired":
        gala.clock.advance(31 * A_DAY)
        return
    with gala.another() as other:
        other.take_down(gala.source.id)


def _withdraw_once(gala: Gala, other: Library, purpose: Purpose | None = None) -> None:
    gala.vision.after_templates = lambda: None
    other.withdraw("Ada", purpose)


def _recognised_and_gone(gala: Gala, other: Library) -> Callable[..., dict[int, Match]]:
    """What recognises, and lets the other program withdraw before it says whom."""

    def recognised(
        templates: Templates, opened: Gallery, pack: Pack, *, false_hits: float
    ) -> dict[int, Match]:
        found = recognise(templates, opened, pack, false_hits=false_hits)
        assert len(found) == 1
        _withdraw_once(gala, other)
        return found

    return recognised


def _portrait(identity: int) -> Portrait:
    return Portrait("portrait.jpg", picture(identity))


def _a_copy() -> CopyId:
    return CopyId(new_id("v"))


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _no_permission(*_: object) -> bytes:
    raise PermissionError(errno.EACCES, "no permission")


def _column(gala: Gala, column: Column[Any]) -> list[object]:
    with gala.library._database.read() as tx:
        return list(tx.execute(select(column)).scalars())


def _all_sightings(gala: Gala) -> set[tuple[object, ...]]:
    with gala.library._database.read() as tx:
        return set(rows(tx, *sighting.c))


def _everything_about(gala: Gala, name: str) -> object:
    """Answers, rows and sealed bytes of one person."""
    who = gala.library.consents(name)[0].id
    with gala.library._database.read() as tx:
        stored = [
            sorted(map(str, tx.execute(select(table).where(table.c.person_id == who))))
            for table in (sighting, reference, consent)
        ]
    return gala.find(name), gala.find(name, Purpose.STAFF_FIND), stored


def _nothing_is_stored(gala: Gala) -> bool:
    tables = (photo.c.id, face.c.id, sighting.c.id, copy.c.id)
    assert [_column(gala, column) for column in tables] == [[], [], [], []]
    return not list(gala.blobs.ids())


def _ledger_is_whole(gala: Gala) -> bool:
    """Every file of the vault is the confirmed preview of a photo, and the other way round."""
    with gala.library._database.read() as tx:
        confirmed = set(tx.execute(select(copy.c.id).where(copy.c.confirmed)).scalars())
    ledger = set(_column(gala, copy.c.id))
    return ledger == confirmed == set(gala.blobs.ids()) == set(_column(gala, photo.c.preview_id))


def _floats(value: object, where: str) -> Iterator[str]:
    """Where in an answer there are numbers with a fraction, or arrays."""
    if isinstance(value, float | np.ndarray | np.generic):
        yield where
    elif dataclasses.is_dataclass(value):
        for part in dataclasses.fields(value):
            yield from _floats(getattr(value, part.name), f"{where}.{part.name}")
    elif isinstance(value, tuple | list | dict):
        for part in value:
            yield from _floats(part, where)


_NEEDLE = 4  # numbers in a row: so few, because a database divides long values among pages


def _needles(template: Float32) -> Iterator[bytes]:
    """Every part of a template, as the number formats write it."""
    for kind in ("<f4", "<f2", "<f8"):
        numbers = template.astype(kind)
        for start in range(0, len(numbers), _NEEDLE):
            yield numbers[start : start + _NEEDLE].tobytes()
    yield from _text(template).split()


def _text(template: Float32) -> bytes:
    """With as many digits as any way of writing these numbers gives."""
    return " ".join(f"{abs(float(value)):.6f}" for value in template[:32]).encode()


def _files_with(gala: Gala, templates: Sequence[Float32]) -> list[Path]:
    """The files of the library in which a part of a template stands in clear."""
    needles = {needle for template in templates for needle in _needles(template)}
    contents = {path: path.read_bytes() for path in gala.files()}
    everything = b"\0".join(contents.values())
    found = [needle for needle in needles if needle in everything]
    return [path for path, data in contents.items() if any(needle in data for needle in found)]
