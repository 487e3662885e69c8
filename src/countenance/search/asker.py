"""
Who asks, and why. A search without the two does not exist (P7), and one is counted before it is
looked at: there are only so many.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from countenance.audit.entry import Act, Entry
from countenance.catalog import log
from countenance.catalog.stores import Stores
from countenance.errors import Refused
from countenance.people.purpose import SEARCHING, Purpose
from countenance.search.window import Windows, take


@dataclass(frozen=True, slots=True)
class Asker:
    """
    `actor` is who asks, `purpose` what they ask for: one of `people.purpose.SEARCHING`.

    Raises `Refused` if nobody asks, or for what no search is asked for.
    """

    actor: str
    purpose: Purpose

    def __post_init__(self) -> None:
        if not self.actor.strip():
            raise Refused("a search needs somebody who asks", hint="set the setting `actor`")
        if self.purpose not in SEARCHING:
            raise Refused(
                f"{self.purpose}: not a purpose that a search can be asked under",
                hint=f"a search is asked for {' or '.join(sorted(SEARCHING))}",
            )


def admit(actor: str, purpose: Purpose, windows: Windows, *, stores: Stores) -> Asker:
    """
    Let somebody ask once: their search is counted before anything of it is looked at.

    Raises `Refused` as `Asker` does, and `TooManySearches` if an hour's are used up. That is then
    in the log.
    """
    with stores.database.write() as tx:
        refused = _refused(tx, actor, purpose, windows, stores=stores)
        if refused is not None:
            log.record(tx, Entry(Act.REFUSED, stores.now(tx), actor, purpose))
    if refused is not None:
        raise refused
    return Asker(actor, purpose)


# --------------------------------------------------------------------------------------------


def _refused(
    tx: Connection, actor: str, purpose: Purpose, windows: Windows, *, stores: Stores
) -> Refused | None:
    """Why they may not ask, or nothing; then the search is counted."""
    try:
        take(tx, Asker(actor, purpose).actor, windows, at=stores.now(tx))
    except Refused as exc:
        return exc
    return None
