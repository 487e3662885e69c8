"""Purposes: how they are written, and which of them name anybody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.errors import UsageError
from countenance.people.purpose import (
    RECOGNISING,
    SEARCHING,
    Purpose,
    Wish,
    parse_purpose,
    parse_wishes,
    purpose_or_wish,
)

WISHES = st.one_of(
    st.sampled_from(sorted(set(Purpose) - {Purpose.MAY_PUBLISH})).map(Wish),
    st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True).map(
        lambda channel: Wish(Purpose.MAY_PUBLISH, channel)
    ),
)


@given(st.lists(WISHES, min_size=1, max_size=6))
def test_wishes_are_read_as_they_are_written(wishes: list[Wish]) -> None:
    """What is written out is read back: in order, and each once."""
    assert parse_wishes(",".join(str(wish) for wish in wishes)) == tuple(dict.fromkeys(wishes))


def test_blanks_and_empty_places_do_not_matter() -> None:
    """A list typed by hand may have blanks around its words, and a comma too many."""
    expected = (Wish(Purpose.FIND_ME), Wish(Purpose.MAY_PUBLISH, "website"))
    assert parse_wishes(" find-me , may-publish: website,, ") == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no purpose given"),
        (" , ", "no purpose given"),
        ("find-you", "find-you: not a purpose"),
        ("FIND-ME", "FIND-ME: not a purpose"),
        ("may-publish", "a channel belongs to may-publish"),
        ("may-publish: ", "a channel belongs to may-publish"),
        ("find-me:website", "a channel belongs to may-publish"),
    ],
)
def test_what_is_no_purpose_is_refused(text: str, said: str) -> None:
    """The message names the wrong word, and nothing is guessed."""
    with pytest.raises(UsageError, match=said):
        parse_wishes(text)


@pytest.mark.parametrize("purpose", Purpose)
def test_a_purpose_is_read_from_its_word(purpose: Purpose) -> None:
    """The word stands for its purpose, and no other word for any."""
    assert parse_purpose(purpose.value) is purpose
    with pytest.raises(UsageError, match="not a purpose; the purposes are find-me"):
        parse_purpose(f"{purpose.value}s")


@pytest.mark.promise("P7")
def test_a_search_is_asked_under_two_purposes_only() -> None:
    """A person searches for themselves, or staff searches for them; all else is no search."""
    assert {Purpose.FIND_ME, Purpose.STAFF_FIND} == SEARCHING


def test_what_is_withdrawn_is_a_purpose_or_one_channel() -> None:
    """A purpose means it on every channel; a wish means itself; nothing means everything."""
    website, find = Wish(Purpose.MAY_PUBLISH, "website"), Wish(Purpose.FIND_ME)
    assert purpose_or_wish("may-publish") is Purpose.MAY_PUBLISH
    assert purpose_or_wish("may-publish:website") == website
    for wrong in ("publish", "find-me:website", ""):
        with pytest.raises(UsageError):
            purpose_or_wish(wrong)
    assert website.is_of(None)
    assert website.is_of(Purpose.MAY_PUBLISH)
    assert website.is_of(website)
    assert not website.is_of(Wish(Purpose.MAY_PUBLISH, "print"))
    assert not find.is_of(Purpose.STAFF_FIND)


def test_whom_a_search_names_was_recognised_to_be_named() -> None:
    """What a search asks under needs a reference; `hide-me` names nobody."""
    assert SEARCHING < RECOGNISING
    assert Purpose.HIDE_ME not in SEARCHING
    assert Purpose.MAY_PUBLISH not in RECOGNISING
