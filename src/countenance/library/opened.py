"""
A library that is open: its stores and its settings, and what all use cases need of them.

The use cases stand beside it, a class a subject; `Library` is all of them in one.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeVar, cast

from sqlalchemy import Connection

from countenance.audit.entry import Act, Entry
from countenance.catalog import binding, log, people, photos, sources
from countenance.catalog.jobs import JobKind
from countenance.catalog.journal import catch_up, require_not_older
from countenance.catalog.place import address_of, catalog_of
from countenance.catalog.stores import Stores
from countenance.catalog.trail import SIGNED_EVERY, Trail
from countenance.core.clock import Clock
from countenance.core.ids import PhotoId, SourceId
from countenance.errors import (
    DiskFull,
    Locked,
    NotFound,
    Unavailable,
    UsageError,
    VerificationError,
)
from countenance.ingest.progress import Progress
from countenance.library.runs import Run, running
from countenance.settings import KEYS_OWNER_FILE, Settings
from countenance.sources.source import Reader, Source
from countenance.vault.blobs import BlobStore
from countenance.vault.files import unavailable
from countenance.vault.journal import Journal
from countenance.vault.keys import KeyStore
from countenance.vault.layout import LibraryLayout, lock, lock_file
from countenance.vault.reserve import Reserve, full
from countenance.vault.signing import SigningKeyFile

if TYPE_CHECKING:
    from countenance.erasure.scanner import ScannerApart
    from countenance.extract.extractor import Extractor
    from countenance.ingest.writer import Writer
    from countenance.library.readers import Readers
    from countenance.media.decoder import Decoder
    from countenance.vision.models import Prepared
    from countenance.vision.pack import Calibration, Pack
    from countenance.vision.vision import Vision

T = TypeVar("T")


class Opened:
    """The ground that every use case stands on. Not shared between threads."""

    def __init__(self, root: Path, settings: Settings, *, clock: Clock) -> None:
        self._layout = LibraryLayout(root)
        self._settings = settings
        self._clock = clock
        self._database = catalog_of(self._layout, settings.catalog)
        self._stores = Stores(
            self._database,
            KeyStore(settings.keys_dir, settings.library_key),
            BlobStore(self._layout.vault),
            clock,
        )
        self._reserve = Reserve(root)
        self._signing_key = SigningKeyFile(settings.keys_dir)
        self._journal = Journal(settings.keys_dir)
        self._trail = Trail(
            self._database, self._signing_key, self._journal, clock, self._require_own_keys
        )
        self._acted = False
        self._pack: Pack | None = None

    @property
    def root(self) -> Path:
        return self._layout.root

    @property
    def catalog_address(self) -> str:
        """Where the catalog is, without a password; the empty string if it is a file."""
        return address_of(self._layout, self._settings.catalog)

    @property
    def settings(self) -> Settings:
        return self._settings

    @property
    def trail(self) -> Trail:
        """The audit log: read, signed, verified, written out."""
        return self._trail

    @contextmanager
    def acting_as(self, actor: str, *, language: str = "") -> Iterator[None]:
        """
        Let `actor` act, as long as this lasts; and notices be in `language`.

        Of the empty string each stays as the settings have it.
        """
        own = self._settings
        self._settings = replace(own, actor=actor or own.actor, language=language or own.language)
        try:
            yield
        finally:
            self._settings = own

    def now(self) -> datetime:
        """The present by which states are told: the clock, unless it was set back (P15)."""
        with self._database.read() as tx:
            return self._stores.now(tx)

    @property
    def pack(self) -> "Pack":
        """
        The model pack that the library is bound to at this moment, or else that of the settings.

        Another program may change it (`models switch`), so it is asked for at each use. Raises
        `NotFound` if there is no such pack.
        """
        from countenance.vision.pack import load_pack

        with self._database.read() as tx:
            named = binding.bound_pack(tx) or self._settings.pack
        if self._pack is None or self._pack.id != named:
            self._pack = load_pack(named, self._settings.models_dir)
        return self._pack

    @property
    def extractor(self) -> "Extractor":
        """
        The pack, loaded.

        Raises `NoModel` if its files are not on this machine, and `UsageError` if the library was
        filled with another pack: two packs' templates cannot be compared.
        """
        pack, known = self.pack, self.__dict__.get("extractor")
        if known is None or known.pack.id != pack.id:
            self._require_one_pack()
            known = self.__dict__["extractor"] = self._extractor_of(pack)
        return cast("Extractor", known)

    # ----------------------------------------------------------------------------------------

    # What most commands never ask for is made when it is.

    @cached_property
    def _readers(self) -> "Readers":
        from countenance.library.readers import Readers

        own = (self._layout.root, self._layout.vault, self._settings.keys_dir)
        return Readers(self._stores, self._settings, own, lambda: self._trail.key().public)

    @cached_property
    def _decoder(self) -> "Decoder":
        from countenance.media.decoder import Decoder
        from countenance.media.limits import Limits

        return Decoder(Limits())

    @cached_property
    def _scanner_apart(self) -> "ScannerApart":
        from countenance.erasure.scanner import ScannerApart

        return ScannerApart()

    def _extractor_of(self, pack: "Pack") -> "Extractor":
        """Raises `Refused` of a pack whose false-match rates nobody measured: it names nobody."""
        from countenance.vision.pack import require_measured

        require_measured(pack)
        return self._extractor_to_measure(pack)

    def _extractor_to_measure(self, pack: "Pack") -> "Extractor":
        from countenance.extract.extractor import Extractor
        from countenance.vision.models import ModelStore

        prepared = ModelStore(self._settings.models_dir).locate(pack)
        return Extractor(
            self._decoder, _loaded(pack, prepared, self._settings.long_side, self._settings.device)
        )

    def _take_keys_folder(self, library_id: str) -> None:
        folder = self._settings.keys_dir
        with unavailable(f"the key folder {folder}"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            library_key = self._stores.keys.library_key
            taken = self._stores.keys.ids() or self._signing_key.exists() or library_key.exists()
            if taken:
                raise UsageError(
                    f"{folder}: here are the keys of another library",
                    hint="give each library keys of its own: settings `keys_dir`, `library_key`",
                )
            (folder / KEYS_OWNER_FILE).write_text(library_id, encoding="utf-8")

    def _whatever_the_room(self, act: Callable[[], T]) -> T:
        """
        Do what a full disk may not stop: where it would, the reserve is spent on it (P28).

        `act` may be called again if it found no room.
        """
        if full(self.root):
            self._reserve.spend()
        try:
            done = act()
        except DiskFull:
            if not self._reserve.spend():
                raise
            done = act()
        with suppress(Unavailable):  # Then it is made at the next opening.
            self._reserve.restore()
        return done

    @contextmanager
    def _own_keys(self) -> Iterator[None]:
        """Hold the keys: only those of this library, for the strays among them are destroyed."""
        with lock(self._settings.keys_dir):
            self._require_own_keys()
            yield

    @contextmanager
    def _keys_in_turn(self) -> Iterator[None]:
        """Hold the keys as `_own_keys` does, but wait for who holds them now."""
        with lock_file(LibraryLayout(self._settings.keys_dir).lock):
            self._require_own_keys()
            yield

    def _require_own_keys(self) -> None:
        folder = self._settings.keys_dir
        with self._database.read() as tx:
            library_id = people.library_id(tx)
        with unavailable(f"the key folder {folder}"):
            owner = (folder / KEYS_OWNER_FILE).read_text(encoding="utf-8", errors="replace")
        if owner != library_id:
            raise Unavailable(f"{folder}: these are the keys of another library, {owner}")

    def _require_one_pack(self) -> None:
        with self._database.read() as tx:
            bound = binding.bound_pack(tx)
            others = () if bound else sorted(binding.packs_of_content(tx) - {self.pack.id})
        if others:
            raise UsageError(
                f"this library was filled with the pack {others[0]}, and not with {self.pack.id}",
                hint=f"set pack to {others[0]}, or change it: countenance models switch "
                f"{self.pack.id}",
            )

    def _log(
        self,
        tx: Connection,
        act: Act,
        *,
        subjects: tuple[str, ...],
        rests_on: tuple[str, ...] = (),
    ) -> None:
        at, actor = self._stores.now(tx), self._settings.actor
        log.record(tx, Entry(act, at, actor, subjects=subjects, rests_on=rests_on))

    def _photo_named(self, photo: str) -> PhotoId:
        """The photo of this id, or else the one that stands at this path."""
        # A link to a photo is a place of its own; one on the way to it is not.
        path = Path(photo).parent.resolve() / Path(photo).name
        with self._database.read() as tx:
            if photos.get(tx, PhotoId(photo)) is not None:
                return PhotoId(photo)
            for source in sources.list_all(tx):
                if not source.kind.is_path or not path.is_relative_to(source.location):
                    continue
                locator = path.relative_to(source.location).as_posix()
                if (found := photos.at_place(tx, source.id, locator)) is not None:
                    return found
        raise NotFound(f"{photo}: no photo has this id or stands at this path")

    def _did_act(self) -> None:
        self._acted = True
        # An act is acknowledged once a restore would know of it (P22).
        catch_up(self._database, self._journal)
        self._sign(at_least=SIGNED_EVERY)

    def _begin_journal(self) -> None:
        """Compare the log with its journal, and keep the journal from here on."""
        self._require_own_keys()
        catch_up(self._database, self._journal)
        self._database.after_each_commit(self._keep_journal)

    def _require_no_older_catalog(self) -> None:
        self._require_own_keys()
        require_not_older(self._database, self._journal)

    def _keep_journal(self) -> None:
        # Soon after each commit, whatever becomes of the use case. What stands in the way is said
        # by `_did_act`, and by the next opening.
        with suppress(Unavailable, VerificationError):
            catch_up(self._database, self._journal)

    def _sign(self, *, at_least: int) -> None:
        # What was done is done, and in the log; only the signature is late. The next close signs,
        # and `audit verify` says what stands in the way.
        with suppress(Unavailable, VerificationError):
            self._trail.sign(at_least=at_least)

    @contextmanager
    def _at_work(self) -> "Iterator[Writer]":
        from countenance.ingest.writer import Writer

        with lock(self._layout.root), self._database.alone_at_work():
            allowed = self._settings.false_hits
            yield Writer(self._stores, self.pack, self._keys_in_turn, allowed)

    def _search_again(self, progress: Progress) -> int | None:
        try:
            return self._compare_all(progress)
        except Locked:
            return None

    def _compare_all(self, progress: Progress) -> int:
        from countenance.ingest.compare import compare_all

        with self._at_work() as writer:
            with self._database.read() as tx:
                everywhere = sources.list_all(tx)
            readers = {source.id: self._reader(source) for source in everywhere}
            with self._running(JobKind.SEARCH_AGAIN, list(readers), progress) as run:
                done = compare_all(
                    writer,
                    self.extractor,
                    readers=readers,
                    workers=self._settings.workers,
                    progress=run,
                )
                run.counts = {"compared_again": done}
            return done

    def _running(
        self, kind: JobKind, sources: Sequence[SourceId], progress: Progress
    ) -> AbstractContextManager[Run]:
        return running(kind, sources, progress, actor=self._settings.actor, stores=self._stores)

    def _reader(self, source: Source) -> Reader:
        from countenance.ingest.granted import GrantedReader

        with self._database.read() as tx:
            given, begun = sources.grants(tx, source.id), self._stores.now(tx)
        reader = self._readers.of(
            source,
            lambda locator: any(
                one.covers(locator, max(begun, self._clock.now())) for one in given
            ),
        )
        return GrantedReader(reader, source.id, self._stores)


# --------------------------------------------------------------------------------------------

_loading = Lock()
_loaded_last: "dict[tuple[Calibration, str, int, Prepared, int, str], Vision]" = {}


def _loaded(pack: "Pack", prepared: "Prepared", long_side: int, device: str) -> "Vision":
    """
    The networks, loaded once in a process: threads with libraries of their own share them.

    Those that were loaded last are kept: they take seconds to load, and much memory.
    """
    from countenance.vision.vision import Vision

    key = (pack.calibration, pack.id, pack.version, prepared, long_side, device)
    with _loading:
        if key not in _loaded_last:
            _loaded_last.clear()
            _loaded_last[key] = Vision(pack, prepared, long_side=long_side, device=device)
        return _loaded_last[key]
