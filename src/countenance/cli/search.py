"""`countenance search`: whom a picture shows, among those who agreed to this."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, counted, say
from countenance.cli.arguments import FILE, SearchingPurpose, read_picture
from countenance.cli.command import Call, command
from countenance.cli.sightings import box_document, box_in_words, result_document
from countenance.errors import Unreadable

if TYPE_CHECKING:
    from countenance.library import Library
    from countenance.people.purpose import Purpose
    from countenance.search.probe import Candidate, ProbeFace


@command(
    "search",
    changes="nothing but the audit log: who asked, and why; the picture is kept nowhere",
    example="countenance search --photo probe.jpg --purpose staff-find",
)
@click.option("--photo", metavar="FILE", type=FILE, required=True, help="The picture.")
@click.option(
    "--purpose",
    type=SearchingPurpose(),
    required=True,
    help="Why: staff-find, or find-me for the person themselves.",
)
def search(call: Call, *, photo: Path, purpose: "Purpose") -> None:
    """
    Ask whom a picture shows.

    Only people who agreed to this purpose are named. A face of anybody else is a box, whether they
    declined, never enrolled, or are simply not here.
    """
    with call.open() as library:
        faces = _ask(library, photo, purpose)
        document = {"faces": [_face(library, one) for one in faces]}
    answer(call, document, _text(faces))
    if not any(face.candidates for face in faces):
        say("who is not named is not enrolled, has not agreed to this, or does not look like it")


# --------------------------------------------------------------------------------------------------


def _ask(library: "Library", photo: Path, purpose: "Purpose") -> "tuple[ProbeFace, ...]":
    """Raises as `Library.search` does, and names the file where that has a bare picture."""
    try:
        return library.search(read_picture(photo), purpose=purpose)
    except Unreadable as exc:
        raise Unreadable(exc.reason, f"{photo}: {exc.message}", hint=exc.hint) from exc


def _face(library: "Library", face: "ProbeFace") -> dict[str, object]:
    return {
        "box": box_document(face.box),
        "candidates": [
            {
                "person": {"id": one.person, "name": one.name},
                "band": one.band,
                "sightings": [result_document(library, seen) for seen in one.results],
            }
            for one in face.candidates
        ],
    }


def _text(faces: "Sequence[ProbeFace]") -> Iterator[str]:
    yield f"{counted(len(faces), 'face')} in this picture"
    for face in faces:
        yield f"  {box_in_words(face.box)}: {_candidates(face.candidates)}"


def _candidates(candidates: "Sequence[Candidate]") -> str:
    if not candidates:
        return "nobody to name"
    return "; ".join(
        f"{one.name}, {one.band}, in {counted(len(one.results), 'photo')}" for one in candidates
    )
