"""Sources: where pictures come from, and who allows it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from countenance.audit.entry import Act
from countenance.catalog import collections, items, photos, sources
from countenance.catalog.collections import Collection
from countenance.catalog.items import Trouble
from countenance.core.canonical import Digest
from countenance.core.ids import GrantId, SourceId, new_id
from countenance.errors import UsageError
from countenance.ingest.progress import Progress, silent
from countenance.library.cases import Cases
from countenance.sources.bucket.place import BucketPlace
from countenance.sources.grant import Grant, GrantPurpose
from countenance.sources.iiif.place import IiifPlace
from countenance.sources.source import Source, SourceKind

if TYPE_CHECKING:
    from countenance.erasure.takedown import Takedown
    from countenance.ingest.listing import Scanned


@dataclass(frozen=True, slots=True)
class Given:
    """
    What a source's owner grants: by whom, for which locations and purposes, until when.

    `erased_too` says that it covers pictures that were taken down before: else they are refused.
    """

    by: str
    until: datetime
    scope: tuple[str, ...] = ("**",)
    purposes: frozenset[GrantPurpose] = frozenset({GrantPurpose.MATCH})
    evidence: Digest | None = None
    erased_too: bool = False

    def check(self, at: datetime) -> None:
        """Raises `UsageError` if nobody gave it, or if at `at` it is over already."""
        if self.until <= at:
            raise UsageError(
                f"it would be over before it begins: until {self.until:%Y-%m-%d %H:%M} UTC"
            )
        if not self.by.strip():
            raise UsageError("a grant needs to say by whom it was given")

    def to(self, source: SourceId, at: datetime) -> Grant:
        """The grant that this is, given to `source` at `at`."""
        return Grant(
            id=GrantId(new_id("g")),
            source=source,
            granted_by=self.by,
            scope=self.scope,
            purposes=self.purposes,
            given_at=at,
            until=self.until,
            evidence=self.evidence,
        )


@dataclass(frozen=True, slots=True)
class Place:
    """
    Where a source stands: its kind, its location, and what its reader needs besides.

    `name` is that of the collection which its pictures join if nobody says another.
    """

    kind: SourceKind
    location: str
    name: str
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceAdded:
    """
    A source that was added, and the collection that its pictures belong to.

    If it was there already, its grant was `renewed`.
    """

    source: Source
    grant: Grant
    collection: Collection
    renewed: bool


class Sources(Cases):
    """What is done with sources."""

    def add_folder(
        self, folder: Path, given: Given, *, collection: str = "", ground: str = ""
    ) -> SourceAdded:
        """
        Add a folder of pictures as a source, as `add_source` does.

        The collection is by default one named like it. Raises `UsageError` if the folder is none.
        """
        location = folder.expanduser().resolve()
        if not location.is_dir():
            raise UsageError(f"{folder}: no such folder")
        place = Place(SourceKind.FOLDER, str(location), location.name or "main")
        return self.add_source(place, given, collection=collection, ground=ground)

    def add_archive(
        self, archive: Path, given: Given, *, collection: str = "", ground: str = ""
    ) -> SourceAdded:
        """
        Add a zip or a tar of pictures as a source, as `add_source` does.

        The collection is by default one named like it. Raises `UsageError` if it is neither, and
        `Unavailable` if it cannot be read.
        """
        from countenance.sources.archive import require_archive

        location = archive.expanduser().resolve()
        if not location.is_file():
            raise UsageError(f"{archive}: no such file")
        require_archive(location)
        place = Place(SourceKind.ARCHIVE, str(location), location.name.partition(".")[0] or "main")
        return self.add_source(place, given, collection=collection, ground=ground)

    def add_bucket(
        self, bucket: BucketPlace, given: Given, *, collection: str = "", ground: str = ""
    ) -> SourceAdded:
        """Add a bucket, or a prefix of one, as `add_source` does. Nobody is asked anything yet."""
        place = Place(SourceKind.BUCKET, bucket.location, bucket.name, bucket.options)
        return self.add_source(place, given, collection=collection, ground=ground)

    def add_iiif(  # noqa: PLR0913  whom to ask, and what all sources are given
        self,
        address: str,
        given: Given,
        *,
        servers: Sequence[str] = (),
        private_network: bool = False,
        collection: str = "",
        ground: str = "",
    ) -> SourceAdded:
        """
        Add a IIIF manifest or collection as a source, as `add_source` does.

        Its own server is asked, and `servers`, and no others. Nobody is asked anything yet. Raises
        `UsageError` if one of these addresses may not be asked for.
        """
        iiif = IiifPlace(address, tuple(servers), private_network=private_network)
        place = Place(SourceKind.IIIF, iiif.location, iiif.name, iiif.options)
        return self.add_source(place, given, collection=collection, ground=ground)

    def add_source(
        self, place: Place, given: Given, *, collection: str = "", ground: str = ""
    ) -> SourceAdded:
        """
        Add a source of pictures under a grant, or renew the grant of one that is there.

        They belong to `collection`, which is made if there is none. A `ground` switches recognition
        on for it. Nothing is read yet. Raises `UsageError` if it lies in or around another source,
        or among the library's own files, if it is a source of another collection already, or if the
        grant is over before it begins.
        """

        def given_to(source: SourceId, at: datetime) -> list[Grant]:
            given.check(at)
            return [given.to(source, at)]

        return self._add(
            place, given_to, collection=collection, ground=ground, erased_too=given.erased_too
        )

    def sources(self) -> list[Source]:
        with self._database.read() as tx:
            return sources.list_all(tx)

    def sources_in_force(self) -> list[Source]:
        """Those that may be read now: with a grant in force."""
        with self._database.read() as tx:
            now = self._stores.now(tx)
            return [
                one
                for one in sources.list_all(tx)
                if any(grant.in_force(now) for grant in sources.grants(tx, one.id))
            ]

    def source(self, which: str) -> Source:
        """Raises `NotFound` if there is no such source."""
        with self._database.read() as tx:
            return sources.get(tx, which)

    def grants(self, source: SourceId) -> list[Grant]:
        with self._database.read() as tx:
            return sources.grants(tx, source)

    def is_here(self, source: Source) -> bool | None:
        """Whether it can be reached; nothing of what stands elsewhere, for nobody is asked."""
        match source.kind:
            case SourceKind.FOLDER:
                return Path(source.location).is_dir()
            case SourceKind.ARCHIVE:
                return Path(source.location).is_file()
            case SourceKind.UPLOAD:
                return True
            case _:
                return None

    def photos_of(self, source: SourceId) -> int:
        """How many photos there are of a source."""
        with self._database.read() as tx:
            return photos.count_of(tx, source)

    def troubles(self, source: SourceId) -> list[Trouble]:
        """What of a source could not be read, and why."""
        with self._database.read() as tx:
            return items.troubles(tx, [source])

    def scan(self, which: str, *, progress: Progress = silent) -> "Scanned":
        """
        What changed at a source since the last ingest. No file is read, and nothing is stored.

        Raises `NotFound` if there is no such source, `NoGrant` if it has no grant in force, and
        `Unavailable` if it cannot be listed.
        """
        from countenance.ingest.run import scan

        source = self.source(which)
        return scan(self._stores, source.id, self._reader(source), progress)

    def take_down(self, source: str, *, progress: Progress = silent) -> "Takedown":
        """
        End every grant of a source: nothing of it is in any answer from now on (P3).

        All that came from it then goes, as a case of erasure, and is refused when it is offered
        again (P4); where that cannot be finished now, `erasure` says so of the case. Raises
        `NotFound` if there is no such source.
        """
        from countenance.erasure.takedown import take_down

        done = take_down(source, actor=self._settings.actor, stores=self._stores)
        self._did_act()
        self._carry_on(done.erasure, progress)
        return done

    # ----------------------------------------------------------------------------------------

    def _add(
        self,
        place: Place,
        grants: Callable[[SourceId, datetime], Sequence[Grant]],
        *,
        collection: str,
        ground: str,
        erased_too: bool,
    ) -> SourceAdded:
        """Add a source, or renew it, under the grants that `grants` gives for its id and now."""
        from countenance.erasure.takedown import let_in_again

        # What is on its way out goes first: what is granted anew is read anew.
        self._carry_on_all()
        with self._database.write() as tx:
            at = self._stores.now(tx)
            known = sources.at_location(tx, place.kind, place.location)
            if known is None:
                self._require_alone(tx, place)
            made = known.id if known else SourceId(new_id("d"))
            given = grants(made, at)
            where = self._collection_for(tx, known, collection, default=place.name)
            source = known or Source(made, place.kind, place.location, where.id, at, place.options)
            if known is None:
                sources.add(tx, source, *given)
            else:
                for one in given:
                    sources.add_grant(tx, one)
                sources.set_options(tx, source.id, place.options)
            self._log(
                tx,
                Act.SOURCE_ADDED,
                subjects=(source.id,),
                rests_on=tuple(one.id for one in given),
            )
            if erased_too:
                let_in_again(tx, source.id, actor=self._settings.actor, stores=self._stores)
            if ground.strip():
                where = replace(where, recognition=True, ground=ground.strip())
                collections.set_rule(tx, where, at=at)
                self._log(tx, Act.RULE_CHANGED, subjects=(where.id,))
        self._did_act()
        return SourceAdded(source, given[0], where, renewed=known is not None)

    def _require_alone(self, tx: Connection, place: Place) -> None:
        """A picture is of one source: else the end of one's grant would leave it to the other."""
        if place.kind.is_path:
            self._require_apart(tx, Path(place.location))
        if place.kind is SourceKind.BUCKET:
            _require_other_bucket(tx, BucketPlace.read(place.options))

    def _require_apart(self, tx: Connection, location: Path) -> None:
        for own in (self._layout.vault, self._settings.keys_dir):
            if location.is_relative_to(own.resolve()):
                raise UsageError(f"{location}: here lie the library's own files")
        for other in sources.list_all(tx):
            if not other.kind.is_path:
                continue
            there = Path(other.location)
            if location.is_relative_to(there) or there.is_relative_to(location):
                side = "inside" if location.is_relative_to(there) else "around"
                raise _overlap(f"{location}: lies {side} the source {other.id}, {there}")

    def _collection_for(
        self, tx: Connection, known: Source | None, name: str, *, default: str
    ) -> Collection:
        if known is None:
            named = {one.name: one for one in collections.list_all(tx)}
            wanted = name or default
            if not name and wanted in named and named[wanted].recognition:
                # A ground was recorded for other pictures: nobody's join it unasked (P11).
                raise UsageError(
                    f"there is a collection {wanted} already, and recognition is on in it",
                    hint=f"--collection {wanted} adds these pictures to it; another name does not",
                )
            return named.get(wanted) or collections.add(tx, wanted, at=self._stores.now(tx))
        own = collections.get(tx, known.collection)
        if name and name not in (own.name, own.id):
            raise UsageError(
                f"{known.location}: source {known.id} belongs to collection {own.name}"
            )
        return own


# --------------------------------------------------------------------------------------------


def _require_other_bucket(tx: Connection, place: BucketPlace) -> None:
    for other in sources.list_all(tx):
        if other.kind is SourceKind.BUCKET and place.overlaps(BucketPlace.read(other.options)):
            raise _overlap(
                f"{place.location}: lies in or around the source {other.id}, {other.location}"
            )


def _overlap(what: str) -> UsageError:
    return UsageError(
        f"{what}: whoever ended the grant of one would leave the same pictures to the other",
        hint="--scope says which part of a source is granted",
    )
