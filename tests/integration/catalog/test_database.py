"""The database: how every connection is set up, its form, and its errors in our words."""

import random
import resource
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.exc import SQLAlchemyError

import countenance.catalog
from countenance.catalog import migrate, postgresql, sqlite
from countenance.catalog.database import NEWEST_REVISION, Database
from countenance.catalog.tables import face, library, metadata, person
from countenance.core.ids import new_id
from countenance.errors import Error, Interrupted, NoLibrary, Unavailable, VerificationError
from countenance.library import Library
from tests.fakes import migrated
from tests.fakes.clock import START
from tests.fakes.postgres import differences, same_database

MIGRATIONS = Path(countenance.catalog.__path__[0]) / "migrations"


# --- connections ----------------------------------------------------------------------------


@pytest.mark.sqlite("its pragmas")
@pytest.mark.promise("P21")
@pytest.mark.promise("P26")
def test_every_connection_is_set_up(database: Database) -> None:
    """Also a second one beside the first, a second thread's, and one after the log was emptied."""
    expected = {name: value for name, (_, value) in sqlite._PRAGMAS.items()}
    seen: list[dict[str, object]] = []

    def look() -> None:
        with database.read() as first, database.read() as second:
            seen.extend([_pragmas(first), _pragmas(second)])

    look()
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    database.forget_deleted_bytes()
    look()
    assert seen == [expected] * 6
    assert expected["secure_delete"] == expected["foreign_keys"] == 1
    assert (expected["journal_mode"], expected["synchronous"]) == ("wal", 2)  # power loss


@pytest.mark.promise("P21")
@pytest.mark.parametrize("name", ["secure_delete", "foreign_keys", "journal_mode"])
def test_a_sqlite_that_does_not_obey_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A build that accepts a setting and does not follow it is found out at once."""
    monkeypatch.setitem(sqlite._PRAGMAS, name, (sqlite._PRAGMAS[name][0], "another"))
    database = Database.at(tmp_path / "catalog.db")
    with pytest.raises(Unavailable, match=f"{name} is .*, and must be 'another'"):
        database.revision()
    database.close()


def test_a_write_is_undone_if_its_block_raises(database: Database) -> None:
    """An error of ours, or of anybody, leaves nothing of the transaction."""
    with pytest.raises(Interrupted):
        _write_people(database, ["Ada"], then=Interrupted("stopped"))
    with database.read() as tx:
        assert tx.execute(select(person)).all() == []


def test_a_reader_sees_one_state_throughout(database: Database) -> None:
    """What is written meanwhile is seen by the next reading transaction only."""
    with database.read() as tx:
        assert tx.execute(select(person.c.name)).all() == []
        with database.write() as other:
            _add_person(other, "Ada")
        assert tx.execute(select(person.c.name)).all() == []
    with database.read() as tx:
        assert len(tx.execute(select(person.c.name)).all()) == 1


@pytest.mark.promise("P20")
@pytest.mark.parametrize("emptied", [False, True])
def test_what_a_writer_has_read_holds_until_its_commit(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, emptied: bool
) -> None:
    """A writing transaction that has only read yet keeps every other writer out."""
    if emptied:
        database.forget_deleted_bytes()
    monkeypatch.setitem(sqlite._PRAGMAS, "busy_timeout", ("10", 10))
    monkeypatch.setattr(postgresql, "BUSY_MILLISECONDS", 10)
    other = same_database(tmp_path / "catalog.db")
    with database.write() as tx:
        assert tx.execute(select(person)).all() == []
        with pytest.raises(Unavailable, match="locked"), other.write() as late:
            _add_person(late, "Ada")
    with other.write() as tx:
        _add_person(tx, "Bo")
    other.close()


# --- form -----------------------------------------------------------------------------------


def test_the_migrations_make_the_tables(database: Database) -> None:
    """What the migrations build is what `tables.py` says, in every detail that can be compared."""
    with database.read() as tx:
        assert differences(tx) == []
        assert database.revision() == NEWEST_REVISION


def test_the_catalogs_of_the_tests_are_what_the_migrations_make(tmp_path: Path) -> None:
    """Tests repeat what the migrations made once: every table, index and row is the same."""
    told = []
    for name, upgrade in (("run", migrated.really), ("repeated", migrate.upgrade)):
        one = Database.at(tmp_path / name)
        with one.write() as tx:
            upgrade(tx)
            driver: Any = tx.connection.driver_connection
            lines = "\n".join(driver.iterdump()).split("\n")
            # In which order a table's constraints come, where it is made anew, is not said.
            told.append(sorted(line.strip("\t (),;") for line in lines))
        one.close()
    assert told[0] == told[1]
    assert migrate.upgrade is not migrated.really


def test_the_newest_revision_is_the_newest_file() -> None:
    """A migration that is added is known to the program, which else would not run it."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [NEWEST_REVISION]


def test_every_table_says_what_it_holds_of_people() -> None:
    """The comment of each table says whether there is personal data in it, and what."""
    assert [name for name, table in metadata.tables.items() if not table.comment] == []


def test_making_a_library_is_all_or_nothing(tmp_path: Path) -> None:
    """A file that was begun and has no tables yet is no library, and can be made one."""
    Database.at(tmp_path / "catalog.db").close()
    (tmp_path / "catalog.db").touch()
    with pytest.raises(NoLibrary, match="the catalog is empty"):
        Library.open(tmp_path)
    Library.init(tmp_path).close()
    Library.open(tmp_path).close()


@pytest.mark.sqlite("the bytes of the file")
def test_a_newer_catalog_is_left_alone(database: Database, tmp_path: Path) -> None:
    """A library that a later program made is neither read nor changed by this one."""
    with database.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = (tmp_path / "catalog.db").read_bytes()
    with pytest.raises(Unavailable, match="9999"):
        Library.open(tmp_path)
    assert (tmp_path / "catalog.db").read_bytes() == before


def test_foreign_keys_are_kept(database: Database) -> None:
    """A face without its photo cannot be stored."""
    row = {"id": new_id("f"), "photo_id": new_id("i"), "points": []}
    with pytest.raises(Unavailable, match=r"(?i)foreign key"), database.write() as tx:
        tx.execute(insert(face).values(x1=0, y1=0, x2=1, y2=1, **row))


# --- bytes ----------------------------------------------------------------------------------


@pytest.mark.sqlite("its secure_delete")
@pytest.mark.promise("P21")
@pytest.mark.parametrize("length", [20, 200, 60_000])
@pytest.mark.parametrize("how", ["deleted", "overwritten"])
def test_deleted_bytes_are_in_no_file(
    database: Database, tmp_path: Path, length: int, how: str
) -> None:
    """The scan finds the bytes of a row before, and neither in the database nor its log after."""
    needle = b"needle-in-the-haystack"
    text_of_row = (needle * (length // len(needle) + 1)).decode()
    with database.write() as tx:
        for number in range(20):  # neighbours that stay, so that pages are not simply dropped
            _add_person(tx, f"neighbour {number}" * 20)
        which = _add_person(tx, text_of_row)
    assert _files_with(tmp_path, needle) != []
    with database.write() as tx:
        if how == "deleted":
            tx.execute(delete(person).where(person.c.id == which))
        else:
            tx.execute(update(person).where(person.c.id == which).values(name=""))
    assert _files_with(tmp_path, needle) != []  # so there is something to be forgotten
    database.forget_deleted_bytes()
    assert _files_with(tmp_path, needle) == []


@pytest.mark.promise("P21")
def test_a_rewrite_takes_the_copies_that_moved_rows_leave(tmp_path: Path) -> None:
    """SQLite leaves some where pages are split and joined, whatever `secure_delete` says."""
    chance = random.Random(2)  # noqa: S311  not for secrets
    for turn in range(60):
        path = tmp_path / str(turn)
        database = Database.at(path)
        gone = _come_and_go(database, chance)
        database.forget_deleted_bytes()
        left = _left_in(path, gone)
        database.rewrite()
        assert _left_in(path, gone) == 0
        assert database.damage() == ()
        database.close()
        if left:
            return
    pytest.skip("this build of SQLite leaves none: there is nothing to take away")


@pytest.mark.sqlite("its write-ahead log")
@pytest.mark.promise("P21")
def test_it_is_told_when_deleted_bytes_cannot_leave(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that reads an old state keeps the log alive, and nobody is told otherwise."""
    monkeypatch.setitem(sqlite._PRAGMAS, "busy_timeout", ("10", 10))
    impatient = Database.at(tmp_path / "catalog.db")
    with database.read() as tx:
        tx.execute(select(person)).all()
        with impatient.write() as other:
            _add_person(other, "Ada")
        with pytest.raises(Unavailable, match="write-ahead log"):
            impatient.forget_deleted_bytes()
    impatient.forget_deleted_bytes()
    impatient.close()


# --- errors ---------------------------------------------------------------------------------


@pytest.mark.promise("P27")
def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    """Bytes of something else in the catalog's place are an error of ours, and stay as they are."""
    damaged = tmp_path / "catalog.db"
    damaged.write_bytes(b"this is no database" * 500)
    with pytest.raises(VerificationError, match=r"catalog\.db: file is not a database") as caught:
        Library.open(tmp_path)
    assert "countenance restore" in caught.value.hint
    assert damaged.read_bytes() == b"this is no database" * 500


@pytest.mark.sqlite("a page of the file")
@pytest.mark.promise("P27")
def test_a_damaged_page_is_named(database: Database, tmp_path: Path) -> None:
    """Where pages are overwritten, reading them is an error of ours and no answer."""
    _write_people(database, [f"person {number}" * 10 for number in range(500)])
    database.forget_deleted_bytes()
    database.close()
    path = tmp_path / "catalog.db"
    data = bytearray(path.read_bytes())
    data[8192:] = b"\xa5" * (len(data) - 8192)
    path.write_bytes(data)
    damaged = Database.at(path)
    with pytest.raises(Error, match=r"catalog\.db: .*malformed") as caught, damaged.read() as tx:
        tx.execute(select(person)).all()
    assert _cause_is_translated(caught.value)
    damaged.close()


def test_a_folder_that_is_not_there_is_an_error_of_ours(tmp_path: Path) -> None:
    """A catalog in a folder that was unmounted is unavailable."""
    database = Database.at(tmp_path / "gone" / "catalog.db")
    with pytest.raises(Unavailable, match="unable to open") as caught:
        database.revision()
    assert _cause_is_translated(caught.value)


@pytest.mark.sqlite("its file grows no more")
@pytest.mark.promise("P28")
def test_a_full_disk_refuses_the_write_and_keeps_what_was_there(
    database: Database, tmp_path: Path
) -> None:
    """Where no file may grow any more, the transaction is undone, and the catalog works on."""
    with database.write() as tx:
        _add_person(tx, "Ada")
    database.forget_deleted_bytes()
    largest = max(path.stat().st_size for path in tmp_path.iterdir())
    crowd = [f"person {number}" * 10 for number in range(5000)]
    with (
        pytest.raises(Unavailable, match="the catalog: ") as caught,
        _no_file_grows_beyond(largest),
    ):
        _write_people(database, crowd)
    assert _cause_is_translated(caught.value)
    with database.write() as tx:
        assert list(tx.execute(select(person.c.name)).scalars()) == ["Ada"]
        _add_person(tx, "Bo")
    assert _check(tmp_path) == "ok"


@pytest.mark.sqlite("its words")
def test_a_second_row_of_the_library_is_an_error_of_ours(database: Database) -> None:
    """A constraint that is broken is told in the driver's first line, without the values."""
    secret = new_id("l")
    row = {"id": secret, "created_at": START, "gallery_version": 0}
    with pytest.raises(Unavailable) as caught, database.write() as tx:
        tx.execute(insert(library), [row, row])
    assert str(caught.value) == "the catalog: UNIQUE constraint failed: library.id"
    assert secret not in str(caught.value)


def test_a_mistake_in_a_query_is_an_error_of_ours(database: Database) -> None:
    """What SQLAlchemy itself objects to does not leave as its own exception either."""
    with pytest.raises(Error, match="the catalog: ") as caught, database.read() as tx:
        tx.execute(select(person).join(library))
    assert _cause_is_translated(caught.value)


@pytest.mark.promise("P27")
def test_a_row_that_must_be_there_and_is_not_is_damage(database: Database) -> None:
    """A page of the file that was replaced by another leaves such tables."""
    missing = pytest.raises(VerificationError, match="a row that is always there")
    with missing as caught, database.read() as tx:
        tx.execute(select(person)).scalar_one()
    assert _cause_is_translated(caught.value)


# --------------------------------------------------------------------------------------------


def _pragmas(tx: Connection) -> dict[str, object]:
    return {name: tx.execute(text(f"PRAGMA {name}")).scalar() for name in sqlite._PRAGMAS}


def _add_person(tx: Connection, name: str) -> str:
    which = new_id("p")
    tx.execute(insert(person).values(id=which, name=name, enrolled_at=START))
    return which


def _write_people(
    database: Database, names: Sequence[str], *, then: Exception | None = None
) -> None:
    """All of them in one transaction, which `then` ends."""
    with database.write() as tx:
        for name in names:
            _add_person(tx, name)
        if then:
            raise then


def _files_with(folder: Path, needle: bytes) -> list[str]:
    return [path.name for path in sorted(folder.iterdir()) if needle in path.read_bytes()]


def _cause_is_translated(error: Error) -> bool:
    """It was raised from the library's or the driver's own, whose statement it does not repeat."""
    assert isinstance(error.__cause__, SQLAlchemyError | sqlite3.Error)
    return "SELECT" not in str(error) and "INSERT" not in str(error)


@contextmanager
def _no_file_grows_beyond(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _check(folder: Path) -> str:
    connection = sqlite3.connect(folder / "catalog.db")
    try:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        connection.close()


def _come_and_go(database: Database, chance: random.Random) -> list[bytes]:
    """Insert, change and delete rows of all sizes. Gives what is there no more."""
    there: dict[int, bytes] = {}
    gone: list[bytes] = []
    with database.write() as tx:
        tx.execute(text("CREATE TABLE made (id TEXT PRIMARY KEY, sealed BLOB)"))
        for number in range(300):
            data = chance.randbytes(chance.choice([40, 120, 400, 900, 2100]))
            which = chance.choice(list(there)) if there and chance.random() < 0.55 else number
            if which in there:
                gone.append(there.pop(which))
                tx.execute(text("DELETE FROM made WHERE id = :id"), {"id": f"{which:x}" * 8})
            if which == number or chance.random() < 0.3:
                there[which] = data
                row = {"id": f"{which:x}" * 8, "sealed": data}
                tx.execute(text("INSERT INTO made VALUES (:id, :sealed)"), row)
    return gone


def _left_in(path: Path, gone: list[bytes]) -> int:
    data = path.read_bytes()
    return sum(any(one[at : at + 16] in data for at in range(0, len(one) - 16, 16)) for one in gone)
