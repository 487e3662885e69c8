"""
Claims: what somebody says of when and where they were, so that the desk looks for them by hand.

It is the way to one's pictures without a face (P18). With the answer what they wrote is emptied.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from countenance.catalog import people
from countenance.catalog.tables import claim
from countenance.core.ids import ClaimId, CollectionId, PersonId, new_id
from countenance.errors import NotFound, Refused, UsageError

MOST_CHARACTERS = 1000
MOST_OF_A_NUMBER = 32
MOST_OPEN = 5
"""Of one person at once."""


class Outcome(StrEnum):
    """What became of a claim."""

    FOUND = "found"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Described:
    """
    What somebody says: the number they wore, from when until when by the cameras' clock, and
    anything else: where, with whom, in what.
    """

    number: str = ""
    since: datetime | None = None
    until: datetime | None = None
    words: str = ""

    def __bool__(self) -> bool:
        return bool(self.number.strip() or self.since or self.until or self.words.strip())


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim. Once it has `ended_at`, what was described is empty, and `outcome` is set."""

    id: ClaimId
    person: PersonId
    collection: CollectionId
    at: datetime
    described: Described
    ended_at: datetime | None = None
    ended_by: str = ""
    outcome: Outcome | None = None
    answer: str = ""


def add(
    tx: Connection, who: PersonId, where: CollectionId, said: Described, *, at: datetime
) -> Claim:
    """
    Keep a claim. Raises `UsageError` if nothing is said, or too much, and `Refused` if so many of
    theirs are open already.
    """
    if not said:
        raise UsageError("say a number, a time or a place")
    if len(said.number) > MOST_OF_A_NUMBER or len(said.words) > MOST_CHARACTERS:
        raise UsageError(f"at most {MOST_CHARACTERS} characters")
    waiting = (claim.c.person_id == who, claim.c.ended_at.is_(None))
    if (
        tx.execute(select(func.count()).select_from(claim).where(*waiting)).scalar_one()
        >= MOST_OPEN
    ):
        raise Refused(f"{MOST_OPEN} of them wait for an answer already")
    made = Claim(ClaimId(new_id("cl")), who, where, at, said)
    tx.execute(
        insert(claim).values(
            id=made.id,
            person_id=who,
            collection_id=where,
            at=at,
            number=said.number.strip(),
            since=_minute(said.since),
            until=_minute(said.until),
            words=said.words.strip(),
        )
    )
    return get(tx, made.id)


def get(tx: Connection, which: str) -> Claim:
    """The claim of this id. Raises `NotFound` if there is none."""
    row = tx.execute(select(claim).where(claim.c.id == which)).first()
    if row is None:
        raise NotFound(f"{which}: no such claim")
    return _read(row)


def list_all(tx: Connection, *, of: PersonId | None = None) -> list[Claim]:
    """All of them, or of one person, the oldest first."""
    query = select(claim).order_by(claim.c.at, claim.c.id)
    if of is not None:
        query = query.where(claim.c.person_id == of)
    return [_read(row) for row in tx.execute(query)]


def list_standing(tx: Connection) -> list[Claim]:
    """All of people who are enrolled still: of who is on the way out nothing is asked any more."""
    here = {one.id for one in people.list_all(tx)}
    return [one for one in list_all(tx) if one.person in here]


def end(  # noqa: PLR0913  what is answered, to what, by whom and when
    tx: Connection, which: str, outcome: Outcome, answer: str, *, by: str, at: datetime
) -> Claim:
    """
    Answer a claim; what was described is emptied.

    Raises `NotFound` if there is none, `Refused` if it is answered already, and `UsageError` if the
    answer is too long.
    """
    if get(tx, which).ended_at is not None:
        raise Refused(f"{which}: it is answered already")
    if len(answer) > MOST_CHARACTERS:
        raise UsageError(f"at most {MOST_CHARACTERS} characters")
    changed = {"ended_at": at, "ended_by": by, "outcome": outcome, "answer": answer.strip()}
    emptied = {"number": "", "since": "", "until": "", "words": ""}
    tx.execute(update(claim).where(claim.c.id == which).values(**changed, **emptied))
    return get(tx, which)


# --------------------------------------------------------------------------------------------


def _minute(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%dT%H:%M}"


def _at(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _read(row: Row[Any]) -> Claim:
    return Claim(
        ClaimId(row.id),
        PersonId(row.person_id),
        CollectionId(row.collection_id),
        row.at,
        Described(row.number, _at(row.since), _at(row.until), row.words),
        row.ended_at,
        row.ended_by,
        Outcome(row.outcome) if row.outcome else None,
        row.answer,
    )
