"""
A SQLite whose disk fails when it is told to: at the n-th write, sync, truncation or deletion.

The disk is a VFS of SQLite (https://www.sqlite.org/vfs.html), by way of APSW. It hands every call
on to the real file system and counts those that change something. On top stands as much of a
driver (PEP 249) as SQLAlchemy asks of the standard library's `sqlite3`, so that a `Database` runs
on it as it is, errors included.

The library behind APSW is another build of SQLite than the standard library's. Both in one process
must never have one file open at once: closing it in one lets go of the other's locks.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from enum import Enum
from itertools import count
from pathlib import Path
from sqlite3 import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Warning,  # noqa: A004  the name that PEP 249 gives it
)
from types import SimpleNamespace
from typing import Any

import apsw
from sqlalchemy import Engine, QueuePool, create_engine, event

from countenance.catalog import sqlite

_disks = count(1)


class Trouble(Enum):
    """How a disk fails."""

    HICCUP = "one call fails with an I/O error; the next ones work"
    GONE = "every call fails with an I/O error from then on, as when a cable is pulled"
    FULL = "nothing more can be written from then on; what is there can be cut and deleted"


class FaultyDisk(apsw.VFS):
    """
    A disk that works until `fail` is called.

    `calls` are the calls since then that change something, by kind.
    """

    def __init__(self) -> None:
        self.name = f"faulty-{next(_disks)}"
        self.calls: list[str] = []
        self.failed = 0
        self._at = 0
        self._trouble = Trouble.HICCUP
        super().__init__(self.name, "")

    def fail(self, at: int, trouble: Trouble) -> None:
        """Count anew from here, and fail at call number `at`, from 1; at 0 only count."""
        self.calls, self.failed, self._at, self._trouble = [], 0, at, trouble

    def repair(self) -> None:
        self._at = 0

    def tick(self, kind: str) -> None:
        """One call of a kind. Raises what SQLite shall be told, if it is to fail."""
        self.calls.append(kind)
        number = len(self.calls)
        if not self._at or number < self._at:
            return
        if self._trouble is Trouble.FULL and kind not in ("write", "sync"):
            return
        if self._trouble is Trouble.HICCUP and number > self._at:
            return
        self.failed += 1
        if self._trouble is Trouble.FULL:
            raise apsw.FullError("the disk is full")
        raise apsw.IOError("the disk fails")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> "_File":  # noqa: N802
        return _File(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: FBT001, N802
        self.tick("delete")
        super().xDelete(filename, syncdir)

    def excepthook(self, *_: object) -> bool:
        """What SQLite does not want to hear of is no trouble of the test."""
        return True


class _File(apsw.VFSFile):
    def __init__(
        self, disk: FaultyDisk, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> None:
        self._disk = disk
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk.tick("write")
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.tick("sync")
        super().xSync(flags)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._disk.tick("truncate")
        super().xTruncate(newsize)

    def excepthook(self, *_: object) -> bool:
        """As of the disk."""
        return True


def faulty_engine(path: Path, disk: FaultyDisk) -> Engine:
    """An engine as `catalog.sqlite.sqlite_engine` makes it, on `disk`."""
    engine = create_engine(
        "sqlite://",
        module=_DRIVER,
        creator=lambda: _Connection(apsw.Connection(str(path), vfs=disk.name), disk),
        poolclass=QueuePool,
    )
    event.listen(engine, "connect", sqlite._set_up)
    event.listen(engine, "begin", sqlite._begin)
    return engine


# --------------------------------------------------------------------------------------------------


class _Connection:
    """A connection of PEP 249. Its transactions are begun by whoever uses it."""

    def __init__(self, real: apsw.Connection, disk: FaultyDisk) -> None:
        self._real = real
        self._disk = disk
        self.isolation_level: str | None = None

    def cursor(self) -> "_Cursor":
        return _Cursor(self._real)

    def execute(self, sql: str) -> "_Cursor":
        return self.cursor().execute(sql)

    def create_function(
        self,
        name: str,
        narg: int,
        func: Callable[..., Any],
        *,
        deterministic: bool = False,
    ) -> None:
        self._real.create_scalar_function(name, func, narg, deterministic=deterministic)

    def backup(self, target: sqlite3.Connection) -> None:
        """Copy all of it into the file of `target`, which has no lock on it, on the same disk."""
        _, _, file = target.execute("PRAGMA database_list").fetchone()
        with _in_words_of_sqlite3(), closing(apsw.Connection(file, vfs=self._disk.name)) as made:
            steps = made.backup("main", self._real, "main")
            try:
                steps.step()
            finally:
                with suppress(SystemError):  # of what failed in the step already
                    steps.close(force=True)

    def commit(self) -> None:
        if self._real.in_transaction:
            self.execute("COMMIT")

    def rollback(self) -> None:
        if self._real.in_transaction:
            self.execute("ROLLBACK")

    def close(self) -> None:
        # SQLite closes whatever happens: what fails meanwhile is left to whoever opens next.
        with suppress(apsw.Error):
            self._real.close()


class _Cursor:
    """A cursor that has read everything when `execute` returns."""

    arraysize = 1

    def __init__(self, real: apsw.Connection) -> None:
        self._real = real
        self._rows: Iterator[tuple[Any, ...]] = iter(())
        self.description: Sequence[tuple[Any, ...]] | None = None
        self.rowcount = -1
        self.lastrowid = 0

    def execute(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> "_Cursor":
        columns: list[str] = []
        before, cursor = self._real.total_changes(), self._real.cursor()
        cursor.exec_trace = lambda asked, *_: _note_columns(asked, columns)
        with _in_words_of_sqlite3():
            self._rows = iter(cursor.execute(sql, parameters or None).fetchall())
        self.description = [(name, *[None] * 6) for name in columns] or None
        self.rowcount = -1 if columns else self._real.total_changes() - before
        self.lastrowid = self._real.last_insert_rowid()
        return self

    def executemany(self, sql: str, many: Sequence[Sequence[Any]]) -> "_Cursor":
        for parameters in many:
            self.execute(sql, parameters)
        return self

    def fetchone(self) -> tuple[Any, ...] | None:
        return next(self._rows, None)

    def fetchmany(self, size: int = 1) -> list[tuple[Any, ...]]:
        return [row for row, _ in zip(self._rows, range(size), strict=False)]

    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self._rows)

    def close(self) -> None:
        self._rows = iter(())


def _note_columns(cursor: apsw.Cursor, columns: list[str]) -> bool:
    # Asked before the first row: afterwards a query without rows has no columns any more.
    columns[:] = [name for name, *_ in cursor.get_description()]
    return True


@contextmanager
def _in_words_of_sqlite3() -> Iterator[None]:
    try:
        yield
    except apsw.Error as exc:
        raise _as_sqlite3(exc) from exc


def _as_sqlite3(exc: apsw.Error) -> Error:
    kinds: dict[type[apsw.Error], type[DatabaseError]] = {
        apsw.ConstraintError: IntegrityError,
        apsw.CorruptError: DatabaseError,
        apsw.NotADBError: DatabaseError,
        apsw.MisuseError: ProgrammingError,
    }
    made = kinds.get(type(exc), OperationalError)(str(exc))
    # As the standard library sets it, from Python 3.11 on.
    made.sqlite_errorcode = getattr(exc, "result", 1)
    return made


_DRIVER = SimpleNamespace(
    apilevel="2.0",
    paramstyle="qmark",
    threadsafety=1,
    sqlite_version=apsw.sqlite_lib_version(),
    sqlite_version_info=tuple(int(part) for part in apsw.sqlite_lib_version().split(".")),
    Binary=sqlite3.Binary,
    Error=Error,
    DatabaseError=DatabaseError,
    DataError=DataError,
    IntegrityError=IntegrityError,
    InterfaceError=InterfaceError,
    InternalError=InternalError,
    NotSupportedError=NotSupportedError,
    OperationalError=OperationalError,
    ProgrammingError=ProgrammingError,
    Warning=Warning,
)
"""What SQLAlchemy looks for in the module of a driver."""
