"""`countenance receipt`: what became of an erasure, shown and verified."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, counted, say, table
from countenance.cli.arguments import FILE, read_file
from countenance.cli.command import Call, command, group
from countenance.cli.takedown import how_many
from countenance.cli.writing import write_new
from countenance.errors import NotFound, VerificationError

if TYPE_CHECKING:
    from countenance.audit.note import VerifierKey
    from countenance.audit.statement import Level, Statement
    from countenance.catalog.receipts import Receipt

receipt = group("receipt", "Show and verify what became of an erasure.")


@command("list", of=receipt, changes="nothing", example="countenance receipt list")
def list_receipts(call: Call) -> None:
    """List the receipts of this library, each verified."""
    with call.open() as library:
        found, key = library.receipts(), library.trail.key()
    rows = [(one, _judged(one.text, key)) for one in found]
    document = {"receipts": [_row_document(one, said) for one, said in rows]}
    text = table(
        [(one.erasure, str(one.number), f"{one.at:%Y-%m-%d}", _level(said)) for one, said in rows],
        heads=("ERASURE", "RECEIPT", "AT", "LEVEL"),
    )
    answer(call, document, text or ["no receipt was issued"])
    if any(said is None for _, said in rows):
        raise click.exceptions.Exit(VerificationError.exit_code)


@command(
    "show",
    of=receipt,
    changes="with --out writes FILE, which must not be there yet; else nothing",
    example="countenance receipt show e_7q2m0c4x9v1ksz3d",
)
@click.argument("which", metavar="FILE|ID")
@click.option("--number", metavar="N", type=click.IntRange(min=1), help="Which. Else the newest.")
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the receipt itself there, to be given to whom it is about.",
)
def show(call: Call, which: str, *, number: int | None, out: Path | None) -> None:
    """
    Say in words what a receipt says: of a file, or of an erasure of this library.

    The receipt of a file is not verified by this; receipt verify does that.
    """
    from countenance.audit.receipt import unverified_statement, verify

    path = Path(which)
    of_file = path.is_file()
    if of_file:
        text = _text(path)
        said = unverified_statement(text)
        say("not verified: countenance receipt verify does that")
    else:
        with call.open() as library:
            text = _chosen(library.receipts(which), number).text
            said = verify(text, library.trail.key())
    if out is not None:
        write_new(out, text)
    document = {
        "verified": not of_file,
        "level": said.level,
        "statement": _statement(said),
        "receipt": text,
    }
    answer(call, document, _in_words(said))


@command(
    "verify",
    of=receipt,
    changes="nothing; it needs no library",
    example="countenance receipt verify receipt.jws --key library.key",
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@click.option(
    "--key",
    metavar="KEY|FILE",
    required=True,
    help="The library's public key, countenance/ID+..., or a file that holds it.",
)
def verify_files(call: Call, files: tuple[Path, ...], *, key: str) -> None:
    """
    Verify a receipt, or all receipts of one erasure, the first one first.

    It takes the receipt and the library's public key, and neither a library nor a network. What is
    wrong is said, and the exit code is 8. What a receipt cannot show stands in docs/receipts.md.
    """
    from countenance.audit.receipt import verify, verify_chain

    texts, known = [_text(path) for path in files], _key(key)
    said = verify(texts[0], known) if len(texts) == 1 else verify_chain(texts, known)[-1]
    document = {
        "verified": True,
        "receipts": len(texts),
        "library": said.library,
        "erasure": said.erasure,
        "number": said.number,
        "level": said.level,
    }
    answer(call, document, [*_in_words(said), f"{counted(len(texts), 'receipt')} verified"])


# --------------------------------------------------------------------------------------------------


def _text(path: Path) -> str:
    """What is not text is no receipt, and will be told so. A newline at the end is an editor's."""
    return read_file(path).decode(errors="replace").removesuffix("\n")


def _key(told: str) -> "VerifierKey":
    from countenance.audit.note import VerifierKey

    path = Path(told)
    return VerifierKey.parse((_text(path) if path.is_file() else told).strip())


def _chosen(found: "list[Receipt]", number: int | None) -> "Receipt":
    if number is None:
        return found[-1]
    for one in found:
        if one.number == number:
            return one
    raise NotFound(f"{found[0].erasure}: there is no receipt {number}")


def _judged(text: str, key: "VerifierKey") -> "Statement | None":
    """What a receipt says; nothing if it does not verify (P27)."""
    from countenance.audit.receipt import verify

    try:
        return verify(text, key)
    except VerificationError:
        return None


def _level(said: "Statement | None") -> str:
    if said is None:
        return "damaged"
    return said.level or "none"


def _row_document(one: "Receipt", said: "Statement | None") -> dict[str, object]:
    return {
        "erasure": one.erasure,
        "number": one.number,
        "at": one.at,
        "verified": said is not None,
        "level": None if said is None else said.level,
        "digest": one.digest,
    }


def _statement(said: "Statement") -> object:
    from countenance.audit.statement import write_statement

    return json.loads(write_statement(said))


def _in_words(said: "Statement") -> Iterator[str]:
    from countenance.audit.statement import Level

    yield f"erasure {said.erasure} of {said.subject}, receipt {said.number} of {said.library}"
    yield f"{said.trigger} {said.opened_at:%Y-%m-%d %H:%M}, as of {said.issued_at:%Y-%m-%d %H:%M}"
    yield from table((f"  {level}", _reached(said, level)) for level in Level)
    if destroyed := [how_many(count, what) for what, count in sorted(said.destroyed.items())]:
        yield f"destroyed: {', '.join(destroyed)}"
    yield from (f"kept: {how_many(one.count, one.what)}: {one.why}" for one in said.kept)
    if said.keys_before:
        yield f"keys destroyed: {len(set(said.keys))} of {said.keys_before}"
    if said.methods:
        yield f"method (NIST SP 800-88): {', '.join(said.methods)}"
    if said.scan is not None:
        scan = said.scan
        yield (
            f"scanned {scan.files:,} files, {scan.bytes:,} bytes, "
            f"for {counted(scan.objects, 'object')}: "
            f"{scan.found_before:,} found before, {scan.found_after:,} after"
        )
    for backup in said.backups:
        gone = f"gone {backup.gone_at:%Y-%m-%d}" if backup.gone_at else "not gone yet"
        yield f"backup {backup.id}: {gone}, to expire {backup.expires_at:%Y-%m-%d}"
    for one in said.recipients:
        yield f"recall {one.recall} to {one.recipient}: {one.state} {one.at:%Y-%m-%d}"
    yield "what a receipt does not prove: docs/receipts.md"


def _reached(said: "Statement", level: "Level") -> str:
    at = said.levels.get(level)
    return "not yet" if at is None else f"{at:%Y-%m-%d %H:%M}"
