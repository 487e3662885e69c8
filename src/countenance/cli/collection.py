"""`countenance collection`: pictures that belong together, and whether faces may be recognised."""

from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, table
from countenance.cli.command import Call, command, group

if TYPE_CHECKING:
    from countenance.catalog.collections import Collection

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
    help="Whether it shows children: then nobody is recognised, whatever the ground.",
)
def rule(call: Call, name: str, *, recognition: str, ground: str, minors: bool | None) -> None:
    """Say whether faces in a collection may be recognised, and on what ground."""
    with call.open() as library:
        changed = library.set_rule(
            name, recognition=recognition == "on", ground=ground, minors=minors
        )
    answer(call, _document(changed), [f"collection {changed.name}: recognition {_rule(changed)}"])


# --------------------------------------------------------------------------------------------------


def _rule(one: "Collection") -> str:
    if one.minors:
        return "off (minors)"
    return "on" if one.recognises else "off"


def _document(one: "Collection") -> dict[str, object]:
    return {
        "id": one.id,
        "name": one.name,
        "recognition": one.recognition,
        "ground": one.ground,
        "minors": one.minors,
        "recognises": one.recognises,
    }
