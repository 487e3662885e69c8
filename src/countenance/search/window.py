"""
Windows: how many searches an account, and all accounts of a library together, may make in an hour.

Bands instead of scores do not keep a template secret: with enough probes it is found out from
yes and no alone. What is left is to limit the number of probes. The windows move: at no instant
do the 3,600 seconds before it hold more searches than the limit.

The strategy is that of the library `limits`. It keeps its counts in the catalog, in the
transaction that it is asked in: there is one writer at a time, so that searches at the same time,
in however many processes, are counted one after the other, and a crash counts none twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

from limits.strategies import MovingWindowRateLimiter
from sqlalchemy import Connection

from countenance.catalog import asked
from countenance.catalog.counts import AnHour, Counts
from countenance.core.canonical import digest
from countenance.errors import TooManySearches

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Windows:
    """How many searches an hour: `account` by one actor, `library` by all actors together."""

    account: int
    library: int


def take(tx: Connection, actor: str, windows: Windows, *, at: datetime) -> None:
    """
    Count one search by `actor` at the instant `at`, of which there are none after it.

    Raises `TooManySearches` if the account's hour or the library's is used up, and says when there
    is room again in both. Then nothing is counted, in neither.
    """
    asked.forget(tx, until=at - HOUR)
    limiter = MovingWindowRateLimiter(Counts(tx, at))
    used_up = [one for one in _limits(actor, windows) if not limiter.test(one.limit, one.who)]
    if used_up:
        raise _too_many(limiter, used_up)
    for one in _limits(actor, windows):
        limiter.hit(one.limit, one.who)


# --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Limit:
    """One limit: on `whom` (in words), counted under `who`."""

    limit: AnHour
    who: str
    whom: str
    setting: str


def _limits(actor: str, windows: Windows) -> Iterator[_Limit]:
    # The actor's digest: it is as long as it is however long a name is, and is no name.
    account = f"account {digest(actor.encode(errors='surrogateescape'))}"
    yield _Limit(AnHour(windows.account), account, "one account", "searches_per_account")
    yield _Limit(AnHour(windows.library), "library", "this library", "searches_per_library")


def _too_many(limiter: MovingWindowRateLimiter, used_up: list[_Limit]) -> TooManySearches:
    """The refusal by whichever limit lasts longest."""
    ends = {one: limiter.get_window_stats(one.limit, one.who).reset_time for one in used_up}
    last = max(ends, key=ends.__getitem__)
    # To the second, rounded up: at the time that is said, there is room.
    free = datetime.fromtimestamp(ceil(ends[last]), UTC)
    return TooManySearches(
        f"the searches of {last.whom} are used up: {last.limit.amount:,} an hour; "
        f"there is room again at {free:%Y-%m-%d %H:%M:%S} UTC",
        hint=f"wait until then; the setting {last.setting} says how many there are",
    )
