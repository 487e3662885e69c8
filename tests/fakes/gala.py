"""
A small library around one folder of pictures, with a fake vision: for tests of whole walks.

All but the networks is real: catalog, vault, decoder, gallery, bands.
"""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, select

from countenance.catalog import log, sources
from countenance.catalog.tables import item
from countenance.core.ids import GrantId, new_id
from countenance.enrol.enrol import Portrait
from countenance.extract.extractor import Extractor
from countenance.ingest.progress import Progress, silent
from countenance.ingest.run import Report
from countenance.library import Enrolled, Given, Library
from countenance.people.purpose import Purpose, Wish
from countenance.search.find import Found
from countenance.settings import load_settings
from countenance.sources.grant import Grant
from countenance.sources.source import Source
from countenance.vault.blobs import BlobStore
from countenance.vault.layout import LibraryLayout
from tests.fakes.clock import FakeClock
from tests.fakes.vision import FakeVision, picture

GROUND = "notice at the entrance"
COLLECTION = "gala"
A_DAY = timedelta(days=1)

_writings = count(1)


def open_library(root: Path, clock: FakeClock, vision: FakeVision, *, workers: int = 2) -> Library:
    """The library in `root`, which is made if there is none, with a fake vision."""
    settings = load_settings(root, environment={}, given={"workers": workers, "actor": "tester"})
    there = LibraryLayout(root).exists()
    library = (Library.open if there else Library.init)(root, settings, clock)
    library.__dict__["extractor"] = Extractor(library._decoder, vision)
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
            shutil.copytree(like, made.root)
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

    def find(self, who: str, purpose: Purpose = Purpose.FIND_ME) -> Found:
        return self.library.find(who, purpose=purpose)

    def places(self, who: str, purpose: Purpose = Purpose.FIND_ME) -> list[str]:
        """Where somebody is found, sorted."""
        return sorted(one.locator for one in self.find(who, purpose).sightings)

    def named(self, identity: int, purpose: Purpose = Purpose.FIND_ME) -> list[str]:
        """Who a probe with this face is taken for."""
        (face,) = self.library.search(picture(identity), purpose=purpose)
        return [candidate.name for candidate in face.candidates]

    def grant_again(self, scope: tuple[str, ...] = ("**",), *, days: int = 30) -> GrantId:
        """The owner of the folder grants it anew, for a month or for `days`."""
        now = self.library.now()
        new = Grant(
            GrantId(new_id("g")), self.source.id, "the club", now, now + days * A_DAY, scope
        )
        with self.library._database.write() as tx:
            sources.add_grant(tx, new)
        return new.id

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
        """Every file of the library."""
        return (path for path in sorted(self.root.rglob("*")) if path.is_file())


def rows(tx: Connection, *columns: object) -> list[tuple[object, ...]]:
    """What stands in `columns` of a table, in no particular order."""
    return [tuple(row) for row in tx.execute(select(*columns))]  # type: ignore[call-overload]
