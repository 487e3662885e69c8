"""
The stage: one photo's bytes in, a small record out. Pixels never leave it.

It asks nobody and stores nothing, so that it runs on any engine. What it found of bystanders
beyond a box lives in the record, in memory, until the one writer has compared it, and is then
dropped (P6).
"""

import time
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from countenance.catalog.items import Claim
from countenance.catalog.photos import Face, PhotoKind
from countenance.core.canonical import Digest, digest
from countenance.core.ids import CopyId, SourceId
from countenance.errors import Reason, Unavailable, Unreadable
from countenance.extract.extractor import Extractor, Sifts, Templates
from countenance.ingest.film import Watching, digest_of, watch_film
from countenance.media.decode import Picture
from countenance.media.metadata import Metadata, read_metadata
from countenance.media.near import near_hash
from countenance.media.preview import encode_preview
from countenance.sources.source import FileReader, OpenFile, Reader, is_film

ERASED = "it was taken down, and comes again from the same source"
"""What is said of a picture that a tombstone refuses (P4)."""


@dataclass(frozen=True, slots=True)
class Work:
    """One item to be worked on, and the copy that its preview will be."""

    claim: Claim
    preview: CopyId


@dataclass(frozen=True, slots=True, eq=False)
class ReadPhoto:
    """
    A photo or film that was read. `templates` is nothing where nobody was to be recognised.

    `seconds` is how long a film is. `short` is why not all of it was seen, if that is so.

    `metadata` is what its file says, and `near` its near hash, or empty.
    """

    work: Work
    digest: Digest
    width: int
    height: int
    faces: tuple[Face, ...]
    templates: Templates | None
    preview: bytes
    metadata: Metadata
    near: bytes
    spent: Mapping[str, float]
    kind: PhotoKind = PhotoKind.PHOTO
    seconds: float | None = None
    short: tuple[Reason, str] | None = None


@dataclass(frozen=True, slots=True)
class KnownPhoto:
    """The very bytes of a photo that this source gave before."""

    work: Work
    digest: Digest


@dataclass(frozen=True, slots=True)
class UnreadPhoto:
    """A photo without result, and why."""

    work: Work
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class AwayPhoto:
    """A photo whose source could not be reached: nothing is known of it, and nothing changes."""

    work: Work
    message: str


Record = ReadPhoto | KnownPhoto | UnreadPhoto
"""What comes to the writer."""


@dataclass(frozen=True, slots=True)
class Known:
    """
    What saves a stage work: `known` are the photos that need none, `erased` those that are refused
    because they were taken down, `recognises` the sources whose faces are to be compared.
    """

    known: Container[tuple[SourceId, Digest]]
    erased: Container[tuple[SourceId, Digest]]
    recognises: Container[SourceId]


class PhotoStage:
    """
    Reads one photo. Safe to call from several threads at once.

    `sifts` tells of the faces of a source which may be somebody's; where there is nothing that
    does, all are embedded wholly.
    """

    def __init__(
        self,
        extractor: Extractor,
        known: Known,
        *,
        readers: Mapping[SourceId, Reader],
        watching: Watching,
        sifts: Mapping[SourceId, Sifts] | None = None,
    ) -> None:
        self._extractor = extractor
        self._readers = readers
        self._known = known.known
        self._erased = known.erased
        self._recognises = known.recognises
        self._watching = watching
        self._sifts = sifts or {}

    def __call__(self, work: Work) -> Record | AwayPhoto:
        spent = Stopwatch()
        try:
            if is_film(work.claim.locator):
                return self._watch(work, spent)
            with spent.on("read"):
                data = self._fetch(work.claim)
        except Unreadable as exc:
            return UnreadPhoto(work, exc.reason, _with_hint(exc))
        except Unavailable as exc:
            return AwayPhoto(work, exc.message)
        try:
            return self._read(work, data, spent)
        except Unreadable as exc:
            return UnreadPhoto(work, exc.reason, exc.message)

    def _watch(self, work: Work, spent: "Stopwatch") -> Record:
        """Raises `Unreadable`, and `Unavailable` if the source cannot be reached."""
        claim, see = work.claim, self._extractor
        reader = self._readers[claim.source]
        assert isinstance(reader, FileReader)  # noqa: S101  `GrantedReader` opens what any gives
        with reader.open(claim.locator, max_bytes=see.films.limits.max_bytes) as opened:
            return self._watch_opened(work, opened, spent)

    def _watch_opened(self, work: Work, opened: OpenFile, spent: "Stopwatch") -> Record:
        source, see = work.claim.source, self._extractor
        with spent.on("read"):
            known_by = digest_of(opened, self._watching)
        if known := self._known_already(work, known_by):
            return known
        with spent.on("watch"):
            compares = source in self._recognises
            watched = watch_film(opened, see, self._watching, compares=compares)
        with spent.on("preview"):
            preview = encode_preview(watched.poster)
        ended = watched.ended
        return ReadPhoto(
            work=work,
            digest=known_by,
            width=watched.width,
            height=watched.height,
            faces=watched.faces,
            templates=watched.templates,
            preview=preview,
            metadata=Metadata(),
            near=b"",
            spent=spent.seconds,
            kind=PhotoKind.FILM,
            seconds=watched.seconds,
            short=None if ended.reason is None else (ended.reason, ended.detail),
        )

    def _fetch(self, claim: Claim) -> bytes:
        max_bytes = self._extractor.decoder.limits.max_bytes
        return self._readers[claim.source].read(claim.locator, max_bytes=max_bytes)

    def _read(self, work: Work, data: bytes, spent: "Stopwatch") -> Record:
        claim, see = work.claim, self._extractor
        with spent.on("read"):
            known_by = digest(data)
        if known := self._known_already(work, known_by):
            return known
        with spent.on("decode"):
            picture = see.decoder(data, half=True, isolated=claim.attempt > 1)
        with spent.on("detect"):
            faces = see.faces(picture)
        templates = None
        if claim.source in self._recognises:
            with spent.on("decode"):
                sharp = self._sharp_enough(data, picture, faces, claim)
            with spent.on("embed"):
                (templates,) = see.embed([see.cut(sharp, faces)], self._sifts.get(claim.source))
        with spent.on("words"):
            metadata = read_metadata(data)
            near = near_hash(picture.pixels)
        with spent.on("preview"):
            preview = encode_preview(picture.pixels)
        return ReadPhoto(
            work=work,
            digest=known_by,
            width=picture.width,
            height=picture.height,
            faces=faces,
            templates=templates,
            preview=preview,
            metadata=metadata,
            near=near,
            spent=spent.seconds,
        )

    def _known_already(self, work: Work, known_by: Digest) -> KnownPhoto | None:
        """Raises `Unreadable` if a tombstone stands for it."""
        source = work.claim.source
        if (source, known_by) in self._erased:
            raise Unreadable(Reason.ERASED, ERASED)
        return KnownPhoto(work, known_by) if (source, known_by) in self._known else None

    def _sharp_enough(
        self, data: bytes, picture: Picture, faces: tuple[Face, ...], claim: Claim
    ) -> Picture:
        """`picture`, or the whole photo where its faces would be too low."""
        if picture.scale >= 1 or not self._extractor.too_low(faces, scale=picture.scale):
            return picture
        return self._extractor.decoder(data, half=False, isolated=claim.attempt > 1)


def _with_hint(exc: Unreadable) -> str:
    """What is wrong with a file, and what helps, in one line of a report."""
    return f"{exc.message}: {exc.hint}" if exc.hint else exc.message


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """CPU seconds of this thread, by name."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def on(self, name: str) -> Iterator[None]:
        begun = time.thread_time()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.thread_time() - begun
