"""Sources: the places pictures come from, and what every reader of one must keep to."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import BinaryIO, Protocol, runtime_checkable

from countenance.core.ids import CollectionId, SourceId

PRIVATE_NETWORK = "private-network"
"""The option of a source whose host may be on a private network."""

MINORS = "minors"
"""The option that says whether people under age are recognised there; by default they are, where
the collection's rule lets them be."""

EXCLUDED = "excluded"
"""Its value where they are not."""


class SourceKind(StrEnum):
    """What kind of place it is; each kind has its reader."""

    FOLDER = "folder"
    ARCHIVE = "archive"
    BUCKET = "bucket"
    SITE = "site"
    IIIF = "iiif"
    UPLOAD = "upload"

    @property
    def is_path(self) -> bool:
        """Whether its location is a path on this machine."""
        return self in (SourceKind.FOLDER, SourceKind.ARCHIVE)


@dataclass(frozen=True, slots=True)
class Source:
    """
    A place pictures come from.

    `location` is an absolute path for a folder or an archive, and an address for what is asked over
    a network. `options` are what a reader of this kind needs besides, and never a secret.
    """

    id: SourceId
    kind: SourceKind
    location: str
    collection: CollectionId
    added_at: datetime
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One listed file.

    `locator` is its path below the source's location, with `/`. `stamp` differs whenever the
    file was written again, as far as can be told without reading it.

    `page` is the address of the page it stands on, and `words` what stands around it there: the
    title, the caption. Both are empty where the source has no pages.
    """

    locator: str
    stamp: str
    page: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Unlisted:
    """
    A part of a source that could not be listed, and why.

    `locator` is that of a folder. What lies in it is not known: it has not vanished.
    """

    locator: str
    message: str


class Reader(Protocol):
    """
    Reads one source, and only what a grant covers at that instant.

    A reader keeps no copy, and changes nothing at the source.
    """

    def list(
        self, unlisted: Callable[[Unlisted], object], passed_over: Callable[[str], object]
    ) -> Iterator[Entry]:
        """
        Every picture-like file that is covered, each once, in an order that stays the same.

        `unlisted` is called for each part that could not be listed, before the iterator ends, and
        `passed_over` with the locator of each covered file that is no picture by its name.

        Raises `Unavailable` if the source as a whole cannot be reached: a source that is away
        for an hour has not lost its pictures.
        """

    def read(self, locator: str, *, max_bytes: int) -> bytes:
        """
        The whole file. The grant is asked again, here.

        Raises `Unreadable`, with the reason, if it is not covered, gone, not to be read by us,
        no ordinary file, or larger than `max_bytes`; and `Unavailable` as `list` does.
        """

    def url(self, locator: str) -> str:
        """The address at which a person can open the file, whether it is there or not."""


@dataclass(frozen=True, slots=True)
class OpenFile:
    """
    A file that is read piece by piece. `file` can be sought in.

    `require` raises `Unreadable` unless a grant covers the file now. Whoever reads on for minutes
    asks again and again: a grant may end meanwhile (P1).
    """

    file: BinaryIO
    require: Callable[[], None]


@runtime_checkable
class FileReader(Reader, Protocol):
    """A reader that can open a file without taking it into memory whole, as films need it."""

    def open(self, locator: str, *, max_bytes: int) -> AbstractContextManager[OpenFile, None]:
        """Raises as `Reader.read` does."""


FILM_ENDINGS = frozenset(
    f".{ending}"
    for ending in (
        *("mp4", "m4v", "mov", "qt", "3gp", "3g2", "mkv", "webm", "avi", "mpg", "mpeg", "mts"),
        *("m2ts", "ts", "flv", "wmv", "asf", "ogv", "mxf"),
    )
)
"""What a film's name ends with, in lower case. What it is, its bytes say."""


def is_film(locator: str) -> bool:
    """Whether a file is a film by its name. It is then read as one, and never as a photo."""
    _, dot, ending = locator.rpartition("/")[2].rpartition(".")
    return bool(dot) and f".{ending.lower()}" in FILM_ENDINGS
