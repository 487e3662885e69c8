"""
Stretches: the buckets of a large collection, several as one, so that its page stays small.

A page of a million photos would name four thousand buckets. It names some eighty stretches of them,
and the buckets of the one stretch that is looked at; the others come when they come into view.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from countenance.catalog.buckets import Bucket, Place

FEW = 120
"""So many buckets are named one by one."""

STRETCHES = 80

_MOST = 500
"""Buckets that are named at once."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """
    Buckets side by side: `buckets` of them from `first` on, `count` photos, and their `ratios`.

    The next one begins at `until`; after the last there is none.
    """

    first: Place
    buckets: int
    count: int
    ratios: float
    until: Place | None


def stretched(buckets: Sequence[Bucket], looked_at: Place | None) -> tuple[Stretch, ...]:
    """All buckets in their order: those around the place that is looked at one by one."""
    if len(buckets) <= FEW:
        return _each(buckets, None)
    many = -(-len(buckets) // STRETCHES)
    parts = [buckets[at : at + many] for at in range(0, len(buckets), many)]
    found: list[Stretch] = []
    for part, following in pairwise([*parts, None]):
        assert part is not None  # noqa: S101  nothing is only the last
        until = None if following is None else following[0].first
        here = looked_at or buckets[0].first
        if part[0].first <= here and (until is None or here < until):
            found += _each(part, until)
        else:
            found.append(_together(part, until))
    return tuple(found)


def between(buckets: Sequence[Bucket], first: Place, until: Place | None) -> tuple[Stretch, ...]:
    """The buckets from `first` on and before `until`, one by one."""
    here = [one for one in buckets if first <= one.first and (until is None or one.first < until)]
    return _each(here[:_MOST], until)


# --------------------------------------------------------------------------------------------------


def _each(buckets: Sequence[Bucket], until: Place | None) -> tuple[Stretch, ...]:
    ends = [*(one.first for one in buckets[1:]), until]
    return tuple(_together([one], end) for one, end in zip(buckets, ends, strict=False))


def _together(part: Sequence[Bucket], until: Place | None) -> Stretch:
    count, ratios = sum(one.count for one in part), sum(one.ratios for one in part)
    return Stretch(part[0].first, len(part), count, ratios, until)
