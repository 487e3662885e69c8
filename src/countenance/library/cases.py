"""
Cases of erasure, carried on: the ground that a use case needs which lets anything go, or which may
not begin before what is on its way out has gone.
"""

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from countenance.catalog import erasures
from countenance.catalog.erasures import Erasure, Stage
from countenance.core.ids import ErasureId
from countenance.errors import ErasureIncomplete, Unavailable, VerificationError
from countenance.ingest.progress import Progress, Step, silent
from countenance.library.opened import Opened
from countenance.vault.layout import lock_file

if TYPE_CHECKING:
    from countenance.erasure.case import Ground
    from countenance.erasure.scanner import Scanner


class Cases(Opened):
    """An open library that carries cases on, from wherever they stand."""

    # ----------------------------------------------------------------------------------------

    @cached_property
    def _scanner(self) -> "Scanner":
        return self._scanner_apart

    def _ground(self, progress: Progress = silent) -> "Ground":
        from countenance.erasure.case import Ground

        folders = {self._layout.root.resolve(), self._settings.keys_dir.resolve()}
        return Ground(
            self._stores,
            tuple(sorted(folders)),
            self._keys_in_turn,
            self._scanner,
            lambda done, total: progress(Step("files scanned", done, total)),
        )

    def _latch(self) -> None:
        """Say of what has expired that it has, and destroy its keys. The rest can wait."""
        from countenance.erasure.case import carry_on
        from countenance.erasure.expire import expire

        for which in expire(self._stores):
            with suppress(ErasureIncomplete, Unavailable):
                carry_on(which, self._ground(), until=Stage.KEYS_DESTROYED)

    def _carry_on(self, which: ErasureId, progress: Progress = silent) -> Erasure:
        """
        Carry a case as far as it goes now. What stands in the way is for `resume` to meet again.

        One case is carried at a time: who finds another at it waits.
        """
        from countenance.erasure.case import carry_on

        ground = self._ground(progress)
        with lock_file(self._layout.erasing), suppress(ErasureIncomplete, Unavailable):
            self._whatever_the_room(lambda: carry_on(which, ground))
        self._settle(which)
        with self._database.read() as tx:
            return erasures.get(tx, which)

    def _settle(self, which: ErasureId) -> None:
        """Issue the receipt of a case, if there is anything new to say. It can wait."""
        from countenance.erasure.receipt import settle

        with suppress(Unavailable, VerificationError):
            self._trail.key()
            signer = self._signing_key.read()
            settle(which, actor=self._settings.actor, signer=signer, stores=self._stores)

    def _settle_all(self) -> None:
        """Settle every case that is waiting for backups or recipients."""
        with self._database.read() as tx:
            waiting = erasures.in_stages(tx, (Stage.BYTES_GONE,))
        for which in waiting:
            self._settle(which)

    def _carry_on_all(
        self, progress: Progress = silent, *, stages: tuple[Stage, ...] = erasures.UNFINISHED
    ) -> list[Erasure]:
        """Carry on every case that stands at one of `stages`, as far as it goes now."""
        with self._database.read() as tx:
            waiting = erasures.in_stages(tx, stages)
        return [self._carry_on(which, progress) for which in waiting]
