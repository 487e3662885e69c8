"""Searches and sign-ins of late: a row for every count each is in, to hold them to limits."""

from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from countenance.catalog.tables import asked


def add(tx: Connection, who: str, *, at: datetime) -> None:
    tx.execute(insert(asked).values(who=who, at=at))


def count(tx: Connection, who: str, *, after: datetime) -> int:
    """How many there are of `who` after an instant."""
    query = select(func.count()).where(asked.c.who == who, asked.c.at > after)
    return int(tx.execute(query).scalar_one())


def newest(tx: Connection, who: str, number: int, *, after: datetime) -> datetime | None:
    """When the newest but `number` - 1 of `who` after an instant was; nothing if they are fewer."""
    found: datetime | None = tx.execute(
        select(asked.c.at)
        .where(asked.c.who == who, asked.c.at > after)
        .order_by(asked.c.at.desc())
        .offset(number - 1)
        .limit(1)
    ).scalar()
    return found


def remove(tx: Connection, who: str) -> None:
    """Remove all of `who`: they count no more."""
    tx.execute(delete(asked).where(asked.c.who == who))


def take_back(tx: Connection, who: str) -> None:
    """Remove the newest of `who`: it did not count after all."""
    last = select(func.max(asked.c.id)).where(asked.c.who == who).scalar_subquery()
    tx.execute(delete(asked).where(asked.c.id == last))


def forget(tx: Connection, *, until: datetime) -> None:
    """Remove those up to an instant: they are in no window any more."""
    tx.execute(delete(asked).where(asked.c.at <= until))
