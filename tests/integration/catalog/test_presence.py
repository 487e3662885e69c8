"""Who has the catalog open, and what is known of its bytes (P27)."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Self

import pytest
from sqlalchemy import Connection, text

from countenance.catalog import presence, sqlite
from countenance.catalog.database import Database
from countenance.core.ids import new_id
from countenance.errors import VerificationError
from countenance.vault.files import sync_folder
from countenance.vault.imprint import PART_BYTES, Imprint, read_imprint, take_imprint
from tests.fakes.clock import START

pytestmark = pytest.mark.sqlite("the file of the catalog, and who has it open")

REPOSITORY = Path(__file__).resolve().parents[3]

PROGRAM = """
import sys
from pathlib import Path
from sqlalchemy import Connection, text
from countenance.catalog.database import Database

database = Database.of_library(Path(sys.argv[1]))
for line in sys.stdin:
    if line == "close\\n":
        database.close()
    elif line == "write\\n":
        with database.write() as tx:
            tx.execute(text("UPDATE library SET gallery_version = gallery_version + 1"))
    print(line.strip(), database.wrong() if line == "look\\n" else "", flush=True)
"""


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """One that was made and closed, of some parts, with nothing to be seen at its end."""
    path = tmp_path / "catalog.db"
    made = Database.of_library(path)
    made.create(new_id("l"), at=START)
    made.close()
    assert path.stat().st_size > 3 * PART_BYTES
    return path


@pytest.fixture
def imprint(catalog: Path) -> Path:
    return catalog.with_name("catalog.db-imprint")


@contextmanager
def opened(catalog: Path) -> Iterator[Database]:
    database = Database.of_library(catalog)
    try:
        yield database
    finally:
        database.close()


def change(database: Database) -> None:
    with database.write() as tx:
        tx.execute(text("UPDATE library SET gallery_version = gallery_version + 1"))


def assert_true_of(imprint: Path, catalog: Path) -> None:
    written = read_imprint(imprint)
    assert written is not None
    assert written == take_imprint(catalog, like=written)


def damage(catalog: Path) -> None:
    """Another value where the database sees none: a date of a row."""
    with closing(sqlite3.connect(catalog)) as connection, connection:
        connection.execute("UPDATE library SET created_at = '2001-01-01 00:00:00.000000'")


class Other:
    """Another program that has the catalog open."""

    def __init__(self, catalog: Path) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(catalog)],
            cwd=REPOSITORY,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(["src", "."])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        self.do("look")
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._child.communicate()

    def do(self, word: str) -> str:
        """What it says to it: `look`, `write`, `close`."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(f"{word}\n")
        self._child.stdin.flush()
        return self._child.stdout.readline().removeprefix(word).strip()

    def kill(self) -> None:
        self._child.send_signal(signal.SIGKILL)
        self._child.wait()


# --- one program ----------------------------------------------------------------------------


def test_whoever_closes_it_takes_its_imprint(catalog: Path, imprint: Path) -> None:
    """It is of the bytes that are there, and only its owner may read it."""
    assert_true_of(imprint, catalog)
    assert imprint.stat().st_mode & 0o777 == 0o600


@pytest.mark.promise("P27")
def test_before_a_change_it_is_gone_for_good(
    catalog: Path, imprint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a crash would leave an imprint of what was before. Reading leaves it."""
    seen: list[bool] = []

    def sync(folder: Path) -> None:
        seen.append(imprint.exists())
        sync_folder(folder)

    monkeypatch.setattr(presence, "sync_folder", sync)
    with opened(catalog) as database:
        with database.read() as tx:
            tx.execute(text("SELECT * FROM library")).all()
        assert imprint.exists()
        assert seen == []
        with database.write():
            assert seen == [False]
            assert not imprint.exists()
        change(database)
        assert seen == [False]
    assert_true_of(imprint, catalog)


@pytest.mark.parametrize("act", ["forget_deleted_bytes", "rewrite"])
def test_what_moves_bytes_is_a_change(catalog: Path, imprint: Path, act: str) -> None:
    """A database that is written anew has other bytes."""
    with opened(catalog) as database:
        getattr(database, act)()
        assert not imprint.exists()
    with opened(catalog) as database:
        assert database.wrong() == ""


@pytest.mark.promise("P27")
def test_a_value_that_is_another_is_named_with_its_place(catalog: Path) -> None:
    """Though the database itself finds nothing wrong in it."""
    damage(catalog)
    with opened(catalog) as database:
        assert database.damage() == ()
        with pytest.raises(VerificationError, match=r"not what was written: bytes \d+ to \d+"):
            database.require_sound()


@pytest.mark.promise("P27")
def test_damage_stays_damage(catalog: Path, imprint: Path) -> None:
    """However often it is looked at, by whoever does not mind: no imprint is taken of it."""
    before = imprint.read_bytes()
    damage(catalog)
    for _ in range(2):
        with opened(catalog) as database:
            with database.write() as tx:
                tx.execute(text("SELECT * FROM library")).all()
            assert database.wrong()
        assert imprint.read_bytes() == before


@pytest.mark.promise("P27")
def test_what_was_put_right_is_read_again(catalog: Path) -> None:
    """The bytes that were written are the catalog, whoever put them back."""
    data = catalog.read_bytes()
    damage(catalog)
    with opened(catalog) as database:
        assert database.wrong()
    catalog.write_bytes(data)
    with opened(catalog) as database:
        assert database.wrong() == ""


@pytest.mark.promise("P27")
@pytest.mark.parametrize("lost", ["missing", "damaged"])
def test_without_an_imprint_the_database_is_asked(catalog: Path, imprint: Path, lost: str) -> None:
    """That an imprint is lost is no damage; what the database finds is."""
    data = catalog.read_bytes()
    for bad, expected in (
        (data, ""),
        (data[:PART_BYTES] + data[PART_BYTES + 4096 :] + bytes(4096), "catalog.db: "),
    ):
        imprint.unlink() if lost == "missing" else imprint.write_bytes(b"CTN-IMP\x01")
        catalog.write_bytes(bad)
        with opened(catalog) as database:
            assert expected in database.wrong()
            assert bool(database.wrong()) == bool(expected)
        # What was sound has an imprint again, and what was not has none.
        if not expected:
            assert_true_of(imprint, catalog)
        elif lost == "missing":
            assert read_imprint(imprint) is None


@pytest.mark.promise("P27")
def test_rows_that_lead_nowhere_are_damage(catalog: Path, imprint: Path) -> None:
    """A page of a table may stand in the place of another: then rows name what is not there."""
    imprint.unlink()
    with closing(sqlite3.connect(catalog)) as connection, connection:
        connection.execute("INSERT INTO roster VALUES ('c_1', 'p_1', '2026-01-01', '')")
    with opened(catalog) as database:
        assert "row 1 of roster names one of person that is not there" in database.wrong()


def test_a_catalog_that_was_moved_is_the_same(catalog: Path, tmp_path: Path) -> None:
    """Its imprint goes with it."""
    (tmp_path / "there").mkdir()
    for path in list(tmp_path.glob("catalog.db*")):
        path.rename(tmp_path / "there" / path.name)
    moved = tmp_path / "there" / catalog.name
    with opened(moved) as database:
        assert database.wrong() == ""
    damage(moved)
    with opened(moved) as database:
        assert database.wrong()


# --- several ---------------------------------------------------------------------------------


def test_in_one_process_only_the_first_and_the_last_read_it(
    catalog: Path, imprint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever closes a file that SQLite has open lets go of its locks."""
    read: list[Path] = []

    def take(path: Path, *, like: Imprint | None = None) -> Imprint:
        read.append(path)
        return take_imprint(path, like=like)

    monkeypatch.setattr(presence, "take_imprint", take)
    with opened(catalog) as first:
        change(first)
        with opened(catalog) as second:
            change(second)
            assert read == [catalog]
        change(first)
        assert read == [catalog]
        assert not imprint.exists()
    assert read == [catalog, catalog]


def test_the_last_of_several_programs_takes_it(catalog: Path, imprint: Path) -> None:
    """While another has it open there is none, whoever wrote."""
    with Other(catalog) as other:
        with opened(catalog) as database:
            change(database)
        assert not imprint.exists()
        other.do("close")
        assert_true_of(imprint, catalog)
        with opened(catalog) as database:
            assert database.wrong() == ""
            other.do("write")
            assert not imprint.exists()
            other.do("close")
            assert not imprint.exists()
        assert_true_of(imprint, catalog)


@pytest.mark.promise("P27")
def test_nobody_who_looks_at_damage_vouches_for_it(catalog: Path) -> None:
    """Whoever comes while another examines a damaged catalog is told as well."""
    damage(catalog)
    with opened(catalog) as database:
        assert "not what was written" in database.wrong()
        with Other(catalog) as other:
            assert "not what was written" in other.do("look")


@pytest.mark.promise("P27")
@pytest.mark.promise("P26")
def test_after_a_kill_there_is_none_and_what_was_written_counts(
    catalog: Path, imprint: Path
) -> None:
    """A program that died is no damage; the database is asked once, and then it is known."""
    with Other(catalog) as other:
        other.do("write")
        other.kill()
    assert not imprint.exists()
    with opened(catalog) as database:
        assert database.wrong() == ""
        with database.read() as tx:
            assert tx.execute(text("SELECT gallery_version FROM library")).scalar() == 1
    damage(catalog)
    with opened(catalog) as database:
        assert database.wrong()


@pytest.mark.promise("P27")
def test_a_log_that_another_left_is_not_believed_unseen(
    catalog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside an imprint nobody of ours leaves one: the database is asked what it makes of it."""
    with closing(sqlite3.connect(catalog)) as connection:
        connection.execute("UPDATE library SET gallery_version = 7")
        connection.commit()
        log = catalog.with_name("catalog.db-wal")
        kept = log.read_bytes(), catalog.read_bytes()
    log.write_bytes(kept[0])
    catalog.write_bytes(kept[1])
    asked: list[object] = []
    damage = sqlite.damage

    def ask(connection: Connection) -> tuple[str, ...]:
        asked.append(connection)
        return damage(connection)

    monkeypatch.setattr(sqlite, "damage", ask)
    with opened(catalog) as own:
        assert own.wrong() == ""
        with own.read() as tx:
            assert tx.execute(text("SELECT gallery_version FROM library")).scalar() == 7
    assert len(asked) == 1
    with opened(catalog) as own:
        assert own.wrong() == ""


# --- a large one -----------------------------------------------------------------------------


class Reading:
    """How often a catalog was read whole."""

    times = 0


@pytest.fixture
def large(catalog: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reading]:
    """The catalog counts as large, and was written long ago. Of it a megabyte is text."""
    with opened(catalog) as database:
        fill(database, 100, "before")
    monkeypatch.setattr(presence, "LARGE_BYTES", 0)
    monkeypatch.setattr(presence, "_SETTLED", -1.0)
    reading = Reading()

    def take(path: Path, *, like: Imprint | None = None) -> Imprint:
        reading.times += 1
        return take_imprint(path, like=like)

    monkeypatch.setattr(presence, "take_imprint", take)
    yield reading
    with opened(catalog) as database:
        assert database.wrong() == ""


def fill(database: Database, rows: int, name: str) -> None:
    """Rows of ten thousand bytes."""
    with database.write() as tx:
        tx.execute(
            text("INSERT INTO person (id, name, enrolled_at) VALUES (:id, :name, '2026-01-01')"),
            [{"id": f"p_{name}{row}", "name": f"{name}{row}" * 1000} for row in range(rows)],
        )


def empty(database: Database, name: str) -> None:
    with database.write() as tx:
        tx.execute(text("DELETE FROM person WHERE id LIKE :like"), {"like": f"p_{name}%"})


@pytest.mark.promise("P27")
def test_of_a_large_one_only_what_was_written_is_read_again(
    catalog: Path, imprint: Path, large: Reading
) -> None:
    """Whatever was done: rows that came, that went, that are others, in any order."""

    def several(database: Database) -> None:
        fill(database, 20, "b")
        empty(database, "before")
        change(database)

    doings: tuple[Callable[[Database], None], ...] = (
        lambda one: fill(one, 30, "a"),
        lambda one: empty(one, "before1"),
        change,
        lambda one: empty(one, "a"),
        several,
    )
    for number, do in enumerate(doings, start=1):
        with opened(catalog) as database:
            do(database)
        assert large.times == number
        assert_true_of(imprint, catalog)


@pytest.mark.promise("P27")
def test_where_the_log_does_not_tell_all_the_whole_is_read(
    catalog: Path, imprint: Path, large: Reading
) -> None:
    """It was moved into the file meanwhile, whoever moved it: what it said is gone."""

    def let_go_of_it(one: Database) -> None:
        fill(one, 30, "a")
        one._engine.dispose()
        change(one)

    def write_much(one: Database) -> None:
        for number in range(8):
            fill(one, 100, f"much{number}")
        change(one)

    doings = (let_go_of_it, write_much, Database.rewrite, Database.forget_deleted_bytes)
    for number, do in enumerate(doings, start=1):
        with opened(catalog) as database:
            change(database)
            do(database)
        assert large.times == 2 * number
        assert_true_of(imprint, catalog)


@pytest.mark.promise("P27")
def test_what_another_wrote_meanwhile_is_read_too(
    catalog: Path, imprint: Path, large: Reading
) -> None:
    """It stands in the same log; and where the other let go of it last, in the file."""
    with opened(catalog) as database:
        change(database)
        with Other(catalog) as other:
            other.do("write")
            other.do("close")
    assert_true_of(imprint, catalog)
    assert large.times == 1
    with opened(catalog) as database:
        change(database)
        database._engine.dispose()
        with Other(catalog) as other:
            other.do("write")
            other.do("close")
        change(database)
    assert_true_of(imprint, catalog)
    assert large.times == 3


@pytest.mark.promise("P27")
def test_one_that_was_written_just_now_is_read_whole(
    catalog: Path, imprint: Path, large: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its time would not tell that it was written again at the same instant."""
    monkeypatch.setattr(presence, "_SETTLED", 3600.0)
    with opened(catalog) as database:
        change(database)
    assert large.times == 2
    assert_true_of(imprint, catalog)


@pytest.mark.promise("P27")
def test_what_rots_while_it_is_open_is_found_when_it_is_opened_next(
    catalog: Path, large: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below the file system: no time tells, and nobody who closes it vouches for it."""
    monkeypatch.setattr(presence, "_time_of", lambda _: (0, 0, 0, 0))
    held = os.open(catalog, os.O_RDWR)
    with opened(catalog) as database:
        change(database)
        at = catalog.stat().st_size - 10_000
        before = os.pread(held, 1, at)
        os.pwrite(held, bytes([before[0] ^ 1]), at)
    with opened(catalog) as database:
        assert "not what was written" in database.wrong()
    os.pwrite(held, before, at)
    os.close(held)
    assert large.times == 2
