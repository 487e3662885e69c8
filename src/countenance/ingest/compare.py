"""
Comparing again: photos stored before somebody enrolled are searched from their boxes.

Nothing is detected a second time, and a photo is decoded whole only where its faces are too low in
the preview; of a film the frames are in which its faces are seen best. Each photo remembers the
version of the gallery it was compared with, so that this too goes on where it stopped, and so that
enrolling first or ingesting first gives the same sightings.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass

from countenance.catalog import copies, people, photos, sources
from countenance.catalog.photos import Photo, PhotoKind
from countenance.catalog.stores import Stores
from countenance.core.canonical import digest
from countenance.core.ids import PhotoId, SourceId
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

    Photos without a face to compare are marked in passing and not decoded.
    """
    with writer.stores.database.read() as tx:
        version = people.gallery_version(tx)
        total = photos.count_not_compared_with(tx, version, pack=writer.pack.id)
        anybody = bool(len(writer.gallery(tx).gallery))
    if not total or not anybody:
        return 0
    done = 0
    watching = Watching(Sampling(), silent)
    stage = CompareStage(writer.stores, extractor, readers=readers, watching=watching)
    with (
        closing(run_local(_behind(writer, version), stage, workers=workers)) as results,
        watching.until_it_fails(),
    ):
        for compared in results:
            writer.compare(compared.photo, compared.templates)
            done += 1
            progress(Step("earlier photos", done, total))
    return done


# --------------------------------------------------------------------------------------------


def _behind(writer: Writer, version: int) -> Iterator[Photo]:
    last: PhotoId | None = None
    while True:
        with writer.stores.database.read() as tx:
            part = photos.not_compared_with(
                tx, version, pack=writer.pack.id, count=_PART, after=last
            )
            if not part:
                return
            # Of a source that ended its grant not even the preview is read.
            at = writer.stores.now(tx)
            granted = [photo for photo in part if sources.covered(tx, photo, at=at)]
        yield from granted
        last = part[-1].id
