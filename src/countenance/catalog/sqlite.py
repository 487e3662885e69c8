"""
SQLite: the only module that speaks its dialect.

Each connection is set up here and then asked whether it really is so: builds of SQLite differ, and
`secure_delete` decides whether erased bytes stay in the file.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, create_engine, event, text

from countenance.errors import DiskFull, Error, Unavailable
from countenance.vault.files import sync_file, unavailable, write_file

if TYPE_CHECKING:
    from sqlite3 import Connection as DriverConnection

    from sqlalchemy import Connection

BUSY_MILLISECONDS = 30_000

_LITTLE = 2**20
"""Bytes. With less left on the disk, a write that failed is taken to have found no room."""

_PRIMARY = 0xFF
"""The part of a result code that says the kind; the rest says more of it."""

_DAMAGE = frozenset({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT})

_PRAGMAS = {  # name: (what is set, what must then be read)
    "journal_mode": ("WAL", "wal"),
    "synchronous": ("FULL", 2),
    "secure_delete": ("ON", 1),
    "foreign_keys": ("ON", 1),
    # A damaged page is more often known as one when it is read, and not taken for an empty one.
    "cell_size_check": ("ON", 1),
    "temp_store": ("MEMORY", 2),
    "busy_timeout": (str(BUSY_MILLISECONDS), BUSY_MILLISECONDS),
}


def sqlite_engine(path: Path) -> Engine:
    """An engine for the file `path`, which is made if it is not there."""
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def empty_write_ahead_log(engine: Engine) -> None:
    """
    Move everything from the write-ahead log into the database and cut the log to nothing.

    Until then deleted rows still stand in the log. Raises `Unavailable` if a reader holds an old
    state of the database, so that the log could not be cut.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        busy, _, _ = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()
    if busy:
        raise Unavailable(
            "the write-ahead log could not be emptied: another program reads the catalog",
            hint="close it and run the same command again",
        )


def forget_deleted(engine: Engine, tables: Collection[str]) -> None:
    """Cut the log: `secure_delete` has overwritten deleted rows everywhere else, of any table."""
    del tables
    empty_write_ahead_log(engine)


def alone_at_work(engine: Engine) -> AbstractContextManager[None]:
    """A file is of one machine, where the lock in its folder is enough."""
    del engine
    return nullcontext()


def write_through(engine: Engine) -> None:
    """Nothing is to be done: what was committed stands in a file."""
    del engine


def rewrite(engine: Engine) -> None:
    """
    Write every page of the database anew, so that nothing is in it but the rows that there are.

    `secure_delete` overwrites what is deleted; but where a page of a tree is split or joined, the
    rows that move to another page may stay in the gap of the old one. It takes room for a second
    copy, and raises as `empty_write_ahead_log` does.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM"))
    empty_write_ahead_log(engine)


def copy_database(engine: Engine, file: Path) -> None:
    """
    Copy the database into the new file `file` by SQLite's own backup, in one step: one state.

    Writers go on meanwhile, for the copy only reads. Raises `Unavailable` if it cannot be written.
    """
    with unavailable("the copy of the catalog"):
        # Made here, so that nobody but its owner may read it.
        write_file(file, b"", flags=os.O_CREAT | os.O_EXCL, durable=False)
    with closing(sqlite3.connect(file, isolation_level=None)) as target:
        raw = engine.raw_connection()
        try:
            source: DriverConnection = raw.driver_connection  # type: ignore[assignment]
            source.backup(target)
            # The copy is one file: no write-ahead log beside it, whoever opens it next.
            target.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.Error as exc:
            raise Unavailable(f"the copy of the catalog: {exc}") from exc
        finally:
            raw.close()
    with unavailable("the copy of the catalog"):
        sync_file(file)


def damage(connection: "Connection") -> tuple[str, ...]:
    """What SQLite's two checks find wrong in the file, at most ten lines each; none if sound."""
    lines = connection.execute(text("PRAGMA integrity_check(10)")).scalars().all()
    orphans = connection.execute(text("PRAGMA foreign_key_check")).fetchmany(10)
    return (
        *(() if lines == ["ok"] else lines),
        *(f"row {one[1]} of {one[0]} names one of {one[2]} that is not there" for one in orphans),
    )


def condition(connection: "Connection") -> str:
    """A file has none but what it is."""
    del connection
    return ""


def copies_elsewhere(connection: "Connection") -> tuple[str, ...]:
    """A file is sent nowhere by itself."""
    del connection
    return ()


def own_files(connection: "Connection") -> tuple[Path, ...]:
    """All of its files are in the library's folder."""
    del connection
    return ()


def as_stored(texts: Sequence[str | None]) -> bytes:
    """Texts of a row that stand side by side, as they lie in the file: one after the other."""
    return "".join(value or "" for value in texts).encode()


def error_of(error: BaseException | None, engine: Engine) -> Error | None:
    """An error of the driver as one of ours, without values; nothing if it tells of damage."""
    if tells_of_damage(error):
        return None
    if _is_full(error, engine.url.database):
        return DiskFull("the catalog: the disk is full", hint="make some room on it")
    # The first line of the driver's words; the rest is the statement, with its values.
    return Unavailable(f"the catalog: {str(error).splitlines()[0]}")


def tells_of_damage(error: BaseException | None) -> bool:
    """Whether an error of the driver says that the file is no database, or no sound one."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)  # without one, it is Python's own
    return code & _PRIMARY in _DAMAGE or "Could not decode to UTF-8" in str(error)


# --------------------------------------------------------------------------------------------


def _is_full(error: BaseException | None, file: str | None) -> bool:
    """SQLite says so, or else it failed to write, for no reason of its own, on a full disk."""
    # The low byte is the kind of an error; a few of ours have no code.
    kind = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    if kind in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN) and file:
        folder = Path(file).parent
        return folder.is_dir() and shutil.disk_usage(folder).free < _LITTLE
    return bool(kind == sqlite3.SQLITE_FULL)


def _set_up(connection: "DriverConnection", _record: object) -> None:
    # The driver's own transactions are switched off: BEGIN is ours to say, see `_begin`.
    connection.isolation_level = None
    read: Callable[[str], object] = lambda sql: connection.execute(sql).fetchone()[0]  # noqa: E731
    for name, (value, expected) in _PRAGMAS.items():
        connection.execute(f"PRAGMA {name}={value}")
        found = read(f"PRAGMA {name}")
        if found != expected:
            raise Unavailable(f"sqlite: {name} is {found!r}, and must be {expected!r}")


def _begin(connection: "Connection") -> None:
    # A writer takes the lock at once: a transaction that reads consent and then stores must not
    # find, at its first write, that what it read is no longer so.
    options = connection.get_execution_options()
    if options.get("isolation_level") != "AUTOCOMMIT":
        kind = "IMMEDIATE" if options.get("countenance_writes") else "DEFERRED"
        connection.exec_driver_sql(f"BEGIN {kind}")
