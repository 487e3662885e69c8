import pytest

from countenance.core import addresses


@pytest.mark.parametrize(
    ("address", "public", "meant"),
    [
        ("93.184.216.34", True, True),
        ("2606:2800:220:1:248:1893:25c8:1946", True, True),
        ("10.0.0.1", False, True),
        ("172.16.0.1", False, True),
        ("192.168.1.1", False, True),
        ("100.100.100.200", False, True),
        ("127.0.0.1", False, True),
        ("127.9.9.9", False, True),
        ("::1", False, True),
        ("fd00::1", False, True),
        ("fec0::1", False, True),
        ("192.0.0.9", False, True),
        ("192.88.99.1", False, True),
        ("198.18.0.1", False, True),
        ("203.0.113.5", False, True),
        ("2001:db8::1", False, True),
        ("3fff::1", False, True),
        ("::ffff:127.0.0.1", False, True),
        ("::ffff:10.0.0.1", False, True),
        ("::ffff:93.184.216.34", True, True),
        ("64:ff9b::7f00:1", False, True),
        ("64:ff9b::a00:1", False, True),
        ("64:ff9b::5db8:d822", True, True),
        ("64:ff9b::a9fe:a9fe", False, False),
        ("64:ff9b:1::5db8:d822", False, False),
        ("2002:7f00:1::1", False, True),
        ("2002:5db8:d822::1", False, True),
        ("2001:0:5db8:d822:8000:63bf:3fff:fdd2", False, True),
        ("::5db8:d822", False, False),
        ("169.254.169.254", False, False),
        ("::ffff:169.254.169.254", False, False),
        ("fe80::1%eth0", False, False),
        ("0.0.0.0", False, False),  # noqa: S104  it is to be refused
        ("::", False, False),
        ("224.0.0.1", False, False),
        ("239.255.255.250", False, False),
        ("ff02::1", False, False),
        ("240.0.0.1", False, False),
        ("255.255.255.255", False, False),
        ("5f00::1", False, False),
        ("100::1", False, False),
    ],
)
def test_what_is_on_the_public_internet(address: str, *, public: bool, meant: bool) -> None:
    """Each kind of address that a name can be given is public, private, or nobody's."""
    assert addresses.is_public(address) is public
    assert addresses.may_be_meant(address) is meant


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
    ],
)
def test_what_is_this_machine(address: str, *, here: bool) -> None:
    """Loopback in its own spellings; what a gateway would take there is the gateway's."""
    assert addresses.is_loopback(address) is here


def test_what_is_no_address_is_none() -> None:
    """A name in the place of an address is an error, and never a yes."""
    for text in ("localhost", "", "127.1", "0x7f000001", "2130706433", "0177.0.0.1"):
        with pytest.raises(ValueError, match="does not appear"):
            addresses.is_public(text)


def test_this_machine_knows_itself() -> None:
    """The real resolver gives plain addresses."""
    assert any(addresses.is_loopback(one) for one in addresses.resolve("localhost", 80))
