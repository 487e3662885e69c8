"""`countenance person`: who is enrolled, what they agreed to, and its withdrawal."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, counted, last_day, table
from countenance.cli.asking import confirm
from countenance.cli.command import Call, command, group
from countenance.people.purpose import Purpose

if TYPE_CHECKING:
    from countenance.erasure.withdraw import Withdrawal
    from countenance.people.consent import Consent

person = group("person", "Show who is enrolled; withdraw what they agreed to.")


@command("list", of=person, changes="nothing", example="countenance person list")
def list_people(call: Call) -> None:
    """List who is enrolled."""
    with call.open() as library:
        found = library.people()
    document = {
        "people": [
            {"id": one.id, "name": one.name, "enrolled_at": one.enrolled_at} for one in found
        ]
    }
    rows = [(one.name, one.id, f"{one.enrolled_at:%Y-%m-%d}") for one in found]
    text = table(rows, heads=("NAME", "PERSON", "ENROLLED"))
    answer(call, document, text or ["nobody is enrolled"])


@command("show", of=person, changes="nothing", example="countenance person show Ada")
@click.argument("who", metavar="ID")
def show(call: Call, who: str) -> None:
    """Show what somebody agreed to. ID is a person's id or name."""
    at = call.now()
    with call.open() as library:
        found, consents = library.consents(who)
    consents.sort(key=lambda one: one.wish)
    document = {
        "id": found.id,
        "name": found.name,
        "enrolled_at": found.enrolled_at,
        "consents": [_consent(one, at=at) for one in consents],
    }
    rows = [(f"  {one.wish}", _state(one, at=at)) for one in consents]
    answer(call, document, [f"{found.name} ({found.id})", *table(rows)])


@command(
    "withdraw",
    of=person,
    changes="ends what they agreed to, at once; when nothing is left of it, destroys their key and "
    "removes their name, references and sightings",
    example="countenance person withdraw Ada --purpose staff-find",
)
@click.argument("who", metavar="ID")
@click.option(
    "--purpose",
    type=click.Choice([one.value for one in Purpose]),
    help="Withdraw this only. Else everything.",
)
@click.option("--dry-run", is_flag=True, help="Say what would end, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def withdraw(call: Call, who: str, *, purpose: str | None, dry_run: bool, yes: bool) -> None:
    """Withdraw what somebody agreed to. ID is a person's id or name."""
    only = None if purpose is None else Purpose(purpose)
    with call.open() as library:
        found, consents = library.consents(who)
        ending, erases = _plan(consents, only, at=call.now())
        words = ", ".join(ending) or "nothing that is in force"
        if dry_run:
            document = _document(found.id, ending, sightings=None, erased=erases, dry_run=True)
            answer(call, document, [f"would end for {found.name}: {words}", *_end(erased=erases)])
            return
        confirm(f"{found.name} ({found.id}): {words} will end. Go on?", yes=yes)
        done = library.withdraw(found.id, only)
    answer(
        call,
        _document(
            done.person, done.withdrawn, sightings=done.sightings, erased=done.erased, dry_run=False
        ),
        _text(done),
    )


# --------------------------------------------------------------------------------------------------


def _consent(one: "Consent", *, at: datetime) -> dict[str, object]:
    last = one.events[-1]
    return {
        "id": one.id,
        "purpose": one.wish.purpose,
        "channel": one.wish.channel,
        "state": one.state(at),
        "until": last.until,
        "events": [
            {
                "kind": event.kind,
                "at": event.at,
                "by": event.by,
                "until": event.until,
                "notice": event.notice,
                "language": event.language,
                "evidence": event.evidence,
            }
            for event in one.events
        ],
    }


def _state(one: "Consent", *, at: datetime) -> str:
    last, state = one.events[-1], one.state(at)
    if last.until is None:
        return f"{state} {last.at:%Y-%m-%d}"
    return f"{state}, until {last_day(last.until)}"


def _plan(
    consents: "Sequence[Consent]", purpose: Purpose | None, *, at: datetime
) -> tuple[tuple[str, ...], bool]:
    """What a withdrawal would end, and whether nothing would be left."""
    from countenance.people.consent import ConsentState

    live = [one for one in consents if one.state(at) is ConsentState.ACTIVE]
    ending = [one for one in live if purpose in (None, one.wish.purpose)]
    return tuple(sorted(str(one.wish) for one in ending)), len(ending) == len(live)


def _document(
    who: str,
    withdrawn: Sequence[str],
    *,
    sightings: int | None,
    erased: bool,
    dry_run: bool,
) -> dict[str, object]:
    return {
        "person": who,
        "dry_run": dry_run,
        "withdrawn": sorted(withdrawn),
        "sightings": sightings,
        "erased": erased,
    }


def _text(done: "Withdrawal") -> list[str]:
    words = ", ".join(sorted(done.withdrawn)) or "nothing that was in force"
    return [
        f"withdrawn: {words}; {counted(done.sightings, 'sighting')} removed",
        *_end(erased=done.erased),
    ]


def _end(*, erased: bool) -> list[str]:
    return ["nothing is agreed to any more: name, reference and key go"] if erased else []
