"""
Uploads: pictures that have no other home are taken into the library's own vault.

Each file is taken whole or not at all. It is judged first: only what can be decoded within the
limits of every picture is kept. A source of this kind is all that one person granted for one
collection; each upload lies in a folder of its own in it, and its grant covers that folder alone,
so that a later upload renews nothing of an earlier one.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection

from countenance.catalog import copies, erasures, sources, tombstones, uploads
from countenance.core.canonical import Digest, digest
from countenance.core.ids import SourceId, new_id
from countenance.errors import ErasureIncomplete, NoGrant, Reason, Unreadable, UsageError
from countenance.ingest.progress import Progress, Step, silent
from countenance.library.sources import Given, Place, SourceAdded, Sources
from countenance.sources.names import locator_of, numbered
from countenance.sources.source import SourceKind
from countenance.vault.ledger import CopyKind
from countenance.vault.reserve import require_room


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that is in the vault now. If the very bytes were there before, they were `known`."""

    file: Path
    locator: str
    known: bool


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A file of which nothing was kept, and why."""

    file: Path
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class UploadDone:
    """What came of an upload. Where nothing was taken, there is no source and no grant of it."""

    added: SourceAdded | None
    taken: tuple[Taken, ...]
    refused: tuple[NotTaken, ...]


class Uploads(Sources):
    """What is done with pictures that have no other home."""

    def upload(
        self,
        files: Sequence[Path],
        given: Given,
        *,
        collection: str,
        ground: str = "",
        progress: Progress = silent,
    ) -> UploadDone:
        """
        Take `files` into the vault, under a grant for them.

        What is in `taken` survives a power cut from the return of this call. They are read by the
        next ingest. Raises `UsageError` without a collection or if the grant is over before it
        begins, `Locked` if another run holds the library, and `Unavailable` if there is no room.
        """
        if not collection.strip():
            raise UsageError("which collection do they belong to? --collection says it")
        with self._database.read() as tx:
            given.check(self._stores.now(tx))
        require_room(self.root)
        place = _place(given, collection.strip())
        with self._at_work():
            self._require_nothing_going(place)
            self._sweep_uploads()
            judged, refused = self._judge(files, progress)
            if not judged:
                return UploadDone(None, (), tuple(refused))
            folder = new_id("w")
            own = replace(given, scope=(f"{folder}/**",))
            added = self.add_source(place, own, collection=collection.strip(), ground=ground)
            taken: list[Taken] = []
            names: Counter[str] = Counter()
            for file, expected in judged:
                name = locator_of(file.name)
                names[name] += 1
                locator = f"{folder}/{numbered(name, names[name])}"
                try:
                    known = self._take(file, expected, added.source.id, locator)
                    taken.append(Taken(file, locator, known))
                except Unreadable as exc:
                    refused.append(NotTaken(file, exc.reason, exc.message))
                progress(Step("files kept", len(taken), len(judged), len(refused)))
        return UploadDone(added, tuple(taken), tuple(refused))

    def lost_originals(self) -> tuple[str, ...]:
        """The copies of originals that are damaged or gone: they have no other home."""
        with self._database.read() as tx:
            held = [copies.get(tx, which) for which in uploads.all_copies(tx)]
        return tuple(one.id for one in held if not self._stores.blobs.is_sound(one.id, one.digest))

    # ----------------------------------------------------------------------------------------

    def _sweep_uploads(self) -> None:
        """Remove what an upload that died had begun: nobody was told that it was taken."""
        with self._database.read() as tx:
            left = copies.unconfirmed(tx, CopyKind.ORIGINAL)
        copies.remove_unconfirmed(self._stores, left)

    def _judge(
        self, files: Sequence[Path], progress: Progress
    ) -> tuple[list[tuple[Path, Digest]], list[NotTaken]]:
        """Which files are pictures, by their digests, and why the others are not."""
        judged: list[tuple[Path, Digest]] = []
        refused: list[NotTaken] = []
        for file in files:
            try:
                data = self._read_upload(file)
                self._decoder(data, half=True)
                judged.append((file, digest(data)))
            except Unreadable as exc:
                refused.append(NotTaken(file, exc.reason, exc.message))
            progress(Step("files judged", len(judged), len(files), len(refused)))
        return judged, refused

    def _read_upload(self, file: Path) -> bytes:
        limit = self._decoder.limits.max_bytes
        try:
            if not file.is_file():
                raise Unreadable(Reason.NOT_A_PICTURE, "not an ordinary file")
            with file.open("rb") as opened:
                data = opened.read(limit + 1)
        except OSError as exc:
            raise Unreadable(Reason.NO_PERMISSION, f"it cannot be read: {exc.strerror}") from exc
        if len(data) > limit:
            raise Unreadable(
                Reason.TOO_MANY_BYTES, f"the file has more bytes than the {limit:,} allowed"
            )
        return data

    def _take(self, file: Path, expected: Digest, source: SourceId, locator: str) -> bool:
        """Keep one file. Gives whether its bytes were kept before."""
        data = self._read_upload(file)
        if digest(data) != expected:
            raise Unreadable(Reason.VANISHED, "it was written again while it was judged")
        with self._database.write() as tx:
            self._require_not_erased(tx, source, expected)
            known = uploads.find(tx, source, expected)
            if known is not None:
                uploads.place(tx, known, source=source, locator=locator)
        if known is not None:
            if not self._stores.blobs.is_sound(known, expected):
                # Damaged since: here are its bytes again.
                self._stores.blobs.write(known, data, durable=True)
            return True
        # (1) the row, (2) the file; a crash before (3) leaves what the next run sweeps away.
        which = uploads.write(self._stores, data)
        try:
            with self._database.write() as tx:
                # (3) confirmed, under a grant that is still in force: from here on it is taken.
                sources.grant_for(tx, source, locator, at=self._stores.now(tx))
                uploads.keep(tx, which, data, source=source, locator=locator)
        except NoGrant as exc:
            copies.remove_unconfirmed(self._stores, [which])
            raise Unreadable(Reason.NO_GRANT, exc.message) from exc
        return False

    def _require_not_erased(self, tx: Connection, source: SourceId, offered: Digest) -> None:
        """Raises `Unreadable` if it was taken down and no grant named it since (P4)."""
        from countenance.ingest.stage import ERASED

        key = tombstones.key_of(tx)
        if key is None:
            return
        mark = tombstones.mark(self._stores.keys.read(key), offered)
        if tombstones.stands(tx, source, mark):
            raise Unreadable(Reason.ERASED, ERASED)

    def _require_nothing_going(self, place: Place) -> None:
        """
        Raises `ErasureIncomplete` while what was taken down there is on its way out.

        What is taken meanwhile would go with it, and it has no other home.
        """
        self._carry_on_all()
        with self._database.read() as tx:
            there = sources.at_location(tx, place.kind, place.location)
            case = None if there is None else erasures.unfinished_of_source(tx, there.id)
        if case is not None:
            raise ErasureIncomplete(
                f"{place.location}: what was taken down there is not gone yet: {case}",
                hint="countenance takedown resume goes on with it",
            )


# --------------------------------------------------------------------------------------------


def _place(given: Given, collection: str) -> Place:
    """All that one person granted for one collection is one source."""
    return Place(SourceKind.UPLOAD, f"uploads to {collection} by {given.by.strip()}", collection)
