"""
The client: one address of the web at a time, through the guard, and within limits.

It is slow where it is asked to be (`Asked.per_minute`, `Retry-After`), has one connection to a host
at a time, and asks for nothing twice that it was told to ask for once. It knows no grant: what may
be asked for is said by `Asked.within` and `Asked.covers`, and asked again at each redirect.

What goes wrong is one of three things. `Refused`: the guard forbids it, or whoever asked does not
cover it. `Unavailable`: nobody answered; another address of this host would fare no better.
`Unreadable`: there was an answer, and this one is not to be had: too long, too slow, cut off, or
not what its own headers say. A status is none of these: 404 and 503 are answers.
"""

import math
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Protocol, Self

from countenance import __version__
from countenance.errors import NoGrant, Reason, Refused, Unavailable, Unreadable, UsageError
from countenance.sources.site.guard import Address, Guard, Origin

if TYPE_CHECKING:
    from countenance.sources.site.wire import Link, Network

MAX_BYTES = 100_000_000
MAX_REDIRECTS = 5

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({429, 503})
_SUCCESSES = range(200, 300)
_MINUTE = 60.0
_YEAR = 366 * 86_400.0
_MAX_MEMBERS = 16


class Timer(Protocol):
    """What time passes by, and waiting."""

    def now(self) -> float:
        """Seconds since some instant; never fewer than before."""

    def sleep(self, seconds: float) -> None:
        """Wait so long."""


class SystemTimer:
    """The machine's own."""

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """
    How much of a server's is borne.

    `seconds` is for one request and all its redirects, from the connection to the last byte, and
    without the time that was waited because the server asked for it. `wait_seconds` is how long a
    `Retry-After` is waited for; beyond that the answer is given as it is. `attempts` are of one
    address, the first included. `error_bytes` of a body are read where the status is no success;
    a longer one is given as empty.
    """

    seconds: float = 60.0
    wait_seconds: float = 60.0
    attempts: int = 3
    head_bytes: int = 64 * 1024
    error_bytes: int = 64 * 1024


def anywhere(_url: str) -> bool:
    """Covers every address."""
    return True


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What is asked for.

    `within` are the servers that it, and every redirect, may be on; none means its own only.
    `covers` is asked of each address, redirects included, before anything is asked for there.
    `etag` and `last_modified` are those of the answer that one has, as they were; if it is still
    the one, the status is 304. `max_bytes` is for the body, packed and unpacked. `per_minute` is
    how many requests in a minute this host wants at most; `None` is no wish.
    """

    url: str
    within: frozenset[Origin] = frozenset()
    covers: Callable[[str], bool] = anywhere
    etag: str = ""
    last_modified: str = ""
    max_bytes: int = MAX_BYTES
    accept: str = "*/*"
    per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """
    An answer.

    `url` is where it came from, after redirects. The names of `headers` are lower case; values of
    one name are joined by a comma. `body` is unpacked. `certificate` is the SHA-256 of the server's
    certificate, 64 hexadecimal digits, or empty without TLS. `retry_after` is for how many seconds
    the server wants to be left alone, or `None`. `lines` are the headers line by line: where a line
    ends means something in a few of them.
    """

    url: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    certificate: str = ""
    retry_after: float | None = None
    lines: tuple[tuple[str, str], ...] = ()

    @property
    def etag(self) -> str:
        return self.headers.get("etag", "")

    @property
    def last_modified(self) -> str:
        return self.headers.get("last-modified", "")


def user_agent(operator: str = "", contact: str = "") -> str:
    """
    `Countenance/0.1.0 (+https://finder.example/; mail@finder.example)`: who asks, and for whom.

    Raises `UsageError` if either is not of printable ASCII, or has a bracket.
    """
    said = "; ".join(part for part in (f"+{operator}" if operator else "", contact) if part)
    if not said.isascii() or not said.isprintable() or set(said) & set("()\\"):
        raise UsageError(f"{said!r}: who asks is said in plain letters, without brackets")
    return f"Countenance/{__version__}" + (f" ({said})" if said else "")


class Fetcher:
    """
    Fetches. May be used by several threads; each host is asked by one at a time.

    `agent` is what it calls itself, see `user_agent`. `timer` and `network` are there for tests.
    """

    def __init__(
        self,
        agent: str,
        *,
        guard: Guard | None = None,
        limits: FetchLimits | None = None,
        timer: Timer | None = None,
        network: "Network | None" = None,
    ) -> None:
        self._agent = agent
        self._guard = guard or Guard()
        self._limits = limits or FetchLimits()
        self._timer = timer or SystemTimer()
        self._network = network
        self._hosts: dict[Origin, _Host] = {}
        self._lock = threading.Lock()

    def fetch(self, asked: Asked) -> Fetched:
        """
        The answer, of whatever status.

        Raises `Refused` where the guard or `within` say no, `NoGrant` where `covers` does,
        `Unavailable` and `Unreadable` as this module says at its top.
        """
        address = Address.parse(asked.url)
        within = asked.within or frozenset({address.origin})
        spent = 0.0
        for _ in range(MAX_REDIRECTS + 1):
            self._require(address, within, asked)
            answer, took = self._ask(address, asked, self._limits.seconds - spent)
            spent += took
            reference = answer.headers.get("location", "")
            if answer.status not in _REDIRECTS or not reference:
                return answer
            address = address.join(_ascii(reference))
        raise Refused(f"{asked.url}: it leads on more than {MAX_REDIRECTS} times")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of every connection. May be called again."""
        with self._lock:
            hosts, self._hosts = list(self._hosts.values()), {}
        for host in hosts:
            with host.lock:
                host.link.close()

    # ----------------------------------------------------------------------------------------------

    def _require(self, address: Address, within: frozenset[Origin], asked: Asked) -> None:
        """Raises `Refused` unless everybody who has a say agrees to this address."""
        self._guard.require(address.origin)
        if address.origin not in within:
            raise Refused(f"{asked.url}: it leads to {address.origin}, which is another server")
        if not asked.covers(str(address)):
            raise NoGrant(f"{address}: no grant in force covers it")

    def _ask(self, address: Address, asked: Asked, seconds: float) -> tuple[Fetched, float]:
        """The answer of this one address, and how long it took beside waiting."""
        host = self._host(address.origin)
        spent = 0.0
        with host.lock:
            for attempt in range(1, self._limits.attempts + 1):
                self._wait(host, asked, address)
                start = self._timer.now()
                answer = self._once(host, address, asked, seconds - spent)
                spent += self._timer.now() - start
                wait = answer.retry_after
                if answer.status not in _BUSY or wait is None:
                    return answer, spent
                host.closed_until = self._timer.now() + wait
                if wait > self._limits.wait_seconds or attempt == self._limits.attempts:
                    break
        return answer, spent

    def _wait(self, host: "_Host", asked: Asked, address: Address) -> None:
        """Until the host may be asked again. Raises `Unavailable` if it wants that too late."""
        closed = host.closed_until - self._timer.now()
        if closed > self._limits.wait_seconds:
            raise Unavailable(
                f"{address.origin}: it wants to be left alone for {math.ceil(closed)} s more"
            )
        wait = max(host.next_at, host.closed_until) - self._timer.now()
        if wait > 0:
            self._timer.sleep(wait)
        if asked.per_minute is not None:
            host.next_at = self._timer.now() + _MINUTE / asked.per_minute

    def _once(self, host: "_Host", address: Address, asked: Asked, seconds: float) -> Fetched:
        from countenance.sources.site.wire import Caps  # noqa: PLC0415  httpcore2 is heavy

        limits = self._limits
        caps = Caps(seconds, limits.head_bytes, asked.max_bytes, limits.error_bytes)
        try:
            raw = host.link.get(address, self._headers(address, asked), caps)
            body = raw.body
            if raw.status in _SUCCESSES:
                body = unpack(body, raw.headers.get("content-encoding", ""), asked.max_bytes)
        except Unreadable as exc:
            raise Unreadable(exc.reason, f"{address}: {exc.message}") from exc
        wait = _retry_after(raw.headers)
        return Fetched(
            str(address), raw.status, raw.headers, body, raw.certificate, wait, raw.lines
        )

    def _headers(self, address: Address, asked: Asked) -> dict[str, str]:
        headers = {
            "Host": address.origin.authority,
            "User-Agent": self._agent,
            "Accept": asked.accept,
            "Accept-Encoding": "gzip",
        }
        if asked.etag:
            headers["If-None-Match"] = asked.etag
        if asked.last_modified:
            headers["If-Modified-Since"] = asked.last_modified
        return headers

    def _host(self, origin: Origin) -> "_Host":
        from countenance.sources.site.wire import Link, Network  # noqa: PLC0415  httpcore2 is heavy

        with self._lock:
            if self._network is None or self._network.trust is None:
                backend = None if self._network is None else self._network.backend
                self._network = Network(ssl.create_default_context(), backend)
            if origin not in self._hosts:
                link = Link(origin, self._guard, self._network, self._timer.now)
                self._hosts[origin] = _Host(link)
            return self._hosts[origin]


# --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Host:
    """
    One host: its connection, and when it may be asked again.

    `next_at` is what a rate says, `closed_until` what the host said. Guarded by `lock`.
    """

    link: "Link"
    next_at: float = -math.inf
    closed_until: float = -math.inf
    lock: threading.Lock = field(default_factory=threading.Lock)


def unpack(body: bytes, encoding: str, max_bytes: int) -> bytes:
    """
    The body as it was before it was packed for the way: not, or by gzip (RFC 9110, 8.4.1).

    Raises `Unreadable` if it has more than `max_bytes` then, is damaged, or packed otherwise.
    """
    match encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            return _unzip(body, max_bytes)
        case _:
            raise Unreadable(
                Reason.FORMAT, f"it is packed as {encoding[:40]!r}, which we did not ask"
            )


def _unzip(body: bytes, max_bytes: int) -> bytes:
    parts: list[bytes] = []
    left = max_bytes
    for _ in range(_MAX_MEMBERS):  # one gzip may follow another
        if not body:
            return b"".join(parts)
        member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            part = member.decompress(body, left + 1)
        except zlib.error as exc:
            raise Unreadable(Reason.DAMAGED, "its gzip is damaged") from exc
        left -= len(part)
        if left < 0:
            raise Unreadable(
                Reason.TOO_MANY_BYTES, f"unpacked it has more than the {max_bytes:,} bytes allowed"
            )
        if not member.eof:
            raise Unreadable(Reason.DAMAGED, "its gzip ends early")
        parts.append(part)
        body = member.unused_data
    raise Unreadable(Reason.DAMAGED, f"it is packed as more than {_MAX_MEMBERS} gzips")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds: as they stand there, or from the server's own date to the one that it names."""
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdecimal():
        return min(float(said), _YEAR)
    try:
        until = parsedate_to_datetime(said)
        now = parsedate_to_datetime(headers.get("date", ""))
        return min(max((until - now).total_seconds(), 0.0), _YEAR)
    except (ValueError, TypeError, OverflowError):
        return None


def _ascii(reference: str) -> str:
    """A header as it came is Latin-1; what is no ASCII in it was UTF-8, or is refused later."""
    try:
        return reference.encode("latin-1").decode()
    except UnicodeError:
        return reference
