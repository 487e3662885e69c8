"""`countenance find`: the pictures that somebody is in."""

import sys
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, counted, say, table
from countenance.cli.arguments import Day, SearchingPurpose
from countenance.cli.command import Call, command
from countenance.cli.sightings import (
    SURENESS,
    box_in_words,
    in_film,
    places_in_words,
    result_document,
)
from countenance.errors import UsageError
from countenance.people.purpose import Purpose

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from countenance.search.find import Found
    from countenance.search.results import Result

SHOWN = 200
"""Pictures that are shown at once, to somebody who reads them."""


@command(
    "find",
    changes="nothing but the audit log: who asked, for whom, and why",
    example="countenance find Ada --collection gala",
)
@click.argument("person")
@click.option(
    "--purpose",
    type=SearchingPurpose(),
    default=Purpose.FIND_ME.value,
    show_default=True,
    help="Why: find-me, for the person themselves, or staff-find.",
)
@click.option("--collection", metavar="C", default="", help="Only in this collection.")
@click.option(
    "--text",
    metavar="WORDS",
    default="",
    help='Only where the source says these words: sing* for a beginning, "summer ball" together.',
)
@click.option(
    "--since", metavar="DATE", type=Day(), help="Only taken on this day or later: 2026-05-31."
)
@click.option("--until", metavar="DATE", type=Day(), help="Only taken on this day or earlier.")
@click.option(
    "--from",
    "begin",
    metavar="N",
    type=click.IntRange(min=1),
    default=1,
    help="From the picture of this number on, in the order of the answer.",
)
@click.option(
    "--count",
    metavar="N",
    type=click.IntRange(min=1),
    help=f"At most so many pictures. Else all of them with --json, and {SHOWN} without.",
)
@click.option("--all", "every", is_flag=True, help="All of them, without --json too.")
def find(
    call: Call,
    person: str,
    *,
    purpose: Purpose,
    collection: str,
    text: str,
    since: date | None,
    until: date | None,
    begin: int,
    count: int | None,
    every: bool,
) -> None:
    """
    Find the pictures that somebody is in.

    PERSON is a name or an id. Whoever is not enrolled, has not agreed to it, or is in no picture
    gets the same answer: nothing found, and exit code 0. Under a purpose that no search is asked
    for, or when the searches of the hour are used up, it is refused, with exit code 4, and logged.

    One picture that stands in several places, be it the same file or one that was shrunk or saved
    again, is one result with all its places. Of a great many the first are shown, and how to go on.
    The words are the source's: title, caption and keywords in the file, what stands around it on
    its page, its name. A day is that of the camera's clock; a photo that does not say when it was
    taken is on none.
    """
    from countenance.catalog.sightings import Within
    from countenance.search.find import Part

    if every and count is not None:
        raise UsageError("find: --all and --count say two things")
    whole = every or (call.as_json and count is None)
    part = (
        None if whole and begin == 1 else Part(begin - 1, sys.maxsize if whole else count or SHOWN)
    )
    with call.open() as library:
        within = Within(collection, text, since, until)
        found = library.find(person, purpose=purpose, within=within, part=part)
        results = found.results
        sightings = [result_document(library, one) for one in results] if call.as_json else []
    document = {
        "person": {"id": found.person, "name": found.name},
        "sightings": sightings,
        "more": found.more,
    }
    answer(call, document, _text(found, results))
    if not found.person:
        say(f"{found.name} is not enrolled, has not agreed to this, or is in no picture here")
    if found.more:
        following, more = begin + len(results), counted(found.more, "more picture")
        say(f"and {more}: --from {following} goes on, --all shows all of them")


# --------------------------------------------------------------------------------------------------


def _text(found: "Found", results: "Sequence[Result]") -> list[str]:
    if not found.person:
        return [f"nothing found for {found.name}"]
    return [f"{found.name} is in {counted(found.photos, 'photo')}:", *table(_rows(results))]


def _rows(found: "Sequence[Result]") -> "Iterator[tuple[str, str, str]]":
    """A line for each picture and each further place of it; one for a film with all its times."""
    for _, among in groupby(found, key=lambda one: (one.first.photo, one.first.locator)):
        results = list(among)
        seen = [one.first for one in results]
        first, best = seen[0], min(seen, key=lambda one: SURENESS.index(one.band))
        where = in_film(seen) or box_in_words(first.box)
        named = ", the source names them here" if any(one.named_by_source for one in seen) else ""
        yield f"  {best.band or 'by hand'}", f"{first.location}/{first.locator}", where + named
        places = dict.fromkeys(place for one in results for place in places_in_words(one))
        yield from (("", f"  also {place}", "") for place in places)
