"""The log's rows: what a library of before the tree becomes, and how much an append reads."""

from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import event, text, update

import countenance.catalog
from countenance.audit.entry import Act, Entry
from countenance.audit.note import VerifierKey
from countenance.audit.verify import verify
from countenance.catalog import log
from countenance.catalog.database import Database
from countenance.catalog.tables import entry
from countenance.errors import VerificationError
from countenance.vault.signing import SigningKey
from tests.fakes.clock import START
from tests.fakes.postgres import new_database

MIGRATIONS = Path(countenance.catalog.__path__[0]) / "migrations"
KEY = VerifierKey("countenance/l_0123456789abcdef", SigningKey(bytes(32)).public)
OLD = (
    "INSERT INTO entry (act, at, actor, purpose, subjects, rests_on) VALUES "
    "('person.enrolled', '2026-05-01 12:00:00.000005', 'tester', '', '[\"p_1\"]', '[\"n_1\"]'), "
    "('person.found', '2026-05-01 11:00:00', 'Åsa', 'find-me', '[\"p_1\"]', '[\"n_1\"]'), "
    "('search.refused', '2026-05-02 12:00:00', 'tester', 'find-me', '[]', '[]')"
)


def test_the_log_of_a_library_of_before_becomes_a_tree(tmp_path: Path) -> None:
    """What it said is kept, but for a time that ran back; it verifies, and is added to."""
    database = new_database(tmp_path / "catalog.db", tables=False)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.write() as tx:
        config.attributes["connection"] = tx
        command.upgrade(config, "0001")
        tx.execute(text(OLD))
    database.migrate()
    first = START + timedelta(microseconds=5)
    with database.write() as tx:
        assert log.entries(tx) == [
            Entry(Act.ENROLLED, first, "tester", "", ("p_1",), ("n_1",)),
            Entry(Act.FOUND, first, "Åsa", "find-me", ("p_1",), ("n_1",)),
            Entry(Act.REFUSED, START + timedelta(days=1), "tester", "find-me"),
        ]
        assert log.record(tx, Entry(Act.REFUSED, START, "tester")) == 3
        assert verify(log.leaves(tx), {}, KEY).findings == ()
    database.close()


def test_an_empty_log_becomes_an_empty_tree(database: Database) -> None:
    """A library in which nothing was done has nothing to verify."""
    with database.read() as tx:
        assert (log.size(tx), log.entries(tx), log.tail(tx, 10)) == (0, [], [])
        assert verify(log.leaves(tx), {}, KEY).size == 0


@pytest.mark.parametrize("size", [64, 255])
def test_an_append_reads_no_more_than_the_nodes_it_joins(database: Database, size: int) -> None:
    """As many rows as the index has ones at its end: none after 64 entries, eight after 255."""
    with database.write() as tx:
        for _ in range(size):
            log.record(tx, Entry(Act.REFUSED, START, "tester"))
        read: list[str] = []
        event.listen(
            tx, "before_cursor_execute", lambda _c, _u, statement, *_: read.append(statement)
        )
        log.record(tx, Entry(Act.REFUSED, START, "tester"))
    joined = [one for one in read if one.startswith("SELECT entry.hashes")]
    assert len(joined) == {64: 0, 255: 8}[size]


@pytest.mark.parametrize(
    ("before", "count"), [(0, 1), (0, 300), (1, 2), (7, 9), (255, 5), (64, 64)]
)
@pytest.mark.promise("P30")
def test_many_entries_at_once_are_the_log_of_one_after_another(
    database: Database, before: int, count: int
) -> None:
    """They stand in their order behind what was there, and the whole verifies."""
    acts = [
        Entry(Act.FOUND, START + timedelta(seconds=number), "tester", "find-me", (f"p_{number}",))
        for number in range(before + count)
    ]
    with database.write() as tx:
        for number, act in enumerate(acts[:before]):
            assert log.record(tx, act) == number
        assert log.record_all(tx, acts[before:]) == before
        assert log.record_all(tx, []) == log.size(tx) == before + count
    with database.read() as tx:
        assert log.entries(tx) == acts
        assert verify(log.leaves(tx), {}, KEY).findings == ()


def test_of_many_entries_none_is_earlier_than_the_one_before(database: Database) -> None:
    """Each takes the time of the latest, in what was there and among themselves."""
    minutes = [timedelta(minutes=number) for number in (5, 3, 9, 8)]
    with database.write() as tx:
        log.record(tx, Entry(Act.REFUSED, START + minutes[0], "tester"))
        log.record_all(tx, [Entry(Act.REFUSED, START + one, "tester") for one in minutes[1:]])
        found = [one.at - START for one in log.entries(tx)]
    assert found == [minutes[0], minutes[0], minutes[2], minutes[2]]


def test_many_entries_are_inserted_at_once(database: Database) -> None:
    """As many statements for two hundred entries as for two."""
    statements: list[str] = []
    with database.write() as tx:
        log.record(tx, Entry(Act.REFUSED, START, "tester"))
        event.listen(
            tx, "before_cursor_execute", lambda _c, _u, statement, *_: statements.append(statement)
        )
        log.record_all(tx, [Entry(Act.REFUSED, START, "tester")] * 200)
    assert [one.split()[0] for one in statements] == ["SELECT", "SELECT", "SELECT", "INSERT"]


def test_a_damaged_log_is_not_added_to(database: Database) -> None:
    """Where a node that is joined is missing, none of the entries is written."""
    with database.write() as tx:
        log.record(tx, Entry(Act.REFUSED, START, "tester"))
        tx.execute(update(entry).values(hashes=b"\0"))
        with pytest.raises(VerificationError, match="entry 0 of the log is damaged"):
            log.record_all(tx, [Entry(Act.REFUSED, START, "tester")] * 2)
        assert log.size(tx) == 1


def test_the_entries_of_some_acts_are_read_alone(database: Database) -> None:
    """Those of these acts, all of them and in their order; of no act, none."""
    acts = [Act.ENROLLED, Act.FOUND, Act.WITHDRAWN, Act.ENROLLED, Act.OBJECTED]
    made = [Entry(act, START, "tester", subjects=(f"p_{n}",)) for n, act in enumerate(acts)]
    with database.write() as tx:
        log.record_all(tx, made)
        assert log.of_acts(tx, frozenset({Act.ENROLLED, Act.OBJECTED})) == [
            made[0],
            made[3],
            made[4],
        ]
        assert log.of_acts(tx, frozenset()) == []
        assert log.of_acts(tx, frozenset(Act)) == made
