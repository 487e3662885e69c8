"""Web sites: when their grant files were seen, every version of these, and what pages showed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from countenance.catalog.tables import grant_file, page, site
from countenance.core.canonical import Digest, digest
from countenance.core.ids import SourceId
from countenance.errors import NotFound


@dataclass(frozen=True, slots=True)
class GrantFileSeen:
    """A grant file as it came: its bytes, from where, when, and under which certificate."""

    url: str
    at: datetime
    status: int
    body: bytes
    certificate: str = ""

    @property
    def digest(self) -> Digest:
        return digest(self.body)


@dataclass(frozen=True, slots=True)
class SiteState:
    """
    How a site stands.

    `seen_at` is when its grant file was seen in its place last; `failing_since` since when nobody
    answers there, and `trouble` what happens instead. `begun_at` and `ended_at` are those of the
    listing last begun; one that has not ended goes on.
    """

    source: SourceId
    seen_at: datetime
    failing_since: datetime | None = None
    trouble: str = ""
    begun_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class KnownPage:
    """What a page said when it was asked for last, and how to ask whether it still does."""

    url: str
    etag: str
    last_modified: str
    asked_at: datetime
    found: Mapping[str, Any]


def add(tx: Connection, which: SourceId, *, at: datetime) -> None:
    """Remember a site whose grant file was seen at `at`; nothing changes if it is known."""
    if tx.execute(select(site.c.source_id).where(site.c.source_id == which)).first() is None:
        tx.execute(insert(site).values(source_id=which, seen_at=at))


def get(tx: Connection, which: SourceId) -> SiteState:
    """Raises `NotFound` if the source is no web site."""
    row = tx.execute(select(site).where(site.c.source_id == which)).first()
    if row is None:
        raise NotFound(f"{which}: no web site")
    return SiteState(
        source=which,
        seen_at=row.seen_at,
        failing_since=row.failing_since,
        trouble=row.trouble,
        begun_at=row.begun_at,
        ended_at=row.ended_at,
    )


def saw(tx: Connection, which: SourceId, *, at: datetime) -> None:
    """The grant file stood in its place."""
    values = {"seen_at": at, "failing_since": None, "trouble": ""}
    tx.execute(update(site).where(site.c.source_id == which).values(values))


def failed(tx: Connection, which: SourceId, trouble: str, *, at: datetime) -> None:
    """Nobody answered where the grant file stands. Since when, is kept."""
    known = get(tx, which)
    values = {"failing_since": known.failing_since or at, "trouble": trouble}
    tx.execute(update(site).where(site.c.source_id == which).values(values))


def keep(tx: Connection, which: SourceId, seen: GrantFileSeen) -> None:
    """Keep a version of the grant file as evidence, if it is not the one kept last."""
    before = newest(tx, which)
    if before is not None and (before.digest, before.status) == (seen.digest, seen.status):
        return
    tx.execute(
        insert(grant_file).values(
            source_id=which,
            url=seen.url,
            seen_at=seen.at,
            status=seen.status,
            certificate=seen.certificate,
            digest=seen.digest,
            body=seen.body,
        )
    )


def newest(tx: Connection, which: SourceId) -> GrantFileSeen | None:
    """The version kept last."""
    versions = kept(tx, which)
    return versions[-1] if versions else None


def kept(tx: Connection, which: SourceId) -> list[GrantFileSeen]:
    """Every version that was seen, oldest first."""
    rows = tx.execute(
        select(grant_file).where(grant_file.c.source_id == which).order_by(grant_file.c.id)
    )
    return [
        GrantFileSeen(row.url, row.seen_at, row.status, row.body, row.certificate) for row in rows
    ]


def begin(tx: Connection, which: SourceId, *, at: datetime) -> datetime:
    """When the listing under way began: now, unless one was interrupted."""
    known = get(tx, which)
    if known.begun_at is not None and known.ended_at is None:
        return known.begun_at
    tx.execute(update(site).where(site.c.source_id == which).values(begun_at=at, ended_at=None))
    return at


def end(tx: Connection, which: SourceId, *, at: datetime) -> None:
    """The listing under way came to its end. What stood on pages not met in it is forgotten."""
    begun = get(tx, which).begun_at
    if begun is not None:
        tx.execute(delete(page).where(page.c.source_id == which, page.c.asked_at < begun))
    tx.execute(update(site).where(site.c.source_id == which).values(ended_at=at))


def recall(tx: Connection, which: SourceId, url: str) -> KnownPage | None:
    """What is known of a page, if anything."""
    row = tx.execute(select(page).where(page.c.source_id == which, page.c.url == url)).first()
    if row is None:
        return None
    return KnownPage(row.url, row.etag, row.last_modified, row.asked_at, row.found)


def remember(tx: Connection, which: SourceId, known: KnownPage) -> None:
    """Keep what a page said, in the place of what it said before."""
    values = {
        "etag": known.etag,
        "last_modified": known.last_modified,
        "asked_at": known.asked_at,
        "found": dict(known.found),
    }
    done = tx.execute(
        update(page).where(page.c.source_id == which, page.c.url == known.url).values(values)
    )
    if not done.rowcount:
        tx.execute(insert(page).values(source_id=which, url=known.url, **values))
