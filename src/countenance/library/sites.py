"""
Web sites: added under the grant file that stands there, and seen again before each reading.

    200, and it grants us    the grants of the catalog become what it says; they hold for 72 hours
    404 or 410               the site took its grant back: a takedown
    expired, revoked, or     the same
    to others only
    no grant file at all     what came from the site is hidden at once, and it counts as unseen
    anything else            nobody can tell, so nothing is read. 72 hours after it was seen last
                             nothing of the site is shown, and after 30 days it is a takedown
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from countenance.audit.entry import Act
from countenance.catalog import copies, items, photos, sites, sources, words
from countenance.catalog.items import ItemState, NoResult
from countenance.catalog.sites import GrantFileSeen, SiteState
from countenance.core.ids import SourceId
from countenance.errors import Error, NoGrant, Reason, Refused, Unavailable, Unreadable
from countenance.ingest.progress import Progress, silent
from countenance.library.sources import Place, SourceAdded, Sources
from countenance.library.terms import (
    GIVEN_UP_UNSEEN,
    HOLDS_UNSEEN,
    Standing,
    grants_of,
    is_as_granted,
    options_of,
    require_source_covered,
    retention_of,
    standing,
)
from countenance.sources.site.guard import Address, Origin
from countenance.sources.source import PRIVATE_NETWORK, Source, SourceKind, Unlisted

if TYPE_CHECKING:
    from countenance.ingest.listing import Scanned
    from countenance.sources.site.client import Fetcher

_FOUND = 200
_GONE = frozenset({404, 410})


class GrantTakenBack(NoGrant):
    """The site's grant file is gone, or says so itself."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """The grant files of a site that grant us something, its own first, and what is to be told."""

    standing: tuple[Standing, ...]
    notes: tuple[str, ...]


class Sites(Sources):
    """What is done with web sites."""

    def add_site(
        self,
        url: str,
        *,
        collection: str = "",
        ground: str = "",
        erased_too: bool = False,
        private_network: bool = False,
    ) -> tuple[SourceAdded, tuple[str, ...]]:
        """
        Add a web site whose own grant file allows it, or see that of one again.

        The listing begins at `url`. Nothing is asked of its host but the grant file. Gives what was
        added, and sentences on hosts of its pictures that do not grant. Raises `NoGrant`, with the
        reason, if the file does not allow it, `Unavailable` if it cannot be read now, `Refused` if
        the host may not be asked, and `UsageError` as `add_source` does.
        """
        address = Address.parse(url)
        options = {PRIVATE_NETWORK: "yes"} if private_network else {}
        place = Place(SourceKind.SITE, str(address), address.origin.host, options)
        fetcher = self._readers.fetcher(private=private_network)
        looks: list[GrantFileSeen] = []
        seen = self._look(address.origin, fetcher, looks)
        require_source_covered(seen.standing, str(address))
        added = self._add(
            place,
            lambda source, at: grants_of(seen.standing, source, at=at),
            collection=collection,
            ground=ground,
            erased_too=erased_too,
        )
        with self._database.write() as tx:
            self._keep(tx, added.source, seen.standing, looks)
        return added, seen.notes

    def site_token(self, host: Origin) -> str:
        """
        What a grant file of `host` names this library by, 43 characters; of the log's own key.

        Raises `Unavailable` if the keys are not here.
        """
        from countenance.sources.site.grantfile import site_token

        return site_token(self._readers.public_key(), host)

    def site(self, source: SourceId) -> SiteState:
        """How a site stands. Raises `NotFound` if the source is none."""
        with self._database.read() as tx:
            return sites.get(tx, source)

    def grant_files(self, source: SourceId) -> list[GrantFileSeen]:
        """Every version of the grant files of a site that was seen, oldest first."""
        with self._database.read() as tx:
            return sites.kept(tx, source)

    def scan(self, which: str, *, progress: Progress = silent) -> "Scanned":
        """As `Sources.scan`, once the grant file of a site was seen again."""
        self._see(self.source(which))
        return super().scan(which, progress=progress)

    # ----------------------------------------------------------------------------------------

    def _see_all(self, wanted: Sequence[Source]) -> tuple[list[Source], list[Unlisted]]:
        """
        See the grants of those that are sites. Gives those that may be read, and why not the rest.

        Raises what stands in the way of the last, if none may be.
        """
        here: list[Source] = []
        away: list[Unlisted] = []
        trouble: Error | None = None
        for one in wanted:
            try:
                self._see(one)
                here.append(one)
            except (NoGrant, Unavailable) as exc:
                trouble = exc
                away.append(Unlisted(one.id, exc.message))
        if trouble is not None and not here:
            raise trouble
        return here, away

    def _see(self, source: Source) -> None:
        """
        See that the grant file of a site stands there still, and do as it says.

        Raises `NoGrant` if it was taken back, and then everything of the source is taken down; and
        `Unavailable` if nobody can tell.
        """
        if source.kind is not SourceKind.SITE:
            return
        looks: list[GrantFileSeen] = []
        origin = Address.parse(source.location).origin
        fetcher = self._readers.fetcher(private=PRIVATE_NETWORK in source.options)
        try:
            seen = self._look(origin, fetcher, looks)
        except GrantTakenBack:
            self._keep_looks(source, looks)
            self.take_down(source.id)
            raise
        except (NoGrant, Refused, Unavailable, Unreadable) as exc:
            self._keep_looks(source, looks)
            self._unseen(source, exc)
            raise Unavailable(f"{origin}: its grant was not seen: {exc.message}") from exc
        with self._database.write() as tx:
            self._keep(tx, source, seen.standing, looks)
        self._let_go_of_old(source, retention_of(seen.standing))

    def _look(self, origin: Origin, fetcher: "Fetcher", looks: list[GrantFileSeen]) -> _Seen:
        """
        The grant files of a site and of the hosts that its pictures may lie on. Each is put to
        `looks` as it came.

        Raises as `_look_at` does if the site's own does not grant.
        """
        own = self._look_at(origin, fetcher, looks)
        found, notes = [own], []
        media = {host for one in own.grants for host in one.media_hosts}
        for host in sorted(media - {origin}):
            try:
                found.append(self._look_at(host, fetcher, looks))
            except (NoGrant, Refused, Unavailable, Unreadable) as exc:
                notes.append(f"{host}: its pictures are not read: {exc.message}")
        return _Seen(tuple(found), tuple(notes))

    def _look_at(self, origin: Origin, fetcher: "Fetcher", looks: list[GrantFileSeen]) -> Standing:
        """
        Raises `GrantTakenBack` if the file is gone or grants us nothing any more, `NoGrant` if what
        stands in its place is no grant file, and as the fetcher does if it cannot be asked for.
        """
        from countenance.sources.site.client import Asked
        from countenance.sources.site.grantfile import MAX_FILE_BYTES, parse_grant_file, well_known

        url = well_known(origin)
        fetched = fetcher.fetch(Asked(url, max_bytes=MAX_FILE_BYTES, accept="application/json"))
        if fetched.status != _FOUND and fetched.status not in _GONE:
            raise Unavailable(f"{url}: the server said {fetched.status}")
        at = self.now()
        body = fetched.body if fetched.status == _FOUND else b""
        looks.append(GrantFileSeen(url, at, fetched.status, body, fetched.certificate))
        if fetched.status in _GONE:
            raise GrantTakenBack(f"{url}: there is no grant file (status {fetched.status})")
        file = parse_grant_file(body, url)
        if at < file.issued:
            raise NoGrant(f"{url}: it begins on {file.issued:%Y-%m-%d}")
        try:
            return standing(file, public_key=self._readers.public_key(), at=at)
        except NoGrant as exc:
            raise GrantTakenBack(exc.message, hint=exc.hint) from exc

    def _keep(
        self,
        tx: Connection,
        source: Source,
        seen: Sequence[Standing],
        looks: Iterable[GrantFileSeen],
    ) -> None:
        """The grants become what the files say, from now on."""
        at = self._stores.now(tx)
        sites.add(tx, source.id, at=at)
        sites.saw(tx, source.id, at=at)
        for one in looks:
            sites.keep(tx, source.id, one)
        sources.set_options(tx, source.id, {**source.options, **options_of(seen)})
        known = [one for one in sources.grants(tx, source.id) if one.stands(at)]
        wanted = grants_of(seen, source.id, at=at)
        if is_as_granted(known, wanted):
            sources.saw(tx, source.id, until=at + HOLDS_UNSEEN)
            return
        sources.supersede(tx, source.id, at=at)
        for new in wanted:
            sources.add_grant(tx, new)
        self._log(
            tx, Act.SOURCE_ADDED, subjects=(source.id,), rests_on=tuple(one.id for one in wanted)
        )

    def _keep_looks(self, source: Source, looks: Iterable[GrantFileSeen]) -> None:
        with self._database.write() as tx:
            for one in looks:
                sites.keep(tx, source.id, one)

    def _unseen(self, source: Source, why: Error) -> None:
        """Nobody can tell whether the grant stands. Raises `NoGrant` if that is so for too long."""
        with self._database.write() as tx:
            at = self._stores.now(tx)
            sites.failed(tx, source.id, why.message, at=at)
            if isinstance(why, NoGrant):
                sources.saw(tx, source.id, until=at)
            since = sites.get(tx, source.id).seen_at
        if at - since >= GIVEN_UP_UNSEEN:
            self.take_down(source.id)
            raise NoGrant(
                f"{source.location}: its grant was not seen since {since:%Y-%m-%d}, and counts as "
                "taken back"
            )

    def _let_go_of_old(self, source: Source, kept_for: timedelta | None) -> None:
        """What was read longer ago than the grant lets us keep it is forgotten."""
        if kept_for is None:
            return
        why = NoResult(
            ItemState.REFUSED,
            Reason.KEPT_ITS_TIME,
            f"the grant lets it be kept for {kept_for.days} days",
        )
        with self._database.write() as tx:
            at = self._stores.now(tx)
            needless = [
                preview
                for held, photo in photos.read_before(tx, source.id, at - kept_for)
                if items.give_up(tx, held, why, at=at) is not None
                and (preview := photos.remove_if_unlisted(tx, photo)) is not None
            ]
            words.forget_deleted(tx)
        copies.remove_unconfirmed(self._stores, needless)
