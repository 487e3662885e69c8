"""Which reader a source has, by its kind."""

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from countenance.catalog.stores import Stores
from countenance.ingest.uploaded import UploadReader
from countenance.settings import bucket_secrets
from countenance.sources.archive import ArchiveReader
from countenance.sources.bucket.place import BucketPlace
from countenance.sources.folder import FolderReader
from countenance.sources.iiif.fetching import fetch_from
from countenance.sources.iiif.place import IiifPlace
from countenance.sources.iiif.reader import IiifReader
from countenance.sources.site.client import Fetcher, user_agent
from countenance.sources.site.guard import Guard
from countenance.sources.source import Reader, Source, SourceKind


@dataclass(frozen=True, slots=True)
class Around:
    """
    What a reader keeps to.

    `covers` says of a locator whether a grant covers it now. `apart` are the library's own folders:
    it may stand among the pictures, and its previews are no pictures of theirs. `stores` have what
    the library keeps itself.
    """

    covers: Callable[[str], bool]
    apart: tuple[Path, ...]
    stores: Stores


def reader_of(source: Source, around: Around) -> Reader:
    """The reader of a source. Nothing is opened or asked for yet."""
    return _READERS[source.kind](source, around)


# --------------------------------------------------------------------------------------------


def _folder(source: Source, around: Around) -> Reader:
    return FolderReader(Path(source.location), covers=around.covers, apart=around.apart)


def _archive(source: Source, around: Around) -> Reader:
    return ArchiveReader(Path(source.location), covers=around.covers)


def _bucket(source: Source, around: Around) -> Reader:
    from countenance.sources.bucket.reader import BucketReader  # noqa: PLC0415  obstore is heavy

    place = BucketPlace.read(source.options)
    return BucketReader(place, secrets=bucket_secrets(), covers=around.covers)


def _iiif(source: Source, around: Around) -> Reader:
    place = IiifPlace.read(source.options)
    fetcher = Fetcher(user_agent(), guard=Guard(on_private_network=place.private_network))
    fetch = fetch_from(fetcher, place.origins)
    reader = IiifReader(place.address, fetch=fetch, covers=around.covers)
    # A reader has no end of its own: its connections are let go of with it.
    weakref.finalize(reader, fetcher.close)
    return reader


def _upload(source: Source, around: Around) -> Reader:
    return UploadReader(source.id, around.stores, covers=around.covers)


_READERS: Mapping[SourceKind, Callable[[Source, Around], Reader]] = {
    SourceKind.FOLDER: _folder,
    SourceKind.ARCHIVE: _archive,
    SourceKind.BUCKET: _bucket,
    SourceKind.IIIF: _iiif,
    SourceKind.UPLOAD: _upload,
}
