"""
The present, as the catalog knows it: a clock that is set back revives nothing (P15).

The latest instant that any writing transaction acted at is kept in the library's row. No
transaction acts at an earlier one, whatever the clock says: what had ended by then stays ended.
"""

from datetime import datetime

from sqlalchemy import Connection, select, update

from countenance.catalog.tables import library
from countenance.core.clock import Clock


def present(tx: Connection, clock: Clock) -> datetime:
    """
    The time of `clock`, or the latest instant recorded here if the clock is behind it.

    A transaction that writes records it, and so holds all later ones to it.
    """
    now = clock.now()
    latest: datetime | None = tx.execute(select(library.c.latest)).scalar_one()
    if latest is not None and now <= latest:
        return latest
    if tx.get_execution_options().get("countenance_writes"):
        tx.execute(update(library).values(latest=now))
    return now
