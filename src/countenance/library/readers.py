"""Which reader a source has, by its kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from countenance.sources.folder import FolderReader
from countenance.sources.source import Reader, Source, SourceKind


@dataclass(frozen=True, slots=True)
class Around:
    """
    What a reader keeps to.

    `covers` says of a locator whether a grant covers it now. `apart` are the library's own folders:
    it may stand among the pictures, and its previews are no pictures of theirs.
    """

    covers: Callable[[str], bool]
    apart: tuple[Path, ...]


def reader_of(source: Source, around: Around) -> Reader:
    """The reader of a source. Nothing is opened or asked for yet."""
    return _READERS[source.kind](source, around)


# --------------------------------------------------------------------------------------------


def _folder(source: Source, around: Around) -> Reader:
    return FolderReader(Path(source.location), covers=around.covers, apart=around.apart)


_READERS: Mapping[SourceKind, Callable[[Source, Around], Reader]] = {
    SourceKind.FOLDER: _folder,
}
