"""
Tries to come in, counted: so many an hour to one account, and so many from one address.

The strategy is that of the library `limits`, and its counts are rows of the catalog, written in the
transaction that lets the try go on: there is one writer at a time, so that any number of tries at
once, in however many processes, are counted one after the other. A login that there is not is
counted as one that there is.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from countenance.accounts.logins import TRIES_BY_ACCOUNT, TRIES_BY_ADDRESS
from countenance.catalog import asked
from countenance.core.addresses import network_of
from countenance.errors import TooManyTries

if TYPE_CHECKING:
    from countenance.catalog.counts import AnHour

_HOUR = timedelta(hours=1)


def count(tx: Connection, login: str, address: str, *, at: datetime) -> TooManyTries | None:
    """
    Count a try to come in, at the instant `at`; or say that there were too many, and count nothing.

    Of no `login` or no `address` there is no such limit.
    """
    from limits.strategies import MovingWindowRateLimiter

    from countenance.catalog.counts import Counts

    asked.forget(tx, until=at - _HOUR)
    limiter = MovingWindowRateLimiter(Counts(tx, at))
    own = [*_limits(login, address)]
    full = [one for one in own if not limiter.test(*one)]
    for limit, who in [] if full else own:
        limiter.hit(limit, who)
    if not full:
        return None
    free = max(limiter.get_window_stats(*one).reset_time for one in full)
    when = datetime.fromtimestamp(ceil(free), UTC)
    return TooManyTries(
        f"too many tries to sign in; there may be more at {when:%Y-%m-%d %H:%M:%S} UTC"
    )


def forgive(tx: Connection, login: str, address: str) -> None:
    """
    Count what let somebody in for no try, and nothing of before against their account any more.

    Against the address the others stay: else an account of their own would let them try for ever.
    """
    asked.remove(tx, _by_account(login))
    asked.take_back(tx, _by_address(address))


# --------------------------------------------------------------------------------------------------


def _limits(login: str, address: str) -> "Iterator[tuple[AnHour, str]]":
    from countenance.catalog.counts import AnHour

    if login:
        yield AnHour(TRIES_BY_ACCOUNT), _by_account(login)
    if address:
        yield AnHour(TRIES_BY_ADDRESS), _by_address(address)


def _by_account(login: str) -> str:
    return f"sign-in to {_digest(login)}"


def _by_address(address: str) -> str:
    return f"sign-in from {_digest(network_of(address))}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
