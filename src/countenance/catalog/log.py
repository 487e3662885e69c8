"""The audit log's rows. An entry is written in the transaction of the act it records (P30)."""

from sqlalchemy import Connection, insert, select

from countenance.audit.entry import Act, Entry
from countenance.catalog.tables import entry


def record(tx: Connection, act: Entry) -> None:
    """Append an entry. It is there if the act is, and not otherwise."""
    tx.execute(
        insert(entry).values(
            act=act.act,
            at=act.at,
            actor=act.actor,
            purpose=act.purpose,
            subjects=list(act.subjects),
            rests_on=list(act.rests_on),
        )
    )


def entries(tx: Connection) -> list[Entry]:
    """Every entry, oldest first."""
    return [
        Entry(
            act=Act(row.act),
            at=row.at,
            actor=row.actor,
            purpose=row.purpose,
            subjects=tuple(row.subjects),
            rests_on=tuple(row.rests_on),
        )
        for row in tx.execute(select(entry).order_by(entry.c.seq))
    ]
