"""
PostgreSQL: the only module that speaks its dialect, beside `catalog/lexemes.py` of the full text
and `catalog/spelling.py` of how SQLAlchemy writes it.

Each connection is set up here and then asked whether the server is as a catalog needs it. Texts and
numbers are what they are in SQLite: a text is of any length and may hold a NUL, a whole number has
64 bits, and texts are ordered by their characters' numbers, whatever language the server speaks.

There is one writer at a time: a writing transaction begins with a lock of the whole database. It
reads what was committed last, which nobody changes before its own commit. A reading transaction is
`REPEATABLE READ, READ ONLY`: one state throughout.

What is deleted stays in the server's files for a while. `docs/postgresql.md` says where, how long,
and what is done about it.
"""

import os
import struct
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from countenance.core.ids import new_id
from countenance.errors import DiskFull, Error, Locked, Unavailable, UsageError

if TYPE_CHECKING:
    from psycopg import Connection as DriverConnection
    from sqlalchemy import Connection

BUSY_MILLISECONDS = 30_000

_REWRITE_MILLISECONDS = 3_000

OLDEST = 15
"""The oldest version of the server that this is tested with."""

MAX_INDEXED_BYTES = 2600
"""Of a text by which rows are found: the server takes no longer ones into an index."""

NEW_DATABASE = (
    "CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8' "
    "LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'"
)
"""How a database for a library is made."""

_TEMPLATE = "template0"
_CONNECT_SECONDS = 10
_MOST_VALUES = 65_535  # beside a statement: their number has 16 bits in the protocol
_WRITERS = 0x434F554E  # "COUN", the lock of those who write
_RUNS = 0x434F5552  # "COUR", the lock of the run that works on the library
_MARK = "\U0010ffff"
"""Written for a NUL, and before itself: PostgreSQL's texts hold any character but that one."""
_MARK_BYTES = _MARK.encode()

_SETTINGS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "client_encoding": "UTF8",
    "standard_conforming_strings": "on",
    "synchronous_commit": "on",
    # Of short queries both cost more than they give.
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
}

_ASKED = {  # what is asked: what must be read
    "current_setting('server_encoding')": "UTF8",
    "current_setting('fsync')": "on",
    "current_setting('full_page_writes')": "on",
    "current_setting('synchronous_commit')": "on",
    "current_setting('standard_conforming_strings')": "on",
}

_BY_NUMBER = ("C", "POSIX", "C.UTF-8", "C.UTF8")
"""Collations that order texts by their characters' numbers, as SQLite does."""

_SHORT = 126
"""Bytes of a value whose length takes one byte (`varattrib_1b` in PostgreSQL's `varatt.h`)."""

_DAMAGE = ("XX001", "XX002")
_FULL = "53100"
_BUSY = ("55P03", "40001", "40P01")
_TOO_LONG = "54000"
_OUT_OF_RANGE = "22003"
_NO_DATABASE = "3D000"
_MAY_NOT = "42501"


def postgresql_engine(address: str) -> Engine:
    """
    An engine for the database at `address`, such as `postgresql://gala@db.example/gala`.

    The password is found by the driver's own rules: PGPASSWORD, else `~/.pgpass`. Raises
    `UsageError` if it is no address, and `Unavailable` if the driver is not installed.
    """
    # SQLAlchemy's PostgreSQL is slow to import, and most catalogs are files.
    from countenance.catalog.spelling import speak_as_sqlite  # noqa: PLC0415

    require_driver()
    url = _url(address)
    given = {"application_name": "countenance", "connect_timeout": _CONNECT_SECONDS}
    engine = create_engine(
        url,
        connect_args={name: value for name, value in given.items() if name not in url.query},
        pool_pre_ping=True,  # the server may have been started anew since
    )
    speak_as_sqlite(engine)
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "do_execute", _execute_long)
    return engine


def require_driver() -> None:
    """Raises `Unavailable` if the driver is not installed."""
    try:
        import psycopg  # noqa: F401, PLC0415  wanted by those alone who have such a catalog
    except ImportError as exc:
        raise Unavailable(
            "a catalog in PostgreSQL needs psycopg, which is not installed",
            hint="pip install 'countenance[postgres]'",
        ) from exc


def with_database(address: str) -> str:
    """The address with the name of a database: its own, else a new one, as of no library yet."""
    url = _url(address)
    named = url if url.database else url.set(database=new_id("countenance"))
    return _spelled(named)


def reached_by(address: str, setting: str) -> str:
    """
    How the database of `address` is reached where `setting` says how its server is reached now.

    A setting that names a database names it wholly.
    """
    if not setting:
        return address
    now = _url(setting)
    return _spelled(now if now.database else now.set(database=_url(address).database))


def make_database(address: str) -> bool:
    """
    Make the database that `address` names, if there is none; whether it was made.

    Raises `Unavailable` if the server cannot be reached or does not let us.
    """
    require_driver()
    url = _url(address)
    engine = create_engine(
        url.set(database="postgres"),
        isolation_level="AUTOCOMMIT",
        connect_args={"connect_timeout": _CONNECT_SECONDS},
    )
    try:
        with engine.connect() as connection:
            known = text("SELECT 1 FROM pg_database WHERE datname = :name")
            if connection.execute(known, {"name": url.database}).scalar():
                return False
            name = engine.dialect.identifier_preparer.quote(str(url.database))
            statement = NEW_DATABASE.format(name=name, template=_TEMPLATE)
            connection.exec_driver_sql(statement)
            return True
    except DBAPIError as exc:
        raise _not_made(url, exc.orig) from exc
    except SQLAlchemyError as exc:
        raise Error(f"the catalog: {type(exc).__name__}") from exc
    finally:
        engine.dispose()


def copy_database(engine: Engine, file: Path) -> None:
    """
    Copy every row, as they all stand at one instant, into a new catalog of SQLite in `file`.

    Writers go on meanwhile. Raises `Unavailable` if it cannot be written.
    """
    from countenance.catalog.moving import copy_into_file  # noqa: PLC0415  it speaks to both

    with engine.connect() as source:
        copy_into_file(source, file)


@contextmanager
def alone_at_work(engine: Engine) -> Iterator[None]:
    """
    Be the one run that works on the library, on whatever machine. The server lets go if it ends.

    Raises `Locked` if another run is at work.
    """
    with _alone(engine) as connection:
        if not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({_RUNS})").scalar():
            raise Locked(
                "another run works on this library, perhaps on another machine",
                hint="wait until it has ended, or stop it",
            )
        try:
            yield
        finally:
            with suppress(DBAPIError):  # then the connection is gone, and the lock with it
                connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_RUNS})")


def write_through(engine: Engine) -> None:
    """Have the server write all that it holds in memory into its files, if it lets us."""
    _tried(engine, "CHECKPOINT")


def forget_deleted(engine: Engine, tables: Collection[str]) -> None:
    """
    Remove deleted rows, and what the server knew of their columns; and have its log cut.

    `VACUUM` leaves the bytes of a row in its page until the place is used again, so `tables` are
    written anew, with their indexes, into new files. The write-ahead log is cut by the server's
    administrator alone, or whom they let: where we may not, what was deleted stays in it until it
    is used up. Raises `Unavailable` if somebody holds one of the tables.
    """
    with _alone(engine) as connection, _impatient(connection):
        quote = connection.dialect.identifier_preparer.quote
        for table in tables:
            connection.exec_driver_sql(f"VACUUM (FULL, ANALYZE) {quote(table)}")
        if not tables:
            connection.exec_driver_sql("VACUUM (ANALYZE)")
        _forget_samples(connection)
    _cut(engine)


def rewrite(engine: Engine) -> None:
    """Write every table and index anew, and have the log cut: `forget_deleted`, of all tables."""
    with _alone(engine) as connection, _impatient(connection):
        connection.exec_driver_sql("VACUUM (FULL, ANALYZE)")
        _forget_samples(connection)
    _cut(engine)


def keep_as_written(connection: "Connection") -> None:
    """
    See to it that no text and no bytes are compressed: a scan of files sees them as they are (P21).

    To be called when tables were made or changed.
    """
    rows = connection.execute(text(_COMPRESSIBLE)).all()
    quote = connection.dialect.identifier_preparer.quote
    for table, column in rows:
        change = f"ALTER TABLE {quote(table)} ALTER COLUMN {quote(column)} SET STORAGE EXTERNAL"
        connection.exec_driver_sql(change)


def count_on(connection: "Connection") -> None:
    """After rows were written with numbers of their own: the next ones come after them."""
    rows = connection.execute(text(_COUNTED)).all()
    quote = connection.dialect.identifier_preparer.quote
    for table, column, sequence in rows:
        last = f"SELECT max({quote(column)}) FROM {quote(table)}"  # noqa: S608  a name
        connection.execute(
            text(f"SELECT setval(CAST(:name AS regclass), coalesce(({last}), 0) + 1, false)"),
            {"name": sequence},
        )


def damage(connection: "Connection") -> tuple[str, ...]:
    """
    What is found wrong when every row is read, and indexes compared if `amcheck` is installed.

    A page that is another one than was written is seen where the server has checksums of them.
    """
    connection.execute(text("SELECT set_config('enable_indexscan', 'off', true)"))
    connection.execute(text("SELECT set_config('enable_indexonlyscan', 'off', true)"))
    quote = connection.dialect.identifier_preparer.quote
    tables = connection.execute(text(_TABLES)).scalars().all()
    for table in tables:
        # Each value is read, those that lie elsewhere too.
        row = f"SELECT sum(length(CAST(one.* AS text))) FROM {quote(table)} AS one"  # noqa: S608
        connection.execute(text(row)).scalar()
    if connection.execute(text("SELECT 1 FROM pg_extension WHERE extname = 'amcheck'")).scalar():
        connection.execute(text(_CHECK_INDEXES)).all()
    return ()


def condition(connection: "Connection") -> str:
    """How the server keeps the catalog, in words: its version, checksums, copies elsewhere."""
    version, sums = connection.execute(
        text("SELECT current_setting('server_version'), current_setting('data_checksums')")
    ).one()
    told = "its pages have checksums" if sums == "on" else "its pages have no checksums"
    away = f"; copies: {', '.join(found)}" if (found := copies_elsewhere(connection)) else ""
    return f"PostgreSQL {str(version).split()[0]}, {told}{away}"


def copies_elsewhere(connection: "Connection") -> tuple[str, ...]:
    """
    Where the server sends what is written, in words; nothing if nowhere that can be seen.

    Backups of the server by its own tools cannot be seen.
    """
    told = connection.execute(text(_ELSEWHERE)).one()
    words = ("an archive of its write-ahead log", "replicas", "slots that hold its log")
    return tuple(word for word, there in zip(words, told, strict=True) if there)


def own_files(connection: "Connection") -> tuple[Path, ...] | None:
    """
    Every file of the server but for those of other databases; nothing if they cannot be read here.

    It is made sure that the folder is that of this very server.
    """
    folder = _data_folder(connection)
    if folder is None:
        return None
    own = str(connection.execute(text(_OWN_NUMBER)).scalar_one())
    try:
        return tuple(_files(folder, own))
    except OSError:
        return None


def as_stored(texts: Sequence[str | None]) -> bytes:
    """
    Texts of a row that stand side by side, as they lie in the file, after the first one's length.

    A short one has its length in one byte before it, and a NULL is left out. Where a long one lies
    depends on where the row stands: so it ends there, or is that text alone if it is the second.
    """
    found = bytearray()
    several = False
    for value in texts:
        data = (value or "").encode()
        if len(data) > _SHORT:
            return bytes(found) if several else data
        if value is not None:
            several = bool(found)
            found += bytes([(len(data) + 1) << 1 | 1]) + data if found else data
    return bytes(found)


def error_of(error: BaseException | None, engine: Engine) -> Error | None:
    """An error of the driver as one of ours, without values; nothing if it tells of damage."""
    del engine
    state = getattr(error, "sqlstate", None) or ""
    said = first_line(error)
    if state in _DAMAGE:
        return None
    if state == _FULL:
        return DiskFull("the catalog: the server's disk is full", hint="make some room on it")
    if state in _BUSY:
        return Unavailable(f"the catalog is locked by another program: {said}")
    if state == _TOO_LONG:
        return UsageError(
            f"a name or a place is too long to be found by: at most {MAX_INDEXED_BYTES} bytes"
        )
    if state == _OUT_OF_RANGE:
        return UsageError("a number is too large: whole numbers have 64 bits")
    return Unavailable(f"the catalog: {said}")


def first_line(error: BaseException | None) -> str:
    """The driver's first line; what comes after may show the values of a row."""
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__


# --------------------------------------------------------------------------------------------

_COMPRESSIBLE = """
    SELECT c.relname, a.attname FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname = current_schema() AND a.attnum > 0
    AND NOT a.attisdropped AND a.attstorage = 'x'
"""

_SAMPLED = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_stats s
    JOIN pg_namespace n ON n.nspname = s.schemaname
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = s.tablename
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = s.attname
    WHERE s.schemaname = current_schema() AND c.reltuples = 0 AND a.attstorage = 'e'
    AND NOT EXISTS (
        SELECT FROM pg_constraint k WHERE k.contype IN ('f', 'p')
        AND (k.conrelid = c.oid AND a.attnum = ANY(k.conkey)
        OR k.confrelid = c.oid AND a.attnum = ANY(k.confkey))
    )
"""
"""Columns but for keys, of which there are samples though their table has no row."""

_COUNTED = """
    SELECT table_name, column_name, pg_get_serial_sequence(quote_ident(table_name), column_name)
    FROM information_schema.columns
    WHERE table_schema = current_schema() AND column_default LIKE 'nextval(%'
"""

_TABLES = """
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname = current_schema() ORDER BY 1
"""

_CHECK_INDEXES = """
    SELECT bt_index_check(c.oid) FROM pg_class c JOIN pg_am m ON m.oid = c.relam
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE m.amname = 'btree' AND n.nspname = current_schema()
"""

_ELSEWHERE = """
    SELECT current_setting('archive_mode') <> 'off',
    EXISTS (SELECT FROM pg_stat_replication), EXISTS (SELECT FROM pg_replication_slots)
"""

_OWN_NUMBER = "SELECT oid FROM pg_database WHERE datname = current_database()"


def _url(address: str) -> URL:
    try:
        return make_url(address).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError) as exc:
        # What it says may hold a password.
        raise UsageError("catalog: not an address such as postgresql://db.example/gala") from exc


def _spelled(url: URL) -> str:
    return url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)


def _not_made(url: URL, error: BaseException | None) -> Error:
    state = getattr(error, "sqlstate", None)
    if state == _MAY_NOT:
        name = str(url.database)
        made = NEW_DATABASE.format(name=name, template=_TEMPLATE)
        return Unavailable(
            f"the database {name} is not there, and the server does not let us make it",
            hint=f"let its administrator do it: {made}",
        )
    return Unavailable(f"the catalog: {first_line(error)}")


def _set_up(connection: "DriverConnection[Any]", _record: object) -> None:
    try:
        _prepare(connection)
    except BaseException:
        connection.close()
        raise


def _prepare(connection: "DriverConnection[Any]") -> None:
    connection.adapters.register_dumper(str, _dumper())
    for name in ("text", "varchar", "bpchar"):
        connection.adapters.register_loader(name, _loader())
    connection.autocommit = True
    wanted = {**_SETTINGS, "lock_timeout": f"{BUSY_MILLISECONDS}ms"}
    for name, value in wanted.items():
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))
    version = connection.info.server_version // 10_000
    if version < OLDEST:
        raise Unavailable(f"postgresql: the server is of version {version}; {OLDEST} is the oldest")
    for what, expected in _ASKED.items():
        row = connection.execute(f"SELECT {what}").fetchone()
        found = row[0] if row else None
        if found != expected:
            name = what.partition("'")[2].partition("'")[0]
            raise Unavailable(f"postgresql: {name} is {found!r}, and must be {expected!r}")
    _require_order(connection)
    connection.autocommit = False


def _require_order(connection: "DriverConnection[Any]") -> None:
    row = connection.execute(
        "SELECT datname, datlocprovider, datcollate FROM pg_database "
        "WHERE datname = current_database()"
    ).fetchone()
    name, provider, collation = row or ("", "", "")
    # A collation of the server's own ("b") is always one by number.
    if provider != "b" and (provider != "c" or str(collation).upper() not in _BY_NUMBER):
        made = NEW_DATABASE.format(name=name, template=_TEMPLATE)
        raise Unavailable(
            f"postgresql: the database {name} orders texts as in {collation}, and must by number",
            hint=f"make it anew: {made}",
        )


def _dumper() -> Any:  # noqa: ANN401  a class of a package that may not be installed
    from psycopg.types.string import StrDumperUnknown  # noqa: PLC0415

    class Dumper(StrDumperUnknown):
        """Writes a NUL as the mark and `0`, and the mark as itself and `1`."""

        def dump(self, obj: str) -> Any:  # noqa: ANN401
            if "\0" in obj or _MARK in obj:
                obj = obj.replace(_MARK, f"{_MARK}1").replace("\0", f"{_MARK}0")
            return super().dump(obj)

    return Dumper


def _loader() -> Any:  # noqa: ANN401
    from psycopg.adapt import Loader  # noqa: PLC0415

    class TextLoader(Loader):
        """Reads what `Dumper` wrote."""

        def load(self, data: Any) -> str:  # noqa: ANN401
            read = bytes(data)
            if _MARK_BYTES not in read:
                return read.decode()
            return read.decode().replace(f"{_MARK}0", "\0").replace(f"{_MARK}1", _MARK)

    return TextLoader


def _begin(connection: "Connection") -> None:
    from psycopg import IsolationLevel  # noqa: PLC0415

    options = connection.get_execution_options()
    if options.get("isolation_level") == "AUTOCOMMIT":
        return
    writes = bool(options.get("countenance_writes"))
    driver: DriverConnection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    # A snapshot would be of before the lock was got, so a writer has none: each of its statements
    # sees what was committed last, and nobody commits anything but itself.
    driver.isolation_level = (
        IsolationLevel.READ_COMMITTED if writes else IsolationLevel.REPEATABLE_READ
    )
    driver.read_only = not writes
    if writes:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")


def _execute_long(
    cursor: Any,  # noqa: ANN401  the driver's
    statement: str,
    parameters: Sequence[object] | dict[str, object],
    _context: object,
) -> bool:
    """Values that are too many to go beside a statement are written into it; whether they were."""
    if len(parameters) <= _MOST_VALUES:
        return False
    from psycopg import ClientCursor  # noqa: PLC0415

    cursor.execute(ClientCursor(cursor.connection).mogrify(statement, parameters))
    return True


@contextmanager
def _alone(engine: Engine) -> Iterator["Connection"]:
    """A connection outside of any transaction."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


@contextmanager
def _impatient(connection: "Connection") -> Iterator[None]:
    """Wait a short while only for a table: whoever comes to read it waits behind us meanwhile."""
    short = min(BUSY_MILLISECONDS, _REWRITE_MILLISECONDS)
    connection.exec_driver_sql(f"SET lock_timeout = {short}")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"SET lock_timeout = {BUSY_MILLISECONDS}")


def _forget_samples(connection: "Connection") -> None:
    """
    Of a table without a row `ANALYZE` keeps the samples of its values that it had before.

    They go with the type of their column, be the next one the same.
    """
    quote = connection.dialect.identifier_preparer.quote
    for table, column, kind in connection.execute(text(_SAMPLED)).all():
        change = f"ALTER COLUMN {quote(column)}"
        connection.exec_driver_sql(
            f"ALTER TABLE {quote(table)} {change} TYPE {kind}, {change} SET STORAGE EXTERNAL"
        )


def _cut(engine: Engine) -> None:
    with suppress(DBAPIError), _alone(engine) as connection:
        # Samples of the values of before were rows there.
        connection.exec_driver_sql("VACUUM FULL pg_catalog.pg_statistic")
    # What is before the file that begins here is let go of at the end of the second.
    for statement in ("SELECT pg_switch_wal()", "CHECKPOINT", "CHECKPOINT"):
        _tried(engine, statement)


def _tried(engine: Engine, statement: str) -> None:
    with suppress(DBAPIError), _alone(engine) as connection:
        connection.execute(text(statement))


def _data_folder(connection: "Connection") -> Path | None:
    """The folder of the server's files, if it is on this machine and can be read."""
    allowed = "SELECT pg_has_role(current_user, 'pg_read_all_settings', 'USAGE')"
    if not connection.execute(text(allowed)).scalar():
        return None
    number, folder = connection.execute(
        text("SELECT system_identifier, current_setting('data_directory') FROM pg_control_system()")
    ).one()
    root = Path(str(folder))
    try:
        with (root / "global" / "pg_control").open("rb") as file:
            (found,) = struct.unpack("=Q", file.read(8))
    except (OSError, struct.error):
        return None
    # A folder of that name on this machine may be another server's.
    return root if found == int(number) else None


def _files(root: Path, own: str) -> Iterator[Path]:
    for folder, folders, names in os.walk(root, onerror=_raised, followlinks=True):
        here = Path(folder)
        if here.name == "base" or here.parent.parent.name == "pg_tblspc":
            folders[:] = [one for one in folders if one in (own, "pgsql_tmp")]
        for name in sorted(names):
            if (here / name).is_file():
                yield here / name


def _raised(error: OSError) -> None:
    # A folder that went meanwhile held nothing; one that may not be read might.
    if not isinstance(error, FileNotFoundError):
        raise error
