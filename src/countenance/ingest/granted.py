"""A reader that asks for the grant again before each file: it may be revoked at any moment (P1)."""

from collections.abc import Callable, Iterator

from countenance.catalog import sources
from countenance.catalog.stores import Stores
from countenance.core.ids import SourceId
from countenance.errors import NoGrant, Reason, Unreadable
from countenance.sources.source import Entry, Reader, Unlisted


class GrantedReader:
    """
    `reader`, whose grants are those of the catalog at the instant of each reading.

    A listing fetches nothing; it goes by the grants that `reader` itself knows.
    """

    def __init__(self, reader: Reader, source: SourceId, stores: Stores) -> None:
        self._reader = reader
        self._source = source
        self._stores = stores

    def list(
        self, unlisted: Callable[[Unlisted], object], passed_over: Callable[[str], object]
    ) -> Iterator[Entry]:
        return self._reader.list(unlisted, passed_over)

    def read(self, locator: str, *, max_bytes: int) -> bytes:
        """Raises `Unreadable` if no grant covers the file now, and as `reader` does."""
        try:
            with self._stores.database.read() as tx:
                sources.grant_for(tx, self._source, locator, at=self._stores.now(tx))
        except NoGrant as exc:
            raise Unreadable(Reason.NO_GRANT, exc.message) from exc
        return self._reader.read(locator, max_bytes=max_bytes)

    def url(self, locator: str) -> str:
        return self._reader.url(locator)
