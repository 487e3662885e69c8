"""
The real server in a second process, asked over its socket: how long each answer takes by the clock,
and how much processor time the server spends on it.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse, RemoteDisconnected
from pathlib import Path
from tempfile import TemporaryFile
from time import perf_counter
from typing import Self
from urllib.parse import urlsplit

from countenance.bench.process import high_water_bytes
from countenance.errors import Unavailable
from countenance.settings import MAX_SEARCHES, environment_with

NANOSECONDS = 1e9

_PATIENCE = 60.0
"""Seconds for one answer. A sound server needs a few thousandths."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said, and after how many seconds the whole of it was here."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


@dataclass(slots=True)
class Visitor:
    """One connection that is kept, and the cookie of whoever asks over it."""

    server: "Server"
    cookie: str = ""
    _line: HTTPConnection | None = field(default=None, init=False)

    def get(self, path: str, **headers: str) -> Answer:
        """Raises `Unavailable` if it is answered with an error."""
        begun = perf_counter()
        answer = self._ask("GET", path, None, headers)
        return _read(answer, path, begun)

    def post(self, path: str, body: bytes, kind: str, **headers: str) -> Answer:
        """The same of a form, whose content type is `kind`, as from a page of the server's own."""
        begun = perf_counter()
        own = {"Sec-Fetch-Site": "same-origin", "Content-Type": kind}
        return _read(self._ask("POST", path, body, own | headers), path, begun)

    def stream(self, path: str) -> HTTPResponse:
        """An answer that goes on: its head is here, and the caller reads what follows."""
        return self._ask("GET", path, None, {})

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_why: object) -> None:
        self.close()

    def _ask(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> HTTPResponse:
        own = {"Cookie": self.cookie} if self.cookie else {}
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        kept = self._line
        line = kept or HTTPConnection(self.server.host, self.server.port, timeout=_PATIENCE)
        self._line = line
        try:
            line.request(method, path, body, own | named)
            return line.getresponse()
        except (RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            # A server closes a line over which nothing came for a while. Browsers take another.
            self.close()
            if kept is None:
                raise
            return self._ask(method, path, body, headers)


@dataclass(frozen=True, slots=True)
class Server:
    """A server that listens, in the process `process`."""

    host: str
    port: int
    process: int

    def visitor(self, cookie: str = "") -> Visitor:
        return Visitor(self, cookie)

    def cpu_seconds(self) -> float:
        """Of all its threads that live, to a thousandth and better."""
        spent = 0
        for task in Path("/proc", str(self.process), "task").iterdir():
            try:
                spent += int((task / "schedstat").read_text(encoding="utf-8").split()[0])
            except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
                continue
        return spent / NANOSECONDS

    def peak_bytes(self) -> int:
        """The most memory that it held at once."""
        return high_water_bytes(str(self.process))


@contextmanager
def serving(library: Path, given: Mapping[str, str] | None = None) -> Iterator[Server]:
    """
    `countenance serve` over `library`, as long as this lasts, with more in its environment.

    Raises `Unavailable` where a process cannot be asked what it spent, or if it does not start.
    """
    if not Path("/proc/self/schedstat").exists():
        raise Unavailable("bench: processor time of a server is told by Linux alone")
    unlimited = str(MAX_SEARCHES)
    limits = {
        "COUNTENANCE_SEARCHES_PER_ACCOUNT": unlimited,
        "COUNTENANCE_SEARCHES_PER_LIBRARY": unlimited,
    }
    words = ("serve", "--port", "0", "--no-watch", "--library", str(library))
    said_wrong = TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  closed with the process
    process = subprocess.Popen(  # noqa: S603  ourselves
        [sys.executable, "-m", "countenance", *words],
        env=environment_with(limits | dict(given or {})),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=said_wrong,
        text=True,
    )
    try:
        assert process.stdout is not None  # noqa: S101  asked for above
        said = process.stdout.readline().removeprefix("listening at ").strip()
        where = urlsplit(said)
        if where.hostname is None or where.port is None:
            said_wrong.seek(0)
            raise Unavailable(
                f"bench: the server did not start: {said_wrong.read()[-400:].strip()}"
            )
        with closing(process.stdout):
            yield Server(where.hostname, where.port, process.pid)
    finally:
        process.terminate()
        process.wait()
        said_wrong.close()


# --------------------------------------------------------------------------------------------------


def _read(answer: HTTPResponse, path: str, begun: float) -> Answer:
    body = answer.read()
    seconds = perf_counter() - begun
    if answer.status >= 400:  # noqa: PLR2004  errors begin there
        raise Unavailable(f"bench: {path.partition('?')[0]} was answered with {answer.status}")
    headers = {name.lower(): text for name, text in answer.getheaders()}
    return Answer(answer.status, headers, body, seconds)
