"""The reader of uploads: originals in the library's own vault."""

from collections.abc import Callable, Iterator

from countenance.catalog import copies, uploads
from countenance.catalog.stores import Stores
from countenance.core.ids import SourceId
from countenance.errors import NotFound, Reason, Unreadable, VerificationError
from countenance.sources.source import Entry, Unlisted


class UploadReader:
    """
    Reads what was uploaded for `source`.

    `covers` says of a locator whether a grant covers it now; it is asked at each listing and again
    at each reading.
    """

    def __init__(self, source: SourceId, stores: Stores, *, covers: Callable[[str], bool]) -> None:
        self._source = source
        self._stores = stores
        self._covers = covers

    def list(
        self,
        unlisted: Callable[[Unlisted], object],  # noqa: ARG002  all of it is in one table
        passed_over: Callable[[str], object],  # noqa: ARG002  only pictures are taken
    ) -> Iterator[Entry]:
        """The originals, by locator. A stamp is the digest: it never changes."""
        with self._stores.database.read() as tx:
            found = uploads.of_source(tx, self._source)
        yield from (Entry(one.locator, one.digest) for one in found if self._covers(one.locator))

    def read(self, locator: str, *, max_bytes: int) -> bytes:
        """
        The bytes of an original, which are the ones that were taken.

        Raises `Unreadable` with the reason, and `Unavailable` if the vault cannot be read.
        """
        if not self._covers(locator):
            raise Unreadable(Reason.NO_GRANT, f"{locator}: no grant in force covers it")
        with self._stores.database.read() as tx:
            found = uploads.at_place(tx, self._source, locator)
        if found is None:
            raise Unreadable(Reason.VANISHED, f"{locator}: it is not in the vault")
        if found.size > max_bytes:
            raise Unreadable(
                Reason.TOO_MANY_BYTES,
                f"{locator}: it has more bytes than the {max_bytes:,} allowed",
            )
        try:
            with self._stores.database.read() as tx:
                held = copies.get(tx, found.copy)
            return self._stores.blobs.read(held.id, expected=held.digest)
        except NotFound as exc:
            raise Unreadable(Reason.VANISHED, f"{locator}: {exc.message}") from exc
        except VerificationError as exc:
            raise Unreadable(Reason.DAMAGED, f"{locator}: damaged: {exc.message}") from exc

    def url(self, locator: str) -> str:
        """The `file:` address of the vault's file, or of the vault if there is none."""
        with self._stores.database.read() as tx:
            found = uploads.at_place(tx, self._source, locator)
        return self._stores.blobs.place_of(found.copy if found else None).as_uri()
