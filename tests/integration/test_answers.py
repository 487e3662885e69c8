"""What the command line answers about people, with a fake vision, in the process of the test."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from countenance.cli.main import main
from countenance.people.purpose import Purpose
from tests.fakes.gala import Gala

ADA = 1
FAR = datetime(2199, 1, 1, tzinfo=UTC)


@pytest.mark.promise("P9")
def test_the_numbers_in_an_answer_are_those_of_a_box(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In no JSON about a person is there a number that could be a score, under whatever name."""
    with Gala.make(tmp_path, until=FAR) as gala:  # the program goes by the real clock
        gala.put("a.jpg", ADA)
        gala.ingest()
        gala.enrol("Ada", ADA, Purpose.FIND_ME, Purpose.STAFF_FIND, until=FAR)
    monkeypatch.chdir(gala.root)
    for words in (("find", "Ada"), ("person", "show", "Ada"), ("audit", "tail")):
        assert main([*words, "--json"]) == 0
        found = set(_fractions(json.loads(capsys.readouterr().out), ""))
        assert found == ({".sightings.box"} if words[0] == "find" else set())


# --------------------------------------------------------------------------------------------


def _fractions(value: object, where: str) -> Iterator[str]:
    match value:
        case float():
            yield where
        case dict():
            for name, part in value.items():
                yield from _fractions(part, f"{where}.{name}")
        case list():
            for part in value:
                yield from _fractions(part, where)
