"""
Consent: an append-only list of events for one person and one purpose.

Its state is computed from the events at each use and stored nowhere (P13). The vocabulary follows
ISO/IEC TS 27560 as profiled by the W3C Data Privacy Vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from countenance.core.canonical import Digest
from countenance.core.ids import ConsentId, GuardianId, PersonId
from countenance.people.guardians import Role
from countenance.people.purpose import Wish

DEFAULT_DURATION = timedelta(days=365)
"""How long a consent holds if nobody says otherwise. EDPB 05/2020 asks for refreshing."""


class EventKind(StrEnum):
    """
    What happened to a consent.

    `RECORDED` stands where a person no longer living cannot consent: the source that says who they
    were is recorded in its place.
    """

    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    OBJECTED = "objected"
    RECORDED = "recorded"


class ConsentState(StrEnum):
    """
    What a consent is worth at an instant. Only `ACTIVE` and `RECORDED` permit anything.

    `RECORDED` is no consent: a person no longer living was enrolled from a source (see
    `EventKind.RECORDED`).
    """

    ACTIVE = "active"
    RECORDED = "recorded"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    OBJECTED = "objected"
    NONE = "none"


PERMITTING = frozenset({ConsentState.ACTIVE, ConsentState.RECORDED})
"""The two bases on which a face may be used: a consent, and a record of somebody who died."""


@dataclass(frozen=True, slots=True)
class ConsentEvent:
    """
    One line of a consent's list.

    `at` and `until` are aware, in UTC; `until` is exclusive and set on `given` alone. `by` says who
    acted, in the capacity of `role`; `authority` is the guardian's link where that is a guardian.
    `notice` is the digest of the exact text that was shown, in `language`, and `evidence` the
    digest of what proves it, if anything does.
    """

    kind: EventKind
    at: datetime
    by: str
    until: datetime | None = None
    notice: Digest | None = None
    language: str = ""
    evidence: Digest | None = None
    role: Role = Role.SELF
    authority: GuardianId | None = None


class LastEvent(NamedTuple):
    """Of a consent's last event what its state depends on, where there is no use for the rest."""

    kind: EventKind
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Consent:
    """All that `person` said about `wish`, oldest event first."""

    id: ConsentId
    person: PersonId
    wish: Wish
    events: tuple[ConsentEvent, ...]

    def state(self, at: datetime) -> ConsentState:
        return state_of(self.events, at)

    def in_force(self, at: datetime) -> bool:
        """Whether it permits anything at `at`."""
        return self.state(at) in PERMITTING

    def unbroken(self, since: datetime) -> bool:
        """
        Whether nothing that was said at `since` or later ended it, or gave it anew after its end.

        That it is in force is another question.
        """
        for before, event in pairwise((None, *self.events)):
            if event is None or event.at < since:
                continue
            lapsed = before is not None and before.until is not None and before.until <= event.at
            if lapsed or event.kind not in (EventKind.GIVEN, EventKind.RECORDED):
                return False
        return True


def state_of(events: Sequence[ConsentEvent | LastEvent], at: datetime) -> ConsentState:
    """
    The state at `at`: a function of the events and the time, and of nothing else (P13).

    The last event decides, so that nothing but a new `given` revives a consent (P14): not the end
    of an objection either.
    """
    if not events:
        return ConsentState.NONE
    last = events[-1]
    match last.kind:
        case EventKind.WITHDRAWN:
            return ConsentState.WITHDRAWN
        case EventKind.EXPIRED:
            return ConsentState.EXPIRED
        case EventKind.OBJECTED:
            return ConsentState.OBJECTED
        case EventKind.RECORDED:
            return ConsentState.RECORDED
        case EventKind.GIVEN:
            live = last.until is None or at < last.until
            return ConsentState.ACTIVE if live else ConsentState.EXPIRED
