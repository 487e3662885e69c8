"""
The database and the unit of work: one transaction is one use case.

Everything above this floor gets a `Connection` from `Database.read` or `Database.write` and hands
it to the functions of this package. Nothing of SQLAlchemy's or the driver's errors leaves here.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, insert, inspect, text
from sqlalchemy.exc import (
    DBAPIError,
    MultipleResultsFound,
    NoResultFound,
    SQLAlchemyError,
)

from countenance.catalog import shelves, version
from countenance.catalog.presence import Presence
from countenance.catalog.sqlite import (
    copy_database,
    damage,
    empty_write_ahead_log,
    rewrite,
    sqlite_engine,
    tells_of_damage,
)
from countenance.catalog.tables import library
from countenance.errors import (
    DiskFull,
    Error,
    NoLibrary,
    Unavailable,
    UsageError,
    VerificationError,
)

NEWEST_REVISION = "0021"
"""The migration that this program is written for. A test compares it with the folder."""

_LITTLE = 2**20
"""Bytes. With less left on the disk, a write that failed is taken to have found no room."""

_DAMAGED = "damaged, or changed by hand"
_REMEDY = "countenance doctor says more; bring it back with countenance restore"


class Database:
    """A catalog: SQLite in a file today, any database of SQLAlchemy's by its address."""

    def __init__(self, engine: Engine, presence: Presence | None = None) -> None:
        self._engine = engine
        version.watch(engine)
        shelves.watch(engine)
        self._presence = presence
        self._committed: Callable[[], None] = _nothing

    @classmethod
    def at(cls, where: Path | str) -> "Database":
        """The database in a file (a `Path`) or at an address (text such as `postgresql://...`)."""
        return cls(sqlite_engine(where) if isinstance(where, Path) else create_engine(where))

    @classmethod
    def of_library(cls, file: Path) -> "Database":
        """
        The catalog of a library, in the file `file`: what was damaged since it was closed is known.

        It is examined when it is first read. Whoever works on it must come by this way.
        """
        return cls(sqlite_engine(file), Presence(file))

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database throughout, and changes nothing."""
        with self._open(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """
        A transaction that commits when its block ends and is undone if the block raises.

        There is one writer at a time: what is read inside is still so at the commit. Raises
        `DiskFull` if there is no room for what is written.
        """
        with self._open_for_change(), self._engine.connect() as connection:
            connection.execution_options(countenance_writes=True)
            with connection.begin():
                version.begin(connection)
                shelves.begin(connection)
                yield connection
                shelves.end(connection)
                version.end(connection)
        self._committed()

    def after_each_commit(self, act: Callable[[], None]) -> None:
        """From now on `act` is called when a writing transaction has committed, and raises none."""
        self._committed = act

    def copy_to(self, file: Path) -> None:
        """
        Write the database, as it stands at one instant, into the new file `file`.

        Others read and write meanwhile. Durable when it returns, but for the file's name. Raises
        `Unavailable` if it cannot be done, or not with this kind of database.
        """
        with self._open():
            if self._engine.dialect.name != "sqlite":
                raise Unavailable(
                    "only a catalog of SQLite can be copied here",
                    hint="back up the database with its own tools",
                )
            copy_database(self._engine, file)

    def create(self, library_id: str, *, at: datetime) -> None:
        """Make the tables and the row of the library itself, all in one transaction."""
        from countenance.catalog.migrate import upgrade  # noqa: PLC0415  Alembic is slow to import

        with self.write() as tx:
            upgrade(tx)
            row = {"id": library_id, "created_at": at, "gallery_version": 0, "latest": at}
            tx.execute(insert(library).values(row))

    def migrate(self) -> None:
        """
        Bring the tables to the newest form. Each migration and its record commit together.

        Raises `VerificationError` if there is something to be done and the catalog is damaged.
        """
        if self.revision() == NEWEST_REVISION:
            return
        self.require_sound()
        from countenance.catalog.migrate import upgrade  # noqa: PLC0415

        with self.write() as connection:
            upgrade(connection)

    def revision(self) -> str:
        """The migration that the database is at; the empty string if it has no tables."""
        with self.read() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return ""
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            return str(found or "")

    def require_known_revision(self) -> None:
        """
        Make sure that this program can work with the database.

        Raises `NoLibrary` if there are no tables, and `Unavailable` if a newer program made them.
        """
        found = self.revision()
        if not found:
            raise NoLibrary("the catalog is empty", hint="countenance init makes a library")
        if found > NEWEST_REVISION:
            raise Unavailable(
                f"the catalog is of revision {found}; this program knows {NEWEST_REVISION}",
                hint="use the newer program that made it",
            )

    def forget_deleted_bytes(self) -> None:
        """
        See to it that rows deleted before this call are in no file of the database.

        Raises `Unavailable` if that cannot be done now.
        """
        with self._open_for_change():
            if self._engine.dialect.name == "sqlite":
                empty_write_ahead_log(self._engine)

    def rewrite(self) -> None:
        """
        Write the whole database anew: then not even copies of deleted rows are in its files.

        For what `forget_deleted_bytes` has left, and seldom, for it takes time and room. Raises
        `Unavailable` if that cannot be done now.
        """
        with self._open_for_change():
            if self._engine.dialect.name == "sqlite":
                rewrite(self._engine)

    def wrong(self) -> str:
        """
        How the catalog of a library was found damaged, in words; the empty string if it was not.

        Byte by byte if it was closed by us, else by the database's own check. Raises `Unavailable`.
        """
        with self._open():
            return self._presence.wrong if self._presence else ""

    def require_sound(self) -> None:
        """Raises `VerificationError` if the catalog was found damaged (P27)."""
        if wrong := self.wrong():
            raise VerificationError(f"{wrong}: {_DAMAGED}", hint=_REMEDY)

    def damage(self) -> tuple[str, ...]:
        """
        What the database itself finds wrong in its file, at most twenty lines (P27).

        That is less than all: a value that is another one it does not see.
        """
        with self.read() as connection:
            return damage(connection) if self._engine.dialect.name == "sqlite" else ()

    def close(self) -> None:
        """Let go of it. It may be read again, and is examined again then."""
        self._engine.dispose()
        if self._presence:
            self._presence.go()

    # ----------------------------------------------------------------------------------------

    @contextmanager
    def _open(self) -> Iterator[None]:
        if self._presence:
            self._presence.come(self._checked)
        with self._translated():
            yield

    @contextmanager
    def _open_for_change(self) -> Iterator[None]:
        with self._open():
            if self._presence:
                self._presence.before_a_change()
            yield

    def _checked(self) -> str:
        try:
            with self._translated(), self._engine.connect() as connection:
                found = damage(connection)
        except VerificationError as exc:
            return exc.message.removesuffix(f": {_DAMAGED}")
        return f"the catalog {self._engine.url.database}: {'; '.join(found)}" if found else ""

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as exc:
            if tells_of_damage(exc.orig):
                raise self._damaged(str(exc.orig)) from exc
            if self._is_full(exc.orig):
                raise DiskFull(
                    "the catalog: the disk is full", hint="make some room on it"
                ) from exc
            # The first line of the driver's words; the rest is the statement, with its values.
            raise Unavailable(f"the catalog: {str(exc.orig).splitlines()[0]}") from exc
        except (NoResultFound, MultipleResultsFound) as exc:
            # Such as that of the library itself: this program never leaves it out.
            raise self._damaged("a row that is always there is missing") from exc
        except SQLAlchemyError as exc:
            raise Error(f"the catalog: {type(exc).__name__}") from exc
        except UnicodeEncodeError as exc:
            # A name from a file system or a terminal that is not UTF-8.
            raise UsageError(f"not text: {exc.object!r}") from exc
        except ValueError as exc:
            # A date, a word or a list that this program never wrote. What it says may be anybody's.
            raise self._damaged("a value in it cannot be read") from exc

    def _is_full(self, error: BaseException | None) -> bool:
        """SQLite says so, or else it failed to write, for no reason of its own, on a full disk."""
        # The low byte is the kind of an error; a few of ours have no code.
        kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if kind in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN) and self._engine.url.database:
            folder = Path(self._engine.url.database).parent
            return folder.is_dir() and shutil.disk_usage(folder).free < _LITTLE
        return bool(kind == sqlite3.SQLITE_FULL)

    def _damaged(self, how: str) -> VerificationError:
        # Of a text that is none SQLite's message holds the text itself.
        words = how.partition(" with text")[0].splitlines()[0]
        return VerificationError(
            f"the catalog {self._engine.url.database}: {words}: {_DAMAGED}", hint=_REMEDY
        )


# --------------------------------------------------------------------------------------------


def _nothing() -> None:
    return
