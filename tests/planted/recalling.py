"""Plants in recalls, and in what recipients say of them (P23)."""

import pytest

from countenance.catalog import disclosures, recalls
from countenance.erasure import acknowledgement, recall
from tests.planted.plant import edit, instead, plant

RECALL = "tests/integration/test_recall.py"
RECEIPTS = "tests/integration/test_receipts.py"


@plant(
    "P23",
    "Of several disclosures only the first is recalled.",
    f"{RECALL}::test_every_disclosure_has_one_recall",
)
def recall_forgotten(patch: pytest.MonkeyPatch) -> None:
    body = "return original(tx, erasure, disclosures[:1], at=at)"
    instead(patch, recalls.open_for, body)


@plant(
    "P23",
    "An acknowledgement counts, whoever signed it.",
    "tests/unit/erasure/test_acknowledgement.py",
    f"{RECALL}::test_nobody_acknowledges_for_another",
)
def acknowledgement_of_anybody(patch: pytest.MonkeyPatch) -> None:
    verify = acknowledgement.verify
    instead(patch, verify, "return read_unverified(written)")


@plant(
    "P23",
    "After the last attempt a recall ends, and nobody is told.",
    f"{RECALL}::test_it_is_sent_again_in_growing_waits_and_then_a_task",
)
def recall_ends_in_silence(patch: pytest.MonkeyPatch) -> None:
    failed = recall._failed
    edit(patch, failed, "return tried.needing_person(", "return replace(tried, next_at=None) or (")


@plant(
    "P23",
    "What was delivered counts as deleted.",
    f"{RECALL}::test_delivered_is_not_the_end",
)
def delivered_is_the_end(patch: pytest.MonkeyPatch) -> None:
    going_on = recall._go_on
    task = 'one.needing_person("delivered, but not acknowledged in time")'
    edit(patch, going_on, task, "one.acknowledged(at=_now(stores))")


@plant(
    "P23",
    "A recall can be closed without a word.",
    "tests/unit/catalog/test_recalls.py::test_a_reason_is_more_than_a_word",
)
def closed_without_a_reason(patch: pytest.MonkeyPatch) -> None:
    closed = recalls.Recall.closed
    edit(patch, closed, "len(reason.strip()) < MIN_REASON_CHARACTERS", "False")


@plant(
    "P23",
    "After the last attempt a recall is closed by nobody.",
    f"{RECALL}::test_it_is_sent_again_in_growing_waits_and_then_a_task",
)
def recall_dropped(patch: pytest.MonkeyPatch) -> None:
    task = 'tried.needing_person(f"{trouble}, at the last of {len(WAITS)} attempts")'
    dropped = 'tried.closed("no answer to any attempt", by="nobody", at=_now(stores))'
    edit(patch, recall._failed, task, dropped)


@plant(
    "P23",
    "A withdrawal recalls nothing of what was given out.",
    f"{RECEIPTS}::test_a_recipient_holds_a_level_back_until_somebody_answers",
)
def withdrawal_recalls_nothing(patch: pytest.MonkeyPatch) -> None:
    instead(patch, disclosures.showing, "return []")


@plant(
    "P23",
    "A takedown recalls nothing of what was given out.",
    f"{RECEIPTS}::test_a_takedown_demands_back_what_was_given_out",
)
def takedown_recalls_nothing(patch: pytest.MonkeyPatch) -> None:
    instead(patch, disclosures.of_source, "return []")
