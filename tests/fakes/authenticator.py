"""
A device with passkeys, in software: it makes keys and signs with them as WebAuthn says.

It does what it is asked to, and what a dishonest one would: sign without asking its user, for
another site, or with a counter that goes back.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

_PRESENT, _VERIFIED, _WITH_KEY = 0x01, 0x04, 0x40


@dataclass(slots=True)
class Authenticator:
    """
    One device of one user.

    `asks` says whether it asks who uses it, `counts` by how much its counter goes on each time.
    """

    origin: str
    asks: bool = True
    counts: int = 1
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    signed: int = 0
    _key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def make(self, options: str) -> str:
        """The answer to the options of a registration, as a browser would send it."""
        asked = json.loads(options)
        numbers = self._key.public_key().public_numbers()
        key = cbor2.dumps(
            {
                1: 2,
                3: -7,
                -1: 1,
                -2: numbers.x.to_bytes(32, "big"),
                -3: numbers.y.to_bytes(32, "big"),
            }
        )
        told = self._told(asked["rp"]["id"], flags=_WITH_KEY)
        told += bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential + key
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": told})
        data = self._data("webauthn.create", asked["challenge"])
        return self._answer({"clientDataJSON": data, "attestationObject": made})

    def sign(self, options: str, *, host: str = "") -> str:
        """The answer to the options of a sign-in; for another site, if there is a `host`."""
        asked = json.loads(options)
        told = self._told(host or asked["rpId"])
        data = self._data("webauthn.get", asked["challenge"])
        signature = self._key.sign(told + hashlib.sha256(data).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {"clientDataJSON": data, "authenticatorData": told, "signature": signature}
        )

    # ----------------------------------------------------------------------------------------

    def _told(self, host: str, *, flags: int = 0) -> bytes:
        self.signed += self.counts
        flags |= _PRESENT | (_VERIFIED if self.asks else 0)
        return (
            hashlib.sha256(host.encode()).digest() + bytes([flags]) + self.signed.to_bytes(4, "big")
        )

    def _data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _answer(self, response: dict[str, bytes]) -> str:
        name = bytes_to_base64url(self.credential)
        said: dict[str, Any] = {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": {key: bytes_to_base64url(value) for key, value in response.items()},
            "clientExtensionResults": {},
        }
        return json.dumps(said)


def challenge_of(options: str) -> bytes:
    """The challenge in the options of either kind."""
    return base64url_to_bytes(json.loads(options)["challenge"])
