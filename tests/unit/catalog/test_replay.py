"""What a restore does again: of each act it is said, also of one that is new."""

import pytest

from countenance.audit.entry import REPEATED, Act
from countenance.catalog.replay import _EFFECTS, _NOTHING_TO_DO


@pytest.mark.promise("P22")
@pytest.mark.parametrize("act", Act)
def test_of_each_act_it_is_said_what_a_restore_does(act: Act) -> None:
    """It has an effect, or there is nothing to be done; a new act is in neither, and fails here."""
    assert (act in _EFFECTS) is not (act in _NOTHING_TO_DO)


@pytest.mark.promise("P22")
def test_what_is_done_again_is_not_redacted_before() -> None:
    """An act that nobody may redact while a backup is there is one that has an effect."""
    assert set(_EFFECTS) > REPEATED
