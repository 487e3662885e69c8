"""Signed documents: what other programs read, and that each has one form."""

import json
import re
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import OKPKey

from countenance.audit.encoding import from_base64url, from_hex, to_base64url
from countenance.audit.jws import open_jws, sign_jws
from countenance.audit.note import VerifierKey
from countenance.errors import UsageError, VerificationError
from countenance.vault.signing import SigningKey
from tests.fakes.receipts import KEY, SIGNER

KIND = "countenance-test+jwt"

# RFC 8037, appendix A: the key, and the text signed in A.4.
RFC_X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
RFC_D = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
RFC_SIGNED = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
RFC_SIGNATURE = (
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)


def test_our_signature_is_that_of_the_published_example() -> None:
    """The key and the text of RFC 8037 give the signature of RFC 8037."""
    signer = SigningKey(from_base64url(RFC_D, "d"))
    assert to_base64url(signer.public) == RFC_X
    assert to_base64url(signer.sign(RFC_SIGNED.encode())) == RFC_SIGNATURE


def test_another_program_reads_ours() -> None:
    """`joserfc`, which did not write it, finds header, payload and a right signature."""
    text = sign_jws({"b": 2, "a": "Åsa"}, KIND, KEY.name, SIGNER)
    public = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": to_base64url(KEY.public)})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read = jws.deserialize_compact(text, public, algorithms=["Ed25519"])
    assert read.payload == '{"a":"Åsa","b":2}'.encode()
    assert read.headers() == {
        "alg": "Ed25519",
        "kid": f"{KEY.name}+{KEY.id.hex()}",
        "typ": KIND,
    }


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8")),
        st.text(st.characters(codec="utf-8")) | st.integers(-(2**53) + 1, 2**53 - 1),
    )
)
def test_what_is_signed_is_read_again(document: dict[str, str | int]) -> None:
    """Round trip, for any document."""
    text = sign_jws(document, KIND, KEY.name, SIGNER)
    assert json.loads(open_jws(text, KIND, KEY)) == document


def test_a_long_document_is_read() -> None:
    """A receipt of tens of thousands of items is longer than what `joserfc` reads by itself."""
    text = sign_jws({"items": ["0" * 64] * 10_000}, KIND, KEY.name, SIGNER)
    assert len(text) > 800_000
    assert len(open_jws(text, KIND, KEY)) > 600_000


def _signed(header: object, payload: bytes = b"{}") -> str:
    written = header if isinstance(header, bytes) else json.dumps(header).encode()
    text = f"{to_base64url(written)}.{to_base64url(payload)}"
    return f"{text}.{to_base64url(SIGNER.sign(text.encode()))}"


GOOD = {"alg": "Ed25519", "kid": f"{KEY.name}+{KEY.id.hex()}", "typ": KIND}


def _compact(header: object) -> bytes:
    return json.dumps(header, separators=(",", ":"), sort_keys=True).encode()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "three parts"),
        ("a.b", "three parts"),
        ("a.b.c.d", "three parts"),
        ("ä.b.c", "the header: not base64url"),
        ("e30=.e30.e30", "the header: not base64url"),
        ("e30.e3 0.e30", "the signed content: not base64url"),
        ("e30.e30.e31", "the signature: not base64url in its one form"),
        (_signed(b"nothing"), "the header: not JSON"),
        (_signed(b"[" * 100_000), "the header: not JSON"),
        (_signed(b"[]"), "the header: not an object in canonical JSON"),
        (_signed(GOOD), "the header: not an object in canonical JSON"),
        (_signed(_compact({**GOOD, "crit": ["b64"]})), "other fields than alg, kid and typ"),
        (_signed(_compact({**GOOD, "alg": "EdDSA"})), "another algorithm: 'EdDSA'"),
        (_signed(_compact({**GOOD, "alg": "none"})), "another algorithm: 'none'"),
        (_signed(_compact({**GOOD, "alg": ["Ed25519"]})), "another algorithm"),
        (_signed(_compact({**GOOD, "typ": "JWT"})), "another kind: 'JWT'"),
        (_signed(_compact({**GOOD, "kid": "other+00000000"})), "another key: 'other+00000000'"),
        (_signed(_compact(GOOD), b"{} "), "the signed content: not an object in canonical JSON"),
        (_signed(_compact(GOOD), b'{"a":1,"a":2}'), "not an object in canonical JSON"),
        (_signed(_compact(GOOD), b"\xff"), "the signed content: not JSON"),
        (_signed(_compact(GOOD), b'{"a":"\\ud800"}'), "the signed content: not JSON"),
    ],
)
def test_what_is_not_of_the_form_is_told(text: str, words: str) -> None:
    """Each in words of its own."""
    with pytest.raises(VerificationError, match=re.escape(words)):
        open_jws(text, KIND, KEY)


def test_a_wrong_signature_is_told() -> None:
    """Whether it is another one's, cut short, or that of another text."""
    good, other = (sign_jws({"a": one}, KIND, KEY.name, SIGNER) for one in (1, 2))
    signed, _, _ = good.rpartition(".")
    forged = sign_jws({"a": 1}, KIND, KEY.name, SigningKey(bytes(32)))
    for signature in (other.rpartition(".")[2], forged.rpartition(".")[2], "e30", ""):
        with pytest.raises(VerificationError, match="the signature is wrong"):
            open_jws(f"{signed}.{signature}", KIND, KEY)


def test_another_key_is_told() -> None:
    """The library's other name, or its other key, verifies nothing of it."""
    text = sign_jws({}, KIND, KEY.name, SIGNER)
    for other in (
        VerifierKey("countenance/l_1", KEY.public),
        VerifierKey(KEY.name, SigningKey(bytes(32)).public),
    ):
        with pytest.raises(VerificationError, match="another key"):
            open_jws(text, KIND, other)


def test_what_is_no_canonical_json_is_not_signed() -> None:
    """It could not be read again."""
    with pytest.raises(UsageError):
        sign_jws({"a": float("nan")}, KIND, KEY.name, SIGNER)


@given(st.binary())
def test_base64url_and_hexadecimal_have_one_form(data: bytes) -> None:
    """Round trip; upper case, padding and space are not read."""
    assert from_base64url(to_base64url(data), "it") == data
    assert from_hex(data.hex(), "it") == data
    for text in (f"{data.hex()} ", f"{data.hex()}AB", f"{data.hex()}a", f"{data.hex()}zz"):
        with pytest.raises(VerificationError, match="it: not hexadecimal"):
            from_hex(text, "it")
