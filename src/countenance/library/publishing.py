"""Publishing: what of a photo may be shown in a channel, and the file that is given out."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from countenance.catalog import disclosures, people, photos, sources
from countenance.catalog.disclosures import Disclosure
from countenance.catalog.jobs import JobKind
from countenance.catalog.photos import Box, Photo, PhotoKind
from countenance.core.canonical import Digest, digest
from countenance.core.ids import ConsentId, PersonId
from countenance.errors import NoConsent, NoGrant, NotFound, Reason, Refused, Unreadable, UsageError
from countenance.ingest.progress import Progress, Step, silent
from countenance.library.recipients import Recipients
from countenance.library.sources import Sources
from countenance.sources.source import FileReader, OpenFile
from countenance.vault.layout import lock_file

if TYPE_CHECKING:
    from countenance.media.release import Packing
    from countenance.publish.check import Checked, CheckedFilm
    from countenance.publish.export import Order, Published
    from countenance.publish.permission import Permission
    from countenance.publish.plan import Hand


class Publishing(Recipients, Sources):
    """What is done before a picture is shown to others, and how it is given to them."""

    def check(self, photo: str, channel: str) -> "Checked":
        """
        What of a photo (its id, or its path at the source) may be shown in `channel`.

        It is read from its source and looked at again, more closely than for a search. Raises
        `NotFound` if there is no such photo, `NoConsent` of a film, `NoGrant` if it may not be read
        now, `Unreadable` and `Unavailable` if it cannot be, `Refused` if it is another by now, and
        `NoModel` if the pack's files are not on this machine.
        """
        from countenance.publish.check import check

        found = self._photo(photo)
        picture = self.extractor.decoder(self._bytes(found), half=False)
        actor, vision = self._settings.actor, self.extractor.vision
        done = check(
            found, picture.pixels, channel, vision=vision, actor=actor, stores=self._stores
        )
        self._did_act()
        return done

    def check_film(self, film: str, channel: str) -> "CheckedFilm":
        """
        Who is in a film (its id, or its path at the source) when, and who of them might be shown.

        It is what a search saw, which looks twice a second; the film is not read. Raises `NotFound`
        if there is no such film, and `UsageError` of a photo and without a channel.
        """
        from countenance.publish.check import check_film

        found = self._anything(film)
        if found.kind is not PhotoKind.FILM:
            raise UsageError(f"{film}: it is a photo, and no film")
        done = check_film(found, channel, actor=self._settings.actor, stores=self._stores)
        self._did_act()
        return done

    def publish(  # noqa: PLR0913  what, to whom, for which channel, where to, and who looked
        self,
        photo: str,
        recipient: str,
        *,
        channel: str,
        out: Path,
        looked: bool,
        hand: "Hand | None" = None,
        packing: "Packing | None" = None,
        progress: Progress = silent,
    ) -> "Published":
        """
        Give a photo (its id, or its path at the source) to a recipient, as a new file in `out`.

        Whoever may not be shown is covered, after what `hand` says; in a film that is everybody but
        those whom it asks to be shown, and there is no sound. A film is a job, one at a time: who
        asks for another waits. Photos are packed as `packing` says, else as JPEG. `looked` is a
        person's word that they looked at the whole of it, and that everybody in it is known to the
        check.

        Raises as `check` does, and `Refused` without that word, or if recipient, grant or consent
        does not allow it; `UsageError` if `hand` or `out` cannot be; and `VerificationError` if the
        file that was made fails its own check. Then there is no file.
        """
        from countenance.media.release import Packing
        from countenance.publish.export import Order, publish
        from countenance.publish.plan import UNTOUCHED

        if not looked:
            raise Refused(
                "nobody has looked at the whole photo",
                hint="whom the program missed is in no list: look, and say so",
            )
        self._require_outside(out)
        hand, packing = hand or UNTOUCHED, packing or Packing.JPEG
        order = Order(self._anything(photo), recipient, channel, out, hand, packing)
        actor, stores = self._settings.actor, self._stores
        if order.photo.kind is PhotoKind.FILM:
            done = self._publish_film(order, progress)
        else:
            data = self._bytes(order.photo)
            done = publish(order, data, extractor=self.extractor, actor=actor, stores=stores)
        self._did_act()
        return done

    def given_as(self, file: Digest) -> Disclosure | None:
        """The disclosure as which the very file of this digest was given out, if it was."""
        with self._database.read() as tx:
            return disclosures.of_file(tx, file)

    def given(self, which: str) -> tuple[Disclosure, Mapping[PersonId, ConsentId]]:
        """
        The disclosure of this id, and whom it shows, each on which consent.

        Raises `NotFound` if there is none.
        """
        with self._database.read() as tx:
            return disclosures.get(tx, which), disclosures.shown_in(tx, which)

    def boxes_in(self, made: Disclosure) -> Mapping[str, Box]:
        """
        Where the faces are, by id, of which something was said when this was given out, in pixels
        of the upright photo. Nowhere, once the photo is gone or no grant covers it.
        """
        with self._database.read() as tx:
            found = photos.get(tx, made.photo)
            if found is None or not sources.covered(tx, found, at=self._stores.now(tx)):
                return {}
            said = {one.face for one in made.faces}
            return {one.id: one.box for one in found.faces if one.id in said}

    def permission(self, *, number: str = "", file: Digest | None = None) -> "Permission | None":
        """
        What was given out under this number, or as the very file of this digest, if it may still
        be shown. Of what is unknown and of what has ended it is nothing, all alike.
        """
        from countenance.publish.permission import permission

        with self._database.read() as tx:
            if file is not None:
                made = disclosures.of_file(tx, file)
            else:
                made = next(iter(disclosures.list_all(tx, which=[number])), None)
            return permission(tx, made, at=self._stores.now(tx))

    def channels(self) -> list[str]:
        """Every channel that anybody has agreed to be shown in, in alphabetical order."""
        with self._database.read() as tx:
            return people.channels(tx)

    # ----------------------------------------------------------------------------------------

    def _publish_film(self, order: "Order", progress: Progress) -> "Published":
        from countenance.publish.film import publish_film

        seconds = ceil(order.photo.seconds or 0)
        with (
            lock_file(self._layout.filming),
            self._running(JobKind.PUBLISH_FILM, [order.photo.source], progress) as run,
            self._film(order.photo) as opened,
        ):
            done = publish_film(
                order,
                opened,
                extractor=self.extractor,
                actor=self._settings.actor,
                stores=self._stores,
                tell=lambda what, at: run(Step(f"seconds {what}", min(int(at), seconds), seconds)),
            )
            run.counts = {"covers": done.covers, "shown": len(done.shown)}
        return done

    def _photo(self, photo: str) -> Photo:
        found = self._anything(photo)
        if found.kind is PhotoKind.FILM:
            raise NoConsent(
                f"{photo}: a film is looked at twice a second: who else is in it is not known",
                hint="countenance publish covers everybody in a film",
            )
        return found

    def _anything(self, photo: str) -> Photo:
        which = self._photo_named(photo)
        with self._database.read() as tx:
            found = photos.get(tx, which)
        if found is None:
            raise NotFound(f"{photo}: no such photo", hint="countenance find shows them")
        return found

    def _bytes(self, photo: Photo) -> bytes:
        """The photo as it was ingested, from one of the places where it stands."""
        reader = self._reader(self.source(photo.source))
        trouble: Unreadable | None = None
        for locator in photo.locators:
            try:
                data = reader.read(locator, max_bytes=self._decoder.limits.max_bytes)
            except Unreadable as exc:
                trouble = exc
                continue
            if digest(data) == photo.digest:
                return data
        if trouble is not None:
            if trouble.reason is Reason.NO_GRANT:
                raise NoGrant(trouble.message) from trouble
            raise trouble
        raise Refused(
            f"{photo.id}: it does not stand at its source as it was",
            hint="countenance ingest reads what is there now",
        )

    @contextmanager
    def _film(self, photo: Photo) -> Iterator[OpenFile]:
        """The film as it was ingested, open, from one of the places where it stands."""
        reader = self._reader(self.source(photo.source))
        most = self.extractor.films.limits.max_bytes
        assert isinstance(reader, FileReader)  # noqa: S101  every reader of ours opens films
        for locator in photo.locators:
            with reader.open(locator, max_bytes=most) as opened:
                if _digest_of(opened) == photo.digest:
                    yield opened
                    return
        raise Refused(
            f"{photo.id}: it does not stand at its source as it was",
            hint="countenance ingest reads what is there now",
        )

    def _require_outside(self, out: Path) -> None:
        """What is given out is no new picture of a source, and not in the library's own folders."""
        own = [self.root, self._settings.keys_dir]
        with self._database.read() as tx:
            own += [Path(one.location) for one in sources.list_all(tx) if one.kind.is_path]
        where = out.absolute().resolve()
        for folder in own:
            if where.is_relative_to(folder.resolve()):
                raise UsageError(
                    f"{out}: it is in {folder}", hint="files to be given out stand by themselves"
                )


# --------------------------------------------------------------------------------------------

_PIECE_BYTES = 8 * 1024**2


def _digest_of(opened: OpenFile) -> Digest:
    made = hashlib.sha256()
    while piece := opened.file.read(_PIECE_BYTES):
        made.update(piece)
        opened.require()
    return Digest(made.hexdigest())
