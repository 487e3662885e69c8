import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.jwk import OctKey

from countenance.audit.encoding import to_base64
from countenance.core.canonical import digest
from countenance.erasure.acknowledgement import (
    MAX_ACKNOWLEDGEMENT_BYTES,
    Answered,
    read_unverified,
    verify,
)
from countenance.errors import VerificationError
from tests.fakes.echo import acknowledgement

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
RECALL = "w_0000000000000000"


def public(key: Ed25519PrivateKey) -> str:
    return to_base64(key.public_key().public_bytes_raw())


@pytest.mark.parametrize("state", list(Answered))
def test_what_the_recipient_signed_is_read(state: Answered) -> None:
    """Every field comes through, with the digest of what was written."""
    written = acknowledgement(KEY, RECALL, state, onward=["The Echo of the North"])
    said = verify(written + b"\n", public(KEY))
    assert (said.recall, said.state) == (RECALL, state)
    assert said.onward == ("The Echo of the North",)
    assert said.digest == digest(written)


def test_another_key_is_told() -> None:
    """What somebody else signed is no word of the recipient's, and without a key there is none."""
    written = acknowledgement(OTHER, RECALL, "completed")
    assert read_unverified(written).recall == RECALL
    with pytest.raises(VerificationError, match="signature"):
        verify(written, public(KEY))
    with pytest.raises(VerificationError, match="no key"):
        verify(written, "")


def test_no_other_algorithm_is_taken() -> None:
    """Neither none at all, nor a secret made of the public key."""
    said = json.dumps({"recall": RECALL, "state": "completed", "at": "2026-05-02T08:00:00Z"})
    raw = KEY.public_key().public_bytes_raw()
    secret = OctKey.import_key(raw)
    hashed = jws.serialize_compact({"alg": "HS256"}, said, secret, algorithms=["HS256"]).encode()
    head, body, _ = acknowledgement(KEY, RECALL, "completed").split(b".")
    none = b"eyJhbGciOiJub25lIn0." + body + b"."
    for written in (hashed, none, head + b"." + body + b"."):
        with pytest.raises(VerificationError):
            verify(written, public(KEY))


def test_every_altered_character_is_told() -> None:
    """One character of an acknowledgement changed: it is of no form, or its signature is wrong."""
    written = acknowledgement(KEY, RECALL, "completed")
    for place in range(0, len(written) - 1, 7):
        other = b"A" if written[place : place + 1] != b"A" else b"B"
        with pytest.raises(VerificationError):
            verify(written[:place] + other + written[place + 1 :], public(KEY))


@pytest.mark.parametrize(
    "changed",
    [
        {"state": "deleted"},
        {"state": 1},
        {"recall": None},
        {"at": "yesterday"},
        {"at": "2026-05-02T08:00:00"},
        {"onward": "nobody"},
        {"onward": [1]},
        {"onward": ["x"] * 101},
    ],
)
def test_what_is_signed_must_be_an_acknowledgement(changed: dict[str, object]) -> None:
    """A right signature below something else is of no use."""
    fields: dict[str, object] = {"recall": RECALL, "state": "completed", **changed}
    written = acknowledgement(KEY, **fields)  # type: ignore[arg-type]  # wrong, on purpose
    with pytest.raises(VerificationError, match="acknowledgement"):
        verify(written, public(KEY))


@pytest.mark.parametrize(
    "written",
    [b"", b"no", b"a.b.c", b"..", b"\xff.\xff.\xff", b"x" * (MAX_ACKNOWLEDGEMENT_BYTES + 1)],
)
def test_hostile_bytes_are_told(written: bytes) -> None:
    """Whatever comes is read, or refused in our words."""
    with pytest.raises(VerificationError):
        read_unverified(written)
