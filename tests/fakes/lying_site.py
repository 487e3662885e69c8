"""A web server on this machine that does what it is told, also what no server should."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Self

Behave = Callable[[socket.socket], None]
"""Answers a request, on the connection that it came by."""

STUCK_SECONDS = 30.0
"""After which a test that hangs is let go."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One request. `connection` counts from 1; the names of `headers` are lower case."""

    connection: int
    target: str
    headers: Mapping[str, str]


@dataclass(slots=True)
class LyingSite:
    """
    What it does by path, and what it was asked.

    Several behaviours of one path are done one after the other, the last of them again and again.
    Where nothing is said, the answer is 404.
    """

    pages: dict[str, list[Behave]] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    gone: threading.Event = field(default_factory=threading.Event)

    def at(self, path: str, *behaviours: Behave | bytes) -> Self:
        self.pages[path] = [_behaviour(one) for one in behaviours]
        return self

    def paths(self) -> list[str]:
        return [one.target for one in self.heard]

    def answer(self, request: Heard, link: socket.socket) -> None:
        behaviours = self.pages.get(request.target) or [_behaviour(answer(b"", status=404))]
        behave = behaviours.pop(0) if len(behaviours) > 1 else behaviours[0]
        behave(link)


@contextmanager
def serving(site: LyingSite, trust: ssl.SSLContext | None = None) -> Iterator[LyingSite]:
    """`site`, served at `site.port` of 127.0.0.1 until the end."""
    listening = socket.create_server(("127.0.0.1", 0))
    site.port = listening.getsockname()[1]
    threads: list[threading.Thread] = []
    links: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                link, _ = listening.accept()
            except OSError:
                return
            site.connections += 1
            links.append(link)
            thread = threading.Thread(
                target=_serve, args=(site, link, site.connections, trust), daemon=True
            )
            threads.append(thread)
            thread.start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield site
    finally:
        site.gone.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for link in links:
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        for thread in (accepting, *threads):
            thread.join(STUCK_SECONDS)


def answer(
    body: bytes, *more: str, status: int = 200, length: int | None = None, kind: str = "image/jpeg"
) -> bytes:
    """A whole answer. `more` are headers; `length` is what it says of itself, true or not."""
    said = len(body) if length is None else length
    lines = (f"HTTP/1.1 {status} X", f"Content-Type: {kind}", f"Content-Length: {said}", *more)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def moved(to: str, *, status: int = 302) -> bytes:
    return answer(b"", f"Location: {to}", status=status)


def dripping(data: bytes) -> Behave:
    """Byte by byte, for as long as somebody listens; from the start again when it is through."""

    def behave(link: socket.socket) -> None:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            for at in range(len(data)):
                link.sendall(data[at : at + 1])

    return behave


def endless(head: bytes, part: bytes) -> Behave:
    """`head`, and then `part` without end."""

    def behave(link: socket.socket) -> None:
        link.sendall(head)
        while True:
            link.sendall(part)

    return behave


def hanging_up(data: bytes = b"") -> Behave:
    """`data`, and an end in good order."""

    def behave(link: socket.socket) -> None:
        link.sendall(data)
        link.shutdown(socket.SHUT_WR)

    return behave


def reset(data: bytes = b"") -> Behave:
    """`data`, and the connection reset."""

    def behave(link: socket.socket) -> None:
        link.sendall(data)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        link.close()

    return behave


def silent(site: LyingSite, data: bytes = b"") -> Behave:
    """`data`, and then nothing until the site is gone."""

    def behave(link: socket.socket) -> None:
        link.sendall(data)
        site.gone.wait(STUCK_SECONDS)

    return behave


# --------------------------------------------------------------------------------------------------


def _behaviour(given: Behave | bytes) -> Behave:
    if isinstance(given, bytes):
        data = given
        return lambda link: link.sendall(data)
    return given


def _serve(site: LyingSite, link: socket.socket, number: int, trust: ssl.SSLContext | None) -> None:
    link.settimeout(STUCK_SECONDS)
    with suppress(OSError), link, _spoken(link, trust) as spoken:
        while (head := _request(spoken)) and not site.gone.is_set():
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines if line)
            request = Heard(number, first.split(" ")[1], headers)
            site.heard.append(request)
            site.answer(request, spoken)


def _spoken(link: socket.socket, trust: ssl.SSLContext | None) -> socket.socket:
    return trust.wrap_socket(link, server_side=True) if trust else link


def _request(link: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = link.recv(4096)
        if not byte:
            return b""
        head += byte
    return head
