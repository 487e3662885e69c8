"""The page of the promises: each has tests that carry it, and bugs that judge those tests."""

import pytest

from tests.promises import PAGE, PROMISES, carried, said, written

NOT_CARRIED_YET: frozenset[str] = frozenset()
"""Promises that are made and not kept yet: there should be none."""


def test_the_page_is_as_the_tests_are() -> None:
    """A new test, a new plant and a moved file are on it. If not: `make promises`."""
    page = PAGE.read_text(encoding="utf-8")
    assert written(page) == page


def test_every_promise_has_a_sentence() -> None:
    """All of them, once, in their order."""
    rows = said(PAGE.read_text(encoding="utf-8"))
    assert tuple(rows) == PROMISES
    assert [promise for promise, sentence in rows.items() if len(sentence) < 20] == []


def test_no_test_carries_what_was_not_promised() -> None:
    """A marker with a number that there is not is a slip of the pen."""
    assert carried().keys() - set(PROMISES) == set()


@pytest.mark.parametrize("promise", PROMISES)
def test_every_promise_is_carried_by_a_test(promise: str) -> None:
    """But for those that nothing keeps yet, which should be none."""
    assert promise in carried() or promise in NOT_CARRIED_YET
