"""
A small library around one folder of pictures, with a fake vision: for tests of whole walks.

All but the networks is real: catalog, vault, decoder, gallery, bands.
"""

import os
import shutil
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, select

from countenance.audit.receipt import verify_chain
from countenance.catalog import log, sources
from countenance.catalog.database import Database, kind_of
from countenance.catalog.erasures import UNFINISHED
from countenance.catalog.place import catalog_of
from countenance.catalog.tables import item
from countenance.core.ids import ErasureId, GrantId, new_id
from countenance.enrol.enrol import Portrait
from countenance.erasure.scanner import scan_here
from countenance.erasure.takedown import let_in_again
from countenance.extract.extractor import Extractor
from countenance.ingest.progress import Progress, silent
from countenance.ingest.run import Report
from countenance.library import Enrolled, Given, Library
from countenance.people.purpose import Purpose, Wish
from countenance.search.find import Found, Part
from countenance.settings import MAX_SEARCHES, keys_beside, load_settings
from countenance.sources.grant import Grant
from countenance.sources.source import Source
from countenance.vault.blobs import BlobStore
from countenance.vault.layout import LibraryLayout
from tests.fakes import postgres
from tests.fakes.clock import FakeClock
from tests.fakes.vision import FakeVision, picture

GROUND = "notice at the entrance"
COLLECTION = "gala"
A_DAY = timedelta(days=1)

_writings = count(1)


def open_library(root: Path, clock: FakeClock, vision: FakeVision, *, workers: int = 2) -> Library:
    """The library in `root`, which is made if there is none, with a fake vision."""
    # Tests search again and again at one instant of their clock.
    settings = load_settings(
        root,
        environment=postgres.environment(),
        given={
            "workers": workers,
            "actor": "tester",
            "searches_per_account": MAX_SEARCHES,
            "searches_per_library": MAX_SEARCHES,
        },
    )
    there = LibraryLayout(root).exists()
    library = (Library.open if there else Library.init)(root, settings, clock)
    library.__dict__["extractor"] = Extractor(library._decoder, vision)
    # No process of its own: it takes a third of a second to start, and who is alone needs none.
    library._scanner = scan_here
    return library


@dataclass(slots=True)
class Gala:
    """A library, its one folder, and the few things that tests do with them."""

    root: Path
    folder: Path
    clock: FakeClock
    vision: FakeVision
    library: Library = field(init=False)
    source: Source = field(init=False)

    @classmethod
    def make(
        cls,
        below: Path,
        *,
        ground: str = GROUND,
        scope: tuple[str, ...] = ("**",),
        until: datetime | None = None,
        like: Path | None = None,
    ) -> Self:
        """
        A new one in the folder `below`, under a grant for a month or `until`.

        `like` is the root of a library that has just been made: copying it saves time.
        """
        made = cls(below / "library", below / COLLECTION, FakeClock(), FakeVision())
        made.folder.mkdir(parents=True)
        if like is not None:
            copy_library(like, made.root)
        made.library = open_library(made.root, made.clock, made.vision)
        given = Given("the club", until or made.clock.now() + 30 * A_DAY, scope)
        made.source = made.library.add_folder(made.folder, given, ground=ground).source
        return made

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.library.close()

    def reopen(self) -> None:
        self.library.close()
        self.library = open_library(self.root, self.clock, self.vision)

    def another(self) -> Library:
        """The same library as another program would open it."""
        return open_library(self.root, self.clock, FakeVision())

    def put(self, name: str, *identities: int, salt: int = 0, side: int = 128) -> Path:
        """Write a picture, each time with a time of its own: a file system may be too coarse."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(*identities, salt=salt, side=side))
        os.utime(path, ns=(0, next(_writings) * 1_000_000_000))
        return path

    def ingest(self, progress: Progress = silent) -> Report:
        return self.library.ingest(progress=progress)

    def enrol(
        self,
        name: str,
        identity: int,
        *purposes: Purpose,
        until: datetime | None = None,
        again: bool = False,
    ) -> Enrolled:
        """Enrol under `purposes`, by default for finding oneself."""
        return self.library.enrol(
            name,
            [Portrait("portrait.jpg", picture(identity))],
            tuple(Wish(purpose) for purpose in purposes or (Purpose.FIND_ME,)),
            until=until,
            again=again,
        )

    def find(self, who: str, purpose: Purpose = Purpose.FIND_ME, part: Part | None = None) -> Found:
        return self.library.find(who, purpose=purpose, part=part)

    def places(self, who: str, purpose: Purpose = Purpose.FIND_ME) -> list[str]:
        """Where somebody is found, sorted."""
        return sorted(one.locator for one in self.find(who, purpose).sightings)

    def named(self, identity: int, purpose: Purpose = Purpose.FIND_ME) -> list[str]:
        """Who a probe with this face is taken for."""
        (face,) = self.library.search(picture(identity), purpose=purpose)
        return [candidate.name for candidate in face.candidates]

    def grant_again(self, scope: tuple[str, ...] = ("**",), *, days: int = 30) -> GrantId:
        """The owner grants the folder anew, with what was taken down, for a month or `days`."""
        now = self.library.now()
        new = Grant(
            GrantId(new_id("g")), self.source.id, "the club", now, now + days * A_DAY, scope
        )
        with self.library._database.write() as tx:
            sources.add_grant(tx, new)
            let_in_again(tx, self.source.id, actor="tester", stores=self.library._stores)
        return new.id

    def end_the_grants(self) -> None:
        """As on the day after the last one's end: nothing is readable, and nothing is removed."""
        with self.library._database.write() as tx:
            sources.revoke(tx, self.source.id, at=self.library._stores.now(tx))

    @property
    def keys(self) -> Path:
        """The folder of the keys."""
        return self.library.settings.keys_dir

    @property
    def blobs(self) -> BlobStore:
        return self.library._stores.blobs

    def states(self) -> dict[str, str]:
        """The state of each item, by locator."""
        with self.library._database.read() as tx:
            return {row.locator: row.state for row in tx.execute(select(item))}

    def log(self) -> list[str]:
        """The acts in the log, oldest first."""
        with self.library._database.read() as tx:
            return [one.act.value for one in log.entries(tx)]

    def files(self) -> Iterable[Path]:
        """Every file of the library: its keys among them, and those of the catalog's server."""
        self.library._database.write_through()
        return (*self.in_folders(), *(self.library._database.own_files() or ()))

    def in_folders(self) -> Iterable[Path]:
        """Every file in the library's folder, and in that of its keys."""
        folders = (self.root, self.keys)
        return [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]

    def stored(self, *texts: str) -> bytes:
        """Texts that stand side by side in a row of the catalog, as they lie in its file."""
        return kind_of(self.library._database._engine.dialect.name).as_stored(texts)


def copy_library(root: Path, to: Path) -> None:
    """Copy a library that is closed, and the keys that lie beside it, to the folder `to`."""
    shutil.copytree(root, to)
    shutil.copytree(keys_beside(root), keys_beside(to))
    postgres.copy_catalog(to)


def database_at(root: Path) -> Database:
    """The database of the library in `root`, as one who is not the program opens it."""
    layout = LibraryLayout(root)
    return catalog_of(layout, "") if layout.address.exists() else Database.at(layout.catalog)


@contextmanager
def by_hand(root: Path) -> Iterator[Connection]:
    """A transaction of somebody who holds the database, and of whom the program knows nothing."""
    database = database_at(root)
    try:
        with database.write() as tx:
            yield tx
    finally:
        database.close()


def forget_imprint(root: Path) -> None:
    """
    As a crash leaves a library: nothing says what each byte of its catalog was.

    For tests that change rows by hand and ask who names it then. It is closed.
    """
    (root / "catalog.db-imprint").unlink(missing_ok=postgres.is_asked_for())


def holding(root: Path, pieces: Collection[bytes]) -> list[str]:
    """
    The files of a library, its keys and its catalog's server's among them, that hold one of
    `pieces`, by their names.

    It reads them simply, and shares nothing with the scan of the product. Only while no other
    process has the library open: reading its files lets go of our locks.
    """
    folders = (root, keys_beside(root))
    files = [one for folder in folders for one in sorted(folder.rglob("*")) if one.is_file()]
    found = ((path.name, path.read_bytes()) for path in [*files, *postgres.files_of(root)])
    return [name for name, data in found if any(one in data for one in pieces)]


def require_receipts(library: Library, *, settled: bool = True) -> None:
    """
    Every receipt verifies, and goes on from the one before it.

    There is one of every case of which nothing is left, once it is `settled`, and of no other.
    """
    key = library.trail.key()
    of_case: defaultdict[ErasureId, list[str]] = defaultdict(list)
    for one in library.receipts():
        of_case[one.erasure].append(one.text)
    for texts in of_case.values():
        verify_chain(texts, key)
    gone = {one.id for one in library.erasures() if one.stage not in UNFINISHED}
    assert of_case.keys() <= gone
    assert not settled or of_case.keys() == gone


def rows(tx: Connection, *columns: object) -> list[tuple[object, ...]]:
    """What stands in `columns` of a table, in no particular order."""
    return [tuple(row) for row in tx.execute(select(*columns))]  # type: ignore[call-overload]
