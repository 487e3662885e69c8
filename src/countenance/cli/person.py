"""`countenance person`: who is enrolled, what they agreed to, and who looked for them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from countenance.cli.age import age, age_document
from countenance.cli.answer import answer, counted, last_day, table
from countenance.cli.command import Call, command, group
from countenance.cli.export import export
from countenance.cli.objection import lift_objection, object_to, objection_document
from countenance.cli.withdraw import withdraw
from countenance.core.spans import in_words

if TYPE_CHECKING:
    from countenance.audit.entry import Entry
    from countenance.catalog.evidence import Proof
    from countenance.catalog.merges import MergePlan
    from countenance.core.canonical import Digest
    from countenance.people.consent import Consent

person = group("person", "Show who is enrolled; withdraw what they agreed to.")
for _beside in (export, withdraw, age, object_to, lift_objection):
    person.add_command(_beside)


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


@command(
    "show",
    of=person,
    changes="nothing; with --places the log says that somebody looked",
    example="countenance person show Ada --places",
)
@click.argument("who", metavar="ID")
@click.option("--places", is_flag=True, help="Where they appear, too. That is a look at them.")
def show(call: Call, who: str, *, places: bool) -> None:
    """
    Show what somebody agreed to, who received their pictures, and who looked for them.

    ID is a person's id or name.
    """
    with call.open() as library:
        at = library.now()
        found, consents = library.consents(who)
        proofs, against = library.proofs(found.id), library.objections(found.id)
        guardians = library.guardians(found.id)
        given = library.deliveries(found.id)
        looked_for = library.trail.looked_for(found.id)
        seen = library.appearances(found.id) if places else []
        where = [library.url(one) for one in seen]
        times = ["" if one.span is None else f" {in_words(one.span)}" for one in seen]
    consents.sort(key=lambda one: one.wish)
    document = {
        "id": found.id,
        "name": found.name,
        "enrolled_at": found.enrolled_at,
        "age": age_document(found),
        "guardians": [
            {"id": one.id, "name": one.name, "relation": one.relation} for one in guardians
        ],
        "objections": [objection_document(one) for one in against],
        "consents": [_consent(one, proofs, at=at) for one in consents],
        "received": [
            {
                "disclosure": one.id,
                "recipient": one.recipient,
                "photo": one.photo,
                "channel": one.channel,
                "at": one.at,
                "recall": one.recall,
            }
            for one in given
        ],
        "places": where if places else None,
        "looked_for": [
            {"at": one.at, "actor": one.actor, "purpose": one.purpose, "act": one.act}
            for one in looked_for
        ],
    }
    rows = [(f"  {one.wish}", _state(one, at=at), _proof(one, proofs)) for one in consents]
    said = [f"  an objection stands since {one.at:%Y-%m-%d} ({one.role})" for one in against]
    looked = [f"looked for {counted(len(looked_for), 'time')}", *_looks(looked_for)]
    received = [
        f"  given to {one.recipient} for {one.channel}, {one.at:%Y-%m-%d}"
        + (f"; recall {one.recall}" if one.recall else "")
        for one in given
    ]
    text = [f"{found.name} ({found.id})", *said, *table(rows), *received]
    if places:
        photos = len({one.photo for one in seen})
        text += [f"in {counted(photos, 'photo')}"]
        text += [f"  {one}{when}" for one, when in zip(where, times, strict=True)]
    answer(call, document, [*text, *looked])


@command(
    "merge",
    of=person,
    changes="with --mark: KEPT stands for both, and OTHER rests, until it is taken back",
    example='countenance person merge Ada "Ada Berg"',
)
@click.argument("kept")
@click.argument("other")
@click.option("--mark", metavar="MARK", default="", help="Do it, as it was shown under this mark.")
@click.option("--why", metavar="TEXT", default="", help="How it is known that they are one human.")
def merge(call: Call, *, kept: str, other: str, mark: str, why: str) -> None:
    """
    Let one of two enrolments of the same human stand for both.

    Without --mark it only shows what would be done, and the mark to say. Every consent stays as it
    is, and the stricter of the two has to be KEPT. Where anything has changed since it was shown,
    nothing is done, with exit code 4. It ends by itself when a consent of either ends; who
    withdraws by one withdraws by both.
    """
    with call.open() as library:
        plan = library.plan_merge(kept, other)
        step = library.merge(kept, other, mark=mark, why=why).id if mark else None
    document = {
        "kept": plan.kept.id,
        "other": plan.other.id,
        "moved": plan.moved,
        "set_aside": plan.set_aside,
        "resting": plan.resting,
        "against": list(plan.against),
        "mark": plan.mark,
        "step": step,
    }
    answer(call, document, _plan(plan, step))


@command(
    "split",
    of=person,
    changes="the sightings are rejected for this person, and confirmed for the other, if named",
    example='countenance person split Ada s_7q2m0c4x9v1ksz3d --to "Bo Ek"',
)
@click.argument("who", metavar="PERSON")
@click.argument("sightings", nargs=-1, required=True, metavar="SIGHTING...")
@click.option("--to", metavar="PERSON", default="", help="Whose they are, if that is known.")
def split(call: Call, *, who: str, sightings: tuple[str, ...], to: str) -> None:
    """Say of sightings that they are not of PERSON. `find --json` names the ids."""
    with call.open() as library:
        done = library.split(who, sightings, to=to)
    text = [f"{done.id}: {counted(len(sightings), 'sighting')} split off"]
    answer(call, {"step": done.id, "sightings": list(sightings)}, text)


# --------------------------------------------------------------------------------------------------


def _consent(
    one: "Consent", proofs: "Mapping[Digest, Proof]", *, at: datetime
) -> dict[str, object]:
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
                "notice_is": proofs[event.notice] if event.notice else None,
                "evidence_is": proofs[event.evidence] if event.evidence else None,
                "role": event.role,
                "authority": event.authority,
            }
            for event in one.events
        ],
    }


def _state(one: "Consent", *, at: datetime) -> str:
    last, state = one.events[-1], one.state(at)
    if last.until is None:
        return f"{state} {last.at:%Y-%m-%d}"
    return f"{state}, until {last_day(last.until)}"


def _proof(one: "Consent", proofs: "Mapping[Digest, Proof]") -> str:
    shown = one.events[-1].evidence
    return f"evidence: {proofs[shown]}" if shown else ""


def _looks(looked_for: "Sequence[Entry]") -> list[str]:
    """Who looked for them, when and why (P33)."""
    return table((f"  {one.at:%Y-%m-%d %H:%M}", one.actor, one.purpose) for one in looked_for)


def _plan(plan: "MergePlan", step: str | None) -> Iterator[str]:
    yield f"{plan.kept.id} ({plan.kept.name}) stands for {plan.other.id} ({plan.other.name}):"
    yield f"  {counted(plan.moved, 'sighting')} moved, {plan.set_aside:,} set aside"
    yield f"  {counted(plan.resting, 'reference')} at rest; no consent is changed"
    if step is not None:
        yield f"done: {step}; countenance sighting undo {step} takes it back"
    elif plan.against:
        yield from (f"  not possible: {one}" for one in plan.against)
    else:
        yield f"to do it: --mark {plan.mark} --why TEXT"
