"""Sources and their grants."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from countenance.catalog.photos import Photo
from countenance.catalog.tables import grant, source
from countenance.core.canonical import Digest
from countenance.core.ids import CollectionId, GrantId, SourceId
from countenance.errors import NoGrant, NotFound
from countenance.sources.grant import Grant, GrantPurpose
from countenance.sources.source import Source, SourceKind


def at_location(tx: Connection, kind: SourceKind, location: str) -> Source | None:
    """The source that stands at a place, if one does."""
    row = tx.execute(
        select(source).where(source.c.kind == kind, source.c.location == location)
    ).first()
    return None if row is None else _read(row)


def add(tx: Connection, new: Source, first: Grant, *more: Grant) -> None:
    """Store a source together with its first grants: there is none without."""
    tx.execute(
        insert(source).values(
            id=new.id,
            kind=new.kind,
            location=new.location,
            collection_id=new.collection,
            added_at=new.added_at,
            options=dict(new.options),
        )
    )
    for one in (first, *more):
        add_grant(tx, one)


def add_grant(tx: Connection, new: Grant) -> None:
    """Store a grant of a source that is there. Earlier ones stay, as evidence."""
    tx.execute(
        insert(grant).values(
            id=new.id,
            source_id=new.source,
            granted_by=new.granted_by,
            scope=list(new.scope),
            purposes=sorted(new.purposes),
            given_at=new.given_at,
            until=new.until,
            evidence=new.evidence,
            revoked_at=new.revoked_at,
            seen_until=new.seen_until,
        )
    )


def set_options(tx: Connection, which: SourceId, options: Mapping[str, str]) -> None:
    """Say what the reader of a source needs from here on."""
    tx.execute(update(source).where(source.c.id == which).values(options=dict(options)))


def get(tx: Connection, which: str) -> Source:
    """Raises `NotFound` if there is no such source."""
    row = tx.execute(select(source).where(source.c.id == which)).first()
    if row is None:
        raise NotFound(f"{which}: no such source", hint="countenance source list shows them")
    return _read(row)


def list_all(tx: Connection) -> list[Source]:
    rows = tx.execute(select(source).order_by(source.c.added_at, source.c.id))
    return [_read(row) for row in rows]


def grants(tx: Connection, which: SourceId) -> list[Grant]:
    """Every grant that the source ever gave, oldest first."""
    rows = tx.execute(
        select(grant).where(grant.c.source_id == which).order_by(grant.c.given_at, grant.c.id)
    )
    return [_read_grant(row) for row in rows]


def grants_of(tx: Connection, which: Select[tuple[str]]) -> dict[SourceId, list[Grant]]:
    """The grants of the sources that a query gives the ids of, in one statement."""
    rows = tx.execute(
        select(grant).where(grant.c.source_id.in_(which)).order_by(grant.c.given_at, grant.c.id)
    )
    given: dict[SourceId, list[Grant]] = {}
    for row in rows:
        given.setdefault(SourceId(row.source_id), []).append(_read_grant(row))
    return given


def grant_for(tx: Connection, which: SourceId, locator: str, *, at: datetime) -> Grant:
    """
    The grant under which the bytes at `locator` may be worked on at `at` (P1).

    Raises `NoGrant`, saying why the newest grant does not cover it.
    """
    given = grants(tx, which)
    for one in reversed(given):
        if one.covers(locator, at):
            return one
    if not given:
        raise NoGrant(f"{which}: no grant was ever given")
    given[-1].require(locator, at)
    raise NoGrant(f"{which}: no grant covers {locator}")


def covered(tx: Connection, one: Photo, *, at: datetime) -> bool:
    """Whether a grant in force at `at` covers one of the places where the photo stands."""
    return bool(those_covered(tx, [one], at=at))


def those_covered(tx: Connection, several: Collection[Photo], *, at: datetime) -> list[Photo]:
    """Those of `several` of which a grant in force at `at` covers one of the places they stand."""
    given = {which: grants(tx, which) for which in {one.source for one in several}}
    return [
        one
        for one in several
        if any(grant.covers(locator, at) for grant in given[one.source] for locator in one.locators)
    ]


def supersede(tx: Connection, which: SourceId, *, at: datetime) -> None:
    """
    End the grants of the source that are in force, for its owner gives another in their place.

    Nothing was taken back: what the new one covers stays.
    """
    for one in grants(tx, which):
        if one.stands(at):
            tx.execute(update(grant).where(grant.c.id == one.id).values(until=at))


def saw(tx: Connection, which: SourceId, *, until: datetime) -> None:
    """The grants of the source that need to be seen were: until then they hold."""
    tx.execute(
        update(grant)
        .where(
            grant.c.source_id == which,
            grant.c.revoked_at.is_(None),
            grant.c.seen_until.is_not(None),
        )
        .values(seen_until=until)
    )


def revoke(tx: Connection, which: SourceId, *, at: datetime) -> tuple[GrantId, ...]:
    """End every grant of the source. From this transaction on nothing of it is in any answer."""
    ended = tx.execute(
        update(grant)
        .where(grant.c.source_id == which, grant.c.revoked_at.is_(None))
        .values(revoked_at=at)
        .returning(grant.c.id)
    )
    return tuple(GrantId(row.id) for row in ended)


# --------------------------------------------------------------------------------------------


def _read(row: Row[Any]) -> Source:
    return Source(
        id=SourceId(row.id),
        kind=SourceKind(row.kind),
        location=row.location,
        collection=CollectionId(row.collection_id),
        added_at=row.added_at,
        options=row.options,
    )


def _read_grant(row: Row[Any]) -> Grant:
    return Grant(
        id=GrantId(row.id),
        source=SourceId(row.source_id),
        granted_by=row.granted_by,
        scope=tuple(row.scope),
        purposes=frozenset(GrantPurpose(word) for word in row.purposes),
        given_at=row.given_at,
        until=row.until,
        evidence=None if row.evidence is None else Digest(row.evidence),
        revoked_at=row.revoked_at,
        seen_until=row.seen_until,
    )
