"""The gate: whom consents in force let through, and for what."""

from datetime import datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.core.ids import ConsentId, PersonId
from countenance.errors import NoConsent
from countenance.people.consent import (
    Consent,
    ConsentEvent,
    ConsentState,
    EventKind,
    LastEvent,
)
from countenance.people.gate import admitted, permits, require
from countenance.people.purpose import Purpose, Wish
from tests.fakes.clock import START

PEOPLE = st.sampled_from([PersonId("p_a"), PersonId("p_b"), PersonId("p_c")])
PURPOSES = st.sampled_from(sorted(set(Purpose) - {Purpose.MAY_PUBLISH}))
TIMES = st.integers(0, 4).map(lambda hours: START + timedelta(hours=hours))

_numbers = count()


def _consent(person: PersonId, purpose: Purpose, until: datetime, *, ended: bool) -> Consent:
    events = [ConsentEvent(EventKind.GIVEN, START, "tester", until)]
    if ended:
        events.append(ConsentEvent(EventKind.WITHDRAWN, START, "tester"))
    return Consent(ConsentId(f"n_{next(_numbers)}"), person, Wish(purpose), tuple(events))


CONSENTS = st.lists(st.builds(_consent, PEOPLE, PURPOSES, TIMES, ended=st.booleans()), max_size=8)


@pytest.mark.promise("P8")
@given(CONSENTS, st.sets(PURPOSES), TIMES)
def test_exactly_those_who_agree_are_admitted(
    consents: list[Consent], purposes: set[Purpose], at: datetime
) -> None:
    """Everybody with a consent in force for one of the purposes, each with such a consent."""
    through = admitted(consents, purposes=purposes, at=at)
    assert set(through) == {
        one.person
        for one in consents
        if one.wish.purpose in purposes and one.state(at) is ConsentState.ACTIVE
    }
    for person, consent in through.items():
        assert consent in consents
        assert consent.person == person
        assert consent.wish.purpose in purposes
        assert consent.state(at) is ConsentState.ACTIVE
    assert admitted(reversed(consents), purposes=purposes, at=at) == through


@given(CONSENTS, PEOPLE, PURPOSES, TIMES)
def test_requiring_one_person_is_admitting_them(
    consents: list[Consent], person: PersonId, purpose: Purpose, at: datetime
) -> None:
    """`require` gives the consent that `admitted` gives, or refuses whom it leaves out."""
    through = admitted(consents, purposes=(purpose,), at=at)
    if person in through:
        assert require(consents, person, purpose=purpose, at=at) == through[person]
    else:
        with pytest.raises(NoConsent, match=purpose):
            require(consents, person, purpose=purpose, at=at)


def test_nobody_passes_an_empty_gate() -> None:
    """No consents, or no purposes, admit nobody."""
    consent = _consent(PersonId("p_a"), Purpose.FIND_ME, START + timedelta(hours=1), ended=False)
    assert admitted([], purposes=set(Purpose), at=START) == {}
    assert admitted([consent], purposes=(), at=START) == {}


@pytest.mark.promise("P8")
@given(CONSENTS, TIMES)
def test_the_last_event_says_what_the_whole_consent_says(
    consents: list[Consent], at: datetime
) -> None:
    """Where many are asked at once, by their last events alone, nobody else comes through."""
    for consent in consents:
        last = consent.events[-1]
        assert permits(LastEvent(last.kind, last.until), at=at) == consent.in_force(at)
