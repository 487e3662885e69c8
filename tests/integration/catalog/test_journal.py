"""The log and its journal: appended after each commit, by whatever program, and never ahead."""

import threading
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import update

from countenance.audit.entry import Act, Entry
from countenance.audit.verify import Fault, Finding
from countenance.catalog import log, people
from countenance.catalog.database import Database
from countenance.catalog.journal import beside, catch_up, put_back
from countenance.catalog.tables import entry
from countenance.errors import Unavailable, VerificationError
from countenance.vault.journal import Journal
from tests.fakes.clock import START
from tests.fakes.postgres import new_database, same_database


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    (tmp_path / "keys").mkdir()
    return Journal(tmp_path / "keys")


def record(database: Database, count: int = 1) -> None:
    with database.write() as tx:
        for _ in range(count):
            log.record(tx, Entry(Act.FOUND, START, "tester"))


def library(database: Database) -> str:
    with database.read() as tx:
        return people.library_id(tx)


def differences(database: Database, journal: Journal) -> list[Fault]:
    found: list[Finding] = []
    with journal.opened(library(database)) as kept, database.read() as tx:
        for _ in beside(log.leaves(tx), kept, found):
            pass
    return [one.fault for one in found]


@pytest.mark.promise("P22")
def test_what_the_log_has_more_is_appended(database: Database, journal: Journal) -> None:
    """Once, and the journal then has every entry as the log has it."""
    assert catch_up(database, journal) == 0
    record(database, 3)
    assert (catch_up(database, journal), catch_up(database, journal)) == (3, 0)
    record(database)
    assert catch_up(database, journal) == 1
    with database.read() as tx:
        expected = [(one.index, one.payload, one.salt) for one in log.leaves(tx)]
    found = journal.read(library(database))
    assert [(one.index, one.payload, one.salt) for one in found] == expected
    assert differences(database, journal) == []


def test_several_programs_append_one_after_the_other(tmp_path: Path, journal: Journal) -> None:
    """Whoever commits appends what is there, and nothing stands in it twice."""
    first = new_database(tmp_path / "catalog.db")
    first.create("l_7q2m0c4x9v1ksz3d", at=START)

    def work() -> None:
        own = same_database(tmp_path / "catalog.db")
        own.after_each_commit(partial(_catch_up, own, Journal(tmp_path / "keys")))
        for _ in range(10):
            record(own)
        own.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(journal.read(library(first))) == 40
    assert differences(first, journal) == []
    first.close()


@pytest.mark.promise("P22")
def test_a_commit_that_cannot_be_journaled_is_journaled_later(
    database: Database, journal: Journal, tmp_path: Path
) -> None:
    """Where the folder of keys is away the next opening appends; until then it is an error."""
    record(database)
    (tmp_path / "keys").rename(tmp_path / "away")
    with pytest.raises(Unavailable):
        catch_up(database, journal)
    (tmp_path / "away").rename(tmp_path / "keys")
    assert catch_up(database, journal) == 1


@pytest.mark.promise("P22")
def test_a_log_that_does_not_go_on_from_the_journal_is_refused(
    database: Database, journal: Journal
) -> None:
    """Shorter, or another at the last place; an altered entry before it is found by comparing."""
    record(database, 4)
    catch_up(database, journal)
    with database.write() as tx:
        tx.execute(update(entry).where(entry.c.seq == 2).values(payload='{"act":"none"}'))
    assert catch_up(database, journal) == 0
    assert differences(database, journal) == [Fault.JOURNAL]
    with database.write() as tx:
        tx.execute(update(entry).where(entry.c.seq == 4).values(hashes=bytes(96)))
    with pytest.raises(VerificationError, match="entry 3 of the log is not the one"):
        catch_up(database, journal)
    with database.write() as tx:
        tx.execute(entry.delete().where(entry.c.seq == 4))
    with pytest.raises(VerificationError, match="older than its journal"):
        catch_up(database, journal)
    assert differences(database, journal) == [Fault.JOURNAL, Fault.JOURNAL]


def test_what_is_redacted_in_the_log_is_redacted_in_the_journal(
    database: Database, journal: Journal
) -> None:
    """With the next entry, also when the one redacted is not in the journal yet."""
    record(database, 3)
    catch_up(database, journal)
    record(database)
    with database.write() as tx:
        for index in (1, 3):
            log.redact(tx, index, actor="tester", at=START)
    assert differences(database, journal) == []
    catch_up(database, journal)
    found = journal.read(library(database))
    assert [one.index for one in found if one.payload is None] == [1, 3]
    assert differences(database, journal) == []
    assert _put_back(database, journal) == []


@pytest.mark.promise("P31")
def test_a__put_back_with_the_hashes_it_had(database: Database, journal: Journal) -> None:
    """The entries that a copy of before lacks, redacted ones too, are the same bytes again."""
    record(database, 9)
    with database.write() as tx:
        log.redact(tx, 7, actor="tester", at=START)
    catch_up(database, journal)
    with database.read() as tx:
        before = list(log.leaves(tx))
    with database.write() as tx:
        tx.execute(entry.delete().where(entry.c.seq > 4))
    assert _put_back(database, journal) == [4, 5, 6, 7, 8, 9]
    with database.read() as tx:
        assert list(log.leaves(tx)) == before
    record(database)
    with pytest.raises(VerificationError, match="the journal has 10 entries"):
        _put_back(database, journal)
    with database.write() as tx:
        tx.execute(entry.delete().where(entry.c.seq == 11))
        tx.execute(update(entry).where(entry.c.seq == 2).values(hashes=bytes(64)))
    with pytest.raises(VerificationError, match="entry 1 of the backup's log"):
        _put_back(database, journal)


# --------------------------------------------------------------------------------------------


def _catch_up(database: Database, journal: Journal) -> None:
    catch_up(database, journal)


def _put_back(database: Database, journal: Journal) -> list[int]:
    """What of the log was missing; there is nothing to put back into the log itself."""
    with database.write() as tx:
        return [index for index, _ in put_back(tx, journal.read(people.library_id(tx)))]
