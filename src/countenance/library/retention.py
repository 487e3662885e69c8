"""How long things are kept here: from the settings and from what the program does."""

from dataclasses import dataclass
from datetime import timedelta

from countenance.accounts.logins import KEPT
from countenance.library.due import WITHIN
from countenance.library.opened import Opened
from countenance.library.terms import GIVEN_UP_UNSEEN
from countenance.people.consent import DEFAULT_DURATION


@dataclass(frozen=True, slots=True)
class Retention:
    """
    What the rule of a library says in numbers.

    `consent` is how long one lasts if no other end is said, `unseen` after how long a grant that
    cannot be seen in its place counts as taken back, `demands` within what a demand or an erasure
    is answered, `recalls` by when a recipient has to answer, and `sign_ins` how long tries to sign
    in are remembered. `scan_minutes` is how often sources are looked at (0: by hand), and
    `historical_years` since whose death nobody is asked. `contact` and `operator` are of whoever
    runs this, or empty.
    """

    consent: timedelta
    unseen: timedelta
    demands: timedelta
    recalls: timedelta
    sign_ins: timedelta
    scan_minutes: int
    historical_years: int
    contact: str
    operator: str


class Retained(Opened):
    """What is published about keeping."""

    def retention(self) -> Retention:
        """The rule, as the settings of this library have it now."""
        from countenance.erasure.recall import DEADLINE

        own = self._settings
        return Retention(
            DEFAULT_DURATION,
            GIVEN_UP_UNSEEN,
            WITHIN,
            DEADLINE,
            KEPT,
            own.scan_every,
            own.historical_years,
            own.contact,
            own.operator,
        )
