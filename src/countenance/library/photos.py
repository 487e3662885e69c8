"""Photos: ingested, listed, counted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from countenance.audit.entry import Act
from countenance.catalog import people, photos, sightings, sources
from countenance.catalog.jobs import JobKind
from countenance.catalog.photos import Photo
from countenance.catalog.sightings import Sighting
from countenance.core.ids import SourceId
from countenance.core.spans import fragment
from countenance.ingest.progress import Progress, silent
from countenance.library.sites import Sites
from countenance.sources.source import Reader, Source
from countenance.vault.reserve import require_room

if TYPE_CHECKING:
    from countenance.extract.extractor import Extractor
    from countenance.ingest.cluster import Scattering, Spread
    from countenance.ingest.run import Report


@dataclass(frozen=True, slots=True)
class Inventory:
    """How much there is in a library. `recognised` are the people who have a reference."""

    photos: int
    faces: int
    people: int
    sightings: int
    recognised: int


@dataclass(frozen=True, slots=True)
class SpreadOver:
    """
    A cluster that an ingest is spread over, `batch` items at a time; of none, as many as
    is best for most.

    With `mounted` the folders and archives of the sources lie on each of its machines, at the same
    path as here; else what is not on this machine gets their files from here.
    """

    engine: "Scattering"
    mounted: bool = False
    batch: int | None = None


def address(sighting: Sighting, reader: Reader) -> str:
    """Where a person can open what a sighting is in, by the reader of its source."""
    if sighting.page:
        return sighting.page
    where = reader.url(sighting.locator)
    return where if sighting.span is None else where + fragment(sighting.span)


class Photos(Sites):
    """What is done with photos."""

    def ingest(
        self,
        chosen: Sequence[str] = (),
        *,
        quick: bool = False,
        progress: Progress = silent,
        spread: SpreadOver | None = None,
    ) -> "Report":
        """
        List, read and recognise what is new at the sources `chosen`, or at all of them.

        With `quick` only the key frames of films are looked at, which may be many seconds apart.
        With `spread` new photos are worked on by the machines of a cluster.

        May be ended at any moment, and goes on when called again. Raises `Locked` if another run
        holds the library, `NotFound` if a chosen source does not exist, `NoGrant` if one has no
        grant in force (of all sources, those are passed over), and `Unavailable` if no source or
        the model pack can be reached, or the disk is nearly full, or there is no such cluster.
        """
        from countenance.ingest.run import ingest
        from countenance.media.film import Sampling

        if spread is not None:
            spread.engine.require()
        self._latch()
        self._carry_on_all()
        require_room(self.root)
        with self._at_work() as writer:
            wanted, away = self._see_all(self._chosen(chosen))
            readers = {source.id: self._reader(source) for source in wanted}
            with self._running(JobKind.INGEST, list(readers), progress) as run:
                report = ingest(
                    writer,
                    self.extractor,
                    readers=readers,
                    workers=self._settings.workers,
                    progress=run,
                    sampling=Sampling(every=self._settings.film_every_ms / 1000, quick=quick),
                    spread=None if spread is None else self._spread(spread, wanted),
                )
                report.unlisted += away
                run.counts = report.counts
            with self._database.write() as tx:
                ids = tuple(source.id for source in wanted)
                self._log(tx, Act.INGESTED, subjects=ids)
        self._did_act()
        return report

    def photos(self) -> list[Photo]:
        """Every photo, with where it stands and the faces in it."""
        with self._database.read() as tx:
            return photos.list_all(tx)

    def url(self, sighting: Sighting) -> str:
        """
        The address at which a person can open the photo of a sighting, or the page it is on. A film
        opens where they are seen.
        """
        known = self._addressing.get(sighting.source)
        if known is None:
            known = self._addressing[sighting.source] = self._reader(self.source(sighting.source))
        return address(sighting, known)

    def inventory(self) -> Inventory:
        """How much there is here."""
        with self._database.read() as tx:
            how_many, faces = photos.count(tx)
            return Inventory(
                photos=how_many,
                faces=faces,
                people=len(people.list_all(tx)),
                sightings=sightings.count(tx),
                recognised=people.count_recognised(tx),
            )

    # ----------------------------------------------------------------------------------------

    @cached_property
    def _addressing(self) -> dict[SourceId, Reader]:
        """Readers that were asked where something stands, and are asked for nothing else."""
        return {}

    def _spread(self, over: SpreadOver, wanted: Sequence[Source]) -> "Spread":
        from countenance.ingest.cluster import BATCH, Spread
        from countenance.ingest.worker import OnDisk

        self._require_one_pack()
        return Spread(
            engine=over.engine,
            load=self._load_elsewhere(),
            places={
                source.id: OnDisk(source.kind, Path(source.location), self._readers.apart)
                for source in wanted
                if source.kind.is_path
            },
            mounted=over.mounted,
            batch=over.batch or BATCH,
        )

    def _load_elsewhere(self) -> "Callable[[], Extractor]":
        """What loads the pack on another machine, where its models lie in the same folder."""
        from countenance.ingest.worker import load_extractor

        settings = self._settings
        return partial(
            load_extractor, self.pack, settings.models_dir, settings.long_side, settings.device
        )

    def _chosen(self, chosen: Sequence[str]) -> list[Source]:
        if not chosen:
            return self.sources_in_force()
        with self._database.read() as tx:
            return [sources.get(tx, which) for which in chosen]
