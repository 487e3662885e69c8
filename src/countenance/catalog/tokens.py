"""API tokens: digests of what programs show, what each may be used for, and until when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from countenance.accounts.roles import Scope
from countenance.accounts.tokens import digest_of, new_api_token, recognised_by
from countenance.catalog.tables import api_token
from countenance.core.ids import AccountId, TokenId, new_id
from countenance.errors import NotFound

MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a program. `prefix` is how it begins; the rest was shown once."""

    id: TokenId
    account: AccountId
    name: str
    prefix: str
    scopes: frozenset[Scope]
    made_at: datetime
    until: datetime
    used_at: datetime | None
    ended_at: datetime | None

    def is_live(self, at: datetime) -> bool:
        return self.ended_at is None and at < self.until


def add(  # noqa: PLR0913  whose, for what, until when
    tx: Connection,
    who: AccountId,
    name: str,
    scopes: frozenset[Scope],
    *,
    until: datetime,
    at: datetime,
) -> tuple[Token, str]:
    """A new token, and its text, of which the digest alone is stored."""
    text = new_api_token()
    made = Token(
        TokenId(new_id("q")),
        who,
        name.strip()[:MAX_NAME],
        recognised_by(text),
        scopes,
        at,
        until,
        None,
        None,
    )
    tx.execute(
        insert(api_token).values(
            id=made.id,
            account_id=who,
            name=made.name,
            prefix=made.prefix,
            token_digest=digest_of(text),
            scopes=sorted(scopes),
            made_at=at,
            until=until,
        )
    )
    return made, text


def get(tx: Connection, which: str) -> Token:
    """Raises `NotFound` if there is no such token."""
    row = tx.execute(select(api_token).where(api_token.c.id == which)).first()
    if row is None:
        raise NotFound(f"{which}: no such token")
    return _read(row)


def of_text(tx: Connection, text: str) -> Token | None:
    """The token that somebody shows, live or not, if there is one."""
    row = tx.execute(select(api_token).where(api_token.c.token_digest == digest_of(text))).first()
    return None if row is None else _read(row)


def of(tx: Connection, who: AccountId) -> list[Token]:
    """An account's tokens, the newest first; also those that ended lately."""
    rows = tx.execute(
        select(api_token)
        .where(api_token.c.account_id == who)
        .order_by(api_token.c.made_at.desc(), api_token.c.id)
    )
    return [_read(row) for row in rows]


def use(tx: Connection, which: TokenId, *, at: datetime) -> None:
    tx.execute(update(api_token).where(api_token.c.id == which).values(used_at=at))


def end(tx: Connection, which: TokenId, *, at: datetime) -> None:
    """It lets no program in from here on."""
    live = (api_token.c.id == which) & api_token.c.ended_at.is_(None)
    tx.execute(update(api_token).where(live).values(ended_at=at))


def end_all(tx: Connection, who: AccountId, *, at: datetime) -> None:
    """End every token of an account."""
    live = (api_token.c.account_id == who) & api_token.c.ended_at.is_(None)
    tx.execute(update(api_token).where(live).values(ended_at=at))


def forget(tx: Connection, *, until: datetime) -> int:
    """Remove those that ended, or were over, up to an instant; how many there were."""
    over = or_(api_token.c.ended_at <= until, api_token.c.until <= until)
    return tx.execute(delete(api_token).where(over)).rowcount


# --------------------------------------------------------------------------------------------------


def _read(row: Row[Any]) -> Token:
    return Token(
        id=TokenId(row.id),
        account=AccountId(row.account_id),
        name=row.name,
        prefix=row.prefix,
        scopes=frozenset(Scope(word) for word in row.scopes),
        made_at=row.made_at,
        until=row.until,
        used_at=row.used_at,
        ended_at=row.ended_at,
    )
