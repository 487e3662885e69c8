"""
An ingest: list, take up, work, store, until nothing is left. It may be ended at any moment.

What is done is in the catalog; what is not is on its list. Running it again goes on from there:
no photo is worked on twice, none is forgotten (P29).
"""

import time
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import Connection

from countenance.catalog import (
    collections,
    copies,
    items,
    photos,
    shelves,
    sources,
    tombstones,
    words,
)
from countenance.catalog.collections import Collection
from countenance.catalog.items import ItemState
from countenance.catalog.photos import PhotoKind
from countenance.catalog.stores import Stores
from countenance.core.canonical import Digest
from countenance.core.ids import SourceId
from countenance.engines.local import run as run_local
from countenance.errors import NoGrant, Reason, Unavailable
from countenance.extract.extractor import Extractor
from countenance.extract.recognise import Sieve
from countenance.ingest.cluster import Leading, Spread
from countenance.ingest.compare import compare_all
from countenance.ingest.film import Watching
from countenance.ingest.listing import Listed, Scanned, write_plan
from countenance.ingest.progress import Progress, Step, silent
from countenance.ingest.stage import AwayPhoto, Known, PhotoStage, ReadPhoto, Record, Work
from countenance.ingest.writer import Stored, Writer
from countenance.media.film import Sampling
from countenance.sources.changes import compare
from countenance.sources.source import Entry, Reader, Unlisted
from countenance.vault.ledger import CopyKind


@dataclass(frozen=True, slots=True)
class Skipped:
    """A photo without result: where it stands, and why it was left out."""

    source: SourceId
    locator: str
    reason: Reason
    detail: str


@dataclass(slots=True)
class Report:
    """
    What one ingest did.

    `sources` counts those that had a grant in force, `done` photos read, `known` further places of
    photos that were read before, `faces` and `sightings` what was found in the photos of this run.
    `unlisted` are folders that could not be looked into, and sources that were away, `passed_over`
    files that are no pictures by their names. `cut_short` are films of which not all could be seen,
    and why. `films` are among `done`, and `film_seconds` is how long they are together. `spent` is
    CPU seconds by stage, over all threads; `seconds` is the whole run by the wall clock.
    """

    sources: int = 0
    listed: Listed = field(default_factory=Listed)
    done: int = 0
    known: int = 0
    faces: int = 0
    sightings: int = 0
    compared_again: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    unlisted: list[Unlisted] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    cut_short: list[Skipped] = field(default_factory=list)
    films: int = 0
    film_seconds: float = 0.0
    spent: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def is_news(self) -> bool:
        """Whether anything came of it, or anything was in its way."""
        worked = self.done + self.known + self.compared_again + self.listed.vanished
        return bool(worked or self.skipped or self.unlisted)

    @property
    def counts(self) -> dict[str, int]:
        """What came of it, in numbers."""
        return {
            "photos": self.done,
            "known": self.known,
            "faces": self.faces,
            "sightings": self.sightings,
            "compared_again": self.compared_again,
            "skipped": len(self.skipped),
            "vanished": self.listed.vanished,
            "unlisted": len(self.unlisted),
        }

    def add(self, record: Record, stored: Stored) -> None:
        """Count what came of one record."""
        if stored.reason is not None:
            self.skipped.append(
                Skipped(stored.source, stored.locator, stored.reason, stored.detail)
            )
            return
        self.known += stored.known
        self.done += not stored.known
        self.faces += stored.faces
        self.sightings += stored.sightings
        if isinstance(record, ReadPhoto):
            self.films += record.kind is PhotoKind.FILM
            self.film_seconds += record.seconds or 0.0
            if record.short:
                self.cut_short.append(Skipped(stored.source, stored.locator, *record.short))
            for name, seconds in record.spent.items():
                self.spent[name] = self.spent.get(name, 0.0) + seconds


def ingest(  # noqa: PLR0913  what a run is given, and each by itself
    writer: Writer,
    extractor: Extractor,
    *,
    readers: Mapping[SourceId, Reader],
    workers: int,
    progress: Progress,
    sampling: Sampling | None = None,
    spread: Spread | None = None,
) -> Report:
    """
    Bring the catalog up to what the sources of `readers` hold now.

    The caller holds the library's lock. Raises `NoGrant` if a source has no grant in force, before
    anything is read, and `Unavailable` if not one of them can be listed. Of several, one that
    cannot be is said in the report, and nothing of it has changed. So is one that goes away while
    its photos are read: what was not read yet stays on the list. `sampling` says which frames of a
    film are looked at, and `spread` that new photos are worked on elsewhere.
    """
    begun, report = time.monotonic(), Report(sources=len(readers))
    watching = Watching(sampling or Sampling(), progress)
    _tidy_up(writer)
    here = _list_all(writer, readers, report, progress)
    while _work_through(
        writer, extractor, here, watching, workers=workers, report=report, spread=spread
    ):
        pass
    while _any_suspect(writer, here):
        _work_through(writer, extractor, here, watching, workers=1, report=report, suspect=True)
    writer.drop_vanished_previews(list(here))
    report.compared_again = compare_all(
        writer, extractor, readers=here, workers=workers, progress=progress
    )
    report.seconds = time.monotonic() - begun
    return report


def scan(stores: Stores, source: SourceId, reader: Reader, progress: Progress = silent) -> Scanned:
    """
    What changed at `source` since the last ingest. No file is read, and nothing is stored.

    Raises as `require_grant` does, and `Unavailable` if the source as a whole cannot be listed.
    """
    require_grant(stores, source)
    unlisted: list[Unlisted] = []
    passed_over: list[str] = []
    listed = list(_told(reader.list(unlisted.append, passed_over.append), progress))
    with stores.database.read() as tx:
        changes = compare(listed, items.stamps(tx, source), unlisted=unlisted)
    return Scanned(changes, tuple(unlisted), tuple(passed_over))


def require_grant(stores: Stores, source: SourceId) -> None:
    """Raises `NoGrant` if `source` has no grant in force now."""
    with stores.database.read() as tx:
        given, now = sources.grants(tx, source), stores.now(tx)
    if not any(grant.in_force(now) for grant in given):
        raise NoGrant(
            f"{source}: no grant is in force for this source",
            hint="countenance source show says when it ended",
        )


# --------------------------------------------------------------------------------------------


def _tidy_up(writer: Writer) -> None:
    """Take back what a run that died had taken, and remove the files it had begun."""
    blobs = writer.stores.blobs
    # Looked at before the rows: a file that is not there yet has its row before it comes.
    there = list(blobs.ids())
    with writer.stores.database.write() as tx:
        items.take_back(tx, at=writer.stores.now(tx))
        if words.out_of_step(tx):
            words.rebuild(tx)
        if shelves.out_of_step(tx):
            shelves.rebuild(tx)
        left = copies.unconfirmed(tx, CopyKind.PREVIEW, CopyKind.ORIGINAL)
        listed = copies.ids(tx)
    copies.remove_unconfirmed(writer.stores, left)
    # No crash leaves a file without a row; a catalog from a backup that is put back does.
    for stray in [one for one in there if one not in listed]:
        blobs.remove(stray)
    blobs.sweep_unfinished()


def _list_all(
    writer: Writer, readers: Mapping[SourceId, Reader], report: Report, progress: Progress
) -> dict[SourceId, Reader]:
    """List every source. Gives the readers of those that could be."""
    here, away = {}, None
    for source, reader in readers.items():
        try:
            _list(writer, source, reader, report, progress)
            here[source] = reader
        except Unavailable as exc:
            away = exc
            report.unlisted.append(Unlisted(source, exc.message))
    if away is not None and not here:
        raise away
    return here


def _list(
    writer: Writer, source: SourceId, reader: Reader, report: Report, progress: Progress
) -> None:
    # Nobody else changes a list of items meanwhile: this run holds the library.
    scanned = scan(writer.stores, source, reader, progress)
    with writer.stores.database.write() as tx:
        report.listed += write_plan(tx, source, scanned.changes, at=writer.stores.now(tx))
    report.unlisted += scanned.unlisted
    report.passed_over += scanned.passed_over


def _told(listing: Iterable[Entry], progress: Progress) -> Iterator[Entry]:
    """A site is listed page by page, at the rate that it allows: whoever waits sees it grow."""
    for number, entry in enumerate(listing, start=1):
        progress(Step("files listed", number, None))
        yield entry


def _work_through(  # noqa: PLR0913  the one place where all of an ingest meets
    writer: Writer,
    extractor: Extractor,
    here: dict[SourceId, Reader],
    watching: Watching,
    *,
    workers: int,
    report: Report,
    suspect: bool = False,
    spread: Spread | None = None,
) -> bool:
    """
    Whether some items have to be worked on once more: their photo was removed meanwhile.

    A source that goes away is taken out of `here`. With `suspect` it is one item, of those that
    were given up once, and nothing beside it: if the run dies now, no other is blamed.
    """
    wanted = list(here)
    total = _count_listed(writer, wanted)
    taken: dict[int, Work] = {}
    recognises = _recognising(writer, wanted)
    known = Known(
        known=_known(writer, wanted),
        erased=_erased(writer, wanted),
        recognises=recognises,
    )
    if spread is None:
        stage = PhotoStage(
            extractor,
            known,
            readers=dict(here),
            watching=watching,
            sifts=_sifts(writer, recognises),
        )
        claims = _claims(writer, here, taken, suspect=suspect)
        found = run_local(islice(claims, 1) if suspect else claims, stage, workers=workers)
    else:
        found = Leading(spread, writer, here, taken, known, watching.sampling).records()
    try:
        with (
            closing(found) as records,
            # First of all, when this ends early: closing waits for what is under way.
            watching.until_it_fails(),
        ):
            for record in records:
                if isinstance(record, AwayPhoto):
                    _leave_out(record, here, report)
                    continue
                stored = writer.store(record)
                if stored.again or stored.late:
                    continue
                report.add(record, stored)
                taken.pop(record.work.claim.id, None)
                done = report.done + report.known + len(report.skipped)
                watching.tell(Step("photos", done, max(total, done), len(report.skipped)))
    finally:
        writer.release(list(taken.values()))
    return any(work.claim.source in here for work in taken.values())


def _leave_out(away: AwayPhoto, here: dict[SourceId, Reader], report: Report) -> None:
    """No more is taken up of a source that went away, and that is said once."""
    source = away.work.claim.source
    if here.pop(source, None) is not None:
        report.unlisted.append(Unlisted(source, away.message))


def _any_suspect(writer: Writer, here: Mapping[SourceId, Reader]) -> bool:
    with writer.stores.database.read() as tx:
        return items.any_suspect(tx, list(here))


def _claims(
    writer: Writer, here: Mapping[SourceId, Reader], taken: dict[int, Work], *, suspect: bool
) -> Iterator[Work]:
    while (work := writer.claim(list(here), suspect=suspect)) is not None:
        taken[work.claim.id] = work
        yield work


def _count_listed(writer: Writer, wanted: list[SourceId]) -> int:
    with writer.stores.database.read() as tx:
        return items.count_by_state(tx, wanted).get(ItemState.LISTED, 0)


def _known(writer: Writer, wanted: list[SourceId]) -> set[tuple[SourceId, Digest]]:
    with writer.stores.database.read() as tx:
        return photos.digests(tx, wanted)


def _erased(writer: Writer, wanted: list[SourceId]) -> Container[tuple[SourceId, Digest]]:
    """It saves work, and is not the gate: the writer asks again."""
    with writer.stores.database.read() as tx:
        key = tombstones.key_of(tx)
        if key is None:
            return ()
        return tombstones.of_sources(tx, wanted, key=writer.stores.keys.read(key))


def _recognising(writer: Writer, wanted: list[SourceId]) -> set[SourceId]:
    """
    The sources whose faces are worth a template: the rule allows it, and there is whom to find.

    It saves work, and is not the gate: the writer asks again. Whoever enrols while this runs is
    found in the comparison afterwards.
    """
    with writer.stores.database.read() as tx:
        if not len(writer.gallery(tx).gallery):
            return set()
        return {
            source
            for source in wanted
            if _compares(tx, collections.get(tx, sources.get(tx, source).collection))
        }


def _sifts(writer: Writer, recognises: set[SourceId]) -> dict[SourceId, Sieve]:
    """What tells the faces that may be somebody's. Who enrols meanwhile is found afterwards."""
    with writer.stores.database.read() as tx:
        made = {source: writer.sieve_of(tx, source) for source in sorted(recognises)}
    return {source: one for source, one in made.items() if one is not None}


def _compares(tx: Connection, where: Collection) -> bool:
    return where.recognises and (not where.minors or bool(collections.roster_of(tx, where.id)))
