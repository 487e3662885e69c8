"""`countenance takedown`: everything of a source goes; and how every erasure stands."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, counted, say, table
from countenance.cli.asking import confirm
from countenance.cli.command import Call, command
from countenance.cli.exits import FINDINGS, NOT_FOUND, OPEN
from countenance.cli.progress import ProgressLine

if TYPE_CHECKING:
    from countenance.catalog.erasures import Erasure
    from countenance.erasure.picture import Copy
    from countenance.erasure.receipt import Waiting
    from countenance.library import Library


@command(
    "takedown",
    changes="ends every grant of the source at once; then removes all that came from it, looks for "
    "its bytes in every file, and refuses it from then on; of a picture, the same for every copy "
    "of it; status changes nothing, resume goes on",
    example="countenance takedown d_7q2m0c4x9v1ksz3d --dry-run",
)
@click.argument("what", metavar="SOURCE|picture|status|resume")
@click.argument("which", metavar="[FILE|PHOTO|CASE]", required=False, default="")
@click.option("--near", is_flag=True, help="Take down near copies of the picture as well.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def takedown(call: Call, what: str, which: str, *, near: bool, dry_run: bool, yes: bool) -> None:
    """
    Take a source down, or one picture, and see how erasures stand.

    With picture it is about the copies of a FILE, or of a PHOTO given by its id, in all sources:
    those with the very bytes go; those that were shrunk or saved again go with --near; what is only
    alike is shown, and goes when it is named itself. The exit code is 5 if there is no copy, and 6
    if there is none but what is only alike.

    With status and resume it is about every erasure, that of a person too, or about the one of the
    id CASE: how it stands, and going on with what was cut off.
    """
    if near and what != "picture":
        raise click.UsageError("--near is about a picture: countenance takedown picture FILE")
    if what == "picture":
        take_picture_down(call, which, near=near, dry_run=dry_run, yes=yes)
        return
    case = which
    if what not in ("status", "resume"):
        if case:
            raise click.UsageError(f"the takedown of a source has no second word: {case}")
        take_down(call, what, dry_run=dry_run, yes=yes)
        return
    with call.open() as library:
        if what == "resume" and not dry_run:
            with ProgressLine() as line:
                library.resume(case, progress=line)
        cases = [library.erasure(case)] if case else library.erasures()
        shown = [shown_case(library, one) for one in cases]
    document = {"erasures": [erasure_document(one) for one in shown]}
    rows = [
        (
            *(one.case.id, f"{one.case.opened_at:%Y-%m-%d}", one.case.trigger, one.case.subject),
            in_words(one),
        )
        for one in shown
    ]
    heads = ("ERASURE", "SINCE", "BECAUSE", "ABOUT", "STANDS AT")
    answer(call, document, table(rows, heads=heads) or ["nothing was ever erased here"])
    end_open(shown)


def take_down(call: Call, which: str, *, dry_run: bool, yes: bool) -> None:
    """Take the source `which` down, as `countenance source revoke` does too."""
    with call.open() as library:
        found = library.source(which)
        ending = [one.id for one in library.grants(found.id) if one.revoked_at is None]
        photos = library.photos_of(found.id)
        if dry_run:
            document = {"source": found.id, "dry_run": True, "revoked": ending, "photos": photos}
            would = f"would end {counted(len(ending), 'grant')} and remove all of"
            answer(call, document, [f"{would} {counted(photos, 'photo')} of {found.location}"])
            return
        confirm(
            f"{counted(len(ending), 'grant')} of {found.location} will end for good, and all that "
            f"is kept of {counted(photos, 'photo')} will go. Go on?",
            yes=yes,
        )
        with ProgressLine() as line:
            done = library.take_down(found.id, progress=line)
        case = shown_case(library, library.erasure(done.erasure))
    document = {
        "source": found.id,
        "dry_run": False,
        "revoked": done.grants,
        "photos": photos,
        "erasure": erasure_document(case),
    }
    text = [f"ended: {counted(len(done.grants), 'grant')}; nothing of it is shown any more"]
    answer(call, document, [*text, *erasure_lines(case)])
    end_open([case])


def take_picture_down(call: Call, which: str, *, near: bool, dry_run: bool, yes: bool) -> None:
    """Take the copies of a picture down: a file's, or those of a photo that is here."""
    if not which:
        raise click.UsageError("which picture? a file, or the id of a photo: i_...")
    with call.open() as library:
        file = Path(which)
        copies = library.find_copies(file.read_bytes() if file.is_file() else which)
        chosen = (*copies.exact, *(copies.near if near else ()))
        left = (*(() if near else copies.near), *copies.unsure)
        document: dict[str, object] = {
            "dry_run": dry_run,
            "taken_down": [_copy_document(library, one) for one in chosen],
            "alike": [_copy_document(library, one) for one in left],
            "erasures": [],
        }
        text = [*_copy_lines(library, chosen, "copy"), *_copy_lines(library, left, "alike")]
        cases: list[Shown] = []
        if chosen and not dry_run:
            confirm(
                f"all that is kept of {counted(len(chosen), 'photo')} will go, and the same bytes "
                "will be refused from every source. Go on?",
                yes=yes,
            )
            with ProgressLine() as line:
                done = library.take_down_copies(chosen, progress=line)
            cases = [shown_case(library, one) for one in done]
            document["erasures"] = [erasure_document(one) for one in cases]
            text += [words for one in cases for words in erasure_lines(one)]
    answer(call, document, text or ["no copy of it is here"])
    if left:
        say("alike is not the same: look, and name by its id what is to go as well")
    end_open(cases)
    if not chosen:
        raise click.exceptions.Exit(FINDINGS if left else NOT_FOUND)


@dataclass(frozen=True, slots=True)
class Shown:
    """A case, what it waits for, and what of it does not open; of nothing, all does."""

    case: "Erasure"
    waiting: "Waiting"
    obstacle: str


def shown_case(library: "Library", case: "Erasure") -> Shown:
    """A case, with what it waits for and what keeps it, from an open library."""
    return Shown(case, library.waiting_for(case), library.obstacle(case))


def erasure_document(shown: Shown) -> dict[str, object]:
    """The fields of a case, as the manual lists them."""
    case, waiting = shown.case, shown.waiting
    before, after = case.progress.before, case.progress.after
    return {
        "id": case.id,
        "because": case.trigger,
        "about": case.subject,
        "opened_at": case.opened_at,
        "stage": case.stage,
        "reached": case.progress.reached,
        "gone": case.progress.gone,
        "waits_for": {
            "backups": [{"id": one.id, "until": one.expires_at} for one in waiting.backups],
            "recalls": [one.id for one in waiting.recalls],
        },
        "obstacle": shown.obstacle,
        "scan": None
        if before is None or after is None
        else {
            "objects": before.objects,
            "found_before": before.found,
            "found_after": after.found,
            "files": after.files,
            "bytes": after.bytes,
        },
    }


def erasure_lines(shown: Shown) -> list[str]:
    """How a case stands, for a person."""
    case = shown.case
    gone = ", ".join(how_many(count, kind) for kind, count in case.progress.gone.items())
    lines = [f"erasure {case.id}: {in_words(shown)}"]
    if gone:
        lines.append(f"  removed: {gone}")
    before, after = case.progress.before, case.progress.after
    if before is not None and after is not None:
        lines.append(
            f"  scanned: {before.found:,} of {before.objects:,} found before, {after.found:,} "
            f"after, in {counted(after.files, 'file')} of {after.bytes / 1e6:,.1f} MB"
        )
    return lines


def how_many(count: int, kind: str) -> str:
    """`1 reference`, `2 roster entries`: a kind of what was removed, as receipts name it."""
    many = kind.replace("-", " ")
    one = f"{many.removesuffix('ies')}y" if many.endswith("ies") else many.removesuffix("s")
    return counted(count, one, many)


def in_words(shown: Shown) -> str:
    """Where a case stands, and what it waits for."""
    words = [shown.case.stage.replace("-", " ")]
    if shown.obstacle:
        words.append(f"cannot go on: {shown.obstacle}")
    if held := shown.waiting.backups:
        last = max(one.expires_at for one in held)
        words.append(f"waits for {counted(len(held), 'backup')} of before, until {last:%Y-%m-%d}")
    if demanded := shown.waiting.recalls:
        words.append(f"waits for the answer to {counted(len(demanded), 'recall')}")
    return "; ".join(words)


def end_open(cases: "Sequence[Shown]") -> None:
    """End with the exit code for what is not confirmed yet, if one of `cases` is not."""
    from countenance.catalog.erasures import OPEN as WAITING
    from countenance.catalog.erasures import UNFINISHED

    waiting = [one for one in cases if one.case.stage in WAITING]
    if any(one.case.stage in UNFINISHED for one in waiting):
        say("something of it is still there: countenance takedown resume goes on")
    if any(one.waiting.recalls for one in waiting):
        say("countenance recall send tells the recipients, and may be run again and again")
    if waiting:
        say(f"{counted(len(waiting), 'erasure')} not confirmed in every part yet")
        raise click.exceptions.Exit(OPEN)


# --------------------------------------------------------------------------------------------------


def _copy_document(library: "Library", one: "Copy") -> dict[str, object]:
    return {
        "photo": one.photo,
        "source": one.source,
        "bits_apart": one.bits,
        "places": library.places_of(one.photo),
    }


def _copy_lines(library: "Library", copies: "Sequence[Copy]", how: str) -> Iterator[str]:
    for one in copies:
        apart = "the very bytes" if one.bits is None else f"{one.bits} of 256 bits apart"
        places = ", ".join(library.places_of(one.photo))
        yield f"{how}: {one.photo} at {places} ({apart})"
