"""
How long a collection is searched again for those who enrolled since: from previews and boxes.

The library is made as `bench.joining` makes it: previews with drawn faces that the network itself
found. One newcomer is drawn too, and is in some photos; of everybody else enrolled there is a
template only, spread as the default pack's are, so that strangers come as near as strangers do.
"""

import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
from numpy.typing import NDArray

from countenance.bench.desk import fill
from countenance.bench.drawn import APART
from countenance.bench.gallery import direction, templates
from countenance.bench.joining import A_SHOT, FACES, LEAST, SHOTS, portrait_file, put_faces
from countenance.bench.load import add_references
from countenance.bench.process import cpu_seconds, in_child
from countenance.catalog import people as people_of
from countenance.catalog import sightings
from countenance.core.canonical import Json
from countenance.enrol.enrol import Portrait
from countenance.errors import UsageError
from countenance.extract.extractor import Extractor
from countenance.ingest.compare import TOGETHER
from countenance.ingest.progress import Step
from countenance.library import Library
from countenance.people.purpose import Purpose, Wish
from countenance.settings import MAX_SEARCHES, Settings
from countenance.vision.embed import Near
from countenance.vision.types import Float32, Pixels
from countenance.vision.vision import Vision

_NEWCOMER = "Nia"
_RUNS = 15  # of the embedder alone
_LOOKS_EVERY = 4  # photos, whether somebody is found
_OF = 20_000
"""Photos that the time is told for."""


@dataclass(frozen=True, slots=True)
class AgainFigures:
    """
    One search of `photos` photos for `people` at once, after the networks were loaded.

    `cpu_ms` is of a photo, of all threads. `seconds` is by the clock, `processors` how many it had.
    `first` is until the first find was stored, by the clock; `found` of `there` sightings.

    `mirrored` is the share of faces that were embedded mirrored as well. `half_ms` is what the
    embedder takes for a face as it is, by itself and before and after the search; `floor_ms` is
    that for the faces of a photo, with `mirrored`: nothing but the network's arithmetic.
    """

    photos: int
    people: int
    workers: int
    seconds: float
    cpu_ms: float
    first: float
    found: int
    there: int
    mirrored: float
    half_ms: float

    @property
    def floor_ms(self) -> float:
        return FACES * self.half_ms * (1 + self.mirrored)

    @property
    def over_floor(self) -> float:
        """The processor time of the search over that of the embedder alone."""
        return self.cpu_ms / self.floor_ms

    @property
    def minutes(self) -> float:
        """For 20,000 such photos, where both of two processors are free for it."""
        return self.cpu_ms * _OF / 1000 / 2 / 60

    def as_json(self) -> dict[str, Json]:
        """The figures for a program."""
        return {
            **asdict(self),
            "floor_ms": self.floor_ms,
            "over_floor": self.over_floor,
            "minutes_for_20000": self.minutes,
        }

    def as_text(self) -> Iterator[str]:
        """The figures in lines, for a person."""
        yield f"{self.photos:,} photos of {FACES} faces, {self.people} enrolled since"
        yield f"  CPU ms a photo             {self.cpu_ms:.1f}"
        yield f"  the embedder alone         {self.floor_ms:.1f}: {self.over_floor:.2f} times that"
        yield f"  faces embedded mirrored    {100 * self.mirrored:.1f} %"
        yield f"  a face, embedded as it is  {self.half_ms:.2f} CPU ms"
        yield f"  {_OF:,} photos on two processors by that: {self.minutes:.1f} minutes"
        yield (
            f"  by the clock {self.seconds:.0f} s, {self.workers} workers; first find after "
            f"{self.first:.1f} s; {self.found} of {self.there} found"
        )


def bench_again(settings: Settings, count: int = 2000, *, people: int = 1) -> AgainFigures:
    """
    Measure one search of `count` photos for `people`, in a process of its own.

    Raises `UsageError` if there are too few of either, `NoModel` if the pack is not on this
    machine, and `Unavailable` if the process is killed.
    """
    if count < LEAST or people < 1:
        raise UsageError(f"bench: expected {LEAST} photos or more and 1 person or more")
    return in_child(_measure, (settings, count, people))


# --------------------------------------------------------------------------------------------------


def _measure(asked: tuple[Settings, int, int]) -> AgainFigures:
    settings, count, people = asked
    with tempfile.TemporaryDirectory(prefix="countenance-bench-") as below:
        own = settings.with_keys(Path(below) / "keys").with_searches(MAX_SEARCHES)
        with Library.init(Path(below) / "library", own) as library:
            fill(library, count)
            put_faces(library)
            pictures = [Portrait("portrait.jpg", portrait_file(APART[0]))]
            library.enrol(_NEWCOMER, pictures, (Wish(Purpose.FIND_ME),), search=False)
            _enrol_others(library, own, people - 1)
            return _search(library, people, own.workers)


def _enrol_others(library: Library, settings: Settings, count: int) -> None:
    drawn = [library.extractor.decoder(portrait_file(one)) for one in APART]
    see = library.extractor
    faces = np.concatenate([see.templates(one, see.faces(one)).vectors for one in drawn])
    vectors = templates(np.random.default_rng(9), count, direction(faces))[:, None]
    with library._database.write() as tx:  # noqa: SLF001  rows are made where no enrolment is
        add_references(tx, library._stores, settings.keys_dir, vectors, pack=library.pack.id)  # noqa: SLF001


class _Counting(Vision):
    """The vision of a library, that counts the faces it embeds."""

    def __init__(self, vision: Vision) -> None:
        self.__dict__.update(vision.__dict__)
        self.faces = self.mirrored = 0

    def embed_those_near(self, chips: Pixels, near: Near) -> tuple[NDArray[np.intp], Float32]:
        rows, vectors = super().embed_those_near(chips, near)
        self.faces += len(chips)
        self.mirrored += len(rows)
        return rows, vectors

    def half_ms(self) -> float:
        """CPU milliseconds of a face as it is, in runs as large as those of a search."""
        size = self.pack.embedder.size
        noise = np.random.default_rng(3).integers(0, 256, (TOGETHER * FACES, size, size, 3))
        chips, times = noise.astype(np.uint8), []
        for _ in range(_RUNS):
            begun = process_time()
            super().embed_those_near(chips, lambda halves: np.zeros(len(halves), np.bool_))
            times.append((process_time() - begun) / len(chips) * 1000)
        return statistics.median(times)


def _search(library: Library, people: int, workers: int) -> AgainFigures:
    see = library.extractor
    vision = _Counting(see.vision)
    library.__dict__["extractor"] = Extractor(see.decoder, vision, see.films)
    alone, first = [vision.half_ms()], 0.0
    wall, cpu = perf_counter(), cpu_seconds()

    def told(step: Step) -> None:
        nonlocal first
        if not first and step.done % _LOOKS_EVERY == 0 and _found(library):
            first = perf_counter() - wall

    done = library.search_again(progress=told) or 0
    spent, seconds = cpu_seconds() - cpu, perf_counter() - wall
    alone.append(vision.half_ms())
    return AgainFigures(
        photos=done,
        people=people,
        workers=workers,
        seconds=seconds,
        cpu_ms=spent / done * 1000,
        first=first,
        found=_found(library),
        there=SHOTS * A_SHOT,
        mirrored=vision.mirrored / vision.faces if vision.faces else 1.0,
        half_ms=statistics.mean(alone),
    )


def _found(library: Library) -> int:
    with library._database.read() as tx:  # noqa: SLF001
        return sightings.count_of(tx, people_of.get(tx, _NEWCOMER).id)
