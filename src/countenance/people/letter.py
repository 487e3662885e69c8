"""
A person's own record in words: one page, in Swedish or English, for who reads no JSON.

Plain words and short lists. What is longer than a page can hold is counted, and stands in full in
the JSON-LD beside it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from countenance.core.spans import in_words as span_in_words
from countenance.errors import UsageError
from countenance.people.consent import ConsentEvent, ConsentState
from countenance.people.guardians import Role
from countenance.people.purpose import Purpose
from countenance.people.record import Appearance, Delivery, Look, Record

LONGEST_LIST = 40
"""Lines of one list. A page that nobody reads to its end tells less than a short one."""


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of one language. In braces stand what the record fills in."""

    title: str
    written: str
    agreed: str
    purposes: Mapping[Purpose, str]
    states: Mapping[ConsentState, str]
    until: str
    since: str
    roles: Mapping[Role, str]
    no: str
    appear: str
    bands: Mapping[str, str]
    given: str
    recalls: Mapping[str, str]
    looked: str
    acts: Mapping[str, str]
    none: str
    more: str
    stop: str
    how: str
    check: str
    verify: str


def in_words(record: Record, language: str) -> str:
    """
    The record as a text in `language`, which ends in a newline and can be signed as a note.

    Raises `UsageError` if there are no words in that language.
    """
    if language not in _WORDS:
        raise UsageError(f"{language}: the record is written in {', '.join(sorted(_WORDS))}")
    words = _WORDS[language]
    about = {"name": record.name, "person": record.person, "library": record.library}
    noes = [
        words.no.format(day=_day(one.at), who=words.roles[one.role]) for one in record.objections
    ]
    parts = [
        [words.title.format(**about)],
        [words.written.format(day=_day(record.made_at), **about)],
        [words.agreed, *_listed(_consents(record, words), words), *_indented(noes)],
        [words.appear, *_listed((_appears(one, words) for one in record.appearances), words)],
        [words.given, *_listed((_went(one, words) for one in record.deliveries), words)],
        [words.looked, *_listed((_looked(one, words) for one in record.looks), words)],
        [words.stop, *_indented(words.how.format(**about).split("\n"))],
        [words.check, *_indented(words.verify.split("\n")), f"  {record.key}"],
    ]
    return "\n\n".join("\n".join(_printable(line) for line in part) for part in parts) + "\n"


# --------------------------------------------------------------------------------------------


def _consents(record: Record, words: _Words) -> Iterable[str]:
    for one in sorted(record.consents, key=lambda one: one.wish):
        state, last = one.state(record.made_at), one.events[-1]
        channel = f" ({one.wish.channel})" if one.wish.channel else ""
        yield f"{words.purposes[one.wish.purpose]}{channel}: {_state(state, last, words)}"


def _state(state: ConsentState, last: ConsentEvent, words: _Words) -> str:
    over = state is ConsentState.EXPIRED and last.until
    since, role = (over, Role.SYSTEM) if over else (last.at, last.role)
    told = words.since.format(state=words.states[state], day=_day(since), who=words.roles[role])
    if last.until is None or state is not ConsentState.ACTIVE:
        return told
    # Exclusive: it holds to the end of the day before.
    until = words.until.format(day=_day(last.until - timedelta(microseconds=1)))
    return f"{told}, {until}"


def _appears(one: Appearance, words: _Words) -> str:
    how = words.bands[one.state if one.state == "confirmed" or not one.band else one.band]
    when = "" if one.span is None else f"; {span_in_words(one.span)}"
    return f"{one.place} ({one.collection}; {how}{when})"


def _went(one: Delivery, words: _Words) -> str:
    recall = f"; {words.recalls.get(one.recall, one.recall)}" if one.recall else ""
    return f"{_day(one.at)}: {one.recipient}, {one.contact} ({one.channel}, {one.photo}{recall})"


def _looked(one: Look, words: _Words) -> str:
    purpose = f", {one.purpose}" if one.purpose else ""
    return f"{one.at:%Y-%m-%d %H:%M}: {one.actor}, {words.acts.get(one.act, one.act)}{purpose}"


def _listed(lines: Iterable[str], words: _Words) -> list[str]:
    every = list(lines)
    beyond = len(every) - LONGEST_LIST
    more = [words.more.format(number=beyond)] if beyond > 0 else []
    return _indented([*every[:LONGEST_LIST], *more] or [words.none])


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"


def _printable(line: str) -> str:
    """One line, whatever stands in a name or a path: a note may hold no control character."""
    if line.isprintable():
        return line
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in line
    )


_ENGLISH = _Words(
    title="What is known here of {name}",
    written="Written on {day} for {name}. Person {person}, library {library}.",
    agreed="What you agreed to",
    purposes={
        Purpose.FIND_ME: "You may look for pictures of yourself",
        Purpose.TELL_ME: "You are told when you appear in a new picture",
        Purpose.STAFF_FIND: "Named staff may look for pictures of you",
        Purpose.MAY_PUBLISH: "Pictures with you may be shown",
        Purpose.HIDE_ME: "You are recognised only in order to cover you",
        Purpose.KEEP_PICTURE: "Your face out of the pictures that you gave is kept",
    },
    states={
        ConsentState.ACTIVE: "agreed",
        ConsentState.RECORDED: "no consent, but recorded from a source",
        ConsentState.WITHDRAWN: "withdrawn",
        ConsentState.EXPIRED: "over, its time has come",
        ConsentState.OBJECTED: "stopped by an objection",
        ConsentState.NONE: "never agreed",
    },
    until="to the end of {day}",
    since="{state} since {day}, by {who}",
    roles={
        Role.SELF: "yourself",
        Role.GUARDIAN: "a guardian",
        Role.DESCENDANT: "a descendant",
        Role.ARCHIVE: "the archive",
        Role.SYSTEM: "the program, because its time had come",
    },
    no="There is an objection since {day}, by {who}: you are not recognised.",
    appear="Where you appear",
    bands={
        "sure": "recognised, surely",
        "likely": "recognised, likely",
        "unsure": "recognised, not surely",
        "confirmed": "confirmed by somebody",
        "candidate": "recognised",
    },
    given="What was given to others",
    recalls={
        "open": "told to delete it, no answer yet",
        "delivered": "told to delete it, the answer is awaited",
        "needs-person": "told to delete it, somebody is looking after it",
        "acknowledged": "they answered that it is deleted",
        "closed": "told to delete it, closed by somebody with a reason",
    },
    looked="Who looked for you",
    acts={
        "person.found": "looked for you by name",
        "probe.searched": "asked about a picture with you",
        "person.exported": "had this record written",
    },
    none="Nothing.",
    more="and {number} more, in the file consent.jsonld",
    stop="How to say stop",
    how="Tell whoever keeps this library that you withdraw; they type:\n"
    "  countenance person withdraw {person}\n"
    "You need no reason. From that moment you are found nowhere. Then your key is destroyed,\n"
    "everything of you is removed, and whoever was given pictures of you is told to delete them.\n"
    "You get a receipt that says how far that has come.",
    check="How to verify this page",
    verify="It is a signed note (c2sp.org/signed-note), and consent.jws a signed document\n"
    "(RFC 7515). Both verify with the public key of the library:",
)

_SWEDISH = _Words(
    title="Vad som är känt här om {name}",
    written="Skrivet {day} för {name}. Person {person}, bibliotek {library}.",
    agreed="Vad du har sagt ja till",
    purposes={
        Purpose.FIND_ME: "Du får söka efter bilder på dig själv",
        Purpose.TELL_ME: "Du får veta när du är med på en ny bild",
        Purpose.STAFF_FIND: "Namngiven personal får söka efter bilder på dig",
        Purpose.MAY_PUBLISH: "Bilder där du är med får visas",
        Purpose.HIDE_ME: "Du känns igen bara för att kunna täckas över",
        Purpose.KEEP_PICTURE: "Ditt ansikte ur de bilder du lämnade sparas",
    },
    states={
        ConsentState.ACTIVE: "samtycke",
        ConsentState.RECORDED: "inget samtycke, men upptecknat ur en källa",
        ConsentState.WITHDRAWN: "återkallat",
        ConsentState.EXPIRED: "slut, tiden har gått ut",
        ConsentState.OBJECTED: "stoppat av en invändning",
        ConsentState.NONE: "aldrig givet",
    },
    until="till och med {day}",
    since="{state} sedan {day}, genom {who}",
    roles={
        Role.SELF: "dig själv",
        Role.GUARDIAN: "en vårdnadshavare",
        Role.DESCENDANT: "en efterkommande",
        Role.ARCHIVE: "arkivet",
        Role.SYSTEM: "programmet, eftersom tiden hade gått ut",
    },
    no="Det finns en invändning sedan {day}, från {who}: du känns inte igen.",
    appear="Var du är med",
    bands={
        "sure": "igenkänd, säkert",
        "likely": "igenkänd, troligen",
        "unsure": "igenkänd, osäkert",
        "confirmed": "bekräftat av någon",
        "candidate": "igenkänd",
    },
    given="Vad som har lämnats till andra",
    recalls={
        "open": "radering begärd, inget svar än",
        "delivered": "radering begärd, svaret väntas",
        "needs-person": "radering begärd, någon ser till det",
        "acknowledged": "de svarade att den är raderad",
        "closed": "radering begärd, avslutad av någon med ett skäl",
    },
    looked="Vem som har sökt efter dig",
    acts={
        "person.found": "sökte efter dig med namn",
        "probe.searched": "frågade om en bild där du är med",
        "person.exported": "lät skriva det här",
    },
    none="Inget.",
    more="och {number} till, i filen consent.jsonld",
    stop="Hur du säger stopp",
    how="Säg till den som har hand om biblioteket att du återkallar; då skrivs:\n"
    "  countenance person withdraw {person}\n"
    "Du behöver inte ange något skäl. Från den stunden hittas du ingenstans. Sedan förstörs din\n"
    "nyckel, allt om dig tas bort, och den som har fått bilder på dig blir tillsagd att radera\n"
    "dem. Du får ett kvitto som säger hur långt det har kommit.",
    check="Hur du kontrollerar den här sidan",
    verify="Den är en undertecknad text (c2sp.org/signed-note), och consent.jws ett undertecknat\n"
    "dokument (RFC 7515). Båda kontrolleras med bibliotekets öppna nyckel:",
)

_WORDS: Mapping[str, _Words] = {"en": _ENGLISH, "sv": _SWEDISH}
