"""
A provider of OpenID Connect on this machine, small and, where it is told to, dishonest.

It believes whoever is sent to it: a test says who that is.
"""

import base64
import hashlib
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
    claim is left out. It signs with `key`, and shows `shown`.
    """

    clock: FakeClock
    says: dict[str, object] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1"}))
    shown: RSAKey | None = None
    issuer: str = ""
    named: str = ""
    algorithm: str = "RS256"
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
        header = {"alg": self.algorithm, "kid": "1"}
        signed = jwt.encode(header, claims, self.key, algorithms=[self.algorithm])
        return {"access_token": "at", "token_type": "Bearer", "id_token": signed}


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
                shown = made.shown or made.key
                self._answer({"keys": [shown.as_dict(private=False)]})
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
