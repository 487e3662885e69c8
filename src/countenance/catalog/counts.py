"""
The catalog as a storage of the library `limits`: what is counted, in the transaction that asks.

There is one writer at a time, so that acts at the same time, in however many processes, are counted
one after the other, and a crash counts none twice.
"""

from datetime import datetime, timedelta
from typing import NoReturn

from limits import RateLimitItemPerHour
from limits.storage import MovingWindowSupport, Storage
from sqlalchemy import Connection

from countenance.catalog import asked


class AnHour(RateLimitItemPerHour):
    """So many an hour. What was counted stays counted when the limit is set otherwise."""

    def key_for(self, *identifiers: bytes | str | float) -> str:
        return " ".join(str(one) for one in identifiers)


class Counts(Storage, MovingWindowSupport):
    """
    The catalog as a storage of `limits`, in the transaction `tx`, whose instant is `at`.

    It serves the moving window alone, and lives no longer than the transaction.
    """

    STORAGE_SCHEME = None

    def __init__(self, tx: Connection, at: datetime) -> None:
        super().__init__()
        self._tx = tx
        self._at = at

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        return ()  # what the catalog raises passes through: `Database` translates it

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        if asked.count(self._tx, key, after=self._begin(expiry)) + amount > limit:
            return False
        for _ in range(amount):
            asked.add(self._tx, key, at=self._at)
        return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """
        Since when the window is as full as it is, and how full that is.

        It is the instant of the entry that has to leave it before there is room for another.
        """
        begin = self._begin(expiry)
        number = asked.count(self._tx, key, after=begin)
        oldest = asked.newest(self._tx, key, max(1, min(limit, number)), after=begin)
        return (oldest or self._at).timestamp(), number

    def _begin(self, expiry: int) -> datetime:
        return self._at - timedelta(seconds=expiry)

    # --- what the other strategies would need --------------------------------------------------

    def incr(self, key: str, expiry: int, amount: int = 1) -> NoReturn:
        raise NotImplementedError

    def get(self, key: str) -> NoReturn:
        raise NotImplementedError

    def get_expiry(self, key: str) -> NoReturn:
        raise NotImplementedError

    def check(self) -> bool:
        return True

    def reset(self) -> NoReturn:
        raise NotImplementedError

    def clear(self, key: str) -> NoReturn:
        raise NotImplementedError
