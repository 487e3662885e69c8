"""`countenance audit` and who looked for a person, in the process of the test."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from countenance.cli.main import main
from countenance.people.purpose import Purpose
from tests.fakes.gala import Gala, by_hand
from tests.fakes.vision import picture

ADA = 1

Run = Callable[..., str]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library in which somebody was enrolled and looked for."""
    with Gala.make(tmp_path) as gala:
        gala.enrol("Ada", ADA)
        gala.find("Ada")
        gala.library.search(picture(ADA), purpose=Purpose.FIND_ME)
    monkeypatch.chdir(gala.root)
    monkeypatch.setenv("COUNTENANCE_ACTOR", "tester")
    return gala.root


@pytest.fixture
def run(
    root: Path, capfdbinary: pytest.CaptureFixture[bytes], documented: Callable[[str], set[str]]
) -> Run:
    """Runs a command line, which must end with `code`; gives what it wrote to stdout."""
    del root

    def run(*words: str | Path, code: int = 0) -> str:
        ended = main([str(word) for word in words])
        shown = capfdbinary.readouterr()
        assert ended == code, shown
        out = shown.out.decode()
        if "--json" in words and out:
            assert set(json.loads(out)) <= documented(" ".join(map(str, words)))
        return out

    return run


def test_the_end_of_the_log_is_shown(run: Run) -> None:
    """As many entries as were asked for, the newest last, in text and as JSON."""
    shown = json.loads(run("audit", "tail", "-n", "2", "--json"))["entries"]
    assert [one["act"] for one in shown] == ["person.found", "probe.searched"]
    assert [one["redacted"] for one in shown] == [False, False]
    text = run("audit", "tail", "-n", "1").splitlines()
    assert text[0].split() == ["ENTRY", "AT", "ACTOR", "ACT", "PURPOSE", "SUBJECTS"]
    assert "probe.searched" in text[1]
    assert len(text) == 2


@pytest.mark.promise("P31")
def test_a_checkpoint_is_kept_and_verified_against(run: Run, root: Path, tmp_path: Path) -> None:
    """What `audit checkpoint` writes is what `audit verify --since` reads; a rewrite is exit 8."""
    kept = tmp_path / "monday.checkpoint"
    kept.write_text(run("audit", "checkpoint"), encoding="utf-8")
    assert json.loads(run("audit", "checkpoint", "--json"))["checkpoint"] == kept.read_text(
        encoding="utf-8"
    )
    seen = json.loads(run("audit", "verify", "--since", kept, "--json"))
    assert (seen["sound"], seen["findings"], seen["redacted"]) == (True, [], 0)
    assert seen["entries"] == seen["signed"] > 0
    with by_hand(root) as tx:
        tx.exec_driver_sql("DELETE FROM checkpoint")
        tx.exec_driver_sql("DELETE FROM entry WHERE seq = (SELECT max(seq) FROM entry)")
    told = run("audit", "verify", "--since", kept, code=8)
    assert f"log-truncated: {kept}: it was signed over" in told
    assert "the log is sound" not in told


def test_a_file_that_is_no_checkpoint_is_named(run: Run, tmp_path: Path) -> None:
    """Exit code 8, whatever bytes are in it; a file that is not there is wrong usage."""
    for number, data in enumerate((b"", b"hello\n", bytes(range(256)))):
        file = tmp_path / f"{number}.checkpoint"
        file.write_bytes(data)
        shown = json.loads(run("audit", "verify", "--since", file, "--json", code=8))
        assert [one["fault"] for one in shown["findings"]] == ["bad-signature"]
    run("audit", "verify", "--since", tmp_path / "none", code=2)


def test_an_export_is_written_once(run: Run, tmp_path: Path) -> None:
    """One line for each entry and a last one; a file that is there is not overwritten."""
    out = tmp_path / "log.jsonl"
    told = json.loads(run("audit", "export", "--out", out, "--json"))
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert told == {"out": str(out), "entries": len(lines) - 1}
    assert lines[-1].keys() == {"checkpoint", "key"}
    run("audit", "export", "--out", out, code=2)
    run("audit", "export", "--out", tmp_path / "none" / "log.jsonl", code=9)


@pytest.mark.promise("P33")
def test_a_person_is_told_who_looked_for_them(run: Run) -> None:
    """`person show` says who looked, when and why, by name and by picture."""
    shown = json.loads(run("person", "show", "Ada", "--json"))["looked_for"]
    assert [(one["actor"], one["purpose"], one["act"]) for one in shown] == [
        ("tester", "find-me", "person.found"),
        ("tester", "find-me", "probe.searched"),
    ]
    assert "looked for 2 times" in run("person", "show", "Ada")
