"""
Consent: an append-only list of events for one person and one purpose.

Its state is computed from the events at each use and stored nowhere (P13). The vocabulary follows
ISO/IEC TS 27560 as profiled by the W3C Data Privacy Vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from countenance.core.canonical import Digest
from countenance.core.ids import ConsentId, PersonId
from countenance.people.purpose import Wish

DEFAULT_DURATION = timedelta(days=365)
"""How long a consent holds if nobody says otherwise. EDPB 05/2020 asks for refreshing."""


class EventKind(StrEnum):
    """What happened to a consent."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class ConsentState(StrEnum):
    """What a consent is worth at an instant. Only `ACTIVE` permits anything."""

    ACTIVE = "active"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ConsentEvent:
    """
    One line of a consent's list.

    `at` and `until` are aware, in UTC; `until` is exclusive and set on `given` alone. `by` says who
    acted, `notice` is the digest of the exact text that was shown, in `language`, and `evidence`
    the digest of what proves it, if anything does.
    """

    kind: EventKind
    at: datetime
    by: str
    until: datetime | None = None
    notice: Digest | None = None
    language: str = ""
    evidence: Digest | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """All that `person` said about `wish`, oldest event first."""

    id: ConsentId
    person: PersonId
    wish: Wish
    events: tuple[ConsentEvent, ...]

    def state(self, at: datetime) -> ConsentState:
        return state_of(self.events, at)


def state_of(events: Sequence[ConsentEvent], at: datetime) -> ConsentState:
    """
    The state at `at`: a function of the events and the time, and of nothing else (P13).

    The last event decides, so that nothing but a new `given` revives a consent (P14).
    """
    if not events:
        return ConsentState.NONE
    last = events[-1]
    match last.kind:
        case EventKind.WITHDRAWN:
            return ConsentState.WITHDRAWN
        case EventKind.EXPIRED:
            return ConsentState.EXPIRED
        case EventKind.GIVEN:
            live = last.until is None or at < last.until
            return ConsentState.ACTIVE if live else ConsentState.EXPIRED
