"""A library whose catalog is in PostgreSQL: made, moved, shared by web workers, and left."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest
from sqlalchemy import select

from countenance.accounts.roles import Role
from countenance.audit.receipt import unverified_statement
from countenance.audit.statement import Level, Statement
from countenance.catalog import postgresql
from countenance.catalog.erasures import Stage
from countenance.catalog.tables import reference
from countenance.cli.main import main
from countenance.core.ids import new_id
from countenance.errors import UsageError, VerificationError
from countenance.extract.extractor import Extractor
from countenance.library import Library
from countenance.people.purpose import RECOGNISING, Purpose
from countenance.settings import load_settings
from countenance.vault.layout import LibraryLayout
from tests.conftest import REPOSITORY
from tests.fakes import postgres
from tests.fakes.gala import A_DAY, Gala, holding, open_library, require_receipts
from tests.fakes.postgres import (
    MODE,
    SETTING,
    database_of,
    is_asked_for,
    make_server,
    server,
)
from tests.fakes.program import asking
from tests.fakes.vision import FakeVision

pytestmark = pytest.mark.skipif(
    is_asked_for(), reason="it has its own server, and is run with the tests of SQLite"
)

ADA, BO, CY = 1, 2, 3
NAME = "Ada Lovelace-Byron"
CAPTION = "An unmistakable caption of the club"


@pytest.fixture(autouse=True)
def _in_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MODE, "postgresql")
    monkeypatch.setenv(SETTING, server().address)


@pytest.fixture(autouse=True, scope="module")
def _databases_go() -> Iterator[None]:
    before = server().databases()
    yield
    for name in server().databases() - before:
        server().drop(name)


class Run(Protocol):
    """Runs a command line; gives what was said to stdout, and to stderr."""

    def __call__(self, *words: str, code: int | None = 0) -> tuple[str, str]: ...


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*words: str, code: int | None = 0) -> tuple[str, str]:
        ended = main(words)
        shown = capsys.readouterr()
        assert code in (None, ended), f"{words}: {ended}\n{shown.out}\n{shown.err}"
        return shown.out, shown.err

    return run


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    """Ada is in two photos, once with Bo; both may be found."""
    with Gala.make(tmp_path) as made:
        made.put("a.jpg", ADA)
        made.put("b.jpg", ADA, BO)
        made.enrol(NAME, ADA, Purpose.FIND_ME, Purpose.STAFF_FIND)
        made.enrol("Bo", BO)
        made.ingest()
        yield made


# --- erasure ----------------------------------------------------------------------------------


@pytest.mark.promise("P21")
@pytest.mark.promise("P24")
@pytest.mark.promise("P25")
def test_a_withdrawal_leaves_no_byte_in_the_servers_files(gala: Gala) -> None:
    """Tables, indexes, samples, write-ahead log: found before, in none after, and so it is said."""
    assert len(_files_with(gala, NAME)) >= 2
    done = gala.library.withdraw(NAME)
    assert _files_with(gala, NAME) == []
    assert gala.library.erasure(done.erasure).stage is Stage.CLOSED
    said = _last_receipt(gala)
    assert set(said.levels) == set(Level)
    assert said.scan is not None
    assert said.scan.found_before == said.scan.objects > 0
    assert gala.places("Bo") == ["b.jpg"]
    require_receipts(gala.library)


@pytest.mark.promise("P21")
def test_a_takedown_takes_words_and_places_from_the_servers_files(gala: Gala) -> None:
    """Of the pictures of a source nothing is left, in the full text neither."""
    with gala.library._database.write() as tx:
        tx.exec_driver_sql("UPDATE photo SET caption = %s", (CAPTION,))
        tx.exec_driver_sql("UPDATE place_words SET caption = %s", (CAPTION,))
    assert _files_with(gala, CAPTION) != []
    done = gala.library.take_down(gala.source.id)
    assert gala.library.erasure(done.erasure).stage is Stage.CLOSED
    assert _files_with(gala, CAPTION) == []


@pytest.mark.promise("P21")
def test_what_a_change_of_pack_drops_is_in_no_file_of_the_server(
    gala: Gala, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No piece of a sealed reference of before."""

    def extractor_of(library: Library, pack: object) -> Extractor:
        return Extractor(library._decoder, FakeVision(pack))  # type: ignore[arg-type]

    monkeypatch.setattr(Library, "_extractor_of", extractor_of)
    # Whose picture is kept has new references, beside which the old ones would stay.
    gala.enrol("Cy", CY, Purpose.FIND_ME, Purpose.KEEP_PICTURE)
    with gala.library._database.read() as tx:
        own = select(reference.c.sealed).where(reference.c.purpose.in_(RECOGNISING))
        pieces = [one[40:140] for one in tx.execute(own).scalars()]
    assert all(holding(gala.root, [one]) for one in pieces)
    gala.library.switch("yunet-dlib")
    assert holding(gala.root, pieces) == []


@pytest.mark.promise("P24")
def test_where_the_servers_files_cannot_be_read_no_receipt_says_that_bytes_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is not the server's administrator destroys keys, and that is what is said."""
    server().ask("CREATE ROLE plain LOGIN")
    name = new_id("plain")
    made = postgresql.NEW_DATABASE.format(name=f'"{name}"', template="template0")
    server().ask(f"{made} OWNER plain")
    address = server().at(name).replace("postgres@", "plain@")
    monkeypatch.setenv(SETTING, address)
    with Gala.make(tmp_path) as gala:
        gala.put("a.jpg", ADA)
        gala.enrol(NAME, ADA)
        gala.ingest()
        assert gala.library._database.own_files() is None
        done = gala.library.withdraw(NAME)
        assert gala.library.erasure(done.erasure).stage is Stage.BYTES_GONE
        said = _last_receipt(gala)
        assert Level.KEYS_DESTROYED in said.levels
        assert {Level.BYTES_GONE, Level.BACKUPS_AGED_OUT}.isdisjoint(said.levels)
        (unread,) = (one for one in said.kept if one.what == "rows-in-files-not-read")
        assert unread.count == 3  # a reference, a name, a sighting
        require_receipts(gala.library)
    server().drop(name)
    server().ask("DROP ROLE plain")


@pytest.mark.promise("P24")
def test_what_the_server_sends_away_counts_as_a_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until somebody says that it is gone there, and how they know, backups have not aged out."""
    own = make_server()
    monkeypatch.setenv(SETTING, own.address)
    own.ask("SELECT pg_create_physical_replication_slot('a_replica')")
    with Gala.make(tmp_path) as gala:
        gala.enrol(NAME, ADA)
        done = gala.library.withdraw(NAME)
        assert gala.library.erasure(done.erasure).stage is Stage.BYTES_GONE
        said = _last_receipt(gala)
        assert Level.BYTES_GONE in said.levels
        assert Level.BACKUPS_AGED_OUT not in said.levels
        (held,) = gala.library.backups()
        assert "slots that hold its log" in str(held.location)
        own.ask("SELECT pg_drop_replication_slot('a_replica')")
        gala.library.end_backup(held.id, reason="the replica was taken down")
        assert gala.library.erasure(done.erasure).stage is Stage.CLOSED
        assert set(_last_receipt(gala).levels) == set(Level)
        require_receipts(gala.library)
    own.stop()


@pytest.mark.promise("P24")
def test_a_log_that_the_server_keeps_keeps_the_case_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a replica still wants the write-ahead log, the bytes are in it, and that is seen."""
    own = make_server()
    monkeypatch.setenv(SETTING, own.address)
    own.ask("SELECT pg_create_physical_replication_slot('a_replica', true)")
    with Gala.make(tmp_path) as gala:
        gala.enrol(NAME, ADA)
        done = gala.library.withdraw(NAME)
        assert gala.library.erasure(done.erasure).stage is Stage.PURGED
        assert gala.library.receipts() == []
        own.ask("SELECT pg_drop_replication_slot('a_replica')")
        assert [one.stage for one in gala.library.resume()] == [Stage.CLOSED]
    own.stop()


# --- moving -----------------------------------------------------------------------------------


@pytest.mark.promise("P22")
def test_a_library_moves_into_postgresql_and_out_of_it(gala: Gala, tmp_path: Path) -> None:
    """By its backups; and who withdrew in between is in none of them, on either side."""
    before = gala.log()
    first = gala.library.back_up(tmp_path / "backups").backup.location
    assert (first / "catalog.db").is_file()
    assert not (first / "catalog.address").exists()
    gala.library.withdraw("Bo")
    gala.library.close()
    file = _restored(gala, first, tmp_path / "file", catalog="")
    assert LibraryLayout(file.root).catalog.is_file()
    assert not LibraryLayout(file.root).address.exists()
    assert file.places(NAME) == ["a.jpg", "b.jpg"]
    assert "Bo" not in {one.name for one in file.library.people()}
    assert file.log()[: len(before)] == before
    second = file.library.back_up(tmp_path / "backups").backup.location
    file.library.withdraw(NAME)
    file.library.close()
    back = _restored(file, second, tmp_path / "back", catalog=server().address)
    assert LibraryLayout(back.root).address.is_file()
    assert not list(back.root.glob("catalog.db*")) + list(back.root.glob("*.restoring"))
    assert back.library.people() == []
    assert back.library.words_out_of_step() == 0
    assert back.library.trail.verify({}).findings == ()
    back.enrol("Cy", 3)  # the numbers of rows go on
    gala.library = back.library


@pytest.mark.promise("P22")
def test_an_older_state_of_the_database_is_not_opened(gala: Gala) -> None:
    """Put back by the server's own tools, it would bring back who withdrew since."""
    address = gala.library.catalog_address
    gala.library.close()
    old = postgresql.with_database(server().address)
    server().ask(f'CREATE DATABASE "{database_of(old)}" TEMPLATE "{database_of(address)}"')
    gala.reopen()
    gala.library.withdraw(NAME)
    gala.library.close()
    place = LibraryLayout(gala.root).address
    place.write_text(old)
    with pytest.raises(VerificationError, match="older"):
        gala.another()
    place.write_text(address)
    gala.reopen()


def test_each_library_has_a_database_of_its_own(gala: Gala, tmp_path: Path) -> None:
    """Neither a new library nor a restored one goes where there is one already."""
    taken = gala.library.catalog_address
    backup = gala.library.back_up(tmp_path / "backups").backup.location
    settings = load_settings(tmp_path / "new", given={"catalog": taken})
    with pytest.raises(UsageError, match="there is a library in this database already"):
        Library.init(tmp_path / "new", settings)
    assert not LibraryLayout(tmp_path / "new").address.exists()
    with pytest.raises(UsageError, match="there is a library in this database already"):
        Library.restore(
            backup, tmp_path / "again", keys=gala.keys, catalog=taken, actor="a", clock=gala.clock
        )
    assert not (tmp_path / "again").exists()


# --- sharing ----------------------------------------------------------------------------------


@pytest.mark.promise("P8")
@pytest.mark.promise("P19")
def test_a_withdrawal_is_in_force_in_every_web_worker_at_once(gala: Gala) -> None:
    """Two servers in processes of their own, and a third program in which she withdraws."""
    with asking(gala) as program:
        token = program.token_of("desk", Role.STAFF, given=_all(gala))
    with _worker(gala.root, token) as one, _worker(gala.root, token) as two:
        assert [_asked(worker, NAME) for worker in (one, two)] == [[200, 2], [200, 2]]
        gala.library.withdraw(NAME)
        assert [_asked(worker, NAME)[1] for worker in (one, two)] == [0, 0]
        gala.enrol(NAME, ADA, Purpose.STAFF_FIND)
        gala.ingest()
        assert [_asked(worker, NAME) for worker in (one, two)] == [[200, 2], [200, 2]]


# --- the command line -------------------------------------------------------------------------


def test_init_says_where_the_catalog_is(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database is made for it, the library keeps its address, and commands work as ever."""
    monkeypatch.delenv(SETTING)
    root = tmp_path / "gala"
    said, _ = run("init", str(root), "--catalog", server().address, "--json")
    kept = LibraryLayout(root).address.read_text()
    assert json.loads(said)["catalog"] == kept
    assert database_of(kept) in server().databases()
    run("person", "list", "--library", str(root))
    said, _ = run("doctor", "--library", str(root), "--json", code=None)
    examined = json.loads(said)
    (catalog,) = (one for one in examined["examined"] if one["what"] == "catalog")
    assert catalog["sound"]
    assert "PostgreSQL" in catalog["found"]
    # The server is reached otherwise now; the library keeps the name of its database.
    monkeypatch.setenv(SETTING, server().address)
    run("person", "list", "--library", str(root))


def test_a_server_that_is_away_is_exit_9_and_one_sentence(
    run: Run, gala: Gala, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is tried again later; nothing is said of how the program is made."""
    monkeypatch.setenv(SETTING, f"postgresql://postgres@/?host={tmp_path}")
    _, said = run("person", "list", "--library", str(gala.root), code=9)
    (line,) = said.splitlines()
    assert line.startswith("countenance: the catalog: ")


def test_a_folder_with_two_catalogs_is_told(gala: Gala) -> None:
    """Nobody can know which of them is the library's."""
    gala.library.close()
    LibraryLayout(gala.root).catalog.touch()
    with pytest.raises(UsageError, match=r"catalog\.address too"):
        open_library(gala.root, gala.clock, gala.vision)
    LibraryLayout(gala.root).catalog.unlink()
    gala.reopen()


@pytest.mark.promise("P32")
@pytest.mark.parametrize(
    "address",
    ["postgresql://ada:s3cret@db.example/gala", "postgresql://ada@db.example/gala?password=s3cret"],
)
def test_no_password_is_taken_where_it_would_be_kept_or_shown(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """Neither on a command line, nor in a file, nor in a setting of the environment."""
    said = "".join(run("init", str(tmp_path / "gala"), "--catalog", address, code=2))
    assert "s3cret" not in said
    assert "PGPASSWORD" in said
    monkeypatch.setenv(SETTING, address)
    assert "s3cret" not in "".join(run("config", "show", "--library", str(tmp_path), code=2))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.promise("P32")
def test_a_password_is_in_no_file_and_no_answer(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that wants one gets it from PGPASSWORD; not even a wrong one is shown."""
    monkeypatch.delenv(SETTING)
    own = make_server()
    own.ask("ALTER ROLE postgres PASSWORD 's3cret-of-the-server'")
    rules = own.data / "pg_hba.conf"
    rules.write_text("local all all scram-sha-256\n")
    monkeypatch.setenv("PGPASSWORD", "s3cret-of-the-server")
    own.stop()
    own.start()
    root = tmp_path / "gala"
    said = [
        *run("init", str(root), "--catalog", own.address),
        *run("doctor", "--library", str(root), code=None),
        *run("config", "show", "--origin", "--library", str(root)),
        *run("backup", "make", str(tmp_path / "backups"), "--library", str(root)),
    ]
    monkeypatch.setenv("PGPASSWORD", "s3cret-of-nobody")
    said += run("person", "list", "--library", str(root), code=9)
    assert "password authentication failed" in said[-1]
    assert "s3cret" not in "".join(said)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in files if b"s3cret" in path.read_bytes()] == []
    own.stop()


# ----------------------------------------------------------------------------------------------


def _files_with(gala: Gala, words: str) -> list[Path]:
    """Every file of the library, and every file of the server at all, that holds these words."""
    own = {*gala.files(), *(one for one in server().data.rglob("*") if one.is_file())}
    return [one for one in sorted(own) if words.encode() in one.read_bytes()]


def _last_receipt(gala: Gala) -> Statement:
    return unverified_statement(gala.library.receipts()[-1].text)


def _all(gala: Gala) -> frozenset[str]:
    return frozenset(one.id for one in gala.library.collections())


def _restored(gala: Gala, backup: Path, to: Path, *, catalog: str) -> Gala:
    """The library of `backup` again, in `to`, with its keys beside it."""
    gala.clock.advance(A_DAY)
    root = to / "library"
    keys = Path(shutil.move(gala.keys, to / "library.keys"))
    Library.restore(backup, root, keys=keys, catalog=catalog, actor="tester", clock=gala.clock)
    made = Gala(root, gala.folder, gala.clock, gala.vision)
    made.library, made.source = open_library(root, gala.clock, gala.vision), gala.source
    return made


@contextmanager
def _worker(root: Path, token: str) -> Iterator["subprocess.Popen[str]"]:
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.web_worker", str(root), token],
        cwd=REPOSITORY,
        env=os.environ | postgres.environment() | {"PYTHONPATH": os.pathsep.join(["src", "."])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert started.stdout is not None
        assert started.stdout.readline() == "ready\n"
        yield started
    finally:
        started.kill()
        started.communicate()


def _asked(worker: "subprocess.Popen[str]", name: str) -> list[int]:
    """The status, and how many pictures."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(f"{name}\n")
    worker.stdin.flush()
    answer: list[int] = json.loads(worker.stdout.readline())
    return answer
