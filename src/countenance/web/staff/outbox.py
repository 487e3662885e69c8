"""
Files that were published and not fetched yet: each is handed over once, to who made it.

Photos are in memory, films in files that have no name. A file that nobody fetches is gone after a
while, and with the server. The ledger has it then as given, which is the side to err on; it can be
published again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import BinaryIO

KEPT_SECONDS = 15 * 60
FILM_KEPT_SECONDS = 4 * 60 * 60
"""Making a film takes so long that nobody waits for it."""

MOST = 12
"""At once. The oldest goes first."""

_PIECE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that waits: what is in it, how its name ends, and what it is. It is read once."""

    content: bytes | BinaryIO
    ending: str
    media_type: str

    def pieces(self) -> Iterator[bytes]:
        """What is in it; then it is gone."""
        if isinstance(self.content, bytes):
            yield self.content
            return
        with self.content as file:
            while piece := file.read(_PIECE_BYTES):
                yield piece

    def drop(self) -> None:
        """Nobody reads it any more."""
        if not isinstance(self.content, bytes):
            self.content.close()


@dataclass(slots=True)
class Outbox:
    """The files of one server, by the id of their disclosure and by who published them."""

    clock: Callable[[], float] = monotonic
    _files: dict[tuple[str, str], tuple[float, Kept]] = field(
        default_factory=dict, init=False, repr=False
    )

    def put(
        self, which: str, actor: str, made: Kept, *, kept_seconds: float = KEPT_SECONDS
    ) -> None:
        """Keep a file until it is fetched."""
        self._forget()
        while len(self._files) >= MOST:
            self._files.pop(next(iter(self._files)))[1].drop()
        self._files[which, actor] = (self.clock() + kept_seconds, made)

    def keep_film(self, which: str, actor: str, file: BinaryIO) -> None:
        """Keep a film that was made, until it is fetched."""
        made = Kept(file, ".mp4", "video/mp4")
        self.put(which, actor, made, kept_seconds=FILM_KEPT_SECONDS)

    def has(self, which: str, actor: str) -> bool:
        """Whether it is here, for this actor."""
        self._forget()
        return (which, actor) in self._files

    def take(self, which: str, actor: str) -> Kept | None:
        """The file, which is here no more afterwards; nothing if it is not here for this actor."""
        self._forget()
        found = self._files.pop((which, actor), None)
        return None if found is None else found[1]

    def close(self) -> None:
        """Let go of everything."""
        while self._files:
            self._files.popitem()[1][1].drop()

    # ----------------------------------------------------------------------------------------

    def _forget(self) -> None:
        now = self.clock()
        for key in [key for key, (until, _) in self._files.items() if until <= now]:
            self._files.pop(key)[1].drop()
