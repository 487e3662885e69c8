from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.audit.statement import RecallState
from countenance.catalog.recalls import Recall
from countenance.core.ids import DisclosureId, ErasureId, PhotoId, RecallId, RecipientId
from countenance.errors import UsageError
from tests.fakes.clock import START

NEW = Recall(
    1,
    RecallId("w"),
    DisclosureId("x"),
    ErasureId("e"),
    RecipientId("t"),
    PhotoId("i"),
    RecallState.OPEN,
    START,
    next_at=START,
)
LATER = START + timedelta(days=1)
STEPS = ("delivered", "failed", "needing_person", "acknowledged", "closed")


@pytest.mark.promise("P23")
@given(st.lists(st.sampled_from(STEPS), max_size=8))
def test_whatever_happens_a_recall_is_waited_for_or_answered_for(steps: list[str]) -> None:
    """It has a date, or is a task, or ended in an acknowledgement or in a typed reason."""
    one = NEW
    for step in steps:
        if one.ended and step != "acknowledged":
            break  # nothing else is done with one that has ended
        one = _step(one, step)
        waits = one.state in {RecallState.OPEN, RecallState.DELIVERED}
        assert (one.next_at is not None) is waits
        assert (one.ended_at is not None) is one.ended
        if one.state is RecallState.CLOSED:
            assert one.reason
            assert one.ended_by


@pytest.mark.promise("P23")
@pytest.mark.parametrize("reason", ["", "gone", "          ", " a b c    "])
def test_a_reason_is_more_than_a_word(reason: str) -> None:
    """A recall is not closed without a reason of ten characters."""
    with pytest.raises(UsageError, match="at least 10"):
        NEW.closed(reason, by="ada", at=LATER)


def test_what_has_ended_is_not_closed() -> None:
    """An acknowledged recall stays one, and a reason is given once."""
    closed = NEW.closed("they are bankrupt", by="ada", at=LATER)
    for ended in (NEW.acknowledged(at=LATER), closed):
        with pytest.raises(UsageError, match="has ended"):
            ended.closed("another reason of ours", by="ada", at=LATER)


def _step(one: Recall, step: str) -> Recall:
    match step:
        case "delivered":
            return one.delivered(next_at=LATER)
        case "failed" if one.state is RecallState.OPEN:
            return one.failed("no answer", next_at=LATER)
        case "needing_person":
            return one.needing_person("no answer")
        case "acknowledged":
            return one.acknowledged(at=LATER)
        case "closed":
            return one.closed("they are bankrupt", by="ada", at=LATER)
    return one
