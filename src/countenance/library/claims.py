"""
Claims: somebody asks the desk to look for them by number, time and place, and it does, by hand.

No template is made or needed (P18). Who is found has agreed to be, as everybody else.
"""

from sqlalchemy import Connection

from countenance.audit.entry import Act
from countenance.catalog import claims, people, photos, sources
from countenance.catalog.claims import Claim, Described, Outcome
from countenance.catalog.photos import Asked, Photo, Place
from countenance.catalog.sightings import Decision
from countenance.core.ids import CollectionId, PhotoId
from countenance.errors import NotFound, Refused
from countenance.library.own import LOOKED_THROUGH_AT_ONCE, LookedThrough, OwnPictures
from countenance.people.gate import require
from countenance.people.purpose import Purpose


class Claims(OwnPictures):
    """What is asked without a face, and what is answered."""

    def claim(self, token: str, said: Described) -> Claim:
        """
        Ask to be looked for in the collection that one was invited to.

        Raises `LeadsNowhere` if one's link does, `Refused` if one was invited to none, does not
        agree to be found, or waits for too many answers, and `UsageError` if nothing is said.
        """
        own = self.own(token)
        if own.collection is None:
            raise Refused("this link is of no collection")
        with self.acting_as(own.person.id), self._database.write() as tx:
            at = self._stores.now(tx)
            consents = people.consents(tx, people=[own.person.id])
            require(consents, own.person.id, purpose=Purpose.FIND_ME, at=at)
            made = claims.add(tx, own.person.id, own.collection.id, said, at=at)
            self._log(tx, Act.CLAIMED, subjects=(made.id, own.person.id, own.collection.id))
        self._did_act()
        return made

    def my_claims(self, token: str) -> list[Claim]:
        """One's own, the newest first. Raises `LeadsNowhere` if one's link does."""
        with self._database.read() as tx:
            return claims.list_all(tx, of=self._own(tx, token).person.id)[::-1]

    def claims(self) -> list[Claim]:
        """All of people who are enrolled still, those that are open first, the oldest of them."""
        with self._database.read() as tx:
            found = claims.list_standing(tx)
        return sorted(found, key=lambda one: one.ended_at is not None)

    def claimed(self, which: str) -> Claim:
        """The claim of this id. Raises `NotFound` if there is none."""
        with self._database.read() as tx:
            return self._claim(tx, which)

    def candidates(self, which: str, asked: Asked, *, after: Place = ("", "")) -> LookedThrough:
        """
        Photos of the collection of a claim, by words and time.

        Raises `NotFound` if there is no such claim, and `UsageError` if there is no word in the
        text asked for.
        """
        with self._database.read() as tx:
            where, at = self._claim(tx, which).collection, self._stores.now(tx)
            count = LOOKED_THROUGH_AT_ONCE
            part = photos.look_through(tx, where, asked, after=after, count=count + 1)
            more, part = len(part) > count, part[:count]
            found = [one for one in part if sources.covered(tx, one[1], at=at)]
        return LookedThrough(tuple(one for _, one in found), part[-1][0] if more else None)

    def candidate(self, which: str, photo: str) -> Photo:
        """One of these photos. Raises `NotFound` if there is no such claim or photo."""
        with self._database.read() as tx:
            return self._candidate(tx, self._claim(tx, which).collection, photo)

    def put_in(self, which: str, photo: str, face: int) -> Decision:
        """
        Say that whoever claims is in a photo of that collection: in the face of this number.

        Raises `NotFound` if there is no such claim or photo, `Refused` if it is answered already,
        and else as `add_sighting` does.
        """
        with self._database.read() as tx:
            one = self._claim(tx, which)
            found = self._candidate(tx, one.collection, photo)
            consents, at = people.consents(tx, people=[one.person]), self._stores.now(tx)
            # They ask for themselves: what else they agreed to is no reason.
            require(consents, one.person, purpose=Purpose.FIND_ME, at=at)
        if one.ended_at is not None:
            raise Refused(f"{which}: it is answered already")
        return self.add_sighting(found.id, face, one.person)

    def answer_claim(self, which: str, outcome: Outcome, answer: str = "") -> Claim:
        """
        Say what became of a claim, to who made it. What they wrote is emptied.

        Raises `NotFound`, `Refused` if it is answered already, `UsageError` if it is too long.
        """
        with self._database.write() as tx:
            at, by = self._stores.now(tx), self._settings.actor
            self._claim(tx, which)
            done = claims.end(tx, which, outcome, answer, by=by, at=at)
            self._log(tx, Act.CLAIM_ANSWERED, subjects=(done.id, done.person))
        self._did_act()
        return done

    # ----------------------------------------------------------------------------------------

    def _claim(self, tx: Connection, which: str) -> Claim:
        found = claims.get(tx, which)
        if found.person not in {one.id for one in people.list_all(tx)}:
            raise NotFound(f"{which}: no such claim")
        return found

    def _candidate(self, tx: Connection, where: CollectionId, which: str) -> Photo:
        photo = photos.get(tx, PhotoId(which))
        if (
            photo is None
            or photo.preview is None
            or not photo.locators
            or sources.get(tx, photo.source).collection != where
            or not sources.covered(tx, photo, at=self._stores.now(tx))
        ):
            raise NotFound(f"{which}: no such photo")
        return photo
