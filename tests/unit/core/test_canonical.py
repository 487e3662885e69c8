"""Canonical bytes and digests."""

import json
import math
import re

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from countenance.core.canonical import Json, canonical_json, digest
from countenance.errors import UsageError

# RFC 8785 has the numbers of JavaScript: whole ones up to 2**53 - 1.
_MAX_INT = 2**53 - 1

_SCALARS: st.SearchStrategy[Json] = (
    st.none()
    | st.booleans()
    | st.integers(-_MAX_INT, _MAX_INT)
    | st.floats(-_MAX_INT, _MAX_INT)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
)
_VALUES: st.SearchStrategy[Json] = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(_VALUES)
def test_canonical_json_says_the_same_as_the_value(value: Json) -> None:
    """What is read back equals what was written."""
    assert json.loads(canonical_json(value)) == value


@given(_VALUES)
def test_canonical_json_is_a_fixed_point(value: Json) -> None:
    """Writing what was read gives the same bytes: a digest can be checked from the file alone."""
    once = canonical_json(value)
    assert canonical_json(json.loads(once)) == once


@given(_VALUES)
def test_canonical_json_is_that_of_the_package_in_any_way(value: Json) -> None:
    """What the standard library writes, because it is sooner, is what the RFC's package writes."""
    assert canonical_json(value) == rfc8785.dumps(value)


def test_canonical_json_of_what_the_standard_library_would_write_otherwise() -> None:
    """Control characters, names beyond the first plane, and values that are like a number."""
    every = "".join(map(chr, range(0xA0))) + "\u2028\u2029\ufeff"
    for value in (
        {"\U0001f600": 1, "\uffee": 2},
        {every: every},
        [1.0, -0.0, 1e21, True, 0, -_MAX_INT],
        ("a", {"b": ()}),
    ):
        assert canonical_json(value) == rfc8785.dumps(value)


@given(st.dictionaries(st.text("abcdefgh", max_size=3), st.integers(0, 9), max_size=6))
def test_canonical_json_ignores_the_order_of_keys(value: dict[str, Json]) -> None:
    """Two mappings that are equal have equal bytes, in whatever order they were filled."""
    backwards = dict(reversed(value.items()))
    assert canonical_json(backwards) == canonical_json(value)


def test_canonical_json_of_the_example_in_the_rfc() -> None:
    """The bytes are those of RFC 8785, section 3.2.2 to 3.2.4, shortened."""
    value: dict[str, Json] = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 1e-27],
        "literals": [None, True, False],
    }
    assert canonical_json(value) == (
        b'{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27]}'
    )


@pytest.mark.parametrize("value", [math.nan, math.inf, _MAX_INT + 1, "\ud800"])
def test_canonical_json_refuses_what_has_no_one_form(value: Json) -> None:
    """A value that machines read differently is refused, by an error of ours."""
    with pytest.raises(UsageError):
        canonical_json([value])


@given(st.binary())
def test_digest_is_sixty_four_hexadecimal_digits(data: bytes) -> None:
    """A digest has one form only, so digests can be compared as text."""
    assert re.fullmatch(r"[0-9a-f]{64}", digest(data))


def test_digest_is_sha_256() -> None:
    """The digest of the three bytes `abc` is the one of FIPS 180-4."""
    assert digest(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
