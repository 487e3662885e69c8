"""
Links to the web: an invitation to a collection, a person's own way to their pictures, and a share,
which shows photos to whoever has it.

What stands in a link is 128 random bits, of which only the digest is kept: who reads the catalog
cannot follow one. A link gives no right by itself: what it leads to asks the
consents again.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from countenance.catalog.tables import link
from countenance.core.canonical import Digest, digest
from countenance.core.ids import CollectionId, LinkId, PersonId, new_id
from countenance.errors import NotFound

TOKEN_BYTES = 16


class LinkKind(StrEnum):
    """What a link leads to."""

    INVITATION = "invitation"
    OWN = "own"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class Link:
    """
    One link. An invitation is to a `collection`; a person's own remembers which it came from.

    It leads nowhere from `until` on, if that is set, or once it was ended. `channel` is the one
    that an invitation asks `may-publish` for, or empty; `agreed_until` is when consents given by it
    end, if not after the usual time. `browse` says that who holds it may look through the
    collection for pictures of themselves.

    A share is of a `person`, who shows pictures of themselves, or else of the desk, and then for a
    `channel`. `label` is what its maker calls it; it was opened so many times, last at `used_at`.
    """

    id: LinkId
    kind: LinkKind
    person: PersonId | None
    collection: CollectionId | None
    made_at: datetime
    channel: str = ""
    browse: bool = False
    until: datetime | None = None
    agreed_until: datetime | None = None
    ended_at: datetime | None = None
    label: str = ""
    used_at: datetime | None = None
    uses: int = 0

    def leads(self, at: datetime) -> bool:
        """Whether it leads anywhere at `at`, as far as the link itself goes."""
        return self.ended_at is None and (self.until is None or at < self.until)


def new_token() -> str:
    """What stands in a new link: 22 characters that need no escape in an address."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def new_link_id() -> LinkId:
    return LinkId(new_id("y"))


def add(tx: Connection, new: Link, token: str) -> None:
    """Store a link, with the digest of the `token` that stands in it."""
    tx.execute(
        insert(link).values(
            id=new.id,
            person_id=new.person,
            digest=_digest(token),
            kind=new.kind,
            collection_id=new.collection,
            channel=new.channel,
            browse=new.browse,
            made_at=new.made_at,
            until=new.until,
            agreed_until=new.agreed_until,
            label=new.label,
        )
    )


def followed(tx: Connection, token: str, kind: LinkKind) -> Link | None:
    """The link of `kind` in which `token` stands, whether it leads anywhere or not."""
    row = tx.execute(
        select(link).where(link.c.digest == _digest(token), link.c.kind == kind)
    ).first()
    return None if row is None else _read(row)


def get(tx: Connection, which: str) -> Link:
    """Raises `NotFound` if there is no link of this id."""
    row = tx.execute(select(link).where(link.c.id == which)).first()
    if row is None:
        raise NotFound(f"{which}: no such link", hint="countenance link list shows them")
    return _read(row)


def list_all(tx: Connection) -> list[Link]:
    """Every link, the oldest first."""
    return [_read(row) for row in tx.execute(select(link).order_by(link.c.made_at, link.c.id))]


def end(tx: Connection, which: LinkId, *, at: datetime) -> None:
    """From this transaction it leads nowhere. One that ended before keeps when it did."""
    own = (link.c.id == which, link.c.ended_at.is_(None))
    tx.execute(update(link).where(*own).values(ended_at=at))


def used(tx: Connection, which: LinkId, *, at: datetime) -> None:
    """It was opened."""
    seen = {"used_at": at, "uses": link.c.uses + 1}
    tx.execute(update(link).where(link.c.id == which).values(seen))


# --------------------------------------------------------------------------------------------


def _digest(token: str) -> Digest:
    return digest(token.encode(errors="replace"))


def _read(row: Row[*tuple[Any, ...]]) -> Link:
    return Link(
        id=LinkId(row.id),
        kind=LinkKind(row.kind),
        person=None if row.person_id is None else PersonId(row.person_id),
        collection=None if row.collection_id is None else CollectionId(row.collection_id),
        made_at=row.made_at,
        channel=row.channel,
        browse=row.browse,
        until=row.until,
        agreed_until=row.agreed_until,
        ended_at=row.ended_at,
        label=row.label,
        used_at=row.used_at,
        uses=row.uses,
    )
