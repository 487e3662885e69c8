"""`countenance ingest`: read and recognise what is new."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, counted, table
from countenance.cli.command import Call, command
from countenance.cli.exits import IN_PART
from countenance.cli.progress import ProgressLine, duration
from countenance.cli.sources import say_unlisted, unlisted_document
from countenance.errors import NoGrant
from countenance.settings import ray_address as address_of_environment

if TYPE_CHECKING:
    from countenance.ingest.run import Report, Skipped

_SKIPS_SHOWN = 10


@command(
    "ingest",
    changes="the catalog and the vault: photos with the boxes of their faces, previews, and "
    "sightings of people who agreed; nothing at the sources",
    example="countenance ingest --workers 2",
)
@click.argument("sources", metavar="[SOURCE]...", nargs=-1)
@click.option(
    "--quick", is_flag=True, help="Of films look at key frames only: who merely passes is missed."
)
@click.option(
    "--every",
    metavar="SECONDS",
    type=float,
    help="Between two frames of a film that are looked at. Else the setting.",
)
@click.option(
    "--workers",
    metavar="N",
    type=int,
    help="Photos worked on at once. Else the setting, and of a cluster each of its processors.",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    help="Work here, or spread over a cluster of Ray (the extra `cluster`); `local` by default.",
)
@click.option(
    "--ray-address",
    metavar="HOST:PORT",
    help="The head of the cluster. Else RAY_ADDRESS, and without that a cluster on this machine.",
)
@click.option(
    "--batch",
    metavar="N",
    type=click.IntRange(1, 500),
    help="Photos that a worker of the cluster takes at once; 8 by default.",
)
@click.option(
    "--mounted",
    is_flag=True,
    help="Each machine of the cluster has the folders and archives at the same path as here.",
)
def ingest(
    call: Call,
    sources: tuple[str, ...],
    *,
    quick: bool,
    every: float | None,
    workers: int | None,
    engine: str,
    ray_address: str | None,
    batch: int | None,
    mounted: bool,
) -> None:
    """
    Read and recognise what is new at the sources.

    At those named, or at all that have a grant in force. It may be stopped at any moment and goes
    on when it is run again. A file that cannot be read is skipped, with its reason, and makes the
    exit code 3; so do a film that ends early, of which what there is is kept, and a source that
    goes away meanwhile. With no grant in force it is 4.

    With `--engine ray` the machines of a cluster do the work, and this one leads them and stores
    what they found: `countenance ingest --engine ray --ray-address 10.0.0.5:6379 --mounted`. A
    machine that is lost costs what it was at, and that is done by another.
    """
    given = {} if workers is None else {"workers": workers}
    if every is not None:
        given["film_every_ms"] = round(every * 1000)
    with call.open(**given) as library, ExitStack() as opened:
        spread = None
        if engine == "ray":
            from countenance.engines.ray import RayCluster
            from countenance.ingest.cluster import BATCH
            from countenance.library.photos import SpreadOver

            address = address_of_environment() if ray_address is None else ray_address
            most = workers if address else library.settings.workers
            cluster = opened.enter_context(RayCluster(address, workers=most))
            spread = SpreadOver(cluster, mounted, batch or BATCH)
        progress = opened.enter_context(ProgressLine())
        report = library.ingest(sources, quick=quick, progress=progress, spread=spread)
    if not report.sources:
        raise NoGrant(
            "no source has a grant in force",
            hint="countenance source add folder adds one, or renews the grant of one",
        )
    answer(call, _document(report), _text(report))
    say_unlisted(report.unlisted)
    if report.skipped or report.cut_short or report.unlisted:
        raise click.exceptions.Exit(IN_PART)


# --------------------------------------------------------------------------------------------------


def _document(report: "Report") -> dict[str, object]:
    return {
        "done": report.done,
        "known": report.known,
        "skipped": len(report.skipped),
        "skipped_by_reason": dict(Counter(one.reason for one in report.skipped).most_common()),
        "skips": [_skip(one) for one in report.skipped],
        "films": report.films,
        "film_seconds": round(report.film_seconds, 1),
        "cut_short": [_skip(one) for one in report.cut_short],
        "unlisted": unlisted_document(report.unlisted),
        "passed_over": report.passed_over,
        "faces": report.faces,
        "sightings": report.sightings,
        "compared_again": report.compared_again,
        "new": report.listed.new,
        "changed": report.listed.changed,
        "vanished": report.listed.vanished,
        "seconds": round(report.seconds, 3),
    }


def _skip(one: "Skipped") -> dict[str, object]:
    return {
        "source": one.source,
        "locator": one.locator,
        "reason": one.reason,
        "detail": one.detail,
    }


def _text(report: "Report") -> Iterator[str]:
    yield (
        f"{counted(report.done, 'photo')} read, {counted(report.faces, 'face')}, "
        f"{counted(report.sightings, 'sighting')}, in {duration(report.seconds)}"
    )
    if report.films:
        yield f"{counted(report.films, 'film')} among them, of {duration(report.film_seconds)}"
    if report.cut_short:
        yield f"{counted(len(report.cut_short), 'film')} seen in part:"
        yield from table((f"  {one.reason}", one.locator, one.detail) for one in report.cut_short)
    if report.known:
        yield f"{counted(report.known, 'file')} with a photo that was read before"
    if report.listed.vanished:
        yield f"{counted(report.listed.vanished, 'file')} vanished from the source"
    if report.passed_over:
        yield f"{counted(len(report.passed_over), 'file')} passed over: no picture by the name"
    if report.compared_again:
        yield f"{counted(report.compared_again, 'earlier photo')} compared again"
    if report.skipped:
        yield f"{counted(len(report.skipped), 'file')} skipped:"
        shown = report.skipped[:_SKIPS_SHOWN]
        yield from table((f"  {one.reason}", one.locator, one.detail) for one in shown)
    if len(report.skipped) > _SKIPS_SHOWN:
        source = report.skipped[_SKIPS_SHOWN].source
        yield f"  and {len(report.skipped) - _SKIPS_SHOWN:,} more: countenance source show {source}"
