"""
How statements for PostgreSQL are spelled where SQLAlchemy's own way is not that of SQLite.

It stands by itself because SQLAlchemy's PostgreSQL takes long to import: only a catalog that is
there asks for it.
"""

from typing import Any

from sqlalchemy import Engine, Integer
from sqlalchemy.dialects.postgresql.base import PGDDLCompiler, PGTypeCompiler
from sqlalchemy.dialects.postgresql.psycopg import PGCompiler_psycopg

from countenance.catalog.tables import metadata


def speak_as_sqlite(engine: Engine) -> None:
    """Let `engine`, of PostgreSQL, make and ask for what a catalog in SQLite holds."""
    engine.dialect.type_compiler_instance = _AsInSQLite(engine.dialect)
    engine.dialect.statement_compiler = _NumbersAsTheyAre
    engine.dialect.ddl_compiler = _CountedBeyond32Bits
    for index in (one for table in metadata.sorted_tables for one in table.indexes):
        # Which rows it leaves out. Said for both in `tables`, it would be imported for both.
        index.dialect_options["postgresql"]["where"] = index.dialect_options["sqlite"]["where"]


# --------------------------------------------------------------------------------------------


class _AsInSQLite(PGTypeCompiler):
    """Types that take what SQLite's take: texts of any length, whole numbers of 64 bits."""

    def visit_VARCHAR(self, type_: Any, **kw: Any) -> str:  # noqa: ANN401, ARG002, N802
        return "VARCHAR"

    def visit_INTEGER(self, type_: Any, **kw: Any) -> str:  # noqa: ANN401, ARG002, N802
        return "BIGINT"


class _NumbersAsTheyAre(PGCompiler_psycopg):
    """A whole number that is handed over is of the type that takes it: functions differ in them."""

    def render_bind_cast(self, type_: Any, dbapi_type: Any, sqltext: str) -> str:  # noqa: ANN401
        if isinstance(dbapi_type, Integer):
            return sqltext
        cast: str = super().render_bind_cast(type_, dbapi_type, sqltext)  # type: ignore[no-untyped-call]
        return cast


class _CountedBeyond32Bits(PGDDLCompiler):
    """Numbers of rows that are counted by the server have 64 bits too."""

    def get_column_specification(self, column: Any, **kw: Any) -> str:  # noqa: ANN401
        said: str = super().get_column_specification(column, **kw)  # type: ignore[no-untyped-call]
        return said.replace(" SERIAL", " BIGSERIAL")
