"""
Lexemes: the full text in PostgreSQL, which finds what SQLite's would.

The words are taken from the texts by SQLite itself: its FTS5, in memory, is asked how it would
divide them. So accents and letters are folded alike in both kinds of catalog. They lie in a row of
`place_words` twice: as a `tsvector` with a GIN index, which finds the rows quickly, and in their
order, by which words that stand together are told from words that do not.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Text,
    and_,
    bindparam,
    column,
    false,
    literal_column,
    text,
)

TOKENIZER = "unicode61 remove_diacritics 2"
"""How FTS5 divides a text into words. Accents are folded (https://www.sqlite.org/fts5.html)."""

_LONGEST = 500
"""Characters of a word in the `tsvector`, which takes 2046 bytes. Of a longer one it has these."""

_COLUMNS = ("photo", "title", "caption", "keywords", "around", "file")
_SAID = column("said", Text)
_PART = 500


def create(tx: Connection, name: str) -> None:
    """Make the table, empty."""
    texts = ", ".join(f"{one} text NOT NULL" for one in _COLUMNS)
    tx.execute(
        text(
            f"CREATE TABLE {name} "
            f"(rowid bigint PRIMARY KEY, {texts}, said text NOT NULL, lexemes tsvector NOT NULL)"
        )
    )
    tx.execute(text(f"CREATE INDEX ix_{name}_lexemes ON {name} USING gin (lexemes)"))
    tx.execute(text(f"CREATE INDEX ix_{name}_photo ON {name} (photo)"))


def add(tx: Connection, name: str, rows: Iterable[Row[tuple[int, *tuple[str, ...]]]]) -> None:
    """Write rows of (rowid, photo, title, caption, keywords, around, file), with their words."""
    texts = ", ".join(f":{one}" for one in _COLUMNS)
    statement = text(
        f"INSERT INTO {name} (rowid, {', '.join(_COLUMNS)}, said, lexemes) "  # noqa: S608  ours
        f"VALUES (:rowid, {texts}, :said, array_to_tsvector(CAST(:lexemes AS text[])))"
    )
    for part in _parts(rows):
        divided = words_of([tuple(row[2:]) for row in part])
        tx.execute(
            statement,
            [
                {
                    "rowid": row[0],
                    **dict(zip(_COLUMNS, row[1:], strict=True)),
                    "said": said_of(words),
                    "lexemes": sorted({word[:_LONGEST] for own in words for word in own}),
                }
                for row, words in zip(part, divided, strict=True)
            ],
        )


def holding(terms: Iterable[tuple[str, bool]]) -> ColumnElement[bool]:
    """
    The condition that a row of the table says each of `terms`.

    A term is a text whose words stand together, and whether its last word is only how one begins.
    """
    return and_(*(_holding(which, *term) for which, term in enumerate(terms)))


def words_of(rows: Sequence[tuple[str, ...]]) -> list[list[list[str]]]:
    """The words of each text of each row, in their order. All rows have equally many texts."""
    if not rows:
        return []
    names = [f"c{number}" for number in range(len(rows[0]))]
    found: dict[tuple[int, str], list[tuple[int, str]]] = defaultdict(list)
    with closing(sqlite3.connect(":memory:")) as memory:
        memory.execute(
            f'CREATE VIRTUAL TABLE said USING fts5({", ".join(names)}, tokenize="{TOKENIZER}")'
        )
        memory.execute("CREATE VIRTUAL TABLE told USING fts5vocab(said, instance)")
        marks = ", ".join("?" * (len(names) + 1))
        memory.executemany(
            f"INSERT INTO said (rowid, {', '.join(names)}) VALUES ({marks})",  # noqa: S608  ours
            ((number, *row) for number, row in enumerate(rows)),
        )
        for document, name, place, word in memory.execute(
            "SELECT doc, col, offset, term FROM told"
        ):
            found[document, name].append((place, word))
    return [
        [[word for _, word in sorted(found[number, name])] for name in names]
        for number in range(len(rows))
    ]


def said_of(words: Sequence[Sequence[str]]) -> str:
    """The words of a row in one text: a space on both sides of each, a line's end between texts."""
    return "".join(["\n".join(f" {' '.join(own)} " for own in words)])


# --------------------------------------------------------------------------------------------


def _holding(which: int, term: str, begins: bool) -> ColumnElement[bool]:  # noqa: FBT001
    ((words,),) = words_of([(term,)])
    if not words:
        return false()  # as of FTS5: a term without a word is said nowhere
    asked = [_quoted(word[:_LONGEST]) for word in words]
    if begins:
        asked[-1] += ":*"
    name = f"lexemes_{which}"
    found = literal_column("lexemes").bool_op("@@")(
        text(f"CAST(:{name} AS tsquery)").bindparams(bindparam(name, " & ".join(asked)))
    )
    together = f" {' '.join(words)}{'' if begins else ' '}"
    return and_(found, _SAID.contains(together, autoescape=True))


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def _parts(
    rows: Iterable[Row[tuple[int, *tuple[str, ...]]]],
) -> Iterator[list[Row[tuple[int, *tuple[str, ...]]]]]:
    part = []
    for row in rows:
        part.append(row)
        if len(part) == _PART:
            yield part
            part = []
    if part:
        yield part
