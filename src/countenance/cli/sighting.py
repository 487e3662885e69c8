"""`countenance sighting`: say by hand who is in a face, or that the model is wrong."""

from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer
from countenance.cli.command import Call, command, group

if TYPE_CHECKING:
    from countenance.catalog.sightings import Decision

sighting = group("sighting", "Say by hand who is in a face.")


@command(
    "add",
    of=sighting,
    changes="adds a sighting that the model never overwrites; no picture of the person is needed",
    example="countenance sighting add i_7q2m0c4x9v1ksz3d 2 Ada",
)
@click.argument("photo")
@click.argument("face", type=int)
@click.argument("person")
def add(call: Call, photo: str, face: int, person: str) -> None:
    """
    Say that PERSON is in a face of PHOTO. FACE is its number, from 1, from left to right.

    It takes the same consent and the same grant that recognition takes.
    """
    with call.open() as library:
        made = library.add_sighting(photo, face, person)
    answer(call, _document(made), [f"{made.id}: {made.person} is in {made.photo}"])


@command(
    "confirm",
    of=sighting,
    changes="the sighting's state: the model leaves it alone from now on",
    example="countenance sighting confirm s_7q2m0c4x9v1ksz3d",
)
@click.argument("which", metavar="ID")
def confirm(call: Call, which: str) -> None:
    """Confirm that a sighting is right. `find --json` names the ids."""
    with call.open() as library:
        made = library.confirm_sighting(which)
    answer(call, _document(made), [f"{made.id}: confirmed"])


@command(
    "reject",
    of=sighting,
    changes="the sighting's state: this person is not taken for this face again",
    example="countenance sighting reject s_7q2m0c4x9v1ksz3d",
)
@click.argument("which", metavar="ID")
def reject(call: Call, which: str) -> None:
    """Say that a sighting is wrong. `find --json` names the ids."""
    with call.open() as library:
        made = library.reject_sighting(which)
    answer(call, _document(made), [f"{made.id}: rejected"])


# --------------------------------------------------------------------------------------------------


def _document(made: "Decision") -> dict[str, str]:
    return {
        "id": made.id,
        "photo": made.photo,
        "face": made.face,
        "person": made.person,
        "state": made.state,
    }
