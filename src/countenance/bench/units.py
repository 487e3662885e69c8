"""
Unit costs: what one photo, one face, one person costs, as measured; and by which command.

The one place where `bench plan` has its figures from. They stand in `docs/performance.md` too,
with the machine they were measured on: two cores of a shared AMD EPYC server, no GPU. `measured`
takes them anew on this machine, quickly.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

from countenance.bench.ingest import WorkerFigures, bench_ingest
from countenance.errors import UsageError
from countenance.settings import Settings

FACES_A_PHOTO = 3
"""In the photos that the costs were measured with."""

DIMENSIONS = 128
"""Numbers of a template, in all packs that costs are known of."""

_INGEST = "countenance bench ingest"
_GALLERY = "countenance bench gallery --people 10000000"
_LOAD = "countenance bench gallery --load 100000"
_QUICK_PHOTOS, _QUICK_PEOPLE, _QUICK_PROBES, _QUICK_LOAD = 6, 1_000_000, 20, 2_000


@dataclass(frozen=True, slots=True)
class Unit:
    """What one of something costs: `value` of `unit`, measured by `command`; told at `where`."""

    name: str
    value: float
    unit: str
    command: str
    where: str


@dataclass(frozen=True, slots=True)
class Units:
    """All unit costs of one pack."""

    read: Unit
    decode: Unit
    detect: Unit
    embed: Unit
    words: Unit
    preview: Unit
    store: Unit
    two_workers: Unit
    first_worker: Unit
    next_worker: Unit
    by_codes: Unit
    by_product: Unit
    code: Unit
    load: Unit
    photo_row: Unit
    person_rows: Unit
    person_objects: Unit

    def __iter__(self) -> Iterator[Unit]:
        return (getattr(self, one.name) for one in fields(self))


def known_units(pack: str) -> Units:
    """The costs in `docs/performance.md`. Raises `UsageError` for a pack that has none there."""
    if pack not in _BY_PACK:
        known = ", ".join(_BY_PACK)
        raise UsageError(
            f"plan: no costs are known of the pack {pack}, only of {known}",
            hint="measure them here: --measure",
        )
    command, seconds, peaks, faster = _BY_PACK[pack]
    return _units(command, "docs/performance.md, Ingest", seconds, peaks, faster)


def measured_units(settings: Settings) -> Units:
    """
    The costs on this machine: some photos made and ingested by one worker and by two, and made
    galleries. About a minute. What it does not measure is as known: rows in the catalog.

    Raises as `bench_ingest`, `bench_gallery` and `bench_load` do.
    """
    from countenance.bench.gallery import bench_gallery  # noqa: PLC0415  faiss is an extra
    from countenance.bench.load import bench_load  # noqa: PLC0415

    ingest = bench_ingest(None, settings=settings, count=_QUICK_PHOTOS, repeats=1)
    one, two = ingest.by_workers
    here = _units(
        f"{_INGEST} --count {_QUICK_PHOTOS} --repeats 1",
        "measured here, now",
        _stages(one),
        (one.peak_bytes / 1e6, two.peak_bytes / 1e6),
        ingest.speed_ups[0],
    )
    gallery = bench_gallery(_QUICK_PEOPLE, probes=_QUICK_PROBES)
    load = bench_load(_QUICK_LOAD)
    asked = f"countenance bench gallery --people {_QUICK_PEOPLE} --probes {_QUICK_PROBES}"
    loaded = f"countenance bench gallery --load {_QUICK_LOAD}"
    return replace(
        here,
        by_codes=_now(here.by_codes, gallery.by_codes.median / _QUICK_PEOPLE * 1e6, asked),
        by_product=_now(here.by_product, gallery.exact.median / _QUICK_PEOPLE * 1e6, asked),
        code=_now(here.code, gallery.coded / _QUICK_PEOPLE * 1e6, asked),
        load=_now(here.load, load.microseconds_each, loaded),
        person_rows=_now(here.person_rows, load.bytes_each, loaded),
        person_objects=_now(here.person_objects, load.memory_each, loaded),
    )


# --------------------------------------------------------------------------------------------------

_Stages = tuple[float, float, float, float, float, float, float]
"""CPU seconds a photo: read, decode, detect, embed, words, preview, store."""

_BY_PACK: dict[str, tuple[str, _Stages, tuple[float, float], float]] = {
    "starter": (
        _INGEST,
        (0.004, 0.037, 0.230, 0.032, 0.004, 0.007, 0.008),
        (401, 559),
        1.79,
    ),
    "yunet-dlib": (
        f"COUNTENANCE_PACK=yunet-dlib {_INGEST}",
        (0.005, 0.040, 0.064, 0.032, 0.004, 0.007, 0.008),
        (326, 413),
        1.85,
    ),
}
"""The command, CPU seconds by stage, peak MB of one worker and of two, and two over one."""


def _units(
    command: str, where: str, seconds: _Stages, peaks: tuple[float, float], faster: float
) -> Units:
    read, decode, detect, embed, words, preview, store = seconds
    photo = "CPU s a photo"
    large = "docs/performance.md, Search"
    rows = "docs/performance.md, Opening and closing"
    return Units(
        read=Unit("read and digest", read, photo, command, where),
        decode=Unit("decode", decode, photo, command, where),
        detect=Unit("find faces", detect, photo, command, where),
        embed=Unit("embed", embed / FACES_A_PHOTO, "CPU s a face", command, where),
        words=Unit("words and near hash", words, photo, command, where),
        preview=Unit("preview", preview, photo, command, where),
        store=Unit("compare and store", store, photo, command, where),
        two_workers=Unit(
            "two workers over one", faster, "times the photos a second", command, where
        ),
        first_worker=Unit("memory, one worker", peaks[0], "MB", command, where),
        next_worker=Unit("memory, each more", max(1.0, peaks[1] - peaks[0]), "MB", command, where),
        by_codes=Unit("comparing, by codes", 1.87, "CPU ns a face and person", _GALLERY, large),
        by_product=Unit(
            "comparing, by the product",
            38.7,
            "CPU ns a face and person",
            "countenance bench gallery",
            large,
        ),
        code=Unit("coding a reference", 2.8, "CPU µs a person", _GALLERY, large),
        load=Unit("opening a reference", 32.8, "CPU µs a person", _LOAD, large),
        photo_row=Unit(
            "rows of a photo with three faces",
            205e6 / 120_000,
            "bytes a photo",
            "the catalog of 205 MB with 120,000 photos",
            rows,
        ),
        person_rows=Unit("rows and key of a person", 6740.0, "bytes a person", _LOAD, large),
        person_objects=Unit("objects of a person in memory", 624.0, "bytes a person", _LOAD, large),
    )


def _stages(figures: WorkerFigures) -> _Stages:
    of = figures.cpu_of
    return (
        of("read"),
        of("decode"),
        of("detect"),
        of("embed"),
        of("words"),
        of("preview"),
        max(0.0, of("store")),
    )


def _now(unit: Unit, value: float, command: str) -> Unit:
    return replace(unit, value=value, command=command, where="measured here, now")
