"""
Backups: where copies of the data stand, until when, and whether they are gone.

A row is written before the copy is made, so that an erasure knows of every copy that may hold what
it erases. It ends when the copy was seen to be gone, or when a person says so and why.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from countenance.catalog.tables import backup
from countenance.core.ids import BackupId
from countenance.errors import NotFound


@dataclass(frozen=True, slots=True)
class Backup:
    """
    One copy, in the folder `location`, to be deleted from `expires_at` on.

    Once it is gone, `gone_at` says since when, `ended_by` who saw or said it, and `reason` what
    they said.
    """

    id: BackupId
    location: Path
    made_at: datetime
    expires_at: datetime
    gone_at: datetime | None = None
    reason: str = ""
    ended_by: str = ""


def add(tx: Connection, new: Backup) -> None:
    """Store the row of a backup, before there is a byte of it."""
    tx.execute(
        insert(backup).values(
            id=new.id,
            location=str(new.location),
            made_at=new.made_at,
            expires_at=new.expires_at,
            gone_at=new.gone_at,
            reason=new.reason,
            ended_by=new.ended_by,
        )
    )


def get(tx: Connection, which: str) -> Backup:
    """Raises `NotFound` if there is no such backup."""
    row = tx.execute(select(backup).where(backup.c.id == which)).first()
    if row is None:
        raise NotFound(f"{which}: no such backup", hint="countenance backup list shows them")
    return _read(row)


def list_all(tx: Connection) -> list[Backup]:
    """Every backup that was ever made, oldest first."""
    rows = tx.execute(select(backup).order_by(backup.c.made_at, backup.c.id))
    return [_read(row) for row in rows]


def end(tx: Connection, which: BackupId, *, by: str, reason: str, at: datetime) -> None:
    """Say that a backup is gone."""
    tx.execute(
        update(backup).where(backup.c.id == which).values(gone_at=at, ended_by=by, reason=reason)
    )


# --------------------------------------------------------------------------------------------


def _read(row: Row[Any]) -> Backup:
    return Backup(
        id=BackupId(row.id),
        location=Path(row.location),
        made_at=row.made_at,
        expires_at=row.expires_at,
        gone_at=row.gone_at,
        reason=row.reason,
        ended_by=row.ended_by,
    )
