"""Plants in cases of erasure, takedowns and tombstones (P3, P4, P5, P19, P21, P25, P27)."""

import pytest

from countenance.catalog import people, tombstones
from countenance.erasure import case, holders
from countenance.ingest import writer
from tests.planted.plant import edit, instead, plant

CASES = "tests/integration/test_erasure.py"
HOLDERS = "tests/integration/catalog/test_holders.py"
WALKS = "tests/integration/test_walks.py"


@plant(
    "P4",
    "No tombstone is asked when a picture that was taken down comes again.",
    f"{CASES}::test_what_was_taken_down_is_refused_when_it_comes_again",
)
def tombstone_not_asked(patch: pytest.MonkeyPatch) -> None:
    instead(patch, tombstones.stands, "return False")
    asked = tombstones.Tombstones.__contains__
    instead(patch, asked, "return False")


@plant(
    "P4",
    "Tombstones are asked before the work, and not when it is stored.",
    f"{CASES}::test_a_tombstone_that_is_set_during_the_work_is_heeded",
)
def tombstone_not_asked_at_storing(patch: pytest.MonkeyPatch) -> None:
    instead(patch, writer.Writer._is_erased, "return False")


@plant(
    "P21",
    "After the purge nobody looks: neither into the holders, nor at what the scan finds.",
    f"{CASES}::test_a_purge_that_forgets_a_holder_is_not_believed",
)
def purge_believed(patch: pytest.MonkeyPatch) -> None:
    instead(patch, case._require_nothing_held, "return None")
    instead(patch, case._require_nothing_found, "return None")


@plant(
    "P21",
    "What the scan finds after the purge is not looked at.",
    f"{CASES}::test_bytes_that_lie_where_nobody_put_them_are_found",
)
def scan_after_the_purge_ignored(patch: pytest.MonkeyPatch) -> None:
    instead(patch, case._require_nothing_found, "return None")


@plant(
    "P27",
    "A damaged key of one case stops whatever carries cases on.",
    f"{CASES}::test_a_damaged_key_of_one_case_stops_no_other",
)
def damaged_key_stops_all(patch: pytest.MonkeyPatch) -> None:
    edit(patch, case.carry_on, "with _damage_named(case):", "if True:")


@plant(
    "P3",
    "A takedown leaves the previews where they are.",
    f"{CASES}::test_a_takedown_takes_all_that_came_from_the_source",
)
def previews_left_by_a_takedown(patch: pytest.MonkeyPatch) -> None:
    instead(patch, holders._previews, "return None")


@plant(
    "P19",
    "Who withdrew stays enrolled until the purge has come to them.",
    f"{CASES}::test_a_case_goes_on_from_wherever_it_was_cut_off",
)
def withdrawal_hides_late(patch: pytest.MonkeyPatch) -> None:
    instead(patch, people.hide, "return None")


@plant(
    "P5",
    "References stay when the consent that they rest on ends.",
    f"{WALKS}::test_no_reference_is_left_without_a_consent",
)
def references_left(patch: pytest.MonkeyPatch) -> None:
    instead(patch, holders._references, "return None")


@plant("P21", "What a person said by hand of who left stays.", HOLDERS)
def sightings_by_hand_left(patch: pytest.MonkeyPatch) -> None:
    body = """
        condition = original(case)
        return None if condition is None else and_(condition, sighting.c.state == "candidate")
    """
    instead(patch, holders._sightings, body)


@plant(
    "P25",
    "With the sightings of one person go those of everybody.",
    f"{WALKS}::test_erasing_one_person_changes_nothing_for_another",
)
def anothers_sightings_removed(patch: pytest.MonkeyPatch) -> None:
    body = "return None if original(case) is None else sighting.c.id != ''"
    instead(patch, holders._sightings, body)
