"""
The database and the unit of work: one transaction is one use case.

Everything above this floor gets a `Connection` from `Database.read` or `Database.write` and hands
it to the functions of this package. Nothing of SQLAlchemy's or the driver's errors leaves here.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, insert, inspect, select, text
from sqlalchemy.exc import (
    DBAPIError,
    MultipleResultsFound,
    NoResultFound,
    SQLAlchemyError,
)

from countenance.catalog import postgresql, shelves, sqlite, version
from countenance.catalog.postgresql import postgresql_engine
from countenance.catalog.presence import Presence
from countenance.catalog.sqlite import sqlite_engine
from countenance.catalog.tables import library
from countenance.errors import (
    Error,
    NoLibrary,
    Unavailable,
    UsageError,
    VerificationError,
)

NEWEST_REVISION = "0022"
"""The migration that this program is written for. A test compares it with the folder."""

_DAMAGED = "damaged, or changed by hand"
_REMEDY = "countenance doctor says more; bring it back with countenance restore"


class Kind(Protocol):
    """What each kind of database does in its own way: `catalog.sqlite`, `catalog.postgresql`."""

    def copy_database(self, engine: Engine, file: Path) -> None:
        """Copy it, as it stands at one instant, into a new catalog of SQLite in `file`."""

    def alone_at_work(self, engine: Engine) -> AbstractContextManager[None]:
        """Be the one run that works on the library, on whatever machine."""

    def write_through(self, engine: Engine) -> None:
        """See to it that what is in memory stands in the files, as far as we are let."""

    def forget_deleted(self, engine: Engine, tables: Collection[str]) -> None:
        """See to it that rows that were deleted from `tables` are in no file of it."""

    def rewrite(self, engine: Engine) -> None:
        """Write all of it anew."""

    def damage(self, connection: Connection) -> tuple[str, ...]:
        """What its own examination finds wrong."""

    def condition(self, connection: Connection) -> str:
        """What it is and how it keeps what it is given, in words; nothing if it is a file."""

    def copies_elsewhere(self, connection: Connection) -> tuple[str, ...]:
        """Where it sends what is written, in words."""

    def own_files(self, connection: Connection) -> tuple[Path, ...] | None:
        """Its files that are not in the library's folder; nothing if they cannot be read."""

    def as_stored(self, texts: Sequence[str | None]) -> bytes:
        """Texts of a row that stand side by side, as they lie in a file."""

    def error_of(self, error: BaseException | None, engine: Engine) -> Error | None:
        """An error of the driver as one of ours; nothing if it tells of damage."""


def kind_of(name: str) -> Kind:
    """What does it the way of the databases that SQLAlchemy calls `name`."""
    return sqlite if name == "sqlite" else postgresql


class Database:
    """A catalog: in SQLite in a file, or in PostgreSQL by its address."""

    def __init__(self, engine: Engine, presence: Presence | None = None) -> None:
        self._engine = engine
        self._kind = kind_of(engine.dialect.name)
        version.watch(engine)
        shelves.watch(engine)
        self._presence = presence
        self._committed: Callable[[], None] = _nothing

    @classmethod
    def at(cls, where: Path | str) -> "Database":
        """The database in a file (a `Path`) or at an address (text such as `postgresql://...`)."""
        return cls(sqlite_engine(where) if isinstance(where, Path) else postgresql_engine(where))

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

    @contextmanager
    def alone_at_work(self) -> Iterator[None]:
        """
        Be the one run that works on the library, among those on other machines too.

        Those on this machine are kept out by the lock in its folder. Raises `Locked`.
        """
        with ExitStack() as held:
            with self._open():
                held.enter_context(self._kind.alone_at_work(self._engine))
            yield

    def after_each_commit(self, act: Callable[[], None]) -> None:
        """From now on `act` is called when a writing transaction has committed, and raises none."""
        self._committed = act

    def copy_to(self, file: Path) -> None:
        """
        Write the database, as it stands at one instant, into the new file `file`.

        It is a catalog of SQLite, whatever this one is. Others read and write meanwhile. Durable
        when it returns, but for the file's name. Raises `Unavailable` if it cannot be done.
        """
        with self._open():
            self._kind.copy_database(self._engine, file)

    def fill_from(self, other: "Database") -> None:
        """
        Make the tables, and take every row of `other`, all in one transaction.

        Raises `UsageError` if there is a library in this one already.
        """
        from countenance.catalog.moving import copy_rows  # noqa: PLC0415

        self.require_empty()
        with other.read() as source, self.write() as tx:
            self._upgrade(tx)
            copy_rows(source, tx)

    def create(self, library_id: str, *, at: datetime) -> None:
        """Make the tables and the row of the library itself, all in one transaction."""
        with self.write() as tx:
            self._upgrade(tx)
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
        with self.write() as tx:
            self._upgrade(tx)

    def revision(self) -> str:
        """The migration that the database is at; the empty string if it has no tables."""
        with self.read() as connection:
            return _revision(connection)

    def holds(self) -> str:
        """The id of the library whose catalog it is; the empty string if it is none's."""
        if not self.revision():
            return ""
        with self.read() as connection:
            return str(connection.execute(select(library.c.id)).scalar() or "")

    def require_empty(self) -> None:
        """Raises `UsageError` if there is a library in it."""
        if held := self.holds():
            raise UsageError(
                f"there is a library in this database already, {held}",
                hint="each library has a database of its own: name another, or none",
            )

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

    def forget_deleted_bytes(self, *tables: str) -> None:
        """
        See to it that rows deleted before this call are in no file of the database.

        In PostgreSQL that is so of `tables`, as far as the server lets us; of the others the rows
        are gone, and their bytes go when their place is used again. Raises `Unavailable` if that
        cannot be done now.
        """
        with self._open_for_change():
            self._kind.forget_deleted(self._engine, tables)

    def write_through(self) -> None:
        """See to it that what was committed stands in the files that a scan reads."""
        with self._open():
            self._kind.write_through(self._engine)

    def rewrite(self) -> None:
        """
        Write the whole database anew: then not even copies of deleted rows are in its files.

        For what `forget_deleted_bytes` has left, and seldom, for it takes time and room. Raises
        `Unavailable` if that cannot be done now.
        """
        with self._open_for_change():
            self._kind.rewrite(self._engine)

    def own_files(self) -> tuple[Path, ...] | None:
        """
        The files it keeps that are not in the library's folder, to be scanned with those.

        Nothing, and not merely none, if there are such files and they cannot be read from here.
        """
        with self.read() as connection:
            return self._kind.own_files(connection)

    def copies_elsewhere(self) -> tuple[str, ...]:
        """Where the database sends what is written to it, in words; none if it is a file."""
        with self.read() as connection:
            return self._kind.copies_elsewhere(connection)

    def condition(self) -> str:
        """What database it is and how it keeps things, in words; nothing of a file."""
        with self.read() as connection:
            return self._kind.condition(connection)

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
            return self._kind.damage(connection)

    def close(self) -> None:
        """Let go of it. It may be read again, and is examined again then."""
        if self._presence:
            self._presence.go(self._engine.dispose)
        else:
            self._engine.dispose()

    # ----------------------------------------------------------------------------------------

    def _upgrade(self, tx: Connection) -> None:
        if _revision(tx) == NEWEST_REVISION:
            return
        from countenance.catalog.migrate import upgrade  # noqa: PLC0415  Alembic is slow to import

        upgrade(tx)
        if self._kind is postgresql:
            postgresql.keep_as_written(tx)

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
                found = self._kind.damage(connection)
        except VerificationError as exc:
            return exc.message.removesuffix(f": {_DAMAGED}")
        return f"the catalog {self._engine.url.database}: {'; '.join(found)}" if found else ""

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as exc:
            if (ours := self._kind.error_of(exc.orig, self._engine)) is None:
                raise self._damaged(str(exc.orig)) from exc
            raise ours from exc
        except (NoResultFound, MultipleResultsFound) as exc:
            # Such as that of the library itself: this program never leaves it out.
            raise self._damaged("a row that is always there is missing") from exc
        except SQLAlchemyError as exc:
            raise Error(f"the catalog: {type(exc).__name__}") from exc
        except OverflowError as exc:
            raise UsageError("a number is too large: whole numbers have 64 bits") from exc
        except UnicodeEncodeError as exc:
            # A name from a file system or a terminal that is not UTF-8.
            raise UsageError(f"not text: {exc.object!r}") from exc
        except ValueError as exc:
            # A date, a word or a list that this program never wrote. What it says may be anybody's.
            raise self._damaged("a value in it cannot be read") from exc

    def _damaged(self, how: str) -> VerificationError:
        # Of a text that is none SQLite's message holds the text itself.
        words = how.partition(" with text")[0].splitlines()[0]
        return VerificationError(
            f"the catalog {self._engine.url.database}: {words}: {_DAMAGED}", hint=_REMEDY
        )


# --------------------------------------------------------------------------------------------


def _nothing() -> None:
    return


def _revision(tx: Connection) -> str:
    if not inspect(tx).has_table("alembic_version"):
        return ""
    return str(tx.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")
