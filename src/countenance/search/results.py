"""
Results: sightings as they are answered. One picture that stands in several places is one result.

Pictures are one where their near hashes are at most `SAME` bits apart from the first of them. It is
done in memory, of one person, and among the sightings that this answer may show: what somebody else
may see, or may see no more, changes nothing in it (P8), and who is a stranger is grouped with
nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from countenance.catalog import hints
from countenance.catalog.sightings import Sighting
from countenance.core.ids import PersonId
from countenance.media.near import HASH_BYTES, SAME, distances


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
    groups: list[list[Sighting]] = []
    known: dict[PersonId, _Firsts] = {}
    for one in seen:
        firsts = known.setdefault(one.person, _Firsts(len(seen)))
        group = firsts.like(one.near)
        if group is None:
            firsts.add(one.near, len(groups))
            groups.append([one])
        else:
            groups[group].append(one)
    return tuple(Result(first, tuple(near)) for first, *near in groups)


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


class _Firsts:
    """The near hashes of the first of each group of one person, and which group that is."""

    def __init__(self, most: int) -> None:
        self._hashes = np.zeros((most, HASH_BYTES // 8), np.uint64)
        self._groups: list[int] = []

    def add(self, near: bytes, group: int) -> None:
        if near:
            self._hashes[len(self._groups)] = np.frombuffer(near, np.uint64)
            self._groups.append(group)

    def like(self, near: bytes) -> int | None:
        """The group of the first picture that this is one with."""
        if not near or not self._groups:
            return None
        apart = distances(near, self._hashes[: len(self._groups)])
        same = np.flatnonzero(apart <= SAME)
        return self._groups[same[0]] if len(same) else None
