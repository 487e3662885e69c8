"""The real poster, against servers of our own on this machine that do what servers should not."""

import ipaddress
import itertools
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from countenance.erasure.post import MAX_ANSWER_BYTES, Endpoint, HttpPoster
from countenance.errors import Refused, Unavailable

Behave = Callable[[socket.socket], None]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SHORT = 0.3  # seconds, where a server never answers
LONG = 60.0


@contextmanager
def serving(
    *behaviours: Behave, trust: ssl.SSLContext | None = None
) -> Iterator[tuple[int, list[bytes]]]:
    """A server that takes one connection for each behaviour; gives its port, and what it heard."""
    heard: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for behave in behaviours:
            try:
                link, _ = listening.accept()
            except OSError:
                return
            with link:
                link.settimeout(LONG)
                try:
                    spoken = trust.wrap_socket(link, server_side=True) if trust else link
                    with spoken:
                        heard.append(_request(spoken))
                        behave(spoken)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1], heard
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(LONG)


def answering(data: bytes) -> Behave:
    return lambda link: link.sendall(data)


def here(port: int, target: str = "/recalls") -> Endpoint:
    return Endpoint.parse(f"http://127.0.0.1:{port}{target}", on_private_network=True)


def test_a_message_arrives_as_it_was_sent() -> None:
    """Target, headers and body are those that were given; the answer comes back."""
    with serving(answering(OK)) as (port, heard):
        answer = HttpPoster()(here(port, "/recalls?a=b"), b"body", {"webhook-id": "w"})
    assert (answer.status, answer.body) == (200, b"ok")
    head, body = heard[0].split(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /recalls?a=b HTTP/1.1"
    assert {f"Host: 127.0.0.1:{port}", "webhook-id: w", "Content-Length: 4"} <= set(lines)
    assert body == b"body"


@pytest.mark.parametrize("status", [204, 410, 429, 500, 503])
def test_every_status_is_an_answer(status: int) -> None:
    """What the status means is for the caller to say."""
    with serving(answering(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())) as (
        port,
        _,
    ):
        assert HttpPoster()(here(port), b"", {}).status == status


def test_no_redirect_is_followed() -> None:
    """A redirect, which could lead anywhere, is an answer; nothing else is connected to."""
    with serving(answering(OK)) as (elsewhere, heard):
        place = f"Location: http://127.0.0.1:{elsewhere}/"
        moved = f"HTTP/1.1 307 X\r\n{place}\r\nContent-Length: 0\r\n\r\n"
        with serving(answering(moved.encode())) as (port, _):
            assert HttpPoster()(here(port), b"", {}).status == 307
        assert heard == []


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that somebody set does not see what is recalled."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    with serving(answering(OK)) as (port, _):
        assert HttpPoster()(here(port), b"", {}).status == 200


def test_the_name_is_resolved_once() -> None:
    """A name that is another machine's the second time (rebinding) is not asked a second time."""
    asked: list[str] = []

    def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    with serving(answering(OK)) as (port, _):
        to = Endpoint.parse(f"http://localhost:{port}/", on_private_network=True)
        assert HttpPoster(resolve=resolve)(to, b"", {}).status == 200
    assert asked == ["localhost"]


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["169.254.169.254"], ["::ffff:127.0.0.1"]],
)
def test_a_public_name_with_an_inner_address_is_refused(addresses: Sequence[str]) -> None:
    """One address too many, and nothing is connected to: neither that one nor the others."""
    with serving(answering(OK)) as (port, heard):
        to = Endpoint.parse(f"https://echo.example:{port}/", on_private_network=False)
        with pytest.raises(Refused, match="may not be posted to"):
            HttpPoster(resolve=lambda *_: addresses)(to, b"", {})
    assert heard == []


def test_localhost_that_is_elsewhere_is_refused() -> None:
    """Plain HTTP stays on this machine, whatever its name for itself resolves to."""
    to = Endpoint.parse("http://localhost:8080/", on_private_network=True)
    with pytest.raises(Refused):
        HttpPoster(resolve=lambda *_: ["93.184.216.34"])(to, b"", {})


def test_the_next_address_is_tried() -> None:
    """Of several addresses the first that takes a connection is used."""
    with serving(answering(OK)) as (port, _):
        to = Endpoint.parse(f"http://localhost:{port}/", on_private_network=True)
        poster = HttpPoster(resolve=lambda *_: ["127.0.0.2", "127.0.0.1"])
        assert poster(to, b"", {}).status == 200


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000000\r\n",
    ],
)
def test_an_endless_body_is_not_read(data: bytes) -> None:
    """More than an answer may hold is not taken in: the status counts, the body is dropped."""

    def flood(link: socket.socket) -> None:
        link.sendall(data)
        for _ in range(1 + 32 * MAX_ANSWER_BYTES // 4096):
            link.sendall(b"x" * 4096)

    with serving(flood) as (port, _):
        answer = HttpPoster(seconds=LONG)(here(port), b"", {})
    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
def test_a_server_that_stops_speaking_is_left(data: bytes) -> None:
    """Before, in and after the headers: there is an end to waiting."""

    def fall_silent(link: socket.socket) -> None:
        link.sendall(data)
        link.recv(1)  # until the poster has gone

    with serving(fall_silent) as (port, _), pytest.raises(Unavailable, match="no answer in"):
        HttpPoster(seconds=SHORT)(here(port), b"", {})


def test_single_bytes_buy_no_time() -> None:
    """A server that always sends one more byte in time is left when the whole time is over."""
    ticks = itertools.count()

    def drip(link: socket.socket) -> None:
        link.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while True:
            link.sendall(b"x")

    with serving(drip) as (port, _), pytest.raises(Unavailable, match="no answer in 5 s"):
        HttpPoster(seconds=5, clock=lambda: float(next(ticks)))(here(port), b"", {})


@pytest.mark.parametrize(
    "data",
    [
        b"not HTTP at all\r\n\r\n",
        b"HTTP/1.1 two OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_answer_is_none(data: bytes) -> None:
    """Whatever a server sends ends in an error of ours that repeats nothing of it."""
    with serving(answering(data)) as (port, _), pytest.raises(Unavailable) as raised:
        HttpPoster(seconds=LONG)(here(port), b"", {})
    assert "HTTP/1.1" not in raised.value.message


def test_nobody_there() -> None:
    """A port where nobody listens, and a name that nobody has, are errors of ours."""
    with serving() as (port, _):
        pass
    with pytest.raises(Unavailable):
        HttpPoster()(here(port), b"", {})
    to = Endpoint.parse("https://echo.invalid/", on_private_network=False)
    with pytest.raises(Unavailable):
        HttpPoster(resolve=_nowhere)(to, b"", {})


def test_the_certificate_is_the_names(tmp_path: Path) -> None:
    """Over TLS the name of the endpoint is verified, though an address is connected to."""
    server, client = _certified("echo.example", tmp_path)
    poster = HttpPoster(resolve=lambda *_: ["127.0.0.1"], trust=client)
    with serving(answering(OK), answering(OK), trust=server) as (port, heard):
        right = Endpoint.parse(f"https://echo.example:{port}/", on_private_network=True)
        assert poster(right, b"", {}).status == 200
        wrong = Endpoint.parse(f"https://other.example:{port}/", on_private_network=True)
        with pytest.raises(Unavailable, match="SSLCertVerificationError"):
            poster(wrong, b"", {})
        assert len(heard) == 1


# --------------------------------------------------------------------------------------------------


def _request(link: socket.socket) -> bytes:
    """One request, as long as its head says."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = link.recv(4096)
        if not part:
            return data
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.startswith(b"Content-Length")
    )
    while len(body) < length:
        body += link.recv(4096)
    return head + b"\r\n\r\n" + body


def _nowhere(_host: str, _port: int) -> Sequence[str]:
    raise socket.gaierror


def _certified(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server of this name needs, and what a client needs that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName(
        [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("::2"))]
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    (folder / "certificate.pem").write_bytes(pem)
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    client = ssl.create_default_context(cadata=pem.decode())
    return server, client
