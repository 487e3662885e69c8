"""
The grant file: what a site allows, to whom, until when, written by its owner at the site itself.

It stands at `https://<host>/.well-known/countenance-grant.json` (RFC 8615,
https://www.rfc-editor.org/rfc/rfc8615); `docs/grant-file.md` explains it to who writes it, and
`grant.schema.json` beside this module says its form for programs. It takes after `security.txt`
(RFC 9116: it expires, and names the places it stands at) and `robots.txt` (RFC 9309: the longest
pattern wins).

All of it fails closed. A file with anything in it that is wrong, or that might forbid something we
do not understand, allows nothing: an unknown version, purpose, kind or prohibition. Members of
other names are ignored.

A grant is given to one installation: its `token` is made of that installation's public key and the
host, so that the file is worth nothing to another, and nothing at another host.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from countenance.core.canonical import Digest, digest
from countenance.errors import NoGrant, Refused, Unavailable
from countenance.sources.grant import GrantPurpose
from countenance.sources.site.client import Asked, Fetched, Fetcher
from countenance.sources.site.guard import Address, Origin, leads_up, spell_target

WELL_KNOWN = "/.well-known/countenance-grant.json"
VERSION = 1
MAX_FILE_BYTES = 64 * 1024
MAX_DAYS = 366
"""From `issued` to `expires`: a grant that nobody renews ends by itself."""

MAX_ITEMS = 1_000
MAX_TEXT = 2_000
MAX_PER_MINUTE = 60_000
MAX_RETENTION_DAYS = 3_660

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_CONTACT = re.compile(r"(mailto:|https://|tel:)\S+")
_PATTERN = re.compile(r"/[\x21-\x7e]*")


class Kind(StrEnum):
    """What is given."""

    IMAGE = "image"
    VIDEO = "video"


class Minors(StrEnum):
    """Whether people under age who are shown there may be recognised, if they are enrolled."""

    EXCLUDED = "excluded"
    INCLUDED = "included"


class Prohibition(StrEnum):
    """
    What the owner wants to say is not allowed.

    The first two are never done. `redistribution` is what the purpose `publish` would be.
    """

    IDENTIFY_NON_ENROLLED = "identify-non-enrolled"
    TRAINING = "training"
    REDISTRIBUTION = "redistribution"
    THUMBNAILS_PUBLIC = "thumbnails-public"


@dataclass(frozen=True, slots=True)
class SiteScope:
    """
    Paths that are given, and paths that are not, as in RFC 9309: the longest pattern that matches
    decides, of two as long the one that denies, and what none matches is not given.

    A pattern matches from the beginning of a path with its query; `*` is any characters, and `$`
    at the end is the end.
    """

    allow: tuple[str, ...]
    deny: tuple[str, ...] = ()

    def covers(self, target: str) -> bool:
        """Whether `target`, a path with its query in its one spelling, is given."""
        # Many servers take several slashes, and encoded ones, for one: else they would lead
        # around what is denied.
        path, mark, query = target.partition("?")
        return all(
            _longest(self.allow, one) > _longest(self.deny, one)
            for one in {target, _SLASHES.sub("/", path) + mark + query}
        )


@dataclass(frozen=True, slots=True)
class SiteGrant:
    """
    One grant of a file: to whom, for what.

    `host` is the server that it is of; `media_hosts` are others that its pictures may lie on, each
    of which has to grant them itself. `per_minute` and `retention_days` are `None` where the owner
    sets no limit. `tdm_authorised` lifts the site's own reservation of text and data mining.
    """

    id: str
    host: Origin
    operator: str
    token: str
    scope: SiteScope
    media_hosts: tuple[Origin, ...]
    kinds: frozenset[Kind]
    purposes: frozenset[GrantPurpose]
    prohibited: frozenset[Prohibition]
    tdm_authorised: bool
    minors: Minors
    retention_days: int | None
    per_minute: int | None
    basis: str
    statement: str

    def covers(
        self, url: str, *, purpose: GrantPurpose = GrantPurpose.MATCH, kind: Kind = Kind.IMAGE
    ) -> bool:
        """Whether `url` is at this grant's host, in its scope, and given for `purpose`."""
        try:
            address = Address.parse(url)
        except Refused:
            return False
        given = purpose in self.purposes and kind in self.kinds
        return given and address.origin == self.host and self.scope.covers(address.target)


@dataclass(frozen=True, slots=True)
class GrantFile:
    """
    A grant file as it was fetched from `url`; its form is right, and nothing else is said by that.

    `digest` is that of its bytes. `revoked` are ids of grants that are ended before their time.
    """

    url: str
    host: Origin
    grantor: str
    contacts: tuple[str, ...]
    issued: datetime
    expires: datetime
    grants: tuple[SiteGrant, ...]
    revoked: frozenset[str]
    digest: Digest

    def in_force(self, token: str, at: datetime) -> tuple[SiteGrant, ...]:
        """
        The grants to the installation with this `token` at the instant `at`: one or more.

        Raises `NoGrant`, with the reason in words, if there is none.
        """
        if at < self.issued:
            raise NoGrant(f"{self.url}: it begins on {self.issued:%Y-%m-%d}")
        if at >= self.expires:
            raise NoGrant(f"{self.url}: it expired on {self.expires:%Y-%m-%d}")
        ours = [one for one in self.grants if one.token == token]
        if not ours:
            raise NoGrant(
                f"{self.url}: none of its grants is to this installation",
                hint=f"the token of this installation there is {token}",
            )
        left = tuple(one for one in ours if one.id not in self.revoked)
        if not left:
            raise NoGrant(f"{self.url}: its grant {ours[0].id} was revoked")
        return left


def well_known(origin: Origin) -> str:
    """Where the grant file of `origin` stands."""
    return f"{origin}{WELL_KNOWN}"


def site_token(public_key: bytes, host: Origin) -> str:
    """
    The token of the installation with this public key (Ed25519, 32 bytes) at `host`.

    base64url, without padding, of the SHA-256 of the key followed by the host: 43 characters.
    """
    made = hashlib.sha256(public_key + host.authority.encode()).digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def covering(
    grants: Iterable[SiteGrant],
    url: str,
    *,
    purpose: GrantPurpose = GrantPurpose.MATCH,
    kind: Kind = Kind.IMAGE,
) -> SiteGrant | None:
    """
    The first of the grants that covers `url`, or `None`.

    What lies on a media host is covered by a grant of that host alone. So `grants` are those of
    the site, and with them those of the hosts that they name.
    """
    return next((one for one in grants if one.covers(url, purpose=purpose, kind=kind)), None)


def ask_for_grant(
    fetcher: Fetcher, url: str, *, etag: str = "", last_modified: str = ""
) -> Fetched:
    """
    The grant file that stands at `url`, as it was answered: status 200, or 304 if it is as before.

    Raises `NoGrant` if there is none (404, 410): an owner who takes the file away takes back what
    it said. Raises `Unavailable` for every other status, and otherwise as `Fetcher.fetch` does. Of
    what the owner wants, these say nothing; nor does a `Refused` that is no `NoGrant`, such as of
    a network that answers in the place of others.
    """
    found = fetcher.fetch(
        Asked(
            url,
            etag=etag,
            last_modified=last_modified,
            max_bytes=MAX_FILE_BYTES,
            accept="application/json",
        )
    )
    if found.status in _GONE:
        raise NoGrant(f"{url}: there is no grant file (status {found.status})")
    if found.status not in _THERE:
        raise Unavailable(f"{url}: the server answers with status {found.status}")
    return found


def place_named_in(data: bytes) -> str:
    """
    The first address that a grant file says it stands at.

    Raises `NoGrant` if it is no grant file.
    """
    try:
        return str(_Member("", _document(data)).get("canonical").items(at_least=1)[0].address())
    except _Wrong as exc:
        raise NoGrant(f"this is no grant file: {exc}") from exc


def parse_grant_file(data: bytes, url: str) -> GrantFile:
    """
    Read a grant file that was fetched from `url`.

    Raises `NoGrant`, saying what is wrong and where, if anything is. Whether it is in force, and
    for whom, is asked of what comes back.
    """
    try:
        return _file(_Member("", _document(data)), Address.parse(url), digest(data))
    except _Wrong as exc:
        raise NoGrant(f"{url}: {exc}") from exc


# --------------------------------------------------------------------------------------------------

_GONE = frozenset({404, 410})
_THERE = frozenset({200, 304})
_NOTHING: frozenset[Prohibition] = frozenset()
_PICTURES = frozenset({Kind.IMAGE})
_SLASHES = re.compile(r"(?:/|%2F|%5C)+")

_Enum = TypeVar("_Enum", bound=StrEnum)
_Read = TypeVar("_Read")


class _Wrong(Exception):
    """What is wrong with a file, in words."""


@dataclass(frozen=True, slots=True)
class _Member:
    """A value of the document, and where it stands, such as `grants[0].scope`."""

    place: str
    value: object

    def wrong(self, expected: str) -> _Wrong:
        return _Wrong(f"{self.place or 'the file'}: expected {expected}")

    def get(self, name: str) -> "_Member":
        """The member `name`, which has to be there."""
        found = self.find(name)
        if found is None:
            raise _Wrong(f"{self.place or 'the file'}: {name!r} is missing")
        return found

    def find(self, name: str) -> "_Member | None":
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        if name not in self.value:
            return None
        return _Member(f"{self.place}.{name}" if self.place else name, self.value[name])

    def items(self, *, at_least: int = 0) -> "list[_Member]":
        if not isinstance(self.value, list) or not at_least <= len(self.value) <= MAX_ITEMS:
            raise self.wrong(f"a list of {at_least} to {MAX_ITEMS:,}")
        return [_Member(f"{self.place}[{n}]", one) for n, one in enumerate(self.value)]

    def text(self) -> str:
        if not isinstance(self.value, str) or not 0 < len(self.value) <= MAX_TEXT:
            raise self.wrong(f"a text of 1 to {MAX_TEXT:,} characters")
        if not self.value.isprintable() or not self.value.strip():
            raise self.wrong("a text on one line")
        return self.value

    def like(self, pattern: re.Pattern[str], what: str) -> str:
        text = self.text()
        if not pattern.fullmatch(text):
            raise self.wrong(what)
        return text

    def truth(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return self.value

    def number(self, *, most: int) -> int:
        if type(self.value) is not int or not 1 <= self.value <= most:
            raise self.wrong(f"a whole number from 1 to {most:,}")
        return self.value

    def time(self) -> datetime:
        written = self.like(_TIME, "a time such as 2027-05-31T00:00:00Z")
        try:
            return datetime.fromisoformat(written)
        except ValueError as exc:
            raise self.wrong("a time such as 2027-05-31T00:00:00Z") from exc

    def word(self, words: type[_Enum]) -> _Enum:
        try:
            return words(self.text())
        except ValueError as exc:
            raise self.wrong(
                f"one of {', '.join(words)}; what it may mean else is not known"
            ) from exc

    def words(self, words: type[_Enum], *, at_least: int = 0) -> frozenset[_Enum]:
        return frozenset(one.word(words) for one in self.items(at_least=at_least))

    def address(self) -> Address:
        try:
            return Address.parse(self.text())
        except Refused as exc:
            raise self.wrong("an address, https://...") from exc


def _document(data: bytes) -> object:
    if len(data) > MAX_FILE_BYTES:
        raise _Wrong(f"it is longer than the {MAX_FILE_BYTES:,} bytes allowed")
    try:
        return json.loads(data.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    except UnicodeDecodeError as exc:
        raise _Wrong("it is no text in UTF-8") from exc
    except (ValueError, RecursionError) as exc:
        raise _Wrong("it is no JSON") from exc


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object, in which each name stands once: readers differ in which of two they take."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Wrong("a name stands in it twice")
    return found


def _no_number(written: str) -> object:
    raise _Wrong(f"{written} is no number in JSON")


def _file(root: _Member, at: Address, hashed: Digest) -> GrantFile:
    # (1) The version first: of another one nothing is known.
    version = root.get("version")
    if type(version.value) is not int or version.value != VERSION:
        raise version.wrong(f"the version {VERSION}; of others nothing is known")
    # (2) It says where it stands, so that a copy elsewhere is worth nothing.
    canonical = root.get("canonical")
    if at not in [one.address() for one in canonical.items(at_least=1)]:
        raise _Wrong(f"canonical: this address, {at}, is not among those it names")
    # (3) It ends.
    issued, expires = root.get("issued").time(), root.get("expires").time()
    if not timedelta() < expires - issued <= timedelta(days=MAX_DAYS):
        raise _Wrong(f"expires: expected a time after 'issued', by {MAX_DAYS} days at most")
    # (4) Somebody gives it.
    grantor = root.get("grantor")
    contacts = [
        one.like(_CONTACT, "mailto:, https:// or tel:")
        for one in grantor.get("contact").items(at_least=1)
    ]
    # (5) What it gives.
    grants = [_grant(one, at.origin) for one in root.get("grants").items()]
    ids = [one.id for one in grants]
    if len(set(ids)) != len(ids):
        raise _Wrong("grants: two of them have the same id")
    revoked: tuple[str, ...] = _optional(root, "revoked", _ids, ())
    return GrantFile(
        url=str(at),
        host=at.origin,
        grantor=grantor.get("name").text(),
        contacts=tuple(contacts),
        issued=issued,
        expires=expires,
        grants=tuple(grants),
        revoked=frozenset(revoked),
        digest=hashed,
    )


def _grant(member: _Member, host: Origin) -> SiteGrant:
    grantee, scope, authority = (member.get(one) for one in ("grantee", "scope", "authority"))
    purposes = member.get("purposes").words(GrantPurpose, at_least=1)
    prohibited = _optional(member, "prohibited", _prohibitions, _NOTHING)
    if Prohibition.REDISTRIBUTION in prohibited and GrantPurpose.PUBLISH in purposes:
        raise _Wrong(f"{member.place}: it allows to publish, and prohibits redistribution")
    return SiteGrant(
        id=member.get("id").like(_ID, "letters, digits, '.', '_' and '-', 64 at most"),
        host=host,
        operator=str(grantee.get("operator").address()),
        token=_token(grantee.get("token")),
        scope=SiteScope(
            tuple(_pattern(one) for one in scope.get("allow").items(at_least=1)),
            _optional(scope, "deny", _patterns, ()),
        ),
        media_hosts=_optional(scope, "media_hosts", _hosts, ()),
        kinds=_optional(scope, "kinds", _kinds, _PICTURES),
        purposes=purposes,
        prohibited=prohibited,
        tdm_authorised=_optional(member, "tdm_authorised", _Member.truth, default=False),
        minors=_optional(member, "minors", _minors, Minors.EXCLUDED),
        retention_days=_optional(member, "retention_days", _days, None),
        per_minute=_optional(member, "rate", _per_minute, None),
        basis=authority.get("basis").text(),
        statement=_optional(authority, "statement", _link, ""),
    )


def _optional(
    member: _Member, name: str, read: Callable[[_Member], _Read], default: _Read
) -> _Read:
    found = member.find(name)
    return default if found is None else read(found)


def _prohibitions(member: _Member) -> frozenset[Prohibition]:
    return member.words(Prohibition)


def _kinds(member: _Member) -> frozenset[Kind]:
    return member.words(Kind, at_least=1)


def _minors(member: _Member) -> Minors:
    return member.word(Minors)


def _days(member: _Member) -> int | None:
    return member.number(most=MAX_RETENTION_DAYS)


def _per_minute(member: _Member) -> int | None:
    return member.get("requests_per_minute").number(most=MAX_PER_MINUTE)


def _link(member: _Member) -> str:
    return str(member.address())


def _ids(member: _Member) -> tuple[str, ...]:
    return tuple(one.text() for one in member.items())


def _patterns(member: _Member) -> tuple[str, ...]:
    return tuple(_pattern(one) for one in member.items())


def _pattern(member: _Member) -> str:
    pattern = spell_target(member.like(_PATTERN, "a path that begins with /, in ASCII"))
    if leads_up(pattern.partition("?")[0]):
        raise member.wrong("a path without . and ..")
    return pattern


def _hosts(member: _Member) -> tuple[Origin, ...]:
    found = []
    for one in member.items():
        address = one.address()
        if address.target != "/":
            raise one.wrong("a server, such as https://img.club.example")
        found.append(address.origin)
    return tuple(found)


def _token(member: _Member) -> str:
    token = member.like(_TOKEN, "a token of 43 characters")
    try:
        base64.b64decode(token + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as exc:
        raise member.wrong("a token of 43 characters") from exc
    return token


def _longest(patterns: Iterable[str], target: str) -> int:
    """The length of the longest pattern that matches; -1 if none does."""
    return max((len(one) for one in patterns if _matches(one, target)), default=-1)


def _matches(pattern: str, target: str) -> bool:
    """Whether `pattern` matches `target` from its beginning. Takes no more than their lengths."""
    ends = pattern.endswith("$")
    first, *parts = pattern.removesuffix("$").split("*")
    if not target.startswith(first):
        return False
    at = len(first)
    for part in parts[:-1] if ends else parts:
        found = target.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    if not ends:
        return True
    if not parts:
        return at == len(target)
    return len(target) - at >= len(parts[-1]) and target.endswith(parts[-1])
