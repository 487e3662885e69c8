"""`countenance audit`: what was done here, by whom, why; and whether that record is whole."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, counted, say, table
from countenance.cli.arguments import FILE, read_file
from countenance.cli.command import Call, command, group
from countenance.errors import Unavailable, UsageError, VerificationError

if TYPE_CHECKING:
    from countenance.audit.entry import Entry
    from countenance.audit.verify import Verified

audit = group("audit", "Show and verify what was done here, by whom and why.")


@command("tail", of=audit, changes="nothing", example="countenance audit tail -n 20")
@click.option(
    "-n",
    "count",
    metavar="N",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="How many.",
)
def tail(call: Call, count: int) -> None:
    """Show the last entries of the log, the newest last."""
    with call.open() as library:
        found = library.trail.tail(count)
    document = {"entries": [_entry(index, said) for index, said in found]}
    rows = [_row(index, said) for index, said in found]
    text = table(rows, heads=("ENTRY", "AT", "ACTOR", "ACT", "PURPOSE", "SUBJECTS"))
    answer(call, document, text or ["the log is empty"])


@command(
    "verify",
    of=audit,
    changes="nothing",
    example="countenance audit verify --since monday.checkpoint",
)
@click.option(
    "--since",
    "kept",
    metavar="FILE",
    multiple=True,
    type=FILE,
    help="A checkpoint that was kept elsewhere. May be given several times.",
)
def verify(call: Call, kept: tuple[Path, ...]) -> None:
    """
    Verify the log: every entry, every checkpoint, and that each act has its entry.

    What is wrong is named, and the exit code is 8. What it cannot show stands in docs/audit.md.
    """
    notes = {str(path): _read_note(path) for path in kept}
    with call.open_for_audit() as library:
        seen = library.trail.verify(notes)
    document = {
        "sound": not seen.findings,
        "entries": seen.size,
        "signed": seen.signed,
        "redacted": seen.redacted,
        "findings": [{"fault": one.fault, "message": one.message} for one in seen.findings],
    }
    answer(call, document, _verified(seen))
    if seen.findings:
        raise click.exceptions.Exit(VerificationError.exit_code)


@command(
    "export",
    of=audit,
    changes="writes FILE, which must not be there yet; nothing in the library",
    example="countenance audit export --out log.jsonl",
)
@click.option(
    "--out",
    metavar="FILE",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write.",
)
def export(call: Call, out: Path) -> None:
    """Write out the log, with all that an outsider needs to verify it."""
    with call.open() as library:
        try:
            with out.open("x", encoding="utf-8") as file:
                lines = sum(file.write(f"{line}\n") > 0 for line in library.trail.export())
        except FileExistsError as exc:
            raise UsageError(f"{out}: is there already") from exc
        except OSError as exc:
            raise Unavailable(f"{out}: cannot be written: {exc.strerror}") from exc
    entries = lines - 1
    answer(
        call, {"out": out, "entries": entries}, [f"{counted(entries, 'entry', 'entries')}: {out}"]
    )


@command(
    "checkpoint",
    of=audit,
    changes="signs what of the log is not signed yet",
    example="countenance audit checkpoint",
)
def checkpoint(call: Call) -> None:
    """
    Show the newest signed checkpoint, to be kept elsewhere.

    Whoever keeps one can show later, with `audit verify --since`, that the log was not rewritten.
    """
    with call.open() as library:
        text = library.trail.sign() or ""
        key = library.trail.key()
    if call.as_json:
        answer(call, {"checkpoint": text, "key": str(key)}, ())
        return
    # As it was signed: in UTF-8, whatever the terminal's encoding is.
    click.echo(text.encode(), nl=False)
    say(f"the public key is {key}")


# --------------------------------------------------------------------------------------------------


def _entry(index: int, said: "Entry | None") -> dict[str, object]:
    if said is None:
        return {"index": index, "redacted": True}
    return {
        "index": index,
        "redacted": False,
        "at": said.at,
        "actor": said.actor,
        "act": said.act,
        "purpose": said.purpose,
        "subjects": said.subjects,
        "rests_on": said.rests_on,
    }


def _row(index: int, said: "Entry | None") -> tuple[str, ...]:
    if said is None:
        return (str(index), "", "", "(redacted)", "", "")
    subjects = " ".join(said.subjects)
    return (
        *(str(index), f"{said.at:%Y-%m-%d %H:%M:%S}"),
        *(said.actor, said.act, said.purpose, subjects),
    )


def _read_note(path: Path) -> str:
    """What is not UTF-8 is no checkpoint, and will be told so with the others."""
    return read_file(path).decode(errors="replace")


def _verified(seen: "Verified") -> Iterator[str]:
    yield from (f"{one.fault}: {one.message}" for one in seen.findings)
    yield f"{counted(seen.size, 'entry', 'entries')}, {seen.signed:,} under a checkpoint"
    if seen.redacted:
        yield (
            f"{counted(seen.redacted, 'entry was', 'entries were')} redacted: "
            "whether every act has its entry cannot be told"
        )
    if not seen.findings:
        yield "the log is sound"
