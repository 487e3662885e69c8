"""
Accounts: who may sign in, as what, and for whom they speak.

An account that ended lets nobody in from that transaction on; who had it can be looked up for a
while, and then its row goes.
"""

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, insert, or_, select, update

from countenance.accounts.logins import login_form
from countenance.accounts.roles import Role
from countenance.catalog import recipients
from countenance.catalog.tables import account, account_tie, account_ward, passkey, person
from countenance.core.ids import AccountId, PersonId, RecipientId, new_id
from countenance.errors import NotFound, UsageError
from countenance.people.guardians import AgeBand

TABLES = (
    *("account", "account_tie", "account_ward", "api_token"),
    *("one_time", "passkey", "session"),
)
"""Those from which rows go when accounts, and what signs in to them, are over."""

PAGE = 100

_ROLE, _ASSIGNED = "role", "assigned"
_HINT = "countenance account list shows them"


@dataclass(frozen=True, slots=True)
class Belongings:
    """
    What an account is here, besides its login and name.

    `person` is who it is itself, if they are shown here, and `wards` for whom it speaks; `assigned`
    are ids of sources and collections.
    """

    roles: frozenset[Role]
    person: PersonId | None = None
    wards: frozenset[PersonId] = frozenset()
    assigned: frozenset[str] = frozenset()
    recipient: RecipientId | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in, until `ended_at`. `password` is its hash, or the empty string."""

    id: AccountId
    login: str
    name: str
    has: Belongings
    added_at: datetime
    ended_at: datetime | None
    password: str = field(repr=False)
    issuer: str
    subject: str

    @property
    def live(self) -> bool:
        return self.ended_at is None


def add(tx: Connection, login: str, name: str, has: Belongings, *, at: datetime) -> Account:
    """
    A new account, into which nothing leads yet. `login` has its form.

    Raises `UsageError` if the login is taken, also by one that ended lately, and `NotFound` if
    there is no such person or recipient.
    """
    if by_login(tx, login) is not None:
        raise UsageError(f"{login}: there is an account of this login, or was lately", hint=_HINT)
    _require_people(tx, [*has.wards, *([has.person] if has.person else [])])
    if has.recipient is not None:
        recipients.get(tx, has.recipient)
    made = Account(AccountId(new_id("m")), login, name, has, at, None, "", "", "")
    tx.execute(
        insert(account).values(
            id=made.id,
            login=login,
            name=name,
            person_id=has.person,
            recipient_id=has.recipient,
            added_at=at,
        )
    )
    for who in sorted(has.wards):
        tx.execute(insert(account_ward).values(account_id=made.id, person_id=who))
    _tie(tx, made.id, _ROLE, has.roles)
    _tie(tx, made.id, _ASSIGNED, has.assigned)
    return made


def get(tx: Connection, login_or_id: str) -> Account:
    """The account of this id, or else of this login. Raises `NotFound` if there is none."""
    own = _read(tx, tx.execute(select(account).where(account.c.id == login_or_id)).all())
    if own:
        return own[0]
    with suppress(UsageError):
        named = by_login(tx, login_form(login_or_id))
        if named is not None:
            return named
    raise NotFound(f"{login_or_id}: no such account", hint=_HINT)


def by_login(tx: Connection, login: str) -> Account | None:
    found = _read(tx, tx.execute(select(account).where(account.c.login == login)).all())
    return found[0] if found else None


def by_subject(tx: Connection, issuer: str, subject: str) -> Account | None:
    """Whose account it is that a provider knows under this name."""
    query = select(account).where(
        account.c.issuer == issuer, account.c.subject == subject, account.c.subject != ""
    )
    found = _read(tx, tx.execute(query).all())
    return found[0] if found else None


def page(tx: Connection, *, after: str = "", limit: int = PAGE) -> list[Account]:
    """So many accounts by login, from behind the login `after`; also those that ended."""
    query = select(account).where(account.c.login > after).order_by(account.c.login).limit(limit)
    return _read(tx, tx.execute(query).all())


def names(tx: Connection) -> dict[str, str]:
    """What the holder of each account is called, by its id; of one that was forgotten nothing."""
    known = select(account.c.id, account.c.name).where(account.c.name != "")
    return {row.id: row.name for row in tx.execute(known)}


def owners(tx: Connection) -> list[Account]:
    """The accounts of owners that have not ended."""
    query = (
        select(account)
        .join(account_tie, account_tie.c.account_id == account.c.id)
        .where(
            account_tie.c.kind == _ROLE,
            account_tie.c.word == Role.OWNER,
            account.c.ended_at.is_(None),
        )
        .order_by(account.c.id)
    )
    return _read(tx, tx.execute(query).all())


def has_way_in(tx: Connection, which: Account) -> bool:
    """Whether anything lets its holder in: a password, a passkey, or a provider's word."""
    own = select(exists().where(passkey.c.account_id == which.id))
    return bool(which.password or which.subject or tx.execute(own).scalar())


def set_belongings(
    tx: Connection, which: AccountId, roles: frozenset[Role], assigned: frozenset[str] | None
) -> None:
    """Give other roles, and of something `assigned` that in the place of what there was."""
    _tie(tx, which, _ROLE, roles)
    if assigned is not None:
        _tie(tx, which, _ASSIGNED, assigned)


def set_password(tx: Connection, which: AccountId, hashed: str) -> None:
    tx.execute(update(account).where(account.c.id == which).values(password=hashed))


def set_subject(tx: Connection, which: AccountId, issuer: str, subject: str) -> None:
    """From now on it is known whom a provider means by this name."""
    tx.execute(update(account).where(account.c.id == which).values(issuer=issuer, subject=subject))


def end(tx: Connection, which: AccountId, *, at: datetime) -> None:
    """Nobody signs in to it any more. What it signed in with goes at once."""
    tx.execute(
        update(account)
        .where(account.c.id == which, account.c.ended_at.is_(None))
        .values(ended_at=at, password="", issuer="", subject="")
    )
    tx.execute(delete(passkey).where(passkey.c.account_id == which))


def forget(tx: Connection, *, until: datetime) -> int:
    """Remove those that ended up to an instant, with all that is theirs; how many there were."""
    return tx.execute(delete(account).where(account.c.ended_at <= until)).rowcount


def enrolled(tx: Connection, which: Account) -> frozenset[PersonId]:
    """
    Who the account is or speaks for at this moment, of those who are enrolled.

    Nobody speaks any more for who has come of age.
    """
    spoken_for = person.c.id.in_(which.has.wards) & (person.c.age_band != AgeBand.ADULT)
    rows = tx.execute(
        select(person.c.id).where(
            or_(spoken_for, person.c.id == (which.has.person or "")), person.c.key_id.is_not(None)
        )
    ).scalars()
    return frozenset(PersonId(one) for one in rows)


# --------------------------------------------------------------------------------------------------


def _tie(tx: Connection, which: AccountId, kind: str, words: Collection[str]) -> None:
    own = (account_tie.c.account_id == which) & (account_tie.c.kind == kind)
    tx.execute(delete(account_tie).where(own))
    for word in sorted(words):
        tx.execute(insert(account_tie).values(account_id=which, kind=kind, word=word))


def _require_people(tx: Connection, people: Iterable[PersonId]) -> None:
    for who in people:
        query = select(person.c.id).where(person.c.id == who, person.c.key_id.is_not(None))
        if tx.execute(query).first() is None:
            raise NotFound(f"{who}: nobody enrolled here has this id")


def _read(tx: Connection, rows: Collection[Row[Any]]) -> list[Account]:
    ids = [row.id for row in rows]
    ties = tx.execute(select(account_tie).where(account_tie.c.account_id.in_(ids))).all()
    wards = tx.execute(select(account_ward).where(account_ward.c.account_id.in_(ids))).all()

    def has(row: Row[Any]) -> Belongings:
        own = [tie for tie in ties if tie.account_id == row.id]
        return Belongings(
            roles=frozenset(Role(tie.word) for tie in own if tie.kind == _ROLE),
            person=None if row.person_id is None else PersonId(row.person_id),
            wards=frozenset(
                PersonId(ward.person_id) for ward in wards if ward.account_id == row.id
            ),
            assigned=frozenset(tie.word for tie in own if tie.kind == _ASSIGNED),
            recipient=None if row.recipient_id is None else RecipientId(row.recipient_id),
        )

    return [
        Account(
            id=AccountId(row.id),
            login=row.login,
            name=row.name,
            has=has(row),
            added_at=row.added_at,
            ended_at=row.ended_at,
            password=row.password,
            issuer=row.issuer,
            subject=row.subject,
        )
        for row in rows
    ]
