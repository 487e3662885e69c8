"""
Takedown: whoever gave a source says stop. From the transaction that records it nothing of the
source is in any answer (P3); then everything that came from it goes, as a case of erasure, and what
is offered again is refused (P4).
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from countenance.audit.entry import Act, Entry
from countenance.catalog import erasures, items, log, sources, tombstones
from countenance.catalog.endings import end_source
from countenance.catalog.stores import Stores
from countenance.core.ids import ErasureId, GrantId, SourceId
from countenance.errors import Reason


@dataclass(frozen=True, slots=True)
class Takedown:
    """The grants of a source that ended, and the case in which what came from it goes."""

    source: SourceId
    grants: tuple[GrantId, ...]
    erasure: ErasureId


def take_down(which: str, *, actor: str, stores: Stores) -> Takedown:
    """
    End every grant of a source, and open the case of all that came from it.

    It takes effect in the transaction that records it. A source that was taken down, and granted
    nothing since, is given that case, not another. Raises `NotFound` if there is no such source.
    """
    with stores.database.write() as tx:
        source, at = sources.get(tx, which).id, stores.now(tx)
        ended = sources.revoke(tx, source, at=at)
        earlier = erasures.newest_of_source(tx, source)
        if earlier and not ended:
            return Takedown(source, ended, earlier)
        made = end_source(tx, source, at=at)
        log.record(tx, Entry(Act.SOURCE_REVOKED, at, actor, "", (source,), ended))
    return Takedown(source, ended, made)


def let_in_again(tx: Connection, source: SourceId, *, actor: str, stores: Stores) -> int:
    """
    Lift the tombstones of a source, for a new grant names what was taken down.

    Gives how many pictures may come again.
    """
    at = stores.now(tx)
    lifted = tombstones.lift(tx, source, at=at)
    if lifted:
        items.try_again(tx, source, Reason.ERASED)
        log.record(tx, Entry(Act.TOMBSTONES_LIFTED, at, actor, "", (source,)))
    return lifted
