"""
What the migrations make of an empty catalog, made again without running them each time.

They take a tenth of a second, and there are thousands of libraries in the tests. What they do to a
catalog that is not empty they do themselves.
"""

from functools import cache

import pytest
from sqlalchemy import Connection, create_engine, inspect

from countenance.catalog import migrate

really = migrate.upgrade


def once_for_all(patch: pytest.MonkeyPatch) -> None:
    """From now on the migrations run once, and a new catalog of SQLite is what they made then."""
    patch.setattr(migrate, "upgrade", _upgrade)


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "sqlite" and not inspect(connection).get_table_names():
        for statement in _statements():
            connection.exec_driver_sql(statement)
    else:
        really(connection)


@cache
def _statements() -> tuple[str, ...]:
    """Each table and index, as SQLite keeps it, and the revision: there is no other row."""
    with create_engine("sqlite://").begin() as connection:
        really(connection)
        made = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
        ).all()
        (revision,) = connection.exec_driver_sql("SELECT version_num FROM alembic_version").one()
    # A virtual table makes tables of its own, which begin with its name.
    within = tuple(f"{name}_" for name, sql in made if sql.startswith("CREATE VIRTUAL"))
    own = [sql for name, sql in made if not name.startswith(within)]
    return (*own, f"INSERT INTO alembic_version VALUES ('{revision}')")  # noqa: S608
