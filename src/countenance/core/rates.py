"""
Rates that were counted: so many of so many, and how sure that makes one of the rate behind them.

A share by itself says nothing of how it came about: 0 of 3 and 0 of 30,000 are both none.
"""

import math
from dataclasses import dataclass

from countenance.errors import UsageError

_Z = 1.959963984540054
"""The standard normal deviate that leaves 2.5 % on either side."""


@dataclass(frozen=True, slots=True)
class Rate:
    """
    `count` of `of` events, both whole and at least 0.

    Raises `UsageError` if `count` is negative or more than `of`.
    """

    count: int
    of: int

    def __post_init__(self) -> None:
        if not 0 <= self.count <= self.of:
            raise UsageError(f"rate: expected 0 <= count <= of, got {self.count} of {self.of}")

    @property
    def share(self) -> float | None:
        """In [0, 1]; none of no events."""
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float]:
        """
        Between what the true rate lies, with 95 % confidence: low and high, in [0, 1].

        The score interval of Wilson (1927), https://doi.org/10.1080/01621459.1927.10502953, which
        holds for few events and for rates near 0 and 1 too. Of no events it is all there is. The
        events are taken to be independent; pairs that share a face are not quite, and the true
        interval is then wider.
        """
        if not self.of:
            return 0.0, 1.0
        n, p = self.of, self.count / self.of
        spread = _Z * math.sqrt(p * (1 - p) / n + _Z * _Z / (4 * n * n))
        centre, scale = p + _Z * _Z / (2 * n), 1 + _Z * _Z / n
        # Exact at the ends, where the two terms cancel but for rounding.
        low = 0.0 if self.count == 0 else (centre - spread) / scale
        high = 1.0 if self.count == n else (centre + spread) / scale
        return low, high

    def as_json(self) -> dict[str, object]:
        """The figures for a program; `share` is null of no events."""
        low, high = self.interval
        return {"count": self.count, "of": self.of, "share": self.share, "low": low, "high": high}
