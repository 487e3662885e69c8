"""Plants in withdrawing, and in what is left after it (P19 to P25)."""

import pytest

from countenance.catalog import evidence, people, sqlite
from countenance.erasure import holders, withdraw
from countenance.ingest.writer import Writer
from countenance.vault import keys
from countenance.vault.keys import KeyStore
from tests.planted.plant import edit, instead, plant

BYTES = "tests/integration/catalog/test_database.py::test_deleted_bytes_are_in_no_file"
CONSENT = "tests/integration/test_consent.py"
HOLDERS = "tests/integration/catalog/test_holders.py"
WALKS = "tests/integration/test_walks.py"


@plant(
    "P19",
    "A withdrawal is recorded only after the files were cleaned of what it ends.",
    f"{WALKS}::test_a_withdrawal_holds_though_the_deleted_bytes_cannot_leave_yet",
)
def withdrawal_waits_for_the_cleaning(patch: pytest.MonkeyPatch) -> None:
    body = """
        stores.database.forget_deleted_bytes()
        return original(who, what, actor=actor, stores=stores)
    """
    instead(patch, withdraw.withdraw, body)


@plant(
    "P20",
    "The writer believes the gallery in its memory, and reads no consent before it stores.",
    f"{WALKS}::test_a_withdrawal_between_the_stage_and_the_commit_is_heeded",
    f"{WALKS}::test_a_consent_that_expires_in_the_middle_of_an_ingest_is_heeded",
)
def stale_gallery(patch: pytest.MonkeyPatch) -> None:
    asked = "named - admitted(consents, purposes=RECOGNISING, at=self.stores.now(tx)).keys()"
    edit(patch, Writer._sightings, asked, "False")


@plant(
    "P20",
    "A transaction that reads a consent keeps nobody from ending it before its commit.",
    "tests/integration/catalog/test_database.py"
    "::test_what_a_writer_has_read_holds_until_its_commit",
)
def writer_without_the_lock(patch: pytest.MonkeyPatch) -> None:
    edit(patch, sqlite._begin, '"IMMEDIATE"', '"DEFERRED"')


@plant("P21", "Deleted rows stay in the pages of the database.", BYTES)
def secure_delete_off(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(sqlite._PRAGMAS, "secure_delete", ("OFF", 0))


@plant("P21", "Deleted rows stay in the write-ahead log.", BYTES)
def write_ahead_log_not_emptied(patch: pytest.MonkeyPatch) -> None:
    instead(patch, sqlite.empty_write_ahead_log, "return None")


@plant(
    "P21",
    "The key of who left is kept.",
    f"{WALKS}::test_no_reference_is_left_without_a_consent",
    HOLDERS,
)
def key_not_destroyed(patch: pytest.MonkeyPatch) -> None:
    instead(patch, KeyStore.destroy, "return None")


@plant(
    "P21",
    "The file of a key loses its name, and its bytes stay where they were.",
    "tests/integration/vault/test_keys.py::test_a_destroyed_key_leaves_no_bytes_in_a_hard_link",
)
def key_bytes_left(patch: pytest.MonkeyPatch) -> None:
    instead(patch, keys._overwrite, "return None")


@plant("P21", "The name of who left stays in their row.", HOLDERS)
def name_left(patch: pytest.MonkeyPatch) -> None:
    edit(patch, people.erase, 'name="",', "")


@plant("P21", "The age band and the record of who left stay in their row.", HOLDERS)
def record_left(patch: pytest.MonkeyPatch) -> None:
    edit(patch, people.erase, 'record="",', "")


@plant(
    "P21",
    "Evidence stays when the person who gave it leaves.",
    f"{CONSENT}::test_evidence_goes_with_the_key",
    HOLDERS,
)
def evidence_left(patch: pytest.MonkeyPatch) -> None:
    instead(patch, evidence.release, "return []")


@plant(
    "P21",
    "The names of guardians stay.",
    HOLDERS,
    f"{CONSENT}::test_a_withdrawal_takes_the_names_of_guardians_along",
)
def guardians_left(patch: pytest.MonkeyPatch) -> None:
    _leave(patch, "guardians")


@plant("P21", "Who left stays on the lists of their class.", HOLDERS)
def rosters_left(patch: pytest.MonkeyPatch) -> None:
    _leave(patch, "roster-entries")


@plant("P21", "The link to who left stays.", HOLDERS)
def links_left(patch: pytest.MonkeyPatch) -> None:
    _leave(patch, "links")


@plant("P21", "Who had objected stays in their objection.", HOLDERS)
def objections_left(patch: pytest.MonkeyPatch) -> None:
    _leave(patch, "objections")


# --------------------------------------------------------------------------------------------


def _leave(patch: pytest.MonkeyPatch, which: str) -> None:
    """The holder of this name is passed over."""
    body = f"return [] if self.name == {which!r} else original(self, tx, case)"
    instead(patch, holders.RowsHolder.purge, body)
