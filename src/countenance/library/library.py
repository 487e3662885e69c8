"""The library: every use case of every subject, in one object."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from countenance.catalog.place import make_place, require_one_place
from countenance.core.clock import Clock, SystemClock
from countenance.core.ids import new_id
from countenance.errors import (
    DiskFull,
    Error,
    NoLibrary,
    Unavailable,
    UsageError,
    VerificationError,
)
from countenance.ingest.progress import Progress, silent
from countenance.library.accounts import Accounts
from countenance.library.albums import Albums
from countenance.library.backups import Backups, keys_by_settings
from countenance.library.calibration import Calibration
from countenance.library.claims import Claims
from countenance.library.collections import Collections
from countenance.library.demands import Demands
from countenance.library.due import Deadlines
from countenance.library.erasures import Erasures
from countenance.library.jobs import Jobs
from countenance.library.own import OwnPictures
from countenance.library.people import People
from countenance.library.photos import Photos
from countenance.library.publishing import Publishing
from countenance.library.records import Records
from countenance.library.retention import Retained
from countenance.library.reviews import Reviews
from countenance.library.searches import Searches
from countenance.library.shares import Shares
from countenance.library.sidecars import SidecarFiles
from countenance.library.soundness import Soundness
from countenance.library.switching import Switching
from countenance.library.telling import Tellings
from countenance.library.uploads import Uploads
from countenance.settings import Settings, load_settings
from countenance.vault.layout import LibraryLayout

if TYPE_CHECKING:
    from countenance.keeping.restore import Restored


class Library(
    Accounts,
    Claims,
    Shares,
    OwnPictures,
    Tellings,
    Backups,
    Collections,
    Photos,
    Switching,
    People,
    SidecarFiles,
    Searches,
    Erasures,
    Records,
    Publishing,
    Soundness,
    Uploads,
    Reviews,
    Albums,
    Jobs,
    Deadlines,
    Demands,
    Retained,
    Calibration,
):
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
        settings = settings or load_settings(root)
        make_place(layout, settings.catalog)
        made = cls(root, settings, clock=clock or SystemClock())
        with made._closed_on_error():
            if made._database.holds():
                raise UsageError(f"{root}: there is a library here already")
            library_id = new_id("l")
            made._take_keys_folder(library_id)
            made._database.create(library_id, at=made._clock.now())
            made._begin_journal()
            # Where the key cannot be made now, it is made when it is first needed; and the reserve
            # at the next opening.
            with suppress(Unavailable):
                made._reserve.restore()
                made._trail.key()
        return made

    @classmethod
    def open(cls, root: Path, settings: Settings | None = None, clock: Clock | None = None) -> Self:
        """
        Open the library in the folder `root`.

        Raises `NoLibrary` if there is none, `Unavailable` if a newer program made it or its folder
        of keys cannot be reached, and `VerificationError` if its catalog is not what was written
        (P27), or older than the journal of its log: somebody put it there, and people erased since
        may be in it (P22).
        """
        opened = cls(root, settings or load_settings(root), clock=clock or SystemClock())
        with opened._closed_on_error():
            opened._require_catalog(sound=True)
            opened._begin_journal()
            # It is missed at a withdrawal alone, and opening may be the first step of one.
            with suppress(Unavailable):
                opened._reserve.restore()
        return opened

    @classmethod
    def restore(  # noqa: PLR0913  what becomes what, and who says so
        cls,
        backup: Path,
        to: Path,
        *,
        keys: Path | None = None,
        catalog: str | None = None,
        actor: str,
        clock: Clock | None = None,
        progress: Progress = silent,
    ) -> "Restored":
        """
        Make the library of a backup again, in the new folder `to`, with its folder of keys `keys`.

        Of no `keys`, they are where the settings say: those in the backup, else those of `to`. The
        catalog is a file, or moves into a database at the address `catalog`; of none, the settings
        of `to` say, and those of the environment. What ended since ends again before anybody can
        open it, then goes as far as it can, and what is lost is told. Raises `VerificationError` if
        backup or journal is damaged, `UsageError` if there is something in `to` or in the database,
        and `Unavailable` if journal or server cannot be reached; then there is no library in `to`.
        """
        from countenance.keeping.restore import restore

        where = (keys or keys_by_settings(backup, to)).absolute()
        clock = clock or SystemClock()
        place = load_settings(to).catalog if catalog is None else catalog
        done = restore(
            *(backup.absolute(), to.absolute()),
            keys=where,
            actor=actor,
            clock=clock,
            catalog=place,
        )
        # Whatever the environment says: it may name the keys of another library.
        settings = load_settings(done.root, given={"keys_dir": str(where), "actor": actor})
        with cls.open(done.root, settings, clock) as restored:
            restored.resume(progress=progress)
        return done

    @classmethod
    def open_for_audit(
        cls, root: Path, settings: Settings | None = None, clock: Clock | None = None
    ) -> Self:
        """
        Open a library of which nothing but its `trail` may be read, and `damage` asked, though its
        catalog may be old or damaged.

        Raises `NoLibrary` if there is none, and `Unavailable` if a newer program made it.
        """
        opened = cls(root, settings or load_settings(root), clock=clock or SystemClock())
        with opened._closed_on_error():
            opened._require_catalog(sound=False)
        return opened

    def close(self) -> None:
        """Let go of everything. What was logged since is signed, if it can be."""
        if self._acted:
            self._sign(at_least=1)
        for made in {"_decoder", "_readers", "_scanner_apart"} & vars(self).keys():
            getattr(self, made).close()
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

    # ----------------------------------------------------------------------------------------

    def _require_catalog(self, *, sound: bool) -> None:
        require_one_place(self._layout)
        if not self._layout.exists():
            raise NoLibrary(
                f"{self.root}: there is no library here",
                hint="countenance init makes one; --library names one that stands elsewhere",
            )
        try:
            self._require_readable(sound=sound)
        except DiskFull:
            # The database makes two small files beside it before anything can be read.
            if not self._reserve.spend():
                raise
            self._require_readable(sound=sound)
        self._database.migrate()

    def _require_readable(self, *, sound: bool) -> None:
        if sound:
            self._require_sound()
        self._database.require_known_revision()

    def _require_sound(self) -> None:
        if self._database.wrong() and not self._damage_within():
            # A whole catalog, and not the one: an older one is named as what it is.
            self._require_no_older_catalog()
        self._database.require_sound()

    def _damage_within(self) -> bool:
        try:
            return bool(self._database.damage())
        except VerificationError:
            return True

    @contextmanager
    def _closed_on_error(self) -> Iterator[None]:
        try:
            yield
        except Error:
            self.close()
            raise
