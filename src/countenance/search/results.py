"""
Results: sightings as they are answered. One picture that stands in several places is one result.

Pictures are one where their near hashes are at most `SAME` bits apart from the first of them. It is
done in memory, of one person, and among the sightings that this answer may show: what somebody else
may see, or may see no more, changes nothing in it (P8), and who is a stranger is grouped with
nobody.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from countenance.catalog import hints
from countenance.catalog.sightings import Seen, Sighting
from countenance.core.ids import PersonId
from countenance.media.near import Hashes, numbers, same


@dataclass(frozen=True, slots=True)
class Result:
    """One picture with somebody in it: its first sighting, and those in its near-duplicates."""

    first: Sighting
    near: tuple[Sighting, ...] = ()

    @property
    def sightings(self) -> tuple[Sighting, ...]:
        return (self.first, *self.near)


def results(seen: Sequence[Sighting]) -> tuple[Result, ...]:
    """`seen` as results: each sighting in one of them, in the order of the first of each."""
    return tuple(
        Result(seen[first], tuple(seen[one] for one in near)) for first, *near in together(seen)
    )


def together(seen: Sequence[Sighting | Seen]) -> list[list[int]]:
    """
    Which of `seen` are one result, as `results` has it: their places in it, from 0, in the order
    of the first of each.
    """
    theirs: dict[PersonId, list[int]] = {}
    for place, one in enumerate(seen):
        theirs.setdefault(one.person, []).append(place)
    groups = {place: [place] for place in range(len(seen))}
    for own in theirs.values():
        hashed = [place for place in own if seen[place].near]
        for place, first in _followers(numbers([seen[one].near or b"" for one in hashed])):
            groups[hashed[first]].append(hashed[place])
            del groups[hashed[place]]
    return list(groups.values())


def told_by_source(
    seen: Sequence[Sighting], names: Mapping[PersonId, str], key: bytes | None
) -> tuple[Sighting, ...]:
    """The sightings, each saying whether its source names that very person at the face."""
    return tuple(
        replace(one, named_by_source=hints.names(key, one.face, one.marked, names[one.person]))
        if one.marked and one.person in names
        else one
        for one in seen
    )


# --------------------------------------------------------------------------------------------

Bits = NDArray[np.bool_]

_AT_ONCE = 32
"""Hashes that are compared with all firsts at once: what comes of it lies in the cache."""


def _followers(hashes: Hashes) -> Iterator[tuple[int, int]]:
    """Of `hashes` `(n, 4)` those that are one with a first, by row, each with that first's row."""
    firsts, rows = np.empty_like(hashes), list[int]()
    for begin in range(0, len(hashes), _AT_ONCE):
        part = hashes[begin : begin + _AT_ONCE]
        before = same(part, firsts[: len(rows)])
        beside = np.tril(same(part, part), -1)
        like = np.logical_or(before.any(axis=1), beside.any(axis=1)).tolist()
        for number in range(begin, begin + len(part)):
            first = None
            if like[number - begin]:
                first = _first(rows, before[number - begin], beside[number - begin], begin)
            if first is not None:
                yield number, first
            else:
                firsts[len(rows)] = hashes[number]
                rows.append(number)


def _first(rows: Sequence[int], before: Bits, beside: Bits, begin: int) -> int | None:
    """The first that one is with: of earlier parts, or of its own, which begins at `begin`."""
    for place in np.flatnonzero(before).tolist():
        return rows[place]
    own = (begin + place for place in np.flatnonzero(beside).tolist())
    return next((one for one in own if one in rows[-_AT_ONCE:]), None)
