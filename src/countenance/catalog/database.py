"""
The database and the unit of work: one transaction is one use case.

Everything above this floor gets a `Connection` from `Database.read` or `Database.write` and hands
it to the functions of this package. Nothing of SQLAlchemy's or the driver's errors leaves here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, insert, inspect, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from countenance.catalog.sqlite import damage, empty_write_ahead_log, sqlite_engine
from countenance.catalog.tables import library
from countenance.errors import Error, NoLibrary, Unavailable, UsageError

NEWEST_REVISION = "0004"
"""The migration that this program is written for. A test compares it with the folder."""


class Database:
    """A catalog: SQLite in a file today, any database of SQLAlchemy's by its address."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def at(cls, where: Path | str) -> "Database":
        """The database in a file (a `Path`) or at an address (text such as `postgresql://...`)."""
        return cls(sqlite_engine(where) if isinstance(where, Path) else create_engine(where))

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database throughout, and changes nothing."""
        with _translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """
        A transaction that commits when its block ends and is undone if the block raises.

        There is one writer at a time: what is read inside is still so at the commit.
        """
        with _translated(), self._engine.connect() as connection:
            connection.execution_options(countenance_writes=True)
            with connection.begin():
                yield connection

    def create(self, library_id: str, *, at: datetime) -> None:
        """Make the tables and the row of the library itself, all in one transaction."""
        from countenance.catalog.migrate import upgrade  # noqa: PLC0415  Alembic is slow to import

        with self.write() as tx:
            upgrade(tx)
            row = {"id": library_id, "created_at": at, "gallery_version": 0, "latest": at}
            tx.execute(insert(library).values(row))

    def migrate(self) -> None:
        """Bring the tables to the newest form. Each migration and its record commit together."""
        if self.revision() == NEWEST_REVISION:
            return
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
        with _translated():
            if self._engine.dialect.name == "sqlite":
                empty_write_ahead_log(self._engine)

    def damage(self) -> tuple[str, ...]:
        """What the database itself finds wrong in its file; none if it is sound (P27)."""
        with self.read() as connection:
            return damage(connection) if self._engine.dialect.name == "sqlite" else ()

    def close(self) -> None:
        self._engine.dispose()


# --------------------------------------------------------------------------------------------


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DBAPIError as exc:
        # The first line of the driver's words; the rest is the statement, with its values.
        raise Unavailable(f"the catalog: {str(exc.orig).splitlines()[0]}") from exc
    except SQLAlchemyError as exc:
        raise Error(f"the catalog: {type(exc).__name__}") from exc
    except UnicodeEncodeError as exc:
        # A name from a file system or a terminal that is not UTF-8.
        raise UsageError(f"not text: {exc.object!r}") from exc
