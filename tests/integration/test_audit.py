"""The audit log of a lived-in library: what it holds, what it proves, and each way to harm it."""

import hashlib
import json
import multiprocessing
import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from countenance.audit.checkpoint import open_checkpoint
from countenance.audit.entry import Act, Entry
from countenance.audit.leaf import salted
from countenance.audit.merkle import Tree, leaf_hash, node_hash
from countenance.audit.note import VerifierKey
from countenance.audit.proof import parse_proof, verify_proof
from countenance.audit.verify import Fault, Verified
from countenance.catalog import checkpoints, log
from countenance.catalog.place import catalog_of
from countenance.catalog.tables import consent, entry, item, source
from countenance.errors import Interrupted, NotFound, Unavailable, UsageError, VerificationError
from countenance.library import Library
from countenance.people.purpose import Purpose
from countenance.vault.layout import LibraryLayout
from tests.fakes.clock import START
from tests.fakes.gala import A_DAY, Gala, by_hand
from tests.fakes.vision import picture

ADA, BO = 1, 2
ID = r"[a-z]{1,2}_[0-9a-hjkmnp-tv-z]{16}"
NAMES = ("Ada Lovelace", "Bo Ek", "Nobody Known")


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    """A library in which all sorts of things were done; its log is signed."""
    with Gala.make(tmp_path) as made:
        made.put("secret-file.jpg", ADA)
        made.enrol("Ada Lovelace", ADA, Purpose.FIND_ME, Purpose.STAFF_FIND)
        made.enrol("Bo Ek", BO)
        made.ingest()
        for name in NAMES:
            made.find(name)
        made.library.search(picture(ADA), purpose=Purpose.STAFF_FIND)
        made.library.withdraw("Bo Ek")
        made.library.trail.sign()
        yield made


def edit(gala: Gala, *statements: str) -> None:
    """What somebody does who holds the database's file."""
    with by_hand(gala.root) as tx:
        for statement in statements:
            empty = "x''" if tx.dialect.name == "sqlite" else "''"
            tx.exec_driver_sql(statement.replace("x''", empty))


def verified(gala: Gala, **kept: str) -> Verified:
    return gala.library.trail.verify(kept)


def faults(gala: Gala, **kept: str) -> list[Fault]:
    return [one.fault for one in verified(gala, **kept).findings]


def checkpoint(gala: Gala) -> str:
    signed = gala.library.trail.sign()
    assert signed is not None
    return signed


# --- what it holds --------------------------------------------------------------------------


@pytest.mark.promise("P31")
def test_a_log_that_nobody_touched_is_sound(gala: Gala) -> None:
    """Nothing is found, all of it is signed, and earlier checkpoints still hold."""
    before = checkpoint(gala)
    gala.find("Ada Lovelace")
    seen = verified(gala, before=before)
    assert seen.findings == ()
    assert (seen.size, seen.signed, seen.redacted) == (len(gala.log()), len(gala.log()) - 1, 0)


@pytest.mark.promise("P32")
def test_the_log_holds_no_name_path_vector_score_or_picture(gala: Gala) -> None:
    """Its rows, its export and its checkpoints hold none of what the library knows of people."""
    gala.find("Ada Lovelace", Purpose.STAFF_FIND)
    with gala.library._database.read() as tx:
        known = [*NAMES, *tx.execute(select(item.c.locator)).scalars()]
        known += tx.execute(select(source.c.location)).scalars()
        known += [one.actor for one in log.entries(tx) if one.actor != "tester"]
    written = "\n".join(gala.library.trail.export())
    assert [one for one in known if json.dumps(one)[1:-1] in written] == []
    payloads = [json.loads(json.loads(line)["payload"]) for line in written.splitlines()[:-1]]
    words = r"[a-z]{1,2}_[0-9a-hjkmnp-tv-z]{16}|[0-9a-f]{64}"  # ids, and digests of receipts
    for one in payloads:
        assert [
            text for text in one["subjects"] + one["rests_on"] if not re.fullmatch(words, text)
        ] == []
        assert one.keys() == {"act", "actor", "at", "purpose", "rests_on", "subjects"}
        assert not re.search(r"\d\.\d", json.dumps({**one, "at": ""}))  # no score, no vector


@pytest.mark.promise("P33")
def test_a_person_can_read_who_looked_for_them(gala: Gala) -> None:
    """By name, by picture, why and when; refused searches and those of others are not theirs."""
    gala.clock.advance(A_DAY)
    ada = gala.library.consents("Ada Lovelace")[0].id
    gala.find("Ada Lovelace", Purpose.STAFF_FIND)
    looked = gala.library.trail.looked_for(ada)
    assert [(one.act, one.actor, one.purpose, one.at) for one in looked] == [
        (Act.FOUND, "tester", "find-me", START),
        (Act.SEARCHED, "tester", "staff-find", START),
        (Act.FOUND, "tester", "staff-find", START + A_DAY),
    ]


def test_no_entry_is_earlier_than_the_one_before(gala: Gala) -> None:
    """Where the clock was set back, an entry takes the time of the one before it."""
    gala.clock.advance(-A_DAY)
    gala.find("Ada Lovelace")
    assert (
        gala.library.trail.tail(1)[0][1]
        == gala.library.trail.looked_for(gala.library.consents("Ada Lovelace")[0].id)[-1]
    )
    assert faults(gala) == []


# --- with its act ---------------------------------------------------------------------------


@pytest.mark.promise("P30")
def test_an_act_that_is_undone_leaves_no_entry(gala: Gala) -> None:
    """Whatever ends a transaction before its commit, neither act nor entry is there."""
    before = gala.log()
    with pytest.raises(Interrupted):
        _record_and_die(gala)
    assert gala.log() == before
    assert faults(gala) == []


@pytest.mark.promise("P30")
def test_an_entry_that_cannot_be_written_stops_its_act(gala: Gala) -> None:
    """Where the log is too damaged to be added to, the act does not happen, and it is said why."""
    if len(gala.log()) % 2 == 0:
        gala.find("Ada Lovelace")  # so that the next entry joins the last one
    edit(gala, "UPDATE entry SET hashes = x''")
    before, entries = gala.library.grants(gala.source.id), gala.log()
    with pytest.raises(VerificationError, match="of the log is damaged"):
        gala.library.take_down(gala.source.id)
    assert (gala.library.grants(gala.source.id), gala.log()) == (before, entries)


def _act_and_be_killed(root: str) -> None:
    database = catalog_of(LibraryLayout(Path(root)), "")
    with database.write() as tx:
        tx.execute(update(source).values(location="elsewhere"))
        log.record(tx, Entry(Act.FOUND, START, "tester"))
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.promise("P30")
def test_a_program_that_is_killed_leaves_neither_act_nor_entry(gala: Gala) -> None:
    """SIGKILL after both were written and before the commit: neither is there."""
    before = gala.log()
    spawn = multiprocessing.get_context("spawn")
    program = spawn.Process(target=_act_and_be_killed, args=(str(gala.root),))
    program.start()
    program.join()
    assert program.exitcode == -signal.SIGKILL
    assert gala.log() == before
    assert gala.library.source(gala.source.id).location == str(gala.folder)
    assert faults(gala) == []


def _append(root: str, count: int) -> None:
    database = catalog_of(LibraryLayout(Path(root)), "")
    for _ in range(count):
        with database.write() as tx:
            log.record(tx, Entry(Act.REFUSED, START, "another"))
    database.close()


@pytest.mark.promise("P30")
def test_two_programs_append_to_one_log(gala: Gala) -> None:
    """Nothing is lost, nothing stands twice, and the tree is whole."""
    # The fake scanner has read the database's files in this process: its locks on them are gone.
    gala.reopen()
    size = len(gala.log())
    spawn = multiprocessing.get_context("spawn")
    programs = [spawn.Process(target=_append, args=(str(gala.root), 40)) for _ in range(2)]
    for one in programs:
        one.start()
    for one in programs:
        one.join()
    assert [one.exitcode for one in programs] == [0, 0]
    assert len(gala.log()) == size + 80
    assert faults(gala) == []


# --- checkpoints ----------------------------------------------------------------------------


@pytest.mark.promise("P31")
def test_closing_signs_what_was_done(gala: Gala) -> None:
    """After an act a close signs; after none it does not."""
    gala.find("Ada Lovelace")
    size = len(gala.log())
    assert verified(gala).signed == size - 1
    gala.reopen()
    assert verified(gala).signed == size
    gala.reopen()
    with gala.library._database.read() as tx:
        assert list(checkpoints.list_all(tx)) == [size - 1, size]


def test_a_long_life_is_signed_on_the_way(gala: Gala) -> None:
    """After a hundred entries a checkpoint is signed, although the library stays open."""
    size = len(gala.log())
    for _ in range(100):
        gala.find("Ada Lovelace")
    assert verified(gala).signed == size + 100


@pytest.mark.promise("P31")
def test_what_does_not_go_on_from_the_last_checkpoint_is_not_signed(gala: Gala) -> None:
    """A log that became shorter, or another, gets no signature, and is not opened again."""
    edit(gala, "DELETE FROM entry WHERE seq = (SELECT max(seq) FROM entry)")
    with pytest.raises(VerificationError, match="no beginning"):
        gala.library.trail.sign()
    with pytest.raises(VerificationError, match="not the one in its journal"):
        gala.find("Ada Lovelace")  # another entry at the place of the one that is gone
    with pytest.raises(VerificationError, match="not of one history"):
        gala.library.trail.sign()
    assert Fault.REWRITTEN in faults(gala)
    with pytest.raises(VerificationError, match="not the one in its journal"):
        gala.another()


def test_a_library_without_its_signing_key_works_and_signs_later(
    gala: Gala, tmp_path: Path
) -> None:
    """No act waits for the key, none is made in its place, and once back it signs."""
    key, away = gala.keys / "log.ed25519", tmp_path / "away"
    key.rename(away)
    gala.find("Ada Lovelace")
    gala.reopen()
    with pytest.raises(Unavailable, match="not here") as caught:
        gala.library.trail.sign()
    assert "log.ed25519" in caught.value.hint
    away.rename(key)
    gala.library.trail.sign()
    assert verified(gala).signed == len(gala.log())


def test_a_new_library_with_the_keys_of_another_is_refused(gala: Gala, tmp_path: Path) -> None:
    """Also where nobody is enrolled: the key that signs is another library's."""
    settings = gala.library.settings
    gala.library.withdraw("Ada Lovelace")
    with pytest.raises(UsageError, match="keys of another library"):
        Library.init(tmp_path / "second", settings)


# --- proofs and redaction -------------------------------------------------------------------


@pytest.mark.promise("P31")
def test_every_entry_can_be_proven_and_redaction_changes_no_proof(gala: Gala) -> None:
    """Each leaf of the log with the public key alone, before and after contents were forgotten."""
    key = gala.library.trail.key()
    with gala.library._database.read() as tx:
        leaves = [one.hashes[:32] for one in log.leaves(tx)]
        proofs = [str(checkpoints.prove(tx, index)) for index in range(len(leaves))]
        with pytest.raises(NotFound, match="under a checkpoint"):
            checkpoints.prove(tx, len(leaves))
    with gala.library._database.write() as tx:
        for index in (1, 4):
            log.redact(tx, index, actor="tester", at=START)
    checkpoint(gala)
    with gala.library._database.read() as tx:
        assert [one.hashes[:32] for one in log.leaves(tx)][: len(leaves)] == leaves
        proofs += [str(checkpoints.prove(tx, index)) for index in range(len(leaves))]
    for number, written in enumerate(proofs):
        verify_proof(parse_proof(written), leaves[number % len(leaves)], key)
    seen = verified(gala)
    assert (seen.findings, seen.redacted) == ((), 2)
    assert gala.library.trail.tail(100)[4] == (4, None)
    assert gala.log()[-1] == "entry.redacted"


def test_what_was_redacted_is_in_no_file(gala: Gala) -> None:
    """Neither the content nor the salt, once the write-ahead log was emptied."""
    with gala.library._database.write() as tx:
        index = log.record(tx, Entry(Act.REFUSED, START, "needle-in-the-haystack"))
        salt = log.leaf(tx, index).salt
        assert salt
    with gala.library._database.write() as tx:
        log.redact(tx, index, actor="tester", at=START)
    gala.library._database.forget_deleted_bytes()
    for needle in (b"needle-in-the-haystack", salt):
        assert [path for path in gala.files() if needle in path.read_bytes()] == []


def test_what_cannot_be_redacted(gala: Gala) -> None:
    """An entry that is not there, one that is redacted already, and the record of a redaction."""
    with gala.library._database.write() as tx:
        told = log.redact(tx, 1, actor="tester", at=START)
        for index, error in ((1, UsageError), (told, UsageError), (99, NotFound), (-1, NotFound)):
            with pytest.raises(error):
                log.redact(tx, index, actor="tester", at=START)


# --- what is done to it ---------------------------------------------------------------------

SET, AT = "UPDATE entry SET", "WHERE seq = 3"
BEFORE_ALL = "INSERT INTO entry SELECT 0, payload, salt, hashes FROM entry WHERE seq = 1"
SHIFT_ON = (
    "UPDATE entry SET seq = -seq WHERE seq >= 4",
    "UPDATE entry SET seq = 1 - seq WHERE seq < 0",
    "INSERT INTO entry SELECT 4, payload, zeroblob(32), hashes FROM entry WHERE seq = 3",
)
SHIFT_UP = (
    "DELETE FROM entry WHERE seq = 4",
    "UPDATE entry SET seq = -seq WHERE seq > 4",
    "UPDATE entry SET seq = -seq - 1 WHERE seq < 0",
)
SWAP = (
    "UPDATE entry SET seq = -1 WHERE seq = 3",
    "UPDATE entry SET seq = 3 WHERE seq = 6",
    "UPDATE entry SET seq = 6 WHERE seq = -1",
)


@pytest.mark.promise("P30")
@pytest.mark.promise("P31")
@pytest.mark.parametrize(
    ("done", "fault", "said"),
    [
        ((f"{SET} payload = replace(payload, 'e', 'f') {AT}",), Fault.CONTENT, "2: what it says"),
        ((f"{SET} payload = x'00ff' {AT}",), Fault.CONTENT, "2: what it says"),
        ((f"{SET} payload = NULL {AT}",), Fault.CONTENT, "2: its content is gone"),
        ((f"{SET} salt = zeroblob(32) {AT}",), Fault.CONTENT, "or its salt"),
        ((f"{SET} salt = zeroblob(31) {AT}",), Fault.SALT, "2: its salt"),
        ((f"{SET} salt = 'text' {AT}",), Fault.SALT, "2: its salt"),
        ((f"{SET} salt = NULL {AT}",), Fault.SALT, "2: its salt"),
        ((f"{SET} hashes = hashes || zeroblob(32) {AT}",), Fault.HASHES, "2: the hashes"),
        ((f"{SET} hashes = hashes || '\xff' {AT}",), Fault.HASHES, "2: the hashes"),
        ((f"{SET} payload = NULL, salt = NULL {AT}",), Fault.REDACTION, "2: its content is gone"),
        (("DELETE FROM entry WHERE seq = 4",), Fault.MISSING, "entry 3 is missing"),
        (("DELETE FROM entry WHERE seq IN (4, 5)",), Fault.MISSING, "entries 3 to 4 are missing"),
        (SHIFT_UP, Fault.MISSING, "entry 3: was taken out"),
        (SHIFT_ON, Fault.EXTRA, "entry 3: was put in"),
        ((BEFORE_ALL,), Fault.EXTRA, "entry -1"),
        (SWAP, Fault.ORDER, "entry 2: holds what was logged as entry 5"),
        (("DELETE FROM entry WHERE seq > 5",), Fault.TRUNCATED, "and there are 5"),
        (("DELETE FROM entry",), Fault.TRUNCATED, "and there are 0"),
        (("UPDATE checkpoint SET text = lower(text)",), Fault.SIGNATURE, "checkpoint of"),
        (("UPDATE checkpoint SET text = ''",), Fault.SIGNATURE, "not a signed note"),
    ],
)
@pytest.mark.sqlite("statements in its own words")
def test_what_was_altered_is_named(
    gala: Gala, done: tuple[str, ...], fault: Fault, said: str
) -> None:
    """Each way to alter the file has a finding of its own."""
    edit(gala, *done)
    found = verified(gala).findings
    assert fault in [one.fault for one in found]
    assert any(said in one.message for one in found if one.fault is fault), found


@pytest.mark.promise("P31")
def test_a_history_that_was_written_anew_is_found(gala: Gala) -> None:
    """All of it consistent in itself, but not what the checkpoint was signed over."""
    kept = checkpoint(gala)
    _write_anew(gala, lambda said: said.replace("tester", "nobody"))
    assert faults(gala) == [Fault.REWRITTEN]
    edit(gala, "DELETE FROM checkpoint")
    assert set(faults(gala)) == {Fault.JOURNAL}
    (gala.keys / "log.journal").unlink()
    gala.reopen()
    assert faults(gala) == []  # so this is why checkpoints are kept elsewhere
    assert faults(gala, monday=kept) == [Fault.REWRITTEN]
    (finding,) = verified(gala, monday=kept).findings
    assert finding.message.startswith("monday: the first ")


def test_time_that_runs_back_is_found(gala: Gala) -> None:
    """An entry that says it is earlier than the one before it, in a log written anew."""
    edit(gala, "DELETE FROM checkpoint")
    _write_anew(gala, lambda said: said.replace("2026", "2025") if "enrolled" in said else said)
    assert faults(gala) == [Fault.TIME]


def test_a_kept_checkpoint_of_another_log_is_refused(gala: Gala, tmp_path: Path) -> None:
    """It is signed, but not by this log."""
    with Gala.make(tmp_path / "other") as other:
        kept = checkpoint(other)
    (finding,) = verified(gala, monday=kept).findings
    assert finding.fault is Fault.SIGNATURE
    assert "monday: not signed by" in finding.message


@pytest.mark.promise("P30")
def test_an_act_without_an_entry_is_named(gala: Gala) -> None:
    """What the tables say was done and the log does not: consent, withdrawal, source, grant."""
    grant = gala.grant_again()
    with gala.library._database.read() as tx:
        given = tx.execute(select(consent.c.id).where(consent.c.purpose == "staff-find")).scalar()
    edit(
        gala,
        "INSERT INTO source (id, kind, location, collection_id, added_at) "
        "SELECT 'd_stray', kind, 'elsewhere', collection_id, added_at FROM source",
        "UPDATE consent_event SET kind = 'withdrawn' WHERE seq = 1 AND consent_id IN "
        "(SELECT id FROM consent WHERE purpose = 'staff-find')",
        f"UPDATE grant_ SET revoked_at = given_at WHERE id = '{grant}'",  # noqa: S608  our own id
    )
    messages = [one.message for one in verified(gala).findings]
    assert {one.fault for one in verified(gala).findings} == {Fault.UNRECORDED}
    assert messages == [
        f"{given}: the log has no entry of person.withdrawn",
        "d_stray: the log has no entry of source.added",
        f"{grant}: the log has no entry of source.added",
        f"{grant}: the log has no entry of source.revoked",
    ]


# --- outside --------------------------------------------------------------------------------


def test_an_outsider_verifies_an_export_with_nothing_of_ours(gala: Gala) -> None:
    """Entries, salts, checkpoint and key are all that it takes, and each entry counts."""
    gala.library._database.forget_deleted_bytes()
    *entries, last = (json.loads(line) for line in gala.library.trail.export())
    leaves = []
    for index, one in enumerate(entries):
        assert one["index"] == index
        committed = hashlib.sha256(
            one["payload"].encode() + bytes.fromhex(one["salt"]) + index.to_bytes(8, "big")
        ).digest()
        assert leaf_hash(committed).hex() == one["leaf"]
        leaves.append(bytes.fromhex(one["leaf"]))
    signed = open_checkpoint(last["checkpoint"], VerifierKey.parse(last["key"]))
    assert (signed.size, signed.root) == (len(leaves), _root(leaves))


# --------------------------------------------------------------------------------------------


def _record_and_die(gala: Gala) -> None:
    with gala.library._database.write() as tx:
        log.record(tx, Entry(Act.FOUND, START, "tester"))
        raise Interrupted("killed")


def _root(leaves: list[bytes]) -> bytes:
    """The definition of RFC 6962, section 2.1, as it stands there."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(_root(leaves[:half]), _root(leaves[half:]))


def _write_anew(gala: Gala, change: Callable[[str], str]) -> None:
    """Alter what entries say and make every hash fit it, as somebody with this program could."""
    tree = Tree()
    with by_hand(gala.root) as tx:
        every = select(entry.c.seq, entry.c.payload, entry.c.salt).order_by(entry.c.seq)
        for seq, payload, salt in tx.execute(every).all():
            said = change(payload)
            hashes = b"".join(tree.append(salted(said, salt, seq - 1)))
            anew = update(entry).where(entry.c.seq == seq)
            tx.execute(anew.values(payload=said, hashes=hashes))
