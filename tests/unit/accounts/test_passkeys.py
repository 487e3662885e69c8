"""Passkeys: what is a site's, and answers of whatever bytes."""

import json
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from countenance.accounts.passkeys import (
    Site,
    answered,
    authentication_options,
    registration_options,
    verify_authentication,
    verify_registration,
)
from countenance.core.ids import AccountId
from countenance.errors import NotSignedIn, UsageError
from tests.fakes.authenticator import Authenticator

SITE = Site.at("https://faces.example")
CHALLENGE = bytes(range(32))

_device = Authenticator(SITE.origin)
MADE = _device.make(registration_options(SITE, AccountId("a_1"), "ada", "Ada", challenge=CHALLENGE))
SIGNED = _device.sign(authentication_options(SITE, challenge=CHALLENGE))
KNOWN = verify_registration(MADE, challenge=CHALLENGE, site=SITE)
FIELDS = {
    MADE: ("clientDataJSON", "attestationObject"),
    SIGNED: ("clientDataJSON", "authenticatorData", "signature"),
}


def test_a_site_is_where_browsers_give_passkeys() -> None:
    """By https, or on this machine; the origin is as a browser writes it."""
    assert (SITE.host, SITE.origin) == ("faces.example", "https://faces.example")
    assert Site.at("https://Faces.Example:8443/x").origin == "https://faces.example:8443"
    assert Site.at("http://localhost:8765").host == "localhost"
    for wrong in ("http://faces.example", "", "ftp://localhost", "faces.example"):
        with pytest.raises(UsageError, match="https"):
            Site.at(wrong)


def test_an_honest_answer_is_taken() -> None:
    """And says of whom and of what it is."""
    assert answered(SIGNED) == (_device.credential, CHALLENGE)
    verify = partial(verify_authentication, challenge=CHALLENGE, site=SITE)
    counted = verify(SIGNED, public_key=KNOWN.public_key, sign_count=KNOWN.sign_count)
    assert counted == KNOWN.sign_count + 1


@pytest.mark.promise("P34")
@pytest.mark.parametrize("answer", FIELDS)
@given(data=st.data())
def test_no_byte_may_be_another(answer: str, data: st.DataObject) -> None:
    """Whatever is changed in what was signed, it is refused, and nothing else is raised."""
    read = json.loads(answer)
    field = data.draw(st.sampled_from(FIELDS[answer]))
    was = base64url_to_bytes(read["response"][field])
    place = data.draw(st.integers(0, len(was) - 1))
    kind = data.draw(st.sampled_from(["flip", "cut", "any"]))
    if kind == "flip":
        bit = 1 << data.draw(st.integers(0, 7))
        now = was[:place] + bytes([was[place] ^ bit]) + was[place + 1 :]
    else:
        now = was[:place] if kind == "cut" else data.draw(st.binary(max_size=300))
    read["response"][field] = bytes_to_base64url(now)
    changed = json.dumps(read)
    try:
        answered(changed)
        if answer == SIGNED:
            verify_authentication(
                changed,
                challenge=CHALLENGE,
                site=SITE,
                public_key=KNOWN.public_key,
                sign_count=KNOWN.sign_count,
            )
        else:
            # A new key is signed by nobody: another one may come of it.
            verify_registration(changed, challenge=CHALLENGE, site=SITE)
            return
    except NotSignedIn:
        return
    assert now == was
