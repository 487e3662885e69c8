"""Albums: the photos of a collection, in buckets, and what each of them looks like."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from countenance.catalog import assessments, buckets, collections, copies, photos, sources
from countenance.catalog.assessments import Assessment
from countenance.catalog.buckets import SIZE, Bucket, Outlines, Place, Tile
from countenance.core.ids import FaceId, PhotoId, SourceId
from countenance.errors import NotFound
from countenance.library.opened import Opened
from countenance.sources.source import Reader

if TYPE_CHECKING:
    from countenance.media.cut import Cut


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture for looking at: a JPEG, and the digest of the preview that it is cut from."""

    data: bytes
    digest: str


class Albums(Opened):
    """What is shown of collections."""

    def outline(self, collection: str) -> tuple[Bucket, ...]:
        """
        Where the buckets of a collection begin, how many photos are in each and how wide they are.

        Raises `NotFound` if there is no such collection.
        """
        with self._database.read() as tx:
            which, at = collections.get(tx, collection).id, self._stores.now(tx)
            return self._outlines.of(tx, which, at=at)

    @cached_property
    def _outlines(self) -> Outlines:
        return Outlines()

    def bucket(
        self, collection: str, begin: Place | None = None, *, count: int = SIZE
    ) -> tuple[Tile, ...]:
        """At most `count` photos of a collection from a place on. Raises as `outline` does."""
        with self._database.read() as tx:
            which, at = collections.get(tx, collection).id, self._stores.now(tx)
            return buckets.tiles(tx, which, at=at, begin=begin, count=count)

    def count_photos(self, collection: str) -> int:
        """How many photos of a collection may be shown now. Raises as `outline` does."""
        with self._database.read() as tx:
            which, at = collections.get(tx, collection).id, self._stores.now(tx)
            return buckets.count(tx, which, at=at)

    def picture_of(self, photo: str, how: "Cut", *, face: str = "", held: str = "") -> Picture:
        """
        What a photo looks like, or with `Cut.FACE` one of its faces: cut from its preview.

        Who holds what was cut from the preview of the digest `held` gets no bytes of it again.
        Raises `NotFound` if there is no such photo or face, none of its places is covered by a
        grant in force, or there is nothing to look at; and `VerificationError` if it is damaged.
        """
        from countenance.media.cut import Cut, cut

        with self._database.read() as tx:
            found = photos.get(tx, PhotoId(photo))
            shown = buckets.of_photos(tx, [PhotoId(photo)], at=self._stores.now(tx))
            if found is None or not shown or found.preview is None:
                raise NotFound(f"{photo}: no such photo, or nothing to look at")
            kept = copies.get(tx, found.preview)
        boxes = {one.id: one.box for one in found.faces}
        if how is Cut.FACE and face not in boxes:
            raise NotFound(f"{face}: no such face in {photo}")
        box = boxes.get(FaceId(face), (0.0, 0.0, 1.0, 1.0))
        if kept.digest == held:
            return Picture(b"", kept.digest)
        preview = self._stores.blobs.read(kept.id, expected=kept.digest)
        return Picture(cut(preview, how, box=box, width=found.width), kept.digest)

    def tile_of(self, photo: str) -> Tile:
        """Where a photo lies. Raises `NotFound` as `picture_of` does."""
        with self._database.read() as tx:
            shown = buckets.of_photos(tx, [PhotoId(photo)], at=self._stores.now(tx))
        if PhotoId(photo) not in shown:
            raise NotFound(f"{photo}: no such photo")
        return shown[PhotoId(photo)]

    def where_is(self, tile: Tile) -> str:
        """The address at which a person can open a photo, or the page that it is on."""
        return self.where_are([tile])[tile.photo]

    def where_are(self, tiles: Iterable[Tile]) -> dict[PhotoId, str]:
        """The same of many photos: what is known of a source is looked up once."""
        found, readers = {}, dict[SourceId, Reader]()
        for tile in tiles:
            if not tile.page and tile.source not in readers:
                with self._database.read() as tx:
                    whence = sources.get(tx, tile.source)
                readers[tile.source] = self._reader(whence)
            found[tile.photo] = tile.page or readers[tile.source].url(tile.locator)
        return found

    def assessment(self, collection: str) -> Assessment | None:
        """The impact assessment of a collection. Raises `NotFound` if there is no collection."""
        with self._database.read() as tx:
            return assessments.newest(tx, collections.get(tx, collection).id)
