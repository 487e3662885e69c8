"""
How fast what was erased is looked for: megabytes a second by the number of needles.

Beside the scan stand two simpler ways to the same answer, over the first bytes of the same files.
The files are as random as sealed and compressed ones, and as warm as files just written: a disk
that gives less than is measured here is what a scan then waits for.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import numpy as np

from countenance.bench.search import Spread
from countenance.errors import UsageError
from countenance.vault.scan import Needles, all_files, scan

NEEDLES_AN_OBJECT = 5
NEEDLE_BYTES = 24

_MEGABYTE = 1_000_000
_LARGE_SHARE = 4
"""One file of a quarter of the whole, like a database; the rest is as small as previews are."""

_SMALL_BYTES = 64 * 1024
_SIMPLE_BYTES = 8 * _MEGABYTE
"""Looked through in the simpler ways, and fewer the more needles there are: they take long."""

_SIMPLE_NEEDLES = 30
"""As many as are looked for in all of `_SIMPLE_BYTES`."""


@dataclass(frozen=True, slots=True)
class ByNeedles:
    """
    Megabytes a second with so many needles, a fifth as many objects.

    `scanned` is by the processor's time, of one core; `by_the_clock` the same by wall time.
    `one_find_each` and `plain_filter` are the simpler ways, by the processor's time. Of the
    objects, `hidden` were put into the files, and so many were `found`.
    """

    needles: int
    hidden: int
    found: int
    scanned: Spread
    by_the_clock: Spread
    one_find_each: float
    plain_filter: float


@dataclass(frozen=True, slots=True)
class ScanFigures:
    """What was read, `bytes_read` in `files`, in each of so many `runs`, and how fast."""

    files: int
    bytes_read: int
    runs: int
    by_needles: tuple[ByNeedles, ...]

    def as_text(self) -> Iterator[str]:
        """The figures in lines, for a person."""
        yield f"{self.bytes_read / _MEGABYTE:,.0f} MB in {self.files:,} files, {self.runs} runs"
        for one in self.by_needles:
            yield (
                f"{one.needles:,} needles, {one.hidden} of their objects hidden, {one.found} found"
            )
            yield f"  MB a CPU second         {_in_words(one.scanned)}"
            yield f"  MB a second             {_in_words(one.by_the_clock)}"
            yield f"  one find for each       {one.one_find_each:,.1f} MB a CPU second"
            yield f"  a plain NumPy filter    {one.plain_filter:,.1f} MB a CPU second"


def bench_scan(
    megabytes: int = 256, *, needles: Sequence[int] = (30, 3000), runs: int = 5
) -> ScanFigures:
    """
    Measure scans of a folder that is made for it, and gone when this returns.

    Raises `UsageError` if there is less than a megabyte, an object or a run.
    """
    if megabytes < 1 or runs < 1 or not needles or min(needles) < NEEDLES_AN_OBJECT:
        raise UsageError(f"bench: 1 megabyte, {NEEDLES_AN_OBJECT} needles and 1 run, or more")
    random = np.random.default_rng(2)
    pieces = [random.bytes(NEEDLE_BYTES) for _ in range(max(needles))]
    with tempfile.TemporaryDirectory(prefix="countenance-bench-") as folder:
        hidden = _fill(Path(folder), megabytes * _MEGABYTE, pieces, random)
        files = sorted(all_files(Path(folder)))
        measured = tuple(_measure(files, pieces[:count], hidden, runs) for count in needles)
        size = sum(path.stat().st_size for path in files)
    return ScanFigures(len(files), size, runs, measured)


# --------------------------------------------------------------------------------------------------


def _fill(folder: Path, size: int, pieces: list[bytes], random: np.random.Generator) -> set[str]:
    """Files of so many bytes in all, with a needle of every second object among them."""
    sizes = [size // _LARGE_SHARE]
    sizes += [_SMALL_BYTES] * ((size - sizes[0]) // _SMALL_BYTES)
    hidden = list(range(0, len(pieces), 2 * NEEDLES_AN_OBJECT))
    for number, length in enumerate(sizes):
        data = bytearray(random.bytes(length))
        # Side by side: a needle more in a file must not stand upon another.
        mine = b"".join(pieces[first] for first in hidden[number :: len(sizes)])
        data[7 : 7 + len(mine)] = mine
        (folder / f"{number:06}").write_bytes(data)
    return {_name(first) for first in hidden}


def _name(first: int) -> str:
    return f"object {first // NEEDLES_AN_OBJECT}"


def _measure(files: list[Path], pieces: list[bytes], hidden: set[str], runs: int) -> ByNeedles:
    needles = Needles(
        {
            _name(first): tuple(pieces[first : first + NEEDLES_AN_OBJECT])
            for first in range(0, len(pieces), NEEDLES_AN_OBJECT)
        }
    )
    work = partial(scan, files, needles)
    scanned = work()  # once unmeasured
    taken = [_seconds(work) for _ in range(runs)]
    some = files[0].read_bytes()[: _SIMPLE_BYTES * _SIMPLE_NEEDLES // len(pieces)]
    simple = [_seconds(partial(way, some, pieces))[0] for way in (_one_find_each, _plain_filter)]
    return ByNeedles(
        needles=len(pieces),
        hidden=len(hidden & needles.groups.keys()),
        found=len(scanned.found),
        scanned=_spread([scanned.bytes_read / cpu / _MEGABYTE for cpu, _ in taken]),
        by_the_clock=_spread([scanned.bytes_read / wall / _MEGABYTE for _, wall in taken]),
        one_find_each=len(some) / simple[0] / _MEGABYTE,
        plain_filter=len(some) / simple[1] / _MEGABYTE,
    )


def _one_find_each(data: bytes, pieces: list[bytes]) -> set[bytes]:
    return {piece for piece in pieces if piece in data}


def _plain_filter(data: bytes, pieces: list[bytes]) -> set[bytes]:
    """By the first two bytes at every place, then the whole needle by a set."""
    array = np.frombuffer(data, np.uint8).astype(np.uint16)
    pairs = array[:-1] << np.uint16(8) | array[1:]
    table = np.zeros(1 << 16, np.bool_)
    table[[piece[0] << 8 | piece[1] for piece in pieces]] = True
    wanted = set(pieces)
    places = np.flatnonzero(table[pairs]).tolist()
    return {data[at : at + NEEDLE_BYTES] for at in places} & wanted


def _seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Of the processor, and by the clock."""
    wall, cpu = perf_counter(), process_time()
    work()
    return process_time() - cpu, perf_counter() - wall


def _spread(figures: list[float]) -> Spread:
    return Spread(min(figures), median(figures), max(figures))


def _in_words(spread: Spread) -> str:
    return f"{spread.median:,.0f} ({spread.least:,.0f} to {spread.most:,.0f})"
