"""Plants in the audit log (P30 to P33)."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection

from countenance.audit import verify
from countenance.audit.entry import Act, Entry
from countenance.catalog import checkpoints, log, people
from countenance.catalog.database import Database
from tests.planted.plant import edit, instead, plant

AUDIT = "tests/integration/test_audit.py"
WALKS = "tests/integration/test_walks.py"


@plant("P30", "Withdrawals are not logged.", f"{AUDIT}::test_a_log_that_nobody_touched_is_sound")
def act_without_an_entry(patch: pytest.MonkeyPatch) -> None:
    body = """
        return size(tx) if act.act is Act.WITHDRAWN else original(tx, act)
    """
    instead(patch, log.record, body)


@plant(
    "P30",
    "Entries are written in a transaction of their own, whether the act happened or not.",
    f"{AUDIT}::test_an_act_that_is_undone_leaves_no_entry",
)
def entry_in_another_transaction(patch: pytest.MonkeyPatch) -> None:
    waiting: list[Entry] = []
    write = Database.write
    body = """
        if act.act is Act.ERASED:  # a receipt is issued over the entry itself
            return original(tx, act)
        waiting.append(act)
        return size(tx) + len(waiting) - 1
    """
    patch.setitem(vars(log), "waiting", waiting)
    instead(patch, log.record, body)
    record = vars(log)["original"]

    @contextmanager
    def apart(database: Database) -> Iterator[Connection]:
        try:
            with write(database) as connection:
                yield connection
        finally:
            with write(database) as connection:
                while waiting:
                    record(connection, waiting.pop(0))

    patch.setattr(Database, "write", apart)


@plant(
    "P30",
    "An erasure rewrites what the log says of the person.",
    f"{AUDIT}::test_a_log_that_nobody_touched_is_sound",
)
def erasure_rewrites_the_log(patch: pytest.MonkeyPatch) -> None:
    body = """
        from countenance.catalog.tables import entry
        original(tx, which)
        theirs = update(entry).where(entry.c.payload.contains(which))
        tx.execute(theirs.values(payload=func.replace(entry.c.payload, which, "p_gone")))
    """
    instead(patch, people.erase, body)


@plant(
    "P31",
    "A log that does not go on from what was signed before is signed all the same.",
    f"{AUDIT}::test_what_does_not_go_on_from_the_last_checkpoint_is_not_signed",
)
def fork_signed(patch: pytest.MonkeyPatch) -> None:
    checked = "merkle.verify_consistency(last.size, size, last.root, now.root, proof)"
    edit(patch, checkpoints.sign, checked, "pass")


@plant(
    "P31",
    "The verification does not compare what an entry says with its hash.",
    f"{AUDIT}::test_what_was_altered_is_named",
)
def altered_entry_unseen(patch: pytest.MonkeyPatch) -> None:
    compared = "salted(leaf.payload, leaf.salt, leaf.index) != leaf.hashes[:HASH_BYTES]"
    edit(patch, verify._Walk._is_as_logged, compared, "False")


@plant(
    "P31",
    "The verification does not compare the log with what was signed.",
    f"{AUDIT}::test_a_history_that_was_written_anew_is_found",
)
def checkpoints_not_compared(patch: pytest.MonkeyPatch) -> None:
    edit(patch, verify._compare, "found != checkpoint.root", "False")


@plant(
    "P33",
    "Who was looked for by a picture is not told.",
    f"{AUDIT}::test_a_person_can_read_who_looked_for_them",
)
def looked_for_not_shown(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(log, "LOOKING", frozenset({Act.FOUND}))
