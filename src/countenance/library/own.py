"""
What somebody does by a link of their own: see their pictures, say whether they are in one, take
them along, leave.

Whoever holds the link acts as that person, and the log says so by the person's id. Each answer asks
consent and grant at the instant it is given, each picture too (P8).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from countenance.audit.entry import Act, Entry
from countenance.catalog import (
    accounts,
    copies,
    disclosures,
    evidence,
    log,
    people,
    photos,
    sightings,
    sources,
)
from countenance.catalog.photos import Asked, Photo, Place
from countenance.catalog.received import received
from countenance.catalog.sightings import Seen, Sighting, SightingState, Within
from countenance.core.canonical import Digest, digest
from countenance.core.ids import CollectionId, CopyId, PhotoId, SightingId
from countenance.errors import Error, NotFound, Refused, Unreadable, UsageError
from countenance.library.links import Links, Own
from countenance.library.photos import address
from countenance.people.gate import admitted
from countenance.people.purpose import RECOGNISING, Purpose, Wish
from countenance.people.record import Delivery, Look
from countenance.sources.source import Reader

if TYPE_CHECKING:
    from countenance.erasure.withdraw import Withdrawal
    from countenance.media.cut import Cut

LOOKED_THROUGH_AT_ONCE = 60

SURE_AT_ONCE, TO_CHECK_AT_ONCE = 120, 30
"""Pictures on a page: of those one is in, and of those one is asked about."""

_WEB = ("https://", "http://")
"""Where a picture stands is told of the web alone: where a folder lies is nobody's to read."""

_AT_ONCE = 10_000  # values in one statement

_PICTURES_KEPT = 256
"""Cut in memory, so that a page that is opened again is not computed again."""


class Word(StrEnum):
    """What somebody says of a picture that may show them."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class MyPicture:
    """
    A picture that somebody is in, or may be. `pages` are where it stands on the web, if it does.

    `width` and `height` are those of the photo, upright, in pixels. `near` are its near-duplicates
    that this page may show, which stand elsewhere; those that are to be checked have none.
    """

    sighting: Sighting
    photo: PhotoId
    width: int
    height: int
    sure: bool
    pages: tuple[str, ...]
    near: tuple["MyPicture", ...] = ()

    @property
    def ratio(self) -> float:
        return self.width / self.height

    @property
    def places(self) -> tuple["MyPicture", ...]:
        """It and its near-duplicates, each where it stands."""
        return (self, *self.near)


@dataclass(frozen=True, slots=True)
class MyPictures:
    """
    One's pictures, newest first, a page of them; who looked for one, and who was given any of them.

    Of those that are `sure`, near-duplicates are one. Each that is to be checked stands by itself:
    a yes or a no is about the picture that was seen. `sure` are those from the place `begin` on of
    `all_sure`, and `to_check` the first of `all_to_check`. `seen` are how many sightings are sure,
    and how many to check.
    """

    own: Own
    sure: tuple[MyPicture, ...]
    to_check: tuple[MyPicture, ...]
    looks: tuple[Look, ...]
    deliveries: tuple[Delivery, ...]
    begin: int
    all_sure: int
    all_to_check: int
    seen: tuple[int, int]

    @property
    def every(self) -> tuple[MyPicture, ...]:
        """Each one on the page by itself, near-duplicates too."""
        return (*(place for one in self.sure for place in one.places), *self.to_check)


@dataclass(frozen=True, slots=True)
class PictureBytes:
    """A picture as it goes out, and what stands for its bytes."""

    data: bytes
    content_type: str
    tag: str


@dataclass(frozen=True, slots=True)
class Leaving:
    """What is there of somebody, and goes when they leave, in numbers."""

    own: Own
    pictures: int
    references: int
    kept: int
    evidence: int
    given_out: int
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LookedThrough:
    """Photos of a collection, in the order of time; `next` is where to go on, if there are more."""

    photos: tuple[Photo, ...]
    next: Place | None


class OwnPictures(Links):
    """What is done by a link of one's own. All raise `LeadsNowhere` if it does."""

    def my_pictures(self, token: str, *, begin: int = 0, renewed: bool = False) -> MyPictures:
        """
        One's pictures, of those that are sure a page from the place `begin` on. It is a look, and
        in the log; but not where a page that is open is `renewed`: that is the same look.
        """
        self._latch()
        own = self.own(token)
        # A page that renews itself is in nobody's way who writes, such as the search it waits for.
        with self._database.read() if renewed else self._database.write() as tx:
            sure, to_check = self._seen(tx, own)
            groups = _as_seen(sure)
            page, asked = groups[begin : begin + SURE_AT_ONCE], to_check[:TO_CHECK_AT_ONCE]
            here = [one for group in page for one in group] + asked
            found = self._pictures(tx, own, here)
            if not renewed:
                self._record_a_look(tx, own)
            called = accounts.names(tx)
            looks = tuple(
                Look(one.at, called.get(one.actor, one.actor), one.act.value, one.purpose)
                for one in log.looked_for(tx, own.person.id)
                if one.actor != own.person.id
            )
            given = tuple(received(tx, own.person.id))
        if not renewed:
            self._did_act()
        return MyPictures(
            own,
            tuple(_as_one(group, found) for group in page),
            tuple(found[one.id] for one in asked),
            looks,
            given,
            begin,
            len(groups),
            len(to_check),
            (len(sure), len(to_check)),
        )

    def my_count(self, token: str) -> tuple[int, int]:
        """How many of one's pictures are sure, and how many to check; for a page that is open."""
        own = self.own(token)
        with self._database.read() as tx:
            sure, to_check = self._seen(tx, own)
        return len(sure), len(to_check)

    def my_photo(self, token: str, which: str) -> tuple[MyPicture, tuple[MyPicture, ...]]:
        """
        One of one's pictures, and every place of the picture that it is one with, itself among
        them. Raises `NotFound` if it is not one of them.
        """
        own = self.own(token)
        with self._database.read() as tx:
            sure, to_check = self._seen(tx, own)
            groups = _as_seen(sure)
            for group in (*groups, *([one] for one in to_check)):
                if any(one.id == which for one in group):
                    found = self._pictures(tx, own, group)
                    return found[SightingId(which)], tuple(found[one.id] for one in group)
        raise NotFound("not a picture of yours")

    def my_deliveries(self, token: str) -> tuple[Delivery, ...]:
        """Who was given a picture of one."""
        own = self.own(token)
        with self._database.read() as tx:
            return tuple(received(tx, own.person.id))

    def all_mine(self, token: str) -> tuple[SightingId, ...]:
        """All that are sure, newest first: to be taken along. It is a look, and in the log."""
        self._latch()
        own = self.own(token)
        with self._database.write() as tx:
            sure, _ = self._seen(tx, own)
            self._record_a_look(tx, own)
        self._did_act()
        return tuple(one.id for group in _as_seen(sure) for one in group)

    def my_picture(self, token: str, which: str, how: "Cut") -> PictureBytes:
        """
        One of one's pictures, cut from its preview.

        Raises `NotFound` if it is not one of them, or there is no preview of it.
        """
        with self._database.read() as tx:
            one = self._my_sighting(tx, self._own(tx, token), which)
            photo = photos.get(tx, one.photo)
            if photo is None or photo.preview is None:
                raise NotFound(f"{which}: there is no preview")
            copy = copies.get(tx, photo.preview)
        return self._cut(copy.id, copy.digest, how, one.box, photo.width)

    def my_original(self, token: str, which: str) -> tuple[str, bytes]:
        """
        One of one's pictures as it stands at its source, and what it is called there.

        Where it cannot be read there, it is the preview. Raises `NotFound` as `my_picture` does.
        """
        from countenance.media.cut import Cut

        own = self.own(token)
        with self._database.read() as tx:
            one = self._my_sighting(tx, own, which)
            photo = photos.get(tx, one.photo)
        name = PurePosixPath(one.locator.split("?")[0]).name or f"{one.id}.jpg"
        try:
            reader = self._reader(self.source(one.source))
            data = reader.read(one.locator, max_bytes=self._decoder.limits.max_bytes)
            if photo is not None and digest(data) == photo.digest:
                return name, data
        except (Unreadable, Error):
            pass
        return f"{PurePosixPath(name).stem}.jpg", self.my_picture(token, which, Cut.WHOLE).data

    def say(self, token: str, which: str, word: Word) -> None:
        """
        Say whether one is in a picture. A no is final: the picture is gone from the page, and no
        model asks again (P12).

        Raises `NotFound` if it is not a picture that may show them.
        """
        own = self.own(token)
        with self._database.read() as tx:
            self._my_sighting(tx, own, which)
        if word is Word.UNSURE:
            return
        with self.acting_as(own.person.id):
            if word is Word.YES:
                self.confirm_sighting(which)
            else:
                self.reject_sighting(which)

    # --- without a face ---------------------------------------------------------------------

    def look_through(self, token: str, asked: Asked, *, after: Place = ("", "")) -> LookedThrough:
        """
        The photos of the collection that one was invited to, by words and time.

        Raises `Refused` if the invitation did not allow that.
        """
        own = self.own(token)
        where = _require_browse(own)
        with self._database.read() as tx:
            at = self._stores.now(tx)
            part = photos.look_through(
                tx, where, asked, after=after, count=LOOKED_THROUGH_AT_ONCE + 1
            )
            more = len(part) > LOOKED_THROUGH_AT_ONCE
            part = part[:LOOKED_THROUGH_AT_ONCE]
            found = sources.those_covered(tx, [photo for _, photo in part], at=at)
        return LookedThrough(tuple(found), part[-1][0] if more else None)

    def looked_at(self, token: str, which: str) -> Photo:
        """A photo of that collection, with its faces from left to right. Raises as above."""
        with self._database.read() as tx:
            return self._browsed(tx, self.own(token), which)

    def looked_at_picture(self, token: str, which: str, how: "Cut") -> PictureBytes:
        """A photo of that collection, cut from its preview. Raises as above."""
        with self._database.read() as tx:
            photo = self._browsed(tx, self.own(token), which)
            assert photo.preview is not None  # noqa: S101  `_browsed` asked for it
            copy = copies.get(tx, photo.preview)
        return self._cut(copy.id, copy.digest, how, (0, 0, 1, 1), photo.width)

    def i_am_in(self, token: str, which: str, face: int) -> None:
        """
        Say that one is in a photo of that collection: in its face of this number, from 1.

        Raises as above, and `Refused` if that cannot be said by link. Then the desk decides:
        whether somebody else is that face is nobody's to learn here (P10).
        """
        own = self.own(token)
        with self._database.read() as tx:
            photo = self._browsed(tx, own, which)
        try:
            with self.acting_as(own.person.id):
                self.add_sighting(photo.id, face, own.person.id)
        except (UsageError, Refused) as exc:
            raise Refused("that could not be taken down; ask at the desk") from exc

    # --- leaving ----------------------------------------------------------------------------

    def leaving(self, token: str) -> Leaving:
        """What would go, counted now."""
        own = self.own(token)
        who = own.person.id
        with self._database.read() as tx:
            given = received(tx, who)
            return Leaving(
                own,
                pictures=sightings.count_of(tx, who),
                references=len(people.references_of(tx, who, RECOGNISING)),
                kept=len(self._portraits(tx, own)),
                evidence=evidence.count_of(tx, who),
                given_out=len(disclosures.showing(tx, who, channels=None)),
                recipients=tuple(sorted({one.recipient for one in given})),
            )

    def my_portrait(self, token: str, number: int) -> PictureBytes:
        """
        A picture that is kept of one, by one's own choice; from 0 in the order they were given.

        Raises `NotFound` if there is no such one.
        """
        with self._database.read() as tx:
            kept = self._portraits(tx, self._own(tx, token))
        if not 0 <= number < len(kept):
            raise NotFound("no such picture")
        return PictureBytes(kept[number], "image/jpeg", digest(kept[number])[:32])

    def leave(self, token: str, what: Purpose | Wish | None = None) -> "Withdrawal":
        """Withdraw one purpose, one channel, or everything: see `withdraw`."""
        own = self.own(token)
        with self.acting_as(own.person.id):
            return self.withdraw(own.person.id, what)

    # ----------------------------------------------------------------------------------------

    def _portraits(self, tx: Connection, own: Own) -> tuple[bytes, ...]:
        from countenance.catalog.portraits import portraits_of

        return portraits_of(tx, self._stores.keys, own.person.id, at=self._stores.now(tx))

    def _seen(self, tx: Connection, own: Own) -> tuple[list[Seen], list[Seen]]:
        """One's sightings through the gate, newest first: those that are sure, those to check."""
        at = self._looks(tx, own)
        seen = [] if at is None else sightings.seen(tx, [own.person.id], at=at)
        seen.sort(key=lambda one: (one.taken_at, one.locator), reverse=True)
        sure = [one for one in seen if _is_sure(one)]
        return sure, [one for one in seen if not _is_sure(one)]

    def _mine(self, tx: Connection, own: Own, which: Collection[SightingId]) -> list[Sighting]:
        """Of one's sightings these, through the gate."""
        at = self._looks(tx, own)
        if at is None:
            return []
        within = Within(sightings=which)
        return sightings.shown(tx, [own.person.id], at=at, within=within)

    def _looks(self, tx: Connection, own: Own) -> datetime | None:
        """The instant at which one looks for oneself; nothing, if one does not agree to it."""
        at = self._stores.now(tx)
        agrees = own.person.id in admitted(own.consents, purposes=(Purpose.FIND_ME,), at=at)
        return at if agrees else None

    def _record_a_look(self, tx: Connection, own: Own) -> None:
        at, about = self._stores.now(tx), (own.person.id,)
        asked = tuple(one.id for one in own.consents if one.wish.purpose is Purpose.FIND_ME)
        log.record(tx, Entry(Act.FOUND, at, own.person.id, Purpose.FIND_ME, about, asked))

    def _pictures(
        self, tx: Connection, own: Own, which: Sequence[Seen]
    ) -> dict[SightingId, MyPicture]:
        """These sightings as pictures, by id, each by itself."""
        whole = [
            each
            for begin in range(0, len(which), _AT_ONCE)
            for each in self._mine(tx, own, [one.id for one in which[begin : begin + _AT_ONCE]])
        ]
        readers = {
            one: self._reader(sources.get(tx, one)) for one in {each.source for each in whole}
        }
        sizes = photos.sizes(tx, {one.photo for one in whole})
        return {one.id: _my_picture(one, sizes[one.photo], readers[one.source]) for one in whole}

    def _my_sighting(self, tx: Connection, own: Own, which: str) -> Sighting:
        for one in self._mine(tx, own, [SightingId(which)]):
            return one
        raise NotFound(f"{which}: not a picture of yours")

    def _browsed(self, tx: Connection, own: Own, which: str) -> Photo:
        where = _require_browse(own)
        photo = photos.get(tx, PhotoId(which))
        if photo is None or photo.preview is None or not photo.locators:
            raise NotFound(f"{which}: no such photo")
        there = sources.get(tx, photo.source).collection
        if there != where or not sources.covered(tx, photo, at=self._stores.now(tx)):
            raise NotFound(f"{which}: no such photo")
        return photo

    def _cut(
        self,
        which: CopyId,
        expected: Digest,
        how: "Cut",
        box: tuple[float, float, float, float],
        width: int,
    ) -> PictureBytes:
        data = self._cuts(which, expected, how, box, width)
        return PictureBytes(data, "image/jpeg", digest(data)[:32])

    @cached_property
    def _cuts(self) -> Callable[..., bytes]:
        return lru_cache(_PICTURES_KEPT)(self._cut_anew)

    def _cut_anew(
        self,
        which: CopyId,
        expected: Digest,
        how: "Cut",
        box: tuple[float, float, float, float],
        width: int,
    ) -> bytes:
        from countenance.media.cut import cut

        return cut(self._stores.blobs.read(which, expected=expected), how, box=box, width=width)


# --------------------------------------------------------------------------------------------


def _my_picture(one: Sighting, size: tuple[int, int], reader: Reader) -> MyPicture:
    where = [
        address(one, reader),
        *(each.page or reader.url(each.locator) for each in one.others),
    ]
    pages = tuple(each for each in dict.fromkeys(where) if each.startswith(_WEB))
    return MyPicture(one, one.photo, *size, _is_sure(one), pages)


def _as_seen(sure: Sequence[Seen]) -> list[list[Seen]]:
    """Those of one picture together, in the order of their first."""
    from countenance.search.results import together

    return [[sure[place] for place in group] for group in together(sure)]


def _as_one(group: Sequence[Seen], found: Mapping[SightingId, MyPicture]) -> MyPicture:
    first, *near = (found[one.id] for one in group)
    return replace(first, near=tuple(near))


def _is_sure(one: Sighting | Seen) -> bool:
    from countenance.gallery.bands import Band

    return one.state == SightingState.CONFIRMED or one.band == Band.SURE


def _require_browse(own: Own) -> CollectionId:
    """The collection that one may look through. Raises `Refused` if there is none."""
    if own.collection is None or own.collection.minors or not own.link.browse:
        raise Refused("the pictures of this collection are not looked through by link")
    return own.collection.id
