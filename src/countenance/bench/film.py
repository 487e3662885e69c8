"""
How fast films are ingested: how many times faster than they play, on one core.

    countenance bench film

Two films of 720p are made for it: one that shows nobody, and the same with two faces in every
frame, of the demo's portraits. Both move in every frame, by a slow pan with grain, and are
compressed as most films are: H.264, a key frame in 250. The ratios are of processor seconds, those
of the decoding process included, so that neighbours do not count. Each measurement runs in a
process of its own; the networks are loaded before anything is counted.
"""

import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from countenance.bench.pictures import HOPPER
from countenance.bench.process import cpu_seconds, in_child, peak_bytes
from countenance.demo.pictures import Portraits, find_portraits
from countenance.enrol.enrol import Portrait
from countenance.errors import Unavailable, UsageError
from countenance.library import Given, Library
from countenance.people.purpose import Purpose, Wish
from countenance.settings import Settings

Pixels = NDArray[np.uint8]

FILM_PIXELS = (1280, 720)
FRAMES_A_SECOND = 30

_GRAIN = 5.0  # grey levels of standard deviation: a film of about 4 Mbit/s
_WARM_UP_SECONDS = 2
_FACE_PIXELS = 420  # the height of a portrait hung in the picture: a face of about 150
_PAN_PIXELS = 2  # a frame


@dataclass(frozen=True, slots=True)
class FilmRun:
    """One ingest of one film. `cpu_seconds` is of all processes, user and system."""

    film_seconds: float
    cpu_seconds: float
    seconds: float
    tracks: int
    sightings: int
    peak_bytes: int

    @property
    def times_real_time(self) -> float:
        """How many seconds of film one processor second does."""
        return self.film_seconds / self.cpu_seconds


@dataclass(frozen=True, slots=True)
class FilmFigures:
    """The runs of each film, by what it shows."""

    pack: str
    nobody: tuple[FilmRun, ...]
    faces: tuple[FilmRun, ...]
    longer: tuple[FilmRun, ...]

    @property
    def memory_ratio(self) -> float:
        """The peak of memory of a film four times as long, over that of the short one."""
        return max(one.peak_bytes for one in self.longer) / max(
            one.peak_bytes for one in self.faces
        )

    def as_json(self) -> dict[str, object]:
        """The figures for a program, as the names say."""
        return {
            "pack": self.pack,
            "film_pixels": list(FILM_PIXELS),
            "frames_a_second": FRAMES_A_SECOND,
            "times_real_time": {name: round(_median(runs), 2) for name, runs in self._named()},
            "runs": {
                name: [
                    {
                        "film_seconds": one.film_seconds,
                        "cpu_seconds": round(one.cpu_seconds, 3),
                        "seconds": round(one.seconds, 3),
                        "tracks": one.tracks,
                        "sightings": one.sightings,
                        "peak_memory_bytes": one.peak_bytes,
                    }
                    for one in runs
                ]
                for name, runs in self._named()
            },
            "peak_memory_longer_over_short": round(self.memory_ratio, 3),
        }

    def as_text(self) -> Iterator[str]:
        """The figures as lines: medians, and from the least to the most."""
        width, height = FILM_PIXELS
        yield f"pack {self.pack}, {width} x {height}, {FRAMES_A_SECOND} frames a second, one worker"
        for name, runs in self._named():
            every = sorted(one.times_real_time for one in runs)
            yield (
                f"  {name:<16} {_median(runs):5.1f} times real time a core"
                f" ({every[0]:.1f} to {every[-1]:.1f}), {runs[0].film_seconds:.0f} s of film,"
                f" {runs[0].tracks} tracks, {max(one.peak_bytes for one in runs) / 1e6:.0f} MB"
            )
        yield f"  peak memory of the longer over the shorter: {self.memory_ratio:.2f}"

    def _named(self) -> tuple[tuple[str, tuple[FilmRun, ...]], ...]:
        return (("nobody", self.nobody), ("two faces", self.faces), ("two, longer", self.longer))


def bench_film(settings: Settings, *, seconds: int = 30, repeats: int = 3) -> FilmFigures:
    """
    Measure the ingest of films of `seconds` made for it, and of one four times as long.

    Raises `UsageError` if a number is below 1, `NoModel` if the pack is not on this machine, and
    `Unavailable` if PyAV, its encoder or the portraits are not installed.
    """
    if min(seconds, repeats) < 1:
        raise UsageError("bench: seconds and repeats must be 1 or more")
    portraits = find_portraits()
    own = replace(settings, workers=1)
    with tempfile.TemporaryDirectory(prefix="countenance-bench-") as scratch:
        root = Path(scratch)
        make_film(root / "warm-up" / "warm-up.mp4", portraits, seconds=_WARM_UP_SECONDS, faces=True)
        make_film(root / "nobody" / "nobody.mp4", portraits, seconds=seconds, faces=False)
        make_film(root / "faces" / "faces.mp4", portraits, seconds=seconds, faces=True)
        make_film(root / "longer" / "longer.mp4", portraits, seconds=4 * seconds, faces=True)
        runs = [
            [
                in_child(_measure, _Job(root / name, root / "warm-up", portraits.hopper, own))
                for name in ("nobody", "faces", "longer")
            ]
            for _ in range(repeats)
        ]
    nobody, faces, longer = zip(*runs, strict=True)
    return FilmFigures(settings.pack, nobody, faces, longer)


def make_film(path: Path, portraits: Portraits, *, seconds: int, faces: bool) -> None:
    """
    Make a film of 720p at `path`; with `faces`, of two people in every frame.

    Raises `Unavailable` if PyAV or its encoder of H.264 is not here.
    """
    try:
        import av  # noqa: PLC0415  an extra
    except ImportError as exc:
        raise Unavailable(
            "bench: films are made by PyAV, which is not here",
            hint="pip install 'countenance[video]'",
        ) from exc
    path.parent.mkdir(parents=True, exist_ok=True)
    width, height = FILM_PIXELS
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FRAMES_A_SECOND)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "veryfast", "crf": "23", "g": "250", "threads": "1"}
        stream.codec_context.time_base = Fraction(1, FRAMES_A_SECOND)
        for number, pixels in enumerate(_frames(portraits, seconds, faces=faces)):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


# --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Job:
    film: Path
    warm_up: Path
    portrait: Path
    settings: Settings


def _measure(job: _Job) -> FilmRun:
    with tempfile.TemporaryDirectory(prefix="countenance-bench-") as scratch:
        root = Path(scratch)
        settings = job.settings.with_keys(root / "keys")
        with Library.init(root / "library", settings) as library:
            portrait = Portrait(job.portrait.name, job.portrait.read_bytes())
            library.enrol(HOPPER, [portrait], (Wish(Purpose.FIND_ME),))
            library.ingest([_add(library, job.warm_up)])
            source = _add(library, job.film)
            begun = cpu_seconds()
            report = library.ingest([source])
            spent = cpu_seconds() - begun
            peak = peak_bytes()
    return FilmRun(
        film_seconds=report.film_seconds,
        cpu_seconds=spent,
        seconds=report.seconds,
        tracks=report.faces,
        sightings=report.sightings,
        peak_bytes=peak,
    )


def _add(library: Library, folder: Path) -> str:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    added = library.add_folder(folder, Given("the bench", tomorrow), ground="measurement")
    return added.source.id


def _median(runs: tuple[FilmRun, ...]) -> float:
    return statistics.median(one.times_real_time for one in runs)


def _frames(portraits: Portraits, seconds: int, *, faces: bool) -> Iterator[Pixels]:
    """A slow pan to and fro over a wall, in grain, and before it two portraits that sway."""
    random = np.random.default_rng(4)
    width, height = FILM_PIXELS
    room = 400
    patches = random.integers(40, 215, (24, 40, 3), dtype=np.uint8)
    size = (width + room, height)
    wall = np.asarray(Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC))
    hung = [_portrait(one) for one in (portraits.hopper, portraits.collins)] if faces else []
    grain = random.normal(0, _GRAIN, (height, width + room, 1)).round().astype(np.int8)
    for number in range(seconds * FRAMES_A_SECOND):
        place = number * _PAN_PIXELS % (2 * room)
        left = place if place < room else 2 * room - place
        frame = wall[:, left : left + width].copy()
        for which, picture in enumerate(hung):
            x = width * (2 * which + 1) // 4 - picture.shape[1] // 2
            x += round(60 * np.sin(number / 25 + which))
            frame[150 : 150 + picture.shape[0], x : x + picture.shape[1]] = picture
        moved = np.roll(grain, int(random.integers(grain.shape[1])), axis=1)[:, :width]
        yield np.clip(frame.astype(np.int16) + moved, 0, 255).astype(np.uint8)


def _portrait(path: Path) -> Pixels:
    with Image.open(path) as image:
        scale = _FACE_PIXELS / image.height
        size = (round(image.width * scale), _FACE_PIXELS)
        return np.asarray(image.convert("RGB").resize(size, Image.Resampling.LANCZOS))
