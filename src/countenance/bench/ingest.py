"""
How fast photos are ingested: by the wall clock, in processor time by stage, and in memory.

Each measurement runs in a process of its own, so that its peak of memory is its own; with other
numbers of workers in turn, so that all meet the same disturbances. The library it fills is made
for it and removed. One person is enrolled, so that faces are embedded and compared. The networks
are loaded, and the first photos worked on, before anything is counted.
"""

import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from countenance.bench.pictures import HOPPER, make_photos
from countenance.bench.process import cpu_seconds, in_child, peak_bytes
from countenance.core.canonical import Json
from countenance.demo.pictures import find_portraits
from countenance.enrol.enrol import Portrait
from countenance.errors import UsageError
from countenance.library import Given, Library
from countenance.people.purpose import Purpose, Wish
from countenance.settings import Settings

STAGES = ("read", "decode", "detect", "embed", "words", "preview", "store")
"""Where the processor time of a photo goes. `store` is the rest: catalog, vault, listing."""

WARM_UP_PHOTOS = 2

_WARM_UP_SEED = 1  # other photos than the measured ones


@dataclass(frozen=True, slots=True)
class Run:
    """
    One ingest, measured.

    `cpu_seconds` is of the process and its children, user and system. `spent` is by stage, all
    photos together. `peak_bytes` is the most memory that was resident, children included.
    """

    photos: int
    skipped: int
    faces: int
    sightings: int
    seconds: float
    cpu_seconds: float
    spent: Mapping[str, float]
    peak_bytes: int

    @property
    def photos_per_second(self) -> float:
        return self.photos / self.seconds

    @property
    def processors_busy(self) -> float:
        """How many it kept busy on average: fewer than it could use if others wanted them too."""
        return self.cpu_seconds / self.seconds

    def cpu_of(self, stage: str) -> float:
        """CPU seconds a photo of one of `STAGES`."""
        if stage == "store":
            return (self.cpu_seconds - sum(self.spent.values())) / self.photos
        return self.spent.get(stage, 0.0) / self.photos


@dataclass(frozen=True, slots=True)
class WorkerFigures:
    """The runs with one number of workers: medians, and the most memory of all."""

    workers: int
    runs: tuple[Run, ...]

    @property
    def photos_per_second(self) -> float:
        return statistics.median(run.photos_per_second for run in self.runs)

    @property
    def cpu_seconds_per_photo(self) -> float:
        return statistics.median(run.cpu_seconds / run.photos for run in self.runs)

    @property
    def processors_busy(self) -> float:
        return statistics.median(run.processors_busy for run in self.runs)

    @property
    def peak_bytes(self) -> int:
        return max(run.peak_bytes for run in self.runs)

    def cpu_of(self, stage: str) -> float:
        return statistics.median(run.cpu_of(stage) for run in self.runs)


@dataclass(frozen=True, slots=True)
class IngestFigures:
    """What was measured. `made` is whether the photos are the bench's own; `bytes` is a photo's."""

    pack: str
    long_side: int
    made: bool
    bytes: int
    by_workers: tuple[WorkerFigures, ...]

    @property
    def speed_ups(self) -> tuple[float, ...]:
        """How many times faster the last number of workers was than the first, repeat by repeat."""
        first, last = self.by_workers[0], self.by_workers[-1]
        return tuple(
            b.photos_per_second / a.photos_per_second
            for a, b in zip(first.runs, last.runs, strict=True)
        )

    def as_json(self) -> dict[str, Json]:
        """The figures for a program: times in seconds, memory in bytes, as the names say."""
        return {
            "pack": self.pack,
            "long_side_pixels": self.long_side,
            "photos_were_made": self.made,
            "mean_photo_bytes": self.bytes,
            "warm_up_photos_not_counted": WARM_UP_PHOTOS,
            "repeats": len(self.by_workers[0].runs),
            "by_workers": [_as_json(figures) for figures in self.by_workers],
            "speed_up": self._speed_up(),
        }

    def as_text(self) -> Iterator[str]:
        """The figures as lines of a table, one column a number of workers."""
        photos = f"{self.by_workers[0].runs[0].photos} photos of {self.bytes / 1e6:.1f} MB"
        yield f"pack {self.pack}, faces looked for at {self.long_side} pixels; {photos}"
        yield f"medians of {len(self.by_workers[0].runs)} runs, each after {WARM_UP_PHOTOS} photos"
        rows = [("workers", [str(one.workers) for one in self.by_workers])]
        rows += [
            ("photos a second", [f"{one.photos_per_second:.2f}" for one in self.by_workers]),
            ("CPU s a photo", [f"{one.cpu_seconds_per_photo:.3f}" for one in self.by_workers]),
        ]
        rows += [
            (f"  {stage}", [f"{one.cpu_of(stage):.3f}" for one in self.by_workers])
            for stage in STAGES
        ]
        rows += [
            ("processors busy", [f"{one.processors_busy:.2f}" for one in self.by_workers]),
            ("peak memory, MB", [f"{one.peak_bytes / 1e6:.0f}" for one in self.by_workers]),
            ("faces found", [str(one.runs[0].faces) for one in self.by_workers]),
            ("skipped", [str(one.runs[0].skipped) for one in self.by_workers]),
        ]
        for name, cells in rows:
            yield f"{name:<18}" + "".join(f"{cell:>10}" for cell in cells)
        if len(self.by_workers) > 1:
            last, first = self.by_workers[-1].workers, self.by_workers[0].workers
            ratio = statistics.median(self.speed_ups)
            yield f"{last} workers are {ratio:.2f} times as fast as {first}"

    def _speed_up(self) -> Json:
        if len(self.by_workers) == 1:
            return None
        return {
            "of_workers": self.by_workers[-1].workers,
            "over_workers": self.by_workers[0].workers,
            "median_ratio": round(statistics.median(self.speed_ups), 3),
            "least_ratio": round(min(self.speed_ups), 3),
            "most_ratio": round(max(self.speed_ups), 3),
        }


def bench_ingest(
    photos: Path | None,
    *,
    settings: Settings,
    count: int = 24,
    workers: Sequence[int] = (1, 2),
    repeats: int = 3,
) -> IngestFigures:
    """
    Measure the ingest of the folder `photos`, or of `count` photos made for it.

    The pack, the size at which faces are looked for and the folder of models are those of
    `settings`. Raises `UsageError` if a number is below 1 or the folder holds no photo that can be
    read, `NoModel` if the pack is not on this machine, and `Unavailable` if the portraits are not
    installed or the measuring process is killed.
    """
    if min(count, repeats, *workers) < 1 or not workers:
        raise UsageError("bench: photos, workers and repeats must be 1 or more")
    portraits = find_portraits()
    with tempfile.TemporaryDirectory(prefix="countenance-bench-") as scratch:
        root = Path(scratch)
        if photos is None:
            make_photos(root / "photos", portraits, count=count)
        make_photos(root / "warm-up", portraits, count=WARM_UP_PHOTOS, seed=_WARM_UP_SEED)
        measured = photos or root / "photos"
        jobs = [
            _Job(measured, root / "warm-up", portraits.hopper, replace(settings, workers=number))
            for number in workers
        ]
        # In turn, not one after the other: 1, 2, 1, 2, and so on.
        runs = [[in_child(_measure, job) for job in jobs] for _ in range(repeats)]
        return IngestFigures(
            pack=settings.pack,
            long_side=settings.long_side,
            made=photos is None,
            bytes=_mean_bytes(measured),
            by_workers=tuple(
                WorkerFigures(number, tuple(of_number))
                for number, of_number in zip(workers, zip(*runs, strict=True), strict=True)
            ),
        )


# --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Job:
    photos: Path
    warm_up: Path
    portrait: Path
    settings: Settings


def _measure(job: _Job) -> Run:
    with tempfile.TemporaryDirectory(prefix="countenance-bench-") as scratch:
        root = Path(scratch)
        settings = job.settings.with_keys(root / "keys")
        with Library.init(root, settings) as library:
            portrait = Portrait(job.portrait.name, job.portrait.read_bytes())
            library.enrol(HOPPER, [portrait], (Wish(Purpose.FIND_ME),))
            library.ingest([_add(library, job.warm_up)])
            source = _add(library, job.photos)
            begun = cpu_seconds()
            report = library.ingest([source])
            peak = peak_bytes()
        # The library is closed: its child processes have ended, and their time is counted.
        spent = cpu_seconds() - begun
    if not report.done:
        raise UsageError(f"{job.photos}: no photo that can be read")
    return Run(
        photos=report.done,
        skipped=len(report.skipped),
        faces=report.faces,
        sightings=report.sightings,
        seconds=report.seconds,
        cpu_seconds=spent,
        spent=dict(report.spent),
        peak_bytes=peak,
    )


def _add(library: Library, folder: Path) -> str:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    added = library.add_folder(folder, Given("the bench", tomorrow), ground="measurement")
    return added.source.id


def _mean_bytes(folder: Path) -> int:
    return round(statistics.mean(one.stat().st_size for one in folder.rglob("*") if one.is_file()))


def _as_json(figures: WorkerFigures) -> Json:
    first = figures.runs[0]
    return {
        "workers": figures.workers,
        "photos": first.photos,
        "photos_skipped": first.skipped,
        "faces": first.faces,
        "sightings": first.sightings,
        "photos_per_second": round(figures.photos_per_second, 3),
        "cpu_seconds_per_photo": round(figures.cpu_seconds_per_photo, 4),
        "cpu_seconds_per_photo_by_stage": {
            stage: round(figures.cpu_of(stage), 4) for stage in STAGES
        },
        "processors_busy": round(figures.processors_busy, 3),
        "peak_memory_bytes": figures.peak_bytes,
    }
