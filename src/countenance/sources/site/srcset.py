"""
`srcset`: the sizes in which a page offers one picture (HTML standard, section 4.8.4.2), and the one
that we take.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MAX_WIDTH = 4000
"""Pixels. Faces are found in less, and more is only a longer way."""

MAX_CANDIDATES = 100

_CANDIDATE = re.compile(r"[\s,]*([^\s]+)([^,(]*(?:\([^)]*\)[^,(]*)*)")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One address, as it stands there, and its `width` in pixels, 0 if nothing is said of it."""

    address: str
    width: float = 0


def candidates(value: str, *, width: float = 0) -> Iterator[Candidate]:
    """The candidates of a srcset; those by density (`2x`) are multiples of `width`, if known."""
    at = 0
    for _ in range(MAX_CANDIDATES):
        found = _CANDIDATE.match(value, at)
        if found is None:
            return
        address, descriptor = found[1], found[2]
        at = found.end()
        if address.endswith(","):
            # A comma right behind an address ends it: it has no descriptor.
            address, descriptor, at = address.rstrip(","), "", found.end(1)
        if address:
            yield Candidate(address, _pixels(descriptor.split(), width))


def largest(offered: Iterable[Candidate]) -> Candidate | None:
    """The widest up to `MAX_WIDTH`; if all are wider, the least wide. Of equals the first."""
    each = [*offered]
    fitting = [one for one in each if one.width <= MAX_WIDTH]
    if fitting:
        return max(fitting, key=lambda one: one.width)
    return min(each, key=lambda one: one.width, default=None)


# --------------------------------------------------------------------------------------------------


def _pixels(descriptors: list[str], width: float) -> float:
    for one in descriptors:
        try:
            number = float(one[:-1])
        except ValueError:
            continue
        if one.endswith("w"):
            return max(number, 0)
        if one.endswith("x"):
            # Without a width, densities still tell which is the largest.
            return max(number * (width or 1), 0)
    return width
