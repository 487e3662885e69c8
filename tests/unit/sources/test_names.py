"""Locators of things that are no files: one a name, and a path of proper names each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.sources.grant import _is_path
from countenance.sources.names import (
    is_hidden,
    is_picture,
    locator_of,
    name_of,
    numbered,
)

_NAMES = st.one_of(
    st.text(st.sampled_from("a./%2\\ \n"), min_size=1, max_size=12),
    st.binary(min_size=1, max_size=12).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
)


@given(_NAMES)
def test_every_name_has_a_locator_that_leads_back(name: str) -> None:
    """A locator is a path that a grant can cover and a database can store, and is undone."""
    locator = locator_of(name)
    assert _is_path(locator)
    assert locator.encode().decode() == locator
    assert locator.isprintable() or not name.isprintable()
    assert name_of(locator) == name


@pytest.mark.parametrize(
    ("name", "locator"),
    [
        ("gala/a.jpg", "gala/a.jpg"),
        ("../../etc/a.jpg", "%2E%2E/%2E%2E/etc/a.jpg"),
        ("/etc/a.jpg", "%2Fetc/a.jpg"),
        ("C:\\a.jpg", "C:\\a.jpg"),
        ("a//b.jpg", "a/%2Fb.jpg"),
        ("a/", "a%2F"),
        ("./a.jpg", "%2E/a.jpg"),
        ("100%20.jpg", "100%2520.jpg"),
        ("100%.jpg", "100%.jpg"),
        ("a\nb.jpg", "a%0Ab.jpg"),
        ("\udcff.jpg", "%FF.jpg"),
    ],
)
def test_odd_names(name: str, locator: str) -> None:
    """Each oddity stands in the locator so that it is seen, and does no harm."""
    assert locator_of(name) == locator


@given(_NAMES, _NAMES, st.integers(2, 9))
def test_a_number_makes_a_locator_that_no_name_has(name: str, other: str, number: int) -> None:
    """The second thing of a name cannot be taken for the first of another."""
    assert numbered(locator_of(name), number) != locator_of(other)
    assert numbered(locator_of(name), 1) == locator_of(name)


def test_a_number_leaves_the_ending() -> None:
    """A scope by endings covers the second of a name as the first."""
    assert numbered("gala/a.jpg", 2) == "gala/a%232.jpg"


def test_what_is_hidden() -> None:
    """Hidden is what begins with a dot or was left by a machine, and not what leads up."""
    hidden = ("a/.b/c.jpg", "__MACOSX/._a.jpg", "@eaDir/a.jpg", ".a.jpg")
    assert all(is_hidden(name) for name in hidden)
    assert not any(is_hidden(name) for name in ("../a.jpg", "./a.jpg", "a/b.c.jpg"))
    assert is_picture("A/B.JPG")
    assert not is_picture("a.txt")
