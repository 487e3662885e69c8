"""Plants in a catalog that a server keeps: PostgreSQL (P19 to P21, P24, P26, P32)."""

import pytest

from countenance import settings
from countenance.catalog import binding, postgresql
from countenance.erasure import case, receipt
from tests.planted.plant import edit, instead, plant

CATALOG = "tests/integration/catalog/test_postgresql.py"
LIBRARY = "tests/integration/test_postgresql.py"
BYTES = f"{CATALOG}::test_deleted_bytes_are_in_no_file_of_the_server"


@plant(
    "P20",
    "On PostgreSQL, who reads a consent keeps nobody from ending it before its commit.",
    f"{CATALOG}::test_what_a_writer_has_read_holds_until_its_commit",
)
def server_without_the_lock(patch: pytest.MonkeyPatch) -> None:
    edit(patch, postgresql._begin, "pg_advisory_xact_lock", "count")


@plant(
    "P20",
    "On PostgreSQL, a writer that had to wait reads what was before the other's commit.",
    f"{CATALOG}::test_a_writer_that_had_to_wait_reads_what_was_committed_meanwhile",
)
def server_snapshot_before_the_lock(patch: pytest.MonkeyPatch) -> None:
    edit(patch, postgresql._begin, "READ_COMMITTED", "REPEATABLE_READ")


@plant("P21", "Deleted rows stay in the pages of PostgreSQL's tables.", BYTES)
def server_pages_not_rewritten(patch: pytest.MonkeyPatch) -> None:
    edit(patch, postgresql.forget_deleted, "VACUUM (FULL, ANALYZE)", "VACUUM (ANALYZE)")


@plant(
    "P21",
    "References of an earlier pack stay in the pages of PostgreSQL's tables.",
    f"{LIBRARY}::test_what_a_change_of_pack_drops_is_in_no_file_of_the_server",
)
def server_old_references_not_rewritten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(binding, "TABLES", ())


@plant(
    "P21",
    "Of a table that is empty now, PostgreSQL keeps samples of what was in it.",
    f"{CATALOG}::test_of_a_table_that_is_empty_no_sample_is_kept",
)
def server_samples_kept(patch: pytest.MonkeyPatch) -> None:
    instead(patch, postgresql._forget_samples, "return None")


@plant("P21", "Deleted rows stay in PostgreSQL's write-ahead log.", BYTES)
def server_log_not_cut(patch: pytest.MonkeyPatch) -> None:
    instead(patch, postgresql._cut, "return None")


@plant(
    "P24",
    "Of what could not be looked for in a server's files nobody counts how much it was.",
    f"{LIBRARY}::test_where_the_servers_files_cannot_be_read_no_receipt_says_that_bytes_are_gone",
)
def server_files_taken_for_read(patch: pytest.MonkeyPatch) -> None:
    edit(patch, case._find, "Found(len(telling), len(found))", "Found(len(found), len(found))")


@plant(
    "P24",
    "A folder of another server is read, and what is not in it is said to be gone.",
    f"{CATALOG}::test_files_of_another_server_are_not_taken_for_its_own",
)
def server_files_of_another(patch: pytest.MonkeyPatch) -> None:
    edit(patch, postgresql._data_folder, "found == int(number)", "True")


@plant(
    "P24",
    "A receipt says that backups have aged out while replicas of the server have it.",
    f"{LIBRARY}::test_what_the_server_sends_away_counts_as_a_backup",
)
def server_copies_not_counted(patch: pytest.MonkeyPatch) -> None:
    instead(patch, receipt._count_copies_elsewhere, "return None")


@plant(
    "P26",
    "PostgreSQL acknowledges a commit before it is on its disk.",
    f"{CATALOG}::test_a_commit_is_on_the_disk",
)
def server_commit_not_waited_for(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(postgresql._SETTINGS, "synchronous_commit", "off")
    patch.setitem(postgresql._ASKED, "current_setting('synchronous_commit')", "off")


@plant(
    "P32",
    "An address with a password in it is kept in the library's folder, and shown.",
    f"{LIBRARY}::test_no_password_is_taken_where_it_would_be_kept_or_shown",
)
def server_password_kept(patch: pytest.MonkeyPatch) -> None:
    edit(patch, settings._catalog, "text and secret", "False")
