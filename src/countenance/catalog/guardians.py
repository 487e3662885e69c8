"""Guardians of people, and objections: who may speak for whom, and who said no."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from countenance.catalog.tables import guardian, objection
from countenance.core.ids import GuardianId, ObjectionId, PersonId, new_id
from countenance.people.guardians import Guardian, Role


@dataclass(frozen=True, slots=True)
class Objection:
    """
    Somebody said no, in the capacity of `role`: it stands until they themselves lift it.

    `by` is the guardian's id, a descendant's name, or empty for the person.
    """

    id: ObjectionId
    person: PersonId
    by: str
    role: Role
    at: datetime


def add(tx: Connection, who: PersonId, name: str, relation: str, *, at: datetime) -> Guardian:
    """A guardian of `who`; the one of that name, if there is one already."""
    for known in of(tx, who):
        if known.name == name:
            return known
    made = Guardian(GuardianId(new_id("u")), name, relation)
    tx.execute(
        insert(guardian).values(
            id=made.id, person_id=who, name=name, relation=relation, added_at=at
        )
    )
    return made


def of(tx: Connection, who: PersonId) -> list[Guardian]:
    """The guardians of a person, in the order in which they were named."""
    rows = tx.execute(
        select(guardian)
        .where(guardian.c.person_id == who)
        .order_by(guardian.c.added_at, guardian.c.id)
    )
    return [Guardian(GuardianId(row.id), row.name, row.relation) for row in rows]


def add_objection(tx: Connection, who: PersonId, *, by: str, role: Role, at: datetime) -> Objection:
    made = Objection(ObjectionId(new_id("o")), who, by, role, at)
    tx.execute(insert(objection).values(id=made.id, person_id=who, by=by, role=role, at=at))
    return made


def standing(tx: Connection, who: PersonId) -> list[Objection]:
    """The objections to a person's being recognised that nobody has lifted, oldest first."""
    rows = tx.execute(
        select(objection)
        .where(objection.c.person_id == who, objection.c.lifted_at.is_(None))
        .order_by(objection.c.at, objection.c.id)
    )
    return [
        Objection(ObjectionId(row.id), PersonId(row.person_id), row.by, Role(row.role), row.at)
        for row in rows
    ]


def lift(tx: Connection, which: ObjectionId, *, at: datetime) -> None:
    tx.execute(update(objection).where(objection.c.id == which).values(lifted_at=at))
