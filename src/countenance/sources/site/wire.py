"""
The wire: one connection to one server, to an address that the guard has checked.

A small layer over `httpcore2`, and the only place that knows it. Its connection pool is given a
network of our own (its `NetworkBackend`), so that the name is resolved here, once, and what is
connected to is what was checked; TLS and the header `Host` keep the name. Proxies of the
environment are not used, and no redirect is followed.

There is one end to a request: else each byte, late as it may be, would buy time.
"""

import hashlib
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import httpcore2

from countenance.errors import Error, Reason, Unavailable, Unreadable
from countenance.sources.site.guard import Address, Guard, Origin

CONNECT_SECONDS = 10.0
"""For each address of a host, so that one that is silent does not hide the next."""

_SUCCESSES = range(200, 300)
_BODILESS = frozenset({204, 304})
_END_OF_HEAD = b"\r\n\r\n"
_INTERIM = b"HTTP/1.1 1"
_LAST_CHUNK = b"0\r\n\r\n"


class _TooLongHead(Exception):
    """The headers are longer than is borne."""


_LATE = (TimeoutError, httpcore2.TimeoutException)
_FAILURES = (*_LATE, httpcore2.NetworkError, httpcore2.ProtocolError, _TooLongHead)
"""What a server can do to us, as httpcore2 says it."""


@dataclass(frozen=True, slots=True)
class Caps:
    """
    What one request may take.

    `seconds` from now, `head_bytes` of headers, `body_bytes` of body as it is sent, and
    `error_bytes` of it where the status is no success; what is longer than that is given as empty.
    """

    seconds: float
    head_bytes: int
    body_bytes: int
    error_bytes: int


@dataclass(frozen=True, slots=True)
class Raw:
    """
    An answer as it came. The names of `headers` are lower case; `body` is packed if they say so.
    `lines` are the headers line by line.

    `certificate` is the SHA-256 of the server's, in hexadecimal, or empty without TLS.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    certificate: str
    lines: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Network:
    """Whom one trusts, and what opens connections; where it is not said, the machine's own."""

    trust: ssl.SSLContext | None = None
    backend: httpcore2.NetworkBackend | None = None


class Link:
    """The one connection to `origin`: opened when needed, kept as long as the server keeps it."""

    def __init__(
        self, origin: Origin, guard: Guard, network: Network, now: Callable[[], float]
    ) -> None:
        self._origin = origin
        self._watch = _Watch(now)
        self._network = _Guarded(
            origin, guard, self._watch, network.backend or httpcore2.SyncBackend()
        )
        self._pool = httpcore2.ConnectionPool(
            ssl_context=network.trust, max_connections=1, network_backend=self._network
        )

    def get(self, address: Address, headers: Mapping[str, str], caps: Caps) -> Raw:
        """
        Ask for `address`, which is at this link's origin.

        Raises `Refused` if the guard forbids the server's addresses, `Unavailable` if nothing was
        answered, `Unreadable` if what was answered is not to be had.
        """
        request = httpcore2.Request("GET", _url(address), headers=_encoded(headers))
        opened = self._network.opened
        self._watch.end_in(caps.seconds)
        while True:
            self._watch.begin(caps.head_bytes)
            try:
                return self._ask(request, caps)
            except _FAILURES as exc:
                self._pool.close()
                kept, opened = self._network.opened == opened, -1
                # A connection that was kept may end just as we ask. Nothing was heard on it, so
                # one may ask again: once, on a new one.
                if not kept or self._watch.heard or isinstance(exc, _LATE):
                    raise self._error(exc, caps) from exc
            except Error:
                # What is left of this answer must not be taken for the next one.
                self._pool.close()
                raise

    def close(self) -> None:
        self._pool.close()

    # ----------------------------------------------------------------------------------------------

    def _ask(self, request: httpcore2.Request, caps: Caps) -> Raw:
        response = self._pool.handle_request(request)
        try:
            headers = _headers(response.headers)
            succeeded = response.status in _SUCCESSES
            body = _body(response, headers, caps.body_bytes if succeeded else caps.error_bytes)
        finally:
            response.close()
        if body is None and succeeded:
            raise Unreadable(
                Reason.TOO_MANY_BYTES, f"it has more bytes than the {caps.body_bytes:,} allowed"
            )
        raw = Raw(
            response.status,
            headers,
            body or b"",
            self._network.certificate,
            tuple(
                (name.decode("latin-1"), one.decode("latin-1")) for name, one in response.headers
            ),
        )
        if body is not None:
            self._check_end(raw)
        return raw

    def _check_end(self, raw: Raw) -> None:
        """
        More than the headers say must not be taken for the next answer.

        Raises `Unreadable` if there is more, where it matters.
        """
        counted = "content-length" in raw.headers or raw.status in _BODILESS
        if "transfer-encoding" in raw.headers:
            ended = self._watch.tail.endswith(_LAST_CHUNK)
        else:
            ended = not counted or self._watch.body_bytes <= len(raw.body)
        if not ended:
            self._pool.close()
            if raw.status in _SUCCESSES:
                raise Unreadable(Reason.DAMAGED, "it is longer than its headers say")

    def _error(self, exc: BaseException, caps: Caps) -> Error:
        """What it is in our words. What the other side said stays there."""
        if isinstance(exc, _TooLongHead):
            sentence = f"its headers are longer than the {caps.head_bytes:,} bytes allowed"
            return Unreadable(Reason.TOO_MANY_BYTES, sentence)
        if self._watch.heard and isinstance(exc, _LATE):
            return Unreadable(Reason.TOO_SLOW, f"it was not all there in {caps.seconds:.3g} s")
        if self._watch.heard:
            return Unreadable(Reason.DAMAGED, "its answer was cut off, or is no HTTP")
        return Unavailable(f"{self._origin}: {_silence(exc)}")


# --------------------------------------------------------------------------------------------------


class _Watch:
    """Watches one connection: how much came, and how much time is left."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._end = 0.0
        self._head_left = 0
        self._head = b""
        self._in_head = True
        self.heard = False
        self.body_bytes = 0
        self.tail = b""

    def end_in(self, seconds: float) -> None:
        self._end = self._now() + seconds

    def begin(self, max_head: int) -> None:
        """An answer is to come."""
        self._head_left = max_head
        self._head, self._in_head = b"", True
        self.heard, self.body_bytes, self.tail = False, 0, b""

    def left(self) -> float:
        """Seconds. Raises `TimeoutError` if there are none."""
        left = self._end - self._now()
        if left <= 0:
            raise TimeoutError
        return left

    def hear(self, data: bytes) -> None:
        """Raises `_TooLongHead` if the headers are longer than is borne."""
        self.heard = self.heard or bool(data)
        self.tail = (self.tail + data)[-len(_LAST_CHUNK) :]
        if not self._in_head:
            self.body_bytes += len(data)
            return
        self._head += data
        while self._in_head:
            head, end, rest = self._head.partition(_END_OF_HEAD)
            if len(head) > self._head_left:
                raise _TooLongHead
            if not end:
                return
            # After an interim answer (1xx) comes another head.
            self._head_left -= len(head) + len(end)
            self._head, self._in_head = rest, head.startswith(_INTERIM)
        self.body_bytes, self._head = len(self._head), b""


class _Stream(httpcore2.NetworkStream):
    """A connection, watched."""

    def __init__(self, stream: httpcore2.NetworkStream, watch: _Watch) -> None:
        self._stream = stream
        self._watch = watch

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        data = self._stream.read(max_bytes, timeout=self._watch.left())
        self._watch.hear(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._stream.write(buffer, timeout=self._watch.left())

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class _Plain(_Stream):
    """A connection before TLS. What is said in the handshake is no answer."""

    def __init__(
        self,
        stream: httpcore2.NetworkStream,
        watch: _Watch,
        secured: Callable[[httpcore2.NetworkStream], object],
    ) -> None:
        super().__init__(stream, watch)
        self._secured = secured

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._watch.left())
        self._secured(secured)
        return _Stream(secured, self._watch)


class _Guarded(httpcore2.NetworkBackend):
    """
    Connects to `origin` and nowhere else, at an address that the guard has checked.

    `opened` counts the connections; `certificate` is that of the last one.
    """

    def __init__(
        self, origin: Origin, guard: Guard, watch: _Watch, backend: httpcore2.NetworkBackend
    ) -> None:
        self._origin = origin
        self._guard = guard
        self._watch = watch
        self._backend = backend
        self.opened = 0
        self.certificate = ""

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002  the origin's; it was resolved by the guard
        port: int,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """A connection to the first of the origin's addresses that takes one."""
        self.opened += 1
        self.certificate = ""
        last: Exception = httpcore2.ConnectError("no address")
        for address in self._guard.addresses(self._origin):
            seconds = min(CONNECT_SECONDS, self._watch.left())
            try:
                stream = self._backend.connect_tcp(
                    address, self._origin.port, seconds, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as exc:
                last = exc
                continue
            return _Plain(stream, self._watch, self._remember)
        raise last

    def _remember(self, secured: httpcore2.NetworkStream) -> None:
        spoken = secured.get_extra_info("socket")
        der = spoken.getpeercert(binary_form=True) if isinstance(spoken, ssl.SSLSocket) else None
        self.certificate = hashlib.sha256(der).hexdigest() if der else ""


def _silence(exc: BaseException) -> str:
    """Why nothing was heard."""
    if isinstance(exc, _LATE):
        return "no answer in time"
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in exc.args):
        return "its certificate is not trusted"
    if isinstance(exc, httpcore2.ConnectError):
        return "no connection"
    return "it closed the connection without an answer"


def _url(address: Address) -> httpcore2.URL:
    origin = address.origin
    return httpcore2.URL(
        scheme=origin.scheme.encode(),
        host=origin.host.encode(),
        port=origin.port,
        target=address.target.encode(),
    )


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Values of one name are joined by a comma (RFC 9110, 5.3)."""
    headers: dict[str, str] = {}
    for name, value in pairs:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def _body(response: httpcore2.Response, headers: Mapping[str, str], most: int) -> bytes | None:
    """The body, or `None` if it has more than `most` bytes, which then are not read to the end."""
    said = headers.get("content-length", "0")
    if response.status not in _BODILESS and said.isdecimal() and int(said) > most:
        return None
    parts: list[bytes] = []
    read = 0
    for part in response.iter_stream():
        read += len(part)
        if read > most:
            return None
        parts.append(part)
    return b"".join(parts)
