"""
Telling: who asked to be told of new pictures by mail, where, and how far that is.

The address is sealed under the person's own key, so it ends with them; and the row ends with the
consent `tell-me`, however that ends. An address is written to once it was confirmed by a code that
was sent there: until then nothing but that code goes to it.
"""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    delete,
    exists,
    insert,
    or_,
    select,
    update,
)

from countenance.catalog import people, sightings
from countenance.catalog.people import Person
from countenance.catalog.tables import person, sighting, telling
from countenance.core.canonical import Digest, canonical_json, digest
from countenance.core.ids import PersonId, SightingId
from countenance.vault.keys import KeyStore
from countenance.vault.seal import seal, unseal

CODE_BYTES = 16

CONFIRMED_WITHIN = timedelta(days=3)
"""After that an address that nobody confirmed is forgotten."""


class TellingState(StrEnum):
    """How far it is with an address."""

    ASKED = "asked"
    """The code is to be sent."""

    SENT = "sent"
    """The code was sent, and has not come back."""

    ON = "on"
    """It is confirmed: what is new is told there."""

    OVER = "over"
    """It ended with its consent, and goes with its case."""


@dataclass(frozen=True, slots=True)
class Telling:
    """
    One person's. `told_at` is until when they have been told, `next_at` before when nothing is
    sent, and `tries` how often it was tried since.
    """

    person: PersonId
    sealed: bytes
    state: TellingState
    asked_at: datetime
    told_at: datetime
    next_at: datetime | None
    tries: int


@dataclass(frozen=True, slots=True)
class Where:
    """What is sealed: the address, the language to write in, and the code that confirms it."""

    address: str
    language: str
    code: str


def new_code() -> str:
    return secrets.token_urlsafe(CODE_BYTES)


def ask(tx: Connection, keys: KeyStore, who: Person, where: Where, *, at: datetime) -> None:
    """Remember where somebody wants to be told, in the place of any address before it."""
    remove(tx, who.id)
    plain = canonical_json(
        {"address": where.address, "language": where.language, "code": where.code}
    )
    sealed = seal(keys.read(who.key), plain, bound=_bound(tx, who.id))
    tx.execute(
        insert(telling).values(
            person_id=who.id,
            sealed=sealed,
            code=_digest(where.code),
            state=TellingState.ASKED,
            asked_at=at,
            told_at=at,
        )
    )


def opened(tx: Connection, keys: KeyStore, who: Person, one: Telling) -> Where:
    """What is sealed. Raises `VerificationError` if it is damaged, `Unavailable` without a key."""
    plain = unseal(keys.read(who.key), one.sealed, bound=_bound(tx, who.id))
    return Where(**json.loads(plain))


def of(tx: Connection, who: PersonId) -> Telling | None:
    """A person's, if they asked for it and it has not ended."""
    own = (telling.c.person_id == who, telling.c.state != TellingState.OVER)
    row = tx.execute(select(telling).where(*own)).first()
    return None if row is None else _read(row)


def due(tx: Connection, *, at: datetime) -> list[Telling]:
    """
    Those to whom something may have to be sent at `at`: a code, that there is something, or that
    they have to enrol again.
    """
    own = (sighting.c.person_id == telling.c.person_id, sighting.c.made_at > telling.c.told_at)
    again = (person.c.id == telling.c.person_id, person.c.again_since > telling.c.told_at)
    news = or_(exists(select(sighting.c.id).where(*own)), exists(select(person.c.id).where(*again)))
    anything = or_(
        telling.c.state == TellingState.ASKED, and_(telling.c.state == TellingState.ON, news)
    )
    now = or_(telling.c.next_at.is_(None), telling.c.next_at <= at)
    query = select(telling).where(anything, now).order_by(telling.c.person_id)
    return [_read(row) for row in tx.execute(query)]


def confirm(tx: Connection, code: str, *, at: datetime) -> PersonId | None:
    """Confirm an address by the code that went there: whose it is, or nothing."""
    asked = (telling.c.state.in_((TellingState.ASKED, TellingState.SENT)),)
    since = telling.c.asked_at > at - CONFIRMED_WITHIN
    row = tx.execute(
        select(telling.c.person_id).where(telling.c.code == _digest(code), since, *asked)
    ).first()
    if row is None:
        return None
    own = telling.c.person_id == row.person_id
    fresh = {"code": None, "told_at": at, "next_at": None, "tries": 0}
    tx.execute(update(telling).where(own).values(state=TellingState.ON, **fresh))
    return PersonId(row.person_id)


def try_again(tx: Connection, one: Telling, *, next_at: datetime) -> None:
    """One try more, and none before `next_at` unless this one comes through."""
    values = {"tries": one.tries + 1, "next_at": next_at}
    tx.execute(update(telling).where(_same(one)).values(**values))


def put_off(tx: Connection, one: Telling, *, next_at: datetime) -> None:
    """There is nothing to send, or nothing that may be: it is looked at again from `next_at` on."""
    tx.execute(update(telling).where(_same(one)).values(next_at=next_at))


def sent(tx: Connection, one: Telling, *, told_at: datetime, next_at: datetime) -> None:
    """It came through. Of whom it ended meanwhile, nothing is written (P20)."""
    state = TellingState.SENT if one.state is TellingState.ASKED else one.state
    values = {"state": state, "told_at": told_at, "next_at": next_at, "tries": 0}
    tx.execute(update(telling).where(_same(one)).values(**values))


def remove(tx: Connection, who: PersonId) -> bool:
    """Forget where somebody is told. Whether there was anything."""
    return bool(tx.execute(delete(telling).where(telling.c.person_id == who)).rowcount)


def forget_unconfirmed(tx: Connection, *, at: datetime) -> None:
    """Forget the addresses that nobody confirmed in time."""
    waiting = telling.c.state.in_((TellingState.ASKED, TellingState.SENT))
    tx.execute(delete(telling).where(waiting, telling.c.asked_at <= at - CONFIRMED_WITHIN))


def end(tx: Connection, who: PersonId) -> None:
    """The consent it rested on has ended: nothing is sent from here on, and its case removes it."""
    over = {"state": TellingState.OVER, "code": None}
    tx.execute(update(telling).where(telling.c.person_id == who).values(**over))


def new_pictures(tx: Connection, who: PersonId, *, since: datetime, at: datetime) -> int:
    """How many pictures came to be of a person after `since` that may be shown to them at `at`."""
    made = (sighting.c.person_id == who, sighting.c.made_at > since)
    new = {SightingId(one) for one in tx.execute(select(sighting.c.id).where(*made)).scalars()}
    return sum(1 for one in sightings.seen(tx, [who], at=at) if one.id in new)


# --------------------------------------------------------------------------------------------


def _same(one: Telling) -> ColumnElement[bool]:
    """The row, if it is as it was: nobody took another address or ended it meanwhile."""
    return and_(
        telling.c.person_id == one.person,
        telling.c.sealed == one.sealed,
        telling.c.state == one.state,
    )


def _bound(tx: Connection, who: PersonId) -> bytes:
    return canonical_json({"library": people.library_id(tx), "person": who, "telling": "mail"})


def _digest(code: str) -> Digest:
    return digest(code.encode(errors="replace"))


def _read(row: Row[*tuple[Any, ...]]) -> Telling:
    return Telling(
        person=PersonId(row.person_id),
        sealed=row.sealed,
        state=TellingState(row.state),
        asked_at=row.asked_at,
        told_at=row.told_at,
        next_at=row.next_at,
        tries=row.tries,
    )
