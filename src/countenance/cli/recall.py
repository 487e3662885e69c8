"""`countenance recall`: call back what was given out, until each recipient has answered for it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, counted, say, table
from countenance.cli.arguments import FILE, read_file
from countenance.cli.command import Call, command, group
from countenance.errors import ErasureIncomplete, Unavailable

if TYPE_CHECKING:
    from countenance.catalog.recalls import Recall

recall = group("recall", "Call back what was given out.")

_HEADS = ("RECALL", "STATE", "TRIES", "NEXT", "RECIPIENT", "TROUBLE")


@command("list", of=recall, changes="nothing", example="countenance recall list --open")
@click.option("--open", "only_open", is_flag=True, help="Only those that have not ended.")
def list_recalls(call: Call, *, only_open: bool) -> None:
    """List the recalls, oldest first."""
    with call.open() as library:
        found = library.recalls(only_open=only_open)
    document = {"recalls": [_document(one) for one in found]}
    none = "no recall is open" if only_open else "nothing was ever recalled"
    answer(call, document, _lines(found) or [none])


@command(
    "send",
    of=recall,
    changes="posts each recall that is due to its recipient, and records what came of it",
    example="countenance recall send",
)
@click.option("--dry-run", is_flag=True, help="Say what is due, and send nothing.")
def send(call: Call, *, dry_run: bool) -> None:
    """
    Send every recall that is due. To be run every few minutes, as by cron.

    What cannot be delivered is tried again later, in growing waits, and then becomes a task for a
    person. The exit code is 7 while any recall is open.
    """
    with call.open() as library:
        if dry_run:
            done: Sequence[Recall] = library.due_recalls()
            still_open = len(library.recalls(only_open=True))
        else:
            report = library.send_recalls()
            done, still_open = report.done, report.still_open
    document = {
        "dry_run": dry_run,
        "recalls": [_document(one) for one in done],
        "still_open": still_open,
    }
    answer(call, document, _lines(done) or ["no recall is due"])
    if still_open:
        say(f"{counted(still_open, 'recall is', 'recalls are')} still open")
        raise click.exceptions.Exit(ErasureIncomplete.exit_code)


@command(
    "acknowledge",
    of=recall,
    changes="the recall's state; `completed` ends it",
    example="countenance recall acknowledge answer.jws",
)
@click.argument("file", type=FILE)
def acknowledge(call: Call, file: Path) -> None:
    """Take a signed acknowledgement that came by another way, such as by mail."""
    with call.open() as library:
        taken = library.acknowledge(read_file(file))
    answer(call, _document(taken), [f"{taken.id}: {taken.state}"])


@command(
    "close",
    of=recall,
    changes="ends the recall without an acknowledgement, for good; the reason is kept",
    example='countenance recall close w_7q2m0c4x9v1ksz3d --reason "bankrupt; its servers are gone"',
)
@click.argument("which", metavar="ID")
@click.option("--reason", metavar="TEXT", required=True, help="Why no more can be done.")
def close(call: Call, which: str, *, reason: str) -> None:
    """End a recall that nobody will acknowledge, and say why."""
    with call.open() as library:
        closed = library.close_recall(which, reason=reason)
    answer(call, _document(closed), [f"{closed.id}: closed"])


@command(
    "serve",
    of=recall,
    changes="nothing by itself; takes the acknowledgements that recipients post",
    example="countenance recall serve --port 8765",
)
@click.option(
    "--host", metavar="ADDRESS", default="127.0.0.1", show_default=True, help="To listen at."
)
@click.option(
    "--port",
    metavar="N",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="To listen at; 0 chooses a free one.",
)
def serve(call: Call, *, host: str, port: int) -> None:
    """
    Serve the feed of recalls, and take acknowledgements, until it is stopped.

    It speaks plain HTTP: put a server with TLS before it where others are to reach it.
    """
    from countenance.api.recalls import recalls_app
    from countenance.api.recalls import serve as listen

    def ready(address: str) -> None:
        answer(call, {"address": address}, [f"listening at {address}"])

    with call.open() as library:
        try:
            listen(recalls_app(library), host=host, port=port, ready=ready)
        except OSError as exc:
            raise Unavailable(f"{host}:{port}: cannot be listened at: {exc.strerror}") from exc


# --------------------------------------------------------------------------------------------------


def _lines(found: "Sequence[Recall]") -> list[str]:
    rows = [
        (
            *(one.id, one.state, str(one.tries)),
            f"{one.next_at:%Y-%m-%d %H:%M}" if one.next_at else "-",
            *(one.recipient, one.trouble or one.reason or "-"),
        )
        for one in found
    ]
    return table(rows, heads=_HEADS)


def _document(one: "Recall") -> dict[str, object]:
    return {
        "id": one.id,
        "disclosure": one.disclosure,
        "erasure": one.erasure,
        "recipient": one.recipient,
        "photo": one.photo,
        "state": one.state,
        "opened_at": one.opened_at,
        "tries": one.tries,
        "next_at": one.next_at,
        "trouble": one.trouble,
        "ended_at": one.ended_at,
        "acknowledgement": one.acknowledgement,
        "reason": one.reason,
        "ended_by": one.ended_by,
    }
