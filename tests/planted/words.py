"""Plants in what sources say of their pictures, in near-duplicates, and in a picture's takedown."""

import pytest

from countenance.catalog import endings, hints, photos, replay, sightings, tombstones, words
from countenance.erasure import holders
from countenance.ingest import writer
from countenance.search import results
from tests.planted.plant import edit, instead, plant

WORDS = "tests/integration/test_words.py"
PICTURE = "tests/integration/test_picture_takedown.py"
RESULTS = "tests/unit/search/test_results.py"


@plant(
    "P3",
    "A picture that is taken down is shown until its rows are purged.",
    f"{PICTURE}::test_it_goes_on_from_wherever_it_was_cut_off",
)
def taken_picture_shown_until_purged(patch: pytest.MonkeyPatch) -> None:
    instead(patch, photos.hide, "return None")


@plant(
    "P4",
    "A picture that was taken down is refused from the source that had it, and from no other.",
    f"{PICTURE}::test_its_bytes_are_refused_from_every_source",
)
def picture_refused_from_one_source(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        tombstones.stands,
        "or_(tombstone.c.source_id == which, _EVERYWHERE)",
        "tombstone.c.source_id == which",
    )
    edit(patch, tombstones.of_sources, "own | {", "own or {")


@plant(
    "P4",
    "A new grant of its source lets in a picture that was taken down by itself.",
    f"{PICTURE}::test_its_bytes_are_refused_from_every_source",
    f"{PICTURE}::test_the_takedown_of_its_source_does_not_open_the_way_for_it",
)
def picture_let_in_by_a_grant(patch: pytest.MonkeyPatch) -> None:
    edit(patch, tombstones.lift, "tombstone.c.lifted_at.is_(None), ~_EVERYWHERE", "True")


@plant(
    "P4",
    "The tombstone of a picture is set when its rows go, and not when it is hidden.",
    f"{PICTURE}::test_a_takedown_during_the_work_is_heeded",
    f"{PICTURE}::test_a_restored_backup_does_not_bring_it_back",
)
def picture_tombstone_late(patch: pytest.MonkeyPatch) -> None:
    edit(patch, endings.end_picture, "[mark]", "[]")


@plant(
    "P6",
    "The mark of a name at a face is the same at every face: strangers are grouped by it.",
    f"{WORDS}::test_a_name_in_a_region_is_kept_nowhere_and_finds_nobody",
    f"{RESULTS}::test_a_mark_is_of_one_name_at_one_face_under_one_key",
)
def marks_lead_from_face_to_face(patch: pytest.MonkeyPatch) -> None:
    edit(patch, hints.mark, "{face}", "")


@plant(
    "P6",
    "The name that a source gives to a face is kept as it is.",
    f"{WORDS}::test_a_name_in_a_region_is_kept_nowhere_and_finds_nobody",
)
def name_of_a_stranger_kept(patch: pytest.MonkeyPatch) -> None:
    instead(patch, hints.mark, "return name[:32]")


@plant(
    "P8",
    "The words of a place count though no grant covers it.",
    f"{WORDS}::test_words_of_a_place_without_a_grant_find_nothing",
    f"{PICTURE}::test_only_what_may_be_shown_is_in_a_group",
)
def words_without_a_grant(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        sightings._granted,
        "any(grant.covers(row.locator, at) for grant in given.get(row.source_id, ()))",
        "True",
    )


@plant(
    "P8",
    "Pictures of different people are one result: whom one may see shows where another is.",
    f"{RESULTS}::test_only_what_is_near_to_the_first_is_with_it",
)
def near_pictures_of_anybody_grouped(patch: pytest.MonkeyPatch) -> None:
    edit(patch, results.together, "theirs.setdefault(one.person,", "theirs.setdefault(0,")


@plant(
    "P10",
    "What the source says of a picture finds people by the name in its caption.",
    f"{WORDS}::test_a_name_at_another_face_is_not_said",
)
def names_said_wherever_they_stand(patch: pytest.MonkeyPatch) -> None:
    instead(patch, hints.overlap, "return 1.0")


@plant(
    "P21",
    "The index keeps the words of what was deleted.",
    f"{WORDS}::test_words_leave_every_file_with_their_source",
)
def words_left_in_the_index(patch: pytest.MonkeyPatch) -> None:
    instead(patch, words.forget_deleted, "return None")


@plant(
    "P21",
    "The full text is passed over by a takedown.",
    f"{WORDS}::test_words_leave_every_file_with_their_source",
    f"{PICTURE}::test_its_words_go_and_those_of_others_stay",
)
def words_passed_over(patch: pytest.MonkeyPatch) -> None:
    instead(patch, holders.WordsHolder.purge, "return []")
    instead(patch, holders.WordsHolder.holds, "return 0")


@plant(
    "P21",
    "The originals of a picture that is taken down stay in the vault.",
    f"{PICTURE}::test_originals_of_its_bytes_go_too",
)
def originals_of_a_picture_left(patch: pytest.MonkeyPatch) -> None:
    edit(patch, holders._uploads, "case.photo", "None")


@plant(
    "P22",
    "A restore does not know that a picture was taken down since.",
    f"{PICTURE}::test_a_restored_backup_does_not_bring_it_back",
)
def picture_restored(patch: pytest.MonkeyPatch) -> None:
    instead(patch, replay._picture_removed, "return None")


@plant(
    "P23",
    "What was given out of a picture that is taken down is not recalled.",
    f"{PICTURE}::test_what_was_given_out_of_it_is_recalled",
)
def picture_not_recalled(patch: pytest.MonkeyPatch) -> None:
    edit(patch, endings.end_picture, "disclosures.of_photo(tx, which)", "[]")


@plant(
    "P20",
    "Work that finishes after a picture's takedown stores it again.",
    f"{PICTURE}::test_a_takedown_during_the_work_is_heeded",
)
def picture_stored_again(patch: pytest.MonkeyPatch) -> None:
    instead(patch, writer.Writer._is_erased, "return False")


@plant(
    "P24",
    "A receipt does not say that captions name who left.",
    f"{WORDS}::test_a_receipt_says_that_captions_name_who_left",
)
def captions_not_told(patch: pytest.MonkeyPatch) -> None:
    instead(patch, words.saying, "return 0")
