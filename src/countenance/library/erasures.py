"""Erasures: what is on its way out, and carrying it on."""

from countenance.catalog import erasures
from countenance.catalog.erasures import Erasure
from countenance.erasure.case import obstacle
from countenance.erasure.receipt import Waiting, waiting_for
from countenance.ingest.progress import Progress, silent
from countenance.library.cases import Cases


class Erasures(Cases):
    """What is done with cases of erasure."""

    def erasures(self) -> list[Erasure]:
        """Every case, oldest first."""
        with self._database.read() as tx:
            return erasures.list_all(tx)

    def erasure(self, which: str) -> Erasure:
        """Raises `NotFound` if there is no such case."""
        with self._database.read() as tx:
            return erasures.get(tx, which)

    def waiting_for(self, case: Erasure) -> Waiting:
        """What stands between a case whose bytes are gone and its end."""
        with self._database.read() as tx:
            return waiting_for(tx, case)

    def obstacle(self, case: Erasure) -> str:
        """Why a case cannot go on: what of it does not open. The empty string if it can."""
        return obstacle(case, self._stores)

    def resume(self, which: str = "", *, progress: Progress = silent) -> list[Erasure]:
        """
        Carry a case on, or all that are open, as far as they go now.

        Raises `NotFound` if there is no such case.
        """
        self._latch()
        if which:
            return [self._carry_on(self.erasure(which).id, progress)]
        return self._carry_on_all(progress, stages=erasures.OPEN)
