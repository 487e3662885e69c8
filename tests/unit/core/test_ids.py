"""Ids."""

import re

from hypothesis import given
from hypothesis import strategies as st

from countenance.core.ids import new_id


@given(st.sampled_from("cfkpsx"))
def test_id_is_a_prefix_and_sixteen_characters_without_look_alikes(prefix: str) -> None:
    """An id can be read aloud and typed: no i, l, o or u, and lower case only."""
    assert re.fullmatch(prefix + "_[0-9a-hjkmnp-tv-z]{16}", new_id(prefix))


def test_ids_do_not_repeat() -> None:
    """Eighty random bits: a thousand ids are a thousand different ones."""
    assert len({new_id("p") for _ in range(1000)}) == 1000
