"""`countenance person`: who is enrolled, what they agreed to, who looked for them, withdrawal."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, counted, last_day, say, table
from countenance.cli.arguments import PurposeOrWish
from countenance.cli.asking import confirm
from countenance.cli.command import Call, command, group
from countenance.cli.progress import ProgressLine
from countenance.cli.takedown import end_open, erasure_document, erasure_lines, shown_case
from countenance.cli.writing import write_new
from countenance.core.spans import in_words
from countenance.errors import Unavailable, UsageError

if TYPE_CHECKING:
    from countenance.audit.entry import Entry
    from countenance.catalog.evidence import Proof
    from countenance.catalog.guardians import Objection
    from countenance.catalog.people import Person
    from countenance.core.canonical import Digest
    from countenance.erasure.withdraw import Withdrawal
    from countenance.people.consent import Consent
    from countenance.people.purpose import Purpose, Wish

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
        "age": _age(found),
        "guardians": [
            {"id": one.id, "name": one.name, "relation": one.relation} for one in guardians
        ],
        "objections": [_objection(one) for one in against],
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
    "export",
    of=person,
    changes="the log says that it was written; with --out, writes files into DIR that must not be "
    "there yet",
    example="countenance person export Ada --out ada",
)
@click.argument("who", metavar="ID")
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write consent.jsonld, consent.jws and consent.txt there. Else the JSON-LD to stdout.",
)
def export(call: Call, who: str, *, out: Path | None) -> None:
    """
    Write out all that is held of somebody, signed, for them. ID is a person's id or name.

    What they agreed to, where they appear, who received what and who looked for them.
    """
    if out is not None:
        _make_room(out)
    with call.open() as library:
        done = library.export(who)
    if out is None:
        click.echo(json.dumps(done.document, indent=2))
        return
    texts = (f"{json.dumps(done.document, indent=2)}\n", f"{done.jws}\n", done.words)
    for name, text in zip(_EXPORTED, texts, strict=True):
        write_new(out / name, text)
    document = {"person": done.person, "out": out, "files": _EXPORTED, "key": done.key}
    answer(call, document, [f"{out / name}" for name in _EXPORTED])
    say("these files are about one person: give them to that person, and keep no copy")


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
    "only",
    type=PurposeOrWish(),
    help="Withdraw this only, such as staff-find or may-publish:website. Else everything.",
)
@click.option("--dry-run", is_flag=True, help="Say what would end, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def withdraw(
    call: Call, who: str, *, only: "Purpose | Wish | None", dry_run: bool, yes: bool
) -> None:
    """
    Withdraw what somebody agreed to. ID is a person's id or name.

    Of may-publish, one channel (may-publish:website) or all of them (may-publish).
    """
    with call.open() as library:
        found, consents = library.consents(who)
        ending, erases = _plan(consents, only, at=library.now())
        words = ", ".join(ending) or "nothing that is in force"
        if dry_run:
            document = _document(found.id, ending, sightings=None, erased=erases, dry_run=True)
            answer(call, document, [f"would end for {found.name}: {words}", *_end(erased=erases)])
            return
        confirm(f"{found.name} ({found.id}): {words} will end. Go on?", yes=yes)
        with ProgressLine() as line:
            done = library.withdraw(found.id, only, progress=line)
        case = shown_case(library, library.erasure(done.erasure))
    document = _document(
        done.person, done.withdrawn, sightings=done.sightings, erased=done.erased, dry_run=False
    )
    answer(
        call, {**document, "erasure": erasure_document(case)}, [*_text(done), *erasure_lines(case)]
    )
    end_open([case])


@command(
    "age",
    of=person,
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
        done = library.change_age(who, AgeBand(band), AgeSource(source))
    document = {
        "person": done.person.id,
        "age": _age(done.person),
        "ended": sorted(done.ended),
        "sightings": done.sightings,
        "objections_lifted": done.lifted,
    }
    text = [f"{done.person.name} ({done.person.id}): {band}, {source}"]
    if done.ended:
        ended, gone = ", ".join(sorted(done.ended)), counted(done.sightings, "sighting")
        text.append(f"ended, for others had agreed to it: {ended}; {gone} removed")
        text.append(f"ask them; if they agree: countenance enrol {done.person.id} --again")
    answer(call, document, text)


@command(
    "object",
    of=person,
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
    of=person,
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
    answer(call, {"standing": [_objection(one) for one in standing]}, text)


# --------------------------------------------------------------------------------------------------


_EXPORTED = ("consent.jsonld", "consent.jws", "consent.txt")


def _make_room(out: Path) -> None:
    """Before anything is logged: the folder is there, and none of the files is."""
    for name in _EXPORTED:
        if (out / name).exists():
            raise UsageError(f"{out / name}: is there already")
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise Unavailable(f"{out}: cannot be made: {exc.strerror}") from exc


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


def _age(found: "Person") -> dict[str, object]:
    return {
        "band": found.standing.band,
        "source": found.standing.source,
        "died": found.standing.died,
        "record": found.standing.record,
    }


def _objection(one: "Objection") -> dict[str, object]:
    return {"id": one.id, "by": one.by, "role": one.role, "at": one.at}


def _plan(
    consents: "Sequence[Consent]", only: "Purpose | Wish | None", *, at: datetime
) -> tuple[tuple[str, ...], bool]:
    """What a withdrawal would end, and whether nothing would be left."""
    live = [one for one in consents if one.in_force(at)]
    ending = [one for one in live if one.wish.is_of(only)]
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
        f"withdrawn: {words}",
        *_end(erased=done.erased),
    ]


def _end(*, erased: bool) -> list[str]:
    return ["nothing is agreed to any more: name, reference and key go"] if erased else []
