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

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from countenance import __version__
from countenance.sources.site.guard import Address, Guard, Origin

MAX_BYTES = 100_000_000
MAX_REDIRECTS = 5


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
    the server wants to be left alone, or `None`.
    """

    url: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    certificate: str = ""
    retry_after: float | None = None

    @property
    def etag(self) -> str:
        return self.headers.get("etag", "")

    @property
    def last_modified(self) -> str:
        return self.headers.get("last-modified", "")


def user_agent(operator: str = "", contact: str = "") -> str:
    """`Countenance/0.1.0 (+https://finder.example/; mail@finder.example)`: who asks, for whom."""
    said = "; ".join(part for part in (f"+{operator}" if operator else "", contact) if part)
    return f"Countenance/{__version__}" + (f" ({said})" if said else "")


class Fetcher:
    """
    Fetches. May be used by several threads; each host is asked by one at a time.

    `agent` is what it calls itself, see `user_agent`. `timer` is there for tests.
    """

    def __init__(
        self,
        agent: str,
        *,
        guard: Guard | None = None,
        limits: FetchLimits | None = None,
        timer: Timer | None = None,
    ) -> None:
        self._agent = agent
        self._guard = guard or Guard()
        self._limits = limits or FetchLimits()
        self._timer = timer or SystemTimer()
        self._lock = threading.Lock()

    def fetch(self, asked: Asked) -> Fetched:
        """
        The answer, of whatever status.

        Raises `Refused` where the guard or `within` say no, `NoGrant` where `covers` does,
        `Unavailable` and `Unreadable` as this module says at its top.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Let go of every connection."""
