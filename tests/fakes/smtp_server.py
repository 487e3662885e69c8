"""A mail server on loopback, in a thread: it takes messages over, or does not."""

import socketserver
import ssl
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Thread


@dataclass(slots=True)
class Mailbox:
    """
    What the server at `port` took over. While `refuses` is a reply, such as `451 later`, it takes
    nothing. `secrets` are the names and passwords that were said, `encrypted` how many connections
    turned to TLS.
    """

    trust: ssl.SSLContext | None = None
    port: int = 0
    refuses: str = ""
    messages: list[EmailMessage] = field(default_factory=list)
    secrets: list[bytes] = field(default_factory=list)
    encrypted: int = 0


@contextmanager
def mail_server(trust: ssl.SSLContext | None = None) -> Iterator[Mailbox]:
    """A server; with `trust` it offers STARTTLS."""
    box = Mailbox(trust)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            _serve(self, box)

        def finish(self) -> None:
            super().finish()
            self.request.close()  # the one that is encrypted is not the one that came in

    with _Server(("127.0.0.1", 0), Handler) as server:
        box.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield box
        server.shutdown()
        thread.join()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: who does not trust our certificate goes away in the middle."""


# --------------------------------------------------------------------------------------------


def _serve(handler: socketserver.StreamRequestHandler, box: Mailbox) -> None:
    def say(line: str) -> None:
        handler.wfile.write(f"{line}\r\n".encode())

    say("220 fake")
    while line := handler.rfile.readline():
        word = line.split()[0].upper() if line.split() else b""
        if word == b"EHLO":
            say("250-fake")
            say("250-AUTH PLAIN")
            say("250 STARTTLS" if box.trust else "250 8BITMIME")
        elif word == b"STARTTLS" and box.trust:
            say("220 go on")
            handler.request = box.trust.wrap_socket(handler.request, server_side=True)
            handler.rfile = handler.request.makefile("rb")
            handler.wfile = handler.request.makefile("wb", buffering=0)
            box.encrypted += 1
        elif word == b"AUTH":
            box.secrets.append(b64decode(line.split()[2]))
            say("235 come in")
        elif word == b"RCPT" and box.refuses:
            say(box.refuses)
        elif word == b"DATA":
            say("354 go on")
            box.messages.append(_read(handler))
            say("250 taken")
        elif word == b"QUIT":
            say("221 bye")
            return
        else:
            say("250 well")


def _read(handler: socketserver.StreamRequestHandler) -> EmailMessage:
    lines = []
    while (line := handler.rfile.readline()) not in (b".\r\n", b""):
        lines.append(line.removeprefix(b".").replace(b"\r\n", b"\n"))
    read = message_from_bytes(b"".join(lines), policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read
