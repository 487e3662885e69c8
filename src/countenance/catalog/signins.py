"""
Sessions, and what is good for one use: set-up codes, links, challenges. Secrets are digests here.

A session that ended has no row. One that is over by the clock lets nobody in, and goes later.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from countenance.accounts.logins import ABSOLUTE, FRESH, IDLE
from countenance.accounts.tokens import digest_of, new_secret
from countenance.catalog.tables import one_time, session
from countenance.core.ids import AccountId, SessionId, new_id

MAX_AGENT = 200


class How(StrEnum):
    """By what somebody signed in."""

    PASSWORD = "password"  # noqa: S105  the word, and none of anybody's
    PASSKEY = "passkey"
    PROVIDER = "provider"
    LINK = "link"


class Once(StrEnum):
    """What something is good for, once."""

    SET_UP = "set-up"
    LINK = "link"
    NEW_PASSKEY = "new-passkey"
    PASSKEY = "passkey"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Session:
    """
    Somebody who is signed in. `agent` is what their browser calls itself, and `proved_at` when they
    last showed that it is they.
    """

    id: SessionId
    account: AccountId
    how: How
    agent: str
    made_at: datetime
    seen_at: datetime
    proved_at: datetime

    def is_live(self, at: datetime) -> bool:
        """Whether it lets them in at an instant: not after a while unused, nor after a day."""
        return at < self.seen_at + IDLE and at < self.made_at + ABSOLUTE

    def is_fresh(self, at: datetime) -> bool:
        """Whether it was lately that they showed that it is they."""
        return at < self.proved_at + FRESH


@dataclass(frozen=True, slots=True)
class Kept:
    """What was kept beside something that is good for one use."""

    account: AccountId | None
    data: str


# --- sessions -------------------------------------------------------------------------------------


def open_session(
    tx: Connection, who: AccountId, how: How, *, agent: str, at: datetime
) -> tuple[Session, str]:
    """A new session, and its token: 256 random bits, whatever there was before."""
    token = new_secret()
    shown = "".join(sign for sign in agent if sign.isprintable())[:MAX_AGENT]
    made = Session(SessionId(new_id("h")), who, how, shown, at, at, at)
    tx.execute(
        insert(session).values(
            id=made.id,
            account_id=who,
            token_digest=digest_of(token),
            how=how,
            agent=shown,
            made_at=at,
            seen_at=at,
            proved_at=at,
        )
    )
    return made, token


def session_of(tx: Connection, token: str) -> Session | None:
    """The session of a token, live or not, if there is one."""
    row = tx.execute(select(session).where(session.c.token_digest == digest_of(token))).first()
    return None if row is None else _read(row)


def sessions(tx: Connection, who: AccountId, *, at: datetime) -> list[Session]:
    """The live sessions of an account, the one that was seen last first."""
    rows = tx.execute(
        select(session)
        .where(session.c.account_id == who)
        .order_by(session.c.seen_at.desc(), session.c.id)
    )
    return [found for found in map(_read, rows) if found.is_live(at)]


def see(tx: Connection, which: SessionId, *, at: datetime) -> None:
    tx.execute(update(session).where(session.c.id == which).values(seen_at=at))


def prove(tx: Connection, which: SessionId, *, at: datetime) -> None:
    tx.execute(update(session).where(session.c.id == which).values(seen_at=at, proved_at=at))


def end_sessions(tx: Connection, *, which: Collection[SessionId]) -> None:
    tx.execute(delete(session).where(session.c.id.in_(which)))


def end_all(tx: Connection, who: AccountId) -> None:
    """End every session of an account."""
    tx.execute(delete(session).where(session.c.account_id == who))


# --- once -----------------------------------------------------------------------------------------


def keep(  # noqa: PLR0913  what it is, whose, for what, and until when
    tx: Connection,
    kind: Once,
    secret: str,
    *,
    until: datetime,
    account: AccountId | None = None,
    bound_to: str = "",
    data: str = "",
) -> None:
    """
    Keep a secret's digest until it is used or is over.

    It is good only together with what it is `bound_to`, of which the digest is kept too. What there
    was of its kind for the same account, or for the same, is good no more.
    """
    bound = digest_of(bound_to) if bound_to else ""
    before = one_time.c.bound_to == bound
    if not bound:
        before &= (
            one_time.c.account_id.is_(None)
            if account is None
            else (one_time.c.account_id == account)
        )
    tx.execute(delete(one_time).where(one_time.c.kind == kind, before))
    tx.execute(
        insert(one_time).values(
            secret_digest=digest_of(secret),
            kind=kind,
            account_id=account,
            bound_to=bound,
            data=data,
            until=until,
        )
    )


def take(
    tx: Connection, kind: Once, secret: str, *, bound_to: str = "", at: datetime
) -> Kept | None:
    """What was kept, which is then gone; nothing if it is over, or belongs to something else."""
    own = (one_time.c.secret_digest == digest_of(secret)) & (one_time.c.kind == kind)
    row = tx.execute(select(one_time).where(own)).first()
    if row is None:
        return None
    tx.execute(delete(one_time).where(own))
    if row.until <= at or row.bound_to != (digest_of(bound_to) if bound_to else ""):
        return None
    return Kept(None if row.account_id is None else AccountId(row.account_id), row.data)


def drop(tx: Connection, who: AccountId) -> None:
    """Nothing that was kept for an account is good any more."""
    tx.execute(delete(one_time).where(one_time.c.account_id == who))


def forget(tx: Connection, *, at: datetime) -> int:
    """Remove what is over by an instant; how much that was."""
    over = or_(session.c.seen_at <= at - IDLE, session.c.made_at <= at - ABSOLUTE)
    gone = tx.execute(delete(session).where(over)).rowcount
    return gone + tx.execute(delete(one_time).where(one_time.c.until <= at)).rowcount


# --------------------------------------------------------------------------------------------------


def _read(row: Row[Any]) -> Session:
    return Session(
        id=SessionId(row.id),
        account=AccountId(row.account_id),
        how=How(row.how),
        agent=row.agent,
        made_at=row.made_at,
        seen_at=row.seen_at,
        proved_at=row.proved_at,
    )
