"""What is due: erasures and takedowns that are not through, recalls, and what people asked."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from countenance.catalog import claims, demands, erasures, recalls
from countenance.catalog.claims import Claim
from countenance.catalog.demands import Demand
from countenance.catalog.erasures import UNFINISHED, Erasure
from countenance.catalog.recalls import Recall
from countenance.library.opened import Opened

WITHIN = timedelta(days=30)
"""From a demand to its answer: one month, by GDPR Art. 12(3), counted short."""


@dataclass(frozen=True, slots=True)
class Due:
    """What has to be through by the instant `by`. `open` says that it is not."""

    what: Erasure | Recall | Demand | Claim
    by: datetime
    open: bool


@dataclass(frozen=True, slots=True)
class Dues:
    """Cases, recalls, demands and claims, the open first, and of those whatever is due first."""

    cases: tuple[Due, ...]
    recalls: tuple[Due, ...]
    demands: tuple[Due, ...] = ()
    claims: tuple[Due, ...] = ()


class Deadlines(Opened):
    """What somebody has to see to, and by when."""

    def due(self) -> Dues:
        """All that has to be answered or carried through, each with the day it is due."""
        with self._database.read() as tx:
            cases = [
                Due(one, one.opened_at + WITHIN, open=one.stage in UNFINISHED)
                for one in erasures.list_all(tx)
            ]
            called = [
                Due(one, one.opened_at + WITHIN, open=not one.ended) for one in recalls.list_all(tx)
            ]
            asked = [
                Due(one, one.at + WITHIN, open=one.ended_at is None) for one in demands.list_all(tx)
            ]
            claimed = [
                Due(one, one.at + WITHIN, open=one.ended_at is None)
                for one in claims.list_standing(tx)
            ]
        found = (tuple(sorted(each, key=_order)) for each in (cases, called, asked, claimed))
        return Dues(*found)


# --------------------------------------------------------------------------------------------


def _order(one: Due) -> tuple[bool, float]:
    """Of what is through, the newest first."""
    seconds = one.by.timestamp()
    return not one.open, seconds if one.open else -seconds
