"""`countenance find`: the pictures that somebody is in."""

from itertools import groupby
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, counted, say, table
from countenance.cli.arguments import SearchingPurpose
from countenance.cli.command import Call, command
from countenance.cli.sightings import SURENESS, box_in_words, in_film, sighting_document
from countenance.people.purpose import Purpose

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from countenance.catalog.sightings import Sighting
    from countenance.search.find import Found


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
def find(call: Call, person: str, *, purpose: Purpose, collection: str) -> None:
    """
    Find the pictures that somebody is in.

    PERSON is a name or an id. Whoever is not enrolled, has not agreed to it, or is in no picture
    gets the same answer: nothing found, and exit code 0. Under a purpose that no search is asked
    for, or when the searches of the hour are used up, it is refused, with exit code 4, and logged.
    """
    with call.open() as library:
        found = library.find(person, purpose=purpose, collection=collection)
        sightings = [sighting_document(library, one) for one in found.sightings]
    document = {"person": {"id": found.person, "name": found.name}, "sightings": sightings}
    answer(call, document, _text(found))
    if not found.sightings:
        say(f"{found.name} is not enrolled, has not agreed to this, or is in no picture here")


# --------------------------------------------------------------------------------------------------


def _text(found: "Found") -> list[str]:
    if not found.sightings:
        return [f"nothing found for {found.name}"]
    photos = len({one.photo for one in found.sightings})
    return [f"{found.name} is in {counted(photos, 'photo')}:", *table(_rows(found.sightings))]


def _rows(sightings: "Sequence[Sighting]") -> "Iterator[tuple[str, str, str]]":
    """A line for each photo, and one for each film with all the times in it."""
    for _, among in groupby(sightings, key=lambda one: (one.photo, one.locator)):
        seen = list(among)
        first = seen[0]
        best = min(seen, key=lambda one: SURENESS.index(one.band))
        where = in_film(seen) or box_in_words(first.box)
        yield f"  {best.band or 'by hand'}", f"{first.location}/{first.locator}", where
