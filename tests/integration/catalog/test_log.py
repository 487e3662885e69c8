"""The log's rows: what a library of before the tree becomes, and how much an append reads."""

from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import event, text

import countenance.catalog
from countenance.audit.entry import Act, Entry
from countenance.audit.note import VerifierKey
from countenance.audit.verify import verify
from countenance.catalog import log
from countenance.catalog.database import Database
from countenance.vault.signing import SigningKey
from tests.fakes.clock import START

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
    database = Database.at(tmp_path / "catalog.db")
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
