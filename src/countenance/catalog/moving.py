"""
Moving: every row of a catalog, from one kind of database into another.

Tables are the same in both, so each row is read and written as it is. The full text is a shadow of
the tables, and is made anew.
"""

import os
from pathlib import Path

from sqlalchemy import Connection, insert, select

from countenance.catalog import postgresql, words
from countenance.catalog.migrate import upgrade
from countenance.catalog.sqlite import empty_write_ahead_log, sqlite_engine
from countenance.catalog.tables import metadata
from countenance.vault.files import sync_file, unavailable, write_file

_PART = 1000
"""Rows that are held at once."""


def copy_rows(source: Connection, target: Connection) -> None:
    """Write all rows of `source` into `target`, which has the same tables and no row in them."""
    for table in metadata.sorted_tables:
        rows = source.execute(select(table)).yield_per(_PART).mappings()
        for part in rows.partitions():
            target.execute(insert(table), [dict(row) for row in part])
    words.rebuild(target)
    if target.dialect.name == "postgresql":
        postgresql.count_on(target)


def copy_into_file(source: Connection, file: Path) -> None:
    """
    Write a catalog of SQLite with all rows of `source` into the new file `file`, and nothing else.

    Durable when it returns, but for the file's name. Raises `Unavailable` if it cannot be written.
    """
    with unavailable("the copy of the catalog"):
        # Made here, so that nobody but its owner may read it.
        write_file(file, b"", flags=os.O_CREAT | os.O_EXCL, durable=False)
    engine = sqlite_engine(file)
    try:
        with engine.connect() as target, target.begin():
            upgrade(target)
            copy_rows(source, target)
        empty_write_ahead_log(engine)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as target:
            # The copy is one file: no write-ahead log beside it, whoever opens it next.
            target.exec_driver_sql("PRAGMA journal_mode=DELETE")
    finally:
        engine.dispose()
    with unavailable("the copy of the catalog"):
        sync_file(file)
