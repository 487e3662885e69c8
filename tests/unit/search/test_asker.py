"""Who asks, and why."""

import pytest

from countenance.errors import Refused
from countenance.people.purpose import SEARCHING, Purpose
from countenance.search.asker import Asker


@pytest.mark.promise("P7")
@pytest.mark.parametrize("purpose", Purpose)
def test_nobody_asks_but_under_a_purpose_of_searches(purpose: Purpose) -> None:
    """There is no asker for covering or for publishing, so no search can be made of one."""
    if purpose in SEARCHING:
        assert Asker("tester", purpose).purpose is purpose
    else:
        with pytest.raises(Refused, match=purpose):
            Asker("tester", purpose)


@pytest.mark.promise("P7")
@pytest.mark.parametrize("actor", ["", "  "])
def test_nobody_asks_without_a_name(actor: str) -> None:
    """A search that names no actor is refused."""
    with pytest.raises(Refused, match="somebody who asks"):
        Asker(actor, Purpose.FIND_ME)
