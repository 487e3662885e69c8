"""
Recipients: the third parties that pictures may be given to, and what they accepted.

Whoever was once given something stays a recipient: after its end nothing more is given to it, and
what it holds is recalled from it all the same.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from countenance.catalog.tables import recipient
from countenance.core.ids import RecipientId, new_id
from countenance.errors import NotFound, UsageError

TOKEN_BYTES = 32

_HINT = "countenance recipient list shows them"


@dataclass(frozen=True, slots=True)
class Terms:
    """
    What a recipient is known by, and what it accepted.

    `contact` is whom a person writes to. `endpoint` is where recalls are sent to, or the empty
    string; it may be on a private network only if `on_private_network`. `public_key` is the base64
    of 32 bytes (Ed25519) and verifies the recipient's acknowledgements; without one it can give
    none. `accepted` is the text of the terms that it accepted.
    """

    name: str
    contact: str
    accepted: str
    endpoint: str = ""
    on_private_network: bool = False
    public_key: str = ""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A third party. After `ended_at` nothing more is given to it."""

    id: RecipientId
    terms: Terms
    added_at: datetime
    ended_at: datetime | None

    @property
    def name(self) -> str:
        return self.terms.name

    @property
    def live(self) -> bool:
        """Whether anything may be given to it."""
        return self.ended_at is None


def add(tx: Connection, terms: Terms, *, at: datetime) -> tuple[Recipient, str]:
    """
    A new recipient, and its token for the feed, of which the digest alone is stored.

    Raises `UsageError` if the name is taken, or if name, contact or accepted terms are missing.
    """
    for word, text in (("name", terms.name), ("contact", terms.contact), ("terms", terms.accepted)):
        if not text.strip():
            raise UsageError(f"a recipient needs its {word}")
    if tx.execute(select(recipient.c.id).where(recipient.c.name == terms.name)).first():
        raise UsageError(f"{terms.name}: there is such a recipient already", hint=_HINT)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    made = Recipient(RecipientId(new_id("t")), terms, at, None)
    tx.execute(
        insert(recipient).values(
            id=made.id,
            name=terms.name,
            contact=terms.contact,
            terms=terms.accepted,
            endpoint=terms.endpoint,
            on_private_network=terms.on_private_network,
            public_key=terms.public_key,
            token_digest=_digest(token),
            added_at=at,
        )
    )
    return made, token


def get(tx: Connection, name_or_id: str) -> Recipient:
    """Raises `NotFound` if no recipient has this name or id."""
    row = tx.execute(
        select(recipient).where((recipient.c.id == name_or_id) | (recipient.c.name == name_or_id))
    ).first()
    if row is None:
        raise NotFound(f"{name_or_id}: no such recipient", hint=_HINT)
    return _read(row)


def list_all(tx: Connection) -> list[Recipient]:
    """Every recipient, also those that ended, by name."""
    rows = tx.execute(select(recipient).order_by(recipient.c.name, recipient.c.id))
    return [_read(row) for row in rows]


def end(tx: Connection, which: RecipientId, *, at: datetime) -> None:
    """From this transaction on nothing is given to it. Raises `UsageError` if it ended before."""
    ended = tx.execute(
        update(recipient)
        .where(recipient.c.id == which, recipient.c.ended_at.is_(None))
        .values(ended_at=at)
    )
    if not ended.rowcount:
        raise UsageError(f"{which}: it is a recipient no more")


def by_token(tx: Connection, token: str) -> Recipient | None:
    """
    Whose token this is, if anybody's: a recipient that ended still has to hear of its recalls.

    Every digest is compared, each in a time that says nothing of how much of it was right.
    """
    asked = _digest(token)
    found: Row[Any] | None = None
    for row in tx.execute(select(recipient)):
        if hmac.compare_digest(row.token_digest, asked):
            found = row
    return None if found is None else _read(found)


# --------------------------------------------------------------------------------------------


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _read(row: Row[Any]) -> Recipient:
    return Recipient(
        id=RecipientId(row.id),
        terms=Terms(
            name=row.name,
            contact=row.contact,
            accepted=row.terms,
            endpoint=row.endpoint,
            on_private_network=row.on_private_network,
            public_key=row.public_key,
        ),
        added_at=row.added_at,
        ended_at=row.ended_at,
    )
