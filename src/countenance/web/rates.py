"""How often somebody may ask: buckets that fill up again, in memory, forgotten with the process."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from countenance.core.addresses import network_of
from countenance.errors import Refused

_AT_MOST = 50_000
"""Buckets at once. Beyond that those that are full again go."""


class TooOften(Refused):
    """Asked too often from one address: it is not looked at."""

    http_status = 429


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once, and so many a minute after that."""

    burst: int
    per_minute: float


GUESSES = Rate(burst=30, per_minute=30)
"""Links that are none, by address: a link has 128 bits, so nobody needs many tries."""

PICTURES = Rate(burst=60, per_minute=60)
"""Pictures to be looked at, by address: people at one place share one."""


QUESTIONS = Rate(burst=600, per_minute=3000)
"""Of programs, by account: a page of thumbnails at once."""

LOOKS = Rate(burst=60, per_minute=60)
"""Pictures that programs have looked at, by account."""

MESSAGES = Rate(burst=5, per_minute=0.5)
"""Addresses that mail is to be sent to, by who asks: each gets a message from us."""


class Rates:
    """Buckets by what is asked and by whom; of IPv6 a network of 64 bits is one."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._left: dict[tuple[Rate, str], tuple[float, float]] = {}

    def take(self, rate: Rate, who: str) -> None:
        """Count one. Raises `TooOften` if there is none left; then nothing is counted."""
        one = network_of(who)
        left = self._filled(rate, one)
        if left < 1:
            raise TooOften("asked too often; wait a minute")
        self._left[rate, one] = (left - 1, self._clock())
        if len(self._left) > _AT_MOST:
            self._forget()

    def require(self, rate: Rate, who: str) -> None:
        """Raises `TooOften` if there is none left; counts nothing."""
        if self._filled(rate, network_of(who)) < 1:
            raise TooOften("asked too often; wait a minute")

    # ----------------------------------------------------------------------------------------

    def _filled(self, rate: Rate, who: str) -> float:
        left, at = self._left.get((rate, who), (float(rate.burst), self._clock()))
        return min(rate.burst, left + (self._clock() - at) * rate.per_minute / 60)

    def _forget(self) -> None:
        self._left = {
            (rate, who): kept
            for (rate, who), kept in self._left.items()
            if self._filled(rate, who) < rate.burst
        }


@dataclass(frozen=True, slots=True)
class ApiRates:
    """The limits of the API: see `api.gate.Limits`."""

    rates: Rates

    def guesses(self, address: str) -> None:
        self.rates.require(GUESSES, address)

    def guessed(self, address: str) -> None:
        self.rates.take(GUESSES, address)

    def asked(self, account: str) -> None:
        self.rates.take(QUESTIONS, account)

    def sent(self, account: str) -> None:
        self.rates.take(LOOKS, account)
