"""`countenance share`: links that show photos, and nothing but what may be shown at that moment."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, last_day, say, table
from countenance.cli.arguments import LastDay
from countenance.cli.command import Call, command, group

if TYPE_CHECKING:
    from countenance.library.shares import Share

share = group("share", "Show photos by a link, while they may be.")

_ON_THIS_MACHINE = "http://127.0.0.1:8765"
"""Where `countenance serve` listens, if nothing else is said."""


@command(
    "new",
    of=share,
    changes="adds a link; what is seen by it is recorded as given out",
    example="countenance share new gala/one.jpg gala/two.jpg --channel web --until 2026-12-24 "
    "--looked",
)
@click.argument("photos", metavar="PHOTO...", nargs=-1, required=True)
@click.option("--channel", required=True, help="What whoever is shown has to have agreed to.")
@click.option(
    "--until", type=LastDay(), required=True, help="The last day on which it shows anything."
)
@click.option("--label", default="", help="What you call it; whoever has it does not see this.")
@click.option("--looked", is_flag=True, help="You have looked at the whole of each photo.")
def new(
    call: Call,
    *,
    photos: tuple[str, ...],
    channel: str,
    until: datetime,
    label: str,
    looked: bool,
) -> None:
    """
    Make a link that shows photos, and show it: now, and never again.

    PHOTO is an id or a path at the source. Whoever did not agree to the channel is covered, and
    unknown counts as no. At each request consents and grants are asked again: a photo is gone at
    once when somebody seen in it withdraws, or when its source does.
    """
    from countenance.library.shares import Sharing

    with call.open() as library:
        made = library.share(photos, channel, Sharing(until, label, looked))
        address = library.settings.address or _ON_THIS_MACHINE
    for one in made.left_out:
        say(f"{one.photo}: left out: {one.why}")
    url = f"{address}/s/{made.issued.token}"
    document = {
        "id": made.issued.link.id,
        "url": url,
        "photos": made.count,
        "until": made.issued.link.until,
        "left_out": [{"photo": one.photo, "why": one.why.name.lower()} for one in made.left_out],
    }
    answer(call, document, [url])
    if not call.settings().address:
        say("nobody else reaches this machine under that address: the setting `address` says one")


@command("list", of=share, changes="nothing", example="countenance share list")
def list_shares(call: Call) -> None:
    """List the links that show photos, of the desk and of people, and what each shows now."""
    with call.open() as library:
        found, now = library.shares(), library.now()
    rows = [
        (
            one.link.id,
            one.link.person or one.link.channel,
            f"{one.shows} of {one.of}" if one.link.leads(now) else "ended",
            "-" if one.link.until is None else last_day(one.link.until),
            str(one.link.uses),
            one.link.label or "-",
        )
        for one in found
    ]
    heads = ("LINK", "OF", "SHOWS", "UNTIL", "OPENED", "CALLED")
    document = {"shares": [_document(one, now) for one in found]}
    answer(call, document, table(rows, heads=heads) or ["there is no such link yet"])


@command(
    "end",
    of=share,
    changes="the link shows nothing from now on; what was seen by it stays recorded",
    example="countenance share end y_7q2m0c4x9v1ksz3d",
)
@click.argument("which", metavar="ID")
def end(call: Call, which: str) -> None:
    """End a link that shows photos."""
    with call.open() as library:
        ended = library.end_share(which)
    document = {"id": ended.id, "ended_at": ended.ended_at}
    answer(call, document, [f"{ended.id} shows nothing any more"])


# --------------------------------------------------------------------------------------------------


def _document(one: "Share", now: datetime) -> dict[str, object]:
    return {
        "id": one.link.id,
        "person": one.link.person,
        "channel": one.link.channel,
        "label": one.link.label,
        "made_at": one.link.made_at,
        "until": one.link.until,
        "ended_at": one.link.ended_at,
        "leads": one.link.leads(now),
        "shows": one.shows,
        "photos": one.of,
        "uses": one.link.uses,
        "used_at": one.link.used_at,
    }
