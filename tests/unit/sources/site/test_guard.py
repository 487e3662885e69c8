from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.errors import Refused, Unavailable
from countenance.sources.site.guard import Address, Guard, Origin, leads_up

PUBLIC = "93.184.216.34"


def resolving(*addresses: str) -> Guard:
    return Guard(resolve=lambda _host, _port: addresses)


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("https://Photos.Club.Example", "https://photos.club.example/"),
        ("HTTPS://photos.club.example:443/a", "https://photos.club.example/a"),
        ("https://photos.club.example:8443/a?b=c#d", "https://photos.club.example:8443/a?b=c"),
        ("https://photos.club.example/a/./b/../c", "https://photos.club.example/a/c"),
        ("https://photos.club.example/a/%2e%2E/b", "https://photos.club.example/b"),
        ("https://photos.club.example/../../a", "https://photos.club.example/a"),
        ("https://photos.club.example/a/..", "https://photos.club.example/"),
        ("https://photos.club.example/%7eada/%c3%a9", "https://photos.club.example/~ada/%C3%A9"),
        ("https://photos.club.example/é?é", "https://photos.club.example/%C3%A9?%C3%A9"),
        ("https://photos.club.example/100%", "https://photos.club.example/100%25"),
        ("https://photos.club.example/%61%2Fb", "https://photos.club.example/a%2Fb"),
        ("https://93.184.216.34/", "https://93.184.216.34/"),
        ("https://[2606:2800::1]:8443/", "https://[2606:2800::1]:8443/"),
        ("https://[2606:2800:0::1]/", "https://[2606:2800::1]/"),
    ],
)
def test_an_address_has_one_spelling(url: str, written: str) -> None:
    """However somebody wrote it: what is compared with a grant is what is asked for."""
    assert str(Address.parse(url)) == written
    assert Address.parse(written) == Address.parse(url)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://photos.club.example/",
        "ftp://photos.club.example/",
        "data:image/png;base64,",
        "javascript:alert(1)",
        "//photos.club.example/",
        "photos.club.example",
        "",
        "https://",
        "https:///a",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://1.2.3.256/",
        "https://127.0.0.1./",
        "https://photos.club.example./",
        "https://photos..example/",
        "https://-photos.example/",
        "https://photos_.example-/",
        "https://ph%6ftos.example/",
        "https://\uff50hotos.example/",
        "https://127\u30020\u30020\u30021/",
        "https://[fe80::1%25eth0]/",
        "https://[::1/",
        "https://user@photos.club.example/",
        "https://user:secret@photos.club.example/",
        "https://photos.club.example@evil.example/",
        "https://photos.club.example\\@evil.example/",
        "https://photos.club.example/a b",
        "https://photos.club.example/\r\nX: y",
        "https://photos.club.example/a\tb",
        "https://photos.club.example:0/",
        "https://photos.club.example:99999/",
        "https://photos.club.example:x/",
        "https://photos.club.example/a/..%2fb",
        "https://photos.club.example/a/..%5Cb",
        "https://photos.club.example/a/%252e%252e/b",
        "https://photos.club.example/a/%252e%252e%252fb",
        f"https://{'a' * 64}.example/",
        f"https://{'a.' * 130}example/",
        f"https://photos.club.example/{'a' * 8_000}",
    ],
)
def test_what_is_no_plain_address_is_refused(url: str) -> None:
    """Other schemes, hosts in disguise, paths in disguise, and what is no address at all."""
    with pytest.raises(Refused):
        Address.parse(url)


@pytest.mark.parametrize(
    ("reference", "joined"),
    [
        ("b.jpg", "https://photos.club.example/a/b.jpg"),
        ("/b.jpg", "https://photos.club.example/b.jpg"),
        ("?page=2", "https://photos.club.example/a/?page=2"),
        ("//img.club.example/b.jpg", "https://img.club.example/b.jpg"),
        ("../../../b.jpg", "https://photos.club.example/b.jpg"),
        ("https://img.club.example/#x", "https://img.club.example/"),
    ],
)
def test_a_link_is_read_where_it_stands(reference: str, joined: str) -> None:
    """Relative ones are relative to their page."""
    assert str(Address.parse("https://photos.club.example/a/").join(reference)) == joined


@pytest.mark.parametrize("reference", ["file:///etc/passwd", "http://[::1/", "//0x7f.1/"])
def test_a_link_that_leads_astray_is_refused(reference: str) -> None:
    """A link is no way around what holds for addresses."""
    with pytest.raises(Refused):
        Address.parse("https://photos.club.example/").join(reference)


@given(st.text(alphabet="/.%2eEfF5cCab\\", max_size=30))
def test_no_path_leads_up(path: str) -> None:
    """Whatever is written there: it is refused, or nothing in it leads up, and it stays so."""
    try:
        address = Address.parse(f"https://photos.club.example/{path}")
    except Refused:
        return
    assert not leads_up(address.path)
    assert Address.parse(str(address)) == address


def test_an_origin_is_scheme_host_and_port() -> None:
    """The usual port is not written."""
    origin = Origin.parse("https://Photos.club.example:443/a?b")
    assert (str(origin), origin.authority) == ("https://photos.club.example", "photos.club.example")
    other = Origin.parse("https://[2606:2800::1]:8443/")
    assert other.authority == "[2606:2800::1]:8443"


@pytest.mark.parametrize(
    "url",
    [
        "http://photos.club.example/",
        "http://localhost/",
        "https://localhost/",
        "https://intranet/",
        "https://photos.club.example:22/",
        "https://photos.club.example:8443/",
        "https://photos.club.example:80/",
    ],
)
def test_what_is_not_asked_for(url: str) -> None:
    """Beyond https at its port nothing is asked for, and no name of a private network."""
    guard = resolving(PUBLIC)
    with pytest.raises(Refused):
        guard.require(Origin.parse(url))
    with pytest.raises(Refused):
        guard.addresses(Origin.parse(url))


@pytest.mark.promise("P1")
@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "169.254.169.254",
        "10.0.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "100.100.100.200",
        "0.0.0.0",  # noqa: S104  it is to be refused
        "224.0.0.1",
        "fec0::1",
        "192.0.0.9",
        "no address",
        "",
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_one_wrong_address_is_enough(address: str, *, first: bool) -> None:
    """A name with a public address and another one is not connected to at all."""
    both = (address, PUBLIC) if first else (PUBLIC, address)
    with pytest.raises(Refused, match="not on the public internet"):
        resolving(*both).addresses(Origin.parse("https://photos.club.example/"))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1", "[64:ff9b::7f00:1]"]
)
def test_an_address_in_the_place_of_a_name_is_checked_too(host: str) -> None:
    """What needs no resolution is not past the guard."""

    def itself(host: str, _port: int) -> Sequence[str]:
        return [host]

    with pytest.raises(Refused, match="not on the public internet"):
        Guard(resolve=itself).addresses(Origin.parse(f"https://{host}/"))


def test_a_public_name_is_let_through() -> None:
    """Also at a port that was allowed, in the order the resolver gave."""
    guard = Guard(ports=frozenset({8443}), resolve=lambda _host, _port: ("1.1.1.1", PUBLIC))
    assert guard.addresses(Origin.parse("https://a.example/")) == ("1.1.1.1", PUBLIC)
    assert guard.addresses(Origin.parse("https://a.example:8443/")) == ("1.1.1.1", PUBLIC)


def test_a_private_network_has_to_be_meant() -> None:
    """Then private machines and any port, `http` on this machine only; never what nobody has."""

    def at(url: str, address: str) -> Sequence[str]:
        guard = Guard(on_private_network=True, resolve=lambda _host, _port: (address,))
        return guard.addresses(Origin.parse(url))

    assert at("https://nas:8443/", "192.168.0.2")
    assert at("http://localhost:8080/", "127.0.0.1")
    for url, address in (
        ("http://nas/", "192.168.0.2"),
        ("http://photos.club.example/", PUBLIC),
        ("https://nas/", "169.254.169.254"),
        ("https://nas/", "0.0.0.0"),  # noqa: S104  it is to be refused
    ):
        with pytest.raises(Refused):
            at(url, address)


def test_a_name_that_nobody_knows_is_away() -> None:
    """No address is no answer, and no refusal."""

    def failing(_host: str, _port: int) -> Sequence[str]:
        raise OSError

    for guard in (resolving(), Guard(resolve=failing)):
        with pytest.raises(Unavailable, match="no address is known"):
            guard.addresses(Origin.parse("https://photos.club.example/"))
