"""Which reader a source has, by its kind, and what fetches for those beyond this machine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from countenance.catalog import sites
from countenance.catalog.stores import Stores
from countenance.errors import NoGrant
from countenance.library.memory import SiteMemory
from countenance.library.terms import Standing, standing, terms_of
from countenance.settings import Settings
from countenance.sources.folder import FolderReader
from countenance.sources.site.client import Fetcher, user_agent
from countenance.sources.site.grantfile import parse_grant_file
from countenance.sources.site.guard import Guard
from countenance.sources.site.reader import SiteReader
from countenance.sources.source import Reader, Source, SourceKind

PRIVATE_NETWORK = "private-network"
"""The option of a source whose host may be on a private network."""

Covers = Callable[[str], bool]
"""Says of a locator whether a grant covers it now."""


@dataclass(slots=True)
class Readers:
    """
    Makes readers. Nothing is opened or asked for until a reader is asked to.

    `apart` are the library's own folders: it may stand among the pictures, and its previews are no
    pictures of theirs. `public_key` gives the library's, which grant files are written for.
    """

    stores: Stores
    settings: Settings
    apart: tuple[Path, ...]
    public_key: Callable[[], bytes]
    make_fetcher: Callable[[Guard], Fetcher] | None = None
    _fetchers: dict[bool, Fetcher] = field(default_factory=dict, init=False)

    def of(self, source: Source, covers: Covers) -> Reader:
        """The reader of a source."""
        return _READERS[source.kind](self, source, covers)

    def fetcher(self, source: Source) -> Fetcher:
        """What fetches for a source."""
        return self.fetcher_of(source.options)

    def fetcher_of(self, options: Mapping[str, str]) -> Fetcher:
        """What fetches for a source that has these options."""
        private = PRIVATE_NETWORK in options
        if private not in self._fetchers:
            guard = Guard(on_private_network=private)
            self._fetchers[private] = (self.make_fetcher or self._fetcher)(guard)
        return self._fetchers[private]

    def close(self) -> None:
        """Let go of every connection. May be called again."""
        for one in self._fetchers.values():
            one.close()
        self._fetchers.clear()

    # ----------------------------------------------------------------------------------------

    def _fetcher(self, guard: Guard) -> Fetcher:
        return Fetcher(user_agent(self.settings.operator, self.settings.contact), guard=guard)

    def _now(self) -> datetime:
        with self.stores.database.read() as tx:
            return self.stores.now(tx)

    def _folder(self, source: Source, covers: Covers) -> Reader:
        return FolderReader(Path(source.location), covers=covers, apart=self.apart)

    def _site(self, source: Source, covers: Covers) -> Reader:
        terms = terms_of(self._standing(source))
        return SiteReader(
            source.location,
            terms,
            covers=covers,
            ask=self.fetcher(source).fetch,
            memory=SiteMemory(source.id, self.stores),
            now=self._now,
        )

    def _standing(self, source: Source) -> list[Standing]:
        """The grant files of a site's hosts as they were seen last, if they grant us anything."""
        found = []
        with self.stores.database.read() as tx:
            kept = {one.url: one for one in sites.kept(tx, source.id)}
            at = self.stores.now(tx)
        for one in kept.values():
            try:
                file = parse_grant_file(one.body, one.url)
                found.append(standing(file, public_key=self.public_key(), at=at))
            except NoGrant:
                continue
        return found


_READERS: Mapping[SourceKind, Callable[[Readers, Source, Covers], Reader]] = {
    SourceKind.FOLDER: Readers._folder,
    SourceKind.SITE: Readers._site,
}
