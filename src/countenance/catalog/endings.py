"""
The end of consents, however it comes: what rested on them alone goes in the same transaction.

A withdrawal, an expiry and an objection differ in what they write; what they take is the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from countenance.catalog import people, sightings
from countenance.core.ids import PersonId
from countenance.people.consent import Consent, ConsentEvent
from countenance.people.purpose import RECOGNISING


@dataclass(frozen=True, slots=True)
class Ending:
    """What is still in force after it, and how many sightings went."""

    kept: tuple[Consent, ...]
    sightings: int


def end(tx: Connection, who: PersonId, ended: Sequence[Consent], how: ConsentEvent) -> Ending:
    """
    Append `how` to each of the consents `ended` of one person, and remove what no other keeps.

    That is the references of every purpose not in force now, whether it ended just now or long
    ago, and the sightings if no purpose that recognises is left.
    """
    for consent in ended:
        people.add_event(tx, who, consent.wish, how)
    own = people.consents(tx, people=[who])
    kept = tuple(one for one in own if one.in_force(how.at))
    over = [one.wish.purpose for one in own if one not in kept]
    people.remove_references(tx, who, over)
    if any(one.wish.purpose in RECOGNISING for one in kept):
        return Ending(kept, 0)
    return Ending(kept, sightings.remove_of(tx, who))
