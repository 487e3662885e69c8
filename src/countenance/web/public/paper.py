"""Receipts in words: those of the page, and the same on paper."""

from collections.abc import Mapping
from io import BytesIO

from countenance.audit.statement import Level, Statement, Trigger
from countenance.web.languages import Language, message

LEVELS: Mapping[str, str] = {
    Level.INVISIBLE: message("Found nowhere any more"),
    Level.KEYS_DESTROYED: message("Keys destroyed: what was locked with them cannot be read"),
    Level.BYTES_GONE: message("Deleted, and looked for afterwards in every file: nothing is left"),
    Level.BACKUPS_AGED_OUT: message("No backup holds it any more"),
    Level.RECIPIENTS_ACKNOWLEDGED: message("All who were given pictures answered"),
}

DESTROYED: Mapping[str, str] = {
    "references": message("Face data (references)"),
    "sightings": message("Notes of pictures you are in"),
    "evidence-files": message("Files that showed your consent"),
    "evidence": message("Entries about those files"),
    "objections": message("Objections"),
    "guardians": message("Guardians"),
    "roster-entries": message("Entries on lists of members"),
    "links": message("Links to your page"),
    "tellings": message("Addresses that you were told at"),
    "claims": message("What you asked the desk for"),
    "steps": message("Decisions about pictures you are in"),
    "steps-with-sightings": message("What those decisions changed"),
    "accounts": message("Accounts"),
    "wards": message("Whom accounts speak for"),
    "names": message("Names"),
    "faces": message("Places of faces in pictures"),
    "words": message("Words about pictures"),
    "pages": message("Notes about web pages"),
    "places": message("Places where pictures stood"),
    "originals": message("Pictures kept here"),
    "uploads": message("Entries about those pictures"),
    "previews": message("Small versions of pictures"),
    "photos": message("Entries about pictures"),
}

KEPT: Mapping[str, str] = {
    "consent-events": message(
        "When consent was given and withdrawn, without a name: it shows that we asked"
    ),
    "names": message("Your name: you still agree to something else, or objected"),
    "boxes": message("Where faces are in the pictures: without a name, the pictures are others'"),
    "source-words": message("What others wrote beside their own pictures"),
    "tombstones": message("Marks by which the same pictures are refused"),
    "log-entries": message("Entries of the log, with ids alone: they show what was done"),
}

TRIGGERS: Mapping[str, str] = {
    Trigger.WITHDRAWN: message("Consent was withdrawn"),
    Trigger.OBJECTED: message("Somebody objected"),
    Trigger.EXPIRED: message("The time agreed on was over"),
    Trigger.REVOKED: message("A source took its grant back"),
    Trigger.TAKEN_DOWN: message("A picture was taken down"),
}

WORDS: Mapping[str, Mapping[str, str]] = {
    "level": LEVELS,
    "destroyed": DESTROYED,
    "kept": KEPT,
    "trigger": TRIGGERS,
}

_MARGIN = 56.0
_WIDTH, _HEIGHT = 595.0, 842.0
_LEADING = 15.0
_AT_A_LINE = 86
"""Characters of the signed receipt."""


def draw(said: Statement, signed: str, key: str, language: Language) -> bytes:
    """A statement as a PDF on A4, with what it takes to verify it."""
    from reportlab.pdfgen.canvas import Canvas  # noqa: PLC0415  of use to this function alone

    out = BytesIO()
    paper = Canvas(out, pagesize=(_WIDTH, _HEIGHT), invariant=1, lang=language.tag)
    paper.setTitle(language.say("Receipt of an erasure"))
    paper.setAuthor("Countenance")
    writer = _Writer(paper)
    for style, text in _lines(said, signed, key, language):
        writer.write(text, style)
    paper.save()
    return out.getvalue()


# --------------------------------------------------------------------------------------------------


def _lines(said: Statement, signed: str, key: str, language: Language) -> list[tuple[str, str]]:
    say = language.say
    about = (
        (say("Number"), f"{said.erasure}, {said.number}"),
        (say("About"), said.subject),
        (say("Why"), say(TRIGGERS[said.trigger])),
        (say("Begun"), language.instant(said.opened_at)),
        (say("Issued"), language.instant(said.issued_at)),
    )
    lines = [
        ("title", say("Receipt of an erasure")),
        *(("text", f"{name}: {value}") for name, value in about),
        ("head", say("How far it is")),
    ]
    for level in Level:
        at = said.levels.get(level)
        when = say("not yet") if at is None else language.instant(at)
        lines.append(("text", f"{say(LEVELS[level])}: {when}"))
    lines.append(("head", say("Deleted")))
    gone = {what: number for what, number in said.destroyed.items() if number}
    lines += [("text", f"{say(DESTROYED.get(what, what))}: {n}") for what, n in gone.items()]
    keys = say("Keys")
    if said.keys:
        lines.append(("text", f"{keys}: {len(said.keys)}"))
    lines.append(("head", say("Kept, and why")))
    lines += [("text", f"{say(KEPT.get(one.what, one.what))}: {one.count}") for one in said.kept]
    lines += [
        ("head", say("To verify")),
        ("small", f"countenance receipt verify FILE --key {key}"),
        *(("small", part) for part in _parts(signed)),
    ]
    return lines


def _parts(text: str) -> list[str]:
    return [text[at : at + _AT_A_LINE] for at in range(0, len(text), _AT_A_LINE)]


class _Writer:
    """Lines on paper, one below the other, with a new page where one is full."""

    _STYLES: Mapping[str, tuple[str, float, float]] = {
        "title": ("Helvetica-Bold", 20, 8),
        "head": ("Helvetica-Bold", 12, 10),
        "text": ("Helvetica", 10.5, 0),
        "small": ("Courier", 7.5, 0),
    }

    def __init__(self, paper) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        self._paper = paper
        self._y = _HEIGHT - _MARGIN

    def write(self, text: str, style: str) -> None:
        from reportlab.lib.utils import simpleSplit  # noqa: PLC0415

        font, size, before = self._STYLES[style]
        self._y -= before
        for line in simpleSplit(text, font, size, _WIDTH - 2 * _MARGIN):
            if self._y < _MARGIN:
                self._paper.showPage()
                self._y = _HEIGHT - _MARGIN
            self._paper.setFont(font, size)
            self._paper.drawString(_MARGIN, self._y, line)
            self._y -= max(_LEADING * size / 10.5, size + 2)
