"""
Shares: links that show photos to whoever has them, made by somebody shown or at the desk.

A link shows nothing by itself: consents and grants are asked at each request, and once more as the
bytes leave (P8). The first bytes of a photo that leave are a disclosure (P23).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from countenance.audit.entry import Act, Entry
from countenance.catalog import copies, links, log, photos, recipients, shares
from countenance.catalog.disclosures import wish_for
from countenance.catalog.links import Link, LinkKind
from countenance.catalog.photos import Box, Photo, PhotoKind
from countenance.catalog.recipients import Terms
from countenance.catalog.shares import SharePhoto
from countenance.core.canonical import Digest, digest
from countenance.core.ids import CopyId, DisclosureId, PersonId, new_id
from countenance.errors import NoGrant, NotFound, Refused, Unreadable, UsageError
from countenance.library.links import Issued, LeadsNowhere
from countenance.library.own import OwnPictures, PictureBytes
from countenance.library.publishing import Publishing
from countenance.people.purpose import Purpose, Wish

if TYPE_CHECKING:
    from countenance.media.cut import Cut
    from countenance.media.release import Release
    from countenance.publish.disclose import Handling
    from countenance.publish.share import Standing, Why

MOST_PHOTOS = 24
"""In one share: each is looked at as closely as for a publication, while its maker waits."""

LONGEST = timedelta(days=366)
MAX_LABEL = 100

_CONTACT = "who made the link knows who has it"
_ACCEPTED = "what a link shows is for whoever has it, for as long as the link shows it"

_RENDERED = 64
"""Kept in memory, so that a page that is opened again is not painted again."""


@dataclass(frozen=True, slots=True)
class Sharing:
    """
    What a new share is like: what its maker calls it, and the instant at which it ends.

    `looked` is their word that they looked at the whole of each photo.
    """

    until: datetime
    label: str = ""
    looked: bool = False


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A photo that is not in a share, by its id or the sighting asked for, and why not."""

    photo: str
    why: "Why"


class NothingToShare(Refused):
    """None of the photos may be shown by a link: `left_out` says why of each."""

    def __init__(self, left_out: Sequence[LeftOut]) -> None:
        self.left_out = tuple(left_out)
        super().__init__(f"none of them may be shown by a link: {left_out[0].why}")


@dataclass(frozen=True, slots=True)
class Shared:
    """A new share: what stands in it is shown now and never again. `count` photos are in it."""

    issued: Issued
    count: int
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """A share that there is, and how many photos it shows now, of how many."""

    link: Link
    shows: int
    of: int


@dataclass(frozen=True, slots=True)
class SharedPicture:
    """A photo that a share shows now, by its number there; upright, in pixels of the photo."""

    number: int
    width: int
    height: int

    @property
    def ratio(self) -> float:
        return self.width / self.height


@dataclass(frozen=True, slots=True)
class Opened:
    """A share as whoever has it sees it. `gone` says that it showed more once."""

    link: Link
    pictures: tuple[SharedPicture, ...]
    gone: bool


class Shares(OwnPictures, Publishing):
    """What is done with links that show photos."""

    def share(self, which: Sequence[str], channel: str, sharing: Sharing) -> Shared:
        """
        A new link that shows photos (ids, or paths at the source) to whoever has it, as in
        `channel`: whoever did not agree to that is covered.

        Each photo is read and looked at closely first. Those that may not be shown at all are left
        out. Raises `Refused` if none remains, or without a person's word that they looked;
        `UsageError` without a channel, an end, or with too many photos; `NotFound` if there is no
        such photo, and as `check` does if one cannot be read.
        """
        wish = Wish(Purpose.MAY_PUBLISH, channel.strip())
        found = [self._anything(one) for one in dict.fromkeys(which)]
        self._latch()
        with self._database.read() as tx:
            made = self._new_share(tx, sharing)
        return self._share(replace(made, channel=wish.channel), found)

    def share_mine(self, token: str, which: Sequence[str], sharing: Sharing) -> Shared:
        """
        A new link that shows some of one's own pictures, by their sightings, to whoever has it.

        Everybody else in them is covered, whatever they agreed to. It ends with one's consent to be
        found. Raises `LeadsNowhere` if one's link does, and else as `share` does.
        """
        from countenance.publish.share import Why

        own = self.own(token)
        found, left = [], []
        with self._database.read() as tx:
            made = self._new_share(tx, sharing)
            for one in dict.fromkeys(which):
                try:
                    photo = photos.get(tx, self._my_sighting(tx, own, one).photo)
                except NotFound:
                    photo = None
                if photo is None:
                    left.append(LeftOut(one, Why.NOT_YOURS))
                else:
                    found.append(photo)
        with self.acting_as(own.person.id):
            return self._share(replace(made, person=own.person.id), found, left)

    def shares(self) -> list[Share]:
        """Every share of the desk and of people, the newest first, without what stands in it."""
        with self._database.read() as tx:
            return self._shares(tx, None, every=True)

    def desk_shares(self) -> list[Share]:
        """Those of the desk."""
        with self._database.read() as tx:
            return self._shares(tx, None)

    def my_shares(self, token: str) -> list[Share]:
        """One's own. Raises `LeadsNowhere` if one's link does."""
        with self._database.read() as tx:
            return self._shares(tx, self._own(tx, token).person.id)

    def end_share(self, which: str) -> Link:
        """
        End a share: from now on it shows nothing. What was seen was rightly seen, and stays so.

        Raises `NotFound` if there is no such share.
        """
        with self._database.read() as tx:
            if links.get(tx, which).kind is not LinkKind.SHARE:
                raise NotFound(f"{which}: no such share", hint="countenance share list shows them")
        return self.end_link(which)

    def end_my_share(self, token: str, which: str) -> Link:
        """End one of one's own. Raises as above, and `LeadsNowhere` if one's link does."""
        own = self.own(token)
        with self._database.read() as tx:
            if links.get(tx, which).person != own.person.id:
                raise NotFound(f"{which}: no such share")
        with self.acting_as(own.person.id):
            return self.end_share(which)

    # --- followed ---------------------------------------------------------------------------

    def shared(self, token: str) -> Opened:
        """
        What a share shows now, to whoever has it. It is seen that it was opened.

        Raises `LeadsNowhere` if there is no such share, if it ended, or if whoever made it agrees
        to nothing any more.
        """
        from countenance.publish.share import standing

        self._latch()
        with self._database.write() as tx:
            at = self._stores.now(tx)
            found = self._followed(tx, token, at=at)
            links.used(tx, found.id, at=at)
            listed = shares.of(tx, found.id)
            stand = [(one, standing(tx, found, one, at=at)) for one in listed]
        shown = tuple(
            SharedPicture(one.number, now.photo.width, now.photo.height)
            for one, now in stand
            if now is not None
        )
        most = max((one.number for one in listed), default=0)
        return Opened(found, shown, gone=len(shown) < most or not listed)

    def shared_picture(self, token: str, number: int, how: "Cut") -> PictureBytes:
        """
        A photo of a share as it leaves: `WHOLE`, or `SMALL`. The first time it is a disclosure.

        Raises `LeadsNowhere` if the share does, or if the photo is not to be shown any more.
        """
        from countenance.media.cut import Cut, cut
        from countenance.publish.disclose import Handling

        if how is Cut.FACE:
            raise LeadsNowhere("nobody is cut out of a photo that is shared")
        with self._database.read() as tx:
            at = self._stores.now(tx)
            link = self._followed(tx, token, at=at)
            one, now = self._standing(tx, link, number, at=at)
        which = one.disclosure or DisclosureId(new_id("x"))
        data = self._rendered(now, which)
        # What rendering took, somebody may have used to say no.
        with self._database.write() if one.disclosure is None else self._database.read() as tx:
            at = self._stores.now(tx)
            again, still = self._standing(tx, self._followed(tx, token, at=at), number, at=at)
            if one.disclosure is None and again.disclosure is None:
                handling = Handling(still.hidden, covers=len(still.boxes), file=digest(data))
                self._disclose(tx, link, again, handling, which, at=at)
        if again.disclosure not in (None, which):
            # Another was quicker: the file bears the number under which it is called back.
            data = self._rendered(still, again.disclosure)
        if one.disclosure is None:
            self._did_act()
        if how is Cut.SMALL:
            data = cut(data, Cut.SMALL, box=(0, 0, 1, 1), width=1)
        return PictureBytes(data, "image/jpeg", digest(data)[:32])

    # ----------------------------------------------------------------------------------------

    def _new_share(self, tx: Connection, sharing: Sharing) -> Link:
        if not sharing.looked:
            raise Refused(
                "nobody has looked at the whole of each photo",
                hint="whom the program missed is in no list: look, and say so",
            )
        if len(sharing.label) > MAX_LABEL:
            raise UsageError(f"a share is called something in at most {MAX_LABEL} characters")
        made = self._link(tx, LinkKind.SHARE, None, sharing.until)
        if sharing.until > made.made_at + LONGEST:
            raise UsageError(f"a share ends within {LONGEST.days} days")
        return replace(made, label=sharing.label.strip())

    def _share(self, made: Link, found: Sequence[Photo], left: Sequence[LeftOut] = ()) -> Shared:
        from countenance.publish.share import Why, to_be_shown

        if not 1 <= len(found) + len(left) <= MOST_PHOTOS:
            raise UsageError(f"a share shows at least one photo, and at most {MOST_PHOTOS}")
        left, looked = list(left), []
        for photo in found:
            try:
                covers = () if photo.kind is PhotoKind.FILM else self._closely(photo)
            except NoGrant:
                left.append(LeftOut(photo.id, Why.NOT_GRANTED))
            except (Unreadable, Refused):
                left.append(LeftOut(photo.id, Why.UNREADABLE))
            else:
                looked.append((photo, covers))
        with self._database.write() as tx:
            at = self._stores.now(tx)
            self._require_recipient(tx, at=at)
            new: list[SharePhoto] = []
            for photo, covers in looked:
                now = photos.get(tx, photo.id)
                if now is None or now.faces != photo.faces:
                    left.append(LeftOut(photo.id, Why.ANOTHER))
                    continue
                shown = to_be_shown(tx, now, made, at=at)
                if isinstance(shown, Why):
                    left.append(LeftOut(photo.id, shown))
                else:
                    new.append(SharePhoto(len(new) + 1, now.id, shown, covers))
            if not new:
                raise NothingToShare(left)
            # Made now, so that whatever ends from here on ends it.
            issued = self._issue_share(tx, replace(made, made_at=at), new)
        self._did_act()
        return Shared(issued, len(new), tuple(left))

    def _closely(self, photo: Photo) -> tuple[Box, ...]:
        from countenance.publish.share import look_closely

        picture = self.extractor.decoder(self._bytes(photo), half=False)
        return look_closely(photo, picture.pixels, self.extractor.vision)

    def _issue_share(self, tx: Connection, made: Link, new: Sequence[SharePhoto]) -> Issued:
        token = links.new_token()
        links.add(tx, made, token)
        shares.add(tx, made.id, new)
        about = (made.id, *((made.person,) if made.person else ()), *(one.photo for one in new))
        purpose = str(wish_for(made.channel))
        actor = self._settings.actor
        log.record(tx, Entry(Act.LINK_ISSUED, made.made_at, actor, purpose, about))
        return Issued(made, token)

    def _require_recipient(self, tx: Connection, *, at: datetime) -> None:
        from countenance.publish.disclose import WHOEVER_HAS_A_LINK

        try:
            to = recipients.get(tx, WHOEVER_HAS_A_LINK)
        except NotFound:
            terms = Terms(WHOEVER_HAS_A_LINK, contact=_CONTACT, accepted=_ACCEPTED)
            to, _ = recipients.add(tx, terms, at=at)
            self._log(tx, Act.RECIPIENT_ADDED, subjects=(to.id,))
        if not to.live:
            raise Refused("no photo is shown by a link here any more")

    def _shares(self, tx: Connection, who: PersonId | None, *, every: bool = False) -> list[Share]:
        from countenance.publish.share import standing

        at = self._stores.now(tx)
        found = []
        for one in links.list_all(tx):
            if one.kind is LinkKind.SHARE and (every or one.person == who):
                listed = shares.of(tx, one.id) if one.leads(at) else []
                shown = [each for each in listed if standing(tx, one, each, at=at)]
                found.append(Share(one, len(shown), len(listed)))
        return found[::-1]

    def _followed(self, tx: Connection, token: str, *, at: datetime) -> Link:
        found = links.followed(tx, token, LinkKind.SHARE)
        if found is None or not found.leads(at):
            raise LeadsNowhere("this link leads nowhere")
        return found

    def _standing(
        self, tx: Connection, link: Link, number: int, *, at: datetime
    ) -> "tuple[SharePhoto, Standing]":
        from countenance.publish.share import standing

        for one in shares.of(tx, link.id):
            now = standing(tx, link, one, at=at) if one.number == number else None
            if now is not None:
                return one, now
        raise LeadsNowhere("this link leads nowhere")

    def _disclose(  # noqa: PLR0913  what is given by which link, as what
        self,
        tx: Connection,
        link: Link,
        one: SharePhoto,
        handling: "Handling",
        which: DisclosureId,
        *,
        at: datetime,
    ) -> None:
        from countenance.publish.disclose import WHOEVER_HAS_A_LINK, Giving, disclose_in

        wish = wish_for(link.channel)
        giving = Giving(wish, WHOEVER_HAS_A_LINK, link.id, link.person, link.id)
        disclose_in(tx, one.photo, giving, handling, which=which, at=at)
        shares.give(tx, link.id, one.number, which)

    def _rendered(self, now: "Standing", which: DisclosureId) -> bytes:
        from countenance.media.metadata import Metadata
        from countenance.media.release import Release

        preview = now.photo.preview
        assert preview is not None  # noqa: S101  `standing` asked for it
        with self._database.read() as tx:
            copy, told = copies.get(tx, preview), photos.told_of(tx, now.photo.id)
        said = Metadata(creator=told.creator, licence=told.licence)
        release = Release(which, now.release, said)
        return self._renderings(copy.id, copy.digest, now.boxes, release, now.photo.width)

    @cached_property
    def _renderings(self) -> Callable[..., bytes]:
        return lru_cache(_RENDERED)(self._rendered_anew)

    def _rendered_anew(
        self,
        preview: CopyId,
        expected: Digest,
        boxes: tuple[Box, ...],
        release: "Release",
        width: int,
    ) -> bytes:
        from countenance.publish.share import rendered

        data = self._stores.blobs.read(preview, expected=expected)
        return rendered(data, boxes, release, width=width)
