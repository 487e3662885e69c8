"""Plants in receipts (P24)."""

import pytest

from countenance.audit import receipt, statement
from countenance.erasure import case
from countenance.erasure import receipt as issuing
from tests.planted.plant import edit, instead, plant

CASES = "tests/integration/test_erasure.py"
RECEIPT = "tests/unit/audit/test_receipt.py"
RECEIPTS = "tests/integration/test_receipts.py"
STATEMENT = "tests/unit/audit/test_statement.py"


@plant("P24", "A receipt says that the bytes are gone before a scan has shown it.", STATEMENT)
def receipt_before_the_proof(patch: pytest.MonkeyPatch) -> None:
    proofs = statement._PROOFS
    level = statement.Level.BYTES_GONE
    assert isinstance(proofs, dict)
    patch.setitem(proofs, level, lambda _said, _at: "")


@plant("P24", "A receipt says that the recipients answered while a recall is open.", STATEMENT)
def receipt_before_the_answers(patch: pytest.MonkeyPatch) -> None:
    instead(patch, statement._of_recipients, "return ''")


@plant(
    "P24",
    "A receipt whose statement was changed after it was logged verifies.",
    f"{RECEIPT}::test_a_statement_changed_after_it_was_logged_is_told",
)
def statement_not_the_logged_one(patch: pytest.MonkeyPatch) -> None:
    verify = receipt.verify
    edit(patch, verify, "said.rests_on != (digest(told.statement),)", "False")


@plant(
    "P24",
    "A receipt whose entry is in no log verifies.",
    RECEIPT,
)
def entry_not_looked_for(patch: pytest.MonkeyPatch) -> None:
    instead(patch, receipt._verify_place, "return None")


@plant(
    "P24",
    "A receipt says that a scan found nothing, and there was no scan.",
    f"{CASES}::test_bytes_that_lie_where_nobody_put_them_are_found",
)
def receipt_before_the_scan(patch: pytest.MonkeyPatch) -> None:
    scanned = "_scan(ground, needles)\n    if seen.hits"
    edit(patch, case._prove, scanned, "Scanned((), (), 1, 1)\n    if seen.hits")


@plant(
    "P24",
    "Backups that are still there are left out of a receipt.",
    f"{RECEIPTS}::test_a_backup_of_before_holds_a_level_back_until_it_is_gone",
)
def backups_left_out(patch: pytest.MonkeyPatch) -> None:
    gone = "[one for one in backups.list_all(tx) if one.gone_at is not None]"
    edit(patch, issuing._backups, "backups.list_all(tx)", gone)


@plant(
    "P24",
    "A receipt says nothing of the recalls that are open.",
    f"{RECEIPTS}::test_a_recipient_holds_a_level_back_until_somebody_answers",
)
def recalls_left_out(patch: pytest.MonkeyPatch) -> None:
    open_too = "recalls.of(tx, case.id)"
    edit(patch, issuing._statement, open_too, f"{open_too} if one.ended")


@plant(
    "P24",
    "A receipt names keys as destroyed that are there.",
    f"{RECEIPTS}::test_a_key_that_is_there_is_not_named_as_destroyed",
)
def keys_not_counted(patch: pytest.MonkeyPatch) -> None:
    edit(patch, issuing.settle, " if key not in there", "")


@plant(
    "P24",
    "A receipt is issued for a case that has not come to its proof.",
    f"{RECEIPTS}::test_there_is_no_receipt_before_there_is_proof",
)
def receipt_before_the_end(patch: pytest.MonkeyPatch) -> None:
    edit(patch, issuing.settle, "case.stage in erasures.UNFINISHED", "False")
