"""`countenance bench`: how fast this machine is."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, table
from countenance.cli.command import Call, command, group

if TYPE_CHECKING:
    from countenance.bench.search import SearchFigures, Spread

bench = group("bench", "Measure how fast this machine is.")

_MEBIBYTE = 1 << 20  # bytes


@command(
    "accuracy",
    of=bench,
    changes="nothing: the library it fills is gone when it ends",
    example="countenance bench accuracy ../shared/data/photos",
)
@click.argument("folder", type=click.Path(path_type=Path), metavar="FOLDER")
def accuracy(call: Call, *, folder: Path) -> None:
    """
    Measure who is found, missed and named wrongly in photographs with truth.

    FOLDER holds the pictures, `faces.csv` (file, person, x, y, w, h in pixels; a portrait has no
    box) and `people.csv` (person, may_be_enrolled).
    """
    from countenance.bench.accuracy import measure

    measured = measure(folder, call.settings())
    fields = {"expected": measured.expected, "found": measured.found, "wrong": len(measured.wrong)}
    answer(call, fields | asdict(measured), measured.as_text().splitlines())


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
