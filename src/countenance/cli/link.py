"""`countenance link`: ways into the web, for who is invited and for who is enrolled."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, last_day, say, table
from countenance.cli.arguments import LastDay
from countenance.cli.command import Call, command, group
from countenance.errors import UsageError

if TYPE_CHECKING:
    from countenance.catalog.links import Link
    from countenance.library import Issued

link = group("link", "Invite people, and give them their way back.")

_ON_THIS_MACHINE = "http://localhost:8765"
"""Where `countenance serve` listens, if nothing else is said."""


@command(
    "new",
    of=link,
    changes="adds a link; with --qr writes FILE, which must not be there yet",
    example="countenance link new --collection gala --channel website --qr gala.svg",
)
@click.option("--collection", metavar="NAME", help="Invite to this collection.")
@click.option("--person", metavar="WHO", help="For somebody enrolled, who lost their link.")
@click.option("--until", type=LastDay(), help="The last day on which it leads anywhere.")
@click.option(
    "--agreed-until", type=LastDay(), help="The last day of what is agreed to. Else twelve months."
)
@click.option("--channel", default="", help="Ask for may-publish on this channel as well.")
@click.option("--browse", is_flag=True, help="Let them look through the collection for themselves.")
@click.option(
    "--qr",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it as a QR code: .svg or .png.",
)
def new(
    call: Call,
    *,
    collection: str | None,
    person: str | None,
    until: datetime | None,
    agreed_until: datetime | None,
    channel: str,
    browse: bool,
    qr: Path | None,
) -> None:
    """
    Make a link, and show it: now, and never again, for only a digest of it is kept.

    An invitation may be given to many. A person's own leads to their pictures and lets them
    withdraw, so it is for them alone. Its address begins with the setting `address`.
    """
    if (collection is None) == (person is None):
        raise UsageError("--collection invites, --person is for who is enrolled: which of the two?")
    if qr is not None and (qr.suffix not in (".svg", ".png") or qr.exists()):
        raise UsageError(f"{qr}: a new file that ends in .svg or .png")
    with call.open() as library:
        if collection is not None:
            made = library.invite(
                collection,
                until=until,
                agreed_until=agreed_until,
                channel=channel,
                browse=browse,
            )
        else:
            made = library.link_for(str(person), until=until)
        address = library.settings.address or _ON_THIS_MACHINE
    url = f"{address}{_path(made)}"
    if qr is not None:
        _draw(url, qr)
    answer(call, {**_document(made.link), "url": url}, [url])
    if not call.settings().address:
        say("nobody else reaches this machine under that address: the setting `address` says one")


@command("list", of=link, changes="nothing", example="countenance link list")
def list_links(call: Call) -> None:
    """List the links there were, and which still lead anywhere."""
    with call.open() as library:
        found, now = library.links(), library.now()
    rows = [
        (
            one.id,
            one.kind.value,
            one.collection or "-",
            one.person or "-",
            "open" if one.leads(now) else "ended",
            "-" if one.until is None else last_day(one.until),
        )
        for one in found
    ]
    heads = ("LINK", "KIND", "COLLECTION", "PERSON", "STATE", "UNTIL")
    document = {"links": [{**_document(one), "leads": one.leads(now)} for one in found]}
    answer(call, document, table(rows, heads=heads) or ["there is no link yet"])


@command(
    "end",
    of=link,
    changes="the link leads nowhere from now on; what was agreed to by it goes on",
    example="countenance link end y_7q2m0c4x9v1ksz3d",
)
@click.argument("which", metavar="ID")
def end(call: Call, which: str) -> None:
    """End a link."""
    with call.open() as library:
        ended = library.end_link(which)
    answer(call, _document(ended), [f"{ended.id} leads nowhere any more"])


# --------------------------------------------------------------------------------------------------


def _path(made: "Issued") -> str:
    from countenance.catalog.links import LinkKind

    return f"/{'i' if made.link.kind is LinkKind.INVITATION else 'me'}/{made.token}"


def _draw(url: str, file: Path) -> None:
    import segno

    from countenance.vault.files import unavailable

    with unavailable(str(file)):
        segno.make(url, error="m", micro=False).save(str(file), scale=8, border=4)


def _document(one: "Link") -> dict[str, object]:
    return {
        "id": one.id,
        "kind": one.kind.value,
        "collection": one.collection,
        "person": one.person,
        "channel": one.channel,
        "browse": one.browse,
        "made_at": one.made_at,
        "until": one.until,
        "agreed_until": one.agreed_until,
        "ended_at": one.ended_at,
    }
