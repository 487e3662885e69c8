"""
The gate: what consents in force permit. Every use of a face asks here, in the transaction that
acts on the answer.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from countenance.core.ids import PersonId
from countenance.errors import NoConsent
from countenance.people.consent import PERMITTING, Consent, LastEvent, state_of
from countenance.people.purpose import Purpose


def admitted(
    consents: Iterable[Consent], *, purposes: Collection[Purpose], at: datetime
) -> dict[PersonId, Consent]:
    """
    The people with a consent in force at `at` for one of `purposes`, each with such a consent.

    A record of somebody no longer living (`ConsentState.RECORDED`) stands in for their consent.

    Of several, the one whose purpose sorts first, so that the answer does not depend on order.
    """
    live = (c for c in consents if c.wish.purpose in purposes)
    active = (c for c in live if c.in_force(at))
    ordered = sorted(active, key=lambda c: (c.wish, c.id), reverse=True)
    return {consent.person: consent for consent in ordered}


def permits(last: LastEvent, *, at: datetime) -> bool:
    """
    Whether a consent whose last event is `last` is in force at `at`.

    Its state depends on nothing else (`state_of`), so that many can be asked without reading all
    that was ever said.
    """
    return state_of((last,), at) in PERMITTING


def require(
    consents: Iterable[Consent], person: PersonId, *, purpose: Purpose, at: datetime
) -> Consent:
    """
    The consent of `person` in force for `purpose`.

    Raises `NoConsent` if there is none.
    """
    own = (consent for consent in consents if consent.person == person)
    found = admitted(own, purposes=(purpose,), at=at)
    if person not in found:
        raise NoConsent(f"{person}: no consent in force for {purpose}")
    return found[person]
