"""Signed notes, checkpoints and proofs: the published examples, round trips, hostile input."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.audit import merkle
from countenance.audit.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from countenance.audit.merkle import EMPTY_ROOT, Tree, leaf_hash
from countenance.audit.note import Note, VerifierKey, parse_note, sign_note, verify_note
from countenance.audit.proof import MAX_PATH, Proof, parse_proof, verify_proof
from countenance.errors import VerificationError
from countenance.vault.signing import SigningKey

SIGNER = SigningKey(bytes(range(32)))
OTHER = SigningKey(bytes(32))
ORIGIN = "countenance/l_0123456789abcdef"
KEY = VerifierKey(ORIGIN, SIGNER.public)

# From the documentation of golang.org/x/mod/sumdb/note, which the form comes from.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETERS = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb"
    "6KE6RyyBwJnAM=\n"
)


def test_a_note_of_another_program_verifies() -> None:
    """The example of the Go package that the form comes from, key and note."""
    key = VerifierKey.parse(PETER)
    assert (key.name, key.id.hex(), str(key)) == ("PeterNeumann", "c74f20a3", PETER)
    note = parse_note(PETERS)
    verify_note(note, key)
    assert str(note) == PETERS
    assert note.text.endswith("your problem is.\n")


@given(st.text(st.characters(exclude_characters="".join(map(chr, range(32))), codec="utf-8")))
def test_a_note_comes_back_as_it_was_signed(line: str) -> None:
    """Whatever a line of text is: signed, written, read and verified, it is the same."""
    note = sign_note(f"{line}\n\n{line}\n", ORIGIN, SIGNER)
    assert parse_note(str(note)) == note
    verify_note(note, KEY)


def test_signatures_of_others_are_passed_over() -> None:
    """A note counts if our key signed it, whoever else did; and not if only others did."""
    ours, theirs = sign_note("a\n", ORIGIN, SIGNER), sign_note("a\n", "witness", OTHER)
    verify_note(parse_note(str(Note("a\n", theirs.signatures + ours.signatures))), KEY)
    same_name = sign_note("a\n", ORIGIN, OTHER)
    for note in (theirs, same_name):
        with pytest.raises(VerificationError, match="not signed by"):
            verify_note(note, KEY)


def test_a_wrong_signature_is_refused_beside_a_right_one() -> None:
    """A signature of our key that is wrong makes the note wrong."""
    good, bad = sign_note("a\n", ORIGIN, SIGNER), sign_note("b\n", ORIGIN, SIGNER)
    with pytest.raises(VerificationError, match="is wrong"):
        verify_note(Note("a\n", good.signatures + bad.signatures), KEY)


@pytest.mark.promise("P31")
def test_every_change_of_a_checkpoint_is_found() -> None:
    """With any byte of a signed checkpoint flipped, cut off or added it does not open."""
    written = sign_checkpoint(Checkpoint(ORIGIN, 12, EMPTY_ROOT), SIGNER)
    assert open_checkpoint(written, KEY) == Checkpoint(ORIGIN, 12, EMPTY_ROOT)
    data = written.encode()
    flipped = [data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] for at in range(len(data))]
    cut = [data[:at] for at in range(len(data))]
    for bad in (*flipped, *cut, data + b"x", data + b"\n", b"\n" + data, b"x" + data):
        with pytest.raises(VerificationError):
            open_checkpoint(bad.decode(errors="replace"), KEY)


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n1\n",
        f"{ORIGIN}\n01\n{'A' * 43}=\n",
        f"{ORIGIN}\n-1\n{'A' * 43}=\n",
        f"{ORIGIN}\n{'9' * 5000}\n{'A' * 43}=\n",
        f"{ORIGIN}\n\N{ARABIC-INDIC DIGIT ONE}\n{'A' * 43}=\n",
        f"{ORIGIN}\n1\n{'A' * 42}B=\n",
        f"{ORIGIN}\n1\nAAAA\n",
        f"{ORIGIN}\n1\n\n{'A' * 43}=\n",
        f"another\n1\n{'A' * 43}=\n",
    ],
)
def test_what_is_signed_and_no_checkpoint_is_refused(text: str) -> None:
    """Our signature alone makes no checkpoint: sizes and roots have one form, origins one name."""
    with pytest.raises(VerificationError):
        open_checkpoint(str(sign_note(text, ORIGIN, SIGNER)), KEY)


def test_lines_that_follow_the_root_have_no_meaning() -> None:
    """A checkpoint with further lines is read, as the form wants."""
    text = str(Checkpoint(ORIGIN, 1, EMPTY_ROOT)) + "more\n"
    assert open_checkpoint(str(sign_note(text, ORIGIN, SIGNER)), KEY).size == 1


@pytest.mark.parametrize("text", ["", "no newline", "a\tb\n", "a\x00\n", "\ud800\n"])
def test_what_no_note_can_hold_is_not_signed(text: str) -> None:
    """Control characters, half characters, and a text that does not end."""
    with pytest.raises(VerificationError):
        sign_note(text, ORIGIN, SIGNER)


@pytest.mark.parametrize(
    "text",
    ["", "a", "a+b+c", PETER.replace("c74f", "c74e"), PETER[:-4], PETER.replace("+AR", "+BR")],
)
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    """Another id, another kind, cut short, or nothing of the sort."""
    with pytest.raises(VerificationError):
        VerifierKey.parse(text)


def test_notes_have_limits() -> None:
    """A note that is too long, or has too many signatures, is not read."""
    note = sign_note("a\n", ORIGIN, SIGNER)
    for bad in (str(Note("a\n", note.signatures * 101)), "a" * 1_000_001):
        with pytest.raises(VerificationError, match="is not read"):
            parse_note(bad)


@pytest.mark.parametrize("name", ["", "with space", "with+plus", "with\x00zero"])
def test_names_that_no_key_can_have_are_refused(name: str) -> None:
    """A name that would break the line of a signature."""
    with pytest.raises(VerificationError):
        VerifierKey(name, SIGNER.public)


# --- proofs ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def proof() -> Proof:
    """That leaf 2 of 5 is in the log."""
    nodes: dict[tuple[int, int], bytes] = {}
    tree = Tree()
    for index in range(5):
        for level, one in enumerate(tree.append(leaf_hash(bytes([index])))):
            number = index + 1 >> level
            nodes[level, number - 1] = one
    path = merkle.inclusion_proof(2, 5, lambda level, number: nodes[level, number])
    return Proof(2, path, sign_checkpoint(Checkpoint(ORIGIN, 5, tree.root()), SIGNER))


def test_a_proof_comes_back_as_it_was_written(proof: Proof) -> None:
    """Written, read and verified with the leaf and the public key alone."""
    assert parse_proof(str(proof)) == proof
    assert verify_proof(parse_proof(str(proof)), leaf_hash(b"\x02"), KEY).size == 5
    single = Proof(0, (), sign_checkpoint(Checkpoint(ORIGIN, 1, leaf_hash(b"a")), SIGNER))
    assert parse_proof(str(single)) == single
    verify_proof(single, leaf_hash(b"a"), KEY)


def test_every_change_of_a_proof_is_found(proof: Proof) -> None:
    """With any byte flipped, or for another leaf, or under another key, it proves nothing."""
    data = str(proof).encode()
    for at in range(len(data)):
        bad = (data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]).decode(errors="replace")
        with pytest.raises(VerificationError):
            verify_proof(parse_proof(bad), leaf_hash(b"\x02"), KEY)
    with pytest.raises(VerificationError, match="root"):
        verify_proof(proof, leaf_hash(b"\x03"), KEY)
    with pytest.raises(VerificationError, match="not signed"):
        verify_proof(proof, leaf_hash(b"\x02"), VerifierKey(ORIGIN, OTHER.public))


def test_hostile_proofs_are_refused(proof: Proof) -> None:
    """Too many hashes, no index, another form, an index of too many digits."""
    head = "c2sp.org/tlog-proof@v1\n"
    for bad in (
        "",
        head,
        f"{head}\n{proof.checkpoint}",
        f"{head}extra AAAA\nindex 1\n\n{proof.checkpoint}",
        f"{head}index 1 \n\n{proof.checkpoint}",
        f"{head}index {'1' * 5000}\n\n{proof.checkpoint}",
        str(Proof(2, (EMPTY_ROOT,) * (MAX_PATH + 1), proof.checkpoint)),
        str(proof).replace("@v1", "@v2"),
    ):
        with pytest.raises(VerificationError):
            verify_proof(parse_proof(bad), leaf_hash(b"\x02"), KEY)


def test_a_key_id_is_what_the_form_says() -> None:
    """The first four bytes of a SHA-256 over the name, the kind and the key."""
    told = hashlib.sha256(ORIGIN.encode() + b"\n\x01" + SIGNER.public).digest()[:4]
    assert KEY.id == told
    assert VerifierKey.parse(str(KEY)) == KEY
