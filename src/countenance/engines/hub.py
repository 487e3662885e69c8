"""
The hub of a run that is spread over machines: lines from its workers to the one that leads it.

What workers ask and what they found goes from memory to memory, over TLS, and by no way of the
engine's: an engine keeps what passes through it in a store, which it writes to disk when memory is
short. The certificate and the word by which workers are known are made for one run, in memory, and
forgotten with it.

Messages are JSON and raw bytes. A worker that is not heard of for `SILENCE` seconds is lost.
"""

import hmac
import secrets
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Self, cast

from countenance.core.canonical import Json
from countenance.core.ids import new_id
from countenance.engines.frames import receive_frame, send_frame
from countenance.engines.isolated import Message
from countenance.errors import Error, Unavailable

SILENCE = 30.0
"""Seconds. A line on which nothing comes for so long is given up."""

MAX_BODY_BYTES = 512 * 1024**2
"""More than any file that is read whole, and than what is found in it."""

_PING_EVERY = SILENCE / 4
_PING = "ping"
_ENDS_WITHIN = 5.0  # seconds
_A_MONTH = timedelta(days=31)  # no run is longer, and its certificate is forgotten with it

Answer = Callable[[str, Message], Message]
"""What answers a worker, by its name, in a thread of the worker's own."""


class LineLost(Error):
    """The other end of the line is gone. What was asked for may have been done or not."""


@dataclass(frozen=True, slots=True)
class HubAddress:
    """
    Where a hub is, and how both sides know each other: a worker the hub by its `certificate`, in
    PEM, and the hub a worker by the `word`.
    """

    host: str
    port: int
    certificate: str = field(repr=False)
    word: str = field(repr=False)


class Hub:
    """
    Listens on `host`, an address of this machine, while its context lasts.

    Each worker that knows the word gets a name and a thread; `answer` is called there, one message
    at a time for each worker, and raises nothing. `lost` is called with the name of one whose line
    ended, whatever ended it.

    Raises `Unavailable` on entering if there is no listening on `host`.
    """

    def __init__(self, host: str, answer: Answer, lost: Callable[[str], None]) -> None:
        self._host = host
        self._answer = answer
        self._lost = lost
        self._word = secrets.token_urlsafe(32)
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._closed = False

    def __enter__(self) -> Self:
        self._context, self._certificate = _identity()
        try:
            self._listening = socket.create_server((self._host, 0), backlog=512)
        except OSError as exc:
            raise Unavailable(f"no listening on {self._host}: {exc.strerror}") from exc
        self._start(self._accept, "hub")
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True
        # Closing it alone does not wake who waits for somebody to come.
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        # Who is still saying hello is not waited for: nothing of theirs is heard any more.
        until = time.monotonic() + _ENDS_WITHIN
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    @property
    def address(self) -> HubAddress:
        port: int = self._listening.getsockname()[1]
        return HubAddress(self._host, port, self._certificate, self._word)

    @property
    def lines(self) -> int:
        """How many workers are there now."""
        return len(self._open)

    # ----------------------------------------------------------------------------------------

    def _start(self, work: Callable[[], None], name: str) -> None:
        self._threads = [one for one in self._threads if one.is_alive()]
        thread = threading.Thread(target=work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closed:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                continue  # it hung up before it was answered, or this is being closed
            self._start(lambda one=connection: self._serve(one), "line")  # type: ignore[misc]  # bound at once

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError, EOFError, ValueError):
            _prepare(connection)
            wrapped = self._context.wrap_socket(connection, server_side=True)
            with wrapped as line, _raw(line) as raw:
                fields, _ = receive_frame(raw, max_body_bytes=0)
                if not hmac.compare_digest(str(fields.get("word")), self._word):
                    return
                self._converse(line, raw)
        connection.close()

    def _converse(self, line: socket.socket, raw: IO[bytes]) -> None:
        name = new_id("k")
        self._open.add(line)
        try:
            send_frame(raw, {}, b"")
            while not self._closed:
                fields, body = receive_frame(raw, max_body_bytes=MAX_BODY_BYTES)
                answer = self._answer(name, Message(fields, body))
                send_frame(raw, answer.fields, answer.body)
        finally:
            self._open.discard(line)
            self._lost(name)


class Line:
    """
    A worker's end. Opened at the first question; may be used by several threads, one at a time.

    As long as it is open it lets the hub hear of it. Raises `LineLost`.
    """

    def __init__(self, address: HubAddress) -> None:
        self._address = address
        self._one_at_a_time = threading.Lock()
        self._socket: ssl.SSLSocket | None = None
        self._raw: IO[bytes] | None = None
        self._ended = threading.Event()

    def ask(self, fields: Mapping[str, Json], body: bytes | memoryview = b"") -> Message:
        """What the hub answers."""
        with self._one_at_a_time:
            try:
                raw = self._opened()
                send_frame(raw, fields, body)
                return Message(*receive_frame(raw, max_body_bytes=MAX_BODY_BYTES))
            except (OSError, EOFError, ValueError) as exc:
                self._hang_up()
                raise LineLost(f"the line to {self._address.host} is lost: {exc}") from exc
            except BaseException:
                self._hang_up()  # half a frame may be on its way
                raise

    def close(self) -> None:
        """Hang up. May be called again; the next question opens it anew."""
        with self._one_at_a_time:
            self._hang_up()

    # ----------------------------------------------------------------------------------------

    def _opened(self) -> IO[bytes]:
        if self._raw is None:
            self._socket = self._dialled()
            self._raw = _raw(self._socket)
            send_frame(self._raw, {"word": self._address.word}, b"")
            receive_frame(self._raw, max_body_bytes=0)
            self._ended = threading.Event()
            threading.Thread(
                target=self._be_heard, args=(self._ended,), name="line", daemon=True
            ).start()
        return self._raw

    def _dialled(self) -> ssl.SSLSocket:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # It is known by its certificate itself, which names no host.
        context.check_hostname = False
        context.load_verify_locations(cadata=self._address.certificate)
        plain = socket.create_connection((self._address.host, self._address.port), timeout=SILENCE)
        try:
            _prepare(plain)
            plain.settimeout(None)  # the hub may take its time to answer
            return context.wrap_socket(plain)
        except BaseException:
            plain.close()
            raise

    def _hang_up(self) -> None:
        self._ended.set()
        # Both, for each keeps the other open.
        for one in (self._raw, self._socket):
            if one is not None:
                one.close()
        self._raw = self._socket = None

    def _be_heard(self, ended: threading.Event) -> None:
        while not ended.wait(_PING_EVERY):
            with suppress(LineLost):
                self.ask({"ask": _PING})


# --------------------------------------------------------------------------------------------------


def _prepare(connection: socket.socket) -> None:
    connection.settimeout(SILENCE)
    # Frames are written in parts, and each is waited for.
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


def _raw(line: socket.socket) -> IO[bytes]:
    return cast("IO[bytes]", line.makefile("rwb", buffering=0))


def _identity() -> tuple[ssl.SSLContext, str]:
    """What the hub is known by: a key that is nowhere but in memory, and its certificate in PEM."""
    from cryptography import x509  # noqa: PLC0415  a run on one machine needs none of it
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "countenance")])
    begin = datetime.now(UTC) - timedelta(days=1)  # the workers' clocks may be behind
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + _A_MONTH)
        .sign(key, hashes.SHA256())
    )
    certificate = made.public_bytes(serialization.Encoding.PEM).decode()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    password = secrets.token_bytes(32)
    # The standard library takes a key from a file only: it is sealed in there, and gone at once.
    with tempfile.TemporaryDirectory(prefix="countenance-hub-") as folder:
        file = Path(folder) / "key"
        sealed = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(password),
        )
        file.write_bytes(sealed + certificate.encode())
        context.load_cert_chain(file, password=password)
    return context, certificate
