"""Consent: its state is a function of its events and the time."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.core.ids import ConsentId, PersonId
from countenance.people.consent import Consent, ConsentEvent, ConsentState, EventKind, state_of
from countenance.people.purpose import Purpose, Wish
from tests.fakes.clock import START

HOURS = st.integers(0, 100).map(lambda hours: START + timedelta(hours=hours))
ENDING = [EventKind.WITHDRAWN, EventKind.EXPIRED, EventKind.OBJECTED]
ENDS = st.one_of(st.none(), HOURS)


@st.composite
def events(draw: st.DrawFn) -> tuple[ConsentEvent, ...]:
    """A list as it may stand in the catalog: any events, in the order of their writing."""
    kinds = draw(st.lists(st.sampled_from(EventKind), max_size=6))
    return tuple(
        ConsentEvent(kind, draw(HOURS), "tester", draw(ENDS) if kind is EventKind.GIVEN else None)
        for kind in kinds
    )


@pytest.mark.promise("P13")
@given(events(), HOURS)
def test_the_state_follows_from_events_and_time(
    happened: tuple[ConsentEvent, ...], at: datetime
) -> None:
    """Active means: the last that happened is a `given` that has not run out. Nothing else is."""
    expected = ConsentState.NONE
    for event in happened:  # told as a story, where the code looks at the last event alone
        if event.kind is EventKind.GIVEN:
            over = event.until is not None and event.until <= at
            expected = ConsentState.EXPIRED if over else ConsentState.ACTIVE
        else:
            expected = ConsentState(event.kind.value)
    assert state_of(happened, at) is expected
    consent = Consent(ConsentId("n"), PersonId("p"), Wish(Purpose.FIND_ME), happened)
    assert consent.state(at) is expected


@pytest.mark.promise("P14")
@given(events(), st.lists(st.sampled_from(ENDING), min_size=1), HOURS)
def test_only_a_new_given_revives(
    before: tuple[ConsentEvent, ...], ends: list[EventKind], at: datetime
) -> None:
    """After an end nothing is active at any time, whatever came before and however it ended."""
    ended = (*before, *(ConsentEvent(kind, START, "tester") for kind in ends))
    assert state_of(ended, at) is not ConsentState.ACTIVE
    renewed = (*ended, ConsentEvent(EventKind.GIVEN, at, "tester", at + timedelta(hours=1)))
    assert state_of(renewed, at) is ConsentState.ACTIVE


@pytest.mark.promise("P13")
def test_the_end_is_the_first_instant_without() -> None:
    """A consent is over at the very instant it was given until."""
    given_event = ConsentEvent(EventKind.GIVEN, START, "tester", START + timedelta(hours=1))
    moment = timedelta(microseconds=1)
    assert state_of([given_event], START + timedelta(hours=1) - moment) is ConsentState.ACTIVE
    assert state_of([given_event], START + timedelta(hours=1)) is ConsentState.EXPIRED
