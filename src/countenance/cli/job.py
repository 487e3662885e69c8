"""`countenance job`: what runs, how far it is, and what could not be read."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, counted, table
from countenance.cli.command import Call, command, group
from countenance.cli.progress import duration

if TYPE_CHECKING:
    from countenance.catalog.jobs import Job

job = group("job", "Runs of long work: what is under way, and what came of it.")


@command("list", of=job, changes="nothing", example="countenance job list")
@click.option(
    "--count",
    metavar="N",
    type=click.IntRange(1, 500),
    default=20,
    show_default=True,
    help="At most so many, the newest.",
)
def list_jobs(call: Call, *, count: int) -> None:
    """List the newest jobs: each ingest, each search again for somebody new, each film made."""
    with call.open() as library:
        found = library.jobs(count=count)
    rows = [
        (str(one.number), one.kind, one.state, f"{one.begun_at:%Y-%m-%d %H:%M}", _how_far(one))
        for one in found
    ]
    answer(call, {"jobs": [_document(one) for one in found]}, table(rows))


@command("show", of=job, changes="nothing", example="countenance job show 12")
@click.argument("which", metavar="NUMBER")
def show(call: Call, which: str) -> None:
    """Show a job, with every file that it could not read, and why. NUMBER may be an id."""
    with call.open() as library:
        found = library.job(which)
    troubles = [
        {
            "source": one.source,
            "locator": one.locator,
            "state": one.state,
            "reason": one.reason,
            "detail": one.detail,
        }
        for one in found.troubles
    ]
    answer(call, _document(found.job) | {"troubles": troubles}, _text(found.job, troubles))


# --------------------------------------------------------------------------------------------------


def _text(one: "Job", troubles: list[dict[str, str]]) -> Iterator[str]:
    yield f"job {one.number}: {one.kind}, {one.state}, {_how_far(one)}"
    yield f"  begun {one.begun_at:%Y-%m-%d %H:%M:%S} UTC by {one.actor}"
    if one.ended_at is not None:
        yield f"  ended {one.ended_at:%Y-%m-%d %H:%M:%S} UTC"
    yield from (f"  {name.replace('_', ' ')}: {number:,}" for name, number in one.counts.items())
    if one.trouble:
        yield f"  {one.trouble}"
    if troubles:
        yield f"{counted(len(troubles), 'file')} without result:"
    yield from (f"  {each['locator']}: {each['detail'] or each['reason']}" for each in troubles)


def _how_far(one: "Job") -> str:
    if not one.what:
        return "nothing to do" if one.ended_at else "listing"
    left = "" if one.remaining is None else f", {duration(one.remaining)} left"
    rate = "" if one.rate is None else f", {one.rate:.1f} a second"
    of_all = f" of {one.total:,}" if one.total else ""
    return f"{one.done:,}{of_all} {one.what}{rate}{left}"


def _document(one: "Job") -> dict[str, object]:
    return {
        "id": one.id,
        "number": one.number,
        "kind": one.kind,
        "sources": list(one.sources),
        "actor": one.actor,
        "state": one.state,
        "begun_at": one.begun_at,
        "changed_at": one.changed_at,
        "ended_at": one.ended_at,
        "what": one.what,
        "done": one.done,
        "total": one.total,
        "skipped": one.skipped,
        "rate": None if one.rate is None else round(one.rate, 2),
        "remaining_seconds": None if one.remaining is None else round(one.remaining),
        "counts": dict(one.counts),
        "trouble": one.trouble,
    }
