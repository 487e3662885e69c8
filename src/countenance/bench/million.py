"""
How long everything takes that is asked daily, of a library as large as an archive's.

    countenance bench million --at ~/bench/million

The library is made by `large` and kept. The real server answers in a second process; commands are
run in one more, where they are asked again and again, and then each in a process of its own, as a
shell does. Of a catalog in PostgreSQL what the database's server spends is counted with it.
Anything over `TARGET` is marked.
"""

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from countenance.bench.daily import (
    COMMANDS,
    DESK,
    FORM,
    PROGRAM,
    QUESTIONS,
    Facts,
    Question,
    facts_of,
)
from countenance.bench.large import large_library
from countenance.bench.process import cpu_seconds_of_tree, in_child, parent_of
from countenance.bench.serving import Server, serving
from countenance.errors import Unavailable, UsageError
from countenance.library import Library
from countenance.settings import load_settings

TARGET = 200.0
"""Milliseconds that nothing may take which is asked daily."""

JSON = "application/json"

Command = Callable[[Sequence[str]], int]
"""What a command line is handed to."""


@dataclass(frozen=True, slots=True)
class Took:
    """
    One question: milliseconds of the first time, the median of the times after that, and what 19
    of 20 stayed within; milliseconds of CPU in the mean, and bytes of the answer. `catalog` are
    milliseconds of CPU of PostgreSQL, beside ours; 0 of a file. Of a command `whole` is that of a
    process of its own, the interpreter's start among it.
    """

    what: str
    kind: str
    first: float
    median: float
    most: float
    cpu: float
    bytes: int = 0
    whole: float | None = None
    catalog: float = 0.0

    @property
    def is_over(self) -> bool:
        """By the time of the processors: the clock is of whatever else the machine does."""
        return self.cpu + self.catalog > TARGET


@dataclass(frozen=True, slots=True)
class MillionFigures:
    """What was measured. `memory` is the most that the server held, in bytes."""

    photos: int
    runs: int
    load: tuple[float, float]
    memory: int
    took: tuple[Took, ...]

    def as_json(self) -> dict[str, object]:
        return asdict(self) | {"over": [one.what for one in self.took if one.is_over]}

    def as_text(self) -> Iterator[str]:
        """The figures in lines, for a person: the slowest first."""
        begun, ended = self.load
        yield f"{self.photos:,} photos; load of the machine {begun:.1f} before, {ended:.1f} after"
        yield f"the server held at most {self.memory / 1e6:.0f} MB"
        yield (
            f"milliseconds: median of {self.runs}, 19 of 20 within, the first time, CPU,"
            " CPU of PostgreSQL"
        )
        wide = max(len(one.what) for one in self.took)
        for one in sorted(self.took, key=lambda each: -each.cpu - each.catalog):
            over = "  OVER" if one.is_over else ""
            size = f"{one.bytes / 1e3:6.0f} kB" if one.bytes else "         "
            whole = f"  whole {one.whole:.0f}" if one.whole else ""
            yield (
                f"  {one.what:{wide}}  {one.median:7.1f} {one.most:7.1f} {one.first:7.1f} "
                f"{one.cpu:7.1f} {one.catalog:7.1f} {size}{whole}{over}"
            )


def bench_million(  # noqa: PLR0913  where, how large, what of it, and who is told
    root: Path,
    count: int = 1_000_000,
    *,
    command: Command,
    runs: int = 9,
    only: str = "",
    catalog: str = "",
    said: Callable[[str], None] = lambda _: None,
) -> MillionFigures:
    """
    Measure a library of `count` photos at `root`, which is made if it is not there, with its
    catalog where `catalog` says: an address of PostgreSQL, or else a file.

    `command` runs a command line and gives its exit code; it stands at the top of a module. With
    `only`, those questions and commands alone in whose name it stands. Raises `UsageError` if
    a number is too low, and `Unavailable` where processor time cannot be told.
    """
    if runs < 1:
        raise UsageError("bench: 1 run or more")
    begun = os.getloadavg()[0]
    large_library(root, count, catalog=catalog, said=said)
    with Library.open(root, load_settings(root, environment={})) as library:
        facts, database = facts_of(library), Spent(_server_of(library))
    took: list[Took] = []
    with serving(root) as server:
        for one in QUESTIONS:
            if only in one.what:
                said(one.what)
                took.append(_asked(server, one, facts, runs, database))
        memory = server.peak_bytes()
        said("commands")
        took += _commands(root, facts, runs, only, command, database)
    return MillionFigures(count, runs, (begun, os.getloadavg()[0]), memory, tuple(took))


# --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spent:
    """What the server of the catalog has spent: the process `server`, or nothing of a file."""

    server: int | None

    def seconds(self) -> float:
        return 0.0 if self.server is None else cpu_seconds_of_tree(self.server)


def _server_of(library: Library) -> int | None:
    with library._database.read() as tx:  # noqa: SLF001  which process that is only it can say
        if tx.dialect.name == "sqlite":
            return None
        return parent_of(int(tx.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()))


def _asked(server: Server, one: Question, facts: Facts, runs: int, database: Spent) -> Took:
    headers = {"Authorization": f"Bearer {facts.token}"} if one.who == PROGRAM else {}
    with server.visitor(facts.cookie if one.who == DESK else "") as visitor:
        paths = cycle(one.paths(facts))
        bodies = one.body(facts) if one.body is not None else None
        answers, spent, there = [], 0.0, 0.0
        for number in range(runs + 1):
            path = next(paths)
            before, before_there = server.cpu_seconds(), database.seconds()
            answers.append(
                visitor.get(path, **headers)
                if bodies is None
                else visitor.post(path, next(bodies).encode(), JSON if headers else FORM, **headers)
            )
            if number:
                spent += server.cpu_seconds() - before
                there += database.seconds() - before_there
    first, *warm = [answer.seconds * 1e3 for answer in answers]
    size = round(median(len(answer.body) for answer in answers))
    used, used_there = spent / runs * 1e3, there / runs * 1e3
    return Took(one.what, one.who, first, median(warm), _most(warm), used, size, None, used_there)


def _commands(  # noqa: PLR0913, PLR0917  of which library, what of it, and how often
    root: Path, facts: Facts, runs: int, only: str, command: Command, database: Spent
) -> list[Took]:
    asked = {what: words(facts) for what, words in COMMANDS.items() if only in what}
    inside = in_child(_inside, (str(root), asked, runs, command, database))
    return [
        Took(what, "command", *times, _whole(root, asked[what]), there)
        for what, times, there in inside
    ]


def _inside(
    asked: tuple[str, Mapping[str, Sequence[str]], int, Command, Spent],
) -> list[tuple[str, tuple[float, float, float, float, int], float]]:
    """Each command in this process, again and again, its answer kept from the terminal."""
    root, commands, runs, command, database = asked
    found = []
    for what, words in commands.items():
        times, size, used, there = list[float](), 0, process_time(), database.seconds()
        for _ in range(runs + 1):
            held = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
            begun = perf_counter()
            with contextlib.redirect_stdout(held), contextlib.redirect_stderr(held):
                code = command(["--library", root, *words])
            taken = (perf_counter() - begun) * 1e3
            held.flush()
            said = held.buffer.getvalue()
            if code:
                raise Unavailable(f"bench: {what} ended with {code}: {said[-200:].decode()}")
            times.append(taken)
            size = len(said)
        first, *warm = times
        used = (process_time() - used) / (runs + 1) * 1e3
        there = (database.seconds() - there) / (runs + 1) * 1e3
        found.append((what, (first, median(warm), _most(warm), used, size), there))
    return found


def _whole(root: Path, words: Sequence[str]) -> float:
    """Milliseconds of a process of its own."""
    begun = perf_counter()
    subprocess.run(  # noqa: S603  ourselves
        [sys.executable, "-m", "countenance", "--library", str(root), *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return (perf_counter() - begun) * 1e3


def _most(times: Sequence[float]) -> float:
    """What 19 of 20 are within."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, len(ordered) * 19 // 20)]
