"""Which reader a source has, by its kind, and what fetches for those beyond this machine."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from countenance.catalog import sites
from countenance.catalog.stores import Stores
from countenance.errors import NoGrant
from countenance.ingest.uploaded import UploadReader
from countenance.library.memory import SiteMemory
from countenance.library.terms import Standing, standing, terms_of
from countenance.settings import Settings, bucket_secrets
from countenance.sources.archive import ArchiveReader
from countenance.sources.bucket.place import BucketPlace
from countenance.sources.folder import FolderReader
from countenance.sources.iiif.fetching import fetch_from
from countenance.sources.iiif.place import IiifPlace
from countenance.sources.iiif.reader import IiifReader
from countenance.sources.site.client import Fetcher, user_agent
from countenance.sources.site.grantfile import parse_grant_file
from countenance.sources.site.guard import Guard
from countenance.sources.site.reader import SiteReader
from countenance.sources.source import PRIVATE_NETWORK, Reader, Source, SourceKind

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
        match source.kind:
            case SourceKind.FOLDER:
                return FolderReader(Path(source.location), covers=covers, apart=self.apart)
            case SourceKind.ARCHIVE:
                return ArchiveReader(Path(source.location), covers=covers)
            case SourceKind.UPLOAD:
                return UploadReader(source.id, self.stores, covers=covers)
            case SourceKind.BUCKET:
                return self._bucket(source, covers)
            case SourceKind.IIIF:
                return self._iiif(source, covers)
            case SourceKind.SITE:
                return self._site(source, covers)

    def fetcher(self, *, private: bool) -> Fetcher:
        """What fetches; from a `private` network too, if an operator said so of a source."""
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

    def _bucket(self, source: Source, covers: Covers) -> Reader:
        from countenance.sources.bucket.reader import BucketReader

        place = BucketPlace.read(source.options)
        return BucketReader(place, secrets=bucket_secrets(), covers=covers)

    def _iiif(self, source: Source, covers: Covers) -> Reader:
        place = IiifPlace.read(source.options)
        fetch = fetch_from(self.fetcher(private=place.private_network), place.origins)
        return IiifReader(place.address, fetch=fetch, covers=covers)

    def _site(self, source: Source, covers: Covers) -> Reader:
        terms = terms_of(self._standing(source))
        return SiteReader(
            source.location,
            terms,
            covers=covers,
            ask=self.fetcher(private=PRIVATE_NETWORK in source.options).fetch,
            memory=SiteMemory(source.id, self.stores),
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
