"""
A reference recipient: whoever was given pictures, deletes them when asked, and says so, signed.

It keeps each file under the id of its disclosure, listens for recalls, and reads the feed for what
it missed while it was away. What it does is all that a recipient has to do; see README.md.
"""

import argparse
import base64
import http.server
import json
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc import jws
from joserfc.jwk import OKPKey

MAX_MESSAGE_BYTES = 64 * 1024
TOLERANCE_SECONDS = 300
TIMEOUT_SECONDS = 20


@dataclass(slots=True)
class Recipient:
    """
    One recipient: its `files` by disclosure, its own `key`, and the `sender` whose word counts.

    `kept` are the disclosures that it may not delete, such as under a court's order.
    """

    files: Path
    key: Ed25519PrivateKey
    sender: Ed25519PublicKey
    kept: frozenset[str] = field(default=frozenset())

    def verified(self, headers: dict[str, str], body: bytes) -> dict[str, str]:
        """What a webhook demands (Standard Webhooks, v1a). Raises `ValueError` if it is not so."""
        message, sent = headers["webhook-id"], headers["webhook-timestamp"]
        if abs(time.time() - int(sent)) > TOLERANCE_SECONDS:
            raise ValueError("too old, or of the future")
        signed = f"{message}.{sent}.".encode() + body
        if not any(self._is_right(one, signed) for one in headers["webhook-signature"].split()):
            raise ValueError("no signature is right")
        return demanded(json.loads(body))

    def obey(self, demand: dict[str, str]) -> str:
        """Delete what is recalled; doing it twice does no harm. Gives the acknowledgement."""
        disclosure = demand["disclosure"]
        if disclosure in self.kept:
            return self._acknowledgement(demand["recall"], "refused")
        for file in self.files.iterdir():
            # Compared with what is there, never made into a path: an id may come from anybody.
            if file.stem == disclosure:
                file.unlink()
        return self._acknowledgement(demand["recall"], "completed")

    def pull(self, sender: str, token: str, cursor: Path) -> int:
        """Read the feed on from where `cursor` says, obey, answer. Gives how many there were."""
        done, more = 0, True
        while more:
            after = cursor.read_text(encoding="ascii").strip() if cursor.exists() else "0"
            asked = {"Authorization": f"Bearer {token}"}
            page = json.loads(_ask(f"{sender}/v1/recalls?after={after}", headers=asked))
            for item in page["items"]:
                answer = self.obey(demanded(item)).encode("ascii")
                _ask(f"{sender}/v1/acknowledgements", answer)
                done += 1
            # Only now: whoever dies before this reads them again, and that does no harm.
            cursor.write_text(page["next"], encoding="ascii")
            more = page["more"]
        return done

    def _is_right(self, offered: str, signed: bytes) -> bool:
        scheme, _, encoded = offered.partition(",")
        try:
            self.sender.verify(base64.b64decode(encoded, validate=True), signed)
        except (InvalidSignature, ValueError):
            return False
        return scheme == "v1a"

    def _acknowledgement(self, recall: str, state: str) -> str:
        at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        said = json.dumps({"recall": recall, "state": state, "at": at, "onward": []})
        key = OKPKey.import_key(self.key)
        return jws.serialize_compact({"alg": "Ed25519"}, said, key, algorithms=["Ed25519"])


def demanded(event: dict[str, object]) -> dict[str, str]:
    """The ids that an event names. Raises `ValueError` if it demands something else."""
    match event:
        case {
            "type": "erasure.requested",
            "data": {"recall": str(recall), "disclosure": str(disclosure)},
        }:
            return {"recall": recall, "disclosure": disclosure}
    raise ValueError("not a recall")


def listening(recipient: Recipient, port: int) -> http.server.HTTPServer:
    """A server on this machine that takes recalls; port 0 chooses a free one."""

    class Handler(http.server.BaseHTTPRequestHandler):
        """Takes one message, and answers it with the acknowledgement."""

        timeout = TIMEOUT_SECONDS

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            if not 0 < length <= MAX_MESSAGE_BYTES:
                return self._answer(413, "")
            headers = {name.lower(): text for name, text in self.headers.items()}
            try:
                demand = recipient.verified(headers, self.rfile.read(length))
            except (KeyError, ValueError) as exc:
                return self._answer(400, f"not accepted: {exc}")
            return self._answer(200, recipient.obey(demand))

        def log_message(self, *_: object) -> None:
            """Say nothing: what was recalled is nobody else's business."""

        def _answer(self, status: int, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/jose")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return http.server.HTTPServer(("127.0.0.1", port), Handler)


def own_key(path: Path) -> Ed25519PrivateKey:
    """The key in a file of 32 bytes, which is made if there is none."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(Ed25519PrivateKey.generate().private_bytes_raw())
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())


def main() -> int:
    """Do what the command line says."""
    read = argparse.ArgumentParser(description="A recipient of pictures that obeys recalls.")
    read.add_argument("--key", type=Path, required=True, help="own key; made if it is not there")
    read.add_argument("--files", type=Path, help="folder of the pictures, named by disclosure")
    read.add_argument("--sender-key", default="", help="the sender's public key, whpk_...")
    read.add_argument("--keep", action="append", default=[], help="a disclosure not to be deleted")
    read.add_argument("--port", type=int, default=0, help="to listen at; 0 chooses a free one")
    read.add_argument("--pull", metavar="URL", help="read the feed once, and do not listen")
    read.add_argument("--token", type=Path, help="file with the token for the feed")
    read.add_argument("--cursor", type=Path, help="file that says how far the feed was read")
    said = read.parse_args()
    key = own_key(said.key)
    if said.files is None:
        _say(base64.b64encode(key.public_key().public_bytes_raw()).decode("ascii"))
        return 0
    if not said.sender_key.startswith("whpk_"):
        read.error("--sender-key: expected whpk_...")
    sender = base64.b64decode(said.sender_key.removeprefix("whpk_"), validate=True)
    trusted = Ed25519PublicKey.from_public_bytes(sender)
    recipient = Recipient(said.files, key, trusted, frozenset(said.keep))
    if said.pull:
        if said.token is None or said.cursor is None:
            read.error("--pull needs --token and --cursor")
        token = said.token.read_text(encoding="ascii").strip()
        _say(f"{recipient.pull(said.pull, token, said.cursor)} recalls")
        return 0
    with listening(recipient, said.port) as server:
        _say(f"http://127.0.0.1:{server.server_address[1]}/")
        server.serve_forever()
    return 0


def _ask(url: str, body: bytes | None = None, *, headers: dict[str, str] | None = None) -> bytes:
    request = urllib.request.Request(url, body, headers or {})  # noqa: S310  the user's own choice
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
        read: bytes = answer.read()
    return read


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
