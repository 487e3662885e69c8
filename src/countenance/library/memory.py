"""What a listing of a web site met, kept in the catalog: a reader's memory."""

from dataclasses import asdict

from countenance.catalog import sites
from countenance.catalog.sites import KnownPage
from countenance.catalog.stores import Stores
from countenance.core.ids import SourceId
from countenance.sources.site.found import FoundPicture
from countenance.sources.site.reader import Kept


class SiteMemory:
    """The memory of the listing of one `source`. Each page is kept in a transaction of its own."""

    def __init__(self, source: SourceId, stores: Stores) -> None:
        self._source = source
        self._stores = stores

    def begin(self) -> None:
        with self._stores.database.write() as tx:
            sites.begin(tx, self._source, at=self._stores.now(tx))

    def recall(self, url: str) -> tuple[Kept, bool] | None:
        with self._stores.database.read() as tx:
            known = sites.recall(tx, self._source, url)
            begun = sites.get(tx, self._source).begun_at
        if known is None:
            return None
        return _read(known), begun is not None and known.asked_at >= begun

    def remember(self, url: str, kept: Kept) -> None:
        with self._stores.database.write() as tx:
            at = self._stores.now(tx)
            found = {name: value for name, value in asdict(kept).items() if name not in _COLUMNS}
            known = KnownPage(url, kept.etag, kept.last_modified, at, found)
            sites.remember(tx, self._source, known)

    def end(self) -> None:
        with self._stores.database.write() as tx:
            sites.end(tx, self._source, at=self._stores.now(tx))


# --------------------------------------------------------------------------------------------

_COLUMNS = frozenset({"etag", "last_modified"})


def _read(known: KnownPage) -> Kept:
    found = known.found
    return Kept(
        etag=known.etag,
        last_modified=known.last_modified,
        pictures=tuple(FoundPicture(**one) for one in found["pictures"]),
        stamps=tuple(found["stamps"]),
        links=tuple(found["links"]),
        sitemaps=tuple(found["sitemaps"]),
        notes=tuple(found["notes"]),
    )
