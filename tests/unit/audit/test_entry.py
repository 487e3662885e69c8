"""An entry of the log: what it can say, and what it has no place for."""

from dataclasses import fields

import pytest

from countenance.audit.entry import Act, Entry
from tests.fakes.clock import START


@pytest.mark.promise("P32")
def test_an_entry_has_no_place_for_more_than_ids() -> None:
    """Who, what, when, why, and ids: there is no field for a name, a score or a picture."""
    assert {field.name for field in fields(Entry)} == {
        *("act", "at", "actor", "purpose", "subjects", "rests_on")
    }


def test_an_act_is_a_noun_and_what_became_of_it() -> None:
    """The words in the log are of one form, so that they can be searched for."""
    for act in Act:
        noun, _, participle = act.value.partition(".")
        assert noun.isalpha()
        assert participle.endswith(("ed", "found", "given", "split", "withdrawn"))


def test_an_entry_that_touches_nothing_says_so() -> None:
    """A refused search rests on no consent and concerns nobody that can be named."""
    entry = Entry(Act.REFUSED, START, "tester", "find-me")
    assert (entry.subjects, entry.rests_on) == ((), ())
