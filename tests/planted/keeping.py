"""Plants in what is kept, and what is not lost (P26 to P29)."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident

import pytest
from sqlalchemy import Connection

from countenance.catalog import items, sqlite
from countenance.catalog.database import Database
from countenance.catalog.presence import Presence
from countenance.ingest import run
from countenance.library.opened import Opened
from countenance.vault import blobs, files, imprint, keys, reserve
from tests.planted.plant import edit, instead, plant

BLOBS = "tests/integration/vault/test_blobs.py"
CORRUPTION = "tests/integration/test_corruption.py"
IMPRINT = "tests/unit/vault/test_imprint.py"
KEYS = "tests/integration/vault/test_keys.py"
PRESENCE = "tests/integration/catalog/test_presence.py"
WALKS = "tests/integration/test_walks.py"


@plant(
    "P26",
    "An act is acknowledged before its transaction is committed.",
    "tests/integration/test_acknowledged.py",
)
def acknowledged_before_the_commit(patch: pytest.MonkeyPatch) -> None:
    """The program itself reads what it has not committed, and so notices nothing."""
    pending: dict[Database, Connection] = {}
    writer = get_ident()  # workers read, and see what is committed
    read, close = Database.read, Database.close

    def settle(database: Database) -> None:
        if (connection := pending.pop(database, None)) is not None:
            connection.commit()
            connection.close()

    @contextmanager
    def late(database: Database) -> Iterator[Connection]:
        settle(database)
        with database._open_for_change():
            connection = database._engine.connect().execution_options(countenance_writes=True)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        pending[database] = connection

    @contextmanager
    def unsettled(database: Database) -> Iterator[Connection]:
        if database in pending and get_ident() == writer:
            yield pending[database]
        else:
            with read(database) as connection:
                yield connection

    def settle_and_close(database: Database) -> None:
        settle(database)
        close(database)

    patch.setattr(Database, "write", late)
    patch.setattr(Database, "read", unsettled)
    patch.setattr(Database, "close", settle_and_close)
    patch.setattr(Database, "forget_deleted_bytes", lambda *_: None)


@plant(
    "P26",
    "A commit returns before its bytes are on the disk.",
    "tests/integration/catalog/test_database.py::test_every_connection_is_set_up",
)
def commits_not_synced(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(sqlite._PRAGMAS, "synchronous", ("OFF", 0))


@plant(
    "P26",
    "A durable file is not waited for.",
    f"{BLOBS}::test_a_durable_write_syncs_bytes_and_names",
    f"{KEYS}::test_a_key_is_synced_before_its_id_is_told",
)
def files_not_synced(patch: pytest.MonkeyPatch) -> None:
    edit(patch, files.write_file, "os.fsync(descriptor)", "pass")


@plant(
    "P27",
    "A file of the vault is served as it is, damaged or not.",
    f"{BLOBS}::test_a_damaged_file_is_named_never_served",
)
def damaged_file_served(patch: pytest.MonkeyPatch) -> None:
    edit(patch, blobs.BlobStore.read, "digest(data) != expected", "False")


@plant(
    "P27",
    "A damaged key is used for what it is by now.",
    f"{KEYS}::test_a_damaged_key_is_named",
    f"{KEYS}::test_a_key_under_another_name_is_not_taken_for_it",
)
def damaged_key_used(patch: pytest.MonkeyPatch) -> None:
    edit(patch, keys._plain_key, " or checksum != _checksum(body + key_id.encode())", "")
    body = """
        try:
            return original(key_id, data, library_key)
        except VerificationError:
            return data[-KEY_BYTES:]
    """
    instead(patch, keys._unwrap, body)


@plant(
    "P27",
    "The catalog is not compared with its imprint.",
    f"{PRESENCE}::test_a_value_that_is_another_is_named_with_its_place",
    f"{CORRUPTION}::test_flipped_bits_are_no_bug",
)
def imprint_not_compared(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Presence._compared, "if written != now:", "if False:")


@plant(
    "P27",
    "Of all that is read at once the imprint holds the first part alone.",
    f"{IMPRINT}::test_a_file_that_is_read_in_several_steps_shows_too",
)
def imprint_of_first_parts(patch: pytest.MonkeyPatch) -> None:
    edit(patch, imprint._tags, "range(0, filled, PART_BYTES)", "(0,)")


@plant(
    "P27",
    "Of a large catalog the log is believed to name all that was written, though it was moved.",
    f"{PRESENCE}::test_where_the_log_does_not_tell_all_the_whole_is_read",
)
def log_believed_to_tell_all(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Presence._written, "_time_of(self._catalog) != shared.at", "False")


@plant(
    "P27",
    "Whoever closes a large catalog vouches for what rotted while it was open.",
    f"{PRESENCE}::test_what_rots_while_it_is_open_is_found_when_it_is_opened_next",
)
def rot_vouched_for(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Presence._leave, "written is None", "True")


@plant(
    "P27",
    "The imprint stays while the catalog changes: what a crash leaves is taken for damage.",
    f"{PRESENCE}::test_before_a_change_it_is_gone_for_good",
)
def imprint_outlives_a_change(patch: pytest.MonkeyPatch) -> None:
    instead(patch, Presence._remove_imprint, "return None")


@plant(
    "P27",
    "After a crash the catalog is opened unseen.",
    f"{PRESENCE}::test_without_an_imprint_the_database_is_asked",
)
def crashed_catalog_unseen(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Presence._enter, "check() if", "'' if")


@plant(
    "P27",
    "Whoever looks at a damaged catalog vouches for it to those who come meanwhile.",
    f"{PRESENCE}::test_nobody_who_looks_at_damage_vouches_for_it",
)
def damage_vouched_for(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch, Presence._enter, "fcntl.LOCK_UN if shared.wrong else fcntl.LOCK_SH", "fcntl.LOCK_SH"
    )


@plant(
    "P28",
    "With the disk full no key can be destroyed.",
    f"{KEYS}::test_a_key_is_destroyed_on_a_full_disk",
)
def full_disk_keeps_keys(patch: pytest.MonkeyPatch) -> None:
    edit(patch, keys.KeyStore.destroy, "with suppress(OSError):", "with suppress():")


@plant(
    "P28",
    "Half a file stays where the disk was full.",
    f"{BLOBS}::test_nothing_half_stays_on_a_full_disk",
    f"{KEYS}::test_no_half_key_stays_on_a_full_disk",
)
def half_files_left(patch: pytest.MonkeyPatch) -> None:
    edit(patch, files.write_file, "path.unlink(missing_ok=True)", "pass")


@plant(
    "P29",
    "What a run that died had taken is never taken up again.",
    f"{WALKS}::test_what_a_run_that_died_had_taken_is_taken_up_again",
)
def photo_forgotten_after_a_kill(patch: pytest.MonkeyPatch) -> None:
    instead(patch, items.take_back, "return None")


@plant(
    "P29",
    "Bytes that were worked on before are worked on again.",
    f"{WALKS}::test_a_moved_file_is_known_again",
)
def photo_worked_on_twice(patch: pytest.MonkeyPatch) -> None:
    instead(patch, run._known, "return set()")


@plant(
    "P29",
    "Giving work back puts what is done already on the list again.",
    "tests/integration/catalog/test_items.py::test_what_is_given_back_was_not_tried",
)
def done_work_given_back(patch: pytest.MonkeyPatch) -> None:
    edit(patch, items.release, "item.c.state == ItemState.WORKING,", "")


@plant(
    "P28",
    "The reserve is never spent.",
    "tests/integration/vault/test_reserve.py::test_it_is_given_up_once",
    "tests/integration/test_full_disk.py::test_a_withdrawal_works_on_a_full_disk",
)
def reserve_never_spent(patch: pytest.MonkeyPatch) -> None:
    instead(patch, reserve.Reserve.spend, "return False")


@plant(
    "P28",
    "On a full disk nobody thinks of the reserve.",
    "tests/integration/vault/test_reserve.py::test_what_finds_no_room_is_done_with_the_reserve",
    "tests/integration/test_full_disk.py::test_a_withdrawal_works_on_a_full_disk",
)
def reserve_not_thought_of(patch: pytest.MonkeyPatch) -> None:
    instead(patch, Opened._whatever_the_room, "return act()")


@plant(
    "P28",
    "New work is taken on though the disk is nearly full.",
    "tests/integration/vault/test_reserve.py::test_no_new_work_on_a_disk_that_is_nearly_full",
)
def work_on_a_full_disk(patch: pytest.MonkeyPatch) -> None:
    instead(patch, reserve.require_room, "return None")


@plant(
    "P5",
    "The library key is the same everywhere: whoever has the other keys needs none.",
    f"{KEYS}::test_a_key_file_alone_opens_nothing",
)
def library_key_not_needed(patch: pytest.MonkeyPatch) -> None:
    instead(patch, keys.LibraryKey.read, "return bytes(KEY_BYTES)")
    edit(patch, keys.LibraryKey.create, "secrets.token_bytes(KEY_BYTES)", "bytes(KEY_BYTES)")
