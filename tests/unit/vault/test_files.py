import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.core.ids import new_id
from countenance.errors import Unavailable, UsageError
from countenance.vault.files import checked_id, is_id, unavailable

HOSTILE = [
    "",
    ".",
    "..",
    "k_",
    "/etc/passwd",
    "k_../../../../../x",
    "k_0123456789abcde/",
    "k_0123456789abcdef/../x",
    "k_0123456789abcdef\n",
    "k_0123456789abcdef\0",
    "k_0123456789ABCDEF",
    "k_0123456789abcdeo",
    "k_0123456789abcde",
    "k_0123456789abcdef0",
    "_0123456789abcdef",
    "k_٠123456789abcdef",  # noqa: RUF001  an Arabic-Indic zero
]


@given(st.sampled_from(["k", "c", "p", "ref"]))
def test_every_new_id_is_safe_as_a_name(prefix: str) -> None:
    """What `new_id` makes is taken as it is."""
    text = new_id(prefix)
    assert checked_id(text) == text


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_id_is_refused(text: str) -> None:
    """An id that could lead out of its folder, or is not ours, is malformed."""
    assert not is_id(text)
    with pytest.raises(UsageError, match="not an id"):
        checked_id(text)


@given(position=st.integers(0, 17), character=st.characters())
def test_an_id_is_never_a_path(position: int, character: str) -> None:
    """Whatever stands in the place of a character, what passes holds no separator and no dot."""
    text = "k_0123456789abcdef"
    changed = text[:position] + character + text[position + 1 :]
    if is_id(changed):
        assert changed.isascii()
        assert not set(changed) & {"/", "\\", ".", "\0"}


def test_the_systems_objection_is_named_and_translated() -> None:
    """An `OSError` leaves as `Unavailable` that says what was wanted and why not."""
    with (
        pytest.raises(Unavailable, match="key k_1: No space left on device"),
        unavailable("key k_1"),
    ):
        raise OSError(28, "No space left on device")
