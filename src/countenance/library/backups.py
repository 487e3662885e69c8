"""Backups: made, listed, ended; and the way back."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from countenance.catalog import backups
from countenance.catalog.backups import Backup
from countenance.errors import UsageError
from countenance.keeping.manifest import Manifest, read_manifest, verify_files
from countenance.library.cases import Cases
from countenance.settings import load_settings, setting_origins

if TYPE_CHECKING:
    from countenance.keeping.backup import BackedUp, Pruned

SHORTEST_REASON = 10
"""Characters. That a copy of people's data is gone is not said with a dash."""


class Backups(Cases):
    """What is done with copies of the data."""

    def back_up(self, into: Path, *, days: int | None = None) -> "BackedUp":
        """
        Copy the data as it stands into a new folder inside `into`, to be deleted after `days`;
        of none, after 30.

        Keys and journal are not in it. Raises `UsageError` if `into` lies in the library, or if
        `days` is none, and `Unavailable` if it cannot be written.
        """
        from countenance.keeping.backup import DEFAULT_DAYS, back_up

        days = DEFAULT_DAYS if days is None else days
        if days < 1:
            raise UsageError(f"a backup is kept for a day at least, and not for {days}")
        try:
            return back_up(
                into,
                keep=timedelta(days=days),
                layout=self._layout,
                stores=self._stores,
                actor=self._settings.actor,
            )
        finally:
            self._did_act()

    def backups(self) -> list[Backup]:
        """Every backup that was ever made, oldest first."""
        with self._database.read() as tx:
            return backups.list_all(tx)

    def prune_backups(self) -> "Pruned":
        """
        Delete the backups whose time is over, where they can be reached.

        Raises `Unavailable` if one that is here cannot be deleted.
        """
        from countenance.keeping.backup import prune

        done = prune(self._stores, actor=self._settings.actor)
        self._did_act()
        self._settle_all()
        return done

    def end_backup(self, which: str, *, reason: str) -> Backup:
        """
        Record that a backup is gone, because a person says so.

        Raises `NotFound` if there is no such backup, and `UsageError` if it is still there, if it
        was gone before, or if the reason is shorter than a reason can be.
        """
        from countenance.keeping.backup import say_gone

        with self._database.read() as tx:
            found = backups.get(tx, which)
        if found.gone_at is not None:
            raise UsageError(f"{which}: is gone since {found.gone_at:%Y-%m-%d}")
        if found.location.name == found.id and found.location.exists():
            raise UsageError(
                f"{which}: is still there, in {found.location}",
                hint="countenance backup prune deletes it once its time is over",
            )
        if len(reason.strip()) < SHORTEST_REASON:
            raise UsageError("how is it known that it is gone? Say it in a few words")
        ended = say_gone(found, reason.strip(), stores=self._stores, actor=self._settings.actor)
        self._did_act()
        self._settle_all()
        return ended

    @staticmethod
    def verify_backup(backup: Path) -> Manifest:
        """
        Make sure that every byte of the backup in the folder `backup` is as it was. No key is used.

        Raises `VerificationError` naming what is damaged, and `UsageError` if there is no backup.
        """
        manifest = read_manifest(backup)
        verify_files(backup, manifest)
        return manifest


def keys_by_settings(backup: Path, to: Path) -> Path:
    """Where the keys of a backup's library are: as its settings say, else as those of `to` do."""
    said = load_settings(backup).keys_dir
    if setting_origins(backup)["keys_dir"] == "default":
        return load_settings(to).keys_dir
    return to / said.relative_to(backup) if said.is_relative_to(backup) else said
