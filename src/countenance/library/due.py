"""What is due: erasures and takedowns that are not through, and recalls, with their deadlines."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from countenance.catalog import erasures, recalls
from countenance.catalog.erasures import UNFINISHED, Erasure
from countenance.catalog.recalls import Recall
from countenance.library.opened import Opened

WITHIN = timedelta(days=30)
"""From a demand to its answer: one month, by GDPR Art. 12(3), counted short."""


@dataclass(frozen=True, slots=True)
class Due:
    """What has to be through by the instant `by`. `open` says that it is not."""

    what: Erasure | Recall
    by: datetime
    open: bool


@dataclass(frozen=True, slots=True)
class Dues:
    """Cases and recalls, the open ones first, and of those whatever is due first."""

    cases: tuple[Due, ...]
    recalls: tuple[Due, ...]


class Deadlines(Opened):
    """What somebody has to see to, and by when."""

    def due(self) -> Dues:
        """Every case and every recall, those that are through among them."""
        with self._database.read() as tx:
            cases = [
                Due(one, one.opened_at + WITHIN, open=one.stage in UNFINISHED)
                for one in erasures.list_all(tx)
            ]
            called = [
                Due(one, one.opened_at + WITHIN, open=not one.ended) for one in recalls.list_all(tx)
            ]
        return Dues(tuple(sorted(cases, key=_order)), tuple(sorted(called, key=_order)))


# --------------------------------------------------------------------------------------------


def _order(one: Due) -> tuple[bool, float]:
    """Of what is through, the newest first."""
    seconds = one.by.timestamp()
    return not one.open, seconds if one.open else -seconds
