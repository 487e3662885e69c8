"""PostgreSQL as the catalog's database: what it has to be, and what it answers as SQLite does."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert, select, text, update

from countenance.catalog import people, postgresql, words
from countenance.catalog.database import NEWEST_REVISION, Database
from countenance.catalog.items import ItemState
from countenance.catalog.tables import collection, item, library, person, photo, source
from countenance.core.ids import PersonId, new_id
from countenance.errors import (
    DiskFull,
    Error,
    Interrupted,
    Locked,
    Unavailable,
    UsageError,
    VerificationError,
)
from tests.fakes.clock import START
from tests.fakes.postgres import differences, is_asked_for, make_server, server

pytestmark = pytest.mark.skipif(
    is_asked_for(), reason="it has its own server, and is run with the tests of SQLite"
)

# --- connections ------------------------------------------------------------------------------


@pytest.fixture
def address() -> Iterator[str]:
    with server().database() as made:
        yield made


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    made = Database.at(address)
    made.create(new_id("l"), at=START)
    yield made
    made.close()


def test_the_migrations_make_the_tables(database: Database) -> None:
    """From the first to the last, they make what `tables.py` says, in one transaction."""
    with database.read() as tx:
        assert differences(tx) == []
    assert database.revision() == NEWEST_REVISION


@pytest.mark.promise("P26")
@pytest.mark.parametrize(
    ("name", "value"), [("fsync", "off"), ("full_page_writes", "off"), ("server_encoding", "X")]
)
def test_a_server_that_is_not_as_it_must_be_is_refused(
    address: str, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """One that may lose what it acknowledged is known when the connection is made."""
    monkeypatch.setitem(postgresql._ASKED, f"current_setting('{name}')", value)
    database = Database.at(address)
    with pytest.raises(Unavailable, match=f"postgresql: {name} is .*, and must be '{value}'"):
        database.revision()
    database.close()


@pytest.mark.promise("P26")
def test_a_commit_is_on_the_disk(database: Database) -> None:
    """Whatever the server's own default is, a commit waits for its disk."""
    server().ask("ALTER ROLE postgres SET synchronous_commit = off")
    try:
        with database.read() as tx:
            tx.connection.invalidate()
        with database.write() as tx:
            assert tx.execute(text("SHOW synchronous_commit")).scalar() == "on"
    finally:
        server().ask("ALTER ROLE postgres RESET synchronous_commit")


def test_a_database_that_orders_texts_by_a_language_is_refused(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else two catalogs of the same rows would answer in two orders."""
    monkeypatch.setattr(postgresql, "_BY_NUMBER", ("C.UTF-8",))
    database = Database.at(address)
    with pytest.raises(Unavailable, match="orders texts as in C, and must by number") as caught:
        database.revision()
    assert "LC_COLLATE 'C'" in caught.value.hint
    database.close()


def test_an_old_server_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest version is the oldest that this was tested with."""
    monkeypatch.setattr(postgresql, "OLDEST", 99)
    database = Database.at(address)
    with pytest.raises(Unavailable, match="99 is the oldest"):
        database.revision()
    database.close()


# --- transactions -----------------------------------------------------------------------------


def test_a_reader_sees_one_state_throughout_and_writes_nothing(database: Database) -> None:
    """What is written meanwhile is seen by the next reading transaction only."""
    with database.read() as tx:
        assert _names(tx) == []
        with database.write() as other:
            _add_person(other, "Ada")
        assert _names(tx) == []
    with database.read() as tx:
        assert _names(tx) == ["Ada"]
    with pytest.raises(Unavailable, match="read-only"), database.read() as tx:
        _add_person(tx, "Bo")


@pytest.mark.promise("P19")
@pytest.mark.promise("P20")
def test_what_a_writer_has_read_holds_until_its_commit(
    address: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writing transaction that has only read yet keeps every other writer out."""
    monkeypatch.setattr(postgresql, "BUSY_MILLISECONDS", 10)
    other = Database.at(address)
    with database.write() as tx:
        assert _names(tx) == []
        with pytest.raises(Unavailable, match="locked"), other.write() as late:
            _add_person(late, "Ada")
    with other.write() as tx:
        _add_person(tx, "Bo")
    other.close()


@pytest.mark.promise("P20")
def test_a_writer_that_had_to_wait_reads_what_was_committed_meanwhile(
    address: str, database: Database
) -> None:
    """Its snapshot is not of before the lock: each of many adds one to what it reads."""

    def work() -> None:
        own = Database.at(address)
        for _ in range(20):
            with own.write() as tx:
                seen = tx.execute(select(library.c.gallery_version)).scalar_one()
                tx.execute(update(library).values(gallery_version=seen + 1))
        own.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    with database.read() as tx:
        assert tx.execute(select(library.c.gallery_version)).scalar_one() == 80


@pytest.mark.promise("P29")
def test_one_run_works_on_a_library_on_whatever_machine(address: str, database: Database) -> None:
    """Where the folder's locks do not reach, the server's does; it goes with who held it."""
    other = Database.at(address)
    with database.alone_at_work():
        with (
            pytest.raises(Locked, match="another run works on this library"),
            other.alone_at_work(),
        ):
            pass
        with other.write() as tx:  # a withdrawal has not to wait for it
            _add_person(tx, "Ada")
    with other.alone_at_work():
        pass
    other.close()


def test_a_write_is_undone_if_its_block_raises(database: Database) -> None:
    """An error of ours, or of anybody, leaves nothing of the transaction."""
    with suppress(Interrupted), database.write() as tx:
        _add_person(tx, "Ada")
        raise Interrupted("stopped")
    with database.read() as tx:
        assert _names(tx) == []


def test_a_server_that_was_started_anew_is_found_again() -> None:
    """Connections of before are dead, and nobody is told."""
    own = make_server()
    with own.database() as address:
        database = Database.at(address)
        database.create(new_id("l"), at=START)
        own.stop()
        with pytest.raises(Unavailable, match="the catalog: ") as caught:
            database.revision()
        assert "\n" not in caught.value.message
        own.start()
        assert database.revision() == NEWEST_REVISION
        database.close()
    own.stop()


# --- values -----------------------------------------------------------------------------------

WHOLE = st.characters(codec="utf-8")
TEXTS = st.text(WHOLE, max_size=300) | st.sampled_from(
    ["\0", "a\0b", "\U0010ffff", "\U0010ffff0", "å" * 600, "'; --", "%s", "\\", ":name", ""]
)


@settings(max_examples=40)
@given(
    name=TEXTS,
    record=TEXTS | st.just("å" * 50_000),
    died=st.none() | st.integers(-(2**63), 2**63 - 1),
    at=st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_a_row_comes_back_as_it_was_written(
    pair: "Pair", name: str, record: str, died: int | None, at: datetime
) -> None:
    """Any text, any whole number of 64 bits, any instant: from both kinds of database alike."""
    row = {"id": new_id("p"), "name": name, "record": record, "died": died, "enrolled_at": at}
    own = select(person.c.name, person.c.record, person.c.died, person.c.enrolled_at)
    for database in pair.both:
        with database.write() as tx:
            tx.execute(insert(person).values(row))
            found = tx.execute(own.where(person.c.id == row["id"])).one()
            assert tuple(found) == (name, record, died, at)
            assert tx.execute(own.where(person.c.name == name)).first() is not None
            tx.execute(delete(person))


@settings(max_examples=20)
@given(names=st.lists(st.text(WHOLE, max_size=8), max_size=20))
def test_texts_are_in_one_order(pair: "Pair", names: list[str]) -> None:
    """By the numbers of their characters, whatever language the server speaks."""
    plain = [name.replace("\0", "") for name in names]
    found = []
    for database in pair.both:
        with database.write() as tx:
            for name in plain:
                _add_person(tx, name)
            order = select(person.c.name).order_by(person.c.name)
            found.append(list(tx.execute(order).scalars()))
            tx.execute(delete(person))
    assert found == [sorted(plain), sorted(plain)]


@pytest.mark.parametrize(
    ("row", "said"),
    [({"name": "\ud800"}, "not text"), ({"name": "x", "died": 2**63}, "a number is too large")],
)
def test_what_neither_takes_is_refused_alike(pair: "Pair", row: dict[str, Any], said: str) -> None:
    """Half of a character, or a number of more than 64 bits, is an error of who gave it."""
    for database in pair.both:
        with pytest.raises(UsageError, match=said), database.write() as tx:
            tx.execute(insert(person).values(id=new_id("p"), enrolled_at=START, **row))


def test_numbers_of_rows_go_on_after_rows_that_had_their_own(database: Database) -> None:
    """As after a move: the next row does not get a number that is taken."""
    with database.write() as tx:
        _add_source(tx)
        tx.execute(insert(item).values(id=70, **_place("a.jpg")))
        postgresql.count_on(tx)
        made = tx.execute(insert(item).values(**_place("b.jpg"))).inserted_primary_key
        assert made is not None
        assert made[0] == 71


def test_no_list_is_too_long(database: Database) -> None:
    """Of people, say: the protocol takes 65,535 values, and SQLite more."""
    known = "p_'; %s \\ \0 {"
    with database.write() as tx:
        tx.execute(insert(person).values(id=known, name="Ada", enrolled_at=START))
    for count in (65_534, 65_535, 70_000):
        asked = [PersonId(known), *(PersonId(f"p_{number}") for number in range(count))]
        with database.read() as tx:
            assert people.names(tx, asked) == {known: "Ada"}


# --- words ------------------------------------------------------------------------------------

ALPHABET = "aåäAÅbc0١éÉßıİ中字ǆ\u0301\u200d_-.,'\"*:&|!()\\ \n\0"  # noqa: RUF001  letters of many scripts, on purpose
SAYING = st.text(st.sampled_from(ALPHABET), max_size=30) | st.text(WHOLE, max_size=30)


@settings(max_examples=60)
@given(said=st.lists(st.tuples(SAYING, SAYING), min_size=1, max_size=4), asked=SAYING)
def test_words_find_what_they_find_in_sqlite(
    pair: "Pair", said: list[tuple[str, str]], asked: str
) -> None:
    """Words, beginnings, words that stand together, in any script: the same places."""
    questions = {
        asked,
        f'"{asked.replace(chr(34), "")}"',
        *(part[:3] + "*" for one in said for text_ in one for part in text_.split()),
        *(f'"{" ".join(one[0].split()[:2]).replace(chr(34), "")}"' for one in said),
    }
    answers = [_answers(database, said, sorted(questions)) for database in pair.both]
    assert answers[0] == answers[1]


def test_the_full_text_is_in_step(database: Database) -> None:
    """It is a shadow of the tables here too, and is told when it is not."""
    with database.write() as tx:
        _say(tx, [("Summer ball", "the band sings")])
        assert words.out_of_step(tx) == 0
        tx.execute(update(item).values(words="something else"))
        assert words.out_of_step(tx) == 1
        words.rebuild(tx)
        assert words.out_of_step(tx) == 0


# --- bytes ------------------------------------------------------------------------------------


@pytest.mark.promise("P21")
@pytest.mark.parametrize("length", [20, 200, 60_000])
@pytest.mark.parametrize("how", ["deleted", "overwritten"])
def test_deleted_bytes_are_in_no_file_of_the_server(
    database: Database, length: int, how: str
) -> None:
    """They are in tables, indexes, samples and the log of the server before, and nowhere after."""
    needle = new_id("needle").encode()
    said = (needle * (length // len(needle) + 1)).decode()
    with database.write() as tx:
        for number in range(20):
            _add_person(tx, f"neighbour {number}" * 20)
        which = _add_person(tx, said[:1000])
        tx.execute(update(person).where(person.c.id == which).values(record=said))
    with database._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    assert "pg_wal" in {one.parent.name for one in _files_with(needle)}
    database.write_through()
    assert any("base" in one.parts for one in _files_with(needle))
    with database.write() as tx:
        if how == "deleted":
            tx.execute(delete(person).where(person.c.id == which))
        else:
            tx.execute(update(person).where(person.c.id == which).values(name="", record=""))
    database.write_through()
    assert _files_with(needle) != []  # so there is something to be forgotten
    database.forget_deleted_bytes("person")
    assert _files_with(needle) == []
    own = database.own_files()
    assert own is not None
    assert set(_files_with(b"neighbour 7")) <= set(own)  # the scan reads them all


@pytest.mark.promise("P21")
def test_no_value_is_compressed(database: Database) -> None:
    """A scan cannot see through a compression, so there is none."""
    with database.read() as tx:
        assert tx.execute(text(postgresql._COMPRESSIBLE)).all() == []


@pytest.mark.promise("P21")
def test_it_is_told_when_deleted_bytes_cannot_leave(
    address: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads a table keeps it from being written anew, and nobody is told otherwise."""
    monkeypatch.setattr(postgresql, "BUSY_MILLISECONDS", 10)
    impatient = Database.at(address)
    with database.read() as tx:
        assert _names(tx) == []
        with pytest.raises(Unavailable, match="locked"):
            impatient.forget_deleted_bytes("person")
    impatient.forget_deleted_bytes("person")
    impatient.close()


@pytest.mark.promise("P24")
def test_files_of_another_server_are_not_taken_for_its_own(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is called alike on another machine proves nothing."""
    assert database.own_files()
    monkeypatch.setattr(postgresql, "_data_folder", postgresql._data_folder)
    other = make_server()
    try:
        with database.read() as tx, monkeypatch.context() as patch:
            patch.setattr(postgresql, "Path", lambda _: other.data)
            assert postgresql._data_folder(tx) is None
    finally:
        other.stop()


@pytest.mark.promise("P21")
def test_of_a_table_that_is_empty_no_sample_is_kept(database: Database) -> None:
    """The server knew values of its columns while there were rows."""
    name = "Zenobia Quillfeather"
    row = {"enrolled_at": START, "name": name}
    with database.write() as tx:
        tx.execute(insert(person), [{"id": f"p_{number}", **row} for number in range(9)])
    database.forget_deleted_bytes("person")
    assert _files_with(name.encode()) != []
    with database.write() as tx:
        tx.execute(delete(person))
    database.forget_deleted_bytes("person")
    assert _files_with(name.encode()) == []
    with database.read() as tx:
        kept = "SELECT attstorage FROM pg_attribute WHERE attrelid = 'person'::regclass"
        assert "x" not in tx.execute(text(kept)).scalars().all()


# --- errors -----------------------------------------------------------------------------------


def test_no_error_of_the_driver_leaves_it(database: Database) -> None:
    """Each error that the driver can raise is one of ours, and says no value of a row."""
    kinds: set[type[psycopg.Error]] = {
        psycopg.errors.lookup(code) for code in psycopg.errors._sqlcodes
    }
    for kind in kinds | {psycopg.OperationalError, psycopg.InterfaceError}:
        said = kind("the first line\nDETAIL:  Key (name)=(Ada) already exists.")
        ours = postgresql.error_of(said, database._engine)
        if kind.sqlstate in postgresql._DAMAGE:
            assert ours is None
        else:
            assert isinstance(ours, Error)
            assert "Ada" not in str(ours)
    full = postgresql.error_of(psycopg.errors.DiskFull("no space"), database._engine)
    assert isinstance(full, DiskFull)


@pytest.mark.promise("P27")
def test_a_damaged_page_is_named() -> None:
    """The server has checksums of its pages: one that was changed is an error, and no answer."""
    own = make_server()
    with own.database() as address:
        database = Database.at(address)
        database.create(new_id("l"), at=START)
        with database.write() as tx:
            for number in range(100):
                _add_person(tx, f"person {number}" * 10)
            path = tx.execute(text("SELECT pg_relation_filepath('person')")).scalar_one()
        database.write_through()
        database.close()
        own.stop()
        file = own.data / str(path)
        data = bytearray(file.read_bytes())
        data[4000:4010] = b"\xa5" * 10
        file.write_bytes(data)
        own.start()
        with pytest.raises(VerificationError, match="damaged") as caught:
            database.damage()
        assert "countenance restore" in caught.value.hint
        database.close()
    own.stop()


def test_a_server_that_is_away_is_told_in_one_sentence(tmp_path: Path) -> None:
    """So is one that does not let us in; and no password is in it."""
    database = Database.at(f"postgresql://ada@/gala?host={tmp_path}")
    with pytest.raises(Unavailable, match="the catalog: ") as caught:
        database.revision()
    assert "\n" not in caught.value.message
    database.close()


def test_a_driver_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra, and how to get it is said."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(Unavailable, match="needs psycopg") as caught:
        Database.at("postgresql://db.example/gala")
    assert "countenance[postgres]" in caught.value.hint


# --- the server of the tests -------------------------------------------------------------------


def test_the_server_goes_with_the_tests_that_are_killed(repository: Path) -> None:
    """Nothing of it runs on, and nothing of it stays in memory."""
    made = "from tests.fakes.postgres import server; print(server().folder, flush=True); input()"
    run = [sys.executable, "-c", made]
    pipe = subprocess.PIPE
    with subprocess.Popen(run, cwd=repository, stdin=pipe, stdout=pipe, text=True) as tests:
        assert tests.stdout is not None
        folder = Path(tests.stdout.readline().strip())
        assert (folder / "data" / "postmaster.pid").exists()
        tests.kill()
        tests.stdout.read()  # until what removes the folder has ended, too
    assert not folder.exists()


# ----------------------------------------------------------------------------------------------


class Pair:
    """A catalog of each kind, both empty."""

    def __init__(self, file: Path, address: str) -> None:
        self.both = (Database.at(file), Database.at(address))
        for one in self.both:
            one.create(new_id("l"), at=START)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with server().database() as address:
        made = Pair(tmp_path_factory.mktemp("pair") / "catalog.db", address)
        yield made
        for one in made.both:
            one.close()


def _names(tx: Connection) -> list[str]:
    return list(tx.execute(select(person.c.name)).scalars())


def _add_person(tx: Connection, name: str) -> str:
    which = new_id("p")
    tx.execute(insert(person).values(id=which, name=name, enrolled_at=START))
    return which


def _add_source(tx: Connection) -> None:
    tx.execute(insert(collection).values(id="c_1", name="gala", changed_at=START))
    row = {"id": "d_1", "kind": "folder", "location": "/gala", "collection_id": "c_1"}
    tx.execute(insert(source).values(added_at=START, **row))


def _place(locator: str, **more: object) -> dict[str, object]:
    row = {"source_id": "d_1", "locator": locator, "stamp": "1", "changed_at": START}
    return {**row, "state": ItemState.DONE, **more}


def _say(tx: Connection, said: list[tuple[str, str]]) -> None:
    """A place for each, with a caption and the words around it."""
    _add_source(tx)
    for number, (caption, around) in enumerate(said, start=1):
        row = {"id": f"i_{number}", "source_id": "d_1", "digest": f"{number}", "pack": "starter"}
        tx.execute(insert(photo).values(width=4, height=3, added_at=START, caption=caption, **row))
        place = _place(f"{number}.jpg", photo_id=row["id"], words=around)
        tx.execute(insert(item).values(id=number, **place))
    words.rebuild(tx)


def _answers(
    database: Database, said: list[tuple[str, str]], questions: list[str]
) -> list[list[int] | str]:
    found: list[list[int] | str] = []
    with suppress(Interrupted), database.write() as tx:
        _say(tx, said)
        for one in questions:
            try:
                which = tx.execute(words.matching(tx, one)).all()
                found.append(sorted(int(row.rowid) for row in which))
            except UsageError as exc:
                found.append(exc.message)
        raise Interrupted("nothing of it stays")
    return found


def _files_with(needle: bytes) -> list[Path]:
    """Every file of the server that holds these bytes."""
    files = (one for one in sorted(server().data.rglob("*")) if one.is_file())
    return [one for one in files if needle in one.read_bytes()]
