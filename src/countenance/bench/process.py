"""Processes to measure in: what they cost in processor time and memory, and none of it ours."""

import os
import resource
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from countenance.errors import Unavailable

_NANOSECONDS = 1e9
_ENDED = slice(13, 15)
"""Of `/proc/PID/stat`, behind the name: user and system time of children that ended, in ticks."""

T = TypeVar("T")
R = TypeVar("R")


def in_child(function: Callable[[T], R], argument: T) -> R:
    """
    What `function`, which stands at the top of a module, makes of `argument` in a fresh process.

    An exception of `function` comes out as it is. Raises `Unavailable` if the process is killed.
    """
    try:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            return pool.submit(function, argument).result()
    except BrokenProcessPool as exc:
        raise Unavailable(
            "bench: the measuring process was killed", hint="is there enough memory?"
        ) from exc


def cpu_seconds() -> float:
    """User and system time of this process, and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def cpu_seconds_of_tree(process: int) -> float:
    """
    What a process of another program has spent with its children, those that ended too.

    Of those that live it is told to a thousandth and better, of the others to a hundredth. Raises
    `Unavailable` where it is not told.
    """
    try:
        own = Path("/proc", str(process))
        stat = (own / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        children = [one for each in (own / "task").glob("*/children") for one in _words(each)]
        alive = sum(
            int(_words(Path("/proc", one, "schedstat"))[0]) for one in (str(process), *children)
        )
    except (OSError, IndexError) as exc:
        raise Unavailable(f"bench: what the process {process} spent is not told") from exc
    ended = sum(map(int, stat[_ENDED]))
    return alive / _NANOSECONDS + ended / os.sysconf("SC_CLK_TCK")


def parent_of(process: int) -> int:
    """The process that started `process`. Raises `Unavailable` if it is not on this machine."""
    try:
        stat = Path("/proc", str(process), "stat").read_text(encoding="utf-8")
    except OSError as exc:
        raise Unavailable(f"bench: the process {process} is not on this machine") from exc
    return int(stat.rpartition(")")[2].split()[1])


def peak_bytes() -> int:
    """
    The most memory that was resident in this process, and in each of its children that lives.

    Linux tells it of each process. Not `ru_maxrss`: that begins with what the parent had when it
    started the process. Elsewhere it has to do, and is of this process alone.
    """
    if not Path("/proc/self/status").exists():
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    threads = Path("/proc/self/task").glob("*/children")
    children = chain.from_iterable(file.read_text().split() for file in threads)
    return sum(high_water_bytes(process) for process in ("self", *children))


def high_water_bytes(process: str) -> int:
    """The most memory that was resident in a process, as Linux tells it; 0 if it has ended."""
    try:
        lines = Path("/proc", process, "status").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


# --------------------------------------------------------------------------------------------------


def _words(file: Path) -> list[str]:
    """What stands in a file of `/proc`; that of nothing, if the process has ended meanwhile."""
    try:
        return file.read_text(encoding="utf-8").split()
    except (FileNotFoundError, ProcessLookupError):
        return ["0"]
