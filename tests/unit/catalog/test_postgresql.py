"""Addresses of databases, and rows as they lie in their files: without a server."""

import pytest
from sqlalchemy.engine import make_url

from countenance.catalog import postgresql
from countenance.catalog.lexemes import said_of, words_of
from countenance.errors import UsageError

SERVER = "postgresql://gala@db.example:5433/"


def test_an_address_without_a_database_gets_a_new_one() -> None:
    """Each time another; and one that names a database stays as it is."""
    first, second = (postgresql.with_database(SERVER) for _ in range(2))
    assert first != second
    assert str(make_url(first).database).startswith("countenance_")
    assert postgresql.with_database(f"{SERVER}mine") == f"{SERVER}mine"


def test_how_a_server_is_reached_now_is_what_the_setting_says() -> None:
    """The name of the database is the library's own, unless the setting has one."""
    written = "postgresql://gala@old.example/countenance_1?sslmode=require"
    assert postgresql.reached_by(written, "") == written
    assert postgresql.reached_by(written, SERVER) == f"{SERVER}countenance_1"
    assert postgresql.reached_by(written, f"{SERVER}mine") == f"{SERVER}mine"


@pytest.mark.parametrize("text", ["gala", "postgresql://a:s3cret@h:port/x"])
def test_what_is_no_address_is_not_repeated(text: str) -> None:
    """It may hold a password."""
    with pytest.raises(UsageError, match="not an address") as caught:
        postgresql.with_database(text)
    assert "s3cret" not in str(caught.value)


@pytest.mark.promise("P21")
@pytest.mark.parametrize(
    ("texts", "stored"),
    [
        (["p_1", "Ada"], b"p_1\x09Ada"),
        (["p_1", "", "x"], b"p_1\x03\x05x"),
        (["p_1", None, "x"], b"p_1\x05x"),
        (["p_1", "å" * 63], b"p_1\xff" + "å".encode() * 63),
        (["p_1", "b" * 127], b"b" * 127),
        (["p_1", "c", "b" * 127], b"p_1\x05c"),
    ],
)
def test_texts_side_by_side_are_as_they_lie_in_a_page(
    texts: list[str | None], stored: bytes
) -> None:
    """Each short one after its length in a byte; where a long one lies is not known."""
    assert postgresql.as_stored(texts) == stored


def test_words_are_those_of_fts5() -> None:
    """Accents are folded, signs divide, and each text keeps its own words in order."""
    assert words_of([("Été, À la plage!", ""), ("Sommarbal 2026", "å_b")]) == [
        [["ete", "a", "la", "plage"], []],
        [["sommarbal", "2026"], ["a", "b"]],
    ]
    assert said_of([["ete", "a"], [], ["b"]]) == " ete a \n  \n b "
