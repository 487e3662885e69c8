"""
The text that is signed and the form of the headers are those of the specification's own example;
it names no key for it, so the key is that of RFC 8032, section 7.1, and OpenSSL made the signature.
"""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.errors import UsageError, VerificationError
from countenance.vault.signing import SigningKey
from countenance.vault.webhook import TOLERANCE, read_public_key, sign, verify, write_public_key

KEY = SigningKey(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
OTHER = SigningKey(bytes(range(32)))
MESSAGE = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"
AT = datetime.fromtimestamp(1674087231, UTC)
BODY = (
    b'{"type":"contact.created","timestamp":"2022-11-03T20:26:10.344522Z",'
    b'"data":{"id":"1f81eb52-5198-4599-803e-771906343485"}}'
)
SIGNATURE = (
    "v1a,pbpYBMlty2hExn4zt0UTGb6BaP2Vq5AfyzjB9GGV3x/wCJKd8UjOCf8Qhaji6TKY9C5eNMnlF0GG4udaO6B7Ag=="
)
HEADERS = {
    "webhook-id": MESSAGE,
    "webhook-timestamp": "1674087231",
    "webhook-signature": SIGNATURE,
}


def test_signs_the_example_of_the_specification() -> None:
    """The headers are exactly those that the specification asks for."""
    assert sign(KEY, message=MESSAGE, timestamp=AT, body=BODY) == HEADERS


def test_verifies_what_another_program_signed() -> None:
    """A right message gives its id, whatever the case of the headers' names."""
    assert verify(HEADERS, BODY, KEY.public, now=AT) == MESSAGE
    shouted = {name.title(): text for name, text in HEADERS.items()}
    assert verify(shouted, BODY, KEY.public, now=AT) == MESSAGE


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4X"},
        {"webhook-id": "msg.2KWPBgLlAfxdpx2AI54pPJ85f4W"},
        {"webhook-id": ""},
        {"webhook-timestamp": "1674087232"},
        {"webhook-timestamp": "01674087231"},
        {"webhook-timestamp": "1674087231.0"},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "9" * 5000},
        {"webhook-timestamp": "\uff11674087231"},
        {"webhook-signature": ""},
        {"webhook-signature": SIGNATURE.replace("v1a,", "v1,")},
        {"webhook-signature": SIGNATURE.replace("v1a,", "v2a,")},
        {"webhook-signature": SIGNATURE.removeprefix("v1a,")},
        {"webhook-signature": SIGNATURE.replace("pbp", "pbq")},
        {"webhook-signature": "v1a,\u00e9"},
        {"webhook-signature": "v1a,===="},
        {"webhook-signature": "v1a,"},
    ],
)
def test_refuses_what_was_altered(changed: Mapping[str, str]) -> None:
    """Another id, another time, another kind of signature, no signature: none is taken."""
    with pytest.raises(VerificationError):
        verify({**HEADERS, **changed}, BODY, KEY.public, now=AT)


@pytest.mark.parametrize("name", sorted(HEADERS))
def test_refuses_what_has_a_header_too_few(name: str) -> None:
    """Each of the three headers is needed."""
    rest = {other: text for other, text in HEADERS.items() if other != name}
    with pytest.raises(VerificationError, match=name):
        verify(rest, BODY, KEY.public, now=AT)


def test_refuses_another_body_and_another_key() -> None:
    """A body with one more space, and a key that signed something else, are told."""
    with pytest.raises(VerificationError, match="no signature"):
        verify(HEADERS, BODY + b" ", KEY.public, now=AT)
    with pytest.raises(VerificationError, match="no signature"):
        verify(HEADERS, BODY, OTHER.public, now=AT)


def test_one_right_signature_among_several_is_enough() -> None:
    """While a key is changed a message bears the signatures of both, and of other kinds."""
    both = f"v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4= v1a,AAAA {SIGNATURE}"
    assert verify({**HEADERS, "webhook-signature": both}, BODY, KEY.public, now=AT) == MESSAGE


@pytest.mark.parametrize("side", [1, -1])
def test_refuses_what_is_old_or_of_the_future(side: int) -> None:
    """Five minutes either way are allowed, and not a second more."""
    assert verify(HEADERS, BODY, KEY.public, now=AT + side * TOLERANCE) == MESSAGE
    late = AT + side * (TOLERANCE + timedelta(seconds=1))
    with pytest.raises(VerificationError, match="too far"):
        verify(HEADERS, BODY, KEY.public, now=late)


def test_an_id_has_no_full_stop() -> None:
    """Else the id of one message could be the id and the time of another."""
    with pytest.raises(UsageError):
        sign(KEY, message="a.1", timestamp=AT, body=b"")


@given(body=st.binary(max_size=200), message=st.from_regex(r"[a-z0-9_]{1,30}", fullmatch=True))
def test_round_trip(body: bytes, message: str) -> None:
    """Whatever is signed verifies, and no other body does."""
    headers = sign(KEY, message=message, timestamp=AT, body=body)
    assert verify(headers, body, KEY.public, now=AT) == message
    with pytest.raises(VerificationError):
        verify(headers, body + b"\0", KEY.public, now=AT)


def test_a_public_key_is_written_and_read() -> None:
    """It begins with `whpk_`, and neither a secret of HMAC nor anything shorter is taken for it."""
    shown = write_public_key(KEY.public)
    assert shown == "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    assert read_public_key(shown) == KEY.public
    encoded = base64.b64encode(KEY.public).decode()
    for wrong in (f"whsec_{encoded}", f"whsk_{encoded}", encoded, "whpk_AAAA", "whpk_\u00e9"):
        with pytest.raises(VerificationError):
            read_public_key(wrong)
