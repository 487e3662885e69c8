"""Demands to take something down: kept for the desk, with the day by which they are answered."""

from countenance.audit.entry import Act
from countenance.catalog import demands
from countenance.catalog.demands import Demand, Outcome, Wording
from countenance.library.opened import Opened


class Demands(Opened):
    """What anybody demands, and what is answered. Nothing is taken down by a demand itself."""

    def demand(self, said: Wording) -> Demand:
        """
        Keep a demand. Its number is how its sender learns what became of it; nobody is written to.

        Raises `UsageError` if an element is missing.
        """
        with self._database.write() as tx:
            made = demands.add(tx, said, at=self._stores.now(tx))
            self._log(tx, Act.DEMANDED, subjects=(made.id,))
        self._did_act()
        return made

    def demanded(self, which: str) -> Demand:
        """The demand of this number. Raises `NotFound` if there is none."""
        with self._database.read() as tx:
            return demands.get(tx, which)

    def answer_demand(self, which: str, outcome: Outcome, answer: str) -> Demand:
        """
        Say what became of it and why, to who has its number. What the sender wrote is emptied.

        Raises `NotFound`, `Refused` if it is answered already, `UsageError` without reasons.
        """
        with self._database.write() as tx:
            at, by = self._stores.now(tx), self._settings.actor
            done = demands.end(tx, which, outcome, answer, by=by, at=at)
            self._log(tx, Act.DEMAND_ANSWERED, subjects=(done.id,))
        self._did_act()
        return done
