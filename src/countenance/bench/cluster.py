"""
What it costs to lead an ingest over a cluster: the same photos, as many workers, both engines.

Here in turn, on the same machine, so that both meet the same disturbances. The cluster is one of
this machine, and it runs before anything is counted. Counted is the processor time of every process
below this one, which is looked at while it lives: of one that ends the last moments are missed, as
much for the one as for the other.
"""

import os
import statistics
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from countenance.bench.pictures import HOPPER, make_photos
from countenance.bench.process import in_child
from countenance.core.canonical import Json
from countenance.demo.pictures import find_portraits
from countenance.engines.ray import RayCluster
from countenance.enrol.enrol import Portrait
from countenance.errors import Unavailable, UsageError
from countenance.library import Given, Library
from countenance.library.photos import SpreadOver
from countenance.people.purpose import Purpose, Wish
from countenance.settings import Settings

_LOOKS_EVERY = 0.2  # seconds
_WARM_UP_PHOTOS = 4
_WARM_UP_SEED = 1
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class EngineRun:
    """
    One ingest by one engine. `cpu_seconds` is of all processes, `leading` of the leading one alone,
    and `stages` what of it the workers spent on the photos themselves.
    """

    photos: int
    sightings: int
    seconds: float
    cpu_seconds: float
    leading: float
    stages: float

    @property
    def figures(self) -> dict[str, float]:
        """CPU seconds a photo, and photos a second."""
        return {
            "cpu": self.cpu_seconds / self.photos,
            "stages": self.stages / self.photos,
            "leading": self.leading / self.photos,
            "rate": self.photos / self.seconds,
        }


@dataclass(frozen=True, slots=True)
class ClusterFigures:
    """Runs by both engines, in turn. `ratios` are those of CPU seconds a photo, ray over local."""

    workers: int
    local: tuple[EngineRun, ...]
    ray: tuple[EngineRun, ...]

    @property
    def ratios(self) -> list[float]:
        return [b.cpu_seconds / a.cpu_seconds for a, b in zip(self.local, self.ray, strict=True)]

    def as_json(self) -> dict[str, Json]:
        """The figures for a program: times in seconds."""
        return {
            "workers": self.workers,
            "photos": self.local[0].photos,
            "repeats": len(self.local),
            "local": _as_json(self.local),
            "ray": _as_json(self.ray),
            "cpu_ratios_of_ray_over_local": [round(one, 3) for one in self.ratios],
        }

    def as_text(self) -> Iterator[str]:
        """The figures as lines of a table, one column an engine."""
        yield f"{self.local[0].photos} photos, {self.workers} workers; medians of {len(self.local)}"
        yield f"{'':<30}{'local':>10}{'ray':>10}"
        for name, word in _ROWS.items():
            yield f"{word:<30}" + "".join(
                f"{_median(runs, name):>10.3f}" for runs in (self.local, self.ray)
            )
        yield f"a photo costs {statistics.median(self.ratios):.2f} times as much CPU on the cluster"


def bench_cluster(
    *, settings: Settings, count: int = 96, workers: int = 2, repeats: int = 3
) -> ClusterFigures:
    """
    Measure both engines on `count` photos made for it.

    Raises `UsageError` if a number is below 1, and `Unavailable` if the extra `cluster` or the
    portraits are not installed, or this system does not tell what processes cost.
    """
    if min(count, workers, repeats) < 1:
        raise UsageError("bench: photos, workers and repeats must be 1 or more")
    if not Path("/proc/self/stat").exists():
        raise Unavailable("bench: this system does not tell what processes cost, as Linux does")
    RayCluster().require()
    portraits = find_portraits()
    runs: dict[bool, list[EngineRun]] = {False: [], True: []}
    with tempfile.TemporaryDirectory(prefix="countenance-bench-") as scratch:
        root = Path(scratch)
        make_photos(root / "photos", portraits, count=count)
        make_photos(root / "warm-up", portraits, count=_WARM_UP_PHOTOS, seed=_WARM_UP_SEED)
        for _ in range(repeats):
            for spread, found in runs.items():
                own = replace(settings, workers=workers)
                found.append(in_child(_measure, _Job(root, portraits.hopper, own, spread)))
    return ClusterFigures(workers, tuple(runs[False]), tuple(runs[True]))


# --------------------------------------------------------------------------------------------------

_ROWS = {
    "cpu": "CPU s a photo",
    "stages": "  of it in the stages",
    "leading": "  of it in the leading process",
    "rate": "photos a second",
}


@dataclass(frozen=True, slots=True)
class _Job:
    root: Path
    portrait: Path
    settings: Settings
    spread: bool


@dataclass(slots=True)
class _Meter:
    """Sums up what this process and all below it cost, as long as it runs."""

    _costs: dict[tuple[int, str], float] = field(default_factory=dict, init=False)
    _ended: threading.Event = field(default_factory=threading.Event, init=False)

    def run(self) -> None:
        while not self._ended.wait(_LOOKS_EVERY):
            self.look()

    def look(self) -> None:
        self._costs.update(_costs())

    def stop(self) -> None:
        self._ended.set()

    @property
    def seconds(self) -> float:
        return sum(self._costs.values())


def _measure(job: _Job) -> EngineRun:
    meter = _Meter()
    watch = threading.Thread(target=meter.run, daemon=True)
    with tempfile.TemporaryDirectory(prefix="countenance-bench-") as scratch:
        root = Path(scratch)
        settings = job.settings.with_keys(root / "keys")
        engine = RayCluster(workers=job.settings.workers)
        with Library.init(root, settings) as library, engine:
            spread = SpreadOver(engine) if job.spread else None
            portrait = Portrait(job.portrait.name, job.portrait.read_bytes())
            library.enrol(HOPPER, [portrait], (Wish(Purpose.FIND_ME),))
            library.ingest([_add(library, job.root / "warm-up")], spread=spread)
            source = _add(library, job.root / "photos")
            meter.look()
            watch.start()
            before, here = meter.seconds, _own_seconds()
            report = library.ingest([source], spread=spread)
            meter.look()
            spent, leading = meter.seconds - before, _own_seconds() - here
            meter.stop()
            watch.join()
    return EngineRun(
        photos=report.done,
        sightings=report.sightings,
        seconds=report.seconds,
        cpu_seconds=spent,
        leading=leading,
        stages=sum(report.spent.values()),
    )


def _add(library: Library, folder: Path) -> str:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    added = library.add_folder(folder, Given("the bench", tomorrow), ground="measurement")
    return added.source.id


def _own_seconds() -> float:
    times = os.times()
    return times.user + times.system


def _costs() -> Mapping[tuple[int, str], float]:
    """CPU seconds of this process and each below it, by number and start."""
    parents: dict[int, int] = {}
    costs: dict[int, tuple[str, float]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            # After the name, which may hold anything: state, parent, ..., utime, stime, ..., start.
            cells = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            process = int(folder.name)
            parents[process] = int(cells[1])
            ticks = int(cells[11]) + int(cells[12])
            costs[process] = (cells[19], ticks / _TICKS_A_SECOND)
    found = {}
    for process, (start, seconds) in costs.items():
        above: int | None = process
        while above is not None and above != os.getpid():
            above = parents.get(above)
        if above is not None:
            found[process, start] = seconds
    return found


def _median(runs: tuple[EngineRun, ...], name: str) -> float:
    return statistics.median(run.figures[name] for run in runs)


def _as_json(runs: tuple[EngineRun, ...]) -> Json:
    return {
        "cpu_seconds_per_photo": round(_median(runs, "cpu"), 4),
        "in_the_stages": round(_median(runs, "stages"), 4),
        "in_the_leading_process": round(_median(runs, "leading"), 4),
        "photos_per_second": round(_median(runs, "rate"), 3),
        "sightings": runs[0].sightings,
    }
