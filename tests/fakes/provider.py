"""
A provider of OpenID Connect on this machine, small and, where it is told to, dishonest.

It believes whoever is sent to it: a test says who that is.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.fakes.clock import FakeClock

CLIENT, SECRET = "faces", "between-us"


@dataclass(slots=True)
class Provider:
    """
    What it says of whoever comes: `says` are claims that win over the honest ones, of nothing a
    claim is left out. It signs with `key`, and shows `shown`; or `keys`, whatever that is. With
    `forged_with` it signs by that secret, or of an empty one not at all.
    """

    clock: FakeClock
    says: dict[str, object] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1"}))
    shown: RSAKey | None = None
    issuer: str = ""
    named: str = ""
    forged_with: bytes | None = None
    keys: object = None
    asked: list[str] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def visit(self, address: str) -> tuple[str, str]:
        """A browser is sent here, and its user says yes: the state and code it goes back with."""
        words = {name: value for name, (value,) in parse_qs(urlsplit(address).query).items()}
        code = secrets.token_urlsafe(8)
        self._codes[code] = words
        return words["state"], code

    def words_of(self, address: str) -> dict[str, str]:
        return {name: value for name, (value,) in parse_qs(urlsplit(address).query).items()}

    def document(self) -> dict[str, object]:
        """What it says of itself."""
        return {
            "issuer": self.named or self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }

    def token(self, form: dict[str, str], authorization: str) -> dict[str, object] | None:
        """A token for a code, to who asked for it, knows the verifier, and is its client."""
        asked = self._codes.pop(form.get("code", ""), None)
        known = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (
            asked is None
            or authorization != f"Basic {known}"
            or asked["code_challenge"] != challenge
            or asked["code_challenge_method"] != "S256"
            or asked["redirect_uri"] != form.get("redirect_uri")
        ):
            return None
        now = int(self.clock.now().timestamp())
        honest: dict[str, Any] = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "248289761001",
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "email": "cy@club.example",
            "email_verified": True,
            "name": "Cy",
        }
        claims = {name: one for name, one in {**honest, **self.says}.items() if one is not None}
        if self.forged_with is None:
            signed = jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.key)
        else:
            signed = _forged(claims, self.forged_with)
        return {"access_token": "at", "token_type": "Bearer", "id_token": signed}

    def shown_keys(self) -> object:
        shown = self.shown or self.key
        return self.keys or {"keys": [shown.as_dict(private=False)]}


@contextmanager
def provider(clock: FakeClock) -> Iterator[Provider]:
    """One that is there as long as this lasts."""
    made = Provider(clock)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            if self.path == "/.well-known/openid-configuration":
                self._answer(made.document())
            elif self.path == "/keys":
                self._answer(made.shown_keys())
            else:
                self._answer({}, status=404)

        def do_POST(self) -> None:
            made.asked.append(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: value for name, (value,) in parse_qs(body).items()}
            given = made.token(form, self.headers.get("Authorization", ""))
            if given is None:
                self._answer({"error": "invalid_grant"}, status=400)
            else:
                self._answer(given)

        def log_message(self, *_: object) -> None:
            pass

        def _answer(self, document: object, *, status: int = 200) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# --------------------------------------------------------------------------------------------------


def _forged(claims: dict[str, Any], secret: bytes) -> str:
    header = {"alg": "HS256" if secret else "none", "kid": "1"}
    body = ".".join(_part(json.dumps(one).encode()) for one in (header, claims))
    tag = hmac.digest(secret, body.encode(), "sha256") if secret else b""
    return f"{body}.{_part(tag)}"


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
