"""`countenance account`: who may sign in to the pages, as what, and with what."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, last_day, say, table
from countenance.cli.arguments import LastDay
from countenance.cli.asking import confirm
from countenance.cli.command import Call, command, group

if TYPE_CHECKING:
    from countenance.catalog.accounts import Account
    from countenance.catalog.signins import Session
    from countenance.catalog.tokens import Token
    from countenance.library import Library, Link

account = group("account", "Say who may sign in to the pages, and as what.")
token = group("token", "Let programs in, each for what it is for.")
account.add_command(token)


@command(
    "add",
    of=account,
    changes="the accounts, and the log; it makes a link, which is shown this once",
    example="countenance account add bo@club.example --name 'Bo Ek' --role staff,reviewer",
)
@click.argument("login")
@click.option("--name", metavar="TEXT", required=True, help="Whose it is.")
@click.option(
    "--role",
    "roles",
    metavar="ROLES",
    required=True,
    help="What they are here: `owner`, `photographer`, `reviewer`, `staff`, `auditor`, several "
    "with commas; or `person`, `guardian`, `recipient`.",
)
@click.option(
    "--for",
    "assigned",
    metavar="ID",
    multiple=True,
    help="A source or a collection that they are given. May be given several times.",
)
@click.option("--person", metavar="ID", default="", help="Who they are, of a `person`.")
@click.option(
    "--ward", "wards", metavar="ID", multiple=True, help="For whom they speak, of a `guardian`."
)
@click.option("--recipient", metavar="ID", default="", help="Which they are, of a `recipient`.")
def add(
    call: Call,
    login: str,
    *,
    name: str,
    roles: str,
    assigned: tuple[str, ...],
    person: str,
    wards: tuple[str, ...],
    recipient: str,
) -> None:
    """
    Add an account. LOGIN is a word or an address of mail.

    Its holder comes in with the link, within three days, and chooses a password.
    """
    from countenance.accounts.roles import parse_roles
    from countenance.catalog.accounts import Belongings
    from countenance.core.ids import PersonId, RecipientId

    has = Belongings(
        parse_roles(roles),
        PersonId(person) if person else None,
        frozenset(map(PersonId, wards)),
        frozenset(assigned),
        RecipientId(recipient) if recipient else None,
    )
    with call.open() as library:
        added = library.add_account(login, name, has)
        shown = _address(library, added.link)
    text = [
        f"added account {added.account.id}: {added.account.login}",
        *_link_lines(added.link, shown),
    ]
    answer(call, _document(added.account) | _link(added.link, shown), text)


@command("list", of=account, changes="nothing", example="countenance account list --json")
def list_accounts(call: Call) -> None:
    """List the accounts by login, also those that ended lately."""
    found: list[Account] = []
    with call.open() as library:
        while page := library.accounts(after=found[-1].login if found else ""):
            found += page
    rows = [(one.id, one.login, one.name, _roles(one), _state(one)) for one in found]
    heads = ("ACCOUNT", "LOGIN", "NAME", "ROLES", "STATE")
    document = {"accounts": [_document(one) for one in found]}
    answer(call, document, table(rows, heads=heads) or ["there is no account yet"])


@command(
    "role",
    of=account,
    changes="what the account may, and the log; its sessions end",
    example="countenance account role bo@club.example photographer --for d_7q2m0c4x9v1ksz3d",
)
@click.argument("which", metavar="ACCOUNT")
@click.argument("roles", metavar="ROLES")
@click.option(
    "--for",
    "assigned",
    metavar="ID",
    multiple=True,
    help="A source or a collection, in the place of those it had. May be given several times.",
)
def role(call: Call, which: str, roles: str, *, assigned: tuple[str, ...]) -> None:
    """Give an account other roles. ACCOUNT is an id or a login."""
    from countenance.accounts.roles import parse_roles

    with call.open() as library:
        given = frozenset(assigned) if assigned else None
        changed = library.set_roles(which, parse_roles(roles), assigned=given)
    answer(call, _document(changed), [f"{changed.login} is now: {_roles(changed)}"])


@command(
    "end",
    of=account,
    changes="the account, for good: nobody signs in to it, its sessions and tokens end",
    example="countenance account end bo@club.example --yes",
)
@click.argument("which", metavar="ACCOUNT")
@click.option("--dry-run", is_flag=True, help="Say what would end, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def end(call: Call, which: str, *, dry_run: bool, yes: bool) -> None:
    """End an account. After thirty days it is forgotten whose it was."""
    with call.open() as library:
        found = library.account(which)
        if not dry_run:
            confirm(f"{found.login} will never sign in here again. Go on?", yes=yes)
            found = library.end_account(found.id)
    would = "would end" if dry_run else "ended"
    answer(call, _document(found) | {"dry_run": dry_run}, [f"{would}: {found.id} {found.login}"])


@command(
    "link",
    of=account,
    changes="the former link of the account is good no more; nothing else until it is used",
    example="countenance account link bo@club.example",
)
@click.argument("which", metavar="ACCOUNT")
def link(call: Call, which: str) -> None:
    """
    Make a link for somebody who cannot come in: with it they choose a password anew.

    It is good once, for three days, and is shown this once.
    """
    with call.open() as library:
        found = library.account(which)
        made = library.make_link(found.id)
        shown = _address(library, made)
    document = {"id": found.id, "login": found.login} | _link(made, shown)
    answer(call, document, _link_lines(made, shown))


@command(
    "sessions",
    of=account,
    changes="nothing; with --end it ends them",
    example="countenance account sessions bo@club.example --end",
)
@click.argument("which", metavar="ACCOUNT")
@click.option("--end", "ending", is_flag=True, help="End them all.")
def sessions(call: Call, which: str, *, ending: bool) -> None:
    """Show where somebody is signed in, the session seen last first."""
    with call.open() as library:
        found = library.sessions(which)
        if ending:
            library.end_sessions(which)
    rows = [
        (one.id, one.how, _minute(one.made_at), _minute(one.seen_at), one.agent) for one in found
    ]
    heads = ("SESSION", "BY", "SINCE", "SEEN", "BROWSER")
    document = {"sessions": [_session(one) for one in found], "ended": ending}
    answer(call, document, table(rows, heads=heads) or ["nobody is signed in"])
    if ending and found:
        say("they have ended")


@command(
    "add",
    of=token,
    changes="the account's tokens, and the log",
    example="countenance account token add bo@club.example nightly --scope search,log "
    "--until 2027-05-31",
)
@click.argument("which", metavar="ACCOUNT")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    metavar="SCOPES",
    required=True,
    help="What it is for: `search`, `pictures`, `sources`, `people`, `review`, `publish`, `log`, "
    "several with commas.",
)
@click.option(
    "--until", metavar="DATE", type=LastDay(), required=True, help="Its last day; within a year."
)
def add_token(call: Call, which: str, name: str, *, scopes: str, until: datetime) -> None:
    """
    Make a token, with which a program may do what the account may, within its scopes.

    It is shown this once.
    """
    from countenance.accounts.roles import parse_scopes

    with call.open() as library:
        added = library.add_token(which, name, parse_scopes(scopes), until=until)
    text = [
        f"added token {added.token.id}: {added.token.name}",
        f"the token, shown this once: {added.text}",
    ]
    answer(call, _token(added.token) | {"token": added.text}, text)


@command(
    "list", of=token, changes="nothing", example="countenance account token list bo@club.example"
)
@click.argument("which", metavar="ACCOUNT")
def list_tokens(call: Call, which: str) -> None:
    """List the tokens of an account, the newest first."""
    with call.open() as library:
        found, now = library.tokens(which), library.now()
    rows = [
        (
            one.id,
            f"{one.prefix}...",
            one.name,
            ", ".join(sorted(one.scopes)),
            last_day(one.until) if one.is_live(now) else "ended",
        )
        for one in found
    ]
    heads = ("TOKEN", "BEGINS", "NAME", "FOR", "UNTIL")
    document = {"tokens": [_token(one) for one in found]}
    answer(call, document, table(rows, heads=heads) or ["this account has no token"])


@command(
    "end",
    of=token,
    changes="the token, for good: it lets no program in",
    example="countenance account token end q_7q2m0c4x9v1ksz3d",
)
@click.argument("which", metavar="TOKEN")
def end_token(call: Call, which: str) -> None:
    """End a token. TOKEN is its id."""
    with call.open() as library:
        ended = library.end_token(which)
    answer(call, _token(ended), [f"ended: {ended.id} {ended.name}"])


# --------------------------------------------------------------------------------------------------


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _roles(one: "Account") -> str:
    return ", ".join(sorted(one.has.roles)) or "none yet"


def _state(one: "Account") -> str:
    return "live" if one.ended_at is None else f"ended {one.ended_at:%Y-%m-%d}"


def _address(library: "Library", made: "Link") -> str:
    """Where it is used, if it is known under which name the pages are reached."""
    own = library.settings.address
    return f"{own}/link/{made.code}" if own else ""


def _link(made: "Link", shown: str) -> dict[str, object]:
    return {"link": made.code, "link_address": shown or None, "link_until": made.until}


def _link_lines(made: "Link", shown: str) -> list[str]:
    return [f"link, good once until {made.until:%Y-%m-%d %H:%M} UTC: {shown or made.code}"]


def _document(one: "Account") -> dict[str, object]:
    return {
        "id": one.id,
        "login": one.login,
        "name": one.name,
        "roles": one.has.roles,
        "assigned": one.has.assigned,
        "person": one.has.person,
        "wards": one.has.wards,
        "recipient": one.has.recipient,
        "added_at": one.added_at,
        "ended_at": one.ended_at,
    }


def _session(one: "Session") -> dict[str, object]:
    return {
        "id": one.id,
        "by": one.how,
        "agent": one.agent,
        "made_at": one.made_at,
        "seen_at": one.seen_at,
    }


def _token(one: "Token") -> dict[str, object]:
    return {
        "id": one.id,
        "account": one.account,
        "name": one.name,
        "prefix": one.prefix,
        "scopes": one.scopes,
        "made_at": one.made_at,
        "until": one.until,
        "used_at": one.used_at,
        "ended_at": one.ended_at,
    }
