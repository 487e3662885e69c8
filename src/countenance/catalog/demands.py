"""
Demands: what anybody asks to be taken down, in the elements of the EU's DSA, Art. 16(2).

Why, where exactly, by whom, and in good faith. Name and address may be left out where it is about
the sexual abuse of a child. With our answer all that the sender wrote is emptied.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from countenance.catalog.tables import demand
from countenance.core.ids import DemandId, new_id
from countenance.errors import NotFound, Refused, UsageError

LEAST_CHARACTERS = 20
"""Less is no reason, and no answer."""

MOST_CHARACTERS = 5000
MOST_OF_A_NAME = 200


class Outcome(StrEnum):
    """What became of what a demand is about."""

    TAKEN_DOWN = "taken-down"
    KEPT = "kept"
    NOT_HERE = "not-here"


@dataclass(frozen=True, slots=True)
class Wording:
    """
    What somebody demands: `places` are where it is, by address or number, and `reasons` why it may
    not be there. `good_faith` is their word that they believe it to be right and complete.
    """

    places: str
    reasons: str
    name: str = ""
    mail: str = ""
    of_a_child: bool = False
    good_faith: bool = False


@dataclass(frozen=True, slots=True)
class Demand:
    """One demand. Once it has `ended_at`, its wording is empty and `outcome` says what became."""

    id: DemandId
    at: datetime
    wording: Wording
    ended_at: datetime | None = None
    ended_by: str = ""
    outcome: Outcome | None = None
    answer: str = ""


def missing(said: Wording) -> list[str]:
    """Which elements are missing or are none: names of fields of `Wording`."""
    found = []
    if not said.places.strip() or len(said.places) > MOST_CHARACTERS:
        found.append("places")
    if not LEAST_CHARACTERS <= len(said.reasons.strip()) <= MOST_CHARACTERS:
        found.append("reasons")
    if not said.of_a_child or said.name or said.mail:
        if not said.name.strip() or len(said.name) > MOST_OF_A_NAME:
            found.append("name")
        if not _is_mail(said.mail):
            found.append("mail")
    if not said.good_faith:
        found.append("good_faith")
    return found


def add(tx: Connection, said: Wording, *, at: datetime) -> Demand:
    """Keep a demand. Raises `UsageError` if an element is missing."""
    if found := missing(said):
        raise UsageError(f"a demand needs {', '.join(found)}")
    made = Demand(DemandId(new_id("dn")), at, said)
    tx.execute(
        insert(demand).values(
            id=made.id,
            at=at,
            places=said.places.strip(),
            reasons=said.reasons.strip(),
            name=said.name.strip(),
            mail=said.mail.strip(),
            of_a_child=said.of_a_child,
        )
    )
    return made


def get(tx: Connection, which: str) -> Demand:
    """The demand of this id. Raises `NotFound` if there is none."""
    row = tx.execute(select(demand).where(demand.c.id == which)).first()
    if row is None:
        raise NotFound(f"{which}: no such demand")
    return _read(row)


def list_all(tx: Connection) -> list[Demand]:
    """All of them, oldest first."""
    return [_read(row) for row in tx.execute(select(demand).order_by(demand.c.at, demand.c.id))]


def end(  # noqa: PLR0913  what is answered, to what, by whom and when
    tx: Connection, which: str, outcome: Outcome, answer: str, *, by: str, at: datetime
) -> Demand:
    """
    Answer a demand; what its sender wrote is emptied.

    Raises `NotFound` if there is none, `Refused` if it is answered already, and `UsageError` if
    the answer gives no reasons.
    """
    if get(tx, which).ended_at is not None:
        raise Refused(f"{which}: it is answered already")
    if not LEAST_CHARACTERS <= len(answer.strip()) <= MOST_CHARACTERS:
        raise UsageError(f"an answer gives its reasons, in {LEAST_CHARACTERS} characters or more")
    changed = {"ended_at": at, "ended_by": by, "outcome": outcome, "answer": answer.strip()}
    emptied = {"places": "", "reasons": "", "name": "", "mail": ""}
    tx.execute(update(demand).where(demand.c.id == which).values(**changed, **emptied))
    return get(tx, which)


# --------------------------------------------------------------------------------------------


def _is_mail(text: str) -> bool:
    local, at, host = text.strip().rpartition("@")
    return bool(local and at and "." in host and " " not in text.strip()) and (
        len(text) <= MOST_OF_A_NAME
    )


def _read(row: Row[Any]) -> Demand:
    wording = Wording(
        row.places, row.reasons, row.name, row.mail, row.of_a_child, row.ended_at is None
    )
    outcome = Outcome(row.outcome) if row.outcome else None
    return Demand(
        DemandId(row.id), row.at, wording, row.ended_at, row.ended_by, outcome, row.answer
    )
