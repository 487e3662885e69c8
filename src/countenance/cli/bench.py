"""`countenance bench`: how fast this machine is."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, say, table
from countenance.cli.arguments import COUNT
from countenance.cli.command import Call, command, group
from countenance.cli.progress import ProgressLine

if TYPE_CHECKING:
    from countenance.bench.evaluation import Evaluation
    from countenance.bench.search import SearchFigures, Spread
    from countenance.settings import Settings

bench = group("bench", "Measure how fast this machine is.")

_MEBIBYTE = 1 << 20  # bytes


@command(
    "accuracy",
    of=bench,
    changes="nothing but the files of --plots and --keep-rates: the library it fills is gone when "
    "it ends",
    example="countenance bench accuracy ~/datasets/lfw --plots lfw-plots",
)
@click.argument("dataset", type=click.Path(path_type=Path), metavar="DATASET")
@click.option(
    "--plots",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the DET curves and the histograms of distances there, as SVG and as PNG.",
)
@click.option(
    "--keep-rates",
    is_flag=True,
    help="Keep the false-match rates of the pack, which has none: it may recognise by them then.",
)
def accuracy(call: Call, *, dataset: Path, plots: Path | None, keep_rates: bool) -> None:
    """
    Measure a dataset by the field's protocols: verification, identification, detection.

    DATASET is a folder of pictures for each person; LFW with its pairs.txt; CFP; WIDER FACE; or
    photos with `faces.csv` (file, person, x, y, w, h in pixels; a portrait has no box) and
    `people.csv` (person, may_be_enrolled): then it is measured too who is found by a whole
    library, missed and named wrongly. Which it is, is seen from its files. Where there are too few
    pairs to measure a rate it says so, and how many it takes.
    """
    from countenance.bench.accuracy import measure
    from countenance.bench.datasets import read_dataset
    from countenance.bench.evaluated import as_json, as_text, write_charts
    from countenance.bench.evaluation import measure_dataset
    from countenance.vision.pack import load_pack

    read, settings = read_dataset(dataset), call.settings()
    with ProgressLine() as progress:
        measured = measure_dataset(read, settings, progress=progress)
    fields, text = as_json(measured), list(as_text(measured))
    if keep_rates:
        fields["rates"] = kept = _keep_rates(settings, measured, dataset)
        text += ["", f"written: {kept}"]
    if read.layout == "photographs" and load_pack(settings.pack, settings.models_dir).measured:
        found = measure(read.root, settings)
        counts = {"expected": found.expected, "found": found.found, "wrong": len(found.wrong)}
        fields |= counts | asdict(found)
        text = [*found.as_text().splitlines(), "", *text]
    if plots is not None:
        fields["plots"] = written = write_charts(measured, plots)
        text += ["", *(f"written: {path}" for path in written)]
    answer(call, fields, text)


def _keep_rates(settings: "Settings", measured: "Evaluation", dataset: Path) -> Path:
    from countenance.bench.rates import rates_of
    from countenance.vision.pack import load_pack, write_rates

    pack = load_pack(settings.pack, settings.models_dir)
    return write_rates(pack, rates_of(pack, measured, dataset.resolve().name), settings.models_dir)


@command(
    "again",
    of=bench,
    changes="nothing: the library it fills is gone when it ends",
    example="countenance bench again --photos 2000 --people 100",
)
@click.option(
    "--photos", type=int, default=2000, show_default=True, metavar="N", help="Of the library."
)
@click.option(
    "--people", type=int, default=1, show_default=True, metavar="N", help="Enrolled since."
)
def again(call: Call, *, photos: int, people: int) -> None:
    """Measure how long a collection is searched again for those who enrolled since."""
    from countenance.bench.again import bench_again

    figures = bench_again(call.settings(), photos, people=people)
    answer(call, figures.as_json(), figures.as_text())


@command(
    "audit",
    of=bench,
    changes="nothing: the log it fills is gone when it ends",
    example="countenance bench audit --entries 200000",
)
@click.option(
    "--entries", type=int, default=200_000, show_default=True, metavar="N", help="Of the log."
)
def audit(call: Call, *, entries: int) -> None:
    """Measure how fast the audit log is added to, and verified whole."""
    from countenance.bench.audit import bench_audit

    figures = bench_audit(entries)
    answer(call, asdict(figures), figures.as_text())


@command(
    "desk",
    of=bench,
    changes="nothing: the library it fills is gone when it ends",
    example="countenance bench desk --photos 100000",
)
@click.option(
    "--photos", type=int, default=100_000, show_default=True, metavar="N", help="Of the library."
)
@click.option("--runs", type=int, default=9, show_default=True, metavar="N", help="Runs each.")
def desk(call: Call, *, photos: int, runs: int) -> None:
    """Measure how fast the desk answers: buckets, the review, and the search box."""
    from countenance.bench.desk import bench_desk

    figures = bench_desk(photos, runs=runs)
    answer(call, asdict(figures), figures.as_text())


@command(
    "film",
    of=bench,
    changes="nothing: the films and the libraries it makes are gone when it ends",
    example="countenance bench film --seconds 30",
)
@click.option("--seconds", type=int, default=30, show_default=True, metavar="N", help="Of a film.")
@click.option("--repeats", type=int, default=3, show_default=True, metavar="N", help="Runs each.")
@click.option(
    "--truth",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Measure who is found, and when, instead: in the film of DIR/video, by portraits of "
    "DIR/photos.",
)
def film(call: Call, *, seconds: int, repeats: int, truth: Path | None) -> None:
    """Measure how many times faster than it plays a film is ingested, on one core."""
    if truth is not None:
        from countenance.bench.intervals import measure_film

        measured = measure_film(truth, call.settings())
        answer(call, measured.as_json(), measured.as_text())
        return
    from countenance.bench.film import bench_film

    figures = bench_film(call.settings(), seconds=seconds, repeats=repeats)
    answer(call, figures.as_json(), figures.as_text())


@command(
    "finding",
    of=bench,
    changes="nothing",
    example="countenance bench finding ~/photos",
)
@click.argument("photos", type=click.Path(exists=True, file_okay=False, path_type=Path))
def finding(call: Call, *, photos: Path) -> None:
    """
    Measure what each way of finding more is worth, and costs: mirror images, a closer look.

    PHOTOS is a folder of photographs with `faces.csv`, as `bench accuracy` reads it. Each is made
    harder in known ways: smaller, darker, turned.
    """
    import tempfile

    from countenance.bench.finding import bench_finding
    from countenance.library import Library

    settings = call.settings()
    with tempfile.TemporaryDirectory(prefix="countenance-bench-") as below:
        own = settings.with_keys(Path(below) / "keys")
        with Library.init(Path(below) / "library", own) as library:
            figures = bench_finding(photos, library.extractor)
    answer(call, figures.as_json(), figures.as_text())


@command(
    "floor",
    of=bench,
    changes="nothing: the photos it makes are gone when it ends",
    example="countenance bench floor",
)
@click.option("--runs", type=int, default=9, show_default=True, metavar="N", help="Runs each.")
def floor(call: Call, *, runs: int) -> None:
    """Measure where each millisecond of a photo goes, and what could not be saved."""
    from countenance.bench.floor import bench_floor

    figures = bench_floor(call.settings(), runs=runs)
    answer(call, figures.as_json(), figures.as_text())


@command(
    "gallery",
    of=bench,
    changes="nothing: the library that --load fills is gone when it ends",
    example="countenance bench gallery --people 1000000",
)
@click.option(
    "--people", type=int, default=1_000_000, show_default=True, metavar="N", help="Enrolled."
)
@click.option(
    "--probes", type=int, default=400, show_default=True, metavar="N", help="Searched one by one."
)
@click.option(
    "--load",
    type=int,
    metavar="N",
    help="Measure instead how long N encrypted references take to be opened into a gallery.",
)
def gallery(call: Call, *, people: int, probes: int, load: int | None) -> None:
    """Measure a large gallery: by its codes, and exactly, and what the codes lose; or its load."""
    if load is not None:
        from countenance.bench.load import bench_load

        loaded = bench_load(load)
        answer(call, asdict(loaded), loaded.as_text())
        return
    from countenance.bench.gallery import bench_gallery

    figures = bench_gallery(people, probes=probes)
    answer(call, asdict(figures), figures.as_text())


@command(
    "million",
    of=bench,
    changes="the library in --at, which is made if it is not there, and kept",
    example="countenance bench million --at ~/bench/million",
)
@click.option(
    "--at",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    metavar="DIR",
    help="Where the library is, or is to be made: 2 GB and a few minutes for 1,000,000 photos.",
)
@click.option(
    "--photos", type=int, default=1_000_000, show_default=True, metavar="N", help="Of the library."
)
@click.option("--runs", type=int, default=9, show_default=True, metavar="N", help="Runs each.")
@click.option(
    "--only", default="", metavar="WORDS", help="Only what has these words in its name: `search`."
)
@click.option(
    "--catalog",
    metavar="ADDRESS",
    default="",
    help="PostgreSQL for the catalog, as in init, where the library is to be made. Else a file.",
)
def million(call: Call, *, at: Path, photos: int, runs: int, only: str, catalog: str) -> None:
    """
    Measure everything that is asked daily of a library of a million photos: every page, every
    resource for programs, and the commands.

    The photos, faces, words, people and sightings are rows that a generator makes, and of nobody.
    Whatever takes more than 200 ms of processor time is marked.
    """
    from countenance.bench.million import bench_million
    from countenance.cli.main import main

    figures = bench_million(
        at, photos, command=main, runs=runs, only=only, catalog=catalog, said=say
    )
    answer(call, figures.as_json(), figures.as_text())


@command(
    "plan",
    of=bench,
    changes="nothing",
    example="countenance bench plan --photos 3e9 --people 1e7 --memory 64 --days 30",
)
@click.option("--photos", type=COUNT, required=True, metavar="N", help="To be looked at.")
@click.option("--people", type=COUNT, required=True, metavar="N", help="Enrolled.")
@click.option(
    "--faces", type=float, default=3.0, show_default=True, metavar="N", help="A photo shows."
)
@click.option(
    "--consenting",
    type=float,
    default=0.05,
    show_default=True,
    metavar="SHARE",
    help="Of the faces, those of people enrolled.",
)
@click.option(
    "--compared",
    type=COUNT,
    default=0,
    metavar="N",
    help="People a face is compared with. Else everybody enrolled.",
)
@click.option(
    "--days", type=float, default=30.0, show_default=True, metavar="N", help="In which it ends."
)
@click.option("--cores", type=int, default=16, show_default=True, metavar="N", help="Of a node.")
@click.option(
    "--memory", type=float, default=64.0, show_default=True, metavar="GB", help="Of a node."
)
@click.option(
    "--node-price",
    type=float,
    default=0.8,
    show_default=True,
    metavar="MONEY",
    help="Of a node's hour. An example: give your own.",
)
@click.option(
    "--store-price",
    type=float,
    default=20.0,
    show_default=True,
    metavar="MONEY",
    help="Of a TB for a month. An example: give your own.",
)
@click.option(
    "--replication", type=int, default=2, show_default=True, metavar="N", help="Copies kept."
)
@click.option(
    "--photo-size",
    type=COUNT,
    default="3.1e6",
    show_default=True,
    metavar="BYTES",
    help="Of a photo's file, fetched from its source.",
)
@click.option(
    "--preview-size",
    type=COUNT,
    default="4e5",
    show_default=True,
    metavar="BYTES",
    help="Of the preview that is kept of it.",
)
@click.option(
    "--fails-after",
    type=float,
    default=720.0,
    show_default=True,
    metavar="HOURS",
    help="A node, in the mean.",
)
@click.option(
    "--repair",
    type=float,
    default=15.0,
    show_default=True,
    metavar="MINUTES",
    help="Until another stands in its place.",
)
@click.option(
    "--lease", type=int, default=256, show_default=True, metavar="N", help="Photos taken at a time."
)
@click.option(
    "--lease-runs-out",
    type=float,
    default=10.0,
    show_default=True,
    metavar="MINUTES",
    help="If it is not renewed.",
)
@click.option(
    "--stragglers",
    type=float,
    default=0.05,
    show_default=True,
    metavar="SHARE",
    help="Of the nodes, those that are slow.",
)
@click.option(
    "--slow",
    type=float,
    default=0.5,
    show_default=True,
    metavar="SHARE",
    help="Of the speed of others, theirs.",
)
@click.option(
    "--runs", type=int, default=5, show_default=True, metavar="N", help="Simulations made."
)
@click.option(
    "--seed", type=int, default=1, show_default=True, metavar="N", help="Of what fails when."
)
@click.option(
    "--measure",
    is_flag=True,
    help="Take the unit costs on this machine first, in a minute or two. Else those in "
    "docs/performance.md.",
)
def plan(call: Call, /, *, measure: bool, **given: float) -> None:
    """
    Plan a large ingest on paper: nodes, days, memory and money, with the arithmetic.

    Unit costs were measured; the days come from simulated nodes that fail and that are slow.
    Numbers may be written like 3e9.
    """
    from countenance.bench.leases import Cluster
    from countenance.bench.plan import Asked, make_plan
    from countenance.bench.units import known_units, measured_units

    settings = call.settings()
    cluster = Cluster(
        1,
        hours_to_failure=given["fails_after"],
        repair_seconds=given["repair"] * 60,
        lease_seconds=given["lease_runs_out"] * 60,
        straggling=given["stragglers"],
        slow=given["slow"],
    )
    asked = Asked(
        photos=int(given["photos"]),
        people=int(given["people"]),
        pack=settings.pack,
        cluster=cluster,
        faces=given["faces"],
        consenting=given["consenting"],
        compared=int(given["compared"]),
        days=given["days"],
        cores=int(given["cores"]),
        memory=given["memory"],
        node_price=given["node_price"],
        store_price=given["store_price"],
        replication=int(given["replication"]),
        photo_bytes=int(given["photo_size"]),
        preview_bytes=int(given["preview_size"]),
        lease=int(given["lease"]),
        runs=int(given["runs"]),
        seed=int(given["seed"]),
    )
    made = make_plan(asked, measured_units(settings) if measure else known_units(settings.pack))
    answer(call, made.as_json(), made.as_text())


@command(
    "search",
    of=bench,
    changes="nothing",
    example="countenance bench search --references 100000",
)
@click.option(
    "--references",
    type=int,
    default=100_000,
    show_default=True,
    metavar="N",
    help="The size of the gallery.",
)
@click.option(
    "--probes",
    type=int,
    default=256,
    show_default=True,
    metavar="N",
    help="Searched at once.",
)
@click.option("--runs", type=int, default=9, show_default=True, metavar="N", help="Runs each.")
def search(call: Call, *, references: int, probes: int, runs: int) -> None:
    """Measure how fast a gallery is searched, next to the machine's bare matrix product."""
    from countenance.bench.search import bench_search

    figures = bench_search(references, probes=probes, runs=runs)
    answer(call, asdict(figures), _search_text(figures))


@command(
    "ingest",
    of=bench,
    changes="nothing: the library it fills is gone when it ends",
    example="countenance bench ingest --photos ~/Pictures/gala --workers 1 --workers 2",
)
@click.option(
    "--photos",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Ingest these. Else photos that it makes.",
)
@click.option("--count", type=int, default=24, show_default=True, metavar="N", help="Photos made.")
@click.option(
    "--workers",
    type=int,
    multiple=True,
    default=(1, 2),
    show_default=True,
    metavar="N",
    help="Photos worked on at once. Given several times, they are compared.",
)
@click.option("--repeats", type=int, default=3, show_default=True, metavar="N", help="Runs each.")
def ingest(
    call: Call, *, photos: Path | None, count: int, workers: tuple[int, ...], repeats: int
) -> None:
    """Measure an ingest: photos a second, CPU seconds a photo by stage, peak memory."""
    from countenance.bench.ingest import bench_ingest

    figures = bench_ingest(
        photos, settings=call.settings(), count=count, workers=workers, repeats=repeats
    )
    answer(call, figures.as_json(), figures.as_text())


@command(
    "cluster",
    of=bench,
    changes="nothing: the libraries and the clusters it makes are gone when it ends",
    example="countenance bench cluster --count 96 --workers 2",
)
@click.option("--count", type=int, default=96, show_default=True, metavar="N", help="Photos made.")
@click.option(
    "--workers", type=int, default=2, show_default=True, metavar="N", help="Of either engine."
)
@click.option("--repeats", type=int, default=3, show_default=True, metavar="N", help="Runs each.")
def cluster(call: Call, *, count: int, workers: int, repeats: int) -> None:
    """Measure what a photo costs when the ingest is spread over a cluster, and when it is not."""
    from countenance.bench.cluster import bench_cluster

    figures = bench_cluster(settings=call.settings(), count=count, workers=workers, repeats=repeats)
    answer(call, figures.as_json(), figures.as_text())


@command(
    "scan",
    of=bench,
    changes="nothing: the files it makes are gone when it ends",
    example="countenance bench scan --needles 30 --needles 3000",
)
@click.option(
    "--megabytes", type=int, default=256, show_default=True, metavar="N", help="Of files made."
)
@click.option(
    "--needles",
    type=int,
    multiple=True,
    default=(30, 3000),
    show_default=True,
    metavar="N",
    help="Looked for at once. Given several times, they are compared.",
)
@click.option("--runs", type=int, default=5, show_default=True, metavar="N", help="Runs each.")
def scan(call: Call, *, megabytes: int, needles: tuple[int, ...], runs: int) -> None:
    """Measure how fast every file is searched for the bytes of what was erased."""
    from countenance.bench.erasure import bench_scan

    figures = bench_scan(megabytes, needles=needles, runs=runs)
    answer(call, asdict(figures), figures.as_text())


@command(
    "site",
    of=bench,
    changes="nothing: the pictures, the server and the libraries it makes are gone when it ends",
    example="countenance bench site --pictures 10000",
)
@click.option(
    "--pictures", type=int, default=10_000, show_default=True, metavar="N", help="Small ones made."
)
@click.option("--repeats", type=int, default=3, show_default=True, metavar="N", help="Runs each.")
def site(call: Call, *, pictures: int, repeats: int) -> None:
    """Measure how fast a web site is ingested, beside a folder of the same pictures."""
    from countenance.bench.site import bench_site

    figures = bench_site(call.settings(), pictures=pictures, repeats=repeats)
    answer(call, figures.as_json(), figures.as_text())


@command(
    "web",
    of=bench,
    changes="nothing: the libraries it makes are gone when it ends",
    example="countenance bench web --photos 100000 --users 20",
)
@click.option(
    "--photos", type=int, default=100_000, show_default=True, metavar="N", help="Of the library."
)
@click.option("--users", type=int, default=20, show_default=True, metavar="N", help="At once.")
@click.option("--seconds", type=int, default=120, show_default=True, metavar="N", help="Of users.")
@click.option("--runs", type=int, default=15, show_default=True, metavar="N", help="Runs each.")
@click.option(
    "--joining",
    type=int,
    metavar="N",
    help="Measure instead how long somebody waits for their photos, in a library of N with faces "
    "that are drawn.",
)
def web(
    call: Call, *, photos: int, users: int, seconds: int, runs: int, joining: int | None
) -> None:
    """Measure the pages: each alone, thumbnails, many people at once; or joining."""
    if joining is not None:
        from countenance.bench.joining import bench_joining

        waited = bench_joining(call.settings(), joining)
        answer(call, asdict(waited), waited.as_text())
        return
    from countenance.bench.web import bench_web

    figures = bench_web(photos, users=users, seconds=seconds, runs=runs)
    answer(call, asdict(figures), figures.as_text())


@command(
    "withdrawal",
    of=bench,
    changes="nothing: the library it makes is gone when it ends",
    example="countenance bench withdrawal --photos 10000",
)
@click.option(
    "--photos", type=int, default=10_000, show_default=True, metavar="N", help="Of the library."
)
@click.option(
    "--withdrawals", type=int, default=5, show_default=True, metavar="N", help="One by one."
)
def withdrawal(call: Call, *, photos: int, withdrawals: int) -> None:
    """Measure how soon nobody is found by a withdrawal, and how soon its bytes are gone."""
    from countenance.bench.withdrawal import bench_withdrawal

    figures = bench_withdrawal(photos, withdrawals=withdrawals)
    answer(call, asdict(figures), figures.as_text())


# --------------------------------------------------------------------------------------------------


def _search_text(figures: "SearchFigures") -> Iterator[str]:
    yield f"{figures.references:,} references of {figures.dims} numbers, {figures.runs} runs"
    yield from table(
        [
            ("  one probe", _milliseconds(figures.one_probe)),
            (f"  {figures.probes} probes", _milliseconds(figures.all_probes)),
            ("  the bare product", _milliseconds(figures.product)),
            ("  share of the product", f"{figures.share.median:.0%}"),
            ("  peak memory", f"{figures.peak_bytes / _MEBIBYTE:,.0f} MiB"),
        ]
    )


def _milliseconds(spread: "Spread") -> str:
    return f"{spread.median:.1f} ms ({spread.least:.1f} to {spread.most:.1f})"
