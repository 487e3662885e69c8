"""Purposes: how they are written, and which of them name anybody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.errors import UsageError
from countenance.people.purpose import (
    ANSWERING,
    RECOGNISING,
    SEARCHING,
    Purpose,
    Wish,
    parse_wishes,
    searching_purpose,
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


@pytest.mark.promise("P7")
@pytest.mark.parametrize("purpose", Purpose)
def test_a_search_is_asked_under_two_purposes_only(purpose: Purpose) -> None:
    """A person searches for themselves, or staff searches for them; all else is no search."""
    if purpose in {Purpose.FIND_ME, Purpose.STAFF_FIND}:
        assert searching_purpose(purpose.value) is purpose
    else:
        with pytest.raises(UsageError, match="find-me, staff-find"):
            searching_purpose(purpose.value)


def test_whom_a_search_names_was_recognised_to_be_named() -> None:
    """What a search asks under, names; what names, needs a reference; `hide-me` names nobody."""
    assert SEARCHING < ANSWERING < RECOGNISING
    assert Purpose.HIDE_ME not in ANSWERING
    assert Purpose.MAY_PUBLISH not in RECOGNISING
