"""`countenance source add`: each kind of source has a command, and all have a grant's options."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict, TypeVar, Unpack

import click

from countenance.cli.answer import answer, last_day, say
from countenance.cli.arguments import FILE, GrantPurposes, LastDay, read_file
from countenance.cli.command import Call, command, group
from countenance.cli.sources import source_document
from countenance.core.canonical import digest

if TYPE_CHECKING:
    from countenance.library import Given, SourceAdded
    from countenance.sources.grant import GrantPurpose

Adding = TypeVar("Adding", bound=Callable[..., Any])

add = group("add", "Add a source, under a grant.")


class Belonging(TypedDict):
    """The values of the options that `collected` adds."""

    collection: str
    recognition_ground: str
    erased_too: bool


class Granting(Belonging):
    """The values of the options that `granted` adds."""

    granted_by: str
    until: datetime
    evidence: Path | None
    scope: NotRequired[tuple[str, ...]]
    purposes: "frozenset[GrantPurpose]"


_SCOPE = click.option(
    "--scope",
    metavar="GLOB",
    multiple=True,
    default=("**",),
    show_default=True,
    help="What they allow: paths below LOCATION, such as 'gala/**'. May be given several times.",
)

_GRANTING = (
    click.option("--granted-by", metavar="WHO", required=True, help="Who allows it, in words."),
    click.option("--until", type=LastDay(), required=True, help="The last day on which they do."),
    click.option(
        "--evidence", type=FILE, help="What shows it. Its digest is recorded; keep the file itself."
    ),
    click.option(
        "--purposes",
        metavar="P",
        type=GrantPurposes(),
        default="match",
        help="What they allow to be done: `match` (find faces), `publish` (give out), or both "
        "with a comma.",
    ),
)

_BELONGING = (
    click.option(
        "--collection", metavar="C", default="", help="What the pictures belong to. Else: its name."
    ),
    click.option(
        "--recognition-ground",
        metavar="TEXT",
        default="",
        help="Why faces in the collection may be recognised. Without it, that stays as it is: off, "
        "in a new one.",
    ),
    click.option(
        "--erased-too",
        is_flag=True,
        help="The grant covers what was taken down before, too. Else that stays refused.",
    ),
)


def _with(options: Sequence[Callable[[Adding], Adding]], function: Adding) -> Adding:
    for option in reversed(options):
        function = option(function)
    return function


def granted(function: Adding) -> Adding:
    """Give a command the options of a grant: who allows what, until when, for which collection."""
    return granted_whole(_SCOPE(function))


def granted_whole(function: Adding) -> Adding:
    """The same, where all that is named is granted: there is no part of it to say."""
    return _with(_GRANTING, collected(function))


def collected(function: Adding) -> Adding:
    """Give a command the options that say what the pictures of a source belong to."""
    return _with(_BELONGING, function)


@command(
    "folder",
    of=add,
    changes="the library's list of sources, and its collections if the one named is new; nothing "
    "at the source",
    example="countenance source add folder ~/Pictures/gala --granted-by 'Ada, photographer' "
    "--until 2027-05-31",
)
@click.argument("location", type=click.Path(path_type=Path))
@granted
def add_folder(call: Call, *, location: Path, **granting: Unpack[Granting]) -> None:
    """
    Add a folder of pictures, under a grant.

    The pictures stay where they are; `countenance ingest` reads them. A folder that is a source
    already has its grant renewed. One that lies in or around another source is refused: --scope
    grants a part.
    """
    with call.open() as library:
        added = library.add_folder(location, given_by(granting), **belonging(granting))
        at = library.now()
    answer_added(call, added, at=at)


@command(
    "site",
    of=add,
    changes="the library's list of sources, and its collections if the one named is new; nothing "
    "at the site, which is asked for its grant file alone",
    example="countenance source add site https://photos.club.example/galleries/2026/",
)
@click.argument("url")
@collected
@click.option(
    "--private-network",
    is_flag=True,
    help="The server is on a private network or this machine.",
)
def add_site(call: Call, *, url: str, private_network: bool, **belongs: Unpack[Belonging]) -> None:
    """
    Add a web site that allows it itself, in its grant file.

    URL is the page at which the listing begins. What may be read, and until when, the site's own
    file says, and it is asked for again before each reading; `countenance grant` writes and checks
    such files. Where it does not allow it, the exit code is 4, and nothing else was asked for.
    """
    with call.open() as library:
        added, notes = library.add_site(
            url,
            collection=belongs["collection"],
            ground=belongs["recognition_ground"],
            erased_too=belongs["erased_too"],
            private_network=private_network,
        )
        at = library.now()
    answer_added(call, added, at=at)
    for note in notes:
        say(note)


def given_by(granting: Granting) -> "Given":
    """The grant that the options of `granted` say."""
    from countenance.library import Given
    from countenance.sources.grant import EVERYTHING

    evidence = granting["evidence"]
    return Given(
        by=granting["granted_by"],
        until=granting["until"],
        scope=granting.get("scope", EVERYTHING),
        purposes=granting["purposes"],
        evidence=None if evidence is None else digest(read_file(evidence)),
        erased_too=granting["erased_too"],
    )


def belonging(granting: Granting) -> dict[str, str]:
    """The collection that the options of `granted` say, and the ground for recognition in it."""
    return {"collection": granting["collection"], "ground": granting["recognition_ground"]}


def answer_added(call: Call, added: "SourceAdded", *, at: datetime) -> None:
    """Say what was added, under which grant, and what it still needs."""
    document = source_document(added.source, added.collection, [added.grant], at=at)
    done = "renewed the grant of" if added.renewed else "added"
    rule = "on" if added.collection.recognises else "off"
    text = [
        f"{done} source {added.source.id}: {added.source.location}",
        f"granted by {added.grant.granted_by} until {last_day(added.grant.until)}",
        f"collection {added.collection.name}, recognition {rule}",
    ]
    answer(call, document, text)
    if not added.collection.recognises:
        say("faces will be boxes without names until the collection has a ground for more:")
        say(f'countenance collection rule "{added.collection.name}" --recognition on --ground TEXT')
