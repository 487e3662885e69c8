"""What people take away from a whole library: their own record, and receipts; by the CLI, too."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

import pytest
from sqlalchemy import Connection, insert

from countenance.audit.jws import open_jws
from countenance.audit.note import VerifierKey, parse_note, verify_note
from countenance.audit.receipt import verify_chain
from countenance.audit.statement import Level, Statement, Trigger
from countenance.catalog import people, receipts
from countenance.catalog.receipts import Receipt
from countenance.catalog.received import received
from countenance.catalog.tables import (
    disclosed_person,
    disclosure,
    erasure,
    recall,
    recipient,
    sighting,
)
from countenance.cli.main import main
from countenance.core.ids import ErasureId, PersonId
from countenance.errors import NotFound, Unavailable, VerificationError
from countenance.people.record import KIND
from tests.fakes.clock import START
from tests.fakes.gala import Gala, by_hand, forget_imprint
from tests.fakes.receipts import HOUR

ADA, BO = 1, 2
CASE = ErasureId("e_0123456789abcdef")


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    """Ada and Bo at a party; both are enrolled, and somebody looked for Ada."""
    with Gala.make(tmp_path) as made:
        made.put("a.jpg", ADA, BO)
        made.put("b.jpg", BO)
        made.ingest()
        made.enrol("Ada", ADA)
        made.enrol("Bo", BO)
        made.find("Ada")
        yield made


def _id(gala: Gala, name: str) -> PersonId:
    with gala.library._database.read() as tx:
        return people.get(tx, name).id


# --- a person's own record --------------------------------------------------------------------


@pytest.mark.promise("P33")
def test_an_export_tells_where_they_appear_and_who_looked(gala: Gala) -> None:
    """Their own pictures and searches, and nobody else's; this export is in the next one."""
    done = gala.library.export("Ada")
    said = json.loads(json.dumps(done.document))
    (seen,) = said["countenance:appearances"]
    assert seen["dct:source"].endswith("/a.jpg")
    assert [one["countenance:act"] for one in said["countenance:looks"]] == ["person.found"]
    assert gala.log()[-1] == "person.exported"
    for other in (_id(gala, "Bo"), "b.jpg"):
        assert other not in json.dumps(done.document) + done.words
    again = json.loads(json.dumps(gala.library.export("Ada").document))
    assert [one["countenance:act"] for one in again["countenance:looks"]][1:] == ["person.exported"]


@pytest.mark.promise("P33")
def test_both_signed_forms_verify_with_the_public_key(gala: Gala) -> None:
    """One key for the JSON and for the page, and it is the log's."""
    done = gala.library.export("Ada")
    key = VerifierKey.parse(done.key)
    assert key == gala.library.trail.key()
    assert json.loads(open_jws(done.jws, KIND, key)) == json.loads(json.dumps(done.document))
    note = parse_note(done.words)
    verify_note(note, key)
    assert done.key in note.text
    changed = replace(note, text=note.text.replace("a.jpg", "c.jpg"))
    with pytest.raises(VerificationError):
        verify_note(changed, key)


@pytest.mark.promise("P8")
def test_an_export_shows_what_the_gate_lets_through(gala: Gala) -> None:
    """Without a grant in force there is no place, and without a consent no sighting."""
    ada, bo = _id(gala, "Ada"), _id(gala, "Bo")
    with gala.library._database.read() as tx:
        rows = tx.execute(sighting.select().where(sighting.c.person_id == bo)).mappings().all()
        row = dict(rows[0])
    gala.end_the_grants()
    assert gala.library.export(ada).document["countenance:appearances"] == []
    gala.library.object_to("Bo")
    gala.grant_again()
    # As a fault would leave it: a sighting of somebody who said no.
    with gala.library._database.write() as tx:
        tx.execute(insert(sighting).values(row))
    assert gala.library.export(ada).document["countenance:appearances"] != []
    told = json.loads(json.dumps(gala.library.export(bo).document))
    assert told["countenance:appearances"] == []
    assert told["countenance:objections"][0]["countenance:role"] == "self"


@pytest.mark.promise("P9")
def test_an_export_holds_no_template_and_no_score(gala: Gala) -> None:
    """Bands at most: the numbers of a face are on no way out."""
    done = gala.library.export("Ada")
    leaves = list(_leaves(json.loads(json.dumps(done.document))))
    assert leaves
    assert [one for one in leaves if isinstance(one, float)] == []


def _leaves(value: object) -> Iterator[object]:
    match value:
        case dict():
            for inner in value.values():
                yield from _leaves(inner)
        case list():
            for inner in value:
                yield from _leaves(inner)
        case _:
            yield value


@pytest.mark.promise("P33")
def test_an_export_tells_who_received_what(gala: Gala) -> None:
    """The recipient, its contact, the channel, and how the newest recall of it stands."""
    ada = _id(gala, "Ada")
    _give(gala, ada)
    with gala.library._database.read() as tx:
        (given,) = received(tx, ada)
        assert received(tx, people.get(tx, "Bo").id) == []
    assert (given.recipient, given.contact, given.recall) == ("The Paper", "desk", "acknowledged")
    words = gala.library.export("Ada").words
    assert "The Paper, desk (website, f_1; they answered that it is deleted)" in words


def _give(gala: Gala, who: PersonId) -> None:
    at = gala.clock.now()
    with gala.library._database.write() as tx:
        (consent,) = people.consents(tx, people=[who])
        _open_case(tx, at)
        tx.execute(
            insert(recipient).values(
                id="t_1", name="The Paper", contact="desk", terms="", token_digest="", added_at=at
            )
        )
        tx.execute(
            insert(disclosure).values(
                id="x_1",
                recipient_id="t_1",
                photo_id="f_1",
                source_id=gala.source.id,
                channel="website",
                at=at,
            )
        )
        tx.execute(
            insert(disclosed_person).values(
                disclosure_id="x_1", person_id=who, consent_id=consent.id
            )
        )
        tx.execute(
            insert(recall).values(
                id="q_1",
                disclosure_id="x_1",
                erasure_id=CASE,
                state="acknowledged",
                opened_at=at,
            )
        )


def test_the_words_are_in_the_language_they_were_asked_in(gala: Gala) -> None:
    """Ada read an English notice; whoever is not here is not found."""
    assert "What you agreed to" in gala.library.export("Ada").words
    with pytest.raises(NotFound):
        gala.library.export("Eve")


# --- receipts in the catalog ------------------------------------------------------------------


def _open_case(tx: Connection, at: datetime) -> None:
    tx.execute(
        insert(erasure).values(
            id=CASE,
            trigger="withdrawn",
            consents=[],
            whole=True,
            stage="open",
            opened_at=at,
            keys=[],
            copies=[],
            progress={},
        )
    )


def _issue(gala: Gala, *, number: int = 1, before: Receipt | None = None) -> Receipt:
    now = gala.clock.now()
    signer = gala.library._signing_key.read()
    with gala.library._database.write() as tx:
        said = Statement(
            library=people.library_id(tx),
            erasure=CASE,
            number=number,
            trigger=Trigger.WITHDRAWN,
            subject=PersonId("p_0123456789abcdef"),
            opened_at=START,
            issued_at=now,
            levels={Level.INVISIBLE: START},
            previous=None if before is None else before.digest,
        )
        return receipts.issue(tx, said, actor="tester", signer=signer)


@pytest.fixture
def case(gala: Gala) -> tuple[Receipt, Receipt]:
    """Two receipts of one case."""
    with gala.library._database.write() as tx:
        _open_case(tx, START)
    first = _issue(gala)
    gala.clock.advance(HOUR)
    return first, _issue(gala, number=2, before=first)


@pytest.mark.promise("P24")
def test_receipts_are_kept_in_their_order(gala: Gala, case: tuple[Receipt, Receipt]) -> None:
    """Each is in the log, under a checkpoint, and names the one before it."""
    key = gala.library.trail.key()
    with gala.library._database.read() as tx:
        assert receipts.of(tx, CASE) == receipts.list_all(tx) == list(case)
        assert receipts.newest(tx, CASE) == case[1]
        assert receipts.newest(tx, ErasureId("e_1")) is None
    assert gala.library.receipts(CASE) == gala.library.receipts() == list(case)
    assert [said.number for said in verify_chain([one.text for one in case], key)] == [1, 2]
    assert gala.log()[-2:] == ["erasure.receipted"] * 2
    assert gala.library.trail.verify({}).findings == ()
    with pytest.raises(NotFound):
        gala.library.receipts("e_1")


@pytest.mark.promise("P30")
def test_a_receipt_and_its_entry_are_both_there_or_both_not(gala: Gala) -> None:
    """Where the row cannot be written, nothing was logged, and nothing was signed."""
    before = (gala.log(), gala.library.trail.verify({}).signed)
    with pytest.raises(Unavailable):
        _issue(gala)  # there is no such case: the row refers to nothing
    assert (gala.log(), gala.library.trail.verify({}).signed) == before


# --- by the command line ----------------------------------------------------------------------


class Run(Protocol):
    """Runs a command line, which must end with `code`; gives stdout."""

    def __call__(self, *words: str | Path, code: int = 0) -> str: ...


@pytest.fixture
def run(
    gala: Gala,
    case: tuple[Receipt, Receipt],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    documented: Callable[[str], set[str]],
) -> Run:
    """In a library with two receipts; the JSON must be in the manual."""
    del case
    gala.library.close()
    monkeypatch.chdir(gala.root)
    monkeypatch.setenv("COUNTENANCE_ACTOR", "tester")

    def run(*words: str | Path, code: int = 0) -> str:
        ended = main([str(word) for word in words])
        shown = capsys.readouterr()
        assert ended == code, shown
        if "--json" in words and shown.out:
            assert set(json.loads(shown.out)) <= documented(" ".join(map(str, words)))
        return shown.out if code == 0 or shown.out else shown.err

    return run


@pytest.mark.promise("P24")
def test_a_receipt_is_taken_away_and_verified_without_a_library(
    run: Run, gala: Gala, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files and the public key, in a folder with nothing else; a changed one is exit 8."""
    key = str(gala.library.trail.key())
    for number in ("1", "2"):
        run("receipt", "show", CASE, "--number", number, "--out", tmp_path / f"{number}.jws")
    run("receipt", "show", CASE, "--out", tmp_path / "2.jws", code=2)
    run("receipt", "show", CASE, "--number", "3", code=5)
    empty = tmp_path / "elsewhere"
    empty.mkdir()
    monkeypatch.chdir(empty)
    Path("key").write_text(f"{key}\n")
    both = (tmp_path / "1.jws", tmp_path / "2.jws")
    for told in (key, "key"):
        said = json.loads(run("receipt", "verify", *both, "--key", told, "--json"))
        assert (said["verified"], said["receipts"], said["number"]) == (True, 2, 2)
        assert (said["erasure"], said["level"]) == (CASE, "invisible")
    assert "1 receipt verified" in run("receipt", "verify", both[1], "--key", key)
    assert "is not here" in run("receipt", "verify", *reversed(both), "--key", key, code=8)
    text = both[0].read_text()
    both[0].write_text(f"{text[:-9]}{'A' * 9}")
    assert "signature" in run("receipt", "verify", both[0], "--key", key, code=8)
    both[0].write_bytes(bytes(range(256)))
    assert "not a signed document" in run("receipt", "verify", both[0], "--key", key, code=8)
    assert "verifier key" in run("receipt", "verify", both[1], "--key", "hello", code=8)
    run("receipt", "verify", empty / "none", "--key", key, code=2)


def test_receipts_are_listed_and_shown(run: Run, tmp_path: Path) -> None:
    """In words and as JSON, from the library and from a file, which is not said to be verified."""
    listed = json.loads(run("receipt", "list", "--json"))["receipts"]
    assert [(one["number"], one["verified"], one["level"]) for one in listed] == [
        (1, True, "invisible"),
        (2, True, "invisible"),
    ]
    assert CASE in run("receipt", "list")
    shown = json.loads(run("receipt", "show", CASE, "--json"))
    assert (shown["verified"], shown["statement"]["number"]) == (True, 2)
    words = run("receipt", "show", CASE)
    assert "bytes-gone" in words
    assert "not yet" in words
    file = tmp_path / "2.jws"
    file.write_text(f"{shown['receipt']}\n")
    assert run("receipt", "show", file) == words
    assert json.loads(run("receipt", "show", file, "--json"))["verified"] is False
    run("receipt", "show", "e_1", code=5)


@pytest.mark.promise("P27")
def test_a_damaged_receipt_is_named(run: Run, gala: Gala) -> None:
    """It is listed as damaged, and not shown."""
    with by_hand(gala.root) as tx:
        tx.exec_driver_sql("UPDATE receipt SET text = replace(text, 'e', 'f') WHERE number = 2")
    forget_imprint(gala.root)
    listed = json.loads(run("receipt", "list", "--json", code=8))["receipts"]
    assert [one["verified"] for one in listed] == [True, False]
    assert "damaged" in run("receipt", "list", code=8)
    run("receipt", "show", CASE, code=8)


@pytest.mark.promise("P33")
def test_a_person_takes_their_record_away(run: Run, gala: Gala, tmp_path: Path) -> None:
    """Three files that nobody else may read; they are never written over."""
    out = tmp_path / "ada"
    said = json.loads(run("person", "export", "Ada", "--out", out, "--json"))
    key = VerifierKey.parse(said["key"])
    assert key == gala.library.trail.key()
    assert sorted(one.name for one in out.iterdir()) == sorted(said["files"])
    assert {one.stat().st_mode & 0o777 for one in out.iterdir()} == {0o600}
    document = json.loads((out / "consent.jsonld").read_text())
    signed = (out / "consent.jws").read_text().removesuffix("\n")
    assert json.loads(open_jws(signed, KIND, key)) == document
    verify_note(parse_note((out / "consent.txt").read_text()), key)
    before = gala.log()
    run("person", "export", "Ada", "--out", out, code=2)
    assert gala.log() == before
    told = json.loads(run("person", "export", "Ada", "--json"))
    assert told["dpv:hasDataSubject"] == document["dpv:hasDataSubject"]
    assert json.loads(run("person", "export", "Ada")).keys() == told.keys()
    assert str(out / "consent.txt") not in run("person", "export", "Bo", "--out", tmp_path / "bo")
    looked = json.loads(run("person", "show", "Ada", "--json"))["looked_for"]
    assert [one["act"] for one in looked] == ["person.found", *["person.exported"] * 3]
