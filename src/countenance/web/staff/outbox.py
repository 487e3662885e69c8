"""
Files that were published and not fetched yet, in memory: each is handed over once, to who made it.

A file that nobody fetches is gone after a while, and with the server. The ledger has it then as
given, which is the side to err on; it can be published again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

KEPT_SECONDS = 15 * 60
MOST = 12
"""At once. The oldest goes first."""


@dataclass(slots=True)
class Outbox:
    """The files of one server, by the id of their disclosure and by who published them."""

    clock: Callable[[], float] = monotonic
    _files: dict[tuple[str, str], tuple[float, bytes]] = field(
        default_factory=dict, init=False, repr=False
    )

    def put(self, which: str, actor: str, data: bytes) -> None:
        """Keep a file until it is fetched."""
        self._forget()
        while len(self._files) >= MOST:
            del self._files[next(iter(self._files))]
        self._files[which, actor] = (self.clock(), data)

    def has(self, which: str, actor: str) -> bool:
        """Whether it is here, for this actor."""
        self._forget()
        return (which, actor) in self._files

    def take(self, which: str, actor: str) -> bytes | None:
        """The file, which is here no more afterwards; nothing if it is not here for this actor."""
        self._forget()
        found = self._files.pop((which, actor), None)
        return None if found is None else found[1]

    # ----------------------------------------------------------------------------------------

    def _forget(self) -> None:
        oldest = self.clock() - KEPT_SECONDS
        self._files = {key: one for key, one in self._files.items() if one[0] > oldest}
