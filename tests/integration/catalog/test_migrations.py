"""A library of the first form, with people in it, is brought to the newest form."""

from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from countenance.audit.entry import Act
from countenance.catalog import log, people
from countenance.catalog.database import NEWEST_REVISION, Database
from countenance.people.consent import ConsentState
from countenance.people.notice import load_notice

NOW = datetime(2026, 11, 23, tzinfo=UTC)
AT = "2026-11-01 00:00:00.000000"
UNTIL = "2027-11-01 00:00:00.000000"


@pytest.fixture
def first(tmp_path: Path) -> Database:
    """A catalog at revision 0001, as the first program left it."""
    database = Database.at(tmp_path / "catalog.db")
    with (
        database.write() as tx,
        as_file(files("countenance.catalog") / "migrations") as folder,
    ):
        config = Config()
        config.set_main_option("script_location", str(folder))
        config.attributes["connection"] = tx
        command.upgrade(config, "0001")
        for table, values in _rows(load_notice("en").digest):
            places = ", ".join("?" * len(values))
            tx.exec_driver_sql(f"INSERT INTO {table} VALUES ({places})", values)  # noqa: S608
    return database


def test_people_consents_sightings_and_log_survive(first: Database) -> None:
    """Everybody is there with what they agreed to, and the old entries are leaves of the tree."""
    assert first.revision() == "0001"
    first.migrate()
    assert first.revision() == NEWEST_REVISION
    with first.read() as tx:
        (ada,) = people.list_all(tx)
        assert (ada.id, ada.name, ada.key) == ("p_1", "Ada", "k_1")
        (consent,) = people.consents(tx, people=[ada.id])
        assert consent.state(NOW) is ConsentState.ACTIVE
        assert [entry.act for entry in log.entries(tx)] == [Act.SOURCE_ADDED, Act.ENROLLED]
        assert log.size(tx) == 2
        kept = tx.execute(text("SELECT person_id, band, state FROM sighting")).one()
        assert tuple(kept) == ("p_1", "sure", "candidate")
        assert tx.execute(text("SELECT count(*) FROM notice")).scalar() == 1


def test_a_migrated_log_goes_on(first: Database) -> None:
    """New entries follow the old ones in the same tree."""
    first.migrate()
    with first.write() as tx:
        (last, *_) = reversed(log.entries(tx))
        assert log.record(tx, last) == 2
        assert log.size(tx) == 3


# --------------------------------------------------------------------------------------------------


def _rows(notice: str) -> list[tuple[str, tuple[object, ...]]]:
    """Each table, and the values of a row of it."""
    return [
        ("library", ("l_1", AT, 1)),
        ("collection", ("c_1", "gala", 1, "a ground", 0, AT)),
        ("source", ("d_1", "folder", "/gala", "c_1", AT)),
        ("grant_", ("g_1", "d_1", "the club", '["**"]', '["match"]', AT, UNTIL, None, None)),
        ("photo", ("i_1", "d_1", "a" * 64, 100, 100, "starter", 1, None, AT)),
        ("face", ("f_1", "i_1", 1, 1, 50, 50, "[]")),
        ("person", ("p_1", "Ada", "k_1", AT)),
        ("consent", ("n_1", "p_1", "find-me", "")),
        ("consent_event", ("n_1", 1, "given", AT, "tester", UNTIL, notice, "en", None)),
        ("sighting", ("s_1", "i_1", "f_1", "p_1", "sure", "candidate", AT)),
        ("entry", (1, "source.added", AT, "tester", "", '["d_1"]', '["g_1"]')),
        ("entry", (2, "person.enrolled", AT, "tester", "", '["p_1"]', '["n_1"]')),
    ]
