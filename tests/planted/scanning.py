"""Plants in the scan of raw bytes (P21)."""

import pytest

from countenance.erasure import case
from countenance.library.cases import Cases
from countenance.vault import scan
from tests.planted.plant import edit, instead, plant

CASES = "tests/integration/test_erasure.py"
RECEIPTS = "tests/integration/test_receipts.py"
SCAN = "tests/integration/vault/test_scan.py"


@plant(
    "P21",
    "A file that cannot be read is passed over.",
    f"{SCAN}::test_what_cannot_be_read_is_told",
    f"{SCAN}::test_a_file_that_breaks_off_is_told",
)
def unread_file_passed_over(patch: pytest.MonkeyPatch) -> None:
    told = 'unread.append(Unread(path, error.strerror or "cannot be read"))'
    edit(patch, scan.scan, told, "pass")


@plant(
    "P21",
    "That a file could not be read stands in the way of nothing.",
    f"{RECEIPTS}::test_what_could_not_be_read_keeps_the_case_open",
)
def unread_file_ignored(patch: pytest.MonkeyPatch) -> None:
    edit(patch, case._require_nothing_found, "if seen.unread:", "if False:")


@plant(
    "P21",
    "A needle that lies across two readings of a file is not found.",
    f"{SCAN}::test_a_needle_across_the_border_of_two_chunks_is_found",
)
def needle_cut_by_a_border(patch: pytest.MonkeyPatch) -> None:
    edit(patch, scan._Reading._read, "kept = min(filled, self._overlap)", "kept = 0")


@plant(
    "P21",
    "After the purge the scan looks for nothing.",
    f"{CASES}::test_bytes_that_lie_where_nobody_put_them_are_found",
)
def needles_not_looked_for(patch: pytest.MonkeyPatch) -> None:
    instead(patch, case._needles, "return {}")


@plant(
    "P21",
    "The folder of the keys is not scanned.",
    f"{CASES}::test_bytes_that_lie_where_nobody_put_them_are_found",
)
def keys_not_scanned(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Cases._ground, ", self._settings.keys_dir.resolve()", "")


@plant(
    "P21",
    "That what is to go can be found is taken for granted.",
    f"{RECEIPTS}::test_what_the_scan_did_not_find_before_is_not_claimed",
)
def found_without_looking(patch: pytest.MonkeyPatch) -> None:
    instead(patch, case._look_for, "return pieces, frozenset(pieces)")
