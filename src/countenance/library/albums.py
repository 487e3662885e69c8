"""Albums: the photos of a collection, in buckets, and what each of them looks like."""

from dataclasses import dataclass

from countenance.catalog import assessments, buckets, collections, copies, photos, sources
from countenance.catalog.assessments import Assessment
from countenance.catalog.buckets import SIZE, Bucket, Place, Tile
from countenance.core.ids import FaceId, PhotoId
from countenance.errors import NotFound
from countenance.library.opened import Opened
from countenance.media.cut import Cut, cut


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture for looking at: a JPEG, and the digest of the preview that it is cut from."""

    data: bytes
    digest: str


class Albums(Opened):
    """What is shown of collections."""

    def outline(self, collection: str, *, size: int = SIZE) -> tuple[Bucket, ...]:
        """
        Where the buckets of a collection begin, how many photos are in each and how wide they are.

        Raises `NotFound` if there is no such collection.
        """
        with self._database.read() as tx:
            which, at = collections.get(tx, collection).id, self._stores.now(tx)
            return buckets.outline(tx, which, at=at, size=size)

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

    def picture_of(self, photo: str, how: Cut, *, face: str = "") -> Picture:
        """
        What a photo looks like, or with `Cut.FACE` one of its faces: cut from its preview.

        Raises `NotFound` if there is no such photo or face, none of its places is covered by a
        grant in force, or there is nothing to look at; and `VerificationError` if it is damaged.
        """
        with self._database.read() as tx:
            found = photos.get(tx, PhotoId(photo))
            shown = buckets.of_photos(tx, [PhotoId(photo)], at=self._stores.now(tx))
            if found is None or not shown or found.preview is None:
                raise NotFound(f"{photo}: no such photo, or nothing to look at")
            held = copies.get(tx, found.preview)
        boxes = {one.id: one.box for one in found.faces}
        if how is Cut.FACE and face not in boxes:
            raise NotFound(f"{face}: no such face in {photo}")
        box = boxes.get(FaceId(face), (0.0, 0.0, 1.0, 1.0))
        preview = self._stores.blobs.read(held.id, expected=held.digest)
        return Picture(cut(preview, how, box=box, width=found.width), held.digest)

    def tile_of(self, photo: str) -> Tile:
        """Where a photo lies. Raises `NotFound` as `picture_of` does."""
        with self._database.read() as tx:
            shown = buckets.of_photos(tx, [PhotoId(photo)], at=self._stores.now(tx))
        if PhotoId(photo) not in shown:
            raise NotFound(f"{photo}: no such photo")
        return shown[PhotoId(photo)]

    def where_is(self, tile: Tile) -> str:
        """The address at which a person can open a photo, or the page that it is on."""
        if tile.page:
            return tile.page
        with self._database.read() as tx:
            whence = sources.get(tx, tile.source)
        return self._reader(whence).url(tile.locator)

    def assessment(self, collection: str) -> Assessment | None:
        """The impact assessment of a collection. Raises `NotFound` if there is no collection."""
        with self._database.read() as tx:
            return assessments.newest(tx, collections.get(tx, collection).id)
