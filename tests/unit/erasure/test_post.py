import pytest

from countenance.erasure.post import Endpoint
from countenance.errors import UsageError

PUBLIC = Endpoint.parse("https://echo.example/recalls?a=b", on_private_network=False)
PRIVATE = Endpoint.parse("https://echo.example:8443", on_private_network=True)
HERE = Endpoint.parse("http://localhost:8080/", on_private_network=True)


def test_an_endpoint_is_taken_apart() -> None:
    """Host, port, target and header come out as HTTP wants them."""
    assert (PUBLIC.host, PUBLIC.port, PUBLIC.target) == ("echo.example", 443, "/recalls?a=b")
    assert (PRIVATE.port, PRIVATE.target, PRIVATE.authority) == (8443, "/", "echo.example:8443")


@pytest.mark.parametrize(
    "url",
    [
        "http://echo.example/",
        "http://10.0.0.1/",
        "ftp://echo.example/",
        "echo.example",
        "https://",
        "https:///x",
        "https://echo.example:0/",
        "https://echo.example:99999/",
        "https://echo.example:x/",
        "https://user@echo.example/",
        "https://:secret@echo.example/",
        "https://echo.example/#x",
        "https://echo.example/a b",
        "https://echo.example/\r\nX: y",
        "https://\u00e9cho.example/",
        "https://[::1/",
    ],
)
def test_what_is_no_endpoint_is_refused(url: str) -> None:
    """Beyond this machine an endpoint is https, and it is written without tricks."""
    with pytest.raises(UsageError):
        Endpoint.parse(url, on_private_network=True)


def test_this_machine_has_to_be_allowed() -> None:
    """An endpoint on this machine is none unless somebody says that it is meant."""
    with pytest.raises(UsageError, match="private network"):
        Endpoint.parse("http://127.0.0.1:8080/", on_private_network=False)


@pytest.mark.parametrize(
    ("address", "public", "private"),
    [
        ("93.184.216.34", True, True),
        ("2606:2800:220:1:248:1893:25c8:1946", True, True),
        ("10.1.2.3", False, True),
        ("192.168.0.1", False, True),
        ("100.64.0.1", False, True),
        ("127.0.0.1", False, True),
        ("::1", False, True),
        ("fd00::1", False, True),
        ("::ffff:10.0.0.1", False, True),
        ("2002:a00:1::1", False, True),
        ("64:ff9b::a00:1", False, True),
        ("64:ff9b::5db8:d822", True, True),
        ("169.254.169.254", False, False),
        ("::ffff:169.254.169.254", False, False),
        ("64:ff9b::a9fe:a9fe", False, False),
        ("fe80::1%eth0", False, False),
        ("0.0.0.0", False, False),  # noqa: S104  it is to be refused
        ("::", False, False),
        ("224.0.0.1", False, False),
        ("ff02::1", False, False),
        ("240.0.0.1", False, False),
        ("255.255.255.255", False, False),
    ],
)
def test_addresses_that_may_be_posted_to(address: str, *, public: bool, private: bool) -> None:
    """Public ones; private ones where that was said; never those that no recipient has."""
    assert PUBLIC.allows(address) is public
    assert PRIVATE.allows(address) is private
    assert HERE.allows(address) is (address in {"127.0.0.1", "::1"})
