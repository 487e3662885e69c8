"""
The writer: the only hand that stores what the stages found.

Everything about one photo is stored in one transaction, in which the grant, the collection's rule
and the consents are read again: what they say at the commit counts, not what they said when the
photo was taken up (P1, P5, P20). Templates come in with a record and go with it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from sqlalchemy import Connection

from countenance.catalog import (
    binding,
    collections,
    copies,
    hints,
    items,
    people,
    photos,
    sightings,
    sources,
    tombstones,
)
from countenance.catalog.items import Claim, ItemState, Lease, NoResult
from countenance.catalog.photos import Box, Face, NewPhoto, Photo, Told
from countenance.catalog.references import OpenGallery, open_gallery
from countenance.catalog.sightings import NewSighting, Said
from countenance.catalog.stores import Stores
from countenance.core.canonical import Digest, digest
from countenance.core.ids import CopyId, FaceId, GrantId, ItemId, PersonId, PhotoId, SourceId
from countenance.errors import NoGrant, Reason
from countenance.extract.extractor import Templates
from countenance.extract.recognise import Sieve, farthest, recognise, sieve
from countenance.gallery.bands import FALSE_HITS
from countenance.gallery.gallery import Gallery
from countenance.ingest.stage import ERASED, KnownPhoto, ReadPhoto, Record, UnreadPhoto, Work
from countenance.media.metadata import Metadata
from countenance.people.gate import admitted
from countenance.people.purpose import RECOGNISING
from countenance.sources.source import EXCLUDED, MINORS, Source
from countenance.vault.ledger import CopyKind
from countenance.vision.pack import Pack


@dataclass(frozen=True, slots=True)
class Stored:
    """
    What came of one record: at most one of photo and trouble.

    With `again` it is neither: the item is still taken, and its caller gives it back. With `late`
    it is neither too: the item is in other hands by now, or was worked on by them.
    """

    source: SourceId
    locator: str
    faces: int = 0
    sightings: int = 0
    known: bool = False
    again: bool = False
    late: bool = False
    reason: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """A photo whose faces are embedded again; no templates if no picture of it could be read."""

    photo: PhotoId
    templates: Templates | None


@dataclass(slots=True)
class Writer:
    """
    Stores records, one after the other, and claims the work that becomes records.

    `holding_keys` keeps a key that is made here from being swept before the catalog names it, and
    `false_hits` in 1,000 searches with a stranger's face may name somebody for sure.
    """

    stores: Stores
    pack: Pack
    holding_keys: Callable[[], AbstractContextManager[None]] = nullcontext
    false_hits: float = FALSE_HITS
    _opened: OpenGallery | None = field(default=None, init=False)

    def claim(self, wanted: list[SourceId], *, suspect: bool = False) -> Work | None:
        """
        Take one listed item of the sources `wanted`, or nothing if there is none.

        With `suspect` it is one in whose company many runs died, and else it is not. The attempt
        is counted, and the preview's row stands in the copy ledger, before any work.
        """
        with self.stores.database.write() as tx:
            at = self.stores.now(tx)
            taken = items.claim(tx, wanted, count=1, at=at, suspect=suspect)
            if not taken:
                return None
            return Work(taken[0], copies.intend(tx, CopyKind.PREVIEW, at=at))

    def allow(self) -> None:
        """Have photos compared again if other false hits than these were allowed before."""
        with self.stores.database.read() as tx:
            before = binding.false_hits(tx)
        if before == self.false_hits:
            return
        with self.stores.database.write() as tx:
            binding.allow(tx, self.false_hits)
            if self.false_hits != (FALSE_HITS if before is None else before):
                people.raise_gallery_version(tx)

    def take(self, wanted: list[SourceId], which: Sequence[ItemId], *, lease: Lease) -> list[Work]:
        """
        Take by lease what of `which` is still to be worked on, for a worker on another machine.

        As with `claim`, all of it is in the catalog before any work. May be called from any thread.
        """
        with self.stores.database.write() as tx:
            at = self.stores.now(tx)
            taken = items.claim_these(tx, wanted, which, lease=lease, at=at)
            return [Work(one, copies.intend(tx, CopyKind.PREVIEW, at=at)) for one in taken]

    def release(self, works: list[Work]) -> None:
        """Give back what was taken and not finished: its attempt is not counted."""
        with self.stores.database.write() as tx:
            items.release(tx, [work.claim for work in works], at=self.stores.now(tx))
        copies.remove_unconfirmed(self.stores, [work.preview for work in works])

    def store(self, record: Record) -> Stored:
        """
        Store one record. When this returns, the photo is done, whatever comes next.

        Of an item that was taken by lease nothing is stored unless the lease is still its holder's.
        """
        if isinstance(record, ReadPhoto) and self._is_held(record.work.claim):
            # The bytes are written before the transaction that confirms them. A crash between
            # the two leaves a file whose row is an intention: the next run removes both.
            self.stores.blobs.write(record.work.preview, record.preview, durable=False)
            if _hints(record):
                tombstones.ensure_key(self.stores, self.holding_keys)
        with self.stores.database.write() as tx:
            claim = record.work.claim
            if claim.holder and not items.holds(tx, claim):
                stored = Stored(claim.source, claim.locator, late=True)
                needless = [record.work.preview]
            else:
                stored, needless = self._store(tx, record)
        copies.remove_unconfirmed(self.stores, needless)
        return stored

    def compare(self, several: Sequence[Compared]) -> list[frozenset[PersonId]]:
        """
        Compare stored photos' faces with the gallery of now. Gives who is newly seen in each.

        A photo that was removed meanwhile, or that no grant covers now, is left alone.
        """
        with self.stores.database.write() as tx:
            there = photos.several(tx, [one.photo for one in several])
            granted = sources.those_covered(tx, there.values(), at=self.stores.now(tx))
            stored = {one.id: one for one in granted}
            said = sightings.said_of(tx, stored.keys())
            turn = _Turn(self, tx)
            seen = [
                self._compare(turn, stored[one.photo], one.templates, said[one.photo])
                if one.photo in stored
                else frozenset()
                for one in several
            ]
            turn.mark_compared()
            return seen

    def sieve_of(self, tx: Connection, which: SourceId) -> Sieve | None:
        """What tells the faces of a source that may be somebody's of the gallery of now."""
        opened = self.gallery(tx)
        gallery = self._gallery_of(tx, sources.get(tx, which))
        return sieve(gallery, self.pack, version=opened.version, false_hits=self.false_hits)

    @property
    def version(self) -> int:
        """Of the gallery that was opened last; 0 if none was."""
        return 0 if self._opened is None else self._opened.version

    def drop_vanished_previews(self, listed: list[SourceId]) -> None:
        """
        Remove the previews of photos that stand at their source no more.

        The rows stay, in no answer: what somebody decided holds when the file comes back, and then
        its preview is made again.
        """
        with self.stores.database.write() as tx:
            needless = photos.forget_vanished_previews(tx, listed)
        copies.remove_unconfirmed(self.stores, needless)

    def gallery(self, tx: Connection) -> OpenGallery:
        """The references in force, opened again if somebody was added since the last time."""
        version = people.gallery_version(tx)
        if self._opened is None or self._opened.version != version:
            self._opened = open_gallery(
                tx,
                self.stores.keys,
                purposes=RECOGNISING,
                pack=self.pack,
                at=self.stores.now(tx),
            )
        return self._opened

    # ----------------------------------------------------------------------------------------

    def _is_held(self, claim: Claim) -> bool:
        """Whether it is worth writing: the word that counts is that of the transaction."""
        if not claim.holder:
            return True
        with self.stores.database.read() as tx:
            return items.holds(tx, claim)

    def _store(self, tx: Connection, record: Record) -> tuple[Stored, list[CopyId]]:
        work, at = record.work, self.stores.now(tx)
        claim = work.claim
        try:
            grant = sources.grant_for(tx, claim.source, claim.locator, at=at)
        except NoGrant as exc:
            refusal = NoResult(ItemState.REFUSED, Reason.NO_GRANT, exc.message)
            return self._without_result(tx, work, refusal)
        if not isinstance(record, UnreadPhoto) and self._is_erased(tx, claim.source, record.digest):
            refusal = NoResult(ItemState.REFUSED, Reason.ERASED, ERASED)
            return self._without_result(tx, work, refusal)
        match record:
            case UnreadPhoto(reason=Reason.ERASED):
                refusal = NoResult(ItemState.REFUSED, record.reason, record.detail)
                return self._without_result(tx, work, refusal)
            case UnreadPhoto():
                failure = NoResult(ItemState.FAILED, record.reason, record.detail)
                return self._without_result(tx, work, failure)
            case KnownPhoto() | ReadPhoto():
                return self._with_result(tx, record, grant.id)

    def _without_result(
        self, tx: Connection, work: Work, why: NoResult
    ) -> tuple[Stored, list[CopyId]]:
        claim = work.claim
        before = items.give_up(tx, claim.id, why, at=self.stores.now(tx))
        stored = Stored(claim.source, claim.locator, reason=why.reason, detail=why.detail)
        return stored, [work.preview, *self._remove_former(tx, before)]

    def _with_result(
        self, tx: Connection, record: KnownPhoto | ReadPhoto, grant: GrantId
    ) -> tuple[Stored, list[CopyId]]:
        claim, at = record.work.claim, self.stores.now(tx)
        needless: list[CopyId] = []
        photo = photos.find_by_digest(tx, claim.source, record.digest)
        known, faces, seen = photo is not None, 0, 0
        if photo is not None and isinstance(record, ReadPhoto) and photos.is_bare(tx, photo):
            self._confirm_preview(tx, record)
            photos.set_preview(tx, photo, record.work.preview)
        elif photo is not None:
            needless.append(record.work.preview)
        elif isinstance(record, ReadPhoto):
            photo, seen = self._add(tx, record)
            faces = len(record.faces)
        else:
            # Its photo was removed between the stage and now, so its faces are not known.
            return Stored(claim.source, claim.locator, again=True), []
        short = record.short if isinstance(record, ReadPhoto) else None
        before = items.finish(tx, claim.id, photo, grant, at=at, short=short)
        needless += self._remove_former(tx, before)
        stored = Stored(claim.source, claim.locator, faces=faces, sightings=seen, known=known)
        return stored, needless

    def _add(self, tx: Connection, record: ReadPhoto) -> tuple[PhotoId, int]:
        work = record.work
        self._confirm_preview(tx, record)
        named = _hints(record)
        key = hints.key_of(tx, self.stores) if named else None
        new = NewPhoto(
            source=work.claim.source,
            digest=record.digest,
            width=record.width,
            height=record.height,
            pack=self.pack.id,
            preview=work.preview,
            faces=hints.marked(record.faces, named, key),
            told=_told(record.metadata),
            near=record.near,
            kind=record.kind,
            seconds=record.seconds,
        )
        photo = photos.add(tx, new, compared_with=0, at=self.stores.now(tx))
        turn = _Turn(self, tx)
        seen = self._sighted(turn, photo, new.source, new.faces, record.templates, Said())
        turn.mark_compared()
        return photo, len(seen)

    def _confirm_preview(self, tx: Connection, record: ReadPhoto) -> None:
        preview = record.preview
        copies.confirm(tx, record.work.preview, digest=digest(preview), size=len(preview))

    def _compare(
        self, turn: "_Turn", stored: Photo, templates: Templates | None, said: Said
    ) -> frozenset[PersonId]:
        new = self._sighted(turn, stored.id, stored.source, stored.faces, templates, said)
        return frozenset(one.person for one in new) - said.seen

    def _sighted(  # noqa: PLR0913, PLR0917  a photo, what is seen in it, and what was said of it
        self,
        turn: "_Turn",
        photo: PhotoId,
        source: SourceId,
        faces: tuple[Face, ...],
        templates: Templates | None,
        said: Said,
    ) -> list[NewSighting]:
        """Store who is seen in a photo, and give it; nothing is stored of one that stays behind."""
        whence, where = turn.source(source)
        if templates is None or not where.recognises:
            return []
        found = self._sightings(turn, whence, faces, templates, rejected=said.rejected)
        sifted = templates.sifted
        gallery, hits = turn.gallery_of(whence), self.false_hits
        if sifted is not None and farthest(gallery, self.pack, false_hits=hits) > sifted.limit:
            # Since it was sifted others are left out of this gallery, and among fewer people a
            # face may be farther off. It is compared another time.
            return []
        new = _beside(said.confirmed, found, {face.id: face for face in faces})
        if new or said.by_model:
            sightings.replace_candidates(turn.tx, photo, new, at=turn.at)
        turn.compared(photo, templates)
        return new

    def _sightings(
        self,
        turn: "_Turn",
        whence: Source,
        faces: tuple[Face, ...],
        templates: Templates,
        *,
        rejected: frozenset[tuple[FaceId, PersonId]],
    ) -> list[NewSighting]:
        tx, places = turn.tx, {face.id: place for place, face in enumerate(faces)}
        barred = [(places[face], person) for face, person in rejected]
        film = faces if any(face.track for face in faces) else ()
        matches = recognise(
            templates,
            turn.gallery_of(whence),
            self.pack,
            rejected=barred,
            film=film,
            false_hits=self.false_hits,
        )
        # The gallery in memory may be older than a withdrawal. Consents are read here, in the
        # transaction that stores (P5, P20); a gallery that holds somebody who left is opened anew.
        named = {match.person for match in matches.values()}
        consents = people.consents(tx, people=named) if named else {}
        if named - admitted(consents, purposes=RECOGNISING, at=self.stores.now(tx)).keys():
            self._opened = None
            turn.forget_galleries()
            matches = recognise(
                templates,
                turn.gallery_of(whence),
                self.pack,
                rejected=barred,
                film=film,
                false_hits=self.false_hits,
            )
        return [
            NewSighting(faces[row].id, match.person, match.band, in_film=bool(film))
            for row, match in matches.items()
        ]

    def _gallery_of(self, tx: Connection, whence: Source) -> Gallery:
        """
        Of minors only those on the roster are compared with anybody (P11), and nobody under age
        where whoever granted the source left them out.
        """
        found, where = self.gallery(tx).gallery, collections.get(tx, whence.collection)
        if where.minors:
            found = found.only(collections.roster_of(tx, where.id))
        if whence.options.get(MINORS) == EXCLUDED:
            found = found.only(people.of_age(tx))
        return found

    def _is_erased(self, tx: Connection, source: SourceId, offered: Digest) -> bool:
        """Whether a tombstone stands for it, also one that was set while it was worked on (P4)."""
        key = tombstones.key_of(tx)
        if key is None:
            return False
        mark = tombstones.mark(self.stores.keys.read(key), offered)
        return tombstones.stands(tx, source, mark)

    def _remove_former(self, tx: Connection, before: PhotoId | None) -> list[CopyId]:
        preview = None if before is None else photos.remove_if_unlisted(tx, before)
        return [] if preview is None else [preview]


# --------------------------------------------------------------------------------------------


class _Turn:
    """What one transaction asks of many photos, asked once. Its caller is the only writer."""

    def __init__(self, writer: Writer, tx: Connection) -> None:
        self.tx = tx
        self.at = writer.stores.now(tx)
        self._writer = writer
        self._sources: dict[SourceId, tuple[Source, collections.Collection]] = {}
        self._galleries: dict[SourceId, Gallery] = {}
        self._compared: dict[int, list[PhotoId]] = {}

    def source(self, which: SourceId) -> tuple[Source, collections.Collection]:
        if which not in self._sources:
            whence = sources.get(self.tx, which)
            self._sources[which] = whence, collections.get(self.tx, whence.collection)
        return self._sources[which]

    def gallery_of(self, whence: Source) -> Gallery:
        if whence.id not in self._galleries:
            self._galleries[whence.id] = self._writer._gallery_of(self.tx, whence)  # noqa: SLF001
        return self._galleries[whence.id]

    def forget_galleries(self) -> None:
        self._galleries.clear()

    def compared(self, photo: PhotoId, templates: Templates) -> None:
        """
        A photo is compared: with the gallery that is open, or, where its faces were sifted by an
        older one, with that, for who came since may have been passed over.
        """
        version, sifted = self._writer.version, templates.sifted
        if sifted is not None:
            version = min(version, sifted.version)
        self._compared.setdefault(version, []).append(photo)

    def mark_compared(self) -> None:
        for version, which in self._compared.items():
            photos.mark_compared(self.tx, which, version=version)


def _beside(
    confirmed: Collection[tuple[FaceId, PersonId]],
    found: Sequence[NewSighting],
    faces: Mapping[FaceId, Face],
) -> list[NewSighting]:
    """Those of `found` that what somebody confirmed leaves room for: other faces, other people."""
    taken = {face for face, _ in confirmed}
    return [
        one
        for one in found
        if one.face not in taken
        and not any(
            one.person == person and faces[one.face].meets(faces[face])
            for face, person in confirmed
        )
    ]


def _told(said: Metadata) -> Told:
    return Told(
        taken_at=said.taken_at,
        place=said.place,
        title=said.title,
        caption=said.caption,
        keywords="\n".join(said.keywords),
        creator=said.creator or said.credit,
        licence=said.licence or said.rights,
    )


def _hints(record: ReadPhoto) -> list[hints.Hint]:
    """The names beside faces that the file gives, where there is a face to give them to."""
    if not record.faces:
        return []
    return [
        (one.name, _in_pixels(one.box, record.width, record.height))
        for one in record.metadata.regions
        if one.kind == "face" and one.name
    ]


def _in_pixels(box: Box, width: int, height: int) -> Box:
    x1, y1, x2, y2 = box
    return x1 * width, y1 * height, x2 * width, y2 * height
