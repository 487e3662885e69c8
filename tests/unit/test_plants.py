"""Planted bugs: each can still be planted, and the runner believes only real findings."""

import re
from pathlib import Path

import pytest

from countenance.people import consent
from tests.fakes.clock import START
from tests.planted.plant import Plant, StalePlant, edit, instead
from tests.planted.plants import ALL, PLANTS
from tests.planted.run import Verdict, judge, one_of_each_first
from tests.promises import PROMISES


def test_there_are_enough_of_them() -> None:
    """At least one for every promise, each under a name of its own."""
    assert len(PLANTS) == len(ALL)
    assert {one.promise for one in PLANTS.values()} == set(PROMISES)
    assert [name for name in PLANTS if not re.fullmatch("[a-z]+(-[a-z]+)+", name)] == []


@pytest.mark.parametrize("one", PLANTS.values(), ids=PLANTS)
def test_a_plant_takes(one: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code that it changes is still there. If not, the plant must follow it."""
    with monkeypatch.context() as patch:
        one.apply(patch)


@pytest.mark.parametrize("one", PLANTS.values(), ids=PLANTS)
def test_a_plant_names_tests_that_are_there(one: Plant, repository: Path) -> None:
    """Whoever renames a test that has to find a bug renames it here as well."""
    assert one.found_by
    for node in one.found_by:
        file, _, test = node.partition("::")
        text = (repository / file).read_text(encoding="utf-8")
        assert not test or f"def {test}(" in text, node


def test_a_short_run_has_one_of_every_promise() -> None:
    """Each plant is run once, and none of a promise twice before every promise had one."""
    order = one_of_each_first(ALL)
    assert sorted(one.name for one in order) == sorted(PLANTS)
    assert {one.promise for one in order[: len(PROMISES)]} == set(PROMISES)


def test_a_plant_is_there_for_whoever_has_the_function(monkeypatch: pytest.MonkeyPatch) -> None:
    """The function is the same one, with other code; afterwards it is as before."""
    had = consent.state_of
    before = had.__code__
    with monkeypatch.context() as patch:
        instead(patch, consent.state_of, "return original(events, at) if events else 'planted'")
        assert str(had((), START)) == "planted"
    assert had.__code__ is before
    assert had((), START) is consent.ConsentState.NONE


def test_a_stale_plant_is_no_bug_that_nobody_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Words that are not in the code any more are an error, and so is what is no function, or what
    needs a name that is not in its module: it would fall over, and be taken for a finding.
    """
    with pytest.raises(StalePlant, match="0 times"):
        edit(monkeypatch, consent.state_of, "words that are not there", "")
    with pytest.raises(StalePlant, match="no function"):
        edit(monkeypatch, consent.DEFAULT_DURATION, "", "")
    with pytest.raises(StalePlant, match="nothing of gone"):
        instead(monkeypatch, consent.state_of, "return (lambda: gone)()")


@pytest.mark.parametrize(
    ("code", "written", "verdict"),
    [
        (0, "3 passed", Verdict.NOT_FOUND),
        (1, "FAILED tests/a.py::test_b[c d] - AssertionError: assert 1 == 2", Verdict.FOUND),
        (1, "FAILED tests/a.py::test_b - Failed: DID NOT RAISE", Verdict.FOUND),
        (1, "FAILED tests/a.py::test_b - NameError: name 'x' is not defined", Verdict.BROKEN),
        (1, "ERROR tests/a.py::test_b - AssertionError", Verdict.BROKEN),
        (4, "ERROR: not found: tests/a.py::test_b", Verdict.BROKEN),
        (5, "no tests ran", Verdict.BROKEN),
    ],
)
def test_a_finding_is_a_test_that_failed(code: int, written: str, verdict: Verdict) -> None:
    """Tests that pass, that cannot run, or that fall over the plant itself, are none."""
    assert judge(code, f"some lines\n{written}\n")[0] is verdict
