"""Secrets that are given out: how they look, and what is kept of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.accounts.logins import login_form
from countenance.accounts.tokens import (
    digest_of,
    new_api_token,
    new_code,
    new_secret,
    read_code,
    recognised_by,
)
from countenance.errors import UsageError


def test_no_two_are_alike() -> None:
    """Each is long enough that nobody guesses one: 43 letters for 256 bits, 26 for 130."""
    for make, letters in ((new_secret, 43), (new_code, 31), (new_api_token, 56)):
        made = {make() for _ in range(50)}
        assert len(made) == 50
        assert {len(one) for one in made} == {letters}


def test_a_token_is_known_by_its_beginning_and_not_by_its_digest() -> None:
    """What is kept of it does not hold what is secret in it."""
    token = new_api_token()
    assert token.startswith(recognised_by(token))
    assert len(recognised_by(token)) == 12
    assert token[13:] not in recognised_by(token) + digest_of(token)


@given(st.randoms())
def test_a_code_may_be_typed_in_many_ways(chance: object) -> None:
    """In capitals, with spaces for dashes, and with the letters that look like figures."""
    del chance
    code = new_code()
    for typed in (code.upper(), code.replace("-", " "), f" {code.replace('-', '')}\n"):
        assert read_code(typed) == code
    assert read_code(code.replace("0", "O").replace("1", "l")) == code


def test_a_login_has_one_form() -> None:
    """However it is typed, and composed: small letters, no spaces around it."""
    assert login_form(" Ada@Club.Example ") == "ada@club.example"
    assert login_form("Å") == login_form("A\u030a") == "å"
    for wrong in ("", "  ", "a b", "a\nb", "a\x00", "x" * 201):
        with pytest.raises(UsageError):
            login_form(wrong)
