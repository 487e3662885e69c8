"""Passwords: which will do, and how they are kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.accounts.passwords import (
    MAX_CHARACTERS,
    MIN_CHARACTERS,
    Cost,
    Passwords,
    check_password,
)
from countenance.errors import UsageError

CHEAP = Cost(1, 64, 1)
GOOD = "vagnen rostar tyst i mars"


@pytest.fixture
def passwords() -> Passwords:
    return Passwords(CHEAP)


def test_the_cost_of_today_is_that_of_the_standard() -> None:
    """argon2id, with the second set of parameters of RFC 9106: 3 rounds, 64 MiB, 4 lanes."""
    assert Passwords().hash(GOOD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_password_is_the_one_that_was_hashed(passwords: Passwords) -> None:
    """That one and no other; and no two hashes of it are alike."""
    hashed = passwords.hash(GOOD)
    assert passwords.verify(hashed, GOOD)
    assert not passwords.verify(hashed, GOOD + ".")
    assert not passwords.verify(hashed, "")
    assert passwords.hash(GOOD) != hashed
    assert GOOD not in hashed


@pytest.mark.promise("P34")
def test_of_no_hash_no_password_is_right(passwords: Passwords) -> None:
    """Also not the one that stands in for it, and not with a hash that is none."""
    for password in (GOOD, "", "nobody's"):
        assert not passwords.verify(None, password)
        assert not passwords.verify("", password)
        assert not passwords.verify("not a hash", password)


@pytest.mark.promise("P34")
def test_of_no_hash_as_much_is_done(monkeypatch: pytest.MonkeyPatch, passwords: Passwords) -> None:
    """The same function looks at a hash of the same cost, so that the time tells nothing."""
    from argon2 import PasswordHasher  # noqa: PLC0415

    looked: list[str] = []
    verify = PasswordHasher.verify

    def look(self: PasswordHasher, hashed: str, password: str) -> bool:
        looked.append(hashed.rsplit("$", 2)[0])
        return verify(self, hashed, password)

    monkeypatch.setattr(PasswordHasher, "verify", look)
    passwords.verify(passwords.hash(GOOD), "wrong")
    passwords.verify(None, "wrong")
    assert len(looked) == 2
    assert looked[0] == looked[1]
    # And of a hash of other days, what takes today's time besides.
    passwords.verify(Passwords(Cost(2, 64, 1)).hash(GOOD), "wrong")
    assert looked[0] in looked[2:]


def test_another_cost_is_noticed(passwords: Passwords) -> None:
    """A hash of yesterday's cost is outdated, one of today's is not."""
    assert not passwords.is_outdated(passwords.hash(GOOD))
    assert Passwords(Cost(2, 64, 1)).is_outdated(passwords.hash(GOOD))


def test_letters_are_the_same_however_they_are_composed(passwords: Passwords) -> None:
    """A phone and a desk write `å` differently, and mean the same."""
    assert passwords.verify(passwords.hash("åtta små grisar"), "a\u030atta sma\u030a grisar")
    assert not passwords.verify(passwords.hash(GOOD), "\ud800" * 20)


@pytest.mark.parametrize(
    "password",
    [
        "elva tecken",
        "passwordpassword",
        "Password123456!",
        "P@ssw0rd12345678",
        "qwertyuiop123",
        "abcdefghijklmnop",
        "1234567890123456",
        "aaaaaaaaaaaaaaaa",
        "abcabcabcabcabc",
        "Sommar2026!!!!!",
        "letmein-letmein-1",
        "correcthorsebatterystaple",
        "1qaz2wsx3edc4rfv",
        "countenance2026",
        "ada.lindgren.1",
        "AdaLindgren123",
        "x" * (MAX_CHARACTERS + 1),
    ],
)
def test_what_everybody_tries_first_will_not_do(password: str) -> None:
    """Too short, a common word dressed up, a row of keys, one's own name, the same again."""
    with pytest.raises(UsageError):
        check_password(password, known=("ada@club.example", "Ada Lindgren"))


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "correct staple? no: tulip gravel",
        "мой старый велосипед",
        "猫が窓の外を見ている午後の三時",
        "k7#Qz!m2Lp9$",
    ],
)
def test_there_are_no_rules_of_composition(password: str) -> None:
    """Small letters alone, letters of any script, spaces: whatever is long and nobody's guess."""
    check_password(password, known=("ada@club.example", "Ada Lindgren"))


@given(st.text(st.characters(codec="utf-8"), max_size=MIN_CHARACTERS - 1))
def test_no_short_one_will_do(password: str) -> None:
    """Whatever it is made of; what Unicode takes for more letters is more letters."""
    import unicodedata  # noqa: PLC0415

    if len(unicodedata.normalize("NFKC", password)) < MIN_CHARACTERS:
        with pytest.raises(UsageError, match="at least 12"):
            check_password(password)


@given(st.text("bcdfghjkmnpqrtvwx ", min_size=20, max_size=60))
def test_a_check_says_nothing_of_the_password(password: str) -> None:
    """What is refused is not repeated: messages end up on pages and in logs."""
    refused: UsageError | None = None
    try:
        check_password(password)
    except UsageError as exc:
        refused = exc
    assert refused is None or password not in f"{refused.message} {refused.hint}"
