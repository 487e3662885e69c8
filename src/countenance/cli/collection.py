"""`countenance collection`: pictures that belong together, and whether faces may be recognised."""

from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, table
from countenance.cli.command import Call, command, group

if TYPE_CHECKING:
    from countenance.catalog.collections import Collection
    from countenance.catalog.people import Person

collection = group("collection", "Say where faces may be recognised.")


@command("list", of=collection, changes="nothing", example="countenance collection list")
def list_collections(call: Call) -> None:
    """List the collections, each with its rule."""
    with call.open() as library:
        found = library.collections()
    rows = [(one.name, _rule(one), one.ground or "-") for one in found]
    text = table(rows, heads=("COLLECTION", "RECOGNITION", "GROUND"))
    document = {"collections": [_document(one) for one in found]}
    answer(call, document, text or ["there is no collection yet"])


@command(
    "new",
    of=collection,
    changes="the library's list of collections",
    example="countenance collection new gala",
)
@click.argument("name")
def new(call: Call, name: str) -> None:
    """Make a collection, with recognition off."""
    with call.open() as library:
        made = library.add_collection(name)
    answer(call, _document(made), [f"made collection {made.name}, recognition off"])


@command(
    "rule",
    of=collection,
    changes="the collection's rule; where recognition ends, what it found there is removed",
    example='countenance collection rule gala --recognition on --ground "notice at the entrance"',
)
@click.argument("name")
@click.option("--recognition", type=click.Choice(["on", "off"]), required=True)
@click.option(
    "--ground", metavar="TEXT", default="", help="Why faces here may be recognised; needed for on."
)
@click.option(
    "--minors/--no-minors",
    default=None,
    help="Whether it shows children: then only those on its roster are recognised.",
)
def rule(call: Call, name: str, *, recognition: str, ground: str, minors: bool | None) -> None:
    """Say whether faces in a collection may be recognised, and on what ground."""
    with call.open() as library:
        changed = library.set_rule(
            name, recognition=recognition == "on", ground=ground, minors=minors
        )
    text = [f"collection {changed.name}: recognition {_rule(changed)}"]
    answer(call, _document(changed), [*text, *_next(changed)])


roster = group("roster", "Say who belongs to a collection.")
collection.add_command(roster)


@command(
    "add",
    of=roster,
    changes="the collection's roster; in a collection of minors, the next ingest finds them there",
    example="countenance collection roster add class-5b Ada",
)
@click.argument("name", metavar="COLLECTION")
@click.argument("who", metavar="PERSON")
@click.option("--number", metavar="N", default="", help="What they wear there, as runners do.")
def add(call: Call, name: str, who: str, *, number: str) -> None:
    """
    Put somebody who is enrolled on the roster of a collection. PERSON is an id or a name.

    With a number they can be put into a face by it: sighting add PHOTO FACE '#214'.
    """
    with call.open() as library:
        where, person = library.add_to_roster(name, who, number=number)
    document = {"collection": where.name, "person": _person(person)}
    text = [f"{person.name} is on the roster of {where.name}"]
    answer(call, document, [*text, *(_next(where) if where.minors else ())])


@command(
    "list",
    of=roster,
    changes="nothing",
    example="countenance collection roster list class-5b",
)
@click.argument("name", metavar="COLLECTION")
def list_roster(call: Call, name: str) -> None:
    """List who is on the roster of a collection."""
    with call.open() as library:
        found = library.roster(name)
    text = table(((one.name, one.id) for one in found), heads=("NAME", "PERSON"))
    document = {"collection": name, "people": [_person(one) for one in found]}
    answer(call, document, text or [f"nobody is on the roster of {name}"])


@command(
    "remove",
    of=roster,
    changes="the collection's roster; in a collection of minors, they are found there no more",
    example="countenance collection roster remove class-5b Ada",
)
@click.argument("name", metavar="COLLECTION")
@click.argument("who", metavar="PERSON")
def remove(call: Call, name: str, who: str) -> None:
    """Take somebody off the roster of a collection. PERSON is an id or a name."""
    with call.open() as library:
        where, person = library.remove_from_roster(name, who)
    document = {"collection": where.name, "person": _person(person)}
    answer(call, document, [f"{person.name} is off the roster of {where.name}"])


# --------------------------------------------------------------------------------------------------


def _rule(one: "Collection") -> str:
    if not one.recognises:
        return "off"
    return "on (roster only)" if one.minors else "on"


def _next(one: "Collection") -> list[str]:
    """What is to be done before anybody is found there; nothing where nobody may be."""
    return ["the next countenance ingest finds people in it"] if one.recognises else []


def _person(one: "Person") -> dict[str, str]:
    return {"id": one.id, "name": one.name}


def _document(one: "Collection") -> dict[str, object]:
    return {
        "id": one.id,
        "name": one.name,
        "recognition": one.recognition,
        "ground": one.ground,
        "minors": one.minors,
        "recognises": one.recognises,
    }
