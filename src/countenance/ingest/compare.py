"""
Comparing again: photos stored before somebody enrolled are searched from their boxes.

Nothing is detected a second time, and a photo is decoded whole only where its faces are too low in
the preview; of a film the frames are in which its faces are seen best. Each photo remembers the
version of the gallery it was compared with, so that this too goes on where it stopped, and so that
enrolling first or ingesting first gives the same sightings.
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection

from countenance.catalog import copies, likely, people, photos, sources
from countenance.catalog.photos import Photo, PhotoKind
from countenance.catalog.stores import Stores
from countenance.core.canonical import digest
from countenance.core.ids import CollectionId, PersonId, PhotoId, SourceId
from countenance.engines.local import run as run_local
from countenance.errors import NotFound, Unavailable, Unreadable, VerificationError
from countenance.extract.extractor import Cut, Extractor, Templates
from countenance.extract.film import moments, templates_again
from countenance.extract.recognise import Sieve
from countenance.ingest.film import Watching, digest_of
from countenance.ingest.progress import Progress, Step, silent
from countenance.ingest.writer import Compared, Writer
from countenance.media.decode import Picture
from countenance.media.film import Frame, Sampling
from countenance.media.preview import decode_preview
from countenance.sources.source import FileReader, OpenFile, Reader

TOGETHER = 4
"""
Photos whose faces are embedded in one run, and stored in one transaction.

At three faces each a run of eight is no faster, and what is found waits for it.
"""

_PART = 200  # photos looked up at once


@dataclass(frozen=True, slots=True, eq=False)
class Behind:
    """A photo that is behind the gallery, and what tells whose its faces may be, if anything."""

    photo: Photo
    sifts: Sieve | None


class CompareStage:
    """Embeds the stored faces of some photos together. Safe to call from several threads."""

    def __init__(
        self,
        stores: Stores,
        extractor: Extractor,
        *,
        readers: Mapping[SourceId, Reader],
        watching: Watching,
    ) -> None:
        self._stores = stores
        self._extractor = extractor
        self._readers = readers
        self._watching = watching

    def __call__(self, several: Sequence[Behind]) -> list[Compared]:
        see = self._extractor
        faced = [one for one in several if see.compared(one.photo.faces)]
        made: dict[PhotoId, Templates | None]
        made = {one.photo.id: see.no_templates() for one in several if one not in faced}
        films = [one.photo for one in faced if one.photo.kind is PhotoKind.FILM]
        made |= {one.id: self._from_film(one) for one in films}
        made |= self._from_pictures([one for one in faced if one.photo.kind is PhotoKind.PHOTO])
        return [Compared(one.photo.id, made[one.photo.id]) for one in several]

    # ----------------------------------------------------------------------------------------

    def _from_pictures(self, several: Sequence[Behind]) -> dict[PhotoId, Templates | None]:
        """All of them embedded in one go, but for those of which there is no picture."""
        made: dict[PhotoId, Templates | None] = {}
        cuts: dict[Sieve | None, list[tuple[PhotoId, Cut]]] = {}
        previews = self._read_previews([one.photo for one in several])
        for one in several:
            picture = self._best(one.photo, previews.get(one.photo.id))
            made[one.photo.id] = None
            if picture is not None:
                cut = self._extractor.cut(picture, one.photo.faces)
                cuts.setdefault(one.sifts, []).append((one.photo.id, cut))
        for sifts, of in cuts.items():
            embedded = self._extractor.embed([cut for _, cut in of], sifts)
            made |= zip((photo for photo, _ in of), embedded, strict=True)
        return made

    def _best(self, photo: Photo, preview: bytes | None) -> Picture | None:
        """The preview, if the faces are high enough in it, or else the photo itself."""
        seen = None if preview is None else self._decoded(photo, preview)
        if seen and not self._extractor.too_low(photo.faces, scale=seen.scale):
            return seen
        try:
            return self._whole(photo) or seen
        except Unavailable:
            # The source is away for now: the photo stays behind, and is compared another time.
            return None

    def _from_film(self, photo: Photo) -> Templates | None:
        """From the film itself, at the instants at which its faces are seen best."""
        try:
            return self._from_places(photo)
        except Unavailable:
            return None

    def _from_places(self, photo: Photo) -> Templates | None:
        reader = self._readers.get(photo.source)
        if not isinstance(reader, FileReader):
            return None
        for locator in photo.locators:
            try:
                most = self._extractor.films.limits.max_bytes
                with reader.open(locator, max_bytes=most) as opened:
                    if digest_of(opened, self._watching) == photo.digest:
                        return self._watch_again(photo, opened)
            except Unreadable:
                continue
        return None

    def _watch_again(self, photo: Photo, opened: OpenFile) -> Templates:
        see = self._extractor
        faces = [photo.faces[row] for row in see.compared(photo.faces)]

        def frames() -> Iterator[Frame]:
            for frame in film.frames():
                opened.require()
                self._watching.require_going_on()
                yield frame

        with see.films.opened(opened.file, Sampling(times=moments(faces))) as film:
            return templates_again(see, frames(), photo.faces)

    def _read_previews(self, several: Sequence[Photo]) -> dict[PhotoId, bytes]:
        """
        The previews that may be read now: of some the grant was revoked since the list was made.

        All are read at once, so that nothing is read long after it was asked for (P3).
        """
        with self._stores.database.read() as tx:
            granted = sources.those_covered(tx, several, at=self._stores.now(tx))
            wanted = {one.preview: one.id for one in granted if one.preview is not None}
            known = copies.those(tx, wanted)
        read: dict[PhotoId, bytes] = {}
        for copy in known.values():
            # What is not sound is only a shadow of the photo, which is read instead.
            with suppress(NotFound, VerificationError):
                read[wanted[copy.id]] = self._stores.blobs.read(copy.id, expected=copy.digest)
        return read

    def _decoded(self, photo: Photo, preview: bytes) -> Picture | None:
        """A preview, no larger than its faces ask for."""
        enough = self._extractor.enough(photo.faces) * max(photo.width, photo.height)
        try:
            pixels = decode_preview(preview, long_side=math.ceil(enough))
        except VerificationError:
            return None
        return Picture(pixels, width=photo.width, height=photo.height, oriented=True)

    def _whole(self, photo: Photo) -> Picture | None:
        """The photo itself, if it still stands where it stood, under a grant, unchanged."""
        reader = self._readers.get(photo.source)
        if reader is None:
            return None
        decoder, half = self._extractor.decoder, not self._extractor.too_low(photo.faces, scale=0.5)
        for locator in photo.locators:
            try:
                data = reader.read(locator, max_bytes=decoder.limits.max_bytes)
                if digest(data) == photo.digest:
                    return decoder(data, half=half, isolated=False)
            except Unreadable:
                continue
        return None


def compare_all(
    writer: Writer,
    extractor: Extractor,
    *,
    readers: Mapping[SourceId, Reader],
    workers: int,
    progress: Progress,
) -> int:
    """
    Compare every photo that is behind the gallery, or that was compared when other false hits were
    allowed. Gives how many that were.

    Those come first in which they are likely to be whose pictures came last; if somebody enrols
    meanwhile, it begins anew with what is left. Photos without a face to compare are marked in
    passing and not decoded.
    """
    done, version = 0, -1
    writer.allow()
    watching = Watching(Sampling(), silent)
    stage = CompareStage(writer.stores, extractor, readers=readers, watching=watching)
    while True:
        with writer.stores.database.read() as tx:
            before, version = version, people.gallery_version(tx)
            total = done + photos.count_not_compared_with(tx, version, pack=writer.pack.id)
            anybody = bool(len(writer.gallery(tx).gallery))
        if version == before or total == done or not anybody:
            return done
        progress(Step("earlier photos", done, total))
        order = _Order(writer, version)
        parts = _batched(order.photos(), TOGETHER)
        with (
            closing(run_local(parts, stage, workers=workers, window=workers + 1)) as results,
            watching.until_it_fails(),
        ):
            for compared in results:
                order.tell(compared, writer.compare(compared))
                for _ in compared:
                    done += 1
                    progress(Step("earlier photos", done, total))


# --------------------------------------------------------------------------------------------


def _batched(rest: Iterable[Behind], count: int) -> Iterator[Sequence[Behind]]:
    """So many at a time, read no further ahead."""
    them = iter(rest)
    while part := tuple(islice(them, count)):
        yield part


_NEARBY = 6
"""Photos before and after a find that are compared next: a burst, or one pass of a camera."""

_AT_ONCE = 4
"""Of those, between two that are in turn: somebody who is everywhere is in nobody's way."""


class _Order:
    """
    The photos that are behind `version` of the gallery, each once, the likeliest first.

    It ends when the gallery has a newer version: then others are the likeliest.
    """

    def __init__(self, writer: Writer, version: int) -> None:
        self._writer = writer
        self._version = version
        self._nearby: deque[PhotoId] = deque()
        # Those on their way, and those that came out of turn. What is compared is known by its row.
        self._given: set[PhotoId] = set()
        self._in_turn: set[PhotoId] = set()
        with writer.stores.database.read() as tx:
            self._sought = likely.sought(tx)

    def photos(self) -> Iterator[Behind]:
        """Read by one thread, that of `tell`."""
        with self._writer.stores.database.read() as tx:
            said = likely.said(tx, self._sought.people, self._writer.stores)
        there = self._sought.collections
        yield from self._out_of_turn(said)
        if there:
            yield from self._in_order(self._behind(within=there))
        yield from self._in_order(self._behind(but=there))

    def tell(self, compared: Sequence[Compared], seen: Sequence[frozenset[PersonId]]) -> None:
        """Photos are compared; of who is newly `seen` in each others may be near."""
        for one, people_in_it in zip(compared, seen, strict=True):
            if one.photo in self._in_turn:
                self._in_turn.remove(one.photo)
                if one.templates is not None:
                    self._given.discard(one.photo)
            if people_in_it & self._sought.people:
                with self._writer.stores.database.read() as tx:
                    self._nearby.extend(likely.beside(tx, one.photo, count=_NEARBY))

    # ----------------------------------------------------------------------------------------

    def _in_order(self, behind: Iterator[Behind]) -> Iterator[Behind]:
        for one in behind:
            nearby = min(len(self._nearby), _AT_ONCE)
            yield from self._out_of_turn([self._nearby.popleft() for _ in range(nearby)])
            if self._writer.version > self._version:
                return
            if one.photo.id not in self._given:
                self._given.add(one.photo.id)
                self._in_turn.add(one.photo.id)
                yield one

    def _out_of_turn(self, which: Sequence[PhotoId]) -> Iterator[Behind]:
        new = [one for one in dict.fromkeys(which) if one not in self._given]
        for begin in range(0, len(new), _PART):
            with self._writer.stores.database.read() as tx:
                part = photos.those_not_compared_with(
                    tx,
                    self._version,
                    pack=self._writer.pack.id,
                    which=new[begin : begin + _PART],
                )
                granted = self._granted(tx, part)
            for one in granted:
                self._given.add(one.photo.id)
                yield one

    def _behind(
        self, *, within: Sequence[CollectionId] | None = None, but: Sequence[CollectionId] = ()
    ) -> Iterator[Behind]:
        last: PhotoId | None = None
        while True:
            with self._writer.stores.database.read() as tx:
                part = photos.not_compared_with(
                    tx,
                    self._version,
                    pack=self._writer.pack.id,
                    count=_PART,
                    after=last,
                    within=within,
                    but=but,
                )
                if not part:
                    return
                granted = self._granted(tx, part)
            yield from granted
            last = part[-1].id

    def _granted(self, tx: Connection, part: Sequence[Photo]) -> list[Behind]:
        """Of a source that ended its grant not even the preview is read."""
        granted = sources.those_covered(tx, part, at=self._writer.stores.now(tx))
        sifts = {one: self._writer.sieve_of(tx, one) for one in {one.source for one in granted}}
        return [Behind(one, sifts[one.source]) for one in granted]
