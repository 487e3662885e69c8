"""`countenance person object` and `lift-objection`: a no, and its being taken back."""

from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, counted
from countenance.cli.command import Call, command
from countenance.cli.progress import ProgressLine
from countenance.cli.takedown import end_open, erasure_document, erasure_lines, shown_case

if TYPE_CHECKING:
    from countenance.catalog.guardians import Objection


@command(
    "object",
    changes="ends the use of their face at once, whatever was agreed to, and removes references "
    "and sightings; name, key and evidence stay",
    example="countenance person object Ada --by 'Eva Berg'",
)
@click.argument("who", metavar="ID")
@click.option(
    "--by",
    metavar="WHO",
    default="",
    help="A guardian, or a descendant of somebody who died. Else the person themselves.",
)
def object_to(call: Call, who: str, *, by: str) -> None:
    """
    Say no for somebody: an objection weighs more than any consent. ID is a person's id or name.

    Only who objected can take it back, with person lift-objection.
    """
    with call.open() as library:
        with ProgressLine() as line:
            done = library.object_to(who, by=by, progress=line)
        case = shown_case(library, library.erasure(done.erasure))
    document = {
        "person": done.objection.person,
        "objection": done.objection.id,
        "role": done.objection.role,
        "suspended": sorted(done.suspended),
        "sightings": done.sightings,
        "erasure": erasure_document(case),
    }
    words = ", ".join(sorted(done.suspended)) or "nothing that was in force"
    text = [f"objection recorded; suspended: {words}", *erasure_lines(case)]
    answer(call, document, text)
    end_open([case])


@command(
    "lift-objection",
    changes="takes the objection back; nothing revives by it: they are enrolled again, if they "
    "agree again",
    example="countenance person lift-objection Ada --by 'Eva Berg'",
)
@click.argument("who", metavar="ID")
@click.option("--by", metavar="WHO", default="", help="Who objected. Else the person themselves.")
def lift_objection(call: Call, who: str, *, by: str) -> None:
    """Take an objection back, by whoever made it. ID is a person's id or name."""
    with call.open() as library:
        standing = library.lift_objection(who, by=by)
    text = [f"lifted; {counted(len(standing), 'objection')} of others still there"]
    answer(call, {"standing": [objection_document(one) for one in standing]}, text)


def objection_document(one: "Objection") -> dict[str, object]:
    return {"id": one.id, "by": one.by, "role": one.role, "at": one.at}
