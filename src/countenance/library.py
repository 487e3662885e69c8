"""
The Python API: one object, one method a use case.

    from countenance.library import Library

    with Library.open(Path("gala")) as library:
        library.ingest()
        for sighting in library.find("Ada", purpose=Purpose.FIND_ME).sightings:
            print(sighting.locator, sighting.band)
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection

from countenance.audit.entry import Act, Entry
from countenance.catalog import (
    collections,
    guardians,
    items,
    log,
    notices,
    people,
    photos,
    sightings,
    sources,
)
from countenance.catalog.collections import Collection
from countenance.catalog.database import Database
from countenance.catalog.evidence import Proof, prove
from countenance.catalog.guardians import Objection
from countenance.catalog.items import Trouble
from countenance.catalog.people import Person
from countenance.catalog.photos import Photo
from countenance.catalog.sightings import Decision, Sighting, SightingState
from countenance.catalog.stores import Stores
from countenance.catalog.trail import SIGNED_EVERY, Trail
from countenance.core.canonical import Digest
from countenance.core.clock import Clock, SystemClock
from countenance.core.ids import GrantId, SourceId, new_id
from countenance.enrol.enrol import Agreement, Enrolment, Portrait, enrol, look_at
from countenance.erasure.expire import expire
from countenance.erasure.objection import Objected, lift, object_to
from countenance.erasure.withdraw import Withdrawal, destroy_strays, withdraw
from countenance.errors import (
    Error,
    Locked,
    NoLibrary,
    Unavailable,
    UsageError,
    VerificationError,
)
from countenance.extract.extractor import Extractor
from countenance.ingest.compare import compare_all
from countenance.ingest.granted import GrantedReader
from countenance.ingest.listing import Scanned
from countenance.ingest.progress import Progress, silent
from countenance.ingest.run import Report, ingest, scan
from countenance.ingest.writer import Writer
from countenance.media.decoder import Decoder
from countenance.media.limits import Limits
from countenance.people.consent import Consent
from countenance.people.guardians import Guardian, Standing
from countenance.people.notice import load_notice
from countenance.people.purpose import Purpose, Wish
from countenance.search.asker import Asker
from countenance.search.byhand import add, decide
from countenance.search.find import Found, find
from countenance.search.probe import ProbeFace, search
from countenance.settings import Settings, load_settings
from countenance.sources.folder import FolderReader
from countenance.sources.grant import Grant, GrantPurpose
from countenance.sources.source import Reader, Source, SourceKind
from countenance.vault.blobs import BlobStore
from countenance.vault.files import unavailable
from countenance.vault.keys import KeyStore
from countenance.vault.layout import LibraryLayout, lock
from countenance.vault.signing import SigningKeyFile
from countenance.vision.models import ModelStore
from countenance.vision.pack import Pack, load_pack
from countenance.vision.vision import Vision

KEYS_OWNER_FILE = "library"
"""Beside the keys: the id of the library that they belong to."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a source's owner grants: by whom, for which locations and purposes, until when."""

    by: str
    until: datetime
    scope: tuple[str, ...] = ("**",)
    purposes: frozenset[GrantPurpose] = frozenset({GrantPurpose.MATCH})
    evidence: Digest | None = None

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
class SourceAdded:
    """A source that was added, and the collection that its pictures belong to."""

    source: Source
    grant: Grant
    collection: Collection


@dataclass(frozen=True, slots=True)
class Enrolled:
    """
    An enrolment, and how many earlier photos were searched for the person.

    `compared` is nothing if another run holds the library: then it, or the next ingest, searches.
    """

    enrolment: Enrolment
    compared: int | None


@dataclass(frozen=True, slots=True)
class Inventory:
    """How much there is in a library."""

    photos: int
    faces: int
    people: int
    sightings: int


class Library:
    """
    One library: one data folder, one controller.

    It is not shared between threads. Use it as a context manager, or call `close`.
    """

    def __init__(self, root: Path, settings: Settings, *, clock: Clock) -> None:
        self._layout = LibraryLayout(root)
        self._settings = settings
        self._clock = clock
        self._database = Database.at(self._layout.catalog)
        self._stores = Stores(
            self._database, KeyStore(settings.keys_dir), BlobStore(self._layout.vault), clock
        )
        self._signing_key = SigningKeyFile(settings.keys_dir)
        self._trail = Trail(self._database, self._signing_key, clock, self._require_own_keys)
        self._acted = False
        self._decoder = Decoder(Limits())

    @classmethod
    def init(cls, root: Path, settings: Settings | None = None, clock: Clock | None = None) -> Self:
        """
        Make a library in the folder `root`, and open it.

        Raises `UsageError` if there is one already, or if its folder for keys holds those of
        another, and `Unavailable` if it cannot be made.
        """
        layout = LibraryLayout(root)
        layout.create()
        made = cls(root, settings or load_settings(root), clock=clock or SystemClock())
        with made._closed_on_error():
            if made._database.revision():
                raise UsageError(f"{root}: there is a library here already")
            library_id = new_id("l")
            made._take_keys_folder(library_id)
            made._database.create(library_id, at=made._clock.now())
            # Where the key cannot be made now, it is made when it is first needed.
            with suppress(Unavailable):
                made._trail.key()
        return made

    @classmethod
    def open(cls, root: Path, settings: Settings | None = None, clock: Clock | None = None) -> Self:
        """
        Open the library in the folder `root`.

        Raises `NoLibrary` if there is none, and `Unavailable` if a newer program made it.
        """
        if not LibraryLayout(root).exists():
            raise NoLibrary(
                f"{root}: there is no library here",
                hint="countenance init makes one; --library names one that stands elsewhere",
            )
        opened = cls(root, settings or load_settings(root), clock=clock or SystemClock())
        with opened._closed_on_error():
            opened._database.require_known_revision()
            opened._database.migrate()
        return opened

    def close(self) -> None:
        """Let go of everything. What was logged since is signed, if it can be."""
        if self._acted:
            self._sign(at_least=1)
        self._decoder.close()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def root(self) -> Path:
        return self._layout.root

    @property
    def settings(self) -> Settings:
        return self._settings

    @property
    def trail(self) -> Trail:
        """The audit log: read, signed, verified, written out."""
        return self._trail

    def now(self) -> datetime:
        """The present by which states are told: the clock, unless it was set back (P15)."""
        with self._database.read() as tx:
            return self._stores.now(tx)

    def damage(self) -> tuple[str, ...]:
        """What the catalog finds wrong in itself, in words; none if it is sound (P27)."""
        return self._database.damage()

    # --- collections ------------------------------------------------------------------------

    def add_collection(self, name: str) -> Collection:
        """Raises `UsageError` if the name is empty or taken."""
        with self._database.write() as tx:
            return collections.add(tx, name, at=self._stores.now(tx))

    def collections(self) -> list[Collection]:
        with self._database.read() as tx:
            return collections.list_all(tx)

    def set_rule(
        self, name: str, *, recognition: bool, ground: str = "", minors: bool | None = None
    ) -> Collection:
        """
        Say whether faces in a collection may be recognised, and on what ground.

        `minors` of nothing leaves that as it was. Raises `NotFound` if there is no such collection,
        and `UsageError` if recognition is switched on without a ground (P11).
        """
        if recognition and not ground.strip():
            raise UsageError(
                "recognition needs a ground: why may faces here be recognised?",
                hint='for example --ground "notice at the entrance, consent at registration"',
            )
        with self._database.write() as tx:
            now = collections.get(tx, name)
            rule = replace(
                now,
                recognition=recognition,
                ground=ground.strip(),
                minors=now.minors if minors is None else minors,
            )
            collections.set_rule(tx, rule, at=self._stores.now(tx))
            self._log(tx, Act.RULE_CHANGED, subjects=(rule.id,))
        self._did_act()
        return rule

    def add_to_roster(self, name: str, who: str) -> tuple[Collection, Person]:
        """
        Put a person on the roster of a collection; of minors, the next ingest finds them there.

        Raises `NotFound` if there is no such collection or person.
        """
        with self._database.write() as tx:
            where, person = collections.get(tx, name), people.get(tx, who)
            collections.add_to_roster(tx, where.id, person.id, at=self._stores.now(tx))
            # Somebody can newly be found: earlier photos are behind the gallery again.
            people.raise_gallery_version(tx)
            self._log(tx, Act.ROSTER_CHANGED, subjects=(where.id, person.id))
        return where, person

    def remove_from_roster(self, name: str, who: str) -> tuple[Collection, Person]:
        """
        Take a person off a roster: in a collection of minors they are found no more, at once.

        Raises `NotFound` if there is no such collection or person, or if they are not on it.
        """
        with self._database.write() as tx:
            where, person = collections.get(tx, name), people.get(tx, who)
            collections.remove_from_roster(tx, where.id, person.id)
            self._log(tx, Act.ROSTER_CHANGED, subjects=(where.id, person.id))
        return where, person

    def roster(self, name: str) -> list[Person]:
        """Those on a collection's roster, by name. Raises `NotFound` if it does not exist."""
        with self._database.read() as tx:
            on_it = collections.roster_of(tx, collections.get(tx, name).id)
            return [one for one in people.list_all(tx) if one.id in on_it]

    # --- sources ----------------------------------------------------------------------------

    def add_folder(
        self, folder: Path, given: Given, *, collection: str = "", ground: str = ""
    ) -> SourceAdded:
        """
        Add a folder of pictures as a source, under a grant; or renew the grant of one.

        They belong to `collection`, by default one named like the folder, which is made if there is
        none. A `ground` switches recognition on for it. Nothing is read yet. Raises `UsageError` if
        the folder is not one, is a source of another collection already, or if the grant is over
        before it begins.
        """
        location = folder.expanduser().resolve()
        if not location.is_dir():
            raise UsageError(f"{folder}: no such folder")
        with self._database.write() as tx:
            at = self._stores.now(tx)
            given.check(at)
            known = sources.at_location(tx, SourceKind.FOLDER, str(location))
            where = self._collection_for(tx, known, collection, default=location.name or "main")
            source = known or Source(
                SourceId(new_id("d")), SourceKind.FOLDER, str(location), where.id, at
            )
            grant = given.to(source.id, at)
            if known is None:
                sources.add(tx, source, grant)
            else:
                sources.add_grant(tx, grant)
            self._log(tx, Act.SOURCE_ADDED, subjects=(source.id,), rests_on=(grant.id,))
            if ground.strip():
                where = replace(where, recognition=True, ground=ground.strip())
                collections.set_rule(tx, where, at=at)
                self._log(tx, Act.RULE_CHANGED, subjects=(where.id,))
        self._did_act()
        return SourceAdded(source, grant, where)

    def sources(self) -> list[Source]:
        with self._database.read() as tx:
            return sources.list_all(tx)

    def source(self, which: str) -> Source:
        """Raises `NotFound` if there is no such source."""
        with self._database.read() as tx:
            return sources.get(tx, which)

    def grants(self, source: SourceId) -> list[Grant]:
        with self._database.read() as tx:
            return sources.grants(tx, source)

    def troubles(self, source: SourceId) -> list[Trouble]:
        """What of a source could not be read, and why."""
        with self._database.read() as tx:
            return items.troubles(tx, [source])

    def scan(self, which: str) -> Scanned:
        """
        What changed at a source since the last ingest. No file is read, and nothing is stored.

        Raises `NotFound` if there is no such source, `NoGrant` if it has no grant in force, and
        `Unavailable` if it cannot be listed.
        """
        source = self.source(which)
        return scan(self._stores, source.id, self._reader(source))

    def revoke(self, source: str) -> tuple[GrantId, ...]:
        """
        End every grant of a source: nothing of it is in any answer from now on (P3).

        Raises `NotFound` if there is no such source.
        """
        with self._database.write() as tx:
            which = sources.get(tx, source).id
            ended = sources.revoke(tx, which, at=self._stores.now(tx))
            self._log(tx, Act.SOURCE_REVOKED, subjects=(which,), rests_on=ended)
        self._did_act()
        return ended

    # --- photos -----------------------------------------------------------------------------

    def ingest(self, chosen: Sequence[str] = (), *, progress: Progress = silent) -> Report:
        """
        List, read and recognise what is new at the sources `chosen`, or at all of them.

        May be ended at any moment, and goes on when called again. Raises `Locked` if another run
        holds the library, `NotFound` if a chosen source does not exist, `NoGrant` if one has no
        grant in force (of all sources, those are passed over), and `Unavailable` if a source or
        the model pack cannot be reached.
        """
        expire(self._stores)
        with self._at_work() as writer:
            wanted = self._chosen(chosen)
            report = ingest(
                writer,
                self.extractor,
                readers={source.id: self._reader(source) for source in wanted},
                workers=self._settings.workers,
                progress=progress,
            )
            with self._database.write() as tx:
                ids = tuple(source.id for source in wanted)
                self._log(tx, Act.INGESTED, subjects=ids)
        self._did_act()
        return report

    def photos(self) -> list[Photo]:
        """Every photo, with where it stands and the faces in it."""
        with self._database.read() as tx:
            return photos.list_all(tx)

    def url(self, sighting: Sighting) -> str:
        """The address at which a person can open the photo of a sighting."""
        return self._reader(self.source(sighting.source)).url(sighting.locator)

    def inventory(self) -> Inventory:
        with self._database.read() as tx:
            how_many, faces = photos.count(tx)
            return Inventory(how_many, faces, len(people.list_all(tx)), sightings.count(tx))

    # --- people -----------------------------------------------------------------------------

    def enrol(  # noqa: PLR0913  what somebody agrees to is said in one call
        self,
        who: str,
        portraits: Sequence[Portrait],
        wishes: tuple[Wish, ...],
        *,
        until: datetime | None = None,
        evidence: bytes | None = None,
        standing: Standing | None = None,
        guardian: tuple[str, str] | None = None,
        again: bool = False,
        progress: Progress = silent,
    ) -> Enrolled:
        """
        Enrol somebody from their pictures, and search the photos that are here for them.

        `who` is a new name, or with `again` a person's id or name. `evidence` are the bytes of what
        shows that they agree, `guardian` the name and the relation of who agrees for a child.
        Raises `PoorPicture` if no picture is good enough, and `Refused` if the name is taken, if a
        child has no guardian, if somebody died too lately to be enrolled from a record, or while an
        objection stands; then nothing is stored.
        """
        agreement = Agreement(
            wishes=wishes,
            notice=load_notice(self._settings.language),
            actor=self._settings.actor,
            until=until,
            evidence=evidence,
            standing=standing,
            guardian=guardian,
            historical_years=self._settings.historical_years,
        )
        looked = look_at(portraits, self.extractor)
        expire(self._stores)
        with self._own_keys():
            destroy_strays(self._stores)
            enrolment = enrol(who, looked, agreement, stores=self._stores, again=again)
        self._did_act()
        return Enrolled(enrolment, self._search_again(progress))

    def people(self) -> list[Person]:
        with self._database.read() as tx:
            return people.list_all(tx)

    def consents(self, who: str) -> tuple[Person, list[Consent]]:
        """A person, and all that they agreed to. Raises `NotFound` if there is no such person."""
        with self._database.read() as tx:
            person = people.get(tx, who)
            return person, people.consents(tx, people=[person.id])

    def withdraw(self, who: str, purpose: Purpose | None = None) -> Withdrawal:
        """
        Withdraw a person's consent to one purpose, or to everything.

        From the moment it is recorded they are found nowhere. Raises `NotFound` if there is no such
        person.
        """
        expire(self._stores)
        with self._own_keys():
            done = withdraw(who, purpose, actor=self._settings.actor, stores=self._stores)
            destroy_strays(self._stores)
        self._did_act()
        return done

    def object_to(self, who: str, *, by: str = "") -> Objected:
        """
        Record that `by` (a guardian; of nothing, the person) objects to being recognised.

        Raises `NotFound` if there is no such person, and `Refused` if `by` may not object.
        """
        done = object_to(who, by, actor=self._settings.actor, stores=self._stores)
        self._did_act()
        return done

    def lift_objection(self, who: str, *, by: str = "") -> tuple[Objection, ...]:
        """
        Take back the objections of `by`. Gives those of others that still stand.

        Raises `NotFound` if `by` has none standing.
        """
        standing = lift(who, by, actor=self._settings.actor, stores=self._stores)
        self._did_act()
        return standing

    def objections(self, who: str) -> list[Objection]:
        """The objections that stand against a person's being recognised."""
        with self._database.read() as tx:
            return guardians.standing(tx, people.get(tx, who).id)

    def guardians(self, who: str) -> list[Guardian]:
        with self._database.read() as tx:
            return guardians.of(tx, people.get(tx, who).id)

    def proofs(self, who: str) -> dict[Digest, Proof]:
        """
        What is there behind each digest of a person's consents: notices and evidence (P17).

        Raises `NotFound` if there is no such person.
        """
        with self._database.read() as tx:
            person = people.get(tx, who)
            events = [e for one in people.consents(tx, people=[person.id]) for e in one.events]
            shown = {event.notice for event in events if event.notice}
            words = notices.kept(tx, shown)
            kept = {one: Proof.KEPT if one in words else Proof.DIGEST_ONLY for one in shown}
            proving = {event.evidence for event in events if event.evidence}
            return kept | {one: prove(tx, self._stores, person, one) for one in proving}

    # --- searches ---------------------------------------------------------------------------

    def find(self, who: str, *, purpose: Purpose, collection: str = "") -> Found:
        """
        The pictures that a person is in. Nothing found is one answer, whatever the reason (P10).

        Raises `UsageError` if two people have this name.
        """
        asker = Asker(self._settings.actor, purpose)
        expire(self._stores)
        found = find(who, asker, stores=self._stores, in_collection=collection)
        self._did_act()
        return found

    def search(self, probe: bytes, *, purpose: Purpose) -> tuple[ProbeFace, ...]:
        """
        The faces of a picture, each with whom it may show, among those who agreed to this purpose.

        Raises `Unreadable` if the picture cannot be read.
        """
        asker = Asker(self._settings.actor, purpose)
        expire(self._stores)
        faces = search(probe, asker, extractor=self.extractor, stores=self._stores)
        self._did_act()
        return faces

    # --- by hand ----------------------------------------------------------------------------

    def add_sighting(self, photo: str, face: int, who: str) -> Decision:
        """
        Say that somebody is in a photo: in its face of this number, from 1, from left to right.

        It needs the consent that recognition needs, and no reference (P18). Raises `NotFound` if
        there is no such photo, face or person, `Refused` if consent, grant or roster does not cover
        it, and `UsageError` if the face or the person is spoken for.
        """
        return add(photo, face, who, actor=self._settings.actor, stores=self._stores)

    def confirm_sighting(self, which: str) -> Decision:
        """Raises as `add_sighting` does."""
        confirmed = SightingState.CONFIRMED
        return decide(which, confirmed, actor=self._settings.actor, stores=self._stores)

    def reject_sighting(self, which: str) -> Decision:
        """Raises `NotFound` if there is no such sighting."""
        rejected = SightingState.REJECTED
        return decide(which, rejected, actor=self._settings.actor, stores=self._stores)

    # --- models -----------------------------------------------------------------------------

    @cached_property
    def pack(self) -> Pack:
        """The model pack of the settings. Raises `NotFound` if there is no such pack."""
        return load_pack(self._settings.pack)

    @cached_property
    def extractor(self) -> Extractor:
        """
        The pack, loaded.

        Raises `NoModel` if its files are not on this machine, and `UsageError` if the library was
        filled with another pack: two packs' templates cannot be compared.
        """
        self._require_one_pack()
        prepared = ModelStore(self._settings.models_dir).locate(self.pack)
        vision = Vision(self.pack, prepared, long_side=self._settings.long_side)
        return Extractor(self._decoder, vision)

    # --- private ----------------------------------------------------------------------------

    @contextmanager
    def _closed_on_error(self) -> Iterator[None]:
        try:
            yield
        except Error:
            self.close()
            raise

    def _take_keys_folder(self, library_id: str) -> None:
        folder = self._settings.keys_dir
        with unavailable(f"the key folder {folder}"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._stores.keys.ids() or self._signing_key.exists():
                raise UsageError(
                    f"{folder}: here are the keys of another library",
                    hint="give each library a folder of its own: the setting `keys_dir`",
                )
            (folder / KEYS_OWNER_FILE).write_text(library_id, encoding="utf-8")

    @contextmanager
    def _own_keys(self) -> Iterator[None]:
        """Hold the keys: only those of this library, for the strays among them are destroyed."""
        with lock(self._settings.keys_dir):
            self._require_own_keys()
            yield

    def _require_own_keys(self) -> None:
        folder = self._settings.keys_dir
        with self._database.read() as tx:
            library_id = people.library_id(tx)
        with unavailable(f"the key folder {folder}"):
            owner = (folder / KEYS_OWNER_FILE).read_text(encoding="utf-8")
        if owner != library_id:
            raise Unavailable(f"{folder}: these are the keys of another library, {owner}")

    def _require_one_pack(self) -> None:
        with self._database.read() as tx:
            used = photos.packs(tx) | people.packs(tx)
        others = sorted(used - {self.pack.id})
        if others:
            raise UsageError(
                f"this library was filled with the pack {others[0]}, and not with {self.pack.id}",
                hint=f"set pack to {others[0]}, or make a new library for the other pack",
            )

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

    def _log(
        self,
        tx: Connection,
        act: Act,
        *,
        subjects: tuple[str, ...],
        rests_on: tuple[str, ...] = (),
    ) -> None:
        at, actor = self._stores.now(tx), self._settings.actor
        log.record(tx, Entry(act, at, actor, subjects=subjects, rests_on=rests_on))

    def _did_act(self) -> None:
        self._acted = True
        self._sign(at_least=SIGNED_EVERY)

    def _sign(self, *, at_least: int) -> None:
        # What was done is done, and in the log; only the signature is late. The next close signs,
        # and `audit verify` says what stands in the way.
        with suppress(Unavailable, VerificationError):
            self._trail.sign(at_least=at_least)

    @contextmanager
    def _at_work(self) -> Iterator[Writer]:
        with lock(self._layout.root):
            yield Writer(self._stores, self.pack)

    def _search_again(self, progress: Progress) -> int | None:
        try:
            return self._compare_all(progress)
        except Locked:
            return None

    def _compare_all(self, progress: Progress) -> int:
        with self._at_work() as writer:
            return compare_all(
                writer,
                self.extractor,
                readers={source.id: self._reader(source) for source in self.sources()},
                workers=self._settings.workers,
                progress=progress,
            )

    def _chosen(self, chosen: Sequence[str]) -> list[Source]:
        with self._database.read() as tx:
            if chosen:
                return [sources.get(tx, which) for which in chosen]
            now = self._stores.now(tx)
            return [
                source
                for source in sources.list_all(tx)
                if any(grant.in_force(now) for grant in sources.grants(tx, source.id))
            ]

    def _reader(self, source: Source) -> Reader:
        given, begun = self.grants(source.id), self.now()
        folder = FolderReader(
            Path(source.location),
            covers=lambda locator: any(
                one.covers(locator, max(begun, self._clock.now())) for one in given
            ),
        )
        return GrantedReader(folder, source.id, self._stores)
