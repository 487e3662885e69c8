"""
Recalls: the demand to a recipient to delete what it was given, and how far it has come.

    open ──────────> delivered ────────> acknowledged      it says that it is gone, and signed that
      │                  │                    ^
      │                  v                    │
      └──────────> needs-person ──────────────┤
                         │                    │
                         v                    │
    any but an end ─> closed ─────────────────┘            a person says why no more can be done

`open` and `delivered` have a date on which the next thing happens; `needs-person` is a task. There
is no other way out than the two on the right: none is dropped, and none ends in silence (P23).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from countenance.audit.statement import ENDED, RecallState
from countenance.catalog.tables import disclosure, recall
from countenance.core.canonical import Digest
from countenance.core.ids import DisclosureId, ErasureId, PhotoId, RecallId, RecipientId, new_id
from countenance.errors import NotFound, UsageError

MIN_REASON_CHARACTERS = 10


@dataclass(frozen=True, slots=True)
class Recall:
    """
    One demand for one disclosure, because of one erasure.

    `seq` is its place in the feed. `tries` counts the attempts to send it, and `next_at` is when
    the next thing is due; `trouble` says in words what stands in the way. `acknowledgement` is the
    digest of the newest one. `reason` and `ended_by` are those of whoever closed it.
    """

    seq: int
    id: RecallId
    disclosure: DisclosureId
    erasure: ErasureId
    recipient: RecipientId
    photo: PhotoId
    state: RecallState
    opened_at: datetime
    tries: int = 0
    next_at: datetime | None = None
    trouble: str = ""
    ended_at: datetime | None = None
    acknowledgement: Digest | None = None
    reason: str = ""
    ended_by: str = ""

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    def delivered(self, *, next_at: datetime, trouble: str = "") -> "Recall":
        """It reached the recipient, which has until `next_at` to acknowledge it."""
        return replace(self, state=RecallState.DELIVERED, next_at=next_at, trouble=trouble)

    def failed(self, trouble: str, *, next_at: datetime) -> "Recall":
        """It did not reach the recipient; the next attempt is due at `next_at`."""
        return replace(self, next_at=next_at, trouble=trouble)

    def needing_person(self, trouble: str) -> "Recall":
        """No program gets any further."""
        return replace(self, state=RecallState.NEEDS_PERSON, next_at=None, trouble=trouble)

    def acknowledged(self, *, at: datetime) -> "Recall":
        """The recipient says that it is done. This may come after a person closed it."""
        state = RecallState.ACKNOWLEDGED
        # It ended when it ended first: what a receipt said of that holds.
        return replace(self, state=state, next_at=None, trouble="", ended_at=self.ended_at or at)

    def closed(self, reason: str, *, by: str, at: datetime) -> "Recall":
        """
        A person says why it ends without an acknowledgement.

        Raises `UsageError` if it has ended, or if the reason is too short to be one.
        """
        if self.ended:
            raise UsageError(f"{self.id}: this recall has ended: {self.state}")
        if len(reason.strip()) < MIN_REASON_CHARACTERS:
            raise UsageError(
                f"a recall is closed for a reason of at least {MIN_REASON_CHARACTERS} characters",
                hint="say what was tried, and why no more can be done",
            )
        return replace(
            self,
            state=RecallState.CLOSED,
            next_at=None,
            ended_at=at,
            reason=reason.strip(),
            ended_by=by,
        )


def open_for(
    tx: Connection, erasure: ErasureId, disclosures: Sequence[DisclosureId], *, at: datetime
) -> list[RecallId]:
    """
    Demand back everything in `disclosures`, each due at once; may be called again.

    Gives a recall for each disclosure, in that order: the one that is there, or else a new one.
    """
    known = {one.disclosure: one.id for one in of(tx, erasure)}
    for which in disclosures:
        if which in known:
            continue
        known[which] = RecallId(new_id("w"))
        tx.execute(
            insert(recall).values(
                id=known[which],
                disclosure_id=which,
                erasure_id=erasure,
                state=RecallState.OPEN,
                opened_at=at,
                tries=0,
                next_at=at,
            )
        )
    return [known[which] for which in disclosures]


def of(tx: Connection, erasure: ErasureId) -> list[Recall]:
    """The recalls of one erasure, oldest first."""
    return _list(tx, _all().where(recall.c.erasure_id == erasure))


def is_called(tx: Connection, which: DisclosureId) -> bool:
    """Whether a disclosure was ever demanded back."""
    return (
        tx.execute(select(recall.c.id).where(recall.c.disclosure_id == which)).first() is not None
    )


def get(tx: Connection, which: str) -> Recall:
    """Raises `NotFound` if there is no such recall."""
    for found in _list(tx, _all().where(recall.c.id == which)):
        return found
    raise NotFound(f"{which}: no such recall", hint="countenance recall list shows them")


def list_all(tx: Connection, *, only_open: bool = False) -> list[Recall]:
    """Every recall, or only those that have not ended, oldest first."""
    return _list(tx, _all().where(recall.c.state.not_in(ENDED)) if only_open else _all())


def count_open(tx: Connection) -> int:
    """How many recalls have not ended."""
    query = select(func.count()).select_from(recall).where(recall.c.state.not_in(ENDED))
    return int(tx.execute(query).scalar_one())


def due(tx: Connection, *, at: datetime) -> list[Recall]:
    """The recalls with which something is to be done by `at`, the one due longest first."""
    waiting = recall.c.state.not_in(ENDED), recall.c.next_at <= at
    return sorted(_list(tx, _all().where(*waiting)), key=lambda one: (one.next_at or at, one.seq))


def newest_place(tx: Connection) -> int:
    """The place of the newest recall in the feed; zero if there was none yet."""
    return tx.execute(select(func.max(recall.c.seq))).scalar() or 0


def feed(tx: Connection, to: RecipientId, *, after: int, count: int) -> list[Recall]:
    """
    At most `count` recalls to one recipient, those whose place is after `after`.

    Those that ended are among them: a recipient that restores a backup reads from the start.
    """
    own = disclosure.c.recipient_id == to, recall.c.seq > after
    return _list(tx, _all().where(*own).limit(count))


def save(tx: Connection, changed: Recall) -> None:
    """Store how far a recall has come."""
    tx.execute(
        update(recall)
        .where(recall.c.id == changed.id)
        .values(
            state=changed.state,
            tries=changed.tries,
            next_at=changed.next_at,
            trouble=changed.trouble,
            ended_at=changed.ended_at,
            acknowledgement=changed.acknowledgement,
            reason=changed.reason,
            ended_by=changed.ended_by,
        )
    )


# --------------------------------------------------------------------------------------------


def _all() -> Select[Any]:
    return (
        select(recall, disclosure.c.recipient_id, disclosure.c.photo_id)
        .join(disclosure, disclosure.c.id == recall.c.disclosure_id)
        .order_by(recall.c.seq)
    )


def _list(tx: Connection, query: Select[Any]) -> list[Recall]:
    return [_read(row) for row in tx.execute(query)]


def _read(row: Row[Any]) -> Recall:
    return Recall(
        seq=row.seq,
        id=RecallId(row.id),
        disclosure=DisclosureId(row.disclosure_id),
        erasure=ErasureId(row.erasure_id),
        recipient=RecipientId(row.recipient_id),
        photo=PhotoId(row.photo_id),
        state=RecallState(row.state),
        opened_at=row.opened_at,
        tries=row.tries,
        next_at=row.next_at,
        trouble=row.trouble,
        ended_at=row.ended_at,
        acknowledgement=None if row.acknowledgement is None else Digest(row.acknowledgement),
        reason=row.reason,
        ended_by=row.ended_by,
    )
