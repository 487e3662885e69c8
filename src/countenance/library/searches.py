"""Searches: from a person or a picture to sightings, and what people say of those by hand."""

from countenance.catalog.sightings import Decision, SightingState
from countenance.erasure.expire import expire
from countenance.library.opened import Opened
from countenance.people.purpose import Purpose
from countenance.search.asker import Asker
from countenance.search.byhand import add, decide
from countenance.search.find import Found, find
from countenance.search.probe import ProbeFace, search


class Searches(Opened):
    """What is asked, and what is said by hand."""

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
