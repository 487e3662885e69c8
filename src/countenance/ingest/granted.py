"""A reader that asks for the grant again before each file: it may be revoked at any moment (P1)."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from countenance.catalog import sources
from countenance.catalog.stores import Stores
from countenance.core.ids import SourceId
from countenance.errors import NoGrant, Reason, Unreadable
from countenance.sources.source import Entry, FileReader, OpenFile, Reader, Unlisted

MAX_BYTES_IN_MEMORY = 256 * 1024**2
"""Of a film from a source whose files cannot be opened, but only be fetched whole."""


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
        self._require(locator)
        return self._reader.read(locator, max_bytes=max_bytes)

    @contextmanager
    def open(self, locator: str, *, max_bytes: int) -> Iterator[OpenFile]:
        """The file, to be read piece by piece. Raises as `read` does."""

        def require() -> None:
            self._require(locator)

        require()
        if isinstance(self._reader, FileReader):
            with self._reader.open(locator, max_bytes=max_bytes) as opened:
                yield OpenFile(opened.file, require)
        else:
            most = min(max_bytes, MAX_BYTES_IN_MEMORY)
            yield OpenFile(io.BytesIO(self._reader.read(locator, max_bytes=most)), require)

    def url(self, locator: str) -> str:
        return self._reader.url(locator)

    # ----------------------------------------------------------------------------------------

    def _require(self, locator: str) -> None:
        require_covered(self._stores, self._source, locator)


def require_covered(stores: Stores, source: SourceId, locator: str) -> None:
    """Raises `Unreadable` if no grant covers the file now (P1)."""
    try:
        with stores.database.read() as tx:
            sources.grant_for(tx, source, locator, at=stores.now(tx))
    except NoGrant as exc:
        raise Unreadable(Reason.NO_GRANT, exc.message) from exc
