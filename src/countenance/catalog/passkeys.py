"""Passkeys of accounts: what verifies them, how often they signed, and what they are called."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from countenance.accounts.passkeys import NewPasskey
from countenance.catalog.tables import passkey
from countenance.core.ids import AccountId, PasskeyId, new_id
from countenance.errors import NotFound, UsageError

MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey of an account."""

    id: PasskeyId
    account: AccountId
    name: str
    made_at: datetime
    used_at: datetime | None
    credential: bytes = field(repr=False)
    public_key: bytes = field(repr=False)
    sign_count: int = field(repr=False)


def add(tx: Connection, who: AccountId, new: NewPasskey, *, name: str, at: datetime) -> Passkey:
    """Raises `UsageError` if there is such a passkey, whoever's it is, or if it has no name."""
    called = name.strip()[:MAX_NAME]
    if not called:
        raise UsageError("a passkey is called something, such as the device it is on")
    if by_credential(tx, new.credential) is not None:
        raise UsageError("this passkey is here already")
    made = Passkey(
        PasskeyId(new_id("z")),
        who,
        called,
        at,
        None,
        new.credential,
        new.public_key,
        new.sign_count,
    )
    tx.execute(
        insert(passkey).values(
            id=made.id,
            account_id=who,
            credential=new.credential,
            public_key=new.public_key,
            sign_count=new.sign_count,
            name=called,
            made_at=at,
        )
    )
    return made


def get(tx: Connection, which: str) -> Passkey:
    """Raises `NotFound` if there is no such passkey."""
    row = tx.execute(select(passkey).where(passkey.c.id == which)).first()
    if row is None:
        raise NotFound(f"{which}: no such passkey")
    return _read(row)


def by_credential(tx: Connection, credential: bytes) -> Passkey | None:
    row = tx.execute(select(passkey).where(passkey.c.credential == credential)).first()
    return None if row is None else _read(row)


def of(tx: Connection, who: AccountId) -> list[Passkey]:
    """An account's passkeys, the oldest first."""
    rows = tx.execute(
        select(passkey).where(passkey.c.account_id == who).order_by(passkey.c.made_at, passkey.c.id)
    )
    return [_read(row) for row in rows]


def use(tx: Connection, which: PasskeyId, *, sign_count: int, at: datetime) -> None:
    """Record that it has signed, and how often by now."""
    tx.execute(
        update(passkey).where(passkey.c.id == which).values(sign_count=sign_count, used_at=at)
    )


def remove(tx: Connection, which: PasskeyId) -> None:
    tx.execute(delete(passkey).where(passkey.c.id == which))


# --------------------------------------------------------------------------------------------------


def _read(row: Row[Any]) -> Passkey:
    return Passkey(
        id=PasskeyId(row.id),
        account=AccountId(row.account_id),
        name=row.name,
        made_at=row.made_at,
        used_at=row.used_at,
        credential=row.credential,
        public_key=row.public_key,
        sign_count=row.sign_count,
    )
