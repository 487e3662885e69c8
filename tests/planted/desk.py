"""Plants in the desk: who is let in, what is asked, taken back and merged."""

import pytest

from countenance.accounts.roles import Role
from countenance.catalog import buckets, decided, endings, merges, shelves, steps, version
from countenance.library import signins
from countenance.library.collections import Collections
from countenance.library.reviews import Reviews
from countenance.library.signins import SignIns
from countenance.search import box, byhand, calibrate, review, whose
from tests.planted.plant import edit, instead, plant

DESK = "tests/integration/desk/test_review.py"
ALBUM = "tests/integration/desk/test_album.py"
PAGES = "tests/integration/web/test_desk.py"
CALIBRATE = "tests/integration/desk/test_calibrate.py"


@plant(
    "P3",
    "An outline that was made stands for as long as its grants do.",
    "tests/integration/desk/test_album.py::test_an_outline_is_made_again_when_anything_changed",
)
def outlines_stand(patch: pytest.MonkeyPatch) -> None:
    instead(patch, version._remember, "return")


@plant(
    "P3",
    "The outline and the buckets count what a grant of long ago covered.",
    f"{ALBUM}::test_what_no_grant_covers_is_in_no_bucket",
)
def buckets_of_any_grant(patch: pytest.MonkeyPatch) -> None:
    edit(patch, buckets._granted, "if grant.in_force(at)", "if grant")
    instead(patch, buckets._is_covered, "return True")


@plant(
    "P3",
    "A part of a source that is granted shows all of it.",
    f"{ALBUM}::test_a_grant_of_a_part_shows_that_part",
)
def buckets_beyond_the_scope(patch: pytest.MonkeyPatch) -> None:
    edit(patch, buckets._covers_everything, "one.scope == _EVERYTHING and", "")


@plant(
    "P3",
    "The shelves are not counted again when photos vanish: the outline goes on with them.",
    "tests/integration/catalog/test_shelves.py::test_what_vanished_is_on_no_shelf",
)
def shelves_of_long_ago(patch: pytest.MonkeyPatch) -> None:
    instead(patch, shelves._items_touched, "return")


@plant(
    "P3",
    "The outline counts the shelves of every source, whether a grant covers it or not.",
    "tests/integration/catalog/test_shelves.py::test_a_source_without_a_grant_is_on_no_shelf",
)
def shelves_of_any_source(patch: pytest.MonkeyPatch) -> None:
    edit(patch, buckets._shelved, ", shelf.c.source_id.in_(whole)", "")


@plant(
    "P3",
    "Words that a great many photos say are answered with photos that no grant covers.",
    "tests/integration/catalog/test_shelves.py::test_walking_asks_for_a_grant",
)
def walks_past_grants(patch: pytest.MonkeyPatch) -> None:
    edit(patch, buckets._walked, " and _is_covered(row, given, at)", "")


@plant(
    "P7",
    "The desk opens to whoever asks, signed in or not.",
    f"{PAGES}::test_nobody_is_let_in_without_an_account",
)
def desk_without_an_account(patch: pytest.MonkeyPatch) -> None:
    nobody = """
        return original(token) or Identity(AccountId("m_nobody"), frozenset(Role))
    """
    patch.setitem(vars(signins), "Role", Role)
    instead(patch, SignIns.identity, nobody.replace("(token)", "(self, token)", 1))


@plant(
    "P7",
    "Questions of the review are shown and not logged.",
    f"{DESK}::test_to_be_asked_is_to_look",
)
def review_without_the_log(patch: pytest.MonkeyPatch) -> None:
    edit(patch, review.questions, "if shown:", "if False:")


@plant(
    "P8",
    "The review asks about everybody who may be recognised, for whatever they agreed to it.",
    f"{DESK}::test_only_who_agreed_to_be_found_by_staff_is_asked_about",
)
def review_of_everybody(patch: pytest.MonkeyPatch) -> None:
    body = """
        named = {one.id for one in people.named(tx, who)} if who else None
        own = people.consents(tx, people=named)
        return admitted(own, purposes=RECOGNISING, at=at)
    """
    instead(patch, review._agreed, body)


@plant(
    "P8",
    "An answer is taken though its person withdrew since the question.",
    f"{DESK}::test_an_answer_needs_the_consent_of_its_moment",
)
def answer_without_consent(patch: pytest.MonkeyPatch) -> None:
    instead(patch, review._require_agreed, "return None")
    instead(patch, byhand.require, "return None")


@plant(
    "P10",
    "The box takes a name for one whatever its person agreed to.",
    f"{ALBUM}::test_a_name_without_consent_is_a_word_like_any_other",
)
def box_names_everybody(patch: pytest.MonkeyPatch) -> None:
    edit(patch, box._named, "(asker.purpose,)", "tuple(type(asker.purpose))")


@plant(
    "P11",
    "The pages switch recognition on without an impact assessment.",
    f"{ALBUM}::test_an_assessment_has_every_answer_and_is_in_the_log",
    f"{PAGES}::test_recognition_is_not_switched_on_before_the_assessment",
)
def recognition_without_assessment(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Collections.begin_recognition, "made is None", "False")


@plant(
    "P12",
    "Taking an answer back forgets whose candidate had given way to it.",
    f"{DESK}::test_taking_back_restores_exactly_what_was",
)
def undo_in_part(patch: pytest.MonkeyPatch) -> None:
    instead(patch, steps.put_back, "return original(tx, rows[:1]) and list(rows)")


@plant(
    "P12",
    "Taking a step back overrules what somebody decided since.",
    f"{DESK}::test_what_was_changed_since_is_not_taken_back_with_it",
)
def undo_over_a_decision(patch: pytest.MonkeyPatch) -> None:
    edit(patch, review._restore, "now != {one.id: one for one in after}", "False")


@plant(
    "P12",
    "What was decided while two were merged stays with the one that stood.",
    f"{DESK}::test_what_was_decided_while_merged_stays_with_whose_it_was",
)
def unmerge_forgets_decisions(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        merges.take_apart,
        "here = (sighting.c.id == one.id)",
        "here = (sighting.c.state == one.state) & (sighting.c.id == one.id)",
    )


@plant(
    "P5",
    "A merge lets the wider of two consents stand for both.",
    f"{DESK}::test_the_stricter_of_two_consents_stands",
)
def the_wider_consent_stands(patch: pytest.MonkeyPatch) -> None:
    instead(patch, merges._not_covered, "return ()")


@plant(
    "P19",
    "Who withdraws by one of two merged enrolments is found by the other.",
    f"{DESK}::test_who_withdraws_by_one_enrolment_withdraws_by_both",
)
def merged_withdraws_alone(patch: pytest.MonkeyPatch) -> None:
    instead(patch, endings.merged_with, "return []")


@plant(
    "P14",
    "Taking a step back puts somebody into a face who has left since.",
    f"{DESK}::test_taking_back_brings_nobody_back_who_left",
)
def undo_brings_back(patch: pytest.MonkeyPatch) -> None:
    from countenance.erasure import holders  # noqa: PLC0415  of use to this plant alone

    instead(patch, holders._step_sightings, "return None")
    instead(patch, review._still_agreed, "return list(rows)")


@plant(
    "P12",
    "A merge is done from a page that shows the two as they were.",
    f"{DESK}::test_a_stale_page_merges_nothing",
    f"{PAGES}::test_a_merge_from_a_stale_page_is_a_conflict",
)
def merge_from_a_stale_page(patch: pytest.MonkeyPatch) -> None:
    edit(patch, whose.merge, "agreed.mark != mark", "False")


@plant(
    "P7",
    "The pages of the review may be opened without end.",
    "tests/integration/web/test_desk.py::test_a_page_of_the_review_is_a_search",
)
def review_is_not_counted(patch: pytest.MonkeyPatch) -> None:
    instead(patch, Reviews.open_review, "return None")


@plant(
    "P8",
    "The calibration counts whoever agreed once.",
    f"{CALIBRATE}::test_who_no_longer_agrees_is_counted_no_more_though_the_rows_are_there",
)
def calibrated_by_all_who_ever_agreed(patch: pytest.MonkeyPatch) -> None:
    agreed = "admitted(people.consents(tx, purposes=RECOGNISING), purposes=RECOGNISING, at=at)"
    anybody = "{one.person: one for one in people.consents(tx, purposes=RECOGNISING)}"
    edit(patch, calibrate.calibrate, agreed, anybody)


@plant(
    "P8",
    "The calibration counts what a grant of long ago covered.",
    f"{CALIBRATE}::test_who_withdrew_is_counted_no_more",
)
def calibrated_under_any_grant(patch: pytest.MonkeyPatch) -> None:
    edit(patch, decided.decided, "one.covers(row.locator, at)", "one")
