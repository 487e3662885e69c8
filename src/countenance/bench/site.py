"""
How fast a web site is ingested, beside a folder of the same pictures.

    countenance bench site

Small pictures that show nobody are made, and put in a folder. A server in a process of its own
gives them out on this machine, with a grant file that sets no rate and a sitemap. Both are ingested
in turn, each run in a process of its own, by the wall clock: what is asked is how long fetching
keeps the workers waiting. The networks are loaded before anything is counted; listing is counted.
"""

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import simplejpeg  # type: ignore[import-untyped]

from countenance.bench.process import cpu_seconds, in_child
from countenance.core.canonical import Json
from countenance.errors import Unavailable, UsageError
from countenance.library import Given, Library
from countenance.settings import Settings
from countenance.sources.site.grantfile import WELL_KNOWN, site_token
from countenance.sources.site.guard import Origin
from countenance.sources.site.newgrant import NewGrant, write_grant_file

PICTURE_PIXELS = (320, 240)
"""Width and height: of the size of those on a page of a gallery."""

PICTURES_A_PAGE = 100

_GALLERY = "/gala/"
_GRAIN = 12  # grey levels: files of about 20 kB
_WARM_UP_PICTURES = 20


@dataclass(frozen=True, slots=True)
class SiteRun:
    """One ingest. `cpu_seconds` is of the ingest and its children, without the server's."""

    pictures: int
    skipped: int
    seconds: float
    cpu_seconds: float

    @property
    def pictures_per_second(self) -> float:
        return self.pictures / self.seconds


@dataclass(frozen=True, slots=True)
class SiteFigures:
    """The runs of both, pair by pair."""

    folder: tuple[SiteRun, ...]
    site: tuple[SiteRun, ...]
    workers: int
    bytes: int

    @property
    def ratios(self) -> tuple[float, ...]:
        """How fast the site was beside the folder, pair by pair: 1 is the same."""
        return tuple(
            of_site.pictures_per_second / of_folder.pictures_per_second
            for of_folder, of_site in zip(self.folder, self.site, strict=True)
        )

    def as_json(self) -> dict[str, Json]:
        """The figures for a program: times in seconds, as the names say."""
        return {
            "pictures": self.folder[0].pictures,
            "mean_picture_bytes": self.bytes,
            "workers": self.workers,
            "folder_pictures_per_second": _rates(self.folder),
            "site_pictures_per_second": _rates(self.site),
            "median_ratio": round(statistics.median(self.ratios), 3),
            "least_ratio": round(min(self.ratios), 3),
        }

    def as_text(self) -> Iterator[str]:
        """The figures as lines of a table."""
        kilobytes = f"{self.bytes / 1e3:.0f} kB"
        yield f"{self.folder[0].pictures:,} pictures of {kilobytes}, {self.workers} workers"
        for name, runs in (("folder", self.folder), ("site", self.site)):
            rate = statistics.median(run.pictures_per_second for run in runs)
            spent = statistics.median(run.cpu_seconds / run.pictures for run in runs) * 1e3
            skipped = sum(run.skipped for run in runs)
            yield f"{name:<8}{rate:8.1f} a second, {spent:.1f} CPU ms each, {skipped} skipped"
        yield f"the site is read at {statistics.median(self.ratios):.0%} of the folder's speed"


def bench_site(settings: Settings, *, pictures: int = 10_000, repeats: int = 3) -> SiteFigures:
    """
    Measure the ingest of `pictures` pictures from a folder and from a site on this machine.

    Raises `UsageError` if a number is below 1, `NoModel` if the pack is not on this machine, and
    `Unavailable` if a process is killed.
    """
    if min(pictures, repeats) < 1:
        raise UsageError("bench: pictures and repeats must be 1 or more")
    with tempfile.TemporaryDirectory(prefix="countenance-bench-") as scratch:
        root = Path(scratch)
        _make_pictures(root / "warm-up", _WARM_UP_PICTURES, seed=1)
        size = _make_pictures(root / f"served{_GALLERY}", pictures, seed=2)
        with _serving(root / "served") as port:
            _write_sitemap(root / "served", port, pictures)
            job = _Job(root / "warm-up", root / "served", None, settings)
            # In turn, so that both meet the same disturbances.
            runs = [
                (in_child(_measure, job), in_child(_measure, replace(job, port=port)))
                for _ in range(repeats)
            ]
    folder, site = zip(*runs, strict=True)
    return SiteFigures(folder, site, settings.workers, size)


# --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Job:
    """`port` is where the pictures of `served` are given out; of None they are read in place."""

    warm_up: Path
    served: Path
    port: int | None
    settings: Settings


def _measure(job: _Job) -> SiteRun:
    with tempfile.TemporaryDirectory(prefix="countenance-bench-") as scratch:
        root = Path(scratch)
        settings = job.settings.with_keys(root / "keys")
        with Library.init(root / "library", settings) as library:
            library.ingest([_add_folder(library, job.warm_up)])
            if job.port is None:
                source = _add_folder(library, job.served / _GALLERY.strip("/"))
            else:
                source = _add_site(library, job.served, job.port)
            begun = cpu_seconds()
            report = library.ingest([source])
        spent = cpu_seconds() - begun
    if not report.done:
        raise Unavailable("bench: not one picture was read")
    return SiteRun(report.done, len(report.skipped), report.seconds, spent)


def _add_folder(library: Library, folder: Path) -> str:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    return library.add_folder(folder, Given("the bench", tomorrow)).source.id


def _add_site(library: Library, served: Path, port: int) -> str:
    host = Origin.parse(f"http://127.0.0.1:{port}")
    now = datetime.now(UTC)
    grant = NewGrant(
        host=host,
        token=site_token(library.trail.key().public, host),
        name="The bench",
        contacts=("mailto:bench@example.org",),
        basis="pictures that it made",
        operator="https://example.org/",
        paths=(_GALLERY,),
        issued=now - timedelta(minutes=1),
        until=now + timedelta(days=1),
    )
    file = served / WELL_KNOWN.strip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(write_grant_file(grant))
    added, _ = library.add_site(f"{host}{_GALLERY}page-0.html", private_network=True)
    return added.source.id


def _make_pictures(folder: Path, count: int, *, seed: int) -> int:
    """Make the pictures, and the pages that show them. Gives the mean size of one, in bytes."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    width, height = PICTURE_PIXELS
    total = 0
    for number in range(count):
        ground = random.integers(40, 215, (1, 1, 3), dtype=np.uint8)
        grain = random.integers(0, _GRAIN, (height, width, 1), dtype=np.uint8)
        data = simplejpeg.encode_jpeg(np.ascontiguousarray(ground + grain), quality=85)
        (folder / f"{number:05}.jpg").write_bytes(data)
        total += len(data)
    for page in range(-(-count // PICTURES_A_PAGE)):
        shown = range(page * PICTURES_A_PAGE, min(count, (page + 1) * PICTURES_A_PAGE))
        pictures = "".join(f'<img src="{number:05}.jpg" alt="">' for number in shown)
        (folder / f"page-{page}.html").write_text(f"<!doctype html><title>Gala</title>{pictures}")
    return total // count


def _write_sitemap(served: Path, port: int, pictures: int) -> None:
    pages = range(-(-pictures // PICTURES_A_PAGE))
    listed = "".join(
        f"<url><loc>http://127.0.0.1:{port}{_GALLERY}page-{page}.html</loc></url>" for page in pages
    )
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    (served / "sitemap.xml").write_text(f'<urlset xmlns="{space}">{listed}</urlset>')


@contextmanager
def _serving(root: Path) -> Iterator[int]:
    """A server of the files below `root`, in a process of its own. Gives its port."""
    context = get_context("spawn")
    here, there = context.Pipe()
    server = context.Process(target=_serve, args=(root, there), daemon=True)
    server.start()
    try:
        if not here.poll(60):
            raise Unavailable("bench: the server did not start")
        yield here.recv()
    finally:
        server.terminate()
        server.join()


def _serve(root: Path, started: Connection) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(root))) as server:
        started.send(server.server_address[1])
        server.serve_forever()


class _Files(SimpleHTTPRequestHandler):
    """As any server does it: connections are kept, and what is small is sent at once."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name there
        """Say nothing."""


def _rates(runs: tuple[SiteRun, ...]) -> Json:
    return [round(run.pictures_per_second, 2) for run in runs]
