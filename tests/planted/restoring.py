"""Plants in what an old copy brings back (P15, P22)."""

import pytest

from countenance.catalog import journal, replay
from tests.planted.plant import instead, plant

JOURNAL = "tests/integration/catalog/test_journal.py"
RESTORE = "tests/integration/test_restore.py"


@plant(
    "P22",
    "A backup comes back as it was: what ended since is not ended again.",
    f"{RESTORE}::test_who_withdrew_after_the_backup_stays_away",
    f"{RESTORE}::test_what_expired_and_who_objected_stays_ended",
)
def restore_without_replay(patch: pytest.MonkeyPatch) -> None:
    instead(patch, replay.replay, "return Replayed()")


@plant(
    "P22",
    "A catalog of before that somebody put back by hand is opened.",
    f"{RESTORE}::test_a_catalog_copied_back_by_hand_is_not_opened",
    f"{JOURNAL}::test_a_log_that_does_not_go_on_from_the_journal_is_refused",
)
def old_catalog_opened(patch: pytest.MonkeyPatch) -> None:
    instead(patch, journal._require_same, "return None")


@plant(
    "P22",
    "What is done is not written into the journal.",
    f"{JOURNAL}::test_what_the_log_has_more_is_appended",
    f"{RESTORE}::test_who_withdrew_after_the_backup_stays_away",
)
def journal_not_kept(patch: pytest.MonkeyPatch) -> None:
    instead(patch, journal.catch_up, "return 0")


@plant(
    "P15",
    "A restored library has the time of its backup.",
    f"{RESTORE}::test_what_expired_and_who_objected_stays_ended",
)
def time_of_the_backup(patch: pytest.MonkeyPatch) -> None:
    instead(patch, replay.hold_to, "return None")
