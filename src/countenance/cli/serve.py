"""`countenance serve`: the library as a server, which also looks after its sources by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from countenance.cli.answer import answer, counted, say
from countenance.cli.command import Call, command
from countenance.cli.progress import duration
from countenance.errors import Unavailable
from countenance.sources.source import SourceKind

if TYPE_CHECKING:
    from countenance.jobs.rounds import Told
    from countenance.library import Library

_THIS_MACHINE = ("127.0.0.1", "::1")

_ENDS_WITHIN = 30.0
"""Seconds for the photo at hand to be finished, once the server was told to stop."""


@command(
    "serve",
    changes="what ingest changes, whenever a source has something new; sends recalls and messages "
    "that are due, and carries erasures on",
    example="countenance serve --port 8765",
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
@click.option(
    "--no-watch", is_flag=True, help="Only serve: leave the sources, recalls and erasures alone."
)
def serve(call: Call, *, host: str, port: int, no_watch: bool) -> None:
    """
    Serve the web, and look after the sources meanwhile.

    Folders are watched, and every source is scanned each `scan_every` minutes (a setting): what is
    new is ingested, what is gone vanishes. Recalls are sent when they are due, and who asked for it
    is told of new pictures, if the settings say by what mail is sent. To recipients it
    gives the feed of recalls, as `recall serve` does. It speaks plain HTTP: put a server with TLS
    before it where others are to reach it, and say in the setting `address` under which name. While
    nobody is owner here, it shows a code, good once and for an hour, with which somebody becomes
    the owner.
    """
    from countenance.api.recalls import serve as listen
    from countenance.web.app import make_app

    with call.open() as library:
        settings = library.settings
        watched = [] if no_watch else library.sources_in_force()
        minutes = settings.scan_every

    def ready(listening: str) -> None:
        address = _called(listening)
        folders = [one.id for one in watched if one.kind is SourceKind.FOLDER]
        document = {
            "address": address,
            "desk": f"{address}/staff",
            "watched": folders,
            "scanned": [one.id for one in watched],
            "scan_every": minutes,
        }
        every = f"every {counted(minutes, 'minute')}" if minutes else "at the start alone"
        scans = (
            f"watching {counted(len(folders), 'folder')}, "
            f"scanning {counted(len(watched), 'source')} {every}"
        )
        opened = f"the desk: {address}/staff"
        lines = [f"listening at {address}", *([] if no_watch else [scans]), opened]
        answer(call, document, lines)
        with call.open() as library:
            _show_set_up(library, settings.address or address)

    app = make_app(call.open, address=settings.address)
    with _rounds(call, minutes=minutes, wanted=not no_watch):
        try:
            listen(app, host=host, port=port, ready=ready)
        except OSError as exc:
            raise Unavailable(f"{host}:{port}: cannot be listened at: {exc.strerror}") from exc
        finally:
            app.state.web.close()


# --------------------------------------------------------------------------------------------------


def _called(address: str) -> str:
    """The address to ask for: of this machine by name, since browsers give numbers no passkeys."""
    at = urlsplit(address)
    return f"http://localhost:{at.port}" if at.hostname in _THIS_MACHINE else address


@contextmanager
def _rounds(call: Call, *, minutes: int, wanted: bool) -> Iterator[None]:
    """The rounds, in a thread of their own with a library of their own, as long as this lasts."""
    from countenance.jobs.rounds import Rounds

    stop = Event()

    def run() -> None:
        with call.open() as library:
            Rounds(library, timedelta(minutes=minutes), _tell, stop).run()

    thread = Thread(target=run, name="rounds", daemon=True)
    if wanted:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        if wanted:
            thread.join(_ENDS_WITHIN)


def _show_set_up(library: "Library", address: str) -> None:
    """Of a library without an owner, what makes the first; to whoever started the server alone."""
    link = library.set_up_code()
    if link is not None:
        until = f"{link.until:%H:%M} UTC"
        say(f"nobody is owner here yet; until {until}, at {address}/set-up, this code makes one:")
        say(link.code)


def _tell(told: "Told") -> None:
    from countenance.jobs.rounds import Failed

    if isinstance(told, Failed):
        say(f"{told.what}: {told.error.message}")
        return
    report = told.report
    parts = [
        f"{counted(report.done, 'photo')} read",
        counted(report.sightings, "sighting"),
        *([f"{report.listed.vanished:,} vanished"] if report.listed.vanished else []),
        *([f"{counted(len(report.skipped), 'file')} skipped"] if report.skipped else []),
        f"in {duration(report.seconds)}",
    ]
    say(f"{told.source}: {', '.join(parts)}")
