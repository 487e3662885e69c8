"""
Pictures that somebody gave to be looked at, until they say that they are to be used.

They are in memory and nowhere else, for ten minutes at most, each under a key of 128 random bits
that leads to it by the link alone under which it was given. Of a picture that will not do only the
view is there. Where many are, the oldest of whoever has the most go first: they are given again.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from secrets import token_urlsafe

from countenance.enrol.enrol import Portrait, Seen

SECONDS = 600.0

MAX_BYTES = 256 * 2**20
"""Of all pictures that are held at once."""

_KEY_BYTES = 16


@dataclass(frozen=True, slots=True, eq=False)
class Giving:
    """Pictures given together by `who`, under the link `link`: those to be used, and all views."""

    key: str
    link: str
    who: str
    seen: tuple[Seen, ...]
    usable: tuple[Portrait, ...] = field(repr=False)

    @property
    def size(self) -> int:
        return sum(len(one.view) for one in self.seen) + sum(len(one.data) for one in self.usable)


def _later(act: Callable[[], None]) -> object:
    return asyncio.get_running_loop().call_later(SECONDS, act)


class Held:
    """The pictures. `later` does something once their time is over; by default the event loop."""

    def __init__(self, later: Callable[[Callable[[], None]], object] = _later) -> None:
        self._later = later
        self._givings: dict[str, Giving] = {}

    def __len__(self) -> int:
        return len(self._givings)

    def hold(
        self, link: str, portraits: Sequence[Portrait], seen: tuple[Seen, ...], *, who: str
    ) -> Giving:
        """Hold what was given, until it is taken or its time is over."""
        usable = tuple(p for p, s in zip(portraits, seen, strict=True) if s.judged.accepted)
        made = Giving(token_urlsafe(_KEY_BYTES), link, who, seen, usable)
        self._givings[made.key] = made
        self._make_room()
        self._later(lambda: self.forget(made.key))
        return made

    def get(self, link: str, key: str) -> Giving | None:
        """What was given under that link and that key, if it is here yet."""
        found = self._givings.get(key)
        return found if found is not None and found.link == link else None

    def forget(self, key: str) -> None:
        """Let it go: it was used, or its time is over. May be called again."""
        self._givings.pop(key, None)

    # ----------------------------------------------------------------------------------------

    def _make_room(self) -> None:
        while sum(one.size for one in self._givings.values()) > MAX_BYTES:
            by = Counter[str]()
            for one in self._givings.values():
                by[one.who] += one.size
            most = max(by, key=by.__getitem__)
            self.forget(next(key for key, one in self._givings.items() if one.who == most))
