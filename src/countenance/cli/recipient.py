"""`countenance recipient`: the third parties that pictures are given to, and what was given."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, counted, say, table
from countenance.cli.arguments import FILE, read_file
from countenance.cli.asking import confirm
from countenance.cli.command import Call, command, group
from countenance.errors import NotFound, Refused, UsageError

if TYPE_CHECKING:
    from countenance.catalog.recipients import Recipient
    from countenance.publish.disclose import Disclosed

recipient = group("recipient", "Say whom pictures are given to, and what.")


@command(
    "add",
    of=recipient,
    changes="the library's list of recipients",
    example='countenance recipient add "The Echo" --contact desk@echo.example --terms terms.txt '
    "--endpoint https://echo.example/recalls --key 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
)
@click.argument("name")
@click.option("--contact", metavar="TEXT", required=True, help="Whom a person writes to.")
@click.option(
    "--terms", metavar="FILE", type=FILE, required=True, help="The text that they accepted."
)
@click.option("--endpoint", metavar="URL", default="", help="Where recalls are sent to; https.")
@click.option(
    "--key",
    metavar="BASE64",
    default="",
    help="Their public key (Ed25519, 32 bytes), which verifies their acknowledgements.",
)
@click.option(
    "--private-network", is_flag=True, help="The endpoint is on a private network or this machine."
)
def add(
    call: Call,
    name: str,
    *,
    contact: str,
    terms: Path,
    endpoint: str,
    key: str,
    private_network: bool,
) -> None:
    """
    Add a third party that accepted terms; pictures may be given to it from now on.

    Its token, which opens its feed of recalls, is shown this once.
    """
    from countenance.catalog.recipients import Terms

    try:
        accepted = read_file(terms).decode()
    except UnicodeDecodeError as exc:
        raise UsageError(f"{terms}: the terms are not text in UTF-8") from exc
    new = Terms(name, contact, accepted, endpoint, private_network, key)
    with call.open() as library:
        added = library.add_recipient(new)
    document = _document(added.recipient) | {
        "token": added.token,
        "webhook_key": added.webhook_key,
    }
    text = [
        f"added recipient {added.recipient.id}: {added.recipient.name}",
        f"token for its feed, shown this once: {added.token}",
        f"our key, which verifies recalls: {added.webhook_key}",
    ]
    answer(call, document, text)
    if not endpoint:
        say("it has no endpoint: a recall will be a task for a person, unless it reads its feed")
    if not key:
        say("it has no key: it cannot acknowledge a recall, and a person will have to close each")


@command("list", of=recipient, changes="nothing", example="countenance recipient list --json")
def list_recipients(call: Call) -> None:
    """List the recipients, also those that ended, and how much was given to each."""
    with call.open() as library:
        found = [(one, len(library.disclosures(one.id))) for one in library.recipients()]
    document = {"recipients": [_document(one) | {"disclosures": many} for one, many in found]}
    rows = [
        (one.id, one.name, _state(one), one.terms.endpoint or "-", f"{many:,}")
        for one, many in found
    ]
    heads = ("RECIPIENT", "NAME", "STATE", "ENDPOINT", "GIVEN")
    answer(call, document, table(rows, heads=heads) or ["there is no recipient yet"])


@command(
    "end",
    of=recipient,
    changes="the recipient's state, for good: nothing more is given to it; recalls still go there",
    example='countenance recipient end "The Echo" --dry-run',
)
@click.argument("which", metavar="RECIPIENT")
@click.option("--dry-run", is_flag=True, help="Say what would end, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def end(call: Call, which: str, *, dry_run: bool, yes: bool) -> None:
    """Give nothing more to a recipient. RECIPIENT is an id or a name."""
    with call.open() as library:
        found = next((one for one in library.recipients() if which in (one.id, one.name)), None)
        if found is None:
            raise NotFound(f"{which}: no such recipient", hint="countenance recipient list")
        if not dry_run:
            confirm(f"{found.name} will be a recipient no more, for good. Go on?", yes=yes)
            found = library.end_recipient(found.id)
    would = "would end" if dry_run else "ended"
    answer(call, _document(found) | {"dry_run": dry_run}, [f"{would}: {found.id} {found.name}"])


@command(
    "give",
    of=recipient,
    changes="records what is given, on whose consents it rests, and in the log; it sends no file",
    example='countenance recipient give "The Echo" gala/one.jpg --channel newspaper',
)
@click.argument("which", metavar="RECIPIENT")
@click.argument("photos", metavar="PHOTO...", nargs=-1, required=True)
@click.option(
    "--channel", metavar="C", required=True, help="Where they are to be shown, as in the consents."
)
def give(call: Call, which: str, photos: tuple[str, ...], *, channel: str) -> None:
    """
    Record that photos are given to a recipient, if everybody in them agreed to the channel.

    PHOTO is an id or the path at the source. Hand the file over under the id of its disclosure: a
    recall names that and nothing else.
    """
    given: list[tuple[str, Disclosed]] = []
    refused: list[tuple[str, Refused | NotFound]] = []
    with call.open() as library:
        for photo in photos:
            try:
                given.append((photo, library.give(photo, which, channel=channel)))
            except (Refused, NotFound) as exc:
                refused.append((photo, exc))
    document = {
        "given": [_given(photo, one) for photo, one in given],
        "refused": [{"asked": photo, "reason": error.message} for photo, error in refused],
    }
    heads = ("DISCLOSURE", "PHOTO", "ASKED")
    rows = [(one.disclosure.id, one.disclosure.photo, photo) for photo, one in given]
    answer(call, document, table(rows, heads=heads))
    for _, error in refused:
        say(error.message)
    if refused:
        say(f"{counted(len(refused), 'photo was', 'photos were')} not given")
        raise click.exceptions.Exit(refused[0][1].exit_code)


# --------------------------------------------------------------------------------------------------


def _state(one: "Recipient") -> str:
    return "live" if one.ended_at is None else f"ended {one.ended_at:%Y-%m-%d}"


def _given(photo: str, one: "Disclosed") -> dict[str, object]:
    return {
        "asked": photo,
        "disclosure": one.disclosure.id,
        "photo": one.disclosure.photo,
        "channel": one.disclosure.channel,
        "at": one.disclosure.at,
        "people": sorted(one.shown),
    }


def _document(one: "Recipient") -> dict[str, object]:
    return {
        "id": one.id,
        "name": one.name,
        "contact": one.terms.contact,
        "terms": one.terms.accepted,
        "endpoint": one.terms.endpoint,
        "on_private_network": one.terms.on_private_network,
        "key": one.terms.public_key,
        "added_at": one.added_at,
        "ended_at": one.ended_at,
    }
