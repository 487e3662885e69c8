"""`countenance person age`: whose rules hold for somebody from now on."""

from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer
from countenance.cli.command import Call, command
from countenance.cli.progress import ProgressLine
from countenance.cli.takedown import end_open, erasure_document, erasure_lines, shown_case

if TYPE_CHECKING:
    from countenance.catalog.people import Person


@command(
    "age",
    changes="the age band; what was agreed to by who may not for that band ends, as by expiry, "
    "with references and sightings",
    example="countenance person age Ada --band teen --source verified",
)
@click.argument("who", metavar="ID")
@click.option(
    "--band",
    type=click.Choice(["child", "teen", "adult"]),
    required=True,
    help="Whose rules hold from now on. It is never estimated from a face.",
)
@click.option(
    "--source",
    type=click.Choice(["declared", "roster", "verified"]),
    required=True,
    help="Where the age band comes from.",
)
def age(call: Call, who: str, *, band: str, source: str) -> None:
    """
    Say that somebody is of another age band. ID is a person's id or name.

    What a guardian gave for a child ends with childhood: the person is asked, and enrolled again.
    """
    from countenance.people.guardians import AgeBand, AgeSource

    with call.open() as library:
        with ProgressLine() as line:
            done = library.change_age(who, AgeBand(band), AgeSource(source), progress=line)
        cases = [shown_case(library, library.erasure(one)) for one in (done.erasure,) if one]
    document = {
        "person": done.person.id,
        "age": age_document(done.person),
        "ended": sorted(done.ended),
        "sightings": done.sightings,
        "objections_lifted": done.lifted,
        "erasure": erasure_document(cases[0]) if cases else None,
    }
    text = [f"{done.person.name} ({done.person.id}): {band}, {source}"]
    if done.ended:
        text.append(f"ended, for others had agreed to it: {', '.join(sorted(done.ended))}")
        text.append(f"ask them; if they agree: countenance enrol {done.person.id} --again")
    text += [line for case in cases for line in erasure_lines(case)]
    answer(call, document, text)
    end_open(cases)


def age_document(found: "Person") -> dict[str, object]:
    return {
        "band": found.standing.band,
        "source": found.standing.source,
        "died": found.standing.died,
        "record": found.standing.record,
    }
