"""Receipts: issued and verified offline; each kind of tampering is told in words of its own."""

import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countenance.audit.encoding import from_base64url
from countenance.audit.entry import Act
from countenance.audit.jws import sign_jws
from countenance.audit.leaf import Leaf, salted, write_payload
from countenance.audit.note import VerifierKey
from countenance.audit.proof import Proof
from countenance.audit.receipt import KIND, entry_for, issue, verify, verify_chain
from countenance.audit.statement import Level, Statement, write_statement
from countenance.core.canonical import Json, digest
from countenance.core.ids import ErasureId
from countenance.errors import VerificationError
from countenance.vault.signing import SigningKey
from tests.fakes.clock import START
from tests.fakes.receipts import END, HOUR, KEY, SIGNER, WHOLE, FakeLog, next_of

Changed = dict[str, Json]
LOG = FakeLog()
RECEIPT = LOG.issue(WHOLE)
OTHER = replace(WHOLE, erasure=ErasureId("e_1"))


@pytest.mark.promise("P24")
def test_a_receipt_verifies_with_the_public_key_alone() -> None:
    """The text of the receipt and the text of the key: nothing else is asked."""
    assert verify(RECEIPT, VerifierKey.parse(str(KEY))) == WHOLE


def test_the_entry_commits_to_the_statement() -> None:
    """The log says which erasure was receipted, and the digest of what was said of it."""
    entry = entry_for(WHOLE, actor="tester")
    assert (entry.act, entry.subjects) == (Act.ERASED, (WHOLE.erasure,))
    assert entry.rests_on == (digest(write_statement(WHOLE)),)
    assert "clear" not in write_payload(entry)


# --- tampering by who has the key -----------------------------------------------------------
#
# What a stranger changes, the signature tells. The rest of the steps are for a library that signs
# what is not so.


def _again(change: Callable[[Changed], None], statement: Statement = WHOLE) -> str:
    """A receipt of `statement`, changed in its content, and signed with the right key."""
    log = FakeLog()
    content = log.issue(statement).split(".")[1]
    said = json.loads(_decoded(content))
    change(said)
    return sign_jws(said, KIND, KEY.name, SIGNER)


def _decoded(part: str) -> bytes:
    return from_base64url(part, "it")


def _put(*path: str, value: Json) -> Callable[[Changed], None]:
    def change(said: Changed) -> None:
        inner: Changed = said
        for step in path[:-1]:
            found = inner[step]
            assert isinstance(found, dict)
            inner = found
        inner[path[-1]] = value

    return change


def _told(text: str, key: VerifierKey = KEY) -> str:
    with pytest.raises(VerificationError) as told:
        verify(text, key)
    return told.value.message


def _entry(statement: Statement, index: int = 3) -> Changed:
    payload, salt = write_payload(entry_for(statement, actor="tester")), bytes([index]) * 32
    leaf = salted(payload, salt, index).hex()
    return {"index": index, "payload": payload, "salt": salt.hex(), "leaf": leaf}


def _log() -> FakeLog:
    log = FakeLog()
    log.others(3)
    log.record(entry_for(WHOLE, actor="tester"))
    log.others(2)
    return log


def test_what_is_no_receipt_is_told() -> None:
    """Any text, another kind of document, and other fields than a receipt has."""
    assert "three parts" in _told("hello")
    assert "another kind" in _told(sign_jws({}, "countenance-consent+jwt", KEY.name, SIGNER))
    assert "other fields" in _told(sign_jws({}, KIND, KEY.name, SIGNER))
    assert "other fields" in _told(_again(_put("more", value=1)))
    assert "its entry has other fields" in _told(_again(_put("entry", value={})))
    assert "other fields" in _told(_again(_put("entry", value=[])))
    for field, value in (("index", True), ("index", -1), ("payload", 1), ("salt", None)):
        assert "a field of another kind" in _told(_again(_put("entry", field, value=value)))
    assert "the salt: not hexadecimal" in _told(_again(_put("entry", "salt", value="AB")))
    assert "its salt is none" in _told(_again(_put("entry", "salt", value="ab")))
    assert "not a proof" in _told(_again(_put("proof", value="hello")))


def test_a_changed_receipt_has_a_wrong_signature() -> None:
    """Whoever has not the key can change nothing in it."""
    header, content, signature = RECEIPT.split(".")
    changed = _again(_put("statement", "number", value=3)).split(".")[1]
    assert changed != content
    assert "the signature is wrong" in _told(f"{header}.{changed}.{signature}")


def test_a_receipt_of_another_key_is_told() -> None:
    """Signed by whom the library does not know, under its name."""
    log = FakeLog(signer=SigningKey(bytes(32)))
    assert "another key" in _told(log.issue(WHOLE))


def test_a_receipt_of_another_library_is_told() -> None:
    """A key of one name signs nothing for another."""
    change = _put("statement", "library", value="l_1")
    assert "another library: l_1" in _told(_again(change))


@pytest.mark.promise("P24")
def test_a_level_claimed_without_proof_is_told() -> None:
    """With the right key, too."""
    told = _told(_again(_put("statement", "scan", value=None)))
    assert told == "the statement does not hold: bytes-gone: claimed without a scan"


def test_a_statement_changed_after_it_was_logged_is_told() -> None:
    """The entry names the digest of what was said then."""
    told = _told(_again(_put("statement", "destroyed", value={"references": 99})))
    assert told == "the statement is not the one that was logged"


def test_an_entry_of_another_erasure_or_act_is_told() -> None:
    """It is the entry of a receipt, and of this case."""
    for payload in (
        write_payload(entry_for(OTHER, actor="tester")),
        write_payload(replace(entry_for(WHOLE, actor="tester"), act=Act.WITHDRAWN)),
    ):
        told = _told(_again(_put("entry", "payload", value=payload)))
        assert told == "the entry of the log is not that of a receipt of this erasure"
    assert "cannot be read" in _told(_again(_put("entry", "payload", value="{}")))


@pytest.mark.parametrize(
    "change",
    [
        _put("entry", "salt", value="00" * 32),
        _put("entry", "leaf", value="00" * 32),
        _put("entry", "payload", value=write_payload(entry_for(WHOLE, actor="somebody else"))),
    ],
)
def test_an_entry_that_its_leaf_does_not_stand_for_is_told(
    change: Callable[[Changed], None],
) -> None:
    """Payload, salt and place give the leaf's hash, or it is another entry."""
    told = _told(_again(change))
    assert told == "the entry of the log is not the one that its leaf stands for"


def test_a_proof_of_another_entry_is_told() -> None:
    """The proof is of the entry's own place."""
    assert "of another entry" in _told(_again(_put("proof", value=str(_log().prove(2)))))
    assert "of another entry" in _told(_again(_put("entry", "index", value=2)))


def test_an_entry_that_is_not_in_the_log_is_told() -> None:
    """Its hash is right, and the checkpoint: but the way between them is not there."""
    log = _log()
    path = (bytes(32), *log.prove(3).path[1:])
    for proof in (Proof(3, path, log.checkpoint()), Proof(3, path[1:], log.checkpoint())):
        assert "proof" in _told(_again(_put("proof", value=str(proof))))
    never_logged = FakeLog()
    never_logged.others(6)
    told = _told(_again(_put("proof", value=str(never_logged.prove(3)))))
    assert told == "the proof of inclusion does not lead to the checkpoint's root"


def test_a_checkpoint_of_another_log_is_told() -> None:
    """Signed by the same key, under another name."""
    log = _log()
    proof = replace(log.prove(3), checkpoint=log.checkpoint(origin="countenance/l_1"))
    told = _told(_again(_put("proof", value=str(proof))))
    assert told == "the checkpoint is of another log: 'countenance/l_1'"


def test_a_checkpoint_that_another_signed_is_told() -> None:
    """Under the name of the library, with a key that is not its own."""
    log = _log()
    foreign = replace(log, signer=SigningKey(bytes(32)))
    for checkpoint in (foreign.checkpoint(), log.checkpoint().replace("\n6\n", "\n7\n")):
        proof = replace(log.prove(3), checkpoint=checkpoint)
        told = _told(_again(_put("proof", value=str(proof))))
        assert told.startswith("the checkpoint does not hold: ")


def test_a_checkpoint_older_than_the_entry_is_told() -> None:
    """It cannot cover what was logged after it."""
    log = _log()
    proof = replace(log.prove(3), checkpoint=log.checkpoint(size=3))
    told = _told(_again(_put("proof", value=str(proof))))
    assert told == "the checkpoint is older than the entry: 3 entries, not 3"


@pytest.mark.promise("P24")
def test_no_changed_character_is_overlooked() -> None:
    """Any one of them, changed in its lowest bit, taken out, or doubled: verification fails."""
    for place, sign in enumerate(RECEIPT):
        for instead in (chr(ord(sign) ^ 1), "", sign * 2):
            changed = f"{RECEIPT[:place]}{instead}{RECEIPT[place + 1 :]}"
            if changed != RECEIPT:
                _told(changed)


@settings(max_examples=200)
@given(st.data())
def test_nothing_but_a_verification_error_comes_of_it(data: st.DataObject) -> None:
    """Whatever a library with the key signs in place of any field of its receipt."""
    said = json.loads(_decoded(RECEIPT.split(".")[1]))
    inner = data.draw(st.sampled_from([said, said["entry"], said["statement"]]))
    field = data.draw(st.sampled_from(sorted(inner)))
    other = st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab01{}[]\n ", max_size=9)
    value = data.draw(other | st.lists(other, max_size=2) | st.dictionaries(st.text("ab"), other))
    if inner[field] != value:
        inner[field] = value
        _told(sign_jws(said, KIND, KEY.name, SIGNER))


# --- issuing --------------------------------------------------------------------------------


def test_what_does_not_verify_is_not_issued() -> None:
    """An entry of another statement, a redacted one, and a proof of another place."""
    log = _log()
    leaf = log.leaves[3]
    assert verify(issue(WHOLE, leaf, log.prove(3), SIGNER), KEY) == WHOLE
    for statement, of, proof, words in (
        (OTHER, leaf, log.prove(3), "not that of a receipt of this erasure"),
        (WHOLE, log.leaves[2], log.prove(2), "not that of a receipt"),
        (WHOLE, leaf, log.prove(2), "another entry"),
        (WHOLE, Leaf(3, None, None, leaf.hashes), log.prove(3), "entry 3 of the log was redacted"),
    ):
        with pytest.raises(VerificationError, match=re.escape(words)):
            issue(statement, of, proof, SIGNER)


# --- several of one case --------------------------------------------------------------------


def _case() -> tuple[FakeLog, Statement, str]:
    log = FakeLog()
    first = replace(
        WHOLE, levels={Level.INVISIBLE: START}, issued_at=END, keys=(), backups=(), recipients=()
    )
    return log, first, log.issue(first)


@pytest.mark.promise("P24")
def test_the_receipts_of_a_case_follow_one_another() -> None:
    """Each names the digest of the one before it; the levels only grow."""
    log, first, one = _case()
    second = replace(next_of(first, one), levels=WHOLE.levels, keys=WHOLE.keys)
    two = log.issue(second)
    assert verify_chain([one, two], KEY) == (first, second)
    assert verify_chain([one], KEY) == (first,)
    assert verify_chain([], KEY) == ()


def test_a_receipt_that_is_missing_or_another_is_told() -> None:
    """By what is wrong with the chain."""
    log, first, one = _case()
    second = next_of(first, one)
    two = log.issue(second)
    foreign = log.issue(next_of(replace(first, erasure=ErasureId("e_1")), one))
    astray = log.issue(replace(second, previous=digest(b"another")))
    for texts, words in (
        ([two], "receipt 1 is not here: the next is 2"),
        ([one, one], "receipt 2 is not here: the next is 1"),
        ([two, one], "receipt 1 is not here: the next is 2"),
        ([one, foreign], "receipt 2 is of another erasure: e_1"),
        ([one, astray], "receipt 2 names another one before it"),
        ([one, f"{two}A"], "the signature"),
    ):
        with pytest.raises(VerificationError, match=re.escape(words)):
            verify_chain(texts, KEY)


@pytest.mark.parametrize(
    "fields",
    [
        {"levels": {}},
        {"levels": {Level.INVISIBLE: START + HOUR}},
        {"opened_at": START - HOUR},
        {"issued_at": END - HOUR},
    ],
)
def test_a_receipt_takes_nothing_back(fields: dict[str, object]) -> None:
    """What one receipt said, the next says too."""
    log, first, one = _case()
    changed = replace(next_of(first, one), **fields)  # type: ignore[arg-type]  # of these types
    with pytest.raises(VerificationError, match="takes back what the one before it said"):
        verify_chain([one, log.issue(changed)], KEY)
