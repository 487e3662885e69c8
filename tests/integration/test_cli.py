"""The commands on a real library, in the process of the test; `tests/e2e` runs the program."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from countenance.cli.main import main


class Shown(Protocol):
    """What a command line showed."""

    @property
    def out(self) -> str: ...

    @property
    def err(self) -> str: ...


class Run(Protocol):
    """Runs a command line, which must end with `code`."""

    def __call__(self, *words: str | Path, code: int = 0) -> Shown: ...


@pytest.fixture
def run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    documented: Callable[[str], set[str]],
) -> Run:
    """Runs a command line in the folder of an empty library; its JSON must be in the manual."""
    library = tmp_path / "library"
    library.mkdir()
    monkeypatch.chdir(library)
    monkeypatch.setenv("COUNTENANCE_ACTOR", "tester")

    def run(*words: str | Path, code: int = 0) -> Shown:
        ended = main([str(word) for word in words])
        shown = capsys.readouterr()
        assert ended == code, f"{words}: {ended}\n{shown.out}\n{shown.err}"
        if "--json" in words and shown.out:
            assert set(json.loads(shown.out)) <= documented(" ".join(map(str, words)))
        return shown

    run("init")
    return run


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """The folder of the library."""
    return tmp_path / "library"


def test_source_from_grant_to_revocation(run: Run, tmp_path: Path) -> None:
    """A source is added under a grant with evidence, listed, scanned, revoked, and then refused."""
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"")
    letter = tmp_path / "letter.txt"
    letter.write_text("you may")
    added = json.loads(
        run(
            *("source", "add", "folder", folder, "--granted-by", "Ada", "--until", "2999-12-31"),
            *("--evidence", letter, "--scope", "*.jpg", "--json"),
        ).out
    )
    assert added["location"] == str(folder)
    assert (added["collection"], added["recognition"]) == ("photos", False)
    (grant,) = added["grants"]
    assert (grant["until"], grant["scope"]) == ("3000-01-01T00:00:00Z", ["*.jpg"])
    assert re.fullmatch("[0-9a-f]{64}", grant["evidence"])
    which = added["source"]

    scanned = json.loads(run("source", "scan", which, "--json").out)
    assert (scanned["new"], scanned["changed"], scanned["vanished"]) == (1, 0, 0)
    assert json.loads(run("source", "list", "--json").out) == {"sources": [added]}
    shown = json.loads(run("source", "show", which, "--json").out)
    assert shown == added | {"troubles": []}

    asked = run("source", "revoke", which, code=2)
    assert "--yes" in asked.err
    planned = json.loads(run("source", "revoke", which, "--dry-run", "--json").out)
    assert planned == {"source": which, "dry_run": True, "revoked": [grant["id"]]}
    assert json.loads(run("source", "show", which, "--json").out) == shown
    ended = json.loads(run("source", "revoke", which, "--yes", "--json").out)
    assert ended == planned | {"dry_run": False}
    refused = run("source", "scan", which, code=4)
    assert "no grant is in force" in refused.err
    assert "revoked" in run("source", "list").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere", "--until", "2999-01-01"), "nowhere: no such folder"),
        ((".", "--until", "2020-01-01"), "over before it begins"),
        ((".", "--until", "1 May"), "expected YYYY-MM-DD"),
        ((".", "--until", "2999-01-01", "--evidence", "none.pdf"), "'none.pdf' does not exist"),
    ],
)
def test_source_that_cannot_be_added(words: tuple[str, ...], said: str, run: Run) -> None:
    """What is wrong is said, with exit code 2, and no source is added."""
    ran = run("source", "add", "folder", *words, "--granted-by", "Ada", code=2)
    assert said in ran.err
    assert json.loads(run("source", "list", "--json").out) == {"sources": []}


def test_what_is_not_there_is_not_found(run: Run) -> None:
    """Unknown sources, collections and people have exit code 5."""
    for words in (("source", "show", "d_x"), ("person", "show", "Ada"), ("models", "info", "x")):
        assert run(*words, code=5).out == ""
    run("find", "Ada", "--collection", "none", code=5)
    run("collection", "rule", "none", "--recognition", "off", code=5)


@pytest.mark.promise("P11")
def test_recognition_needs_a_ground(run: Run) -> None:
    """A new collection has recognition off, and only a ground switches it on."""
    made = json.loads(run("collection", "new", "gala", "--json").out)
    assert (made["recognition"], made["recognises"]) == (False, False)
    ran = run("collection", "rule", "gala", "--recognition", "on", code=2)
    assert "--ground" in ran.err
    rule = ("collection", "rule", "gala", "--recognition", "on", "--ground", "a notice", "--json")
    assert json.loads(run(*rule).out)["recognises"] is True
    minors = json.loads(run(*rule, "--minors").out)
    assert (minors["minors"], minors["recognises"]) == (True, True)
    assert json.loads(run("collection", "list", "--json").out) == {"collections": [minors]}


def test_settings_say_where_they_come_from(run: Run, library: Path) -> None:
    """`config show` gives each value with its origin."""
    (library / "countenance.toml").write_text("workers = 3\nactor = 'somebody'\n")
    shown = json.loads(run("config", "show", "--json").out)
    assert shown["library"] == str(library)
    assert shown["settings"]["workers"] == {
        "value": 3,
        "origin": str(library / "countenance.toml"),
    }
    assert shown["settings"]["actor"] == {"value": "tester", "origin": "COUNTENANCE_ACTOR"}
    assert shown["settings"]["long_side"] == {"value": 1280, "origin": "default"}
    assert "command line" in run("config", "show", "--origin", "--as", "eve").out


def test_misspelt_setting_is_wrong_usage(run: Run, library: Path) -> None:
    """A setting that nobody knows is not silently ignored."""
    (library / "countenance.toml").write_text("wrokers = 3\n")
    assert "wrokers: no such setting" in run("source", "list", code=2).err


def test_models_are_listed_without_a_library(run: Run) -> None:
    """The packs are known with nothing installed and nothing made."""
    listed = json.loads(run("models", "list", "--json").out)
    assert "starter" in {one["id"] for one in listed["packs"]}
    (used,) = (one for one in listed["packs"] if one["id"] == listed["used"])
    assert json.loads(run("models", "info", used["id"], "--json").out) == used


def test_models_are_taken_from_nothing_but_what_was_given(run: Run, library: Path) -> None:
    """With `--from`, nothing is fetched: a file that is not the model is said to be none."""
    (library / "model.onnx").write_bytes(b"no model")
    words = ("models", "get", "yunet-sface", "--from", "model.onnx")
    assert "is not in: model.onnx" in run(*words, code=9).err


def test_bench_search(run: Run) -> None:
    """The figures come as text and as JSON."""
    words = ("bench", "search", "--references", "100", "--probes", "2", "--runs", "1")
    figures = json.loads(run(*words, "--json").out)
    assert (figures["references"], figures["probes"]) == (100, 2)
    assert "one probe" in run(*words).out
    assert "1 or more" in run("bench", "search", "--runs", "0", code=2).err
