"""
Comparing again: photos stored before somebody enrolled are searched from their boxes.

Nothing is detected a second time, and a photo is decoded whole only where its faces are too low in
the preview; of a film the frames are in which its faces are seen best. Each photo remembers the
version of the gallery it was compared with, so that this too goes on where it stopped, and so that
enrolling first or ingesting first gives the same sightings.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import Connection

from countenance.catalog import copies, likely, people, photos, sources
from countenance.catalog.photos import Photo, PhotoKind
from countenance.catalog.stores import Stores
from countenance.core.canonical import digest
from countenance.core.ids import CollectionId, PersonId, PhotoId, SourceId
from countenance.engines.local import run as run_local
from countenance.errors import NotFound, Unavailable, Unreadable, VerificationError
from countenance.extract.extractor import Extractor, Templates
from countenance.extract.film import moments, templates_again
from countenance.ingest.film import Watching, digest_of
from countenance.ingest.progress import Progress, Step, silent
from countenance.ingest.writer import Writer
from countenance.media.decode import Picture
from countenance.media.film import Frame, Sampling
from countenance.media.preview import decode_preview
from countenance.sources.source import FileReader, OpenFile, Reader

_PART = 200  # photos looked up at once


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """A photo whose faces are embedded again; no templates if no picture of it could be read."""

    photo: PhotoId
    templates: Templates | None


class CompareStage:
    """Embeds the stored faces of a photo. Safe to call from several threads at once."""

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

    def __call__(self, photo: Photo) -> Compared:
        see = self._extractor
        if not see.compared(photo.faces):
            return Compared(photo.id, see.no_templates())
        try:
            if photo.kind is PhotoKind.FILM:
                return Compared(photo.id, self._from_film(photo))
            picture = self._best(photo)
        except Unavailable:
            # The source is away for now: the photo stays behind, and is compared another time.
            picture = None
        if picture is None:
            return Compared(photo.id, None)
        return Compared(photo.id, see.templates(picture, photo.faces))

    def _best(self, photo: Photo) -> Picture | None:
        """The preview, if the faces are high enough in it, or else the photo itself."""
        preview = self._preview(photo)
        if preview and not self._extractor.too_low(photo.faces, scale=preview.scale):
            return preview
        return self._whole(photo) or preview

    def _from_film(self, photo: Photo) -> Templates | None:
        """From the film itself, at the instants at which its faces are seen best."""
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

    def _preview(self, photo: Photo) -> Picture | None:
        if photo.preview is None:
            return None
        try:
            with self._stores.database.read() as tx:
                if not sources.covered(tx, photo, at=self._stores.now(tx)):
                    return None  # it was revoked since the list was made (P3)
                copy = copies.get(tx, photo.preview)
            pixels = decode_preview(self._stores.blobs.read(copy.id, expected=copy.digest))
        except (NotFound, VerificationError, Unreadable):
            return None  # it is only a shadow of the photo, which is read instead
        return Picture(pixels, width=photo.width, height=photo.height, oriented=True)

    def _whole(self, photo: Photo) -> Picture | None:
        """The photo itself, if it still stands where it stood, under a grant, unchanged."""
        reader = self._readers.get(photo.source)
        if reader is None:
            return None
        for locator in photo.locators:
            try:
                data = reader.read(locator, max_bytes=self._extractor.decoder.limits.max_bytes)
                if digest(data) == photo.digest:
                    return self._extractor.decoder(data, half=False, isolated=False)
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
    Compare every photo that is behind the gallery. Gives how many that were.

    Those come first in which they are likely to be whose pictures came last; if somebody enrols
    meanwhile, it begins anew with what is left. Photos without a face to compare are marked in
    passing and not decoded.
    """
    done, version = 0, -1
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
        with (
            closing(run_local(order.photos(), stage, workers=workers)) as results,
            watching.until_it_fails(),
        ):
            for compared in results:
                order.tell(compared, writer.compare(compared.photo, compared.templates))
                done += 1
                progress(Step("earlier photos", done, total))


# --------------------------------------------------------------------------------------------

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

    def photos(self) -> Iterator[Photo]:
        """Read by one thread, that of `tell`."""
        with self._writer.stores.database.read() as tx:
            said = likely.said(tx, self._sought.people, self._writer.stores)
        there = self._sought.collections
        yield from self._out_of_turn(said)
        if there:
            yield from self._in_order(self._behind(within=there))
        yield from self._in_order(self._behind(but=there))

    def tell(self, compared: Compared, seen: frozenset[PersonId]) -> None:
        """A photo is compared; of who is newly `seen` in it others may be near."""
        if compared.photo in self._in_turn:
            self._in_turn.remove(compared.photo)
            if compared.templates is not None:
                self._given.discard(compared.photo)
        if seen & self._sought.people:
            with self._writer.stores.database.read() as tx:
                self._nearby.extend(likely.beside(tx, compared.photo, count=_NEARBY))

    # ----------------------------------------------------------------------------------------

    def _in_order(self, behind: Iterator[Photo]) -> Iterator[Photo]:
        for one in behind:
            nearby = min(len(self._nearby), _AT_ONCE)
            yield from self._out_of_turn([self._nearby.popleft() for _ in range(nearby)])
            if self._writer.version > self._version:
                return
            if one.id not in self._given:
                self._given.add(one.id)
                self._in_turn.add(one.id)
                yield one

    def _out_of_turn(self, which: Sequence[PhotoId]) -> Iterator[Photo]:
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
                self._given.add(one.id)
                yield one

    def _behind(
        self, *, within: Sequence[CollectionId] | None = None, but: Sequence[CollectionId] = ()
    ) -> Iterator[Photo]:
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

    def _granted(self, tx: Connection, part: Sequence[Photo]) -> list[Photo]:
        """Of a source that ended its grant not even the preview is read."""
        at = self._writer.stores.now(tx)
        return [one for one in part if sources.covered(tx, one, at=at)]
