"""`countenance grant`: the grant file, by which the owner of a web site allows what is read."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, last_day, say
from countenance.cli.arguments import GrantPurposes, LastDay, read_file
from countenance.cli.command import Call, command, group
from countenance.errors import NoGrant, NoLibrary, Refused, UsageError

if TYPE_CHECKING:
    from countenance.sources.grant import GrantPurpose
    from countenance.sources.site.grantfile import GrantFile, SiteGrant
    from countenance.sources.site.guard import Origin

grant = group("grant", "Write and check what a web site's owner allows.")

_TOKEN = click.option(
    "--token", metavar="T", default="", help="Whom it is for. Else this library, by its own token."
)


@command(
    "new",
    of=grant,
    changes="nothing: the file is printed, for the owner to put on their site",
    example="countenance grant new photos.club.example --path /galleries/ --until 2027-05-31 "
    '--name "Club e.V." --contact privacy@club.example --operator https://finder.example '
    "--token 47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
)
@click.argument("host")
@click.option(
    "--path",
    "paths",
    metavar="P",
    multiple=True,
    required=True,
    help="What is given: paths that begin so, as in robots.txt. May be given several times.",
)
@click.option(
    "--except",
    "deny",
    metavar="P",
    multiple=True,
    help="What of it is not given. May be given several times.",
)
@click.option("--until", metavar="DATE", type=LastDay(), required=True, help="The last day of it.")
@click.option("--name", metavar="WHO", required=True, help="Who gives it.")
@click.option(
    "--contact",
    "contacts",
    metavar="ADDRESS",
    multiple=True,
    required=True,
    help="How to reach them: mail, https:// or tel:. May be given several times.",
)
@click.option(
    "--operator", metavar="URL", default="", help="Whom it is given to. Else the setting."
)
@click.option(
    "--basis",
    metavar="TEXT",
    default="the operator of this host gives it",
    show_default=True,
    help="By what right they may give it.",
)
@click.option(
    "--media-host",
    "media_hosts",
    metavar="URL",
    multiple=True,
    help="Another server that the pictures lie on. May be given several times.",
)
@click.option(
    "--purposes",
    metavar="P",
    type=GrantPurposes(),
    default="match",
    show_default=True,
    help="What may be done: `match` (find faces), `publish` (give out), or both with a comma.",
)
@click.option("--videos", is_flag=True, help="Videos are given as well as pictures.")
@click.option("--rate", metavar="N", type=int, default=None, help="Requests a minute at most.")
@click.option(
    "--days", metavar="N", type=int, default=None, help="For how long what is found stays."
)
@click.option("--minors", is_flag=True, help="People under age may be recognised, if enrolled.")
@click.option(
    "--tdm", is_flag=True, help="It holds although the site reserves text and data mining."
)
@_TOKEN
def new(
    call: Call,
    host: str,
    *,
    paths: tuple[str, ...],
    deny: tuple[str, ...],
    until: datetime,
    name: str,
    contacts: tuple[str, ...],
    operator: str,
    basis: str,
    media_hosts: tuple[str, ...],
    purposes: "frozenset[GrantPurpose]",
    videos: bool,
    rate: int | None,
    days: int | None,
    minors: bool,
    tdm: bool,
    token: str,
) -> None:
    """
    Print a new grant file for the site at HOST.

    It is for this library, or for the one whose token is given. Its owner puts it on their site,
    at the address that is named.
    """
    from countenance.core.clock import SystemClock
    from countenance.sources.site.grantfile import Kind, Minors, well_known
    from countenance.sources.site.newgrant import NewGrant, write_grant_file

    origin = _origin(host)
    for_whom = operator or call.settings().operator
    if not for_whom:
        raise UsageError("--operator: whom it is given to is said", hint="or set `operator`")
    data = write_grant_file(
        NewGrant(
            host=origin,
            token=token or _own_token(call, origin),
            name=name,
            contacts=tuple(_contact(one) for one in contacts),
            basis=basis,
            operator=for_whom,
            paths=paths,
            deny=deny,
            issued=SystemClock().now().replace(microsecond=0),
            until=until,
            media_hosts=media_hosts,
            kinds=frozenset(Kind) if videos else frozenset({Kind.IMAGE}),
            purposes=purposes,
            tdm_authorised=tdm,
            minors=Minors.INCLUDED if minors else Minors.EXCLUDED,
            retention_days=days,
            per_minute=rate,
        )
    )
    place = well_known(origin)
    answer(call, {"url": place, "file": json.loads(data)}, data.decode().splitlines())
    say(f"put it on the site, at {place}")


@command(
    "check",
    of=grant,
    changes="nothing",
    example="countenance grant check countenance-grant.json",
)
@click.argument("which", metavar="FILE|URL")
@click.option("--at", metavar="URL", default="", help="Where FILE will stand. Else as it says.")
@_TOKEN
@click.option(
    "--private-network", is_flag=True, help="The server is on a private network or this machine."
)
def check(call: Call, which: str, *, at: str, token: str, private_network: bool) -> None:
    """
    Say what a grant file allows, to whom, until when.

    It is a file, or the address of a site or of its grant file. Where it allows nothing to this
    library, the exit code is 4. Where there is no library and no --token, whether it is for us is
    not asked.
    """
    from countenance.core.clock import SystemClock
    from countenance.sources.site.grantfile import parse_grant_file, place_named_in

    if "://" in which:
        data, place = _fetched(call, which, private_network=private_network)
    else:
        data = read_file(Path(which))
        place = at or place_named_in(data)
    file = parse_grant_file(data, place)
    token = token or _token_if_any(call, file.host)
    now = SystemClock().now()
    objection = _objection(file, token, now)
    document = {
        "url": file.url,
        "grantor": file.grantor,
        "contact": list(file.contacts),
        "issued": file.issued,
        "expires": file.expires,
        "digest": file.digest,
        "token": token or None,
        "allows": not objection,
        "reason": objection or None,
        "grants": [_document(one, _state(one, file, token)) for one in file.grants],
    }
    answer(call, document, _in_words(file, token))
    if not token:
        say("there is no library here: whether it is for us was not asked; --token says whom")
    if objection:
        say(objection)
        raise click.exceptions.Exit(NoGrant.exit_code)


@command(
    "token", of=grant, changes="nothing", example="countenance grant token photos.club.example"
)
@click.argument("host")
def token(call: Call, host: str) -> None:
    """
    Say what the owner of the site at HOST names this library by.

    It goes into the grant file, and is worth nothing to another library, nor at another host.
    """
    origin = _origin(host)
    made = _own_token(call, origin)
    answer(call, {"host": str(origin), "token": made}, [made])


# --------------------------------------------------------------------------------------------------


def _origin(host: str) -> "Origin":
    from countenance.sources.site.guard import Address

    try:
        address = Address.parse(host if "://" in host else f"https://{host}")
    except Refused as exc:
        raise UsageError(exc.message) from exc
    if address.target != "/":
        raise UsageError(f"{host}: expected a host, such as photos.club.example")
    return address.origin


def _contact(given: str) -> str:
    return f"mailto:{given}" if "@" in given and ":" not in given else given


def _own_token(call: Call, origin: "Origin") -> str:
    with call.open() as library:
        return library.site_token(origin)


def _token_if_any(call: Call, origin: "Origin") -> str:
    try:
        return _own_token(call, origin)
    except NoLibrary:
        return ""


def _fetched(call: Call, url: str, *, private_network: bool) -> tuple[bytes, str]:
    """The file at a site, and where it stands. Raises as `ask_for_grant` does."""
    from countenance.sources.site.client import Fetcher, user_agent
    from countenance.sources.site.grantfile import ask_for_grant, well_known
    from countenance.sources.site.guard import Address, Guard

    address = Address.parse(url)
    place = well_known(address.origin) if address.target == "/" else str(address)
    settings = call.settings()
    # Whoever typed a port means it.
    guard = Guard(on_private_network=private_network, ports=frozenset({address.origin.port}))
    with Fetcher(user_agent(settings.operator, settings.contact), guard=guard) as fetcher:
        return ask_for_grant(fetcher, place).body, place


def _objection(file: "GrantFile", token: str, now: datetime) -> str:
    """Why it allows nothing to whom `token` names, or to anybody without one; else nothing."""
    asked = [token] if token else sorted({one.token for one in file.grants})
    said = f"{file.url}: it holds no grant"
    for one in asked:
        try:
            file.in_force(one, now)
        except NoGrant as exc:
            said = exc.message
        else:
            return ""
    return said


def _state(one: "SiteGrant", file: "GrantFile", token: str) -> str:
    if one.id in file.revoked:
        return "revoked"
    if not token:
        return "for the token it names"
    return "for this library" if one.token == token else "for another"


def _in_words(file: "GrantFile", token: str) -> list[str]:
    return [
        f"{file.url}",
        f"given by {file.grantor} ({', '.join(file.contacts)})",
        f"from {file.issued:%Y-%m-%d} until {last_day(file.expires)}",
        *(line for one in file.grants for line in _lines(one, _state(one, file, token))),
    ]


def _lines(one: "SiteGrant", state: str) -> list[str]:
    rate = f"{one.per_minute} requests a minute" if one.per_minute else "no limit of its own"
    kept = f"{one.retention_days} days" if one.retention_days else "until it ends"
    lines = [
        f"grant {one.id}, {state}: to {one.operator}",
        f"  token       {one.token}",
        f"  allows      {', '.join(sorted(one.purposes))} ({', '.join(sorted(one.kinds))})",
        f"  at          {' '.join(one.scope.allow)}",
        f"  not at      {' '.join(one.scope.deny) or '-'}",
        f"  also on     {' '.join(map(str, one.media_hosts)) or '-'}",
        f"  prohibits   {', '.join(sorted(one.prohibited)) or '-'}",
        f"  minors      {one.minors}",
        f"  kept        {kept}",
        f"  rate        {rate}",
        f"  TDM         {'although the site reserves it' if one.tdm_authorised else 'as reserved'}",
        f"  because     {one.basis}",
    ]
    return [*lines, f"  see         {one.statement}"] if one.statement else lines


def _document(one: "SiteGrant", state: str) -> dict[str, object]:
    return {
        "id": one.id,
        "state": state,
        "operator": one.operator,
        "token": one.token,
        "allow": list(one.scope.allow),
        "deny": list(one.scope.deny),
        "media_hosts": [str(host) for host in one.media_hosts],
        "kinds": sorted(one.kinds),
        "purposes": sorted(one.purposes),
        "prohibited": sorted(one.prohibited),
        "tdm_authorised": one.tdm_authorised,
        "minors": one.minors.value,
        "retention_days": one.retention_days,
        "per_minute": one.per_minute,
        "basis": one.basis,
        "statement": one.statement or None,
    }
