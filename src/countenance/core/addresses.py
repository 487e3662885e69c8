"""
Addresses of machines: which of them may be connected to, when somebody else chose the name.

One table for everything here that connects to where others say. An address of version 6 may stand
for one of version 4, which a gateway on the way then connects to: both are judged. What the
standard library calls global is not enough: it counts 6to4, site-local and other addresses among
them that no machine of the public internet has.

The registries: https://www.iana.org/assignments/iana-ipv4-special-registry and
https://www.iana.org/assignments/iana-ipv6-special-registry.
"""

import ipaddress
import socket
from collections.abc import Callable, Sequence

Resolve = Callable[[str, int], Sequence[str]]
"""Gives the addresses of a host at a port, as text. Raises `OSError` if it has none."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LOW_32_BITS = 0xFFFFFFFF

_NETWORK_BITS = 64
"""Of an address of version 6: the rest its owner chooses freely."""

# What is on no public network, beyond what `is_global` knows in every version of Python we run on.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(block)
    for block in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # between a provider and its customers (RFC 6598)
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # relays of 6to4, withdrawn (RFC 7526)
        "198.18.0.0/15",  # benchmarks
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/96",  # "IPv4-compatible", withdrawn (RFC 4291)
        "64:ff9b:1::/48",  # NAT64 of one network's own (RFC 8215)
        "100::/64",
        "2001::/23",  # protocol assignments, among them Teredo and ORCHID
        "2001:db8::/32",
        "2002::/16",  # 6to4, withdrawn (RFC 7526)
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",  # site-local, withdrawn (RFC 3879)
        "ff00::/8",
    )
)


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses that this machine's resolver knows for `host`. Raises `OSError`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(place[0]) for *_, place in found]


def may_be_meant(address: str) -> bool:
    """
    Whether a machine that somebody names may have `address`, on whatever network.

    Not if it is of a group, of nobody, reserved, or link-local: that is where clouds keep secrets.
    """
    return not any(_is_never_meant(one) for one in _meant(address))


def is_public(address: str) -> bool:
    """
    Whether `address`, and what it stands for, is on the public internet.

    One that a NAT64 gateway translates (RFC 6052) is judged by the address inside it: on a network
    without version 4 that is how all of the internet's older half is reached.
    """
    return may_be_meant(address) and all(_is_public(one) for one in _meant(address))


def is_loopback(address: str) -> bool:
    """Whether `address`, and what it stands for, is this machine."""
    return all(one.is_loopback for one in _meant(address))


def network_of(address: str) -> str:
    """
    Whom an address is counted for: itself, or of version 6 its network of 64 bits.

    There everybody has more addresses than can be tried. What is no address is itself.
    """
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(read, ipaddress.IPv6Address):
        if read.ipv4_mapped is not None:
            return str(read.ipv4_mapped)
        return str(ipaddress.ip_network((read, _NETWORK_BITS), strict=False))
    return str(read)


# --------------------------------------------------------------------------------------------------

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _meant(address: str) -> list[_Address]:
    """The address, and those of version 4 that it stands for. Raises `ValueError` if it is none."""
    outer = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(outer, ipaddress.IPv4Address):
        return [outer]
    if outer.ipv4_mapped is not None:
        return [outer.ipv4_mapped]
    inner: list[_Address] = [outer]
    if outer.sixtofour is not None:
        inner.append(outer.sixtofour)
    if outer.teredo is not None:
        inner += outer.teredo
    if outer in _NAT64:
        inner.append(ipaddress.IPv4Address(int(outer) & _LOW_32_BITS))
    return inner


def _is_never_meant(one: _Address) -> bool:
    if one.is_multicast or one.is_unspecified or one.is_link_local:
        return True
    return one.is_reserved and not one.is_loopback and one not in _NAT64


def _is_public(one: _Address) -> bool:
    return one.is_global and not any(one in block for block in _NOT_PUBLIC)
