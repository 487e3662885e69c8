"""`countenance person withdraw`: what somebody agreed to ends."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer
from countenance.cli.arguments import PurposeOrWish
from countenance.cli.asking import confirm
from countenance.cli.command import Call, command
from countenance.cli.progress import ProgressLine
from countenance.cli.takedown import end_open, erasure_document, erasure_lines, shown_case

if TYPE_CHECKING:
    from countenance.erasure.withdraw import Withdrawal
    from countenance.people.consent import Consent
    from countenance.people.purpose import Purpose, Wish


@command(
    "withdraw",
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
        # Who is enrolled twice, and was merged, says stop by one for both: a case each.
        cases = [shown_case(library, library.erasure(one)) for one in (done.erasure, *done.beside)]
    document = _document(
        done.person, done.withdrawn, sightings=done.sightings, erased=done.erased, dry_run=False
    )
    first, *beside = [erasure_document(one) for one in cases]
    lines = [line for one in cases for line in erasure_lines(one)]
    answer(call, {**document, "erasure": first, "beside": beside}, [*_text(done), *lines])
    end_open(cases)


# --------------------------------------------------------------------------------------------------


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
