"""The library: every use case of every subject, in one object."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from countenance.core.clock import Clock, SystemClock
from countenance.core.ids import new_id
from countenance.errors import Error, NoLibrary, Unavailable, UsageError
from countenance.library.collections import Collections
from countenance.library.people import People
from countenance.library.photos import Photos
from countenance.library.searches import Searches
from countenance.settings import Settings, load_settings
from countenance.vault.layout import LibraryLayout


class Library(Collections, Photos, People, Searches):
    """
    One library: one data folder, one controller.

    It is not shared between threads. Use it as a context manager, or call `close`.
    """

    @classmethod
    def init(cls, root: Path, settings: Settings | None = None, clock: Clock | None = None) -> Self:
        """
        Make a library in the folder `root`, and open it.

        Raises `UsageError` if there is one already, or if its folder for keys holds those of
        another, and `Unavailable` if it cannot be made.
        """
        layout = LibraryLayout(root)
        layout.create()
        made = cls(root, settings or load_settings(root), clock=clock or SystemClock())
        with made._closed_on_error():
            if made._database.revision():
                raise UsageError(f"{root}: there is a library here already")
            library_id = new_id("l")
            made._take_keys_folder(library_id)
            made._database.create(library_id, at=made._clock.now())
            # Where the key cannot be made now, it is made when it is first needed.
            with suppress(Unavailable):
                made._trail.key()
        return made

    @classmethod
    def open(cls, root: Path, settings: Settings | None = None, clock: Clock | None = None) -> Self:
        """
        Open the library in the folder `root`.

        Raises `NoLibrary` if there is none, and `Unavailable` if a newer program made it.
        """
        if not LibraryLayout(root).exists():
            raise NoLibrary(
                f"{root}: there is no library here",
                hint="countenance init makes one; --library names one that stands elsewhere",
            )
        opened = cls(root, settings or load_settings(root), clock=clock or SystemClock())
        with opened._closed_on_error():
            opened._database.require_known_revision()
            opened._database.migrate()
        return opened

    def close(self) -> None:
        """Let go of everything. What was logged since is signed, if it can be."""
        if self._acted:
            self._sign(at_least=1)
        self._decoder.close()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def damage(self) -> tuple[str, ...]:
        """What the catalog finds wrong in itself, in words; none if it is sound (P27)."""
        return self._database.damage()

    # ----------------------------------------------------------------------------------------

    @contextmanager
    def _closed_on_error(self) -> Iterator[None]:
        try:
            yield
        except Error:
            self.close()
            raise
