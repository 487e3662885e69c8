"""
Full text: the words that sources say of their pictures, so that they can be looked for.

One document a place: the title, caption and keywords in the file, what stands around it on its
page, and its name. It lies in SQLite's FTS5 (https://www.sqlite.org/fts5.html), beside the tables
and in the same transactions, and is a shadow of them: `rebuild` makes it anew. Accents are folded,
so that `å` finds `a` and the other way round.

FTS5 only marks what is deleted and drops it when it merges its parts; `forget_deleted` merges all
of them, after which SQLite's `secure_delete` has written over what is gone (P21). In PostgreSQL the
table of the same name is `catalog/lexemes.py`'s, and answers alike.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    Text,
    column,
    delete,
    except_,
    func,
    insert,
    or_,
    select,
    table,
    text,
)

from countenance.catalog import lexemes, postgresql, sqlite
from countenance.catalog.tables import item, photo
from countenance.core.ids import ItemId
from countenance.errors import UsageError

TABLES = "place_words"
"""What the names of its tables begin with. They are SQLite's, and in no migration by themselves."""

MAX_QUERY_CHARACTERS = 1000

FEW = 20_000
"""Places that answer words: so many are gathered and put in order sooner than photos are walked."""


def create(tx: Connection) -> None:
    """Make the table, and fill it from the places that there are."""
    if _is_fts(tx):
        tx.execute(
            text(
                f"CREATE VIRTUAL TABLE {TABLES} USING fts5(photo UNINDEXED, title, caption, "
                f'keywords, around, file, tokenize="{lexemes.TOKENIZER}")'
            )
        )
    else:
        lexemes.create(tx, TABLES)
    rebuild(tx)


def put(tx: Connection, which: ItemId) -> None:
    """Write the words of a place anew. It is called in the transaction that changes them."""
    remove(tx, which)
    _add(tx, _TRUE.where(item.c.id == which))


def remove(tx: Connection, which: ItemId) -> None:
    """Take a place out. Its bytes may stay in the index until `forget_deleted`."""
    tx.execute(delete(_TABLE).where(_ROWID.in_((which,))))


def remove_all(tx: Connection, places: Select[tuple[int]]) -> None:
    """Take out the places of these ids, and whatever is of no place any more."""
    gone = or_(_ROWID.in_(places), _ROWID.not_in(select(item.c.id)))
    tx.execute(delete(_TABLE).where(gone))


def beginnings(tx: Connection, places: Select[tuple[int]]) -> Iterator[tuple[int, bytes]]:
    """How the rows of these places begin, as they stand on the disk: at most 64 bytes of each."""
    rows = tx.execute(select(_ROWID, *_ALL).where(_ROWID.in_(places)))
    as_stored = sqlite.as_stored if _is_fts(tx) else postgresql.as_stored
    for which, *texts in rows:
        yield which, as_stored(texts)[:_BEGINNING_BYTES]


def strays(tx: Connection) -> int:
    """How many rows there are of no place."""
    return len(tx.execute(select(_ROWID).where(_ROWID.not_in(select(item.c.id)))).all())


def forget_deleted(tx: Connection) -> None:
    """Merge the parts of the index: what was deleted before is in none of its pages after that."""
    if _is_fts(tx):
        # To FTS5 a value in the column that is called like the table is a command.
        tx.execute(insert(table(TABLES, column(TABLES))).values({TABLES: "optimize"}))


def rebuild(tx: Connection) -> None:
    """Make all of it anew from the tables it is a shadow of."""
    tx.execute(delete(_TABLE))
    _add(tx, _TRUE)
    forget_deleted(tx)


def out_of_step(tx: Connection) -> int:
    """How many places have other words here than in the tables, or none, or are no more."""
    here = select(*_TABLE.c)
    apart = [except_(here, _TRUE).subquery(), except_(_TRUE, here).subquery()]
    return max(tx.execute(select(func.count()).select_from(one)).scalar_one() for one in apart)


def matching(tx: Connection, question: str) -> Select[tuple[int]]:
    """
    The items whose words answer `question`: each of its words, in any order and any place.

    A word that ends in `*` stands for all that begin so; words in double quotes stand together.
    Raises `UsageError` if there is no word in it.
    """
    terms = _terms(question)
    if not _is_fts(tx):
        return select(_ROWID).where(lexemes.holding(terms))
    # Each is a text in quotes: nothing in it is of FTS5's grammar.
    asked = " AND ".join(f'"{term}"{"*" * begins}' for term, begins in terms)
    # A parameter, and never a part of the statement.
    return select(_ROWID).where(text(f"{TABLES} MATCH :asked").bindparams(asked=asked))


def answers(tx: Connection, question: str) -> ColumnElement[bool]:
    """
    The condition that an item is one of `matching`, to be asked of items that are found otherwise.

    Raises as `matching` does.
    """
    # A sum is in no index: else SQLite looks each item up as often as there are answers to a word.
    return (item.c.id + 0).in_(matching(tx, question))


def many(tx: Connection, question: str, *, than: int) -> bool:
    """
    Whether more than so many items answer `question`; they are counted no further.

    Raises as `matching` does.
    """
    some = matching(tx, question).limit(than + 1).subquery()
    return int(tx.execute(select(func.count()).select_from(some)).scalar_one()) > than


def photos_among(tx: Connection, question: str, which: Sequence[str]) -> frozenset[str]:
    """
    Of these photos, some hundred at most, those of which a place answers `question`.

    Raises as `matching` does.
    """
    rows = tx.execute(select(item.c.id, item.c.photo_id).where(item.c.photo_id.in_(which))).all()
    photos: dict[int, str] = {row.id: row.photo_id for row in rows}
    found = matching(tx, question)
    (own,) = found.selected_columns
    places = sorted(photos)
    answering: list[Any] = []
    for begin in range(0, len(places), _PART):
        part = found.where(own.in_(places[begin : begin + _PART]))
        answering += tx.execute(part).scalars().all()
    return frozenset(photos[one] for one in answering)


def saying(tx: Connection, name: str) -> int:
    """In how many places these words stand together: such as a name in captions."""
    try:
        places = matching(tx, f'"{name.replace(chr(34), " ")}"')
    except UsageError:
        return 0
    return len(tx.execute(places).all())


# --------------------------------------------------------------------------------------------

_TABLE = table(
    TABLES,
    column("rowid", Integer),
    *(column(name, Text) for name in ("photo", "title", "caption", "keywords", "around", "file")),
)
_ROWID, *_ALL = _TABLE.c
_PART = 500  # values in one statement
_AT_ONCE = 1000
_BEGINNING_BYTES = 64  # so little stands together in any row, however long it is

_TRUE = select(
    *(item.c.id, photo.c.id.label("photo"), photo.c.title, photo.c.caption, photo.c.keywords),
    *(item.c.words, item.c.locator),
).join(photo, photo.c.id == item.c.photo_id)
"""What the full text is a shadow of."""

_TERM = re.compile(r'"([^"]*)"|(\S+)')
_LETTER = re.compile(r"[^\W_]")


def _is_fts(tx: Connection) -> bool:
    return tx.dialect.name == "sqlite"


def _add(tx: Connection, rows: Select[Any]) -> None:
    if _is_fts(tx):
        tx.execute(insert(_TABLE).from_select([*_TABLE.c], rows))
    else:
        lexemes.add(tx, TABLES, tx.execute(rows).yield_per(_AT_ONCE))


def _terms(question: str) -> list[tuple[str, bool]]:
    """The terms of a question, without quotes in them; and whether each is only a beginning."""
    if len(question) > MAX_QUERY_CHARACTERS:
        raise UsageError(f"words to look for: at most {MAX_QUERY_CHARACTERS} characters")
    if question.count('"') % 2:
        raise UsageError("words to look for: a quote is opened and not closed")
    terms = []
    for phrase, word in _TERM.findall(question.replace("\0", " ")):
        if _LETTER.search(phrase or word):
            bare = word.rstrip("*").replace('"', " ")
            terms.append((phrase, False) if phrase else (bare, word.endswith("*")))
    if not terms:
        raise UsageError(
            f"words to look for: there is no letter and no digit in {question!r}",
            hint="such as: --text '\"summer ball\" sing*'",
        )
    return terms
