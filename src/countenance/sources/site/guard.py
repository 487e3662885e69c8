"""
The guard: which addresses of the web may be asked for, and which machines may be connected to.

Every address that is fetched was chosen by somebody else: by whoever wrote a page, a sitemap or a
redirect. So an address is read in one way only. Its host is lower case and a name, or a plain IP
address: the many ways to write one otherwise (`0x7f.1`, `2130706433`, `127.1`) are refused, not
understood. Its path has no `.` and `..` left, and each character has one spelling (RFC 3986,
https://www.rfc-editor.org/rfc/rfc3986, 6.2.2), so that what a grant covers is what is asked for.

A host's name is resolved when a connection is made, every address that it has is checked, and one
of those is connected to: a name that means another machine at its next resolution gains nothing.
"""

import ipaddress
import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote, urljoin, urlsplit

from countenance.core import addresses
from countenance.core.addresses import Resolve
from countenance.errors import Refused, Unavailable

MAX_URL_CHARACTERS = 8_000

_PORTS = {"https": 443, "http": 80}
_MAX_PORT = 65_535
_MAX_HOST = 253
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_CONTROL = re.compile(r"[\x00-\x20\x7f\\]")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")
_KEPT = "!$&'()*+,;=:@/%-._~"
_KEPT_IN_QUERY = _KEPT + "?"
_TIMES_ENCODED = 4


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """
    A server: scheme, host and port (RFC 6454). As text `https://photos.club.example`.

    `host` is lower case, an address of version 6 without its brackets.
    """

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, url: str) -> "Origin":
        """That of any address there. Raises `Refused` as `Address.parse` does."""
        return Address.parse(url).origin

    @property
    def authority(self) -> str:
        """The host, with its port unless that is the usual one; as the header `Host` says it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """
    One address of the web, written in the one way that everything here compares.

    `target` is the path and the query, as they are asked for. There is no fragment.
    """

    origin: Origin
    target: str

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Raises `Refused`, with the reason, if it is no address of the web or not a plain one."""
        if len(url) > MAX_URL_CHARACTERS:
            raise Refused(f"{url[:80]}...: an address of more than {MAX_URL_CHARACTERS} characters")
        if _CONTROL.search(url):
            raise Refused(f"{url!r}: an address has no spaces, backslashes or control characters")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as exc:
            raise Refused(f"{url}: no address: {exc}") from exc
        if parts.scheme not in _PORTS:
            raise Refused(f"{url}: only https is asked for")
        if parts.username is not None or parts.password is not None:
            raise Refused(f"{url}: an address has no user and no password")
        port = _PORTS[parts.scheme] if port is None else port
        if not 0 < port <= _MAX_PORT:
            raise Refused(f"{url}: no port has the number {port}")
        origin = Origin(parts.scheme, _host(parts.hostname or "", url), port)
        query = f"?{_spelt(parts.query, _KEPT_IN_QUERY)}" if parts.query else ""
        return cls(origin, _path(parts.path, url) + query)

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    def join(self, reference: str) -> "Address":
        """The address that `reference` means here, as in a link. Raises `Refused` as `parse`."""
        try:
            joined = urljoin(str(self), reference)
        except ValueError as exc:
            raise Refused(f"{reference!r}: no address: {exc}") from exc
        return Address.parse(joined)

    def __str__(self) -> str:
        return f"{self.origin}{self.target}"


@dataclass(frozen=True, slots=True)
class Guard:
    """
    Says where one may connect to.

    The public internet, by `https`, at its port or one of `ports`. With `on_private_network`, which
    an operator says in words, also machines of a private network, at any port, and `http` on this
    machine itself. `resolve` is asked once for each connection.
    """

    on_private_network: bool = False
    ports: frozenset[int] = frozenset()
    resolve: Resolve = addresses.resolve

    def require(self, origin: Origin) -> None:
        """Raises `Refused` if nothing at `origin` may be asked for, wherever it is."""
        if self.on_private_network:
            return
        if origin.scheme != "https":
            raise Refused(f"{origin}: only https is asked for")
        if origin.port != _PORTS["https"] and origin.port not in self.ports:
            raise Refused(f"{origin}: its port is not the usual one")
        if not _is_ip(origin.host) and "." not in origin.host:
            raise Refused(f"{origin}: a name without a dot is on a private network")

    def addresses(self, origin: Origin) -> Sequence[str]:
        """
        The addresses of `origin`, each of which may be connected to.

        Raises `Refused` if any of them may not, and `Unavailable` if there is none.
        """
        self.require(origin)
        try:
            found = self.resolve(origin.host, origin.port)
        except (OSError, UnicodeError) as exc:
            raise Unavailable(f"{origin.host}: no address is known for this name") from exc
        if not found:
            raise Unavailable(f"{origin.host}: no address is known for this name")
        for address in found:
            if not self._allows(origin, address):
                raise Refused(
                    f"{origin.host}: its address {address} is not on the public internet",
                    hint="" if self.on_private_network else "--private-network may allow it",
                )
        return found

    def _allows(self, origin: Origin, address: str) -> bool:
        try:
            if origin.scheme == "http":
                return self.on_private_network and addresses.is_loopback(address)
            if self.on_private_network:
                return addresses.may_be_meant(address)
            return addresses.is_public(address)
        except ValueError:  # no address at all
            return False


# --------------------------------------------------------------------------------------------------


def spell_target(target: str) -> str:
    """A path with its query, each character in its one spelling; `*` and `$` stay."""
    return _spelt(target, _KEPT_IN_QUERY)


def leads_up(path: str) -> bool:
    """Whether `path`, read however often it may have been encoded, has a `.` or `..` as a name."""
    for _ in range(_TIMES_ENCODED):
        if any(name in {".", ".."} for name in re.split(r"[/\\]", path)):
            return True
        path = unquote(path)
    return False


def _host(host: str, url: str) -> str:
    if _is_ip(host):
        return str(ipaddress.ip_address(host))
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        raise Refused(f"{url}: an address of a machine is written as 192.0.2.1")
    if len(host) > _MAX_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        raise Refused(f"{url}: {host!r} is no name of a host", hint="in ASCII, as xn--...")
    return host


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    # A zone names an interface of this machine.
    return "%" not in host


def _path(path: str, url: str) -> str:
    """`path` in its one spelling, without `.` and `..`."""
    spelt = _without_dots(_spelt(path or "/", _KEPT))
    if leads_up(spelt):
        # Some servers would take the encoded dots or slashes for what they stand for.
        raise Refused(f"{url}: its path leads up in disguise")
    return spelt


def _spelt(text: str, kept: str) -> str:
    """`text` with one spelling a character: RFC 3986, 6.2.2.1 and 6.2.2.2."""
    whole = _STRAY_PERCENT.sub("%25", text)
    return quote(_ESCAPE.sub(_plain_or_upper, whole), safe=kept)


def _plain_or_upper(found: re.Match[str]) -> str:
    sign = chr(int(found[1], 16))
    return sign if sign in _UNRESERVED else found[0].upper()


def _without_dots(path: str) -> str:
    """RFC 3986, 5.2.4."""
    kept: list[str] = []
    *folders, last = path.split("/")[1:]
    for name in [*folders, last]:
        if name == "..":
            del kept[-1:]
        elif name != ".":
            kept.append(name)
    if last in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)
