"""The commands on a real library, in the process of the test; `tests/e2e` runs the program."""

import json
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import pytest

from countenance.catalog.collections import Collection
from countenance.catalog.people import Person
from countenance.cli.main import main
from countenance.core.ids import CollectionId, KeyId, PersonId
from countenance.errors import Reason, Unreadable
from countenance.people.guardians import Standing
from tests.fakes.clock import START
from tests.fakes.gala import by_hand, forget_imprint


class Shown(Protocol):
    """What a command line showed."""

    @property
    def out(self) -> str: ...

    @property
    def err(self) -> str: ...


class Run(Protocol):
    """Runs a command line, which must end with `code`, if that is said."""

    def __call__(self, *words: str | Path, code: int | None = 0) -> Shown: ...


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

    def run(*words: str | Path, code: int | None = 0) -> Shown:
        ended = main([str(word) for word in words])
        shown = capsys.readouterr()
        assert code in (None, ended), f"{words}: {ended}\n{shown.out}\n{shown.err}"
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
    assert shown == added | {"troubles": [], "site": None}

    asked = run("source", "revoke", which, code=2)
    assert "--yes" in asked.err
    planned = json.loads(run("source", "revoke", which, "--dry-run", "--json").out)
    assert planned == {"source": which, "dry_run": True, "revoked": [grant["id"]], "photos": 0}
    assert json.loads(run("source", "show", which, "--json").out) == shown
    ended = json.loads(run("source", "revoke", which, "--yes", "--json").out)
    case = ended.pop("erasure")
    assert ended == planned | {"dry_run": False}
    assert (case["because"], case["about"], case["stage"]) == ("revoked", which, "closed")
    assert json.loads(run("takedown", "status", "--json").out) == {"erasures": [case]}
    assert json.loads(run("takedown", "resume", case["id"], "--json").out) == {"erasures": [case]}
    assert "closed" in run("takedown", "status").out
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
    assert "is not in model.onnx" in run(*words, code=8).err


def test_what_is_done_next_is_said(run: Run, tmp_path: Path) -> None:
    """A source that was there is renewed, a rule waits for an ingest, an ingest for a grant."""
    folder = tmp_path / "photos"
    folder.mkdir()
    assert "no source has a grant in force" in run("ingest", code=4).err
    words = ("source", "add", "folder", folder, "--granted-by", "Ada", "--until", "2999-12-31")
    assert "added source" in run(*words).out
    assert "renewed the grant of source" in run(*words).out
    rule = ("collection", "rule", "photos", "--recognition")
    assert "the next countenance ingest" in run(*rule, "on", "--ground", "notice").out
    assert "the next" not in run(*rule, "off").out


@pytest.mark.parametrize("minors", [True, False])
def test_a_roster_waits_for_an_ingest(
    run: Run, monkeypatch: pytest.MonkeyPatch, *, minors: bool
) -> None:
    """Of minors it is said what finds those on the roster; elsewhere a roster changes nothing."""
    where = Collection(CollectionId("c_1"), "class", recognition=True, ground="x", minors=minors)
    ada = Person(PersonId("p_1"), "Ada", KeyId("k_1"), START, Standing())
    monkeypatch.setattr("countenance.library.Library.add_to_roster", lambda *_, **__: (where, ada))
    said = run("collection", "roster", "add", "class", "Ada").out
    assert ("the next countenance ingest finds people in it" in said) == minors


@pytest.mark.promise("P7")
def test_a_purpose_that_names_nobody_is_refused(run: Run) -> None:
    """That is no wrong usage: the exit code is 4, and the log says who tried."""
    assert "not a purpose that a search" in run("find", "Ada", "--purpose", "hide-me", code=4).err
    assert "search.refused" in run("audit", "tail").out
    run("find", "Ada", "--purpose", "may-publish:web", code=2)


@pytest.mark.promise("P10")
def test_a_limit_on_searches_is_a_setting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more than there are is refused with exit code 4, and there is always a limit."""
    monkeypatch.setenv("COUNTENANCE_SEARCHES_PER_ACCOUNT", "1")
    run("find", "Ada")
    assert "1 an hour; there is room again at" in run("find", "Ada", code=4).err
    monkeypatch.setenv("COUNTENANCE_SEARCHES_PER_ACCOUNT", "0")
    assert "expected a whole number from 1" in run("find", "Ada", code=2).err


def test_a_probe_that_cannot_be_read_is_named(
    run: Run, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong is said of the file that was given."""

    def unreadable(*_: object, **_more: object) -> None:
        raise Unreadable(Reason.EMPTY, "the file is empty")

    monkeypatch.setattr("countenance.library.Library.search", unreadable)
    (library / "probe.jpg").write_bytes(b"")
    words = ("search", "--photo", "probe.jpg", "--purpose", "find-me")
    assert "probe.jpg: the file is empty" in run(*words, code=3).err


@pytest.mark.sqlite("the file is damaged")
@pytest.mark.promise("P27")
def test_a_catalog_that_is_none_is_named(run: Run, library: Path) -> None:
    """Other bytes in its place end with exit code 8 and its path."""
    for wal in library.glob("catalog.db-*"):
        wal.unlink()
    (library / "catalog.db").write_bytes(b"no database" * 1000)
    assert "catalog.db: file is not a database" in run("find", "Ada", code=8).err


def test_bench_search(run: Run) -> None:
    """The figures come as text and as JSON."""
    words = ("bench", "search", "--references", "100", "--probes", "2", "--runs", "1")
    figures = json.loads(run(*words, "--json").out)
    assert (figures["references"], figures["probes"]) == (100, 2)
    assert "one probe" in run(*words).out
    assert "1 or more" in run("bench", "search", "--runs", "0", code=2).err


def test_bench_plan(run: Run) -> None:
    """A plan comes as text, with its arithmetic, and as JSON; numbers may be written like 3e9."""
    words = ("bench", "plan", "--photos", "3e6", "--people", "1e4", "--days", "2")
    made = json.loads(run(*words, "--json").out)
    assert (made["asked"]["photos"], made["asked"]["people"]) == (3_000_000, 10_000)
    assert made["days"]["median"] <= 2
    told = run(*words).out
    assert f"nodes    {made['nodes']} of 16 cores" in told
    assert "processor time of all photos = 3,000,000 * " in told
    for wrong in ("1.5", "-1", "many", "1e99", "nan"):
        assert "no number of things" in run("bench", "plan", "--photos", wrong, code=2).err


@pytest.mark.promise("P17")
def test_the_notice_is_shown_as_it_is(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its SHA-256 is that of what stands on stdout, in the setting's language or the one asked."""
    shown = run("notice")
    assert f"SHA-256 {sha256(shown.out.encode()).hexdigest()}" in shown.err
    swedish = json.loads(run("notice", "--language", "sv", "--json").out)
    assert swedish["text"] != shown.out
    assert swedish["sha256"] == sha256(swedish["text"].encode()).hexdigest()
    monkeypatch.setenv("COUNTENANCE_LANGUAGE", "sv")
    assert run("notice").out == swedish["text"]


@pytest.mark.promise("P18")
def test_a_person_without_a_picture(run: Run) -> None:
    """Enrolled, of another age, withdrawn channel by channel: no model is needed for it."""
    consent = ("--consent", "find-me,may-publish:website,may-publish:print")
    run("enrol", "Ada", *consent, code=2)
    run("enrol", "Ada", "--without-picture", "--photo", "countenance.toml", *consent, code=2)
    done = json.loads(run("enrol", "Ada", "--without-picture", *consent, "--json").out)
    assert (done["pictures"], done["compared"]) == ([], 0)
    assert "without a picture" in run("enrol", "Bo", "--without-picture", *consent).out
    aged = json.loads(
        run("person", "age", "Ada", "--band", "child", "--source", "roster", "--json").out
    )
    assert aged["age"] == {"band": "child", "source": "roster", "died": None, "record": ""}
    assert aged["ended"] == sorted(done["consent"])
    text = run("person", "age", "Bo", "--band", "child", "--source", "roster").out
    assert "ask them; if they agree: countenance enrol p_" in text
    again = ("enrol", "Bo", "--without-picture", "--again", *consent, "--guardian", "Eva")
    run(*again, "--guardian-relation", "mother")
    words = ("person", "withdraw", "Bo", "--yes", "--json", "--purpose")
    ended = json.loads(run(*words, "may-publish:website").out)
    assert ended["withdrawn"] == ["may-publish:website"]
    assert json.loads(run(*words, "may-publish").out)["withdrawn"] == ["may-publish:print"]
    run(*words, "may-publish:", code=2)


@pytest.mark.promise("P21")
def test_an_age_says_of_its_case_how_it_stands(run: Run, tmp_path: Path) -> None:
    """What ended by it goes as after a withdrawal, and may wait, as here for a backup of before."""
    run("enrol", "Ada", "--without-picture", "--consent", "find-me")
    age = ("person", "age", "Ada", "--source", "roster", "--band")
    assert json.loads(run(*age, "adult", "--json").out)["erasure"] is None
    run("backup", "make", tmp_path / "backups")
    done = json.loads(run(*age, "child", "--json", code=7).out)
    assert done["erasure"]["because"] == "expired"
    assert done["erasure"]["waits_for"]["backups"]
    status = json.loads(run("takedown", "status", "--json", code=7).out)
    assert [one["id"] for one in status["erasures"]] == [done["erasure"]["id"]]
    run("enrol", "Bo", "--without-picture", "--consent", "find-me")
    run("backup", "make", tmp_path / "backups")
    said = run("person", "age", "Bo", "--source", "roster", "--band", "child", code=7)
    assert "erasure e_" in said.out
    assert "not confirmed in every part yet" in said.err


def test_an_actor_has_a_name(run: Run) -> None:
    """`--as` with nothing in it is an error, and not the login name."""
    assert "--as" in run("source", "list", "--as", "", code=2).err
    run("source", "list", "--as", " ", code=2)


def test_init_says_where_the_keys_are(run: Run, tmp_path: Path) -> None:
    """Beside the library, and that they belong in no backup of it."""
    made = run("init", tmp_path / "other")
    assert f"its keys are in {tmp_path / 'other.keys'}" in made.out
    assert "no backup" in made.err
    assert (tmp_path / "other.keys" / "library").exists()
    third = json.loads(run("init", tmp_path / "third", "--json").out)
    assert third["keys"] == str(tmp_path / "third.keys")


def _examined(run: Run) -> dict[str, tuple[bool, str]]:
    """Whether models are on this machine decides about the exit code."""
    found = json.loads(run("doctor", "--json", code=None).out)["examined"]
    return {one["what"]: (one["sound"], one["found"]) for one in found}


@pytest.mark.promise("P27")
def test_doctor_compares_keys_with_rows(run: Run, library: Path) -> None:
    """Gone, damaged, of nobody, or all unreadable without the library key: each is named."""
    keys = library.with_name("library.keys")
    slip = library / "slip.pdf"
    slip.write_bytes(b"a signature")
    consent = ("--without-picture", "--consent", "find-me", "--evidence", slip)
    people = [
        json.loads(run("enrol", name, *consent, "--json").out)["person"]["id"]
        for name in ("Ada", "Bo")
    ]
    there = _examined(run)
    for what in ("keys", "library key", "consents", "log", "room"):
        assert there[what][0], there[what]
    assert "2 keys opened" in there["keys"][1]

    first, second = sorted(keys.glob("k_*.key"))
    good = first.read_bytes()
    first.write_bytes(good[:-1])
    (keys / "k_0123456789abcdef.key").write_bytes(good)
    second_good = second.read_bytes()
    second.unlink()
    found = _examined(run)
    assert not found["keys"][0]
    for said in (*people, "damaged", "its file is gone", "1 key of nobody"):
        assert said in found["keys"][1]
    assert not found["consents"][0]
    assert found["consents"][1].count("the evidence is damaged") == 2

    first.write_bytes(good)
    second.write_bytes(second_good)
    (keys / "library.key").rename(keys / "away")
    gone = _examined(run)
    for what in ("keys", "library key"):
        assert gone[what][0] is False
        assert "the library key is not here" in gone[what][1]


def test_doctor_says_how_to_move_keys_out_of_the_library(run: Run, library: Path) -> None:
    """An older library's keys are used where they are, until they are moved as it says."""
    beside = library.with_name("library.keys")
    beside.rename(library / "keys")
    sound, found = _examined(run)["keys"]
    assert not sound
    command = found.partition(": mv ")[2]
    assert command == f"{library / 'keys'} {beside}"
    (library / "keys").rename(beside)
    assert _examined(run)["keys"][0]


@pytest.mark.promise("P17")
def test_doctor_verifies_every_notice(run: Run, library: Path) -> None:
    """Words that are not those of their digest, or gone, are a finding."""
    run("enrol", "Ada", "--without-picture", "--consent", "find-me")
    with by_hand(library) as tx:
        tx.exec_driver_sql("UPDATE notice SET text = text || '.'")
    forget_imprint(library)
    sound, found = _examined(run)["consents"]
    assert not sound
    assert "find-me: the notice is damaged or gone" in found
