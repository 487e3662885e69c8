"""
Posting to an address that somebody else chose, without becoming their tool.

The name is resolved once, every address it has is checked, and one of those is connected to: a
name that means another machine at its next resolution (rebinding) gains nothing. No redirect is
followed and no proxy of the environment is used, and an answer may take so long and be so large.
"""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from countenance.core import addresses
from countenance.core.addresses import Resolve, is_loopback, is_public, may_be_meant
from countenance.errors import Refused, Unavailable, UsageError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_SECONDS = 20.0
"""For everything after the name is resolved. Standard Webhooks asks for 15 to 30."""

MAX_ANSWER_BYTES = 64 * 1024

_PORTS = {"https": 443, "http": 80}
_MAX_PORT = 65535


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to post to. `authority` is the host with its port, as the header `Host` says it."""

    scheme: str
    host: str
    port: int
    authority: str
    target: str
    on_private_network: bool

    @classmethod
    def parse(cls, url: str, *, on_private_network: bool) -> "Endpoint":
        """Raises `UsageError` if it is no `https` address, or an `http` one beyond this machine."""
        if not url.isascii() or not url.isprintable() or " " in url:
            raise UsageError(f"{url!r}: an endpoint is written in ASCII, without spaces")
        try:
            parts = urlsplit(url)
            port = _PORTS.get(parts.scheme, 0) if parts.port is None else parts.port
        except ValueError as exc:
            raise UsageError(f"{url}: no address: {exc}") from exc
        host = parts.hostname or ""
        if parts.scheme not in _PORTS or not host or not 0 < port <= _MAX_PORT:
            raise UsageError(f"{url}: an endpoint begins with https:// and a host")
        if parts.username is not None or parts.password is not None or parts.fragment:
            raise UsageError(f"{url}: an endpoint has no user, password or fragment")
        if _is_this_machine(host) and not on_private_network:
            raise UsageError(
                f"{url}: this is on a private network", hint="--private-network allows it"
            )
        if parts.scheme == "http" and not _is_this_machine(host):
            raise UsageError(f"{url}: beyond this machine an endpoint is https")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(parts.scheme, host, port, parts.netloc, target, on_private_network)

    def allows(self, address: str) -> bool:
        """Whether `address`, of those that the host has, may be connected to."""
        if not may_be_meant(address):
            return False
        if self.scheme == "http":
            return is_loopback(address)
        return self.on_private_network or is_public(address)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `body` is empty where it was too large to be read."""

    status: int
    body: bytes


class Poster(Protocol):
    """Posts to an endpoint, once."""

    def __call__(self, to: Endpoint, body: bytes, headers: Mapping[str, str]) -> Answer:
        """
        The answer, of whatever status. Redirects are answers, and not followed.

        Raises `Unavailable` if there is none in time, and `Refused` if the host is where the
        endpoint may not be. Either says so without a word of the other side's.
        """


class HttpPoster:
    """The real `Poster`. `resolve`, `trust`, `seconds` and `clock` are there for tests."""

    def __init__(
        self,
        *,
        resolve: Resolve | None = None,
        trust: ssl.SSLContext | None = None,
        seconds: float = MAX_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._resolve = resolve or addresses.resolve
        self._trust = trust
        self._seconds = seconds
        self._clock = clock

    def __call__(self, to: Endpoint, body: bytes, headers: Mapping[str, str]) -> Answer:
        try:
            addresses = self._resolve(to.host, to.port)
            for address in addresses:
                if not to.allows(address):
                    raise Refused(f"{to.host}: its address {address} may not be posted to")
            return self._post(to, addresses, body, headers)
        except TimeoutError as exc:
            raise Unavailable(f"{to.host}: no answer in {self._seconds:g} s") from exc
        except (OSError, http.client.HTTPException, UnicodeError) as exc:
            raise Unavailable(f"{to.host}: {type(exc).__name__}") from exc

    def _post(
        self, to: Endpoint, addresses: Sequence[str], body: bytes, headers: Mapping[str, str]
    ) -> Answer:
        deadline = _Deadline(self._clock, self._clock() + self._seconds)
        link = http.client.HTTPConnection(to.host, to.port)
        with self._connect(to, addresses, deadline) as connected:
            link.sock = _Timed(connected, deadline)
            sent = {**headers, "Host": to.authority, "Connection": "close"}
            link.request("POST", to.target, body, sent)
            answer = link.getresponse()
            read = answer.read(MAX_ANSWER_BYTES + 1)
            return Answer(answer.status, read if len(read) <= MAX_ANSWER_BYTES else b"")

    def _connect(
        self, to: Endpoint, addresses: Sequence[str], deadline: "_Deadline"
    ) -> socket.socket:
        """A connection to the first of the addresses that takes one."""
        last: OSError = OSError("no address")
        for address in addresses:
            try:
                plain = socket.create_connection((address, to.port), timeout=deadline.left())
            except TimeoutError:
                raise
            except OSError as exc:
                last = exc
                continue
            return plain if to.scheme == "http" else self._secured(plain, to.host, deadline)
        raise last

    def _secured(self, plain: socket.socket, host: str, deadline: "_Deadline") -> socket.socket:
        trust = self._trust or ssl.create_default_context()
        try:
            plain.settimeout(deadline.left())
            return trust.wrap_socket(plain, server_hostname=host)
        except OSError:
            plain.close()
            raise


# --------------------------------------------------------------------------------------------


class _Deadline:
    """One end for the whole exchange: else each byte, late as it may be, would buy time."""

    def __init__(self, clock: Callable[[], float], end: float) -> None:
        self._clock = clock
        self._end = end

    def left(self) -> float:
        """Seconds. Raises `TimeoutError` if there are none."""
        left = self._end - self._clock()
        if left <= 0:
            raise TimeoutError
        return left


class _Reader(io.RawIOBase):
    """Reads from a socket, until the deadline."""

    def __init__(self, link: socket.socket, deadline: _Deadline) -> None:
        self._link = link
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        self._link.settimeout(self._deadline.left())
        return self._link.recv_into(buffer)


class _Timed:
    """What `http.client` needs of a socket, with an end to it."""

    def __init__(self, link: socket.socket, deadline: _Deadline) -> None:
        self._link = link
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        self._link.settimeout(self._deadline.left())
        self._link.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._link, self._deadline))

    def close(self) -> None:
        """Nothing: it may be called while the answer is still to be read."""


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or is_loopback(host)
    except ValueError:
        return False
