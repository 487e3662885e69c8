"""
Measure whether partitions by collection pay in PostgreSQL: a million photos in one table, in one by
list and in one by hash, and what the pages of a collection ask of each.

    .venv/bin/python tools/partitions.py postgresql://postgres@db.example/scratch

The tables are made in a schema of their own, which is dropped at the end. Times are those that the
server says (EXPLAIN ANALYZE), the least of many, in milliseconds.
"""

import json
import sys
from collections.abc import Iterator

import psycopg
from psycopg.sql import SQL, Composable, Identifier

PHOTOS = 1_000_000
COLLECTIONS = 50
REPEATS = 15
SCHEMA = "measured"

_COLUMNS = (
    "id text NOT NULL, source_id text NOT NULL, collection_id text NOT NULL, moment text NOT NULL, "
    "width bigint NOT NULL, height bigint NOT NULL, digest text NOT NULL, preview_id text, "
    "caption text NOT NULL"
)
_ROWS = (
    "SELECT 'i_' || md5(n::text), 'd_' || n % 50, 'c_' || n % 50, "
    "to_char(timestamp '2020-01-01' + n * interval '1 minute', 'YYYY-MM-DD\"T\"HH24:MI:SS'), "
    "4000, 3000, md5(n::text) || md5((n + 1)::text), 'b_' || md5(n::text), "
    "'a caption of some words, as clubs write them ' || n FROM generate_series(1, {}) AS n"
)
_ASKED = {
    "a page of 250, from a place on": "SELECT id, width, height, preview_id FROM {} "
    "WHERE collection_id = 'c_7' AND (moment, id) >= ('2020-09-01', '') "
    "ORDER BY moment, id LIMIT 250",
    "the outline of a collection": "SELECT count(*), sum(1.0 * width / height) FROM {} "
    "WHERE collection_id = 'c_7'",
    "one photo by its id": "SELECT * FROM {} WHERE id = 'i_' || md5('4711')",
    "250 photos by their ids": "SELECT * FROM {} WHERE id IN "
    "(SELECT 'i_' || md5(n::text) FROM generate_series(1, 250000, 1000) AS n)",
    "the newest 50 of all": "SELECT id FROM {} ORDER BY moment DESC, id DESC LIMIT 50",
}


def main() -> None:
    with psycopg.connect(sys.argv[1], autocommit=True) as connection:
        connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(SCHEMA)))
        try:
            connection.execute(SQL("SET search_path TO {}").format(Identifier(SCHEMA)))
            connection.execute("SET jit TO off")
            made = list(_make(connection))
            print(f"{'ms':34}{''.join(f'{name:>10}' for name in made)}")
            for what, query in _ASKED.items():
                times = [_least(connection, SQL(query).format(Identifier(one))) for one in made]
                print(f"{what:34}{''.join(f'{one:10.2f}' for one in times)}")
        finally:
            connection.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(SCHEMA)))


def _make(connection: "psycopg.Connection[tuple[object, ...]]") -> Iterator[str]:
    """The three tables, filled alike. Gives their names."""
    kinds = {"plain": "", "list": " PARTITION BY LIST (collection_id)"}
    kinds["hash"] = " PARTITION BY HASH (collection_id)"
    for name, how in kinds.items():
        connection.execute(f"CREATE TABLE {name} ({_COLUMNS}){how}")
        for number in range(COLLECTIONS if name == "list" else 16 if name == "hash" else 0):
            bound = f"IN ('c_{number}')" if name == "list" else ""
            bound = bound or f"WITH (MODULUS 16, REMAINDER {number})"
            connection.execute(
                f"CREATE TABLE {name}_{number} PARTITION OF {name} FOR VALUES {bound}"
            )
        connection.execute(f"INSERT INTO {name} {_ROWS.format(PHOTOS)}")
        # Of a table in partitions no index is unique that has not the collection in it.
        own = "UNIQUE INDEX" if name == "plain" else "INDEX"
        connection.execute(f"CREATE {own} ON {name} (id)")
        connection.execute(f"CREATE INDEX ON {name} (moment, id)")
        connection.execute(
            f"CREATE INDEX ON {name} (collection_id, moment, id, source_id, width, height)"
        )
        connection.execute(f"VACUUM (ANALYZE) {name}")
        yield name


def _least(connection: "psycopg.Connection[tuple[object, ...]]", query: Composable) -> float:
    asked = SQL("EXPLAIN (ANALYZE, FORMAT JSON) ") + query
    times = []
    for _ in range(REPEATS):
        row = connection.execute(asked).fetchone()
        told = row[0] if row else []
        (said,) = told if isinstance(told, list) else json.loads(str(told))
        times.append(float(said["Planning Time"]) + float(said["Execution Time"]))
    return min(times)


if __name__ == "__main__":
    main()
