"""`countenance enrol`: enrol somebody who agrees to be recognised."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, counted, last_day, say, table
from countenance.cli.arguments import FILE, LastDay, Wishes, read_file, read_picture
from countenance.cli.asking import require_agreed
from countenance.cli.command import Call, command
from countenance.cli.exits import IN_PART
from countenance.cli.progress import ProgressLine
from countenance.errors import UsageError

if TYPE_CHECKING:
    from countenance.enrol.enrol import Judged
    from countenance.library import Enrolled
    from countenance.people.guardians import Standing
    from countenance.people.purpose import Wish


@command(
    "enrol",
    changes="adds a person, what they agreed to and a locked reference, and searches the photos "
    "that are here for them; the pictures themselves are not kept, and with --keep-picture the "
    "face out of them is, locked",
    example="countenance enrol Ada --photo selfie.jpg --consent find-me,tell-me",
)
@click.argument("name")
@click.argument("more", metavar="[FILE]...", nargs=-1, type=FILE)
@click.option(
    "--photo",
    "first",
    metavar="FILE...",
    multiple=True,
    type=FILE,
    help="A picture that shows their face and nobody else's. Three or more are better.",
)
@click.option(
    "--without-picture",
    is_flag=True,
    help="Recognise nobody: they are put into faces by hand, with sighting add.",
)
@click.option(
    "--consent",
    "wishes",
    type=Wishes(),
    required=True,
    help="What they agreed to: find-me, tell-me, staff-find, may-publish:CHANNEL, hide-me; "
    "several with commas.",
)
@click.option(
    "--keep-picture",
    is_flag=True,
    help="They want their face kept, locked, so that they need not enrol again when the model "
    "changes. It is a purpose of its own: --consent find-me,keep-picture says the same.",
)
@click.option(
    "--until", type=LastDay(), help="The last day on which they agree. Else twelve months."
)
@click.option(
    "--evidence", type=FILE, help="What shows it. Kept locked with their key, and gone with it."
)
@click.option(
    "--age-band",
    type=click.Choice(["child", "teen", "adult"]),
    help="Whose rules hold. Else adult. It is never estimated from a face.",
)
@click.option(
    "--age-source",
    type=click.Choice(["declared", "roster", "verified"]),
    default="declared",
    show_default=True,
    help="Where the age band comes from.",
)
@click.option("--guardian", metavar="NAME", help="Who agrees for a child, or may object for them.")
@click.option(
    "--guardian-relation", metavar="TEXT", help="What the guardian is to them, such as mother."
)
@click.option(
    "--historical",
    is_flag=True,
    help="They are no longer living: a source is recorded in the place of consent.",
)
@click.option("--died", metavar="YEAR", type=int, help="When they died; with --historical.")
@click.option(
    "--source", metavar="TEXT", help="What says who they were, and that; with --historical."
)
@click.option(
    "--again",
    is_flag=True,
    help="NAME, a name or an id, is enrolled: these pictures take the place of the earlier ones.",
)
@click.option("--yes", is_flag=True, help="The notice was shown: do not show it and ask.")
def enrol(
    call: Call,
    name: str,
    more: tuple[Path, ...],
    *,
    first: tuple[Path, ...],
    without_picture: bool,
    wishes: "tuple[Wish, ...]",
    keep_picture: bool,
    until: datetime | None,
    evidence: Path | None,
    age_band: str | None,
    age_source: str,
    guardian: str | None,
    guardian_relation: str | None,
    historical: bool,
    died: int | None,
    source: str | None,
    again: bool,
    yes: bool,
) -> None:
    """
    Enrol somebody who agrees to be recognised.

    On a terminal the notice is shown first, and the question put; elsewhere, and with --yes, it
    was shown before: countenance notice prints it.

    Each picture is judged, and the answer says in words what is wrong with it. If some pictures
    were not good enough the exit code is 3; if none was, nothing is stored and it is 4.
    """
    from countenance.enrol.enrol import Portrait
    from countenance.people.purpose import Purpose, Wish

    files = (*first, *more)
    if keep_picture:
        wishes = tuple(dict.fromkeys((*wishes, Wish(Purpose.KEEP_PICTURE))))
    _check_pictures(files, without_picture=without_picture)
    standing = _standing(
        age_band, age_source, historical=historical, died=died, record=source, again=again
    )
    if not (yes or historical):
        _ask(call, name, wishes)
    with call.open() as library, ProgressLine() as progress:
        done = library.enrol(
            name,
            [Portrait(str(file), read_picture(file)) for file in files],
            wishes,
            until=until,
            evidence=None if evidence is None else read_file(evidence),
            standing=standing,
            guardian=_guardian(guardian, guardian_relation),
            again=again,
            progress=progress,
        )
    answer(call, _document(done, wishes), _text(done, wishes))
    _warn(done)
    if done.compared is None:
        say("another run holds the library: the photos are searched by it or by the next ingest")
    if not all(picture.accepted for picture in done.enrolment.pictures):
        raise click.exceptions.Exit(IN_PART)


# --------------------------------------------------------------------------------------------------


def _check_pictures(files: tuple[Path, ...], *, without_picture: bool) -> None:
    if without_picture and files:
        raise UsageError("--without-picture, and pictures: which of the two?")
    if not files and not without_picture:
        raise UsageError(
            "no picture given",
            hint="for example --photo selfie.jpg; --without-picture recognises nobody",
        )


def _ask(call: Call, name: str, wishes: "tuple[Wish, ...]") -> None:
    from countenance.people.notice import load_notice

    agreed = ", ".join(str(wish) for wish in wishes)
    notice = load_notice(call.settings().language).text
    require_agreed(notice, f"Has {name} read this, and do they agree to {agreed}?")


def _standing(
    band: str | None,
    source: str,
    *,
    historical: bool,
    died: int | None,
    record: str | None,
    again: bool,
) -> "Standing | None":
    """Raises `UsageError` if an age is given for somebody who has one, or two that disagree."""
    from countenance.people.guardians import AgeBand, AgeSource, Standing

    if historical != (died is not None) or historical != (record is not None):
        raise UsageError("--historical, --died and --source belong together")
    if historical and band is not None:
        raise UsageError("--historical is an age band of its own: leave --age-band out")
    if band is None and not historical:
        return None
    if again:
        raise UsageError(
            "an age band is said at the first enrolment",
            hint="countenance person age ID --band BAND changes it",
        )
    chosen = AgeBand.HISTORICAL if band is None else AgeBand(band)
    return Standing(chosen, AgeSource(source), died, record or "")


def _guardian(name: str | None, relation: str | None) -> tuple[str, str] | None:
    """Raises `UsageError` if only one of the two is said."""
    if name is None and relation is None:
        return None
    if not (name or "").strip() or not (relation or "").strip():
        raise UsageError("a guardian has a name and a relation: --guardian and --guardian-relation")
    return str(name), str(relation)


def _document(done: "Enrolled", wishes: "tuple[Wish, ...]") -> dict[str, object]:
    return {
        "person": {"id": done.enrolment.person.id, "name": done.enrolment.person.name},
        "pictures": [
            {
                "name": one.name,
                "accepted": one.accepted,
                "weak": one.weak,
                "sentences": one.sentences,
            }
            for one in done.enrolment.pictures
        ],
        "consent": [str(wish) for wish in wishes],
        "until": done.enrolment.until,
        "compared": done.compared,
    }


def _text(done: "Enrolled", wishes: "tuple[Wish, ...]") -> Iterator[str]:
    person = done.enrolment.person
    accepted = [one for one in done.enrolment.pictures if one.accepted]
    if done.enrolment.pictures:
        yield f"enrolled {person.name} ({person.id}) from {counted(len(accepted), 'picture')}:"
    else:
        yield f"enrolled {person.name} ({person.id}) without a picture; nobody is recognised by it"
    yield from table((f"  {one.name}", _in_words(one)) for one in done.enrolment.pictures)
    agreed, until = ", ".join(str(wish) for wish in wishes), done.enrolment.until
    yield f"agreed to {agreed} until {last_day(until)}" if until else f"on record for {agreed}"
    if done.compared is not None and done.enrolment.pictures:
        yield f"{counted(done.compared, 'earlier photo')} searched"


def _in_words(picture: "Judged") -> str:
    verdict = "not used"
    if picture.accepted:
        verdict = "weak" if picture.weak else "good"
    return ": ".join([verdict, *([", ".join(picture.sentences)] if picture.sentences else [])])


def _warn(done: "Enrolled") -> None:
    pictures = done.enrolment.pictures
    refused = sum(not one.accepted for one in pictures)
    if refused:
        say(f"not used: {refused} of {counted(len(pictures), 'picture')}")
    if pictures and all(one.weak for one in pictures if one.accepted):
        say(f"{done.enrolment.person.name} will be missed more often than need be, for no picture")
        say("is as good as it should be; --again with better ones puts them in their place")
