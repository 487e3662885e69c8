"""
Watching a film in an ingest: piece by piece, under a grant that is asked again at every frame.

A film takes minutes, in which a grant may end (P1) and the run be stopped. Both are heeded at the
next frame.
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from countenance.core.canonical import Digest
from countenance.errors import Interrupted
from countenance.extract.extractor import Extractor
from countenance.extract.film import Watch, Watched
from countenance.ingest.progress import Progress, Step
from countenance.media.film import Sampling
from countenance.sources.source import OpenFile

_PIECE_BYTES = 8 * 1024**2


@dataclass(slots=True)
class Watching:
    """
    How films are watched in one run, and how far that is.

    `sampling` says which frames are looked at, `progress` is told of the seconds of film that are
    done, in whatever thread a film is watched.
    """

    sampling: Sampling
    progress: Progress
    _stopped: threading.Event = field(default_factory=threading.Event, init=False)
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock, init=False)
    _done: float = field(default=0.0, init=False)
    _total: float = field(default=0.0, init=False)

    @contextmanager
    def until_it_fails(self) -> Iterator[None]:
        """If the block fails, or is interrupted, each film ends at its next frame."""
        try:
            yield
        except BaseException:
            self._stopped.set()
            raise

    def require_going_on(self) -> None:
        if self._stopped.is_set():
            raise Interrupted("stopped while a film was watched")

    def add(self, *, done: float = 0.0, total: float = 0.0) -> None:
        """So many more seconds of film are done, or to be done."""
        with self._one_at_a_time:
            self._done += done
            self._total = max(self._total + total, self._done)
            self.progress(Step("seconds of film", round(self._done), round(self._total)))

    def tell(self, step: Step) -> None:
        """Tell of something else, from another thread."""
        with self._one_at_a_time:
            self.progress(step)


def digest_of(opened: OpenFile, how: Watching) -> Digest:
    """The digest of a whole file, read piece by piece. Raises as `opened.require` does."""
    digest = hashlib.sha256()
    opened.file.seek(0)
    while piece := opened.file.read(_PIECE_BYTES):
        digest.update(piece)
        opened.require()
        how.require_going_on()
    opened.file.seek(0)
    return Digest(digest.hexdigest())


def watch_film(opened: OpenFile, see: Extractor, how: Watching, *, compares: bool) -> Watched:
    """
    What is seen in a film; with `compares` also templates, in memory.

    Raises `Unreadable` with the reason if nothing of it can be seen, or if its grant ended
    meanwhile, and `Interrupted` if it was stopped.
    """
    with see.films.opened(opened.file, how.sampling) as film:
        watch = Watch(see, film.header, compares)
        how.add(total=film.header.seconds)
        so_far = 0.0
        for frame in film.frames():
            opened.require()
            how.require_going_on()
            watch.look(frame)
            how.add(done=frame.at - so_far)
            so_far = frame.at
        assert film.ended is not None  # noqa: S101  its frames were taken
        how.add(done=max(0.0, film.header.seconds - so_far))
        return watch.done(film.ended)
