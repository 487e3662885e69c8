"""
What is stated of a case, from what is written down of it, and the receipt over that.

A receipt is issued whenever there is something new to say: the bytes are gone, a backup aged out, a
recipient answered. The last one says that every level was reached, and closes the case.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from countenance.audit import receipt as audit
from countenance.audit.entry import Act, Entry
from countenance.audit.note import Signer, VerifierKey
from countenance.audit.statement import (
    ENDED,
    BackupHeld,
    Demand,
    Kept,
    Level,
    Scan,
    Statement,
    Trigger,
)
from countenance.catalog import backups, checkpoints, erasures, log, people, recalls, receipts
from countenance.catalog.backups import Backup
from countenance.catalog.database import kind_of
from countenance.catalog.erasures import Erasure, Stage
from countenance.catalog.recalls import Recall
from countenance.catalog.receipts import Receipt
from countenance.catalog.stores import Stores
from countenance.core.canonical import Digest, digest
from countenance.core.ids import BackupId, ErasureId, KeyId, new_id

KEPT_ELSEWHERE = timedelta(days=30)
"""After so long somebody is asked whether what the server of the catalog sent away is gone."""


def settle(which: ErasureId, *, actor: str, signer: Signer, stores: Stores) -> Receipt | None:
    """
    Issue the receipt of a case whose bytes are gone, if there is anything new to say.

    A case of which every level is reached is closed. Raises `VerificationError` if the log does not
    go on from what was signed before, or if the row of the case does not say what it is about, and
    `NotFound` if there is no such case.
    """
    there = stores.keys.ids()
    with stores.database.write() as tx:
        case, at = erasures.get(tx, which), stores.now(tx)
        if case.stage in erasures.UNFINISHED:
            return None
        before = receipts.newest(tx, which)
        if before is None:
            _count_copies_elsewhere(tx, case, actor=actor, at=at)
        gone = tuple(key for key in case.keys if key not in there)
        key = VerifierKey(checkpoints.origin(tx), signer.public)
        said = None if before is None else audit.verify(before.text, key)
        statement = _statement(tx, case, before, said, keys=gone, at=at)
        if said is not None and _says_the_same(said, statement):
            return None
        if set(statement.levels) == set(Level):
            erasures.advance(tx, case, Stage.CLOSED, case.progress, at=at)
        return receipts.issue(tx, statement, actor=actor, signer=signer)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a case waits for: backups of before that are not gone, and recalls without an end."""

    backups: tuple[Backup, ...]
    recalls: tuple[Recall, ...]


def waiting_for(tx: Connection, case: Erasure) -> Waiting:
    """What stands between a case whose bytes are gone and its end."""
    held = tuple(one for one in _backups(tx, case) if one.gone_at is None)
    return Waiting(held, tuple(one for one in recalls.of(tx, case.id) if not one.ended))


# --------------------------------------------------------------------------------------------


def _backups(tx: Connection, case: Erasure) -> list[Backup]:
    """Those that may hold what the case is about: made before its bytes were gone."""
    gone_at = case.progress.reached.get(Stage.BYTES_GONE)
    return [
        one
        for one in backups.list_all(tx)
        if (gone_at is None or one.made_at <= gone_at)
        and (one.gone_at is None or one.gone_at >= case.opened_at)
    ]


def _count_copies_elsewhere(tx: Connection, case: Erasure, *, actor: str, at: datetime) -> None:
    """
    Where the server of the catalog sends what is written counts as a backup that may hold it.

    It ends as one that cannot be reached does: a person says that it is gone, and how they know.
    """
    found = kind_of(tx.dialect.name).copies_elsewhere(tx)
    where = Path(f"the server of the catalog: {', '.join(found)}")
    known = {one.location for one in _backups(tx, case) if one.gone_at is None}
    if not found or where in known:
        return
    new = Backup(BackupId(new_id("b")), where, case.opened_at, at + KEPT_ELSEWHERE)
    backups.add(tx, new)
    log.record(tx, Entry(Act.BACKED_UP, at, actor, subjects=(new.id,)))


def _statement(  # noqa: PLR0913  all that is known of a case
    tx: Connection,
    case: Erasure,
    before: Receipt | None,
    said: Statement | None,
    *,
    keys: tuple[KeyId, ...],
    at: datetime,
) -> Statement:
    demands = tuple(_demand(one, case) for one in recalls.of(tx, case.id))
    held = tuple(
        BackupHeld(one.id, one.made_at, one.expires_at, one.gone_at) for one in _backups(tx, case)
    )
    return Statement(
        library=people.library_id(tx),
        erasure=case.id,
        number=1 if before is None else before.number + 1,
        trigger=case.trigger,
        subject=case.subject,
        opened_at=case.opened_at,
        issued_at=at,
        # What stays, and when a level was reached, is said once: a late answer does not change it.
        levels=dict(_levels(case, held, demands, keys=keys)) | dict(said.levels if said else {}),
        destroyed=case.progress.gone,
        kept=said.kept if said else tuple(_kept(tx, case)),
        keys_before=len(case.keys),
        keys=keys,
        scan=_scan(case),
        backups=held,
        recipients=demands,
        items=tuple(Digest(one) for one in case.progress.items),
        previous=None if before is None else before.digest,
    )


def _levels(
    case: Erasure,
    held: tuple[BackupHeld, ...],
    demands: tuple[Demand, ...],
    *,
    keys: tuple[KeyId, ...],
) -> Iterator[tuple[Level, datetime]]:
    """The levels that what is written down shows. The statement asks each for its proof again."""
    reached = case.progress.reached
    yield Level.INVISIBLE, case.opened_at
    if all(one.state in ENDED for one in demands):
        yield (
            Level.RECIPIENTS_ACKNOWLEDGED,
            max((one.at for one in demands), default=case.opened_at),
        )
    if len(keys) < len(case.keys):
        return
    yield Level.KEYS_DESTROYED, reached[Stage.KEYS_DESTROYED]
    scan = _scan(case)
    if scan is None or scan.found_before < scan.objects or scan.found_after:
        return
    if not scan.objects and any(case.progress.gone.values()):
        return  # it went, but nothing of it could be looked for
    yield Level.BYTES_GONE, scan.at
    gone = [one.gone_at for one in held if one.gone_at is not None]
    if len(gone) == len(held):
        yield Level.BACKUPS_AGED_OUT, max([scan.at, *gone])


def _scan(case: Erasure) -> Scan | None:
    before, after = case.progress.before, case.progress.after
    if before is None or after is None:
        return None
    return Scan(
        at=case.progress.reached[Stage.BYTES_GONE],
        files=after.files,
        bytes=after.bytes,
        objects=before.objects,
        found_before=before.found,
        found_after=after.found,
    )


def _demand(one: Recall, case: Erasure) -> Demand:
    return Demand(
        recipient=one.recipient,
        recall=one.id,
        disclosure=one.disclosure,
        state=one.state,
        at=one.ended_at or case.opened_at,
        acknowledgement=one.acknowledgement,
        reason=digest(one.reason.encode()) if one.reason else None,
    )


def _kept(tx: Connection, case: Erasure) -> Iterator[Kept]:
    """What stays on purpose, and why."""
    if case.person is not None:
        events = sum(len(one.events) for one in people.consents(tx, people=[case.person]))
        yield Kept("consent-events", events, "ids and times show what was agreed to, and its end")
        if not case.whole:
            yield Kept("names", 1, _WHY_THE_NAME_STAYS[case.trigger])
        if seen := case.progress.gone.get("sightings"):
            yield Kept("boxes", seen, "the photos are their source's; no name is on them")
        if case.progress.named:
            yield Kept("source-words", case.progress.named, _WHY_WORDS_STAY)
    if unseen := _unseen(tx, case):
        yield Kept("rows-in-files-not-read", unseen, _WHY_NOT_READ)
    if case.of_pictures:
        yield Kept("tombstones", len(case.progress.items), "the same bytes are refused by them")
    named = log.mentions(tx, case.subject)
    yield Kept("log-entries", named, "ids and digests show what was done, and cannot be taken out")


def _unseen(tx: Connection, case: Erasure) -> int:
    """How many objects were in files that are not read from here: those of a server."""
    before = case.progress.before
    if before is None or kind_of(tx.dialect.name).own_files(tx) is not None:
        return 0
    return before.objects - before.found


_WHY_NOT_READ = (
    "deleted in the database; the files of its server, where copies may be yet, were not read"
)

_WHY_WORDS_STAY = "captions and file names are their source's own; it may take the pictures down"

_WHY_THE_NAME_STAYS = {
    Trigger.WITHDRAWN: "something else is still agreed to",
    Trigger.EXPIRED: "they may be asked again, and may withdraw",
    Trigger.OBJECTED: "so that the objection is remembered",
}


def _says_the_same(before: Statement, now: Statement) -> bool:
    # The earlier one is moved, and not the later: what is told now may have come to be since.
    return now == replace(before, number=now.number, issued_at=now.issued_at, previous=now.previous)
