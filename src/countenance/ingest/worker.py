"""
The worker of an ingest that is spread over machines: the same stage as anywhere, elsewhere.

It sees pixels and no people. What may be read it asks of the hub before each file (P1), what it
found it hands in there, and what the hub does not want any more it drops. It keeps nothing, and has
neither the catalog nor a name nor a reference.

A file of a folder or an archive it reads itself, where that lies on its machine at the same path;
all else the leader of the run reads, under the politeness that it owes the source, and sends.
"""

import io
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

from countenance import __version__
from countenance.core.canonical import Digest, Json
from countenance.core.ids import SourceId
from countenance.engines.hub import HubAddress, Line, LineLost
from countenance.engines.isolated import Message
from countenance.errors import Error, Interrupted, Reason, Unavailable, Unreadable
from countenance.extract.extractor import Extractor
from countenance.ingest.crossing import as_bytes, work_of
from countenance.ingest.film import Watching
from countenance.ingest.granted import MAX_BYTES_IN_MEMORY
from countenance.ingest.progress import silent
from countenance.ingest.stage import Known, PhotoStage
from countenance.media.decoder import Decoder
from countenance.media.film import Sampling
from countenance.media.limits import Limits
from countenance.sources.archive import ArchiveReader
from countenance.sources.folder import FolderReader
from countenance.sources.source import Entry, FileReader, OpenFile, Reader, SourceKind, Unlisted
from countenance.vision.models import ModelStore
from countenance.vision.pack import Pack
from countenance.vision.vision import Vision


@dataclass(frozen=True, slots=True)
class OnDisk:
    """Where a source lies on the leader's machine. In the folders `apart` nothing is read."""

    kind: SourceKind
    location: Path
    apart: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Posting:
    """
    What a worker is sent out with. It names no person, and holds no key but the line's.

    `load` gives what it looks with, on its machine. `places` are the sources that it may read
    itself: on `machine`, and on every one if they are `mounted` there too.
    """

    hub: HubAddress
    load: Callable[[], Extractor]
    sampling: Sampling
    places: Mapping[SourceId, OnDisk]
    machine: str
    mounted: bool = False


class WorkerStage:
    """
    Works on items by their numbers, a batch at a time. What came of them is at the hub.

    Raises `LineLost` if the hub is gone. What cannot be loaded the hub is told, and it raises as
    `posting.load` does.
    """

    def __init__(self, posting: Posting) -> None:
        line = Line(posting.hub)
        here = {"version": __version__, "host": platform.node()}
        _ask(line, {"ask": "hello", **here})
        try:
            extractor = posting.load()
        except Error as exc:
            _ask(line, {"ask": "unfit", "message": exc.message, "hint": exc.hint, **here})
            raise
        self._line = line
        self._recognises: set[SourceId] = set()
        near = posting.mounted or posting.machine == machine()
        seen = _Seen(line)
        self._stage = PhotoStage(
            extractor,
            Known(_SeenAs(seen, "known"), _SeenAs(seen, "erased"), self._recognises),
            readers=_Readers(line, posting.places if near else {}),
            watching=Watching(posting.sampling, silent),
        )

    def __call__(self, rows: Sequence[int], /) -> Sequence[int]:
        """For each row 1, whatever came of it."""
        taken = _ask(self._line, {"ask": "take", "items": list(rows)}).fields
        for said in cast("Sequence[Mapping[str, Json]]", taken["works"]):
            work = work_of(said)
            self._recognises.discard(work.claim.source)
            if said["recognises"]:
                self._recognises.add(work.claim.source)
            try:
                record = self._stage(work)
            except Interrupted:
                break
            _ask(self._line, {"ask": "done"}, as_bytes(record))
        return [1] * len(rows)


def load_extractor(pack: Pack, models: Path, long_side: int, device: str) -> Extractor:
    """
    The networks of `pack` from the folder `models` of this machine.

    Raises `NoModel` if their files are not there, and as `device.providers_for` does.
    """
    vision = Vision(pack, ModelStore(models).locate(pack), long_side=long_side, device=device)
    return Extractor(Decoder(Limits()), vision)


def machine() -> str:
    """What names this machine as long as it runs: two of one name are one machine."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return platform.node()


# --------------------------------------------------------------------------------------------------


def _ask(line: Line, fields: Mapping[str, Json], body: bytes = b"") -> Message:
    """What the hub answers. Raises what the hub says is in the way."""
    answer = line.ask(fields, body)
    said = answer.fields
    match said.get("trouble"):
        case None:
            return answer
        case "unreadable":
            raise Unreadable(Reason(str(said["reason"])), str(said["message"]))
        case "unavailable":
            raise Unavailable(str(said["message"]))
        case _:
            raise Interrupted(str(said["message"]))


class _Seen:
    """What the hub says of a photo's bytes; asked once for each."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._last: tuple[tuple[SourceId, Digest], Mapping[str, Json]] | None = None

    def of(self, which: tuple[SourceId, Digest]) -> Mapping[str, Json]:
        if self._last is None or self._last[0] != which:
            source, digest = which
            asked = _ask(self._line, {"ask": "seen", "source": source, "digest": digest})
            self._last = which, asked.fields
        return self._last[1]


@dataclass(frozen=True, slots=True)
class _SeenAs:
    seen: _Seen
    word: str

    def __contains__(self, which: object) -> bool:
        return bool(self.seen.of(cast("tuple[SourceId, Digest]", which))[self.word])


class _Readers(Mapping[SourceId, Reader]):
    """A reader for whatever source the hub gives out work of."""

    def __init__(self, line: Line, places: Mapping[SourceId, OnDisk]) -> None:
        self._line = line
        self._places = places

    def __getitem__(self, source: SourceId) -> Reader:
        place = self._places.get(source)
        return _AskingReader(self._line, source, None if place is None else _reader(place))

    def __iter__(self) -> Iterator[SourceId]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _reader(place: OnDisk) -> Reader:
    # Whether a grant covers the file the hub was asked, just before.
    if place.kind is SourceKind.ARCHIVE:
        return ArchiveReader(place.location, covers=_any)
    return FolderReader(place.location, covers=_any, apart=place.apart)


def _any(_: str) -> bool:
    return True


class _AskingReader:
    """Reads here what lies here, once the hub allows it, and gets the rest from the hub."""

    def __init__(self, line: Line, source: SourceId, here: Reader | None) -> None:
        self._line = line
        self._source = source
        self._here = here

    def read(self, locator: str, *, max_bytes: int) -> bytes:
        """Raises as `GrantedReader.read` does."""
        if self._here is not None:
            self._require(locator)
            # What stands in the way here may not be in the leader's, whose word counts.
            with suppress(Unreadable, Unavailable):
                return self._here.read(locator, max_bytes=max_bytes)
        asked = self._asked("read", locator)
        return bytes(_ask(self._line, {**asked, "max_bytes": max_bytes}).body)

    @contextmanager
    def open(self, locator: str, *, max_bytes: int) -> Iterator[OpenFile]:
        require = partial(self._require, locator)
        if isinstance(self._here, FileReader):
            require()
            with self._here.open(locator, max_bytes=max_bytes) as opened:
                yield OpenFile(opened.file, require)
        else:
            data = self.read(locator, max_bytes=min(max_bytes, MAX_BYTES_IN_MEMORY))
            yield OpenFile(io.BytesIO(data), require)

    def list(
        self, _unlisted: Callable[[Unlisted], object], _passed_over: Callable[[str], object]
    ) -> Iterator[Entry]:
        raise NotImplementedError

    def url(self, locator: str) -> str:
        raise NotImplementedError

    # ----------------------------------------------------------------------------------------

    def _require(self, locator: str) -> None:
        _ask(self._line, self._asked("may", locator))

    def _asked(self, what: str, locator: str) -> dict[str, Json]:
        return {"ask": what, "source": self._source, "locator": locator}


__all__ = ["LineLost", "OnDisk", "Posting", "WorkerStage", "load_extractor", "machine"]
