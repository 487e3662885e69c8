import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.errors import UsageError
from countenance.people.names import MAX_NAME, checked_name, name_form


@given(st.text())
def test_the_form_of_a_name_is_its_own_form(text: str) -> None:
    """Put into it again it stays, and it has no white space but single spaces inside."""
    form = name_form(text)
    assert name_form(form) == form
    assert form == form.strip()
    assert not any(sign.isspace() and sign != " " for sign in form)
    assert "  " not in form


@given(st.text())
def test_how_it_is_typed_does_not_matter(text: str) -> None:
    """Composed or decomposed, with white space around: one form."""
    for typed in (unicodedata.normalize("NFD", text), unicodedata.normalize("NFC", text)):
        assert name_form(f"\t{typed} \n") == name_form(text)


@given(st.text(st.characters(categories=["L"]), min_size=1, max_size=50))
def test_letters_of_any_script_are_a_name(text: str) -> None:
    """A name is not only what English has letters for."""
    assert checked_name(text) == name_form(text)


def test_a_name_has_an_end() -> None:
    """As many characters as are kept, counted in the form in which they are kept."""
    assert len(checked_name("e\u0301" * MAX_NAME)) == MAX_NAME
    with pytest.raises(UsageError, match="at most 200 characters, and this one 201"):
        checked_name("x" * (MAX_NAME + 1))


@pytest.mark.parametrize("name", ["", " ", "\n\t", "A\x00", "A\x7f", "A\x1b[31m", "A\ud800"])
def test_what_is_no_name_is_refused(name: str) -> None:
    """Nothing, what a terminal would obey, and halves of characters."""
    with pytest.raises(UsageError):
        checked_name(name)
