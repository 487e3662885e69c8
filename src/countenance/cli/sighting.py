"""`countenance sighting`: say by hand who is in a face, or that the model is wrong."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, counted, say
from countenance.cli.arguments import FILE
from countenance.cli.command import Call, command, group
from countenance.cli.exits import IN_PART
from countenance.errors import NotFound, Refused, UsageError

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

    PHOTO is an id or a path, PERSON an id, a name, or # and a number on the roster. It takes the
    same consent and the same grant that recognition takes.
    """
    with call.open() as library:
        made = library.add_sighting(photo, face, person)
    answer(call, _document(made), [f"{made.id}: {made.person} is in {made.photo}"])


@command(
    "import",
    of=sighting,
    changes="adds the sightings of a list; what cannot be added is named, and the rest is added",
    example="countenance sighting import start-numbers.csv",
)
@click.argument("file", type=FILE)
def import_list(call: Call, file: Path) -> None:
    """
    Add sightings from a list: a CSV file with the columns photo, face and person.

    They are as in sighting add; a face may be left empty where there is one in the photo. So the
    people of a race are in their pictures by number, and no face is measured.
    """
    added: list[Decision] = []
    not_added: list[dict[str, object]] = []
    with call.open() as library:
        for line, (photo, face, who) in _rows(file):
            try:
                added.append(library.add_sighting(photo, face, who))
            except (Refused, NotFound, UsageError) as exc:
                not_added.append({"line": line, "reason": exc.message})
    document = {"added": [_document(one) for one in added], "not_added": not_added}
    answer(call, document, [f"{counted(len(added), 'sighting')} added"])
    for one in not_added:
        say(f"line {one['line']}: {one['reason']}")
    if not_added:
        raise click.exceptions.Exit(IN_PART)


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


@command(
    "undo",
    of=sighting,
    changes="what a step changed is as it was before it",
    example="countenance sighting undo",
)
@click.argument("step", required=False, default="")
def undo(call: Call, *, step: str) -> None:
    """
    Take a step of the desk back: an answer, a merge, a split. Of no STEP, one's own newest.

    Where something it changed has been changed since, nothing is done, with exit code 4.
    """
    with call.open() as library:
        done = library.take_back(step)
    answer(call, {"step": done.id, "kind": done.what.kind}, [f"{done.id}: taken back"])


# --------------------------------------------------------------------------------------------------


def _rows(file: Path) -> Iterator[tuple[int, tuple[str, int | None, str]]]:
    """The rows of a list, each with its line. Raises `UsageError` if it is no such list."""
    try:
        reader = csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines(), strict=True)
        for row in reader:
            if None in row or not {"photo", "face", "person"} <= row.keys() or None in row.values():
                raise UsageError(
                    f"{file}: line {reader.line_num}: expected the columns photo, face, person"
                )
            face = row["face"].strip()
            if face and not face.isdecimal():
                raise UsageError(f"{file}: line {reader.line_num}: {face!r} is no number of a face")
            yield (
                reader.line_num,
                (row["photo"].strip(), int(face) if face else None, row["person"].strip()),
            )
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise UsageError(f"{file}: not a list that can be read: {exc}") from exc


def _document(made: "Decision") -> dict[str, str]:
    return {
        "id": made.id,
        "photo": made.photo,
        "face": made.face,
        "person": made.person,
        "state": made.state,
    }
